//! The machine: Nix, direnv, folders with their file systems, and how quick they are.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime},
};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::ask::{Answer, answer_of};
use crate::{
    files::read,
    nix::{NO_NIX, NixClient, NixFeatures},
    process::Environment,
    project::Project,
};

/// Nix on this machine.
#[derive(Debug, Clone)]
pub struct NixFacts {
    /// The answer of `nix --version`.
    pub version: String,
    /// The experimental features that are on.
    pub features: Answer<Vec<String>>,
}

/// direnv, in a workspace with an `.envrc`.
#[derive(Debug, Clone)]
pub struct Direnv {
    /// Whether there is a `direnv` on `PATH`.
    pub installed: bool,
    /// The folder that it has loaded in this shell.
    pub loaded: Option<String>,
    /// The shell's name.
    pub shell: String,
    /// The shell's start-up file, and whether it hooks direnv in; `None` if it is not known.
    pub hook: Option<(String, bool)>,
}

/// A folder that builds fill.
#[derive(Debug, Clone)]
pub struct FilledFolder {
    /// Its path.
    pub path: Utf8PathBuf,
    /// Bytes that are free there.
    pub free: Answer<u64>,
    /// The kind of file system.
    pub file_system: Answer<String>,
}

/// How long one small file takes.
#[derive(Debug, Clone, Copy)]
pub struct Speed {
    /// To be written.
    pub write: Duration,
    /// To be read again.
    pub read: Duration,
}

pub(super) fn nix(env: &Environment) -> Answer<NixFacts> {
    let client = NixClient::find(env).ok_or(NO_NIX)?;
    let version = answer_of(&client.nix("/", NixFeatures::AsConfigured, &["--version"]))?;
    Ok(NixFacts { version: version.trim().to_owned(), features: shown(&client) })
}

/// The features that are on. Asking takes one of them.
fn shown(client: &NixClient) -> Answer<Vec<String>> {
    match show_config(client, NixFeatures::AsConfigured) {
        Err(reason) if reason.contains("'nix-command' is disabled") => {
            let text = show_config(client, NixFeatures::Commands)?;
            Ok(features(&text)?.into_iter().filter(|feature| feature != "nix-command").collect())
        }
        text => features(&text?),
    }
}

fn show_config(client: &NixClient, features: NixFeatures) -> Answer<String> {
    let [now, before] = client.show_config("/", features);
    answer_of(&now).or_else(|_| answer_of(&before))
}

fn features(text: &str) -> Answer<Vec<String>> {
    let line = text.lines().find_map(|line| line.strip_prefix("experimental-features = "));
    let line = line.ok_or("nix names no experimental features")?;
    Ok(line.split_whitespace().map(str::to_owned).collect())
}

pub(super) fn direnv(env: &Environment, root: &Utf8Path) -> Option<Direnv> {
    if !root.join(".envrc").is_file() {
        return None;
    }
    let shell =
        env.get_str("SHELL").and_then(|shell| shell.rsplit('/').next()).unwrap_or_default().to_owned();
    let home = env.get_str("HOME").map(Utf8Path::new);
    let hook = home.and_then(|home| {
        let file = start_up_file(&shell)?;
        let text = read::text(home.join(file)).unwrap_or_default();
        Some((format!("~/{file}"), text.contains("direnv hook")))
    });
    Some(Direnv {
        installed: env.find_program("direnv").is_some(),
        // The variable's value starts with a dash.
        loaded: env.get_str("DIRENV_DIR").map(|dir| dir.trim_start_matches('-').to_owned()),
        shell,
        hook,
    })
}

fn start_up_file(shell: &str) -> Option<&'static str> {
    match shell {
        "bash" => Some(".bashrc"),
        "zsh" => Some(".zshrc"),
        "fish" => Some(".config/fish/config.fish"),
        _ => None,
    }
}

pub(super) fn installer(env: &Environment) -> Option<String> {
    let known = ["apt-get", "dnf", "pacman", "zypper", "apk", "brew"];
    known.into_iter().find(|program| env.find_program(program).is_some()).map(str::to_owned)
}

pub(super) fn places(project: &Project) -> BTreeMap<&'static str, FilledFolder> {
    let cargo_home = project.cargo.home().and_then(|home| Utf8PathBuf::from_path_buf(home).ok());
    let target = project.workspace.target_directory().to_owned();
    let mut paths = vec![("target directory", target), ("workspace", project.workspace.root().to_owned())];
    paths.extend(cargo_home.map(|path| ("cargo's home", path)));
    let nix = Utf8PathBuf::from("/nix/store");
    paths.extend(nix.exists().then_some(("Nix store", nix)));
    let mounts = fs_err::read_to_string("/proc/self/mountinfo");
    let places = paths.into_iter().map(|(name, path)| {
        let existing = existing(&path);
        let file_system = match &mounts {
            Ok(mounts) => file_system(mounts, &existing).ok_or_else(|| format!("no mount holds {existing}")),
            Err(_) => Err("this platform does not list its mounts".to_owned()),
        };
        (name, FilledFolder { free: free(&existing), file_system, path })
    });
    places.collect()
}

/// The folder itself, or the nearest one above it that is there.
fn existing(path: &Utf8Path) -> Utf8PathBuf {
    let there = path.ancestors().find(|path| path.is_dir()).unwrap_or(Utf8Path::new("/"));
    there.canonicalize_utf8().unwrap_or_else(|_| there.to_owned())
}

