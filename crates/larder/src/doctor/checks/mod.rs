//! The table of checks. Each one is a function of [`Facts`](super::facts::Facts), in the file of its family.
//!
//! A check must say what is the matter in a word or a number that was seen, and name a command that a user can paste.

mod cargo;
mod ci;
mod docker;
mod files;
mod image;
mod install;
mod nix;
mod recipes;
mod store;
mod tools;

#[cfg(test)]
mod tests;

use super::{facts::Topic, finding::Check};

pub(super) const ALL: &[Check] = &[
    Check {
        name: "cargo-lock",
        about: "Cargo.lock is committed and fits",
        needs: &[Topic::CargoLock, Topic::Git],
        run: recipes::cargo_lock,
    },
    Check {
        name: "recipes",
        about: "recipes are fresh and proven",
        needs: &[Topic::Recipes],
        run: recipes::fresh,
    },
    Check { name: "slices", about: "the project's builds are slices", needs: &[], run: recipes::used },
    Check {
        name: "recipes-committed",
        about: "recipes are committed",
        needs: &[Topic::Git],
        run: recipes::committed,
    },
    Check {
        name: "config-committed",
        about: "cargo's configuration is committed",
        needs: &[Topic::Git],
        run: recipes::config,
    },
    Check {
        name: "dockerfile",
        about: "generated files are fresh",
        needs: &[Topic::Generated],
        run: recipes::generated,
    },
    Check {
        name: "image-packages",
        about: "the image gets the packages that crates need",
        needs: &[Topic::ImageNeeds],
        run: image::packages,
    },
    Check {
        name: "image-files",
        about: "the image gets the files that are read",
        needs: &[Topic::ImageNeeds],
        run: image::files,
    },
    Check { name: "rustc", about: "the compiler is new enough", needs: &[Topic::Tools], run: tools::rustc },
    Check {
        name: "targets",
        about: "the compiler has every target",
        needs: &[Topic::Tools],
        run: tools::targets,
    },
    Check {
        name: "wasm-bindgen",
        about: "wasm-bindgen is Cargo.lock's",
        needs: &[Topic::Tools],
        run: tools::wasm_bindgen,
    },
    Check {
        name: "cargo-leptos",
        about: "cargo-leptos fits Larder and rustc",
        needs: &[Topic::Tools],
        run: tools::cargo_leptos,
    },
    Check {
        name: "tailwindcss",
        about: "tailwindcss is the style sheets'",
        needs: &[Topic::Tools],
        run: tools::tailwind,
    },
    Check {
        name: "rustflags",
        about: "every shell has the same flags",
        needs: &[Topic::Config],
        run: cargo::rustflags,
    },
    Check {
        name: "wrappers",
        about: "one cache in front of rustc",
        needs: &[Topic::Config],
        run: cargo::wrappers,
    },
    Check {
        name: "sccache",
        about: "sccache keeps what it is given",
        needs: &[Topic::Config],
        run: cargo::sccache,
    },
    Check {
        name: "rust-analyzer",
        about: "rust-analyzer has its own target directory",
        needs: &[],
        run: cargo::analyzer,
    },
    Check {
        name: "incremental",
        about: "incremental builds in dev",
        needs: &[Topic::Config],
        run: cargo::incremental,
    },
    Check { name: "dev-profile", about: "little debug info in dev", needs: &[], run: cargo::dev_profile },
    Check {
        name: "dev-optimised",
        about: "dependencies that compute are optimised",
        needs: &[],
        run: cargo::optimised,
    },
    Check { name: "linker", about: "the linker is a fast one", needs: &[Topic::Linker], run: cargo::linker },
    Check {
        name: "registry",
        about: "registries by the sparse protocol",
        needs: &[Topic::Config],
        run: cargo::registry,
    },
    Check { name: "disk-space", about: "room on every disk", needs: &[Topic::Places], run: files::space },
    Check {
        name: "network-disk",
        about: "caches on local disks",
        needs: &[Topic::Places],
        run: files::network,
    },
    Check { name: "disk-speed", about: "small files are quick", needs: &[Topic::Speed], run: files::speed },
    Check { name: "clock", about: "no file is from the future", needs: &[Topic::Times], run: files::future },
    Check {
        name: "buildx",
        about: "Docker builds with BuildKit",
        needs: &[Topic::Docker],
        run: docker::client,
    },
    Check {
        name: "docker-engine",
        about: "Docker's engine answers",
        needs: &[Topic::Docker],
        run: docker::engine,
    },
    Check {
        name: "buildkit",
        about: "BuildKit has no known vulnerability",
        needs: &[Topic::Docker],
        run: docker::buildkit,
    },
    Check { name: "nix", about: "Nix has no known vulnerability", needs: &[Topic::Nix], run: nix::version },
    Check { name: "nix-flakes", about: "Nix has flakes on", needs: &[Topic::Nix], run: nix::flakes },
    Check {
        name: "flake-committed",
        about: "git knows the flake and the recipes",
        needs: &[Topic::Git],
        run: nix::committed,
    },
    Check { name: "direnv", about: "direnv is hooked in", needs: &[], run: nix::direnv },
    Check { name: "ci-cache", about: "CI keeps dependencies", needs: &[], run: ci::cache },
    Check {
        name: "store-settings",
        about: "units are compiled with the project's settings alone",
        needs: &[Topic::Store],
        run: store::settings,
    },
    Check {
        name: "store-processor",
        about: "units are for no single processor",
        needs: &[Topic::Store],
        run: store::native,
    },
    Check {
        name: "store-compiler",
        about: "the store has units of this compiler",
        needs: &[Topic::Store],
        run: store::compiler,
    },
    Check {
        name: "store-clock",
        about: "the store's files get the machine's time",
        needs: &[Topic::Store],
        run: store::clock,
    },
    Check {
        name: "store-folder",
        about: "the store can be written and has room",
        needs: &[Topic::Store],
        run: store::folder,
    },
    Check {
        name: "store-remote",
        about: "the team's remote answers",
        needs: &[Topic::Store],
        run: store::remote,
    },
];
