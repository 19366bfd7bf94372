//! `cargo larder dockerfile`: write or check the generated Dockerfile and `.dockerignore`.

use anyhow::bail;
use larder::{
    Report as _,
    backend::docker::{self, Recipes, State},
};

use crate::{cli, context::Context, exit::Outcome};

pub(crate) fn run(context: &Context, args: &cli::Dockerfile) -> anyhow::Result<Outcome> {
    let folder = docker::context(&context.project)?;
    let mut outcome = Outcome::Done;
    let recipes = match (args.no_committed_recipe, args.check) {
        (true, _) => Recipes::Planned,
        // What is there is held against its own kind.
        (false, true) => Recipes::of_dockerfile(&context.project)?,
        (false, false) => Recipes::Committed,
    };
    for (name, text) in docker::files(&context.project, recipes)? {
        let path = folder.join(&name);
        if args.print {
            if name == "Dockerfile" {
                anstream::print!("{text}");
            }
            continue;
        }
        match (docker::state(&path, &text)?, args.check) {
            (State::Fresh, _) => context.terminal.step("Fresh", path.as_str()),
            (State::Foreign, _) => bail!(
                "{path} was not generated from these recipes; move it away, or keep it and take from `cargo larder dockerfile --print` what you need"
            ),
            (State::Stale, true) => {
                context.terminal.warn(&format!("stale: {path}; run `cargo larder dockerfile`"));
                outcome = Outcome::Stale;
            }
            (State::Stale, false) => {
                docker::write(&path, &text)?;
                context.terminal.step("Wrote", path.as_str());
            }
        }
    }
    Ok(outcome)
}