/// Bytes that are free for this user on a folder's file system.
///
/// # Errors
/// If the system does not say.
#[cfg(unix)]
pub fn free(path: &Utf8Path) -> Answer<u64> {
    let stat = rustix::fs::statvfs(path.as_std_path()).map_err(|error| format!("{path}: {error}"))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Bytes that are free on a folder's file system.
///
/// # Errors
/// Always.
#[cfg(not(unix))]
pub fn free(_path: &Utf8Path) -> Answer<u64> {
    Err("free space is not asked for on this platform".to_owned())
}

/// The kind of the file system that holds a folder: that of the last mount on the longest path.
fn file_system(mounts: &str, path: &Utf8Path) -> Option<String> {
    let mut best: Option<(usize, String)> = None;
    for (length, kind) in mounts.lines().filter_map(|line| holding_mount(line, path)) {
        if best.as_ref().is_none_or(|(longest, _)| length >= *longest) {
            best = Some((length, kind));
        }
    }
    best.map(|(_, kind)| kind)
}

/// The length of a mount's path, and its kind of file system; `None` if it does not hold the folder.
fn holding_mount(line: &str, folder: &Utf8Path) -> Option<(usize, String)> {
    let (before, after) = line.split_once(" - ")?;
    // Spaces in a path are written as octal numbers.
    let point = before.split(' ').nth(4)?.replace("\\040", " ");
    let kind = after.split(' ').next()?.to_owned();
    folder.starts_with(&point).then_some((point.len(), kind))
}

/// A clock that is a little off does no harm.
const TOLERANCE: Duration = Duration::from_secs(5);

/// Files of the members, and of the recipes, that are from the future.
pub(super) fn future(project: &Project) -> Answer<Vec<Utf8PathBuf>> {
    const AT_MOST: usize = 100_000;
    let limit = SystemTime::now() + TOLERANCE;
    let members = project.workspace.metadata().workspace_packages().into_iter();
    let mut open: Vec<Utf8PathBuf> =
        members.filter_map(|package| Some(package.manifest_path.parent()?.to_owned())).collect();
    open.push(project.workspace.larder_dir());
    open.retain(|folder| folder.is_dir());
    let mut seen = std::collections::BTreeSet::new();
    let mut found = Vec::new();
    let mut count = 0;
    while let Some(folder) = open.pop() {
        if !seen.insert(folder.clone()) {
            continue;
        }
        for entry in folder.read_dir_utf8().map_err(|error| format!("{folder}: {error}"))? {
            let entry = entry.map_err(|error| error.to_string())?;
            // Of the entry itself: what a symbolic link leads to is not followed.
            let Ok(data) = entry.metadata() else { continue };
            count += 1;
            if data.is_dir() {
                let skipped = ["target", ".git", "node_modules", ".direnv"];
                if !skipped.contains(&entry.file_name()) && count < AT_MOST {
                    open.push(entry.path().to_owned());
                }
            } else if data.modified().is_ok_and(|time| time > limit) {
                found.push(entry.path().to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Writes and reads small files as a build does, where builds do.
pub(super) fn speed(project: &Project) -> Answer<Speed> {
    let folder = existing(project.workspace.target_directory());
    measure(&folder).map_err(|error| format!("{folder}: {error}"))
}

/// The quickest of a few rounds: others use the machine as well.
fn measure(folder: &Utf8Path) -> std::io::Result<Speed> {
    const ROUNDS: u32 = 5;
    let scratch = tempfile::Builder::new().prefix(".larder-doctor-").tempdir_in(folder)?;
    let mut best = Speed { write: Duration::MAX, read: Duration::MAX };
    for round in 0..ROUNDS {
        let found = measure_once(&scratch.path().join(round.to_string()))?;
        best = Speed { write: best.write.min(found.write), read: best.read.min(found.read) };
    }
    Ok(best)
}

fn measure_once(folder: &std::path::Path) -> std::io::Result<Speed> {
    const FILES: u32 = 40;
    fs_err::create_dir(folder)?;
    let text = vec![b'x'; 4096];
    let files: Vec<_> = (0..FILES).map(|index| folder.join(index.to_string())).collect();
    let start = Instant::now();
    files.iter().try_for_each(|file| fs_err::write(file, &text))?;
    let written = start.elapsed();
    let start = Instant::now();
    files.iter().try_for_each(|file| fs_err::read(file).map(drop))?;
    Ok(Speed { write: written / FILES, read: start.elapsed() / FILES })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_mount_holds_a_folder() {
        let mounts = "\
22 1 0:21 / / rw,relatime - ext4 /dev/vda rw
23 22 0:22 / /net rw shared:1 - nfs4 server:/home rw
24 23 0:23 / /net/a\\040b rw - fuse.sshfs x rw
25 22 0:24 / /network rw - xfs /dev/vdb rw
";
        for (path, kind) in
            [("/srv/x", "ext4"), ("/net/x", "nfs4"), ("/net/a b/x", "fuse.sshfs"), ("/network/x", "xfs")]
        {
            assert_eq!(file_system(mounts, Utf8Path::new(path)).as_deref(), Some(kind), "{path}");
        }
    }

    #[test]
    fn features_are_read_from_what_nix_shows() {
        let text = "cores = 0\nexperimental-features = flakes nix-command\n";
        assert_eq!(features(text), Ok(vec!["flakes".to_owned(), "nix-command".to_owned()]));
        assert_eq!(features("experimental-features = \n"), Ok(vec![]));
        assert!(features("").is_err());
    }
}
