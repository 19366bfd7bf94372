//! The arguments of `store`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use larder::bytesize::ByteSize;
use larder_store::rebuild::Share;

use super::store_remote::{StoreKeygen, StorePull, StorePush};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Store {
    #[command(subcommand)]
    pub(crate) verb: Option<StoreVerb>,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreVerb {
    /// Read everything in the store, and name what is damaged; exit with 1 if something is
    Verify(StoreVerify),
    /// Say whether the store has a unit of this project, and what keeps it from being restored
    Why(StoreWhy),
    /// Delete the units that were used longest ago; shows what would go, and deletes it with --yes
    Gc(StoreGc),
    /// Write the units of this project's recipes into one file
    Export(StoreFile),
    /// Take in the units of a file that `export` wrote
    Import(StoreFile),
    /// Give the units of this project's recipes to the team
    Push(StorePush),
    /// Get the units of this project's recipes from the team
    Pull(StorePull),
    /// Make a key to sign with; print the public half
    Keygen(StoreKeygen),
}

#[derive(Debug, Args)]
pub(crate) struct StoreVerify {
    /// Remove what is damaged, so that the next build stores it anew; exit with 0
    #[arg(long)]
    pub(crate) repair: bool,
    /// Instead, compile this share of the units of this project's recipes again, and name those that differ
    #[arg(long, value_name = "SHARE", value_parser = Share::parse, conflicts_with = "repair")]
    pub(crate) rebuild: Option<Share>,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StoreWhy {
    /// `serde`, `serde@1.0.228`, or cargo's name of one unit, `serde-0123456789abcdef`
    #[arg(value_name = "UNIT")]
    pub(crate) unit: String,
    /// Ask for this slice alone, once or more; for all that have the package by default
    #[arg(long = "slice", value_name = "SLICE")]
    pub(crate) slices: Vec<String>,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StoreGc {
    /// How much may stay
    #[arg(long, value_name = "SIZE", default_value = "20GiB")]
    pub(crate) max_size: ByteSize,
    /// Delete what is shown
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StoreFile {
    /// The file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
}
