//! A private apt: its own sources, package lists, downloads and idea of what is installed.
//!
//! It reads the machine's apt configuration to learn which mirror to ask and must never change it. The
//! archive's signatures are checked with the machine's own Debian keyring.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::cmd;

use super::exec::Exec;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// The development release: it alone has current Rust toolchains.
pub(super) const SUITE: &str = "sid";
/// A folder that stays empty, below the one of the downloads.
const NO_ARCHIVES: &str = "none";
/// What the machine's own compiler provides; another copy would only take time and room.
const PROVIDED_BY_THE_MACHINE: [&str; 2] = ["gcc", "binutils"];

/// An apt that works in a folder of its own.
pub(super) struct Apt<'a> {
    exec: &'a Exec<'a>,
    archives: PathBuf,
    /// The file that makes apt a private one.
    config: PathBuf,
}

impl<'a> Apt<'a> {
    /// Prepares the folder and fetches the package lists; downloads go to `archives`.
    pub(super) fn update(exec: &'a Exec<'a>, folder: &Path, archives: &Path) -> anyhow::Result<Self> {
        let apt = Self { exec, archives: archives.to_path_buf(), config: folder.join("apt.conf") };
        for dir in [folder.join("lists/partial"), archives.join("partial"), archives.join(NO_ARCHIVES)] {
            fs_err::create_dir_all(dir)?;
        }
        let signed_by =
            if Path::new(KEYRING).exists() { format!("[signed-by={KEYRING}] ") } else { String::new() };
        let source = format!("deb {signed_by}{} {SUITE} main\n", machine_mirror()?);
        fs_err::write(folder.join("sources.list"), source)?;
        fs_err::write(folder.join("status"), status(&PROVIDED_BY_THE_MACHINE))?;
        fs_err::write(&apt.config, config(folder, archives))?;
        let config = &apt.config;
        exec.log.step("Updating", "package lists of Debian's sid");
        exec.check(cmd!(exec.sh, "apt-get -c {config} update -qq --error-on=any")).context(
            "cannot read Debian's sid; see that its mirror can be reached and debian-archive-keyring is current",
        )?;
        Ok(apt)
    }

    /// The value of a package's field, such as `Recommends`.
    pub(super) fn field(&self, package: &str, field: &str) -> anyhow::Result<String> {
        let config = &self.config;
        let text =
            self.exec.check(cmd!(self.exec.sh, "apt-cache -c {config} show --no-all-versions {package}"))?;
        let prefix = format!("{field}: ");
        Ok(text.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default().to_owned())
    }

    /// Downloads the packages and everything they depend on; returns the archives.
    pub(super) fn download(&self, packages: &[String]) -> anyhow::Result<Vec<PathBuf>> {
        let config = &self.config;
        let none = format!("Dir::Cache::archives={}/{NO_ARCHIVES}", self.archives.display());
        let install = ["install", "-y", "--no-install-recommends"];
        // With an empty download folder apt lists every archive, also those that are there already.
        let uris = self.exec.check(cmd!(
            self.exec.sh,
            "apt-get -c {config} -o {none} {install...} --print-uris {packages...}"
        ))?;
        let (names, sizes): (Vec<&str>, Vec<u64>) = uris.lines().filter_map(archive).unzip();
        anyhow::ensure!(!names.is_empty(), "apt lists no archive for {}", packages.join(" "));
        let (count, megabytes) = (names.len(), sizes.iter().sum::<u64>().div_ceil(1_000_000));
        let what = format!("{} ({count} packages, {megabytes} MB)", packages.join(" "));
        self.exec.log.step("Downloading", &what);
        self.exec
            .run(cmd!(self.exec.sh, "apt-get -c {config} {install...} -qq --download-only {packages...}"))?;
        Ok(names.iter().map(|name| self.archives.join(name)).collect())
    }
}

/// The settings in apt's own format, read after the machine's, which may name a proxy.
fn config(folder: &Path, archives: &Path) -> String {
    let (dir, archives) = (folder.display(), archives.display());
    format!(
        r#"Dir::Etc::SourceList "{dir}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "{dir}";
Dir::State::lists "{dir}/lists";
Dir::State::status "{dir}/status";
Dir::Cache "{dir}";
Dir::Cache::archives "{archives}";
// Only the packages themselves are of interest, not their icons and translations.
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
// A mirror may be older than Debian allows its lists to be; they are signed all the same.
Acquire::Check-Valid-Until "false";
// The folder is the user's, so apt's own download user may not be able to write there. Setup's lock keeps
// everyone else out.
APT::Sandbox::User "";
Debug::NoLocking "true";
// Hooks of the machine's configuration tidy the machine's own folders.
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"#
    )
}

/// A dpkg status file that calls the packages installed.
fn status(packages: &[&str]) -> String {
    packages.iter().copied().map(status_entry).collect()
}

fn status_entry(package: &str) -> String {
    format!(
        "Package: {package}\nStatus: install ok installed\nVersion: 999\nArchitecture: all\n\
         Multi-Arch: foreign\nMaintainer: none\nDescription: provided by the machine\n\n"
    )
}

