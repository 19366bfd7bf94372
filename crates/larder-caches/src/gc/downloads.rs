//! cargo's downloads, in `CARGO_HOME`, cleared by cargo's own collector, which knows when each was last used.
//!
//! `CARGO_HOME` is shared by all projects of a user. cargo clears it by itself once a day since 1.88; its command
//! for doing so at once is behind a switch, which is on for this call alone.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use larder::{
    Report,
    cargo::Cargo,
    error::{Error, Result},
    process::Cmd,
    target_dir::locks,
};

use super::{
    measure::DeletionTally,
    program,
    row::{CacheKind, ClearingWork, Freed, FreedWording, Row},
};

/// The downloads to delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Downloads {
    /// Everything.
    All,
    /// Everything unused for this long.
    OlderThan(Duration),
    /// The downloads that cargo itself would clear: those unused for three months, and what was unpacked from them and
    /// not used for one.
    AsCargo,
}

impl Downloads {
    fn words(self) -> Vec<String> {
        let (downloaded, unpacked) = match self {
            Self::All => ("0 seconds".to_owned(), "0 seconds".to_owned()),
            Self::OlderThan(age) => {
                let age = format!("{} seconds", age.as_secs());
                (age.clone(), age)
            }
            Self::AsCargo => ("3 months".to_owned(), "1 month".to_owned()),
        };
        vec![
            format!("--max-download-age={downloaded}"),
            format!("--max-src-age={unpacked}"),
            format!("--max-git-co-age={unpacked}"),
        ]
    }

    fn describe(self) -> String {
        match self {
            Self::All => "everything".to_owned(),
            Self::OlderThan(age) => format!("unused for {}", humantime::format_duration(age)),
            Self::AsCargo => "unused for 3 months, unpacked sources for 1 month".to_owned(),
        }
    }
}

/// The row of `CARGO_HOME`.
pub fn plan(cargo: &Cargo, downloads: Downloads) -> Row {
    let place = cargo.home().map_or_else(|| "CARGO_HOME".to_owned(), |home| home.display().to_string());
    let cmd = collector(cargo).args(downloads.words());
    if let Some(lock) = cargo.home().and_then(|home| locks::held(&locks_in(&home))) {
        return Row::missing(CacheKind::Downloads, place, Error::InUse { path: lock }.to_string());
    }
    match listed(&cmd) {
        Ok((entries, bytes)) => Row {
            cache: CacheKind::Downloads,
            place,
            what: downloads.describe(),
            entries,
            bytes,
            missing: None,
            work: if entries == 0 {
                ClearingWork::Nothing
            } else {
                ClearingWork::Program(cmd, FreedWording::Cargo)
            },
        },
        Err(error) => Row::missing(CacheKind::Downloads, place, why_not(&error)),
    }
}

/// The locks that cargo's collector waits for: every build of this user holds the first one, as long as it runs.
fn locks_in(home: &Path) -> Vec<PathBuf> {
    [".package-cache-mutate", ".package-cache"].iter().map(|name| home.join(name)).collect()
}

/// Waits until no build uses the downloads, so that cargo's collector, which waits without end, starts at once.
///
/// # Errors
/// [`Error::InUse`] if one still does after `patience`.
pub(super) fn wait(cargo: &Cargo, patience: Duration, report: &dyn Report) -> Result<()> {
    let locks = cargo.home().map(|home| locks_in(&home)).unwrap_or_default();
    locks::take_all(|| Ok(locks.clone()), patience, report).map(drop)
}

fn collector(cargo: &Cargo) -> Cmd {
    Cmd::new(cargo.program(), "/", cargo.env())
        .args(["clean", "gc", "-Zgc", "--color=never"])
        .env("RUSTC_BOOTSTRAP", "1")
}

/// How many files and folders a dry run names, and the space they take.
fn listed(cmd: &Cmd) -> Result<(usize, u64)> {
    let named = named(cmd)?;
    Ok((named.len(), named.iter().map(|(_, bytes)| bytes).sum()))
}

/// The files and folders that a dry run names, each with the space that it takes on disk.
fn named(cmd: &Cmd) -> Result<Vec<(PathBuf, u64)>> {
    let answer = cmd.clone().args(["--dry-run", "--verbose"]).output()?;
    let named: BTreeSet<PathBuf> =
        answer.lines().map(PathBuf::from).filter(|path| path.is_absolute()).collect();
    let mut tally = DeletionTally::default();
    Ok(named.into_iter().map(|path| (path.clone(), tally.add_one(&path))).collect())
}

/// Runs the collector. The space that came free is measured like the plan: cargo itself counts what readers see of
/// files, and no folders.
pub(super) fn run(cmd: &Cmd, answer: FreedWording) -> Freed {
    let before = named(cmd).unwrap_or_default();
    let freed = program::run(cmd, answer);
    let gone = before.iter().filter(|(path, _)| path.symlink_metadata().is_err());
    Freed { bytes: gone.map(|(_, bytes)| bytes).sum(), ..freed }
}

fn why_not(error: &Error) -> String {
    match error {
        Error::Failed { stderr, .. } if stderr.contains("unrecognized subcommand") => {
            "this cargo has no collector of its own; from 1.88 on it clears what is long unused by itself"
                .into()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_sizes_are_said_in_cargos_words() {
        assert_eq!(Downloads::OlderThan(Duration::from_mins(1)).words()[0], "--max-download-age=60 seconds");
        assert_eq!(Downloads::AsCargo.words()[1], "--max-src-age=1 month");
    }
}
