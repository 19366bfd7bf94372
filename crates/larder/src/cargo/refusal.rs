//! Why cargo refuses a call: the kind, from its own words, so that the advice names the cause.
//!
//! It must never guess: words that are not known have no kind.

use std::path::Path;

use crate::files::read;

/// The obstacle in cargo's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `Cargo.lock` would have to change.
    StaleLock,
    /// Something is not downloaded, and the network may not be used.
    Offline,
    /// A server cannot be reached.
    Network,
    /// rustc or cargo is older than a package or a file asks for.
    OldToolchain,
    /// rustup has no such toolchain.
    NoToolchain,
    /// The compiler, or a wrapper around it, cannot be started.
    NoProgram,
    /// rustc knows no such target.
    UnknownTarget,
    /// The target is described by a file.
    TargetFile,
    /// A file with credentials cannot be read.
    Credentials,
    /// A server wants to know who asks.
    LoggedOut,
    /// A git dependency's submodule cannot be had.
    Submodule,
    /// A git repository lacks the branch, tag or revision.
    GitReference,
    /// A git repository is not there.
    GitRepository,
    /// A configuration names no such registry.
    NoRegistry,
    /// The folder of vendored sources is not there.
    NoVendor,
    /// A submodule of this repository is not checked out.
    OwnSubmodule,
    /// A manifest is not there.
    NoManifest,
    /// A package is not what `Cargo.lock` says it is.
    Checksum,
    /// No version fits.
    NoVersion,
    /// A profile is not defined.
    NoProfile,
    /// The call names a feature, package, target or option that there is not.
    Arguments,
    /// The disk is full.
    DiskFull,
    /// A file may not be read.
    Forbidden,
    /// A manifest or a configuration is not right.
    BrokenFile,
}

use Refusal::{
    Arguments, BrokenFile, Checksum, Credentials, DiskFull, Forbidden, GitReference, GitRepository,
    LoggedOut, Network, NoManifest, NoProfile, NoProgram, NoRegistry, NoToolchain, NoVendor, NoVersion,
    Offline, OldToolchain, OwnSubmodule, StaleLock, Submodule, TargetFile, UnknownTarget,
};

/// Words that only one kind of refusal has. The first that fit count, so causes come before what follows from them.
const WORDS: [(Refusal, &[&str]); 24] = [
    (StaleLock, &["because --locked was passed", "needs to be updated but --locked was passed"]),
    (DiskFull, &["No space left on device"]),
    (
        Credentials,
        &["credentials.toml", "/.cargo/credentials", "failed to parse credential", "credential provider `"],
    ),
    (
        LoggedOut,
        &[
            "no token found",
            "failed to authenticate",
            "authentication required",
            "got 401",
            "got 403",
            "Permission denied (publickey",
            "Authentication failed",
            "token rejected",
            "no authentication methods succeeded",
            "could not read Username",
        ],
    ),
    (Submodule, &["failed to update submodule"]),
    (
        GitReference,
        &[
            "failed to find branch",
            "failed to find tag",
            "revspec '",
            "couldn't find remote ref",
            "object not found - no match for id",
            "not our ref",
        ],
    ),
    (
        Offline,
        &[
            "you're using offline mode",
            "you are in the offline mode",
            "you are offline",
            "but --offline was specified",
            "without the network",
        ],
    ),
    (
        // cargo takes a folder that is not there for a network error as well, and tries again.
        GitRepository,
        &["failed to resolve path '", "does not appear to be a git repository", "Repository not found"],
    ),
    (
        Network,
        &[
            "spurious network error",
            "network failure seems to have happened",
            "Could not resolve host",
            "Couldn't resolve host",
            "could not resolve host",
            "Could not connect to server",
            "Couldn't connect to server",
            "Failed to connect to",
            "failed to connect to",
            "Could not resolve proxy",
            "Couldn't resolve proxy",
            "failed to resolve address",
            "Temporary failure in name resolution",
            "Connection refused",
            "Connection timed out",
            "Operation timed out",
            "Timeout was reached",
            "Network is unreachable",
            "SSL connect error",
            "SSL peer certificate",
            "failed to download from",
            "failed to get successful HTTP response",
        ],
    ),
    (GitRepository, &["failed to clone into"]),
    (NoToolchain, &["error: toolchain '"]),
    (
        OldToolchain,
        &[
            "is not supported by the following package",
            "or newer, while the currently active rustc version is",
            "this version of Cargo is older than",
            "this version of Cargo does not understand this lock file",
            // The same of a cargo that could read it once it is told to, such as 1.75 of version 4.
            "requires `-Znext-lockfile-bump`",
            "feature `edition2024` is required",
            "is not supported in this version of Cargo",
        ],
    ),
    (TargetFile, &["target specs require -Zjson-target-spec"]),
    (UnknownTarget, &["could not find specification for target", "error loading target specification"]),
    (NoProgram, &["could not execute process"]),
    (NoRegistry, &["registry index was not found in any configuration"]),
    (NoVendor, &["failed to read root of directory source"]),
    (Checksum, &["changed between lock files"]),
    (NoProfile, &["error: profile `"]),
    (
        Arguments,
        &[
            "does not contain this feature",
            "do not contain these features",
            "contains these features",
            "contains this feature",
            "did not match any packages",
            "target named `",
            "error: unexpected argument",
            "no library targets found",
        ],
    ),
    (NoVersion, &["failed to select a version", "no matching package named"]),
    (Forbidden, &["Permission denied (os error 13)"]),
    (
        BrokenFile,
        &[
            "failed to parse manifest",
            "could not parse TOML",
            "TOML parse error",
            "failed to parse lock file",
        ],
    ),
    (BrokenFile, &["could not load Cargo configuration"]),
];

