//! The stage that has the recipes as plain cargo, which cook stages take from it: made of the committed table, or by
//! Larder itself if none is committed.

use std::fmt::Write as _;

use super::{
    context::FOLDER,
    dockerfile::{DownloadMounts, PLANNER},
    recipes::Recipes,
    words,
    writer::Writer,
};
use crate::recipe::expand;

/// The command that makes plain cargo of the table, in the workspace's folder.
const EXPAND: &str = "awk -f larder/expand.awk larder/larder.lock";

impl Writer<'_> {
    /// The stage that makes recipes if none are committed. It runs at every change of the sources, and all that later
    /// stages take from it are the recipes.
    pub(super) fn planner(&mut self) {
        self.line("\n# --- planner: the recipes, since none are committed ---");
        self.text.push_str(PLANNER);
        self.line("ARG LARDER");
        // The project's pinned toolchain may be older than Larder takes; that of the base image counts elsewhere.
        self.run(
            DownloadMounts::Common,
            &["(command -v cargo-larder || (cd / && cargo install --locked --root /usr/local ${LARDER}))"
                .into()],
        );
        self.sources();
        if self.application.has_config_above {
            self.line("# Configuration above the workspace is the project's own, which a repository's folder tells.");
            let _ = writeln!(self.text, "RUN mkdir {FOLDER}/.git");
        }
        self.run(DownloadMounts::Common, &["cargo larder lock".into(), EXPAND.into()]);
    }

    /// The table becomes plain cargo. Cook stages take one layer each by its content, so that one which comes out as it
    /// was is not cooked again.
    pub(super) fn recipes(&mut self) {
        let larder = self.application.sources.prefix.join("larder");
        self.line("\n# --- recipes: plain cargo from the table in larder/, by awk alone ---");
        self.line("FROM ${BUILD_BASE} AS recipes");
        let _ = writeln!(self.text, "WORKDIR {}", words::alone(&self.application.image.workspace));
        self.copy(&[larder.join("expand.awk"), larder.join("larder.lock")], "larder/");
        let _ = writeln!(self.text, "RUN {EXPAND}");
    }

    /// A file or folder of the recipes, from the stage that has them.
    pub(super) fn recipe(&mut self, path: &str, to: &str) {
        let stage = match self.application.recipes {
            Recipes::Committed => "recipes",
            Recipes::Planned => "planner",
        };
        let from = self.application.image.workspace.join(expand::FOLDER).join(path);
        self.copy_of(stage, from, to);
    }
}
