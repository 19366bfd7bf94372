//! Slices that a user writes down in the [settings](crate::settings).

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Deserialize;
use toml_edit::{Array, InlineTable, Value};

use super::{
    Name, TargetDir,
    call::{Origin, Slice, Variant, variant_of},
};
use crate::{
    cargo::command_line::{option_values, without_option, without_policies},
    error::{Error, Result},
    files::change,
    settings::Settings,
    toml_text,
    workspace::Workspace,
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
            args: without_policies(without_option(self.args, "--target-dir")),
            target_dir,
            rustflags: self.rustflags,
            env: self.env,
        }
    }

    /// The name becomes a folder and a package name; the subcommand decides how the recipe is cooked.
    pub(crate) fn check(&self, name: &str) -> Result<(), String> {
        Name::new(name)?;
        let known = ["build", "check", "clippy", "test"];
        if !self.args.first().is_some_and(|command| known.contains(&command.as_str())) {
            return Err(format!("args must start with one of {}", known.join(", ")));
        }
        if option_values(&self.args, "--target-dir").iter().any(|dir| dir.starts_with('/')) {
            return Err("--target-dir must be relative to the workspace root".into());
        }
        let is_absolute = |file: &&&str| !file.contains('=') && file.starts_with('/');
        if let Some(file) = option_values(&self.args, "--config").iter().find(is_absolute) {
            return Err(format!("--config {file} must be relative to the workspace root"));
        }
        Ok(())
    }
}

/// The table that a slice is written down as.
pub fn as_toml(slice: &Slice) -> String {
    let name = toml_edit::Key::new(&slice.name);
    let mut text = format!("[workspace.metadata.larder.slices.{}]\n", name.display_repr());
    for (field, value) in fields(slice) {
        let _ = writeln!(text, "{field} = {}", value.to_string().trim());
    }
    text
}

/// Adds slices to the root manifest, which keeps its comments, order and unknown keys.
///
/// # Errors
/// When the file cannot be written, or its settings are no tables.
pub fn add(workspace: &Workspace, slices: &[&Slice]) -> Result<()> {
    let path = workspace.root().join("Cargo.toml");
    let document = workspace.manifest();
    let owner = Settings::owner(document);
    let mut text = fs_err::read_to_string(&path)?;
    for slice in slices {
        text =
            insert(text, owner, slice).map_err(|reason| Error::Toml { path: path.clone().into(), reason })?;
    }
    change::write_in(workspace.root(), &path, &text)
}

fn insert(text: String, owner: &str, slice: &Slice) -> Result<String, String> {
    fields(slice).into_iter().try_fold(text, |text, (field, value)| {
        let path = [owner, "metadata", "larder", "slices", &slice.name, field].map(str::to_owned);
        toml_text::set(&text, &path, &value, "")
    })
}

fn fields(slice: &Slice) -> Vec<(&'static str, Value)> {
    let mut args = slice.args.clone();
    if slice.target_dir != TargetDir::default() {
        args.push(format!("--target-dir={}", String::from(slice.target_dir.clone())));
    }
    let mut fields = vec![("args", args.iter().collect::<Array>().into())];
    if !slice.rustflags.is_empty() {
        fields.push(("rustflags", slice.rustflags.iter().collect::<Array>().into()));
    }
    if !slice.env.is_empty() {
        let env: InlineTable = slice.env.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        fields.push(("env", env.into()));
    }
    fields
}
