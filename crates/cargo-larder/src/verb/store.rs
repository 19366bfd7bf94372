//! `cargo larder store`: the compiled units that every checkout of this user shares.

use std::path::PathBuf;

use larder::process::Environment;
use larder_store::{Access, Options};

use crate::{cli::StoreUse, context::Context};

/// Where the store is, if this user has a folder for caches at all.
pub(super) fn folder(env: &Environment) -> Option<PathBuf> {
    let set = |name: &str| env.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let of_user = || {
        let home = set("HOME")?;
        Some(if cfg!(target_os = "macos") { home.join("Library/Caches") } else { home.join(".cache") })
    };
    // The base directory specification has relative paths ignored.
    let caches = || set("XDG_CACHE_HOME").filter(|path| path.is_absolute()).or_else(of_user);
    set("LARDER_STORE_DIR").or_else(|| Some(caches()?.join("larder/store")))
}

/// The store as a build uses it: what the command line says, else the project, else everything.
pub(super) fn options(context: &Context, asked: Option<StoreUse>) -> Option<Options> {
    let access = match asked {
        Some(StoreUse::Off) => return None,
        Some(StoreUse::Read) => Access::Read,
        Some(StoreUse::Write) | None => Access::Write,
    };
    let root = folder(&context.process.env)?;
    Some(Options { root, access, namespace: String::new() })
}
