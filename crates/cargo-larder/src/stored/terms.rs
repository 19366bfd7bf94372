//! Which store and which team a verb works with, from arguments, environment and settings.

use std::path::PathBuf;

use larder::{Report as _, bytesize::ByteSize, process::Environment};
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
    let (settings, env) = (&context.project.settings.store, &context.process.env);
    if address.is_some() {
        // Addresses of the command line are relative to the working directory, those of settings to the workspace.
        return Team::new(settings, address, &context.process.dir, &Credentials::read(env));
    }
    let remote = settings.remote.as_deref().unwrap_or_default();
    if let Some(host) = Credentials::kept_from(env, remote) {
        let advice = format!("set LARDER_STORE_HOST={host} if it may have it");
        context.terminal.warn(&format!("{host} does not get LARDER_STORE_TOKEN: {advice}"));
    }
    of_settings(context, &Credentials::for_repository(env, remote))
}

/// The remote of the settings for a look at it, which takes no secret.
pub(crate) fn team_for_a_look(context: &VerbContext) -> larder_store::Result<Option<Team>> {
    of_settings(context, &Credentials::read(&context.process.env).without_secret())
}

fn of_settings(context: &VerbContext, user: &Credentials) -> larder_store::Result<Option<Team>> {
    let project = &context.project;
    Team::new(&project.settings.store, None, project.workspace.root().as_std_path(), user)
}
