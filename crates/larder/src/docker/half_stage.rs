//! The wording of the stage that builds a half: its copied files, the placeholders of absent members, and the steps that
//! build members.

use std::{collections::BTreeSet, fmt::Write as _};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{
    absent::AbsentMember,
    dockerfile::{cook_stage, literal},
    halves::Half,
    image::{assignments, cargo_line},
    member_steps::{MemberSteps, Placeholder},
    recipes::Recipes,
    writer::Writer,
};
use crate::process::quoted;

/// A placeholder that is compiled, past the lints that workspaces may have for libraries. `expect`
/// would fail in a member that depends on nothing.
const EMPTY_LIBRARY: &str = "#![doc = \"Placeholder.\"] #![allow(unused_crate_dependencies)]";

impl Writer<'_> {
    /// A half with what it reads; what changes of the rest of the application leaves its stage alone.
    pub(super) fn half(&mut self, half: &Half) {
        let name = &half.slice;
        let _ = writeln!(self.text, "\n# --- build-{name}: {name}, from the members that it is made of ---");
        let group =
            self.application.groups.iter().find(|group| group.iter().any(|one| one.slice.name == *name));
        let stage = group.map_or_else(|| "deps".to_owned(), |group| cook_stage(group));
        let _ = writeln!(self.text, "FROM {stage} AS build-{name}");
        self.without_planned();
        self.files(half);
        let late: Vec<&AbsentMember> = half.steps.iter().flat_map(MemberSteps::late).collect();
        for folder in &half.folders {
            if !late.iter().any(|member| member.folder == *folder) {
                self.folder(folder);
            }
        }
        let (compiled, mut unread) = match half.steps.as_ref().map(MemberSteps::placeholder) {
            Some(Placeholder::Compiled) => (late, Vec::new()),
            Some(Placeholder::Unread) | None => (Vec::new(), late),
        };
        unread.extend(&half.absent);
        self.placeholders(unread, Placeholder::Unread);
        self.placeholders(compiled, Placeholder::Compiled);
        let before = half.steps.as_ref().and_then(|steps| self.steps(steps, name));
        let commands: Vec<String> = before.into_iter().chain([half.command.to_owned()]).collect();
        self.run(self.downloads(name), &commands);
    }

    /// Takes away what cooking has left in the workspace and only a planner's own checkout can live with: recipes that a
    /// glob takes for members, and the settings that lie above as well.
    pub(super) fn without_planned(&mut self) {
        let application = self.application;
        let globs = application.has_globs.then_some("larder");
        let is_whole = application.halves.is_empty();
        let config = (application.has_config_above && is_whole).then_some(".cargo/config.toml");
        let left: Vec<&str> = globs.into_iter().chain(config).collect();
        if application.recipes == Recipes::Planned && !left.is_empty() {
            let _ =
                writeln!(self.text, "# The sources are read without these.\nRUN rm -rf {}", left.join(" "));
        }
    }

    fn files(&mut self, half: &Half) {
        let prefix = &self.application.sources.prefix;
        let (beside, deeper): (Vec<_>, Vec<_>) = half
            .files
            .iter()
            .partition(|file| file.parent().is_some_and(|folder| folder.as_str().is_empty()));
        let beside: Vec<Utf8PathBuf> = beside.iter().map(|file| prefix.join(file)).collect();
        self.copy(&beside, "./");
        for file in deeper {
            self.copy(&[prefix.join(file)], file);
        }
    }

    fn folder(&mut self, folder: &Utf8Path) {
        let from = self.application.sources.prefix.join(folder);
        self.copy(&[format!("{from}/")], format!("{folder}/"));
    }

    /// The steps before a half's own build, and then its own member. The result is a command that comes before that build.
    fn steps(&mut self, all: &MemberSteps, slice: &str) -> Option<String> {
        // The others, RUSTFLAGS say, may be set in the base image, and `unset` would not bring that back.
        let is_shared = |(name, _): &&(String, String)| name.starts_with("LEPTOS_");
        let (shared, own): (Vec<_>, Vec<_>) = all.variables.iter().partition(is_shared);
        if !shared.is_empty() {
            self.line("# What cargo-leptos gives each call of cargo.");
            let shared = shared.iter().map(|(name, value)| format!("{name}={}", literal(value)));
            self.line(&format!("ENV {}", shared.collect::<Vec<_>>().join(" \\\n    ")));
        }
        let flags = self.application.image.rustflags(slice);
        let before: Vec<String> = assignments(own).chain(flags).collect();
        self.line("# Lowest first: an edit of a member rebuilds its step and those after it.");
        for step in &all.steps {
            step.members.iter().for_each(|member| self.folder(&member.folder));
            let mut commands = vec![cargo_line(before.clone(), &step.args)];
            commands.extend(step.clean.iter().map(|args| cargo_line([], args)));
            self.run(self.downloads(slice), &commands);
        }
        self.folder(&all.own.folder);
        let names: Vec<&str> = shared.iter().map(|(name, _)| name.as_str()).collect();
        if names.is_empty() {
            return None;
        }
        self.line("# cargo-leptos would take them for settings of its own.");
        Some(format!("unset {}", names.join(" ")))
    }

    /// cargo refuses a workspace without its members: each absent one gets its manifest, and a file for each target.
    fn placeholders(&mut self, mut members: Vec<&AbsentMember>, placeholder: Placeholder) {
        if members.is_empty() {
            return;
        }
        members.sort_by_key(|member| &member.folder);
        self.line(match placeholder {
            Placeholder::Unread => "# cargo needs every member of the workspace; these are not built here.",
            Placeholder::Compiled => {
                "# Placeholders: built as empty libraries, then removed with `cargo clean` in the same step."
            }
        });
        for member in members.iter().filter(|member| !member.folder.as_str().is_empty()) {
            let manifest = self.application.sources.prefix.join(&member.folder).join("Cargo.toml");
            self.copy(&[manifest], format!("{}/", member.folder));
        }
        let targets = members.iter().flat_map(|member| &member.targets);
        let files: BTreeSet<&str> = targets.clone().map(|file| file.as_str()).collect();
        let folders: BTreeSet<&str> = targets.filter_map(|file| Some(file.parent()?.as_str())).collect();
        let is_outer = |folder: &&str| folders.iter().any(|other| other.starts_with(&format!("{folder}/")));
        let folders = folders.iter().copied().filter(|folder| !is_outer(folder)).collect();
        let (folders, files) = (quoted_words(folders), quoted_words(files));
        let write = match placeholder {
            Placeholder::Unread => format!("touch {files}"),
            Placeholder::Compiled => format!("echo '{EMPTY_LIBRARY}' | tee {files} > /dev/null"),
        };
        let _ = writeln!(self.text, "RUN mkdir -p {folders} && {write}");
    }
}

fn quoted_words(words: BTreeSet<&str>) -> String {
    words.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}
