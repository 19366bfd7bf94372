//! The steps of `cargo xtask test`, each with everything that it uses.
//!
//! `cargo xtask fresh` runs every step alone on a machine that has nothing, so that no step can lean on what another
//! one has set up. Nothing here may look at the machine.

use crate::setup::requirement::Requirement;

/// A part of the tests that can be run alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Step {
    /// The set-up of all tests, on a Debian that has nothing.
    Fresh,
    /// Formatting, house rules, lints, documentation, generated files, Nix files, licences; with `--full` also lints for
    /// Windows.
    Static,
    /// The archives that a registry gets, built outside of the repository.
    Archives,
    /// The committed recipes and the Dockerfile of the example, and Larder's own recipe.
    Recipes,
    /// The example's debug build, with no external unit compiled after cooking.
    Dev,
    /// The example's release build, likewise.
    Release,
    /// A Leptos workspace that `init` brings up.
    Init,
    /// A build that wasm-pack drives, observed and cooked; with `--full` also those of trunk and dx.
    WasmPack,
    /// Repositories of many kinds from `init` to a clone that builds.
    Trials,
    /// Images: a day's scenarios, secrets, caches, the example's image, its container and its deployment.
    Images,
    /// The example built by Nix.
    Nix,
    /// `cargo test` of the whole workspace.
    Cargo,
}

impl Step {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 12] = [
        Self::Fresh,
        Self::Static,
        Self::Archives,
        Self::Recipes,
        Self::Dev,
        Self::Release,
        Self::Init,
        Self::WasmPack,
        Self::Trials,
        Self::Images,
        Self::Nix,
        Self::Cargo,
    ];

    /// Its name on the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Static => "static",
            Self::Archives => "archives",
            Self::Recipes => "recipes",
            Self::Dev => "dev",
            Self::Release => "release",
            Self::Init => "init",
            Self::WasmPack => "wasm-pack",
            Self::Trials => "trials",
            Self::Images => "images",
            Self::Nix => "nix",
            Self::Cargo => "cargo",
        }
    }

    /// Its name in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fresh => "set-up on a fresh machine",
            Self::Static => "static checks",
            Self::Archives => "archives for a registry",
            Self::Recipes => "recipes and Dockerfiles",
            Self::Dev => "the example, debug",
            Self::Release => "the example, release",
            Self::Init => "a Leptos workspace by init",
            Self::WasmPack => "wasm-pack observed",
            Self::Trials => "repositories of many kinds",
            Self::Images => "images",
            Self::Nix => "the example by Nix",
            Self::Cargo => "cargo test",
        }
    }

    /// Everything it uses beyond Rust and git.
    pub(crate) fn requirements(self) -> &'static [Requirement] {
        use Requirement as R;
        match self {
            Self::Fresh => &[R::Debian, R::CurrentEngine, R::Tools, R::Checkers, R::WasmPack],
            Self::Static => &[R::Components, R::Utilities, R::Checkers],
            Self::Archives => &[R::Utilities],
            Self::Recipes => &[R::Tools],
            Self::Dev | Self::Release | Self::Init => &[R::Utilities, R::Tools],
            Self::WasmPack => &[R::Tools, R::WasmPack],
            Self::Trials => &[R::Utilities, R::Headers],
            Self::Images => {
                &[R::Utilities, R::Ssh, R::Nix, R::Debian, R::Engine, R::Deploy, R::CurrentEngine, R::Tools]
            }
            Self::Nix => &[R::Utilities, R::Nix, R::Engine, R::Tools],
            Self::Cargo => &[
                R::Components,
                R::Utilities,
                R::Awks,
                R::Sccache,
                R::Shells,
                R::Browser,
                R::Nix,
                R::Linters,
                R::Bots,
                R::Servers,
                R::Deploy,
                R::CurrentEngine,
                R::Tools,
            ],
        }
    }
}

/// The requirements of some steps, each once, in the order of set-up.
pub(crate) fn requirements(steps: &[Step]) -> Vec<Requirement> {
    let used = |requirement: &Requirement| steps.iter().any(|step| step.requirements().contains(requirement));
    Requirement::ALL.into_iter().filter(used).collect()
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_step_has_its_word_and_every_requirement_a_step() {
        for step in Step::ALL {
            let value = step.to_possible_value().unwrap();
            assert_eq!(value.get_name(), step.word());
        }
        assert_eq!(Step::ALL, Step::value_variants());
        assert_eq!(requirements(&Step::ALL), Requirement::ALL);
    }

    #[test]
    fn the_order_of_set_up_is_not_that_of_a_step() {
        let steps = [Step::WasmPack, Step::Recipes, Step::Static];
        let all = [Requirement::Components, Requirement::Utilities, Requirement::Tools];
        assert_eq!(requirements(&steps)[..3], all);
        assert_eq!(requirements(&[]), []);
    }
}
