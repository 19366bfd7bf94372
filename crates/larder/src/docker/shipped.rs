//! The wording of shipped files: collected at the end of `builder` as trees, which the last stage copies.
//!
//! Each tree begins at the root of the image. `COPY` gives the folders of a tree the times that they have in it, but a
//! folder that it makes for a destination, or only puts a file into, has the time of the build; then equal files would
//! make another layer on each engine. No instruction here may copy to anything but the root, if that can be avoided.

use std::{collections::BTreeMap, fmt::Write as _};

use cargo_metadata::camino::Utf8Path;

use super::{context::FOLDER, writer::Writer};
use crate::process::quoted;

/// Nobody: a user that no base image knows.
pub(super) const USER: &str = "65532:65532";
/// Programs, and everything that lies beside them.
const PROGRAMS: &str = "/out/programs";
/// The site of a Leptos project.
const SITE: &str = "/out/site";
/// The folder of the volume, which belongs to the user.
const DATA: &str = "/out/data";
/// The certificates of authorities.
const CERTIFICATES: &str = "/out/certificates";
/// The folder of certificates in the image.
const CERTIFICATES_FOLDER: &str = "/etc/ssl/certs";
/// The certificates that programs look for.
pub(super) const CERTIFICATES_FILE: &str = "/etc/ssl/certs/ca-certificates.crt";
/// Words in the names of base images whose [`CERTIFICATES_FOLDER`] is a folder, or is not there.
const BASES_WITH_FOLDER: [&str; 7] =
    ["alpine", "busybox", "debian", "distroless", "scratch", "ubuntu", "wolfi"];

impl Writer<'_> {
    /// Shipped files, as the trees that the last stage copies. Each begins at the root, so that folders get the times
    /// that they have here: a folder that COPY makes, or puts a file into, has the time of the build.
    pub(super) fn collected(&mut self) {
        self.line("# Timestamps are those of SOURCE_DATE_EPOCH, so that the same files give the same layer.");
        self.line("ARG SOURCE_DATE_EPOCH=0");
        let mut folders: BTreeMap<&Utf8Path, Vec<String>> = BTreeMap::from([(Utf8Path::new(""), Vec::new())]);
        for file in &self.application.artifacts.files {
            let folder = file.to.parent().unwrap_or(Utf8Path::new(""));
            folders.entry(folder).or_default().push(file.word());
        }
        folders.entry(Utf8Path::new("")).or_default().extend(self.application.hash_file.clone());
        let mut made: Vec<String> = folders.keys().map(|folder| folder_of_shipped(folder)).collect();
        let mut commands = Vec::new();
        for (folder, files) in folders.iter().filter(|(_, files)| !files.is_empty()) {
            commands.push(format!("cp {} {}/", files.join(" "), quoted(&folder_of_shipped(folder))));
        }
        if let Some(site) = &self.application.site {
            made.push(format!("{SITE}{FOLDER}"));
            commands.push(format!("cp -r {} {SITE}{FOLDER}/site", quoted(site.as_str())));
        }
        if let Some(volume) = &self.settings.volume {
            let folder = format!("{DATA}{volume}");
            commands.push(format!("chown {USER} {}", quoted(&folder)));
            made.push(folder);
        }
        if self.has_folder_of_certificates() {
            made.push(format!("{CERTIFICATES}{CERTIFICATES_FOLDER}"));
            commands.push(format!("cp {CERTIFICATES_FILE} {CERTIFICATES}{CERTIFICATES_FOLDER}/"));
        }
        let made: Vec<String> = made.iter().map(|folder| quoted(folder)).collect();
        commands.insert(0, format!("mkdir -p {}", made.join(" ")));
        commands.push("find /out -exec touch --no-dereference --date=@${SOURCE_DATE_EPOCH} {} +".into());
        let _ = writeln!(self.text, "RUN {}", commands.join(" \\\n    && "));
    }

    /// Whether the certificates have a folder in the last stage's base. Fedora and openSUSE have a link, over which no
    /// tree can be copied, and an unknown base may have one.
    fn has_folder_of_certificates(&self) -> bool {
        let mut words = self.settings.runtime_base().split(['/', ':', '@', '-']);
        words.any(|word| BASES_WITH_FOLDER.contains(&word))
    }

    /// Copies the trees, the one that changes most often last.
    pub(super) fn trees(&mut self) {
        if self.has_folder_of_certificates() {
            self.tree(CERTIFICATES);
        } else {
            let _ = writeln!(self.text, "COPY --from=deps {CERTIFICATES_FILE} {CERTIFICATES_FOLDER}/");
        }
        if self.application.site.is_some() {
            self.line("# A layer of its own below the server, which changes more often.");
            self.tree(SITE);
        }
        match &self.settings.volume {
            Some(volume) if is_in_plain_folder(volume) => self.tree(DATA),
            Some(volume) => {
                let _ = writeln!(self.text, "COPY --from=builder --chown={USER} {DATA}{volume}/ {volume}/");
            }
            None => {}
        }
        self.tree(PROGRAMS);
        let _ = writeln!(self.text, "WORKDIR {FOLDER}");
    }

    fn tree(&mut self, tree: &str) {
        let _ = writeln!(self.text, "COPY --from=builder {tree}/ /");
    }
}

/// Whether the folders above a volume are folders in every base, and root's. Elsewhere, as below `/tmp` or `/var/run`, a
/// tree would change their modes, or meet a link.
fn is_in_plain_folder(volume: &str) -> bool {
    let above = Utf8Path::new(volume).parent();
    above.is_some_and(|above| ["/", "/app", "/opt", "/srv", "/var/lib"].contains(&above.as_str()))
}

/// A folder of what is shipped, while it is collected.
fn folder_of_shipped(folder: &Utf8Path) -> String {
    format!("{PROGRAMS}{FOLDER}/{folder}").trim_end_matches('/').to_owned()
}
