//! Why a step of an image's build is not taken from the cache: everything that decides it, written down after a
//! build and compared with what it is now.
//!
//! The engine says *that* a step runs. Which file of which COPY, which argument or which base image made it run is
//! only to be seen by comparing.

use std::collections::BTreeMap;

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::{
    ignore,
    recipes::Recipes,
    shortened,
    sources::{Sources, sources},
    tracked, words,
};
use crate::{
    error::Result,
    files::{own_folder::IMAGE_BUILD, read, records},
    hash::{ContentHasher, content_digest},
    project::Project,
    recipe::expand,
};

/// The stage whose results are taken by their content.
const RECIPES: &str = "recipes";
/// The format of the record.
const VERSION: u64 = 1;

/// The inputs of every step of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildRecord {
    version: u64,
    steps: Vec<RecordedStep>,
    /// The values of the arguments; never a secret, since those are refused there.
    #[serde(default)]
    build_args: Vec<String>,
}

/// One instruction with what it depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RecordedStep {
    stage: String,
    /// With the values of arguments filled in.
    instruction: String,
    /// Digests of copied files by path, or the id of a base image by name.
    inputs: BTreeMap<String, String>,
    /// Stages that it takes something from.
    stages: Vec<String>,
}

/// A step that would run, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Miss {
    /// The stage.
    pub stage: String,
    /// The instruction.
    pub instruction: String,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// Whether it runs only because an earlier step or another stage does.
    pub follows: bool,
}

/// The path of the record of a project's last build.
pub fn record_path(project: &Project) -> Utf8PathBuf {
    records::path(project.workspace.target_directory(), IMAGE_BUILD)
}

impl BuildRecord {
    /// The inputs of every step now. `base_id` gives the id of an image that the engine has.
    ///
    /// # Errors
    /// When there is no Dockerfile, or a file of the context cannot be read.
    pub fn gather(
        project: &Project,
        build_args: &[String],
        base_id: impl Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let context = super::context(project)?;
        let dockerfile = read::text(context.join("Dockerfile"))?;
        let members = project.workspace.metadata().workspace_packages();
        let sources = sources(project, Recipes::of_dockerfile(project)?, &members)?;
        let mut reader = DockerfileReader {
            context: &context,
            sources: &sources,
            given: build_args.iter().filter_map(|arg| arg.split_once('=')).collect(),
            defaults: BTreeMap::new(),
            base_id: &base_id,
            recipes: recipes(project),
            steps: Vec::new(),
        };
        for instruction in instructions(&dockerfile) {
            reader.add(&instruction)?;
        }
        Ok(Self { version: VERSION, steps: reader.steps, build_args: build_args.to_vec() })
    }

    /// The record of the last build; `None` if there is none of this version.
    ///
    /// # Errors
    /// When something is there that cannot be read. It counts as absent.
    pub fn read(path: &Utf8Path) -> Result<Option<Self>> {
        Ok(records::read(path)?.filter(|record: &Self| record.version == VERSION))
    }

    /// A digest of all of it.
    pub(crate) fn digest(&self) -> String {
        let mut hasher = ContentHasher::new("larder steps 1");
        hasher.length(self.steps.len());
        for RecordedStep { stage, instruction, inputs, stages } in &self.steps {
            hasher.string(stage);
            hasher.string(instruction);
            hasher.length(inputs.len());
            for (name, digest) in inputs {
                hasher.string(name);
                hasher.string(digest);
            }
            hasher.strings(stages);
        }
        hasher.strings(&self.build_args);
        hasher.finish_hex()
    }

    /// Whether it has every file that an instruction takes.
    pub(crate) fn is_complete(&self) -> bool {
        self.steps.iter().all(|step| !tracked::takes_unknown_files(&step.instruction))
    }

    /// Everything that a stage is made of, with those below it: files and instructions by name, with a digest each. `None`
    /// if there is no such stage.
    pub(crate) fn parts(&self, stage: &str) -> Option<Vec<(String, String)>> {
        let mut stages = vec![stage];
        let mut parts = Vec::new();
        let mut done = 0;
        while let Some(stage) = stages.get(done).copied() {
            done += 1;
            for step in self.steps.iter().filter(|step| step.stage == stage) {
                let name = format!("`{}`", shortened(&step.instruction));
                parts.push((name, content_digest(step.instruction.as_bytes())));
                parts.extend(step.inputs.clone());
                let below =
                    step.stages.iter().filter(|below| self.steps.iter().any(|one| one.stage == **below));
                let new: Vec<&str> =
                    below.map(String::as_str).filter(|below| !stages.contains(below)).collect();
                stages.extend(new);
            }
        }
        (!parts.is_empty()).then_some(parts)
    }

