//! The arguments of `store` that have to do with a team's remote.

use std::path::PathBuf;

use clap::Args;
use humantime::Duration;

#[derive(Debug, Args)]
pub(crate) struct StoreKeygen {
    /// The file that the secret key is written to; it must not exist
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The name of the key, which is committed with its public half
    #[arg(long, value_name = "NAME", default_value = "team-1")]
    pub(crate) name: String,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StorePush {
    /// The folder that gets the units; that of the settings by default
    #[arg(long, value_name = "REMOTE")]
    pub(crate) to: Option<String>,
    /// The file of the secret key; by default the key itself is in `LARDER_STORE_KEY`
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Push from somewhere else than a CI build of a protected branch
    #[arg(long)]
    pub(crate) allow_untrusted: bool,
    /// Write what is there already again, since it may be damaged
    #[arg(long)]
    pub(crate) repair: bool,
    /// How long readers may use the signed lists; as long as the key is trusted by default
    #[arg(long, value_name = "TIME")]
    pub(crate) valid_for: Option<Duration>,
    /// How long pushing may take
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub(crate) limit: Duration,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StorePull {
    /// The folder or address that units are taken from; that of the settings by default
    #[arg(long, value_name = "REMOTE")]
    pub(crate) from: Option<String>,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
}
