//! One step of a plan, and the ways in which two releases take turns.
//!
//! It only names them: `plan` puts them in order, and `steps` carries them out.

use std::time::Duration;

use serde::Serialize;

use super::settings::BuildPlace;

/// How long a release must last: longer than programs take that start well and end soon.
pub(super) const SETTLING: Duration = Duration::from_secs(5);

/// How two releases take turns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// Both run for a while.
    #[default]
    Overlap,
    /// Never both.
    Hold,
    /// Never both, and on the same port.
    Stop,
    /// As the Swarm does it that the server manages.
    Swarm,
}

impl Turn {
    /// Whether all releases have the first port.
    pub(super) fn has_one_port(self) -> bool {
        matches!(self, Self::Stop | Self::Swarm)
    }

    /// Whether a release may have this port.
    pub(super) fn has_port(self, ports: [u16; 2], port: u16) -> bool {
        if self.has_one_port() { port == ports[0] } else { ports.contains(&port) }
    }
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", tag = "step")]
pub enum Step {
    /// Mark a release as one that serves: the run that switched to it was interrupted.
    Mark {
        /// The release.
        release: String,
    },
    /// Remove a release that was interrupted before it served.
    Remove {
        /// The release.
        release: String,
    },
    /// Stop a release that serves no longer: the run that replaced it was interrupted.
    Stop {
        /// The release.
        release: String,
    },
    /// Build the image.
    Build {
        /// The machine that builds.
        on: BuildPlace,
    },
    /// Send requests to the serving release alone.
    Pin {
        /// The port.
        port: u16,
    },
    /// Have the proxy hold requests.
    Hold {
        /// The port that they wait for.
        port: u16,
    },
    /// Make the container, so that what the engine refuses is known before anything is stopped.
    Create {
        /// Its port.
        port: u16,
    },
    /// Start a release.
    Start {
        /// Its port.
        port: u16,
    },
    /// Wait until the release is well.
    Gate {
        /// By what.
        check: String,
    },
    /// See that it stays so for some seconds.
    Settle,
    /// Have Swarm bring a release, and wait for the end of it.
    Roll {
        /// The port that it publishes.
        port: u16,
    },
    /// Have Swarm go back.
    RollBack,
    /// Mark the release as the one that serves.
    Confirm,
    /// Send requests to the release.
    Switch {
        /// Its port.
        port: u16,
    },
    /// End a release once it has answered its last requests.
    Drain {
        /// The release.
        release: String,
    },
    /// Remove an old release with its image.
    Prune {
        /// The release.
        release: String,
    },
}

impl Step {
    /// The verb, as progress says it.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Mark { .. } => "Marking",
            Self::Remove { .. } => "Removing",
            Self::Stop { .. } => "Stopping",
            Self::Build { .. } => "Building",
            Self::Pin { .. } => "Pinning",
            Self::Hold { .. } => "Holding",
            Self::Create { .. } => "Creating",
            Self::Start { .. } => "Starting",
            Self::Gate { .. } => "Waiting",
            Self::Settle => "Watching",
            Self::Roll { .. } | Self::RollBack => "Rolling",
            Self::Confirm => "Confirming",
            Self::Switch { .. } => "Switching",
            Self::Drain { .. } => "Draining",
            Self::Prune { .. } => "Pruning",
        }
    }

    /// To what it is done.
    pub fn object(&self) -> String {
        match self {
            Self::Mark { release } => format!("release {release}, which serves after an interrupted run"),
            Self::Remove { release } => format!("release {release}, which an interrupted run has left"),
            Self::Stop { release } => format!("release {release}, which serves no longer"),
            Self::Build { on: BuildPlace::Server } => "the image on the server".into(),
            Self::Build { on: BuildPlace::Local } => {
                "the image on this machine, and sending the layers that the server lacks".into()
            }
            Self::Hold { port } => format!("requests until a release listens on port {port}"),
            Self::Create { port } => format!("its container, which has port {port}"),
            Self::Start { port } => format!("the release on port {port}"),
            Self::Gate { check } => format!("until {check}"),
            Self::Settle => format!("it for {} seconds", SETTLING.as_secs()),
            Self::Roll { port } => {
                format!("the release out on port {port}: Swarm undoes it if it ends early")
            }
            Self::RollBack => "back to the release before".into(),
            Self::Confirm => "that the release serves".into(),
            Self::Pin { port } | Self::Switch { port } => format!("requests to port {port}"),
            Self::Drain { release } => format!("release {release}: SIGTERM, and time for its last requests"),
            Self::Prune { release } => format!("release {release} with its image"),
        }
    }
}