    /// The arguments that the build was given.
    pub fn build_args(&self) -> &[String] {
        &self.build_args
    }

    /// Keeps the record for the next comparison.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, path: &Utf8Path) -> Result<()> {
        records::write(path, self)
    }

    /// Every step that would run, in the Dockerfile's order.
    pub fn misses(&self, before: &Self) -> Vec<Miss> {
        let mut misses: Vec<Miss> = Vec::new();
        for stage in self.stages() {
            let (old, new) = (before.steps_of(&stage), self.steps_of(&stage));
            let mut earlier: Option<String> = None;
            for (index, step) in new.iter().enumerate() {
                let own = step.own_reasons(old.get(index));
                let (reasons, follows) = match &earlier {
                    Some(instruction) => (vec![format!("it comes after `{}`", shortened(instruction))], true),
                    None => ([step.stage_reasons(&misses), own.clone()].concat(), own.is_empty()),
                };
                if reasons.is_empty() {
                    continue;
                }
                earlier.get_or_insert_with(|| step.instruction.clone());
                let instruction = step.instruction.clone();
                misses.push(Miss { stage: stage.clone(), instruction, reasons, follows });
            }
        }
        misses
    }

    fn steps_of(&self, stage: &str) -> Vec<RecordedStep> {
        self.steps.iter().filter(|step| step.stage == stage).cloned().collect()
    }

    /// The stages in their order.
    fn stages(&self) -> Vec<String> {
        let mut stages: Vec<String> = self.steps.iter().map(|step| step.stage.clone()).collect();
        stages.dedup();
        stages
    }
}

impl RecordedStep {
    /// Stages below that are not what they were.
    fn stage_reasons(&self, misses: &[Miss]) -> Vec<String> {
        let stages = self.stages.iter().filter(|stage| misses.iter().any(|miss| miss.stage == **stage));
        stages.map(|stage| format!("stage `{stage}`, which it takes from, is built anew")).collect()
    }

    /// The changes in the step itself.
    fn own_reasons(&self, old: Option<&Self>) -> Vec<String> {
        let mut reasons = Vec::new();
        let Some(old) = old else {
            reasons.push("the last build had no such step".into());
            return reasons;
        };
        if old.instruction != self.instruction {
            reasons.push(format!("it was `{}`", shortened(&old.instruction)));
        }
        for (name, digest) in &self.inputs {
            match old.inputs.get(name) {
                None => reasons.push(format!("{name} is new")),
                // An image that only the builder has is known to nobody else.
                Some(before) if before.is_empty() || digest.is_empty() || before == digest => {}
                Some(_) => reasons.push(format!("{name} changed")),
            }
        }
        let gone = old.inputs.keys().filter(|name| !self.inputs.contains_key(*name));
        reasons.extend(gone.map(|name| format!("{name} is gone")));
        reasons
    }
}

/// The instructions of a Dockerfile, continued lines joined and comments left out.
fn instructions(dockerfile: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut open = String::new();
    for line in dockerfile.lines().filter(|line| !line.trim_start().starts_with('#')) {
        match line.strip_suffix('\\') {
            Some(part) => open.push_str(part),
            None if open.is_empty() && line.trim().is_empty() => {}
            None => all.push(std::mem::take(&mut open) + line),
        }
    }
    all
}

struct DockerfileReader<'a, F> {
    context: &'a Utf8Path,
    sources: &'a Sources,
    given: BTreeMap<&'a str, &'a str>,
    /// Arguments before the first stage.
    defaults: BTreeMap<String, String>,
    base_id: &'a F,
    /// Digests of the files that the stage `recipes` makes of the table, by their paths in it.
    recipes: BTreeMap<String, String>,
    steps: Vec<RecordedStep>,
}

