//! Writing a slice down in the root manifest, which keeps its comments, order and unknown keys.

use std::fmt::Write as _;

use toml_edit::{Array, InlineTable, Value};

use super::{call::Slice, target_dir::TargetDir};
use crate::{
    error::{Error, Result},
    files::{change, read},
    settings::Settings,
    toml_text,
    workspace::Workspace,
};

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
    let path = workspace.manifest_path();
    let document = workspace.manifest();
    let owner = Settings::owner(document);
    let mut text = read::text(&path)?;
    for slice in slices {
        text =
            insert(text, owner, slice).map_err(|reason| Error::Toml { path: path.clone().into(), reason })?;
    }
    change::write_in(workspace.root(), &path, &text)
}

pub(super) fn insert(text: String, owner: &str, slice: &Slice) -> Result<String, String> {
    fields(slice).into_iter().try_fold(text, |text, (field, value)| {
        let path = Settings::path(owner, &["slices", &slice.name, field]);
        let path: Vec<String> = path.into_iter().map(str::to_owned).collect();
        toml_text::set(&text, &path, &value, "")
    })
}

pub(super) fn fields(slice: &Slice) -> Vec<(&'static str, Value)> {
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
