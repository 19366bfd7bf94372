//! Slices: the cargo invocations a project runs again and again.
//!
//! [`all`] is the one entry. Slices are *found* from a project's own files ([`leptos`], `trunk`, `dx`, or the release build
//! of the default members) or *written* down by the user ([`written`]), and
//! [`observed`] helps with the writing. A slice never carries anything of this
//! machine: no absolute path, no variable of the process environment.

mod broken;
mod call;
pub(crate) mod configured;
pub mod driver;
mod dx;
mod environment;
mod folder_config;
mod invocation;
pub mod leptos;
mod name;
pub mod observed;
mod predicted;
mod refused;
mod target_dir;
pub(crate) mod trunk;
pub mod written;
pub mod written_down;

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{
    Package, Target,
    camino::{Utf8Path, Utf8PathBuf},
};

pub use broken::Broken;
pub use name::Name;
pub use refused::Refused;
pub use target_dir::TargetDir;

use crate::{
    cargo::{
        Cargo,
        settings_files::{CONFIGURATION_OF_FOLDER, TOOLCHAIN},
    },
    error::{Error, Result},
    settings::Settings,
    workspace::Workspace,
};
pub use call::{Origin, Slice, TARGET_MARKER, Variant};

/// All slices of a workspace, sorted by name, and the projects of frameworks that give none.
pub fn all(cargo: &Cargo, workspace: &Workspace, settings: &Settings) -> (Vec<Slice>, Vec<Broken>) {
    let mut slices = BTreeMap::new();
    let mut broken = Vec::new();
    if settings.find {
        let found;
        (found, broken) = found_in(cargo, workspace);
        slices.extend(found.into_iter().map(|slice| (slice.name.clone(), slice)));
    }
    let written = settings.slices.iter();
    // Names were checked with the rest of the settings.
    let written = written.filter_map(|(name, slice)| Some((Name::new(name).ok()?, slice)));
    slices.extend(written.map(|(name, slice)| (name.clone(), slice.clone().into_slice(name))));
    (slices.into_values().collect(), broken)
}

fn found_in(cargo: &Cargo, workspace: &Workspace) -> (Vec<Slice>, Vec<Broken>) {
    let (mut slices, mut broken) = leptos::find(workspace);
    let has_leptos = !slices.is_empty() || !broken.is_empty();
    let mut fronts: BTreeSet<String> = leptos::libraries(workspace).collect();
    for find in [trunk::find, dx::find] {
        let found = find(cargo, workspace, &fronts);
        slices.extend(found.slices);
        broken.extend(found.broken);
        fronts.extend(found.packages);
    }
    if !has_leptos && broken.is_empty() {
        slices.extend(release_beside(workspace, &fronts));
    }
    (slices, broken)
}

/// Everything beside manifests and the root's configuration that slices are found from, there or not: pages, settings
/// of frameworks, and cargo's in the folders that these are called in.
pub(crate) fn files(workspace: &Workspace) -> Vec<Utf8PathBuf> {
    let of_cargo = [CONFIGURATION_OF_FOLDER, TOOLCHAIN].concat();
    let mut files = Vec::new();
    for (folder, package) in trunk::folders(workspace) {
        let below: Vec<&Utf8Path> =
            folder.ancestors().take_while(|above| !workspace.root().starts_with(above)).collect();
        let of_dx = below.iter().copied().chain([workspace.root()]).flat_map(dx::files);
        let own: Vec<Utf8PathBuf> = trunk::config::files(folder, package).into_iter().chain(of_dx).collect();
        if own.iter().any(|file| file.is_file()) {
            files.extend(below.iter().flat_map(|folder| of_cargo.iter().map(|name| folder.join(name))));
        }
        files.extend(own);
    }
    files
}

