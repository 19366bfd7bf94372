//! The steps of a deployment: a function of facts, which touches nothing.
//!
//! Steps are carried out exactly as they are planned here, so that a plan that is shown is one that is kept.

use std::time::Duration;

use serde::Serialize;

use super::{release::Release, settings::BuildPlace};

/// Everything that decides the steps.
#[derive(Debug, Clone, Default)]
pub(super) struct DeploymentFacts {
    /// All containers of the service, the newest first.
    pub(super) releases: Vec<Release>,
    /// The port that all requests go to, if it is one.
    pub(super) serving: Option<u16>,
    /// The ports that releases take turns on.
    pub(super) ports: [u16; 2],
    /// A digest of what decides the image, if it is known without building.
    pub(super) inputs: Option<String>,
    /// A digest of what decides how it is started.
    pub(super) configuration: String,
    pub(super) place: BuildPlace,
    pub(super) turn: Turn,
    /// How a release is found to be well.
    pub(super) check: String,
    pub(super) keep: usize,
}

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
    fn has_one_port(self) -> bool {
        matches!(self, Self::Stop | Self::Swarm)
    }

    /// Whether a release may have this port.
    fn has_port(self, ports: [u16; 2], port: u16) -> bool {
        if self.has_one_port() { port == ports[0] } else { ports.contains(&port) }
    }
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", tag = "step")]
pub enum Step {
    /// Mark a release as one that serves: whoever switched to it was interrupted.
    Mark {
        /// The release.
        release: String,
    },
    /// Remove a release that was interrupted before it served.
    Remove {
        /// The release.
        release: String,
    },
    /// Stop a release that serves no longer: whoever replaced it was interrupted.
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

/// How long a release must last: longer than programs take that start well and end soon.
pub(super) const SETTLING: Duration = Duration::from_secs(5);

/// The steps, and what they start from.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RolloutPlan {
    /// The release that serves.
    pub live: Option<Release>,
    /// Whether what is to be deployed serves already.
    pub is_unchanged: bool,
    /// Whether the release that serves runs as the next one would be started, whatever its image is.
    #[serde(skip)]
    pub(super) is_started_alike: bool,
    /// How releases take turns.
    pub turn: Turn,
    /// The steps, in their order.
    pub steps: Vec<Step>,
}

/// The release that serves: the one that the proxy sends requests to, or else the newest that has served and runs. One that
/// ends again and again counts as well: it has its port and its volume.
pub(super) fn live(releases: &[Release], serving: Option<u16>) -> Option<&Release> {
    let mut going = releases.iter().filter(|release| release.is_going());
    let is_served = |release: &&Release| Some(release.labels.port) == serving;
    // A release whose switch was interrupted was found to be well before.
    going.clone().find(is_served).or_else(|| going.find(|release| !release.is_new))
}

impl DeploymentFacts {
    pub(super) fn live(&self) -> Option<&Release> {
        live(&self.releases, self.serving)
    }

    /// The port for the next release.
    fn free_port(&self) -> u16 {
        let [first, second] = self.ports;
        if !self.turn.has_one_port() && self.is_taken(first) { second } else { first }
    }

    /// The port for a release that was there: its own, unless the release that serves has it or it is out of use.
    fn port_for(&self, release: &Release) -> u16 {
        let port = release.labels.port;
        let is_free = self.turn.has_port(self.ports, port) && !self.is_taken(port);
        if is_free { port } else { self.free_port() }
    }

    fn is_taken(&self, port: u16) -> bool {
        self.live().is_some_and(|live| live.labels.port == port)
    }

    /// Puts in order what an interrupted run has left.
    fn tidy(&self) -> Vec<Step> {
        let live = self.live();
        let others = self.releases.iter().filter(|release| Some(*release) != live);
        let mark =
            live.filter(|live| live.is_new).map(|live| Step::Mark { release: live.labels.release.clone() });
        let left = others.filter_map(|other| {
            let release = other.labels.release.clone();
            match (other.is_new, other.is_going()) {
                (true, _) => Some(Step::Remove { release }),
                (false, true) => Some(Step::Stop { release }),
                (false, false) => None,
            }
        });
        mark.into_iter().chain(left).collect()
    }

    /// The plan for what the project is now.
    pub(super) fn plan(&self) -> RolloutPlan {
        let live = self.live();
        let is_started_alike = live.is_some_and(|live| self.is_started_alike(live));
        let has_inputs = live.is_some_and(|live| live.labels.inputs == self.inputs);
        let is_unchanged = is_started_alike && self.inputs.is_some() && has_inputs;
        let mut steps = self.tidy();
        if !is_unchanged {
            steps.push(Step::Build { on: self.place });
            steps.extend(self.turns(self.free_port(), None));
            // Swarm itself keeps what it may go back to.
            let keep = if self.turn == Turn::Swarm { usize::MAX } else { self.keep - 1 };
            let kept = live.map(|live| live.labels.release.as_str());
            steps.extend(self.prunable(kept, keep).map(|release| Step::Prune { release }));
        }
        RolloutPlan { live: live.cloned(), is_unchanged, is_started_alike, turn: self.turn, steps }
    }

