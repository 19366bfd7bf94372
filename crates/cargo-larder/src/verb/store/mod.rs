//! `cargo larder store`: the compiled units that every checkout of this user shares.

mod rebuild;
mod remote;
mod why;

use std::time::SystemTime;

use anyhow::Context as _;
use larder::{recipe::lock_file::LockFile, text::columns};
use larder_store::{
    Options, Session,
    archive::{self, ArchiveTotals},
    local::{
        Store,
        sweep::Sweep,
        verify::{DamageTreatment, Verified},
    },
};

use super::gc::NOTHING_DELETED;
use crate::{
    cli::{self, StoreVerb},
    context::VerbContext,
    exit::VerbOutcome,
    schema::{
        self,
        store::{Status, StoredRecipe},
    },
    stored::terms,
    ui::terminal,
};

pub(crate) fn run(context: &VerbContext, args: &cli::Store) -> anyhow::Result<VerbOutcome> {
    let options =
        terms::options(context, None).context("no folder for caches is known: set LARDER_STORE_DIR")?;
    match &args.verb {
        None => status(context, &options, args.json),
        Some(StoreVerb::Verify(args)) => verify(context, &options, args),
        Some(StoreVerb::Why(args)) => why::run(context, &options, args),
        Some(StoreVerb::Gc(args)) => gc(context, &options, args),
        Some(StoreVerb::Push(args)) => remote::push(context, &options, args),
        Some(StoreVerb::Pull(args)) => remote::pull(context, &options, args),
        Some(StoreVerb::Keygen(args)) => remote::keygen(context, args),
        Some(StoreVerb::Export(args)) => export(context, &options, args),
        Some(StoreVerb::Import(args)) => {
            let store = Store::open(&options.root)?;
            print_moved(
                "imported",
                archive::import(&store, &context.process.dir.join(&args.file))?,
                args.json,
            )
        }
    }
}

/// What is in the store, and how much of this project.
fn status(context: &VerbContext, options: &Options, json: bool) -> anyhow::Result<VerbOutcome> {
    let locked = LockFile::read(&context.project.workspace.larder_dir()).ok();
    let slices = locked.iter().flat_map(|locked| &locked.slices);
    let (store, keys) = Session::keys(&context.project, options, slices.clone())?;
    let contents = store.contents()?;
    let recipes = slices.zip(keys).map(|(locked, keys)| {
        let units = store.snapshot(keys.snapshot).map(|snapshot| snapshot.records.len());
        (locked.slice.name.to_string(), units)
    });
    let recipes: Vec<_> = recipes.collect();
    if json {
        let recipes = recipes.iter().map(|(slice, units)| StoredRecipe { slice, units: *units }).collect();
        terminal::print_json(&Status::new(store.root(), &contents, recipes))?;
        return Ok(VerbOutcome::Done);
    }
    terminal::print_line(&format!("{}", store.root().display()));
    let rows = [
        ["units".to_owned(), contents.records.to_string()],
        ["files".to_owned(), contents.blobs.to_string()],
        ["size".to_owned(), columns::bytes(contents.bytes)],
        ["recipes".to_owned(), contents.snapshots.to_string()],
    ];
    terminal::print(&columns::text(["<in the store", "now"], &rows));
    let rows = recipes.into_iter().map(|(name, units)| {
        [name, units.map_or_else(|| "not as a whole".to_owned(), |units| units.to_string())]
    });
    let rows: Vec<_> = rows.collect();
    terminal::print(&columns::text(["<slice of this project", "units in the store"], &rows));
    Ok(VerbOutcome::Done)
}

fn verify(context: &VerbContext, options: &Options, args: &cli::StoreVerify) -> anyhow::Result<VerbOutcome> {
    if let Some(share) = args.rebuild {
        return rebuild::run(context, options, share, args.json);
    }
    let store = Store::open(&options.root)?;
    let repair = if args.repair { DamageTreatment::Remove } else { DamageTreatment::None };
    let Verified { files, bytes, damaged, incomplete } = store.verify(repair)?;
    if args.json {
        terminal::print_json(&schema::store::VerifiedStore {
            files,
            bytes,
            damaged: &damaged,
            incomplete: &incomplete,
            repaired: args.repair,
        })?;
    } else {
        damaged.iter().for_each(|path| terminal::print_line(&format!("damaged: {}", path.display())));
        incomplete.iter().for_each(|path| terminal::print_line(&format!("incomplete: {}", path.display())));
        let size = columns::bytes(bytes);
        terminal::print_line(&format!("{files} files ({size}) read, {} damaged", damaged.len()));
    }
    if damaged.is_empty() && incomplete.is_empty() || args.repair {
        return Ok(VerbOutcome::Done);
    }
    context.terminal.note("`cargo larder store verify --repair` removes what is damaged");
    Ok(VerbOutcome::Failed)
}

fn gc(context: &VerbContext, options: &Options, args: &cli::StoreGc) -> anyhow::Result<VerbOutcome> {
    let store = Store::open(&options.root)?;
    let sweep = if args.yes { Sweep::Delete } else { Sweep::Plan };
    let freed = store.sweep(args.max_size.as_u64(), SystemTime::now(), sweep)?;
    if args.json {
        terminal::print_json(&schema::store::Swept { bytes: freed, deleted: args.yes })?;
        return Ok(VerbOutcome::Done);
    }
    let what = if args.yes { "freed" } else { "would be freed" };
    terminal::print_line(&format!("{} {what}", columns::bytes(freed)));
    if freed > 0 && !args.yes {
        context.terminal.note(NOTHING_DELETED);
    }
    Ok(VerbOutcome::Done)
}

fn export(context: &VerbContext, options: &Options, args: &cli::StoreFile) -> anyhow::Result<VerbOutcome> {
    let locked = LockFile::read(&context.project.workspace.larder_dir())?;
    let (store, keys) = Session::keys(&context.project, options, locked.slices.iter())?;
    print_moved("exported", archive::export(&store, &keys, &context.process.dir.join(&args.file))?, args.json)
}

fn print_moved(what: &str, moved: ArchiveTotals, json: bool) -> anyhow::Result<VerbOutcome> {
    if json {
        terminal::print_json(&schema::store::TransferredUnits::from(&moved))?;
    } else {
        let ArchiveTotals { units, bytes } = moved;
        terminal::print_line(&format!("{what} {units} units ({})", columns::bytes(bytes)));
    }
    Ok(VerbOutcome::Done)
}