impl Refusal {
    /// The kind of what cargo said; `None` if it is not known.
    pub(crate) fn parse(stderr: &str) -> Option<Self> {
        if let Some(manifest) = missing_manifest(stderr) {
            return Some(if is_in_submodule(manifest) { OwnSubmodule } else { NoManifest });
        }
        let fits = |(_, words): &&(Self, &[&str])| words.iter().any(|words| stderr.contains(words));
        WORDS.iter().find(fits).map(|(kind, _)| *kind)
    }

    /// The user's remedy.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            StaleLock => "Cargo.lock is out of date: run `cargo update --workspace`, or drop --locked",
            Offline => {
                "run `cargo fetch` once with the network, or drop --offline and `net.offline` of cargo's configuration"
            }
            Network => {
                "connect to the network, or run `cargo fetch` once where there is one: after that none is needed"
            }
            OldToolchain => {
                "use a newer toolchain (`rustup update`, `channel` in rust-toolchain.toml), or older versions of the \
                 packages that cargo names"
            }
            NoToolchain => "install the toolchain that rustup names with `rustup toolchain install`",
            NoProgram => {
                "install the program that cargo names, or correct its path in `.cargo/config.toml` or the environment"
            }
            UnknownTarget => "correct the target: `rustc --print target-list` prints all of them",
            TargetFile => {
                "name a target that rustc has (`rustc --print target-list`), or leave this build to cargo alone: remove \
                 the slice, or set `find = false` in [workspace.metadata.larder] if Larder found it"
            }
            Credentials => "repair the credentials that cargo names, or write them anew with `cargo login`",
            LoggedOut => {
                "log in: `cargo login` for a registry, an SSH agent or `net.git-fetch-with-cli = true` for git"
            }
            Submodule => {
                "make the submodule that cargo names available: check its address in `.gitmodules` of the dependency, \
                 and your access to it"
            }
            GitReference => {
                "correct `branch`, `tag` or `rev` of the git dependency that cargo names, or take what is there now with \
                 `cargo update` for that package"
            }
            GitRepository => "correct the address of the git dependency that cargo names",
            NoRegistry => "name the registry in `.cargo/config.toml`: `[registries.NAME]` with its `index`",
            NoVendor => "run `cargo vendor`, or correct the folder of the source in `.cargo/config.toml`",
            OwnSubmodule => {
                "run `git submodule update --init --recursive`: the missing manifest is in a submodule"
            }
            NoManifest => "restore the missing folder, or correct the `path` or `members` that names it",
            Checksum => "restore Cargo.lock, or check the source that replaces the registry",
            NoVersion => "correct the dependency that cargo names in the manifest",
            NoProfile => "add the profile to the root manifest, or correct the slice's `args`",
            Arguments => "fix the manifest, or the slice's `args`, and try again",
            DiskFull => "free some disk space",
            Forbidden => "make the file that cargo names readable",
            BrokenFile => "fix the file that cargo names",
        }
    }
}