    /// Whether a release runs, in the way and at the place that the next one would get.
    fn is_started_alike(&self, live: &Release) -> bool {
        live.is_running
            && live.labels.configuration == self.configuration
            && self.turn.has_port(self.ports, live.labels.port)
    }

    /// The plan for going back to a release.
    pub(super) fn plan_back(&self, to: &Release) -> RolloutPlan {
        let mut steps = self.tidy();
        if self.turn == Turn::Swarm {
            steps.push(Step::RollBack);
        } else {
            steps.extend(self.turns(self.port_for(to), Some(to)));
        }
        let live = self.live().cloned();
        RolloutPlan { live, is_unchanged: false, is_started_alike: false, turn: self.turn, steps }
    }

    /// One release takes the place of another: a new one, or one that was kept.
    fn turns(&self, port: u16, kept: Option<&Release>) -> Vec<Step> {
        let live = self.live();
        let (start, switch) = (Step::Start { port }, Step::Switch { port });
        let is_there = kept.is_some_and(|kept| kept.labels.port == port);
        let create = (!is_there).then_some(Step::Create { port });
        let gate = Step::Gate { check: self.check.clone() };
        let drain = live.map(|live| Step::Drain { release: live.labels.release.clone() });
        // One that has served before need not show that it lasts.
        let settle = kept.is_none().then_some(Step::Settle);
        let mut steps = Vec::new();
        steps.extend(create.filter(|_| self.turn != Turn::Swarm));
        match self.turn {
            Turn::Overlap => {
                // Told to send to a port that was given up, the proxy would be one for others' ports.
                let pinned = live.map(|live| live.labels.port).filter(|port| self.ports.contains(port));
                let pinned = pinned.filter(|port| self.serving != Some(*port));
                steps.extend(pinned.map(|port| Step::Pin { port }));
                steps.extend([start, gate]);
                steps.extend(settle);
                steps.push(switch);
                steps.extend(drain);
            }
            Turn::Hold => {
                steps.extend(live.map(|_| Step::Hold { port }));
                steps.extend(drain);
                steps.extend([start, gate]);
                steps.extend(settle);
                steps.push(switch);
            }
            Turn::Swarm => steps.push(Step::Roll { port }),
            Turn::Stop => {
                steps.extend(drain);
                steps.extend([start, gate]);
                steps.extend(settle);
                steps.push(Step::Confirm);
            }
        }
        steps
    }

