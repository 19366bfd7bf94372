//! Slices that a user writes down in the [settings](crate::settings).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    call::{Origin, Slice, Variant, variant_of},
    name::Name,
    target_dir::TargetDir,
};
use crate::{
    cargo::{
        command_line::{option_values, without_options, without_policies},
        subcommands,
    },
    error::Result,
};

/// A table in `slices`; its name is the slice's.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct WrittenSlice {
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    rustflags: Vec<String>,
    variant: Option<Variant>,
}

impl WrittenSlice {
    pub(super) fn into_slice(self, name: Name) -> Slice {
        let target_dir = option_values(&self.args, "--target-dir")
            .first()
            .map_or_else(TargetDir::default, |dir| TargetDir::from((*dir).to_owned()));
        let variant = self.variant.unwrap_or_else(|| variant_of(&self.args));
        Slice {
            name,
            origin: Origin::Written,
            variant,
            args: without_policies(&without_options(&self.args, &["--target-dir"])),
            target_dir,
            rustflags: self.rustflags,
            env: self.env,
        }
    }

    /// The name becomes a folder and a package name; the subcommand decides how the recipe is cooked.
    pub(crate) fn check(&self, name: &str) -> Result<(), String> {
        Name::new(name)?;
        let known: Vec<&str> = subcommands::of_slices().collect();
        if !self.args.first().is_some_and(|command| known.contains(&command.as_str())) {
            return Err(format!("args must start with one of {}", known.join(", ")));
        }
        if option_values(&self.args, "--target-dir").iter().any(|dir| dir.starts_with('/')) {
            return Err("--target-dir must be relative to the workspace root".into());
        }
        // The call gets them as one variable, which is split at spaces.
        if let Some(flag) = self.rustflags.iter().find(|flag| flag.contains(char::is_whitespace)) {
            return Err(format!(
                "rustflags: {flag:?} holds a space, at which RUSTFLAGS is split: write each word by itself, or put the \
                 flag into .cargo/config.toml"
            ));
        }
        let is_absolute = |file: &&&str| !file.contains('=') && file.starts_with('/');
        if let Some(file) = option_values(&self.args, "--config").iter().find(is_absolute) {
            return Err(format!("--config {file} must be relative to the workspace root"));
        }
        Ok(())
    }
}
