//! The steps of a deployment: a function of facts, which touches nothing.
//!
//! Steps are carried out exactly as they are planned here, so that a plan that is shown is one that is kept.

use serde::Serialize;

use super::{
    release::Release,
    rollout_step::{Step, Turn},
    settings::BuildPlace,
};

/// Everything that decides the steps.
#[derive(Debug, Clone, Default)]
pub(super) struct DeploymentFacts {
    /// All containers of the service, the newest first.
    pub(super) releases: Vec<Release>,
    /// The port that all requests go to, if it is one.
    pub(super) serving: Option<u16>,
    /// Whether the proxy holds requests, for a run that was interrupted.
    pub(super) is_held: bool,
    /// The ports that releases take turns on.
    pub(super) ports: [u16; 2],
    /// A digest of what decides the image, if it is known without building.
    pub(super) inputs: Option<String>,
    /// A digest of what decides how it is started.
    pub(super) configuration: String,
    pub(super) place: BuildPlace,
    pub(super) turn: Turn,
    /// Whether two releases may have one volume at once, as `update = "overlap"` says.
    pub(super) may_share: bool,
    /// Releases that have an image and no container: a run was interrupted in between.
    pub(super) left_images: Vec<String>,
    /// How a release is found to be well.
    pub(super) check: String,
    pub(super) keep: usize,
}

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

    /// Whether requests may go to this port: to the release that serves, or else wherever the proxy sends them.
    fn is_taken(&self, port: u16) -> bool {
        self.live_port().or(self.serving) == Some(port)
    }

    /// The port of the release that serves, unless it was given up: then the proxy would be one for others' ports.
    fn live_port(&self) -> Option<u16> {
        self.live().map(|live| live.labels.port).filter(|port| self.ports.contains(port))
    }

    /// Whether the proxy was left in a state that no run ends in.
    fn is_led_astray(&self) -> bool {
        self.is_held || self.serving.is_some_and(|serving| self.live_port() != Some(serving))
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
        let images = self.left_images.iter().map(|release| Step::Remove { release: release.clone() });
        let pin = self.live_port().filter(|_| self.is_led_astray()).map(|port| Step::Pin { port });
        mark.into_iter().chain(left).chain(images).chain(pin).collect()
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
        let turn = self.turn_back(to);
        let facts = Self { turn, ..self.clone() };
        let mut steps = facts.tidy();
        if turn == Turn::Swarm {
            steps.push(Step::RollBack);
        } else {
            steps.extend(facts.turns(facts.port_for(to), Some(to)));
        }
        let live = facts.live().cloned();
        RolloutPlan { live, is_unchanged: false, is_started_alike: false, turn, steps }
    }

    /// How a kept release takes its turn. It has the volumes that it was started with, whatever the settings say now.
    fn turn_back(&self, to: &Release) -> Turn {
        let mut volumes = self.live().into_iter().flat_map(|live| &live.volumes);
        let is_shared = volumes.any(|volume| to.volumes.contains(volume));
        if self.turn == Turn::Overlap && is_shared && !self.may_share { Turn::Hold } else { self.turn }
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
                // A proxy that was started again asks both ports.
                let pinned = self.live_port().filter(|_| self.serving.is_none() && !self.is_held);
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
    fn a_kept_release_with_the_same_volume_never_runs_beside_the_one_that_serves() {
        let [mut live, mut kept] = [release("b", 2, true), release("a", 1, false)];
        live.volumes = vec!["web-data".into()];
        kept.volumes.clone_from(&live.volumes);
        let mut facts = facts(vec![live, kept.clone()], Some(2));
        // The settings name no volume any more.
        assert_eq!(facts.plan_back(&kept).turn, Turn::Hold);
        assert_eq!(words(&facts.plan_back(&kept)), "hold 1, drain b, start 1, gate, switch 1");
        facts.may_share = true;
        assert_eq!(facts.plan_back(&kept).turn, Turn::Overlap);
        facts.may_share = false;
        kept.volumes = vec!["other".into()];
        assert_eq!(facts.plan_back(&kept).turn, Turn::Overlap);
    }

    #[test]
    fn the_proxy_is_led_back_to_the_release_that_serves() {
        // Somebody has started the older one by hand.
        let mut facts = facts(vec![release("b", 2, false), release("a", 1, true)], Some(2));
        facts.inputs = Some("inputs of a".into());
        assert!(facts.plan().is_unchanged);
        assert_eq!(words(&facts.plan()), "pin 1");
        facts.inputs = None;
        assert!(words(&facts.plan()).starts_with("pin 1, build, create 2, start 2"));
        // An interrupted run has left it holding requests.
        (facts.serving, facts.is_held) = (None, true);
        assert!(words(&facts.plan()).starts_with("pin 1, build, create 2, start 2"));
        facts.is_held = false;
        assert!(words(&facts.plan()).starts_with("build, create 2, pin 1, start 2"));
    }

    #[test]
    fn a_release_never_starts_on_the_port_that_the_proxy_asks() {
        let mut facts = facts(vec![release("a", 1, false)], Some(1));
        assert!(words(&facts.plan()).starts_with("build, create 2, start 2"));
        assert!(words(&facts.plan_back(&release("a", 1, false))).starts_with("create 2, start 2"));
        // A port that was given up is no reason to start on the one that is asked.
        facts.releases = vec![release("a", 9, true)];
        assert!(words(&facts.plan()).starts_with("build, create 2, start 2"));
        facts.turn = Turn::Stop;
        assert!(words(&facts.plan()).starts_with("build, create 1, drain a, start 1"));
    }

    #[test]
    fn an_image_without_a_container_goes() {
        let mut facts = facts(vec![release("a", 1, true)], Some(1));
        facts.inputs = Some("inputs of a".into());
        facts.left_images = vec!["b".into()];
        assert_eq!(words(&facts.plan()), "remove b");
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
