//! `cargo larder store verify --rebuild`: whether units come out the same when they are compiled again.

use anyhow::bail;
use larder::{Report as _, recipe::lock_file::LockFile};
use larder_store::{
    Options, Session,
    rebuild::{Rebuilt, Share},
};

use crate::{context::VerbContext, exit::VerbOutcome, schema, ui::terminal};

pub(super) fn run(
    context: &VerbContext,
    options: &Options,
    share: Share,
    json: bool,
) -> anyhow::Result<VerbOutcome> {
    let locked = LockFile::read(&context.project.workspace.larder_dir())?;
    let mut all = Vec::new();
    for slice in &locked.slices {
        let name = slice.slice.name.to_string();
        match Session::rebuild(&context.project, options, slice, share, &context.terminal)? {
            Some(rebuilt) => all.push((name, rebuilt)),
            None => context.terminal.warn(&format!("the store does not have slice `{name}` as a whole")),
        }
    }
    if all.is_empty() {
        bail!("the store has no recipe of this project as a whole: cook first");
    }
    if json {
        terminal::print_json(&schema::store::RebuiltUnits::new(&all))?;
    } else {
        all.iter().for_each(|(name, rebuilt)| print(name, rebuilt));
    }
    let is_same = all.iter().all(|(_, rebuilt)| rebuilt.different.is_empty());
    Ok(if is_same { VerbOutcome::Done } else { VerbOutcome::Failed })
}

fn print(slice: &str, rebuilt: &Rebuilt) {
    let Rebuilt { units, elsewhere, chosen, same, different, bound, unbuilt } = rebuilt;
    terminal::print_line(&format!("{slice}: {chosen} of {units} units compiled again, {same} are the same"));
    if *elsewhere > 0 {
        terminal::print_line(&format!("  {elsewhere} units of another CARGO_HOME cannot be compared"));
    }
    for unit in bound {
        terminal::print_line(&format!("  not comparable, it holds the path of its target directory: {unit}"));
    }
    for unit in unbuilt {
        terminal::print_line(&format!("  could not be compiled here, or not onto the same units: {unit}"));
    }
    for unit in different {
        terminal::print_line(&format!("  differs: {} {}", unit.unit, unit.describe));
        unit.files.iter().for_each(|file| terminal::print_line(&format!("    {file}")));
    }
}
