//! `cargo larder store keygen`, `push` and `pull`: compiled units between this machine and a team.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};
use larder::{Report as _, cargo::Network, recipe::lock_file::LockFile, text::columns};
use larder_store::{
    Options, Session,
    exchange::{self, Present, Pulled, Pushed, Terms},
    local::Store,
    scope::Keys,
    signature::SecretKey,
    team::Team,
    trust,
};

use crate::{
    cli,
    context::VerbContext,
    exit::VerbOutcome,
    schema::{
        self,
        store_remote::{PulledSlice, PushedSlice},
    },
    stored::terms,
    ui::terminal,
};

/// The secret key itself, as CI systems give secrets.
const KEY: &str = "LARDER_STORE_KEY";

fn known_team(context: &VerbContext, address: Option<&str>, option: &str) -> anyhow::Result<Team> {
    let team = terms::team(context, address)?;
    team.with_context(|| format!("no remote is known: pass {option}, or set metadata.larder.store.remote"))
}

/// The recipes of the project that have units in the store, or may get some.
fn recipes(context: &VerbContext, options: &Options) -> anyhow::Result<(Store, Vec<(String, Keys)>)> {
    let locked = LockFile::read(&context.project.workspace.larder_dir())?;
    let (store, keys) = Session::keys(&context.project, options, locked.slices.iter())?;
    let names = locked.slices.iter().map(|locked| locked.slice.name.to_string());
    Ok((store, names.zip(keys).collect()))
}

pub(super) fn keygen(context: &VerbContext, args: &cli::StoreKeygen) -> anyhow::Result<VerbOutcome> {
    let key = SecretKey::generate(&args.name)?;
    key.write(&context.process.dir.join(&args.file))?;
    let public = key.public().to_string();
    if args.json {
        terminal::print_json(&schema::store_remote::GeneratedKey { public_key: &public })?;
        return Ok(VerbOutcome::Done);
    }
    terminal::print_line(&public);
    context.terminal.note("this half is public: add it to `keys` in [workspace.metadata.larder.store]");
    Ok(VerbOutcome::Done)
}

pub(super) fn push(
    context: &VerbContext,
    options: &Options,
    args: &cli::StorePush,
) -> anyhow::Result<VerbOutcome> {
    if !args.allow_untrusted
        && let Err(reason) = trust::may_write(&context.process.env)
    {
        bail!("nothing was pushed: {reason}; pass --allow-untrusted if others may rely on this machine");
    }
    let key = secret_key(context, args)?;
    let mut team = known_team(context, args.to.as_deref(), "--to")?;
    let public = key.public().to_string();
    if !context.project.settings.store.keys.contains(&public) {
        context.terminal.warn(&format!("nobody uses what is pushed before `keys` has `{public}`"));
    }
    team.trust(key.public());
    let (store, recipes) = recipes(context, options)?;
    let terms = Terms {
        key: &key,
        valid: args.valid_for.map(Duration::from),
        limit: args.limit.into(),
        present: if args.repair { Present::Rewritten } else { Present::Kept },
    };
    let mut rows = Vec::new();
    for (name, keys) in recipes {
        if store.snapshot(keys.snapshot).is_none() {
            context
                .terminal
                .warn(&format!("the store does not have slice `{name}` as a whole: cook it first"));
            continue;
        }
        rows.push((name, exchange::push(team.with(&store, SystemTime::now()), keys, terms)?));
    }
    if rows.is_empty() {
        bail!("nothing was pushed: the store has no slice of this project as a whole");
    }
    print_pushed(&rows, args.json)
}

fn secret_key(context: &VerbContext, args: &cli::StorePush) -> anyhow::Result<SecretKey> {
    if let Some(file) = &args.key {
        return Ok(SecretKey::read(&context.process.dir.join(file))?);
    }
    let text = context.process.env.get_str(KEY).filter(|text| !text.is_empty());
    let text = text.with_context(|| format!("there is no key to sign with: pass --key or set {KEY}"))?;
    SecretKey::parse(text).map_err(|reason| anyhow::anyhow!("{KEY}: {reason}"))
}

fn print_pushed(rows: &[(String, Pushed)], json: bool) -> anyhow::Result<VerbOutcome> {
    if json {
        let slices = rows.iter().map(|(name, pushed)| PushedSlice::new(name, pushed)).collect();
        terminal::print_json(&schema::store_remote::PushedUnits { slices })?;
        return Ok(VerbOutcome::Done);
    }
    let rows = rows.iter().map(|(name, pushed)| {
        [name.clone(), pushed.units.to_string(), pushed.new.to_string(), columns::bytes(pushed.sent)]
    });
    let rows: Vec<_> = rows.collect();
    terminal::print(&columns::text(["<slice", "units", "new", "sent"], &rows));
    Ok(VerbOutcome::Done)
}

pub(super) fn pull(
    context: &VerbContext,
    options: &Options,
    args: &cli::StorePull,
) -> anyhow::Result<VerbOutcome> {
    let team = known_team(context, args.from.as_deref(), "--from")?;
    if context.project.cargo.network() == Network::Offline {
        bail!("nothing was pulled from {}: --offline was given", team.describe());
    }
    let (store, recipes) = recipes(context, options)?;
    let mut rows = Vec::new();
    for (name, keys) in recipes {
        let pulled = team.pull(&store, keys)?;
        for reason in &pulled.missed {
            context.terminal.warn(reason);
        }
        rows.push((name, pulled));
    }
    print_pulled(&rows, args.json)
}

fn print_pulled(rows: &[(String, Pulled)], json: bool) -> anyhow::Result<VerbOutcome> {
    let has_failed = rows.iter().any(|(_, pulled)| !pulled.missed.is_empty());
    let outcome = if has_failed { VerbOutcome::Failed } else { VerbOutcome::Done };
    if json {
        let slices = rows.iter().map(|(name, pulled)| PulledSlice::new(name, pulled)).collect();
        terminal::print_json(&schema::store_remote::PulledUnits { slices })?;
        return Ok(outcome);
    }
    let rows = rows.iter().map(|(name, pulled)| {
        let whole = if pulled.is_whole { "yes" } else { "no" };
        [
            name.clone(),
            pulled.new.to_string(),
            pulled.present.to_string(),
            columns::bytes(pulled.received),
            whole.to_owned(),
        ]
    });
    let rows: Vec<_> = rows.collect();
    terminal::print(&columns::text(["<slice", "new", "present", "received", "whole"], &rows));
    Ok(outcome)
}