    /// Old releases beyond those that are kept; never the one that serves or served before.
    fn prunable(&self, live: Option<&str>, keep: usize) -> impl Iterator<Item = String> {
        let served = self.releases.iter().filter(|release| !release.is_new);
        let mut names: Vec<String> = served.map(|release| release.labels.release.clone()).collect();
        names.dedup();
        let is_live = |name: &String| Some(name.as_str()) == live;
        let (first, rest): (Vec<String>, Vec<String>) = names.into_iter().partition(is_live);
        rest.into_iter().skip(keep.saturating_sub(first.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::release::Labels, *};

    fn release(name: &str, port: u16, is_running: bool) -> Release {
        let labels = Labels {
            service: "web".into(),
            release: name.into(),
            inputs: Some(format!("inputs of {name}")),
            configuration: "c".into(),
            port,
            ..Labels::default()
        };
        Release {
            labels,
            container: name.into(),
            image: name.into(),
            is_new: false,
            is_running,
            status: String::new(),
            restarts: 0,
            exit_code: 0,
            out_of_memory: false,
            health: None,
            volumes: Vec::new(),
        }
    }

    fn facts(releases: Vec<Release>, serving: Option<u16>) -> DeploymentFacts {
        DeploymentFacts {
            releases,
            serving,
            ports: [1, 2],
            inputs: Some("new".into()),
            configuration: "c".into(),
            keep: 2,
            check: "x".into(),
            ..DeploymentFacts::default()
        }
    }

    fn words(plan: &RolloutPlan) -> String {
        plan.steps.iter().map(step_in_words).collect::<Vec<_>>().join(", ")
    }

    fn step_in_words(step: &Step) -> String {
        let value = serde_json::to_value(step).unwrap();
        let of = [&value["release"], &value["port"]].into_iter().find(|value| !value.is_null());
        let name = value["step"].as_str().unwrap().to_owned();
        of.map_or(name.clone(), |of| format!("{name} {}", of.to_string().trim_matches('"')))
    }

    #[test]
    fn the_first_release_needs_nobody_to_make_room() {
        assert_eq!(words(&facts(vec![], None).plan()), "build, create 1, start 1, gate, settle, switch 1");
    }

    #[test]
    fn nothing_changed_and_nothing_is_done() {
        let mut facts = facts(vec![release("b", 2, true), release("a", 1, false)], Some(2));
        facts.inputs = Some("inputs of b".into());
        assert!(facts.plan().is_unchanged && facts.plan().steps.is_empty());
        facts.configuration = "other".into();
        assert!(!facts.plan().is_unchanged);
        // Unknown inputs are never the same.
        facts.inputs = None;
        facts.releases[0].labels.inputs = None;
        assert!(!facts.plan().is_unchanged);
    }

    #[test]
    fn a_release_at_another_port_than_the_next_one_would_have_is_moved() {
        let mut facts = facts(vec![release("a", 2, true)], None);
        facts.inputs = Some("inputs of a".into());
        assert!(facts.plan().is_unchanged);
        facts.turn = Turn::Stop;
        let moved = facts.plan();
        assert!(!moved.is_started_alike);
        assert_eq!(words(&moved), "build, create 1, drain a, start 1, gate, settle, confirm");
        (facts.turn, facts.ports) = (Turn::Overlap, [3, 4]);
        assert!(!facts.plan().is_unchanged);
        // Nobody asks at a port that was given up.
        assert!(words(&facts.plan_back(&release("b", 1, false))).starts_with("create 3, start 3"));
    }

    #[test]
    fn a_release_that_ends_again_and_again_is_ended_for_the_next_one() {
        let mut looping = release("a", 1, false);
        looping.status = "restarting".into();
        let mut facts = facts(vec![looping.clone()], Some(1));
        facts.turn = Turn::Hold;
        assert_eq!(facts.live(), Some(&looping));
        assert!(words(&facts.plan()).starts_with("build, create 2, hold 2, drain a, start 2"));
        // It is no reason to do nothing.
        facts.inputs = Some("inputs of a".into());
        assert!(!facts.plan().is_unchanged);
        facts.releases.insert(0, release("b", 2, true));
        facts.serving = Some(2);
        assert!(words(&facts.plan()).starts_with("stop a, build"));
    }

    #[test]
    fn a_kept_release_gets_another_container_only_for_another_port() {
        let mut facts = facts(vec![release("b", 2, true), release("a", 1, false)], Some(2));
        assert_eq!(words(&facts.plan_back(&release("a", 1, false))), "start 1, gate, switch 1, drain b");
        facts.turn = Turn::Hold;
        let back = words(&facts.plan_back(&release("a", 2, false)));
        assert_eq!(back, "create 1, hold 1, drain b, start 1, gate, switch 1");
    }

    #[test]
    fn releases_overlap_and_old_ones_go() {
        let releases = vec![release("c", 2, true), release("b", 1, false), release("a", 2, false)];
        assert_eq!(
            words(&facts(releases, Some(2)).plan()),
            "build, create 1, start 1, gate, settle, switch 1, drain c, prune b, prune a"
        );
    }

    #[test]
    fn with_hold_two_never_run_at_once() {
        let mut facts = facts(vec![release("a", 1, true)], Some(1));
        facts.turn = Turn::Hold;
        assert_eq!(words(&facts.plan()), "build, create 2, hold 2, drain a, start 2, gate, settle, switch 2");
    }

    #[test]
    fn with_stop_all_releases_have_one_port() {
        let mut facts = facts(vec![release("a", 1, true)], None);
        facts.turn = Turn::Stop;
        assert_eq!(words(&facts.plan()), "build, create 1, drain a, start 1, gate, settle, confirm");
    }

    #[test]
    fn swarm_does_the_rollout() {
        let mut facts = facts(vec![release("b", 1, true), release("a", 1, false)], None);
        facts.turn = Turn::Swarm;
        assert_eq!(words(&facts.plan()), "build, roll 1");
        assert_eq!(words(&facts.plan_back(&release("a", 1, false))), "roll-back");
    }

    #[test]
    fn an_interrupted_run_is_finished_or_undone() {
        // Before the switch.
        let mut new = release("b", 2, true);
        new.is_new = true;
        let before = facts(vec![new.clone(), release("a", 1, true)], Some(1));
        assert_eq!(before.live().unwrap().container, "a");
        assert!(words(&before.plan()).starts_with("remove b, build, create 2, start 2"));
        // After it.
        let after = facts(vec![new.clone(), release("a", 1, true)], Some(2));
        assert_eq!(after.live().unwrap().container, "b");
        assert!(words(&after.plan()).starts_with("mark b, stop a, build, create 1, start 1"));
        // A proxy that was started again sends requests to both ports.
        let unknown = facts(vec![new, release("a", 1, true)], None);
        assert!(words(&unknown.plan()).starts_with("remove b, build, create 2, pin 1, start 2"));
    }
}
