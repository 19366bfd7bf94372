//! The arguments of `completions` and `man`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell that will read them
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The folder to write them into, such as `~/.local/share/man/man1`
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
}

/// The shells in which the completions are tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// Bash
    Bash,
    /// fish
    Fish,
    /// Nushell
    Nushell,
    /// Zsh
    Zsh,
}
