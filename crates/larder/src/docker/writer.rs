//! A Dockerfile while it is written, line by line. Each stage has a file that knows its wording.

use super::{application::Application, settings::DockerSettings, words};

/// The text, and its subject.
pub(super) struct Writer<'a> {
    pub(super) application: &'a Application,
    pub(super) settings: &'a DockerSettings,
    pub(super) text: String,
}

impl Writer<'_> {
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A COPY of the context's files or folders.
    pub(super) fn copy(&mut self, from: &[impl AsRef<str>], to: impl AsRef<str>) {
        let line = words::copy("", from, to.as_ref());
        self.line(&line);
    }

    /// A COPY of what a stage has made.
    pub(super) fn copy_of(&mut self, stage: &str, from: impl AsRef<str>, to: impl AsRef<str>) {
        let line = words::copy(&format!("--from={stage} "), &[from], to.as_ref());
        self.line(&line);
    }
}