/// The recipes as the engine sees them: a layer's files are compared by content, whatever else the table says.
fn recipes(project: &Project) -> BTreeMap<String, String> {
    let Some(file) = project.recorded().ok().flatten() else { return BTreeMap::new() };
    let mut digests = BTreeMap::new();
    for locked in &file.slices {
        for layer in 0..locked.layers.len() {
            let files = locked.files(layer).into_iter();
            digests.extend(files.map(|(path, text)| {
                (format!("{}/{layer}/{path}", locked.slice.name), content_digest(text.as_bytes()))
            }));
        }
    }
    digests.extend(file.config().map(|text| ("config.toml".to_owned(), content_digest(text.as_bytes()))));
    digests
}

impl<F: Fn(&str) -> Option<String>> DockerfileReader<'_, F> {
    fn add(&mut self, instruction: &str) -> Result<()> {
        let words: Vec<&str> = instruction.split_whitespace().collect();
        match words.as_slice() {
            ["ARG", argument] => self.argument(argument),
            ["FROM", image, "AS", stage] => {
                let image = self.filled(image);
                let is_stage = self.steps.iter().any(|step| step.stage == image);
                let (inputs, stages) = if is_stage {
                    (BTreeMap::new(), vec![image.clone()])
                } else {
                    let id = (self.base_id)(&image).unwrap_or_default();
                    (BTreeMap::from([(format!("image {image}"), id)]), Vec::new())
                };
                let instruction = format!("FROM {image} AS {stage}");
                self.steps.push(RecordedStep { stage: (*stage).to_owned(), instruction, inputs, stages });
            }
            ["COPY", ..] => {
                let (flags, sources) = words::copied(instruction);
                let stages: Vec<String> =
                    flags.iter().filter_map(|flag| flag.strip_prefix("--from=")).map(str::to_owned).collect();
                let mut inputs = BTreeMap::new();
                if stages == [RECIPES] {
                    let prefix = sources.first().and_then(|source| source.split_once(expand::FOLDER));
                    let prefix = prefix.map(|(_, path)| path.trim_matches('/')).unwrap_or_default();
                    let taken =
                        self.recipes.iter().filter(|(path, _)| Utf8Path::new(path).starts_with(prefix));
                    inputs.extend(taken.map(|(path, digest)| (format!("recipe {path}"), digest.clone())));
                    self.push(instruction, inputs, Vec::new());
                    return Ok(());
                }
                if stages.is_empty() {
                    for source in &sources[..sources.len().saturating_sub(1)] {
                        self.files(&self.context.join(source), &mut inputs)?;
                    }
                }
                self.push(instruction, inputs, stages);
            }
            _ => self.push(instruction, BTreeMap::new(), Vec::new()),
        }
        Ok(())
    }

    fn push(&mut self, instruction: &str, inputs: BTreeMap<String, String>, stages: Vec<String>) {
        let stage = self.steps.last().map(|step| step.stage.clone()).unwrap_or_default();
        let words: Vec<&str> = instruction.split_whitespace().collect();
        self.steps.push(RecordedStep { stage, instruction: words.join(" "), inputs, stages });
    }

    /// A value given on the command line wins; one before the first stage is a default for all.
    fn argument(&mut self, argument: &str) {
        let (name, default) = argument.split_once('=').unwrap_or((argument, ""));
        let given = self.given.get(name).map(|value| (*value).to_owned());
        if self.steps.is_empty() {
            self.defaults.insert(name.to_owned(), given.unwrap_or_else(|| default.to_owned()));
            return;
        }
        let default =
            if default.is_empty() { self.defaults.get(name).cloned() } else { Some(default.to_owned()) };
        let value = given.or(default).unwrap_or_default();
        self.push(&format!("ARG {name}={value}"), BTreeMap::new(), Vec::new());
    }

    fn filled(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.defaults {
            text = text.replace(&format!("${{{name}}}"), value);
        }
        text
    }

    /// The digests of a file, or of everything in a folder that `.dockerignore` lets in.
    fn files(&self, path: &Utf8Path, inputs: &mut BTreeMap<String, String>) -> Result<()> {
        let name = path.strip_prefix(self.context).unwrap_or(path);
        if path.is_dir() {
            if ignore::is_closed(self.sources, name) {
                return Ok(());
            }
            for entry in path.read_dir_utf8()? {
                let entry = entry?;
                if entry.file_type()?.is_symlink() {
                    self.link(entry.path(), inputs)?;
                } else {
                    self.files(entry.path(), inputs)?;
                }
            }
        } else if path.is_file() && ignore::lets_in(self.sources, name) {
            inputs.insert(name.to_string(), tracked::file_digest(path)?);
        }
        Ok(())
    }

    /// A link in a folder is copied as what it is. Followed, it could lead around in circles.
    fn link(&self, path: &Utf8Path, inputs: &mut BTreeMap<String, String>) -> Result<()> {
        let name = path.strip_prefix(self.context).unwrap_or(path);
        if ignore::lets_in(self.sources, name) {
            let target = fs_err::read_link(path)?;
            inputs.insert(name.to_string(), content_digest(target.as_os_str().as_encoded_bytes()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(stage: &str, instruction: &str, inputs: &[(&str, &str)], stages: &[&str]) -> RecordedStep {
        RecordedStep {
            stage: stage.into(),
            instruction: instruction.into(),
            inputs: inputs.iter().map(|(name, digest)| ((*name).to_owned(), (*digest).to_owned())).collect(),
            stages: stages.iter().map(|stage| (*stage).to_owned()).collect(),
        }
    }

    fn record(code: &str, layer: &str) -> BuildRecord {
        let steps = vec![
            step("deps", "FROM base AS deps", &[("image base", "1")], &[]),
            step("cook", "FROM deps AS cook", &[], &["deps"]),
            step("cook", "COPY larder/0/ larder/0/", &[("larder/0/Cargo.toml", layer)], &[]),
            step("cook", "RUN cargo build", &[], &[]),
            step("builder", "FROM cook AS builder", &[], &["cook"]),
            step("builder", "COPY . .", &[("src/main.rs", code)], &[]),
            step("runtime", "FROM small AS runtime", &[("image small", "2")], &[]),
            step("runtime", "COPY --from=builder /out /app", &[], &["builder"]),
        ];
        BuildRecord { version: VERSION, steps, build_args: Vec::new() }
    }

    fn told(before: &BuildRecord, after: &BuildRecord) -> Vec<String> {
        let mut lines = Vec::new();
        for Miss { stage, instruction, reasons, .. } in after.misses(before) {
            lines.push(format!("{stage} | {instruction} | {}", reasons.join("; ")));
        }
        lines
    }

    #[test]
    fn nothing_changed_and_nothing_runs() {
        assert_eq!(told(&record("a", "a"), &record("a", "a")), Vec::<String>::new());
    }

    #[test]
    fn an_edit_leaves_the_dependencies_alone() {
        let expected = [
            "builder | COPY . . | src/main.rs changed",
            "runtime | COPY --from=builder /out /app | stage `builder`, which it takes from, is built anew",
        ];
        assert_eq!(told(&record("a", "a"), &record("b", "a")), expected);
    }

    #[test]
    fn a_changed_layer_reaches_everything_above_it() {
        let lines = told(&record("a", "a"), &record("a", "b"));
        assert_eq!(lines[0], "cook | COPY larder/0/ larder/0/ | larder/0/Cargo.toml changed");
        assert_eq!(lines[1], "cook | RUN cargo build | it comes after `COPY larder/0/ larder/0/`");
        assert!(lines[2].starts_with("builder | FROM cook AS builder | stage `cook`"), "{lines:?}");
        assert_eq!(lines.len(), 5, "{lines:?}");
    }

    #[test]
    fn a_record_with_words_that_nobody_follows_is_not_complete() {
        let mut record = record("a", "a");
        assert!(record.is_complete());
        record.steps.push(step("runtime", "ADD notes.txt /app/", &[], &[]));
        assert!(!record.is_complete());
    }

    #[test]
    fn a_stage_is_made_of_those_below_it() {
        assert_eq!(inputs_of("builder").unwrap(), ["src/main.rs", "larder/0/Cargo.toml", "image base"]);
        assert_eq!(inputs_of("cook").unwrap(), ["larder/0/Cargo.toml", "image base"]);
        assert_eq!(inputs_of("build-front"), None);
    }

    /// The names of a stage's parts but its instructions.
    fn inputs_of(stage: &str) -> Option<Vec<String>> {
        let names = record("a", "a").parts(stage)?.into_iter().map(|(name, _)| name);
        Some(names.filter(|name| !name.starts_with('`')).collect())
    }

    #[test]
    fn continued_lines_are_one_instruction() {
        let text = "# comment\nARG A=1\n\nFROM x AS y\nRUN a \\\n    && b\n";
        assert_eq!(instructions(text), ["ARG A=1", "FROM x AS y", "RUN a     && b"]);
    }
}
