//! `cargo larder completions`: what a shell needs to complete both `cargo larder` and `cargo-larder`.
//!
//! It must never take away what completes cargo's other subcommands.

use clap_complete::{Shell, generate};
use clap_complete_nushell::Nushell;

use super::manual::{self, NAME, WORDS};
use crate::{cli, exit::VerbOutcome, ui::terminal};

/// Bash and fish have one completion for each command, which for `cargo` is cargo's own; zsh's calls ours.
const BASH: &str = include_str!("completions/cargo.bash");
const FISH: &str = include_str!("completions/cargo.fish");

pub(crate) fn run(args: &cli::Completions) -> VerbOutcome {
    terminal::print(&text(args.shell));
    VerbOutcome::Done
}

fn text(shell: cli::Shell) -> String {
    let mut command = manual::command().bin_name(NAME);
    let mut bytes = Vec::new();
    match shell {
        cli::Shell::Bash => generate(Shell::Bash, &mut command, NAME, &mut bytes),
        cli::Shell::Fish => generate(Shell::Fish, &mut command, NAME, &mut bytes),
        cli::Shell::Zsh => generate(Shell::Zsh, &mut command, NAME, &mut bytes),
        // The words are one name there.
        cli::Shell::Nushell => generate(Nushell, &mut command, WORDS, &mut bytes),
    }
    let text = String::from_utf8_lossy(&bytes);
    match shell {
        // The generator spells a hyphen in the program's name in two ways, and then finds no verb.
        cli::Shell::Bash => text.replace("cargo__subcmd__larder", "cargo__larder") + BASH,
        cli::Shell::Fish => text.into_owned() + FISH,
        // The generator quotes the names of verbs alone.
        cli::Shell::Nushell => text.replace("extern cargo larder [", "extern \"cargo larder\" ["),
        cli::Shell::Zsh => text.into_owned(),
    }
}
