//! The arguments of `clean` and `gc`.

use std::time::Duration;

use clap::{Args, ValueEnum};
use larder::bytesize::ByteSize;

#[derive(Debug, Args)]
pub(crate) struct Clean {
    /// How much goes
    #[arg(value_enum, default_value = "artifacts")]
    pub(crate) level: CleanLevel,
    #[command(flatten)]
    pub(crate) apply: Apply,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CleanLevel {
    /// The application's own artifacts; dependencies stay
    Artifacts,
    /// Everything that was built
    Dependencies,
    /// Everything that was built or downloaded; downloads are those of all projects
    Downloads,
    /// Docker's build cache alone
    Docker,
    /// All of these, and garbage in the Nix store
    Everything,
}

#[derive(Debug, Args)]
pub(crate) struct Gc {
    /// Delete only what has been unused for this long: `7d`, `12h`, `0s`; by default 7 days, and cargo's own age
    /// for downloads
    #[arg(long, value_name = "AGE", value_parser = humantime::parse_duration)]
    pub(crate) older_than: Option<Duration>,
    /// If target directories and Docker's build cache exceed this size, also delete least recently used entries
    /// until 80 % remains: `20GiB`
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_size: Option<ByteSize>,
    /// Keep what the committed recipes of all local branches build
    #[arg(long)]
    pub(crate) keep_branches: bool,
    /// Only these caches
    #[arg(long, value_name = "CACHE", value_enum, value_delimiter = ',')]
    pub(crate) only: Vec<GcCache>,
    /// Delete all old generations of Nix profiles, however young: `nix-collect-garbage -d`
    #[arg(long)]
    pub(crate) delete_old_generations: bool,
    #[command(flatten)]
    pub(crate) apply: Apply,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GcCache {
    /// Folders that cargo builds into
    Target,
    /// cargo's downloads
    Downloads,
    /// Docker's build cache
    Docker,
    /// The Nix store
    Nix,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// Delete what is shown
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Wait this long for a build that holds a target folder, instead of leaving the folder alone
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) wait: Option<Duration>,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
}
