//! `--config` of a slice, seen from another folder: cargo reads relative paths in it from where it is called, and a
//! recipe is cooked in a folder of its own. It must never resolve a path: what is committed holds for every machine.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use toml_edit::{DocumentMut, Item, Value};

use crate::text::slashes;

/// Tables of a file that may reach a unit. No other is copied: it may hold secrets, and needs nothing of them.
const COPIED: [&str; 9] =
    ["build", "env", "host", "patch", "paths", "profile", "source", "target", "unstable"];

/// Whether a setting by its full name is of a table that is copied from a file.
pub(crate) fn is_copied(setting: &str) -> bool {
    setting.contains('=') && COPIED.contains(&setting.split(['.', '=']).next().unwrap_or_default())
}

/// The values of `--config` that mean in another folder what `setting` means in its own. `way` leads from that
/// folder to this one. A file becomes its settings, so that cooking needs nothing but the recipe; `read`
/// gives them, with paths as they are seen from here.
pub(crate) fn seen_from(
    setting: &str,
    way: &Utf8Path,
    read: impl FnOnce(&Utf8Path) -> Option<DocumentMut>,
) -> Vec<String> {
    if setting.contains('=') {
        let document = setting.parse::<DocumentMut>();
        return match document {
            Ok(document) => flat(&document, way).unwrap_or_else(|| vec![setting.to_owned()]),
            Err(_) => vec![setting.to_owned()],
        };
    }
    let settings = read(Utf8Path::new(setting)).and_then(|mut document| {
        document.retain(|name, _| COPIED.contains(&name));
        flat(&document, way)
    });
    settings.unwrap_or_else(|| vec![moved(setting, way)])
}

/// Every value by its full name; `None` for what a command line cannot hold.
fn flat(document: &DocumentMut, base: &Utf8Path) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for (name, item) in document.iter() {
        walk(&mut vec![name.to_owned()], item, base, &mut found)?;
    }
    Some(found)
}

fn walk(keys: &mut Vec<String>, item: &Item, base: &Utf8Path, found: &mut Vec<String>) -> Option<()> {
    if let Some(table) = item.as_table_like() {
        for (key, below) in table.iter() {
            // Said by the table as a whole, for the value beside it.
            keys.push(key.to_owned());
            let is_relative = table.get("relative").and_then(Item::as_bool) == Some(true);
            match below.as_str().filter(|_| is_relative && key == "value") {
                Some(path) => found.push(word(keys, &moved(path, base).into())),
                None => walk(keys, below, base, found)?,
            }
            keys.pop();
        }
        return Some(());
    }
    let mut value = item.as_value()?.clone();
    value.decor_mut().clear();
    match &mut value {
        Value::String(text) => {
            let path = text.value().clone();
            if is_path(keys, &path) {
                value = moved(&path, base).into();
            }
        }
        Value::Array(array) if array.iter().all(|value| value.as_inline_table().is_none()) => {
            move_array(keys, array, base);
        }
        Value::Array(_) => return None,
        _ => {}
    }
    found.push(word(keys, &value));
    Some(())
}

/// A list of paths, or a program with its arguments.
fn move_array(keys: &[String], array: &mut toml_edit::Array, base: &Utf8Path) {
    let count = if keys == ["paths"] { array.len() } else { 1 };
    for value in array.iter_mut().take(count) {
        if let Some(path) = value.as_str().filter(|path| is_path(keys, path)) {
            *value = moved(path, base).into();
        }
    }
    array.fmt();
}

fn word(keys: &[String], value: &Value) -> String {
    let keys: Vec<String> =
        keys.iter().map(|key| toml_edit::Key::new(key).display_repr().into_owned()).collect();
    format!("{}={value}", keys.join("."))
}

/// Whether cargo reads a value as a path, and not as the name of a program or a target.
fn is_path(keys: &[String], value: &str) -> bool {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    match keys[..] {
        ["paths"]
        | ["build", "target-dir" | "build-dir" | "artifact-dir" | "dep-info-basedir"]
        | ["source", _, "directory" | "local-registry"]
        | ["patch", _, _, "path"] => true,
        ["build", "rustc" | "rustc-wrapper" | "rustc-workspace-wrapper" | "rustdoc"]
        | ["target", _, "linker" | "runner"]
        | ["host", "linker" | "runner"] => value.contains('/'),
        ["build", "target"] => Utf8Path::new(value).extension() == Some("json"),
        _ => false,
    }
}

/// A relative path as another folder sees it. An absolute one, and a template of cargo's, is the same everywhere.
fn moved(path: &str, base: &Utf8Path) -> String {
    if path.is_empty() || path.starts_with(['/', '{']) {
        return path.to_owned();
    }
    let mut whole = Utf8PathBuf::from(base);
    Utf8Path::new(path).components().filter(|part| part.as_str() != ".").for_each(|part| whole.push(part));
    slashes::forward(whole).into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP: &str = "../../..";

    fn seen(setting: &str) -> String {
        seen_from(setting, Utf8Path::new(UP), |_| None).join(" ")
    }

    #[test]
    fn relative_paths_are_the_workspaces() {
        for (setting, expected) in [
            (r#"build.rustc-wrapper="tools/wrap""#, r#"build.rustc-wrapper="../../../tools/wrap""#),
            ("build.rustc-wrapper='./wrap'", r#"build.rustc-wrapper="../../../wrap""#),
            (r#"target.x.linker="clang""#, r#"target.x.linker="clang""#),
            (r#"target.'cfg(unix)'.linker="bin/ld""#, r#"target."cfg(unix)".linker="../../../bin/ld""#),
            (r#"patch.crates-io.a.path="a b""#, r#"patch.crates-io.a.path="../../../a b""#),
            (r#"paths=["a", "/b"]"#, r#"paths=["../../../a", "/b"]"#),
            (r#"target.x.runner=["bin/r", "a/b"]"#, r#"target.x.runner=["../../../bin/r", "a/b"]"#),
            (r#"source.v.directory="vendor""#, r#"source.v.directory="../../../vendor""#),
            (r#"build.target="t/x.json""#, r#"build.target="../../../t/x.json""#),
            (r#"build.target="wasm32-unknown-unknown""#, r#"build.target="wasm32-unknown-unknown""#),
            (r#"build.build-dir="{workspace-root}/u""#, r#"build.build-dir="{workspace-root}/u""#),
            ("profile.release.opt-level=1", "profile.release.opt-level=1"),
            (r#"build.rustflags=["--cfg", "a/b"]"#, r#"build.rustflags=["--cfg", "a/b"]"#),
            ("not toml = = ", "not toml = = "),
        ] {
            assert_eq!(seen(setting), expected);
        }
    }

    #[test]
    fn a_file_becomes_its_settings() {
        let text = "[build]\nrustc-wrapper = \"tools/wrap\" # why\n[env]\nA = { value = \"a\", relative = true }\n\
                    [registries.own]\ntoken = \"hidden\"\n[profile.release]\ndebug = 0\n";
        let expected = [
            r#"build.rustc-wrapper="../../../tools/wrap""#,
            r#"env.A.value="../../../a""#,
            "env.A.relative=true",
            "profile.release.debug=0",
        ];
        assert_eq!(seen_from("ci/cargo.toml", Utf8Path::new(UP), |_| text.parse().ok()), expected);
        assert_eq!(
            seen("ci/cargo.toml"),
            "../../../ci/cargo.toml",
            "one that cannot be read is cargo's to name"
        );
    }
}
