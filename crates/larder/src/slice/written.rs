//! Slices that a user writes down in the [settings](crate::settings).

use std::collections::BTreeMap;

use serde::Deserialize;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, value};

use super::{Origin, Slice, TargetDir, Variant, option_values, variant_of, without_option, without_policies};
use crate::{change, error::Result, workspace::Workspace};

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
    pub(super) fn into_slice(self, name: String) -> Slice {
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
        let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(word) {
            return Err("a slice's name holds only letters, digits, `-` and `_`".into());
        }
        let known = ["build", "check", "clippy", "test"];
        if !self.args.first().is_some_and(|command| known.contains(&command.as_str())) {
            return Err(format!("args must start with one of {}", known.join(", ")));
        }
        if option_values(&self.args, "--target-dir").iter().any(|dir| dir.starts_with('/')) {
            return Err("--target-dir must be relative to the workspace root".into());
        }
        if option_values(&self.args, "--config").iter().any(|setting| !setting.contains('=')) {
            return Err("--config takes `KEY=VALUE`; a file would have to be in every recipe's folder".into());
        }
        Ok(())
    }
}

/// The table that a slice is written down as.
pub fn as_toml(slice: &Slice) -> String {
    let mut document = DocumentMut::new();
    insert(document.as_item_mut(), &["workspace", "metadata", "larder", "slices"], slice);
    document.to_string()
}

/// Adds slices to the root manifest, which keeps its comments, order and unknown keys.
///
/// # Errors
/// When the file cannot be written.
pub fn add(workspace: &Workspace, slices: &[&Slice]) -> Result<()> {
    let path = workspace.root().join("Cargo.toml");
    let mut document = workspace.manifest().clone();
    // Beside the settings that are there: a second table would hide them.
    let has_settings =
        |owner: &str| document.get(owner).and_then(|owner| owner.get("metadata")?.get("larder")).is_some();
    let is_package =
        !document.contains_key("workspace") || !has_settings("workspace") && has_settings("package");
    let owner = if is_package { "package" } else { "workspace" };
    for slice in slices {
        insert(document.as_item_mut(), &[owner, "metadata", "larder", "slices"], slice);
    }
    let text = change::document_text(&document, &fs_err::read_to_string(&path)?);
    change::write(&path, &text)
}

/// Puts a slice's table below `path`, in the form that the tables above it have: one in one line cannot hold others
/// that have a header, and taking it apart would lose the comment beside it.
fn insert(parent: &mut Item, path: &[&str], slice: &Slice) {
    let inline = parent.is_inline_table();
    let Some(table) = parent.as_table_like_mut() else { return };
    let Some((first, rest)) = path.split_first() else {
        let fields = fields(slice);
        table.insert(
            &slice.name,
            if inline { value(fields.into_inline_table()) } else { Item::Table(fields) },
        );
        return;
    };
    let mut missing = Table::new();
    missing.set_implicit(true);
    let missing = if inline { value(InlineTable::new()) } else { Item::Table(missing) };
    insert(table.entry(first).or_insert(missing), rest, slice);
}

fn fields(slice: &Slice) -> Table {
    let mut fields = Table::new();
    let mut args = slice.args.clone();
    if slice.target_dir != TargetDir::default() {
        args.push(format!("--target-dir={}", String::from(slice.target_dir.clone())));
    }
    fields.insert("args", value(args.iter().collect::<Array>()));
    if !slice.rustflags.is_empty() {
        fields.insert("rustflags", value(slice.rustflags.iter().collect::<Array>()));
    }
    if !slice.env.is_empty() {
        let env: InlineTable = slice.env.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        fields.insert("env", value(env));
    }
    fields
}
