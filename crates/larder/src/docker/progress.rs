//! Reads BuildKit's plain progress output: which steps were cached, which ran and for how long, and which
//! packages cargo compiled in them.
//!
//! The format is meant for people. Lines that are not understood are passed over, so a change of it loses numbers of a
//! table and nothing else.

use std::collections::BTreeMap;

use serde::Serialize;

use super::reads::failure;

/// How many lines are kept of a build that misses something.
const COMPLAINTS: usize = 200;

/// One step of a build.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BuildStep {
    /// The stage's name; empty for BuildKit's own steps.
    pub stage: String,
    /// The instruction.
    pub instruction: String,
    /// Whether it was cached, ran, or failed.
    pub outcome: StepOutcome,
    /// How long it ran.
    pub seconds: f64,
    /// Packages from registries and git that cargo compiled in it.
    pub compiled_external: usize,
    /// Packages of the application that cargo compiled in it.
    pub compiled_local: usize,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepOutcome {
    /// Nothing was said about its end.
    #[default]
    Unfinished,
    /// Taken from a cache.
    Cached,
    /// It ran.
    Done,
    /// It failed.
    Failed,
}

/// Something worth telling while the build goes on.
#[derive(Debug, PartialEq)]
pub enum Event<'a> {
    /// A step begins.
    Started(&'a BuildStep),
    /// A step ended.
    Ended(&'a BuildStep),
    /// A step says something.
    Says(&'a str),
}

/// The steps so far, by BuildKit's number.
#[derive(Debug, Default)]
pub struct Progress {
    steps: BTreeMap<u64, BuildStep>,
    disk_full: bool,
    no_base: Option<String>,
    /// Lines that say that something is not there.
    complaints: Vec<String>,
}

impl Progress {
    /// Takes in one line.
    pub fn add<'a>(&'a mut self, line: &'a str) -> Option<Event<'a>> {
        // The operating system's words for it, whoever repeats them: the engine, cargo, a compiler, a linker.
        self.disk_full |= line.to_ascii_lowercase().contains("no space left on device");
        if failure::is_complaint(line) && self.complaints.len() < COMPLAINTS {
            self.complaints.push(line.to_owned());
        }
        if self.no_base.is_none() {
            self.no_base = missing_base(line).map(str::to_owned);
        }
        let (number, text) = line.strip_prefix('#')?.split_once(' ')?;
        let number: u64 = number.parse().ok()?;
        if let Some((stage, instruction)) = instruction(text) {
            let is_new = !self.steps.contains_key(&number);
            let step = self.steps.entry(number).or_default();
            step.stage = stage;
            step.instruction = instruction;
            return is_new.then_some(Event::Started(&self.steps[&number]));
        }
        let step = self.steps.get_mut(&number)?;
        let ended = if text == "CACHED" {
            Some((StepOutcome::Cached, 0.0))
        } else if let Some(seconds) = text.strip_prefix("DONE ") {
            Some((StepOutcome::Done, seconds.trim_end_matches('s').parse().unwrap_or_default()))
        } else if text.starts_with("ERROR") {
            Some((StepOutcome::Failed, 0.0))
        } else {
            None
        };
        if let Some((outcome, seconds)) = ended {
            // A cached step is done, too; what matters is that it did not run.
            if step.outcome != StepOutcome::Cached {
                (step.outcome, step.seconds) = (outcome, seconds);
                return Some(Event::Ended(&self.steps[&number]));
            }
            return None;
        }
        // A step's output comes with the seconds since its start.
        let said =
            text.split_once(' ').filter(|(time, _)| time.parse::<f64>().is_ok()).map(|(_, said)| said)?;
        match compiled(said) {
            Some(CompiledPackage::External) => step.compiled_external += 1,
            Some(CompiledPackage::Local) => step.compiled_local += 1,
            None => {}
        }
        Some(Event::Says(said))
    }

    /// Whether somebody found the disk full, which is the reason for whatever else went wrong.
    pub fn is_disk_full(&self) -> bool {
        self.disk_full
    }

    /// The first complaints about things that are not there.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// The base image that could not be had, if one was.
    pub fn missing_base(&self) -> Option<&str> {
        self.no_base.as_deref()
    }

    /// All steps, in BuildKit's order.
    pub fn steps(&self) -> impl Iterator<Item = &BuildStep> {
        self.steps.values()
    }
}

/// The image that BuildKit could not look up, from the words of any of its versions.
fn missing_base(line: &str) -> Option<&str> {
    const COMPLAINTS: [&str; 2] =
        [": failed to resolve source metadata for ", ": failed to load metadata for "];
    let rest = line.strip_prefix("ERROR: ")?;
    let before = COMPLAINTS.iter().find_map(|words| rest.split_once(words))?.0;
    Some(before.rsplit_once("failed to solve: ").map_or(before, |(_, image)| image))
}

enum CompiledPackage {
    External,
    Local,
}

/// cargo names the folder of a path package, the address of a git one, and nothing of a registry's.
fn compiled(said: &str) -> Option<CompiledPackage> {
    let rest = said.trim_start().strip_prefix("Compiling ")?;
    let source = rest.split_once(" (").map(|(_, source)| source);
    Some(match source {
        Some(source) if source.starts_with('/') => CompiledPackage::Local,
        _ => CompiledPackage::External,
    })
}

/// `[deps 2/5] RUN …`, `[linux/arm64 deps 2/5] RUN …` for one of several platforms, and BuildKit's own `[internal]
/// load …` and `[auth] …`, which count no steps: the stage and what is done.
fn instruction(text: &str) -> Option<(String, String)> {
    let (head, instruction) = text.strip_prefix('[')?.split_once("] ")?;
    let mut words: Vec<&str> = head.split_whitespace().collect();
    let counts = words.pop().is_some_and(|word| {
        word.split_once('/')
            .is_some_and(|(step, of)| step.parse::<u32>().is_ok() && of.parse::<u32>().is_ok())
    });
    let stage = words.pop().filter(|stage| counts && !stage.contains('/')).unwrap_or_default();
    Some((stage.to_owned(), instruction.to_owned()))
}

/// The outcome of a stage.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Steps taken from a cache.
    pub cached: usize,
    /// Steps that ran.
    pub run: usize,
    /// How long they ran, summed.
    pub seconds: f64,
    /// As in [`BuildStep`].
    pub compiled_external: usize,
    /// As in [`BuildStep`].
    pub compiled_local: usize,
}

/// Sums steps up by stage, in the order in which stages appear. Looking up a base image is no step of a stage.
pub fn stages<'a>(steps: impl Iterator<Item = &'a BuildStep>) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    for step in steps.filter(|step| !step.stage.is_empty() && !step.instruction.starts_with("FROM ")) {
        let index = stages.iter().position(|stage| stage.name == step.stage).unwrap_or_else(|| {
            stages.push(Stage { name: step.stage.clone(), ..Stage::default() });
            stages.len() - 1
        });
        let stage = &mut stages[index];
        match step.outcome {
            StepOutcome::Cached => stage.cached += 1,
            StepOutcome::Done | StepOutcome::Failed => stage.run += 1,
            StepOutcome::Unfinished => {}
        }
        stage.seconds += step.seconds;
        stage.compiled_external += step.compiled_external;
        stage.compiled_local += step.compiled_local;
    }
    stages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_that_cannot_be_had_is_named() {
        let mut progress = Progress::default();
        progress.add("ERROR: failed to solve: rust:1-slim-trixie: failed to resolve source metadata for docker.io/library/rust:1-slim-trixie: dial tcp: i/o timeout");
        assert_eq!(progress.missing_base(), Some("rust:1-slim-trixie"));
        let mut progress = Progress::default();
        progress.add("#5 0.1 error: failed to load metadata for x");
        assert_eq!(progress.missing_base(), None);
    }

    const OUTPUT: &str = "\
#1 [internal] load build definition from Dockerfile
#1 DONE 0.1s
#5 [deps 1/3] FROM docker.io/library/base
#5 CACHED
#6 [cook-front 2/3] COPY --from=recipes /app/target/larder/recipes/front/0/ target/larder/recipes/front/0/
#6 CACHED
#7 [cook-front 3/3] RUN cd target/larder/recipes/front/0 && cargo build --locked
#7 0.412     Updating index
#7 1.034    Compiling serde v1.0.0
#7 1.100    Compiling tool v0.1.0 (https://example.invalid/tool#1234)
#7 2.034    Compiling larder-front v0.0.0 (/app/target/larder/recipes/front/0)
#7 DONE 2.5s
#8 [builder 4/4] RUN cargo build
#8 0.1 error: no such command
#8 ERROR: process did not complete successfully: exit code: 101
";

    #[test]
    fn steps_are_told_apart_and_packages_counted() {
        let mut progress = Progress::default();
        let mut said = Vec::new();
        for line in OUTPUT.lines() {
            if let Some(Event::Says(text)) = progress.add(line) {
                said.push(text.trim().to_owned());
            }
        }
        let stages = stages(progress.steps());
        let rows = stages.iter().map(|stage| {
            let Stage { name, cached, run, compiled_external, compiled_local, .. } = stage;
            format!("{name} {cached} {run} {compiled_external} {compiled_local}")
        });
        assert_eq!(rows.collect::<Vec<_>>(), ["cook-front 1 1 2 1", "builder 0 1 0 0"]);
        assert!((stages[0].seconds - 2.5).abs() < 1e-9);
        assert_eq!(said.last().map(String::as_str), Some("error: no such command"));
    }

    #[test]
    fn stages_are_told_from_platforms_and_from_what_is_no_step() {
        for (text, stage) in [
            ("[builder  4/10] RUN cargo build", "builder"),
            ("[linux/arm64 builder 4/4] RUN cargo build", "builder"),
            ("[linux/amd64->arm64 builder 4/4] RUN cargo build", "builder"),
            ("[linux/amd64 2/3] RUN x", ""),
            ("[2/3] RUN x", ""),
            ("[internal] load build context", ""),
            ("[auth] library/debian:pull token for registry", ""),
        ] {
            assert_eq!(instruction(text).unwrap().0, stage, "{text}");
        }
        assert_eq!(instruction("sha256:12 1MB / 2MB"), None);
    }

    #[test]
    fn a_full_disk_is_noticed_whoever_says_so() {
        for (line, is_full) in [
            ("#7 1.0 error: failed to write /app/x: No space left on device (os error 28)", true),
            ("ERROR: failed to solve: write /data/x: no space left on device", true),
            ("#7 1.0 error: could not compile `space`", false),
        ] {
            let mut progress = Progress::default();
            progress.add("#7 [builder 4/4] RUN cargo build");
            progress.add(line);
            assert_eq!(progress.is_disk_full(), is_full, "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_is_passed_over() {
        let mut progress = Progress::default();
        for line in ["", "plain", "#x y", "#9 DONE 1s", "# 3"] {
            assert_eq!(progress.add(line), None, "{line}");
        }
        assert_eq!(progress.steps().count(), 0);
    }
}
