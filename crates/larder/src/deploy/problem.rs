//! Why a deployment does not go on, each with one message and one remedy. Whatever is in them, the serving release goes on
//! serving.
//!
//! It must never hold a value of an environment file.

/// Why a deployment does not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// This machine's system has no sockets that `ssh` forwards.
    #[error("deployment needs Unix: it forwards sockets by ssh")]
    System,
    /// There is no such deployment.
    #[error("no deployment named `{name}`; there are: {}", .known.join(", "))]
    NoDeployment {
        /// The name asked for.
        name: String,
        /// Those that exist.
        known: Vec<String>,
    },
    /// The settings have none, or several and none was named.
    #[error("{}", if .known.is_empty() { "no deployment is set up".to_owned() } else { format!("there are several deployments: {}", .known.join(", ")) })]
    Unnamed {
        /// Those that exist.
        known: Vec<String>,
    },
    /// The server cannot be reached or refuses.
    #[error("cannot connect to {host}: {reason}")]
    Connection {
        /// The server.
        host: String,
        /// ssh's own words.
        reason: String,
        /// The remedy.
        hint: &'static str,
    },
    /// Something on the server is not as it must be.
    #[error("{host}: {what}")]
    Server {
        /// The server.
        host: String,
        /// The trouble.
        what: String,
        /// The remedy.
        hint: &'static str,
    },
    /// The image cannot be a release, or the settings do not say how.
    #[error("{what}")]
    Image {
        /// The trouble.
        what: String,
        /// The remedy.
        hint: &'static str,
    },
    /// Somebody else deploys the service at the moment.
    #[error("{host}: `{service}` is being deployed by {holder}")]
    Held {
        /// The server.
        host: String,
        /// The service.
        service: String,
        /// Who it is, and since when.
        holder: String,
    },
    /// The engine's disk has no room.
    #[error("{host}: {free} left on the disk of the engine ({folder})")]
    Disk {
        /// The server.
        host: String,
        /// The free space, in words.
        free: String,
        /// The engine's folder.
        folder: String,
    },
    /// A release is not well; it is gone again.
    #[error("release {release} is refused: {why}; {serving}{}", last_lines(.log))]
    Refused {
        /// The release.
        release: String,
        /// The reason, as it was seen.
        why: String,
        /// The release that serves instead, in words.
        serving: String,
        /// Its last lines.
        log: Vec<String>,
    },
    /// The half that was to stay as it is would change.
    #[error("the {half} half would not stay as release {release} has it:\n  {}", .changed.join("\n  "))]
    Half {
        /// `front` or `server`.
        half: &'static str,
        /// The release that serves.
        release: String,
        /// The changed files and steps that it is made of.
        changed: Vec<String>,
    },
    /// There is nothing to go back to.
    #[error("{service}: cannot go back: {what}")]
    NoRelease {
        /// The service.
        service: String,
        /// The missing thing, in words.
        what: String,
    },
}

impl Problem {
    /// The remedy, as one sentence.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::System => "deploy from Linux, macOS or the Windows Subsystem for Linux".into(),
            Self::NoDeployment { .. } => "name one of these, or add a table of that name".into(),
            Self::Unnamed { known } if known.is_empty() => {
                "add `[workspace.metadata.larder.deploy.NAME]` with `to = \"ssh://USER@HOST\"` to Cargo.toml"
                    .into()
            }
            Self::Unnamed { .. } => "name the one you mean: `cargo larder deploy NAME`".into(),
            Self::Connection { hint, .. } | Self::Server { hint, .. } | Self::Image { hint, .. } => {
                (*hint).into()
            }
            Self::Held { .. } => "wait for it, and run this again; the lock ends with its connection".into(),
            Self::Disk { .. } => {
                "free some with `docker builder prune` on the server, or lower `keep` in the settings".into()
            }
            Self::Refused { .. } => return None,
            Self::Half { .. } => "`cargo larder deploy` without a part brings both halves".into(),
            Self::NoRelease { .. } => {
                "`cargo larder deploy --status` lists the releases that are there".into()
            }
        })
    }
}

fn last_lines(lines: &[String]) -> String {
    if lines.is_empty() {
        "\nit wrote no log".into()
    } else {
        format!("\nits last log lines:\n  | {}", lines.join("\n  | "))
    }
}
