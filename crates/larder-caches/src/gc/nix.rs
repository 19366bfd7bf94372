//! Garbage in the Nix store, counted and collected by Nix's own commands.
//!
//! Nothing is ever deleted here by hand: only Nix knows what is alive. Its dry run counts paths and not bytes, so
//! the bytes are those of the paths it names, plus what old generations alone keep alive.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use larder::{
    error::Result,
    nix::NixClient,
    process::{Cmd, Environment},
};

use super::{
    measure::DeletionTally,
    row::{CacheKind, ClearingWork, FreedWording, Row},
};

/// Which generations of profiles go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generations {
    /// All but the current one of each profile: `nix-collect-garbage -d`.
    Old,
    /// Those that have not been current for this long: `--delete-older-than`.
    OlderThan(Duration),
}

impl Generations {
    /// Nix counts in whole days; what is cut off is added.
    fn words(self) -> Vec<String> {
        const DAY: u64 = 24 * 60 * 60;
        match self {
            Self::OlderThan(age) if !age.is_zero() => {
                vec!["--delete-older-than".into(), format!("{}d", age.as_secs().div_ceil(DAY))]
            }
            Self::Old | Self::OlderThan(_) => vec!["--delete-old".into()],
        }
    }
}

/// The row of the Nix store.
pub fn plan(env: &Environment, generations: Generations) -> Row {
    let Some(nix) = NixClient::find_collecting(env) else {
        return Row::missing(CacheKind::Nix, "/nix/store", "PATH has no nix-collect-garbage");
    };
    let words = generations.words();
    let collect = nix.collect("/", &[]).args(words.iter().map(String::as_str));
    match dead(&nix, &collect) {
        Ok((paths, versions)) => {
            let mut tally = DeletionTally::with_pool();
            let bytes = paths.iter().map(|path| tally.add(path)).sum();
            let store = paths.first().and_then(|path| path.parent()).unwrap_or(Path::new("/nix/store"));
            let what = format!("dead paths, with {versions} old generations ({})", words.join(" "));
            let work = if paths.is_empty() && versions == 0 {
                ClearingWork::Nothing
            } else {
                ClearingWork::Program(collect, FreedWording::Nix)
            };
            Row {
                cache: CacheKind::Nix,
                place: store.display().to_string(),
                what,
                entries: paths.len(),
                bytes,
                missing: None,
                work,
            }
        }
        Err(error) => Row::missing(CacheKind::Nix, "/nix/store", error.to_string()),
    }
}

/// The paths that go, and how many generations.
fn dead(nix: &NixClient, collect: &Cmd) -> Result<(BTreeSet<PathBuf>, usize)> {
    let mut old = Old::default();
    let dry = collect.clone().arg("--dry-run");
    let code = dry.each_error_line(|line| old.add(line))?;
    if code != 0 {
        return Err(dry.exit_error(code));
    }
    let mut paths = paths_in(&nix.store("/", &["--gc", "--print-dead"]).output()?);
    if !old.links.is_empty() {
        let roots = nix.store("/", &["--gc", "--print-roots"]).output()?;
        let (going, staying) = old.split(&roots);
        let kept = closure(nix, &staying)?;
        paths.extend(closure(nix, &going)?.into_iter().filter(|path| !kept.contains(path)));
    }
    Ok((paths, old.links.len()))
}

/// Everything that some paths need.
fn closure(nix: &NixClient, targets: &BTreeSet<&str>) -> Result<BTreeSet<PathBuf>> {
    if targets.is_empty() {
        return Ok(BTreeSet::new());
    }
    let query = nix.store("/", &["--query", "--requisites"]).args(targets.iter().copied());
    Ok(paths_in(&query.output()?))
}

fn paths_in(text: &str) -> BTreeSet<PathBuf> {
    text.lines().map(PathBuf::from).collect()
}

/// The generations that a dry run says it would remove.
#[derive(Debug, Default)]
struct Old {
    profile: String,
    links: BTreeSet<String>,
}

impl Old {
    fn add(&mut self, line: &str) {
        if let Some(profile) = line.strip_prefix("removing old generations of profile ") {
            profile.trim_matches(['\'', '"']).clone_into(&mut self.profile);
        } else if let Some(version) = line.strip_prefix("would remove profile version ") {
            self.links.insert(format!("{}-{}-link", self.profile, version.trim()));
        }
    }

    /// The targets of roots: of those that go, and of the rest.
    fn split<'a>(&self, roots: &'a str) -> (BTreeSet<&'a str>, BTreeSet<&'a str>) {
        let mut split = (BTreeSet::new(), BTreeSet::new());
        for (root, target) in roots.lines().filter_map(|line| line.split_once(" -> ")) {
            let side = if self.links.contains(root) { &mut split.0 } else { &mut split.1 };
            side.insert(target.trim());
        }
        split
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_whole_days_and_never_shorter_than_asked_for() {
        let [none, day_and_hour, week] =
            [0, 25, 7 * 24].map(|hours| Generations::OlderThan(Duration::from_hours(hours)).words());
        assert_eq!(week, ["--delete-older-than", "7d"]);
        assert_eq!(day_and_hour, ["--delete-older-than", "2d"]);
        assert_eq!(none, Generations::Old.words());
    }

    #[test]
    fn roots_are_split_by_what_the_dry_run_says() {
        let mut old = Old::default();
        old.add("removing old generations of profile /nix/var/nix/profiles/per-user/me/profile");
        old.add("would remove profile version 41");
        let roots = "/nix/var/nix/profiles/per-user/me/profile-41-link -> /nix/store/a\n\
                     /nix/var/nix/profiles/per-user/me/profile-42-link -> /nix/store/b\n{censored} -> /nix/store/c";
        let (going, staying) = old.split(roots);
        assert_eq!(going, ["/nix/store/a"].into());
        assert_eq!(staying, ["/nix/store/b", "/nix/store/c"].into());
    }
}