/// The named slices, or those of the variant if no name is given.
///
/// # Errors
/// [`Error::NoSlice`] for an unknown name, and for a variant without slices.
pub fn select<'a>(slices: &'a [Slice], names: &[String], variant: Variant) -> Result<Vec<&'a Slice>> {
    if names.is_empty() {
        let chosen: Vec<_> = slices.iter().filter(|slice| slice.variant == variant).collect();
        if chosen.is_empty() {
            let name =
                format!("(any of the {} variant)", if variant == Variant::Dev { "dev" } else { "release" });
            return Err(Error::NoSlice { name, known: known_names(slices) });
        }
        return Ok(chosen);
    }
    let named = names.iter().map(|name| {
        let slice = slices.iter().find(|slice| slice.name == *name);
        slice.ok_or_else(|| Error::NoSlice { name: name.clone(), known: known_names(slices) })
    });
    named.collect()
}

fn known_names(slices: &[Slice]) -> Vec<String> {
    slices.iter().map(|slice| slice.name.to_string()).collect()
}

/// The release build of the default members that no framework builds for browsers; `None` if it leaves no program.
fn release_beside(workspace: &Workspace, fronts: &BTreeSet<String>) -> Option<Slice> {
    if fronts.is_empty() {
        return Some(default_release());
    }
    let members = workspace.metadata().workspace_default_packages();
    let is_front = |package: &&Package| fronts.contains(package.name.as_str());
    let others: Vec<&Package> = members.iter().copied().filter(|package| !is_front(package)).collect();
    if !others.iter().any(|package| package.targets.iter().any(Target::is_bin)) {
        return None;
    }
    let mut slice = default_release();
    if others.len() < members.len() {
        let mut names: Vec<String> =
            others.iter().map(|package| format!("--package={}", package.name)).collect();
        names.sort();
        slice.args.extend(names);
    }
    Some(slice)
}

fn default_release() -> Slice {
    Slice {
        name: Name::known("release"),
        origin: Origin::Default,
        variant: Variant::Release,
        args: vec!["build".into(), "--release".into()],
        target_dir: TargetDir::default(),
        rustflags: Vec::new(),
        env: BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    fn slice(line: &str) -> Slice {
        Slice { args: words(line), ..default_release() }
    }

    #[test]
    fn the_target_marker_is_filled_in() {
        let mut slice = default_release();
        slice.env.insert("SITE".into(), "<target>/site".into());
        assert_eq!(slice.environment("/p/target").get_str("SITE"), Some("/p/target/site"));
    }

    #[test]
    fn what_follows_the_separator_is_not_cargos() {
        let slice = Slice { args: words("clippy --release -- -Dwarnings"), ..default_release() };
        assert_eq!(slice.cargo_args(), words("clippy --release"));
    }

    #[test]
    fn clippy_plans_as_check_does() {
        let slice =
            Slice { args: words("clippy --no-deps --all-targets -- -Dwarnings"), ..default_release() };
        assert_eq!(slice.planned_args(), words("check --all-targets"));
        assert_eq!(default_release().planned_args(), words("build --release"));
    }

    #[test]
    fn options_that_check_does_not_take_are_clippys_own() {
        let fixing = "clippy --fix --allow-dirty --allow-staged --allow-no-vcs --broken-code -rp al -- -Wx";
        assert_eq!(slice(fixing).planned_args(), words("check -rp al"));
        assert_eq!(slice("clippy --fix --edition").planned_args(), words("check --all-targets"));
        assert_eq!(slice("clippy --fix --edition-idioms --bin a").planned_args(), words("check --bin a"));
        for other in ["rustc -qr --lib", "test --release", "check -p a", "bench --no-run"] {
            assert_eq!(slice(other).planned_args(), words(other));
        }
    }

    #[test]
    fn how_much_cargo_says_makes_no_other_call() {
        assert!(slice("build -v --release").same_invocation(&slice("build --release --quiet")));
        assert!(!slice("build --release").same_invocation(&slice("build")));
        assert!(!slice("clippy -- -Dwarnings").same_invocation(&slice("clippy")));
    }

    #[test]
    fn another_spelling_makes_no_other_call() {
        let one = slice("build --package=al --release --features=a");
        assert!(slice("build -vrpal -F a").same_invocation(&one));
        assert!(!slice("build -vrpal").same_invocation(&one));
    }

    #[test]
    fn unknown_names_are_refused_with_the_known_ones() {
        let error = select(&[default_release()], &["x".into()], Variant::Release).unwrap_err();
        assert_eq!(error.to_string(), "no slice named `x`; there are: release");
    }
}