/// Name and size in a line like `'URI' name_1.0_amd64.deb 1234 SHA256:…`.
fn archive(line: &str) -> Option<(&str, u64)> {
    let mut words = line.strip_prefix('\'')?.split_whitespace().skip(1);
    Some((words.next()?, words.next()?.parse().ok()?))
}

/// The mirror that the machine's own packages come from.
pub(super) fn machine_mirror() -> anyhow::Result<String> {
    let mut sources = Vec::new();
    sources.extend(fs_err::read_to_string("/etc/apt/sources.list").ok());
    if let Ok(entries) = fs_err::read_dir("/etc/apt/sources.list.d") {
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|ext| ext == "list" || ext == "sources"));
        paths.sort();
        sources.extend(paths.iter().filter_map(|path| fs_err::read_to_string(path).ok()));
    }
    let codename = os_release("VERSION_CODENAME").unwrap_or_default();
    mirror(&sources, &codename).context("found no Debian mirror in /etc/apt; add one to its sources")
}

/// A field of the machine's `os-release`.
pub(super) fn os_release(field: &str) -> Option<String> {
    let text = fs_err::read_to_string("/etc/os-release").ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix('='))?;
    Some(value.trim_matches('"').to_owned())
}

/// The mirror that the machine's own release comes from, in either of apt's two formats.
fn mirror(sources: &[String], codename: &str) -> Option<String> {
    let suites = [codename, SUITE, "unstable", "testing", "stable"];
    let entries: Vec<Entry> = sources.iter().flat_map(|text| one_line(text).chain(stanzas(text))).collect();
    suites
        .iter()
        .find_map(|suite| entries.iter().find(|entry| entry.has(suite)))
        .map(|entry| entry.uri.clone())
}

struct Entry {
    uri: String,
    suites: Vec<String>,
    components: Vec<String>,
}

impl Entry {
    fn has(&self, suite: &str) -> bool {
        // Other vendors' sources use Debian's suite names too, but not its component's.
        self.suites.iter().any(|name| name == suite) && self.components.iter().any(|name| name == "main")
    }
}

/// Entries like `deb [option=value] URI suite component…`.
fn one_line(text: &str) -> impl Iterator<Item = Entry> {
    text.lines().filter_map(|line| {
        let rest = line.strip_prefix("deb ")?.trim_start();
        let rest = if rest.starts_with('[') { rest.split_once(']')?.1 } else { rest };
        let mut words = rest.split_whitespace().map(str::to_owned);
        let (uri, suite) = (words.next()?, words.next()?);
        Some(Entry { uri, suites: vec![suite], components: words.collect() })
    })
}

/// Entries of `Name: value` lines, parted by empty lines.
fn stanzas(text: &str) -> impl Iterator<Item = Entry> {
    text.split("\n\n").filter_map(|stanza| {
        if words(stanza, "Enabled") == ["no"] || !words(stanza, "Types").contains(&"deb".to_owned()) {
            return None;
        }
        let uri = words(stanza, "URIs").into_iter().next()?;
        Some(Entry { uri, suites: words(stanza, "Suites"), components: words(stanza, "Components") })
    })
}

/// The words of a stanza's field.
fn words(stanza: &str, field: &str) -> Vec<String> {
    let value = stanza.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(field).then_some(value)
    });
    value.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        mirror(&[text.to_owned()], "bookworm")
    }

    #[test]
    fn the_mirror_comes_from_stanzas() {
        let text = "Types: deb\nURIs: http://sec.example/debian-security\nSuites: bookworm-security\n\
                    Components: main\n\nTypes: deb\n# a note\nURIs: http://m.example/debian\n\
                    Suites: bookworm bookworm-updates\nComponents: main contrib\n";
        assert_eq!(found(text).as_deref(), Some("http://m.example/debian"));
    }

    #[test]
    fn the_mirror_comes_from_lines() {
        let text = "# deb http://old.example/debian bookworm main\n\
                    deb [signed-by=/k.gpg arch=amd64] https://vendor.example/debian bookworm stable\n\
                    deb [signed-by=/k.gpg] http://m.example/debian bookworm main\n";
        assert_eq!(found(text).as_deref(), Some("http://m.example/debian"));
    }

    #[test]
    fn a_machine_on_sid_has_a_mirror_too() {
        assert_eq!(found("deb http://m.example/debian sid main").as_deref(), Some("http://m.example/debian"));
    }

    #[test]
    fn disabled_and_foreign_entries_are_no_mirror() {
        let text = "Enabled: no\nTypes: deb\nURIs: http://m.example/\nSuites: bookworm\nComponents: main\n";
        assert_eq!(found(text), None);
        assert_eq!(found("deb https://vendor.example/apt nodistro main"), None);
    }

    #[test]
    fn archives_are_listed_with_name_and_size() {
        let line = "'http://m.example/p/mold_3.0.0-1_amd64.deb' mold_3.0.0-1_amd64.deb 5102476 SHA256:ab";
        assert_eq!(archive(line), Some(("mold_3.0.0-1_amd64.deb", 5_102_476)));
        assert_eq!(archive("Reading package lists..."), None);
    }
}
