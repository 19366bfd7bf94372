//! The wording of how `tailwindcss` gets into the stage `tools`.

use std::fmt::Write as _;

use cargo_metadata::camino::Utf8PathBuf;

use super::{
    tailwind::{LOCK, Tailwind},
    writer::Writer,
};

impl Writer<'_> {
    /// The build argument with the version.
    pub(super) fn tailwind_argument(&mut self, tailwind: &Tailwind) {
        let _ = writeln!(self.text, "ARG TAILWIND_VERSION={}", tailwind.version);
    }

    /// The command, and what the project's style sheets take from npm.
    pub(super) fn tailwind(&mut self, tailwind: &Tailwind) {
        self.line("# cargo-leptos calls tailwindcss, and asks for its configuration by the version in the variable.");
        self.line("ARG TAILWIND_VERSION");
        self.line("ENV LEPTOS_TAILWIND_VERSION=v${TAILWIND_VERSION} NODE_PATH=/usr/local/lib/node_modules");
        self.line("RUN command -v npm > /dev/null || command -v tailwindcss > /dev/null \\");
        self.line("    || (apt-get update && apt-get install -y --no-install-recommends npm && rm -rf /var/lib/apt/lists/*)");
        self.line("RUN command -v tailwindcss > /dev/null \\");
        let _ = writeln!(self.text, "    || npm install --global --prefix /usr/local {}", tailwind.words());
        if tailwind.packages.is_empty() {
            return;
        }
        let prefix = &self.application.sources.prefix;
        let files: Vec<Utf8PathBuf> = tailwind.packages.iter().map(|file| prefix.join(file)).collect();
        let install =
            if tailwind.packages.contains(&LOCK) { "npm ci" } else { "npm install --no-package-lock" };
        self.copy(&files, "./");
        let _ = writeln!(self.text, "RUN {install}");
    }
}