/// The manifest that cargo looked for and that is not there.
fn missing_manifest(stderr: &str) -> Option<&Path> {
    let (_, rest) = stderr.split_once("failed to read `")?;
    let (path, after) = rest.split_once('`')?;
    let is_missing = after.contains("No such file or directory") && path.ends_with("Cargo.toml");
    is_missing.then_some(Path::new(path))
}

/// Whether a repository above the file declares the folder as a submodule.
fn is_in_submodule(file: &Path) -> bool {
    file.ancestors().skip(1).any(|folder| {
        let text = read::text(folder.join(".gitmodules")).unwrap_or_default();
        let paths =
            text.lines().filter_map(|line| line.trim().strip_prefix("path")?.trim_start().strip_prefix('='));
        paths.map(str::trim).any(|path| !path.is_empty() && file.starts_with(folder.join(path)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_counts_and_not_what_follows_from_it() {
        let cases = [
            (
                "error: rustc 1.95.0 is not supported by the following package:\n  a@0.1.0 requires rustc 1.99",
                OldToolchain,
            ),
            (
                "error: failed to parse lock file at: /x/Cargo.lock\n\nCaused by:\n  lock file version 4 requires \
                 `-Znext-lockfile-bump`",
                OldToolchain,
            ),
            (
                "error: failed to get `g` as a dependency\n\nCaused by:\n  unable to update file:///r?branch=nope\n\n\
                 Caused by:\n  failed to find branch `nope`",
                GitReference,
            ),
            (
                "  failed to clone into: /h/git/db/x\n\nCaused by:\n  failed to connect to 127.0.0.1: Connection refused",
                Network,
            ),
            (
                "  failed to clone into: /h/git/db/x\n\nCaused by:\n  failed to resolve path '/r'",
                GitRepository,
            ),
            (
                "error: no matching package named `itoa` found\nAs a reminder, you're using offline mode (--offline) \
                 which can sometimes cause surprising resolution failures",
                Offline,
            ),
            ("error: failed to select a version for the requirement `itoa = \"^99\"`", NoVersion),
            (
                "  failed to update submodule `vendor/x`\n\nCaused by:\n  failed to resolve address for git.invalid",
                Submodule,
            ),
            ("error: the package 'a' does not contain this feature: nope", Arguments),
            ("error: `.json` target specs require -Zjson-target-spec", TargetFile),
            ("error: no bin target named `nope` in default-run packages", Arguments),
            (
                "error: cannot update the lock file /x/Cargo.lock because --locked was passed to prevent this",
                StaleLock,
            ),
            (
                "error: failed to parse manifest at `/x`\n\nCaused by:\n  registry index was not found in any configuration: `n`",
                NoRegistry,
            ),
            ("  could not parse TOML configuration in `/h/.cargo/credentials.toml`", Credentials),
            (
                "  failed to read `/x/sub/Cargo.toml`\n\nCaused by:\n  No such file or directory (os error 2)",
                NoManifest,
            ),
        ];
        for (said, kind) in cases {
            assert_eq!(Refusal::parse(said), Some(kind), "{said}");
        }
        assert_eq!(Refusal::parse("error: something new"), None);
    }

    #[test]
    fn a_submodule_that_is_not_checked_out_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let declared = "[submodule \"lib\"]\n\tpath = third/lib\n\turl = https://git.example/lib\n";
        fs_err::write(folder.path().join(".gitmodules"), declared).unwrap();
        for (below, kind) in [("third/lib/core", OwnSubmodule), ("third/libs", NoManifest)] {
            let path = folder.path().join(below).join("Cargo.toml");
            let said = format!(
                "failed to read `{}`\n\nCaused by:\n  No such file or directory (os error 2)",
                path.display()
            );
            assert_eq!(Refusal::parse(&said), Some(kind), "{below}");
        }
    }
}
