//! The example's tools, with their versions.
//!
//! Reads the example's lock file if there is one. It must never look at the machine.

use anyhow::Context as _;
use larder::{slice::leptos::CARGO_LEPTOS_VERSION, workspace::locked_version};
use toml_edit::DocumentMut;

use super::version::{Need, Version};

/// The oldest compiler that builds cargo-leptos with its newest dependencies.
const RUST: Version = Version::new(1, 96, 0);
/// The cargo-leptos that slices follow. Older ones pass other flags to cargo, which would change every key in the
/// example's recipes.
pub(super) fn cargo_leptos() -> Version {
    Version::find(CARGO_LEPTOS_VERSION).expect("the library names a version")
}

/// One thing the example is built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// rustc with the WASM standard library, and the cargo and rustdoc beside it.
    Rust,
    /// The Sass compiler.
    Sass,
    /// binaryen's optimiser.
    WasmOpt,
    /// The fast linker. Builds work without it, only slower.
    Mold,
    /// The build driver of Leptos applications.
    CargoLeptos,
    /// The generator of the JavaScript around a WASM module.
    WasmBindgen,
}

impl Tool {
    /// All of them, those first that others are built with.
    pub(super) const ALL: [Self; 6] =
        [Self::Rust, Self::Sass, Self::WasmOpt, Self::Mold, Self::CargoLeptos, Self::WasmBindgen];

    /// Its name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Sass => "sass",
            Self::WasmOpt => "wasm-opt",
            Self::Mold => "mold",
            Self::CargoLeptos => "cargo-leptos",
            Self::WasmBindgen => "wasm-bindgen",
        }
    }

    /// The program that stands for it on PATH.
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Rust => "rustc",
            _ => self.name(),
        }
    }

    /// Whether the example builds without it.
    pub(super) fn is_optional(self) -> bool {
        self == Self::Mold
    }

    /// What a person would have to do if setup can do nothing.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Rust => "`rustup update stable` and `rustup target add wasm32-unknown-unknown`",
            Self::Sass => "`npm install --global sass`",
            Self::WasmOpt => "binaryen from your system's packages",
            Self::Mold => "mold from your system's packages",
            Self::CargoLeptos => "`cargo install --locked cargo-leptos`",
            Self::WasmBindgen => {
                "`cargo install --locked wasm-bindgen-cli` in the version of examples/portfolio/Cargo.lock"
            }
        }
    }
}

/// The version of wasm-bindgen that a lock file holds.
///
/// The command line tool and the library speak a format that changes from release to release, so the tool
/// must have the library's very version.
pub(super) fn locked_wasm_bindgen(lock: &str) -> anyhow::Result<Option<Version>> {
    let lock: DocumentMut = lock.parse().context("not valid TOML")?;
    let Some(version) = locked_version(&lock, "wasm-bindgen") else { return Ok(None) };
    Version::find(version).map(Some).with_context(|| format!("wasm-bindgen has version `{version}`"))
}

/// Which version of `tool` will do, given the lock file's version of wasm-bindgen.
pub(super) fn need(tool: Tool, wasm_bindgen: Option<&Version>) -> Need {
    match tool {
        Tool::Rust => Need::AtLeast(RUST),
        Tool::CargoLeptos => Need::AtLeast(cargo_leptos()),
        Tool::WasmBindgen => wasm_bindgen.cloned().map_or(Need::Any, Need::Exactly),
        Tool::Sass | Tool::WasmOpt | Tool::Mold => Need::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_names_the_version() {
        let lock = "version = 4\n\n[[package]]\nname = \"wasm-bindgen-shared\"\nversion = \"9.9.9\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.129\"\n";
        assert_eq!(locked_wasm_bindgen(lock).unwrap(), Some(Version::new(0, 2, 129)));
    }

    #[test]
    fn a_lock_without_it_asks_for_nothing() {
        assert_eq!(locked_wasm_bindgen("version = 4\n").unwrap(), None);
        assert_eq!(need(Tool::WasmBindgen, None), Need::Any);
    }

    #[test]
    fn a_broken_lock_is_an_error() {
        assert!(locked_wasm_bindgen("[[package]").is_err());
        let error = locked_wasm_bindgen("[[package]]\nname = \"wasm-bindgen\"\n").unwrap_err();
        assert_eq!(error.to_string(), "wasm-bindgen has version ``");
    }
}
