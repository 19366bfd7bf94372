//! `cargo larder man`: a page for every verb. Also the command line as a value, under the name that pages and shells
//! know it by.

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use larder::{Report as _, camino::Utf8PathBuf, files::change};

use crate::{
    cli::{self, Cargo},
    context::StartedProcess,
    exit::VerbOutcome,
    ui::terminal::Terminal,
};

/// The program's own name: shells complete it, and `cargo help larder` opens the page of this name.
pub(super) const NAME: &str = "cargo-larder";
/// The words that people type.
pub(super) const WORDS: &str = "cargo larder";
/// At the foot of a page.
const SOURCE: &str = concat!("Larder ", env!("CARGO_PKG_VERSION"));

/// The command line without cargo in front, nor the verbs that are hidden: some generators know no hidden ones.
pub(crate) fn command() -> Command {
    let cargo = Cargo::command();
    let larder = cargo.find_subcommand("larder").unwrap_or(&cargo);
    let verbs = larder.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned();
    let mut command = Command::new(NAME)
        .version(env!("CARGO_PKG_VERSION"))
        .args(larder.get_arguments().cloned())
        .subcommands(verbs)
        .disable_help_subcommand(true);
    if let Some(about) = larder.get_about() {
        command = command.about(about.clone());
    }
    if let Some(codes) = larder.get_after_long_help() {
        command = command.after_long_help(codes.clone());
    }
    command
}

pub(crate) fn run(
    process: &StartedProcess,
    args: &cli::Man,
    terminal: Terminal,
) -> anyhow::Result<VerbOutcome> {
    let dir = Utf8PathBuf::from_path_buf(process.dir.join(&args.dir))
        .map_err(|path| anyhow::anyhow!("the path {} is not UTF-8", path.display()))?;
    fs_err::create_dir_all(&dir)?;
    for (name, text) in pages().context("cannot write a page")? {
        change::write(&dir.join(name), &text)?;
    }
    terminal.step("Wrote", &format!("the man pages to {dir}"));
    Ok(VerbOutcome::Done)
}

/// Every page with the name of its file.
fn pages() -> std::io::Result<Vec<(String, String)>> {
    let mut root = command().bin_name(WORDS);
    root.build();
    let mut pages = Vec::new();
    collect(&root, NAME, &mut pages)?;
    Ok(pages)
}

fn collect(command: &Command, name: &str, pages: &mut Vec<(String, String)>) -> std::io::Result<()> {
    let mut page = Vec::new();
    Man::new(command.clone()).title(name.to_uppercase()).source(SOURCE).render(&mut page)?;
    pages.push((format!("{name}.1"), String::from_utf8_lossy(&page).into_owned()));
    for verb in command.get_subcommands() {
        collect(verb, &format!("{name}-{}", verb.get_name()), pages)?;
    }
    Ok(())
}
