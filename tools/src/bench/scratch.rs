//! The folder that a benchmark works in: temporary, or the user's, where the next run finds what this one built.

use std::path::{Path, PathBuf};

use xshell::Shell;

/// The arguments that choose it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Work in this folder, and keep it.
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
    /// Keep the temporary folder.
    #[arg(long)]
    keep: bool,
}

/// The folder of one run.
pub(super) enum Scratch {
    Temporary(tempfile::TempDir),
    Kept(PathBuf),
}

impl Scratch {
    /// Makes the folder, or takes the user's.
    pub(super) fn new(sh: &Shell, args: &Options) -> anyhow::Result<Self> {
        if let Some(dir) = &args.scratch {
            let dir = sh.current_dir().join(dir);
            fs_err::create_dir_all(&dir)?;
            return Ok(Self::Kept(dir));
        }
        let dir = tempfile::Builder::new().prefix("larder-bench-").tempdir()?;
        Ok(if args.keep { Self::Kept(dir.keep()) } else { Self::Temporary(dir) })
    }

    pub(super) fn dir(&self) -> &Path {
        match self {
            Self::Temporary(dir) => dir.path(),
            Self::Kept(dir) => dir,
        }
    }

    /// Removes a temporary folder.
    pub(super) fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Temporary(dir) => Ok(dir.close()?),
            Self::Kept(_) => Ok(()),
        }
    }
}
