//! The hidden verb that prints the command reference for the documentation.

use std::fmt::Write as _;

use clap::{Command, CommandFactory as _};

use crate::{cli::Cargo, exit::VerbOutcome, ui::terminal};

pub(crate) fn run() -> VerbOutcome {
    terminal::print(&text());
    VerbOutcome::Done
}

/// The reference as Markdown: one section per verb, the text of its `--help`.
fn text() -> String {
    let mut text = String::from(
        "# Command reference\n\nGenerated from the command line itself by `cargo xtask codegen`; do not edit.\n",
    );
    let mut cargo = Cargo::command().term_width(100);
    cargo.build();
    if let Some(larder) = cargo.find_subcommand_mut("larder") {
        section(&mut text, larder);
        larder
            .get_subcommands_mut()
            .filter(|verb| !verb.is_hide_set())
            .for_each(|verb| section(&mut text, verb));
    }
    text
}

fn section(text: &mut String, command: &mut Command) {
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(text, "\n## `{name}`\n\n```text\n{}\n```\n", help.join("\n").trim_end());
}
