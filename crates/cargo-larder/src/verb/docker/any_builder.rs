//! Rules for images of both builders, BuildKit and Nix.

use anyhow::bail;
use larder::Report as _;

use crate::{cli, context::VerbContext};

/// The image is there, whether or not its record is.
pub(super) fn warn_unrecorded(context: &VerbContext, written: larder::Result<()>) {
    if let Err(error) = written {
        context.terminal.warn(&format!("cannot record what this image was built from: {error}"));
    }
}

/// An image without a name is in no registry.
pub(super) fn refuse_nameless_push(args: &cli::DockerBuild) -> anyhow::Result<()> {
    if args.push && args.tag.is_empty() {
        bail!("--push needs at least one --tag");
    }
    Ok(())
}
