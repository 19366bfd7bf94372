//! Which store and which team a verb works with, from arguments, environment and settings.

use std::path::PathBuf;

use larder::{bytesize::ByteSize, process::Environment};
use larder_store::{Access, Options, remote::Credentials, team::Team};

use crate::{cli::StoreUse, context::VerbContext};

/// How much a store may keep if nothing else is said.
const MOST: ByteSize = ByteSize::gib(20);

/// Where the store is, if this user has a folder for caches at all.
fn folder(env: &Environment) -> Option<PathBuf> {
    let set = env.get("LARDER_STORE_DIR").filter(|value| !value.is_empty()).map(PathBuf::from);
    set.or_else(|| Some(env.cache_home()?.join("larder/store")))
}

/// The store as a build uses it: as asked, else to take out, and to put in on machines that stay.
pub(crate) fn options(context: &VerbContext, asked: Option<StoreUse>) -> Option<Options> {
    let access = match asked {
        Some(StoreUse::Off) => return None,
        Some(StoreUse::Read) => Access::Read,
        None if context.process.env.is_ci() => Access::Read,
        Some(StoreUse::Write) | None => Access::Write,
    };
    let root = folder(&context.process.env)?;
    let namespace = context.project.settings.store.namespace.clone();
    Some(Options { root, access, most: MOST.as_u64(), namespace })
}

/// The team's remote at `address`, or that of the settings.
pub(crate) fn team(context: &VerbContext, address: Option<&str>) -> larder_store::Result<Option<Team>> {
    let project = &context.project;
    // Addresses of the command line are relative to the working directory, those of settings to the workspace.
    let root = if address.is_some() { &context.process.dir } else { project.workspace.root().as_std_path() };
    Team::new(&project.settings.store, address, root, &Credentials::read(&context.process.env))
}
