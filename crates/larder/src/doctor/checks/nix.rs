//! Nix and direnv. Without Nix there is nothing to check; nor is there if no flake needs it.

use super::{super::facts::Direnv, install::install};
use crate::{
    doctor::{
        facts::Facts,
        finding::{Finding, Verdict},
        version::Version,
    },
    git::Tracked,
};

/// The releases without CVE-2026-44028 (unbounded recursion while archives are read: root, for whoever may talk to
/// the daemon), oldest first. They also are without CVE-2024-27297 and its second half, CVE-2026-39860.
const NIX: [Version; 7] = [
    Version(2, 28, 7),
    Version(2, 29, 4),
    Version(2, 30, 5),
    Version(2, 31, 5),
    Version(2, 32, 8),
    Version(2, 33, 6),
    Version(2, 34, 7),
];
/// The same for Lix; the first two never had that hole, and are without CVE-2025-46415.
const LIX: [Version; 5] =
    [Version(2, 91, 2), Version(2, 92, 2), Version(2, 93, 4), Version(2, 94, 2), Version(2, 95, 2)];
/// The first releases that read archives in the way that CVE-2026-44028 is about; older ones have other holes.
const DEEP_ARCHIVES: [Version; 2] = [Version(2, 24, 4), Version(2, 93, 0)];

/// Whether a release has what one of the fixed ones of its line has.
fn is_mended(version: Version, fixed: &[Version]) -> bool {
    let newest = fixed.iter().max().copied().unwrap_or(version);
    if version.line() > newest.line() {
        return true;
    }
    fixed.iter().any(|fixed| fixed.line() == version.line() && version >= *fixed)
}

fn as_used(facts: &Facts, finding: Finding) -> Finding {
    match finding.verdict {
        Verdict::Problem | Verdict::Warning if !facts.uses_nix => {
            Finding::skipped(format!("no flake.nix here needs it; {}", finding.reason))
        }
        _ => finding,
    }
}

pub(super) fn version(facts: &Facts) -> Finding {
    let nix = match &facts.nix {
        Ok(nix) => nix,
        Err(reason) => return Finding::skipped(reason),
    };
    let Some(version) = Version::find(&nix.version) else {
        return Finding::skipped(format!("`{}` is no version that can be read", nix.version));
    };
    let [nix_line, lix_line] = DEEP_ARCHIVES;
    let (name, fixed, deep) =
        if nix.version.contains("Lix") { ("Lix", &LIX[..], lix_line) } else { ("Nix", &NIX[..], nix_line) };
    if is_mended(version, fixed) {
        return Finding::ok(format!("{name} {version}"));
    }
    let newest = fixed.iter().max().map(ToString::to_string).unwrap_or_default();
    let hole = if version >= deep { "CVE-2026-44028" } else { "CVE-2025-46415" };
    let finding = Finding::problem(
        format!(
            "{name} {version} has vulnerabilities fixed in {newest}, such as {hole}: users of its daemon can exploit them, unless the distribution has backported the fix"
        ),
        "sudo nix upgrade-nix",
    );
    as_used(facts, finding)
}

pub(super) fn flakes(facts: &Facts) -> Finding {
    let nix = match &facts.nix {
        Ok(nix) => nix,
        Err(reason) => return Finding::skipped(reason),
    };
    let features = match &nix.features {
        Ok(features) => features,
        Err(reason) => return Finding::skipped(reason),
    };
    let missing: Vec<&str> = ["nix-command", "flakes"]
        .into_iter()
        .filter(|name| !features.iter().any(|found| found == name))
        .collect();
    if missing.is_empty() {
        return Finding::ok("nix-command and flakes are on");
    }
    let finding = Finding::problem(
        format!("not on: {}", missing.join(" and ")),
        "mkdir -p ~/.config/nix && echo 'extra-experimental-features = nix-command flakes' >> ~/.config/nix/nix.conf",
    );
    as_used(facts, finding)
}

/// A flake in a git repository sees only what git knows, and says nothing about the rest.
pub(super) fn committed(facts: &Facts) -> Finding {
    if !facts.uses_nix {
        return Finding::skipped("there is no flake.nix");
    }
    let git = match &facts.git {
        Ok(git) => git,
        Err(reason) => return Finding::skipped(reason),
    };
    let unknown =
        |tracked: &Result<Tracked, String>| matches!(tracked, Ok(Tracked::Untracked | Tracked::Ignored));
    let files = [("flake.nix", &git.flake), ("larder", &git.recipes)];
    let unknown: Vec<&str> =
        files.iter().filter(|(_, tracked)| unknown(tracked)).map(|(name, _)| *name).collect();
    if unknown.is_empty() {
        return Finding::ok("git knows them");
    }
    Finding::problem(
        format!("git does not know {}, so the flake does not see it", unknown.join(" and ")),
        format!("git add {}", unknown.join(" ")),
    )
}

pub(super) fn direnv(facts: &Facts) -> Finding {
    let Some(direnv) = &facts.direnv else { return Finding::skipped("there is no .envrc") };
    if !direnv.installed {
        return Finding::warning(
            "there is an .envrc and no `direnv` on PATH",
            install(facts, "direnv", "direnv"),
        );
    }
    if let Some(folder) = direnv.loaded.as_ref().filter(|folder| facts.root.starts_with(folder)) {
        return Finding::ok(format!("{folder} is loaded in this shell"));
    }
    let Direnv { shell, hook, .. } = direnv;
    match hook {
        Some((_, true)) => {
            Finding::warning("it is hooked into the shell, and this folder is not loaded", "direnv allow")
        }
        Some((file, false)) => Finding::warning(
            format!("{file} does not hook it in"),
            match shell.as_str() {
                "fish" => format!("echo 'direnv hook fish | source' >> {file}"),
                shell => format!("echo 'eval \"$(direnv hook {shell})\"' >> {file}"),
            },
        ),
        None => Finding::skipped(format!("it is not known where the shell `{shell}` would hook it in")),
    }
}
