//! `cargo larder dockerfile`: write or check the generated Dockerfile and `.dockerignore`.

use anyhow::bail;
use larder::{
    Report as _,
    backend::docker::{self, Recipes, State},
};

use serde_json::json;

use super::print_json;
use crate::{cli, context::Context, exit::Outcome};

pub(crate) fn run(context: &Context, args: &cli::Dockerfile) -> anyhow::Result<Outcome> {
    let root = context.project.workspace.root();
    let folder = docker::context(&context.project)?;
    let mut outcome = Outcome::Done;
    let recipes = match (args.no_committed_recipe, args.check) {
        (true, _) => Recipes::Planned,
        // What is there is held against its own kind.
        (false, true) => Recipes::of_dockerfile(&context.project)?,
        (false, false) => Recipes::Committed,
    };
    let mut files = Vec::new();
    for (name, text) in docker::files(&context.project, recipes)? {
        let path = folder.join(&name);
        if args.print {
            if name == "Dockerfile" {
                anstream::print!("{text}");
            }
            continue;
        }
        let state = match (docker::state(&path, &text)?, args.check) {
            (State::Fresh, _) => {
                context.terminal.step("Fresh", path.as_str());
                "fresh"
            }
            (State::Foreign, _) => bail!(
                "{path} was not generated from these recipes; move it away, or keep it and take from `cargo larder dockerfile --print` what you need"
            ),
            (State::Stale, true) => {
                context.terminal.warn(&format!("stale: {path}; run `cargo larder dockerfile`"));
                outcome = Outcome::Stale;
                "stale"
            }
            (State::Stale, false) => {
                docker::write(&path, &text)?;
                context.terminal.step("Wrote", path.as_str());
                "written"
            }
        };
        files.push(json!({ "path": path.strip_prefix(root).unwrap_or(&path), "outcome": state }));
    }
    if args.json {
        print_json(&json!({ "version": 1, "files": files }))?;
    }
    Ok(outcome)
}
