//! The paths in a cargo configuration: what they name has to be there wherever the configuration is used. Flags for
//! rustc are among them as far as they name files of the workspace.

use cargo_metadata::camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use toml_edit::{DocumentMut, Item, Value};

use crate::text::slashes::forward;

/// The meaning of a path for cargo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathRole {
    /// A program; a name without a folder is looked for on `PATH`.
    Program,
    /// The description of a target; another name is that of a target.
    Specification,
    /// A folder of packages.
    Sources,
    /// A package, or a folder of packages, that takes the place of others.
    Override,
    /// A file or folder of any use.
    File,
    /// A place in which cargo puts something, or a program that no build runs.
    Unread,
}

/// Something that the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The key, as in `source.vendored-sources.directory`.
    pub key: String,
    /// The path, relative to the workspace's root or absolute.
    pub path: Utf8PathBuf,
    /// Its role for cargo.
    pub role: PathRole,
}

/// The keys that hold paths; `*` is any key.
const KEYS: [(&[&str], PathRole); 17] = [
    (&["build", "build-dir"], PathRole::Unread),
    (&["build", "dep-info-basedir"], PathRole::Unread),
    (&["build", "rustc"], PathRole::Program),
    (&["build", "rustc-workspace-wrapper"], PathRole::Program),
    (&["build", "rustc-wrapper"], PathRole::Program),
    (&["build", "rustdoc"], PathRole::Unread),
    (&["build", "target"], PathRole::Specification),
    (&["build", "target-dir"], PathRole::Unread),
    (&["http", "cainfo"], PathRole::File),
    (&["http", "proxy-cainfo"], PathRole::File),
    (&["patch", "*", "*", "path"], PathRole::Unread),
    (&["paths"], PathRole::Override),
    (&["source", "*", "directory"], PathRole::Sources),
    (&["source", "*", "local-registry"], PathRole::Sources),
    (&["target", "*", "linker"], PathRole::Program),
    (&["target", "*", "runner"], PathRole::Unread),
    (&["env", "*"], PathRole::File),
];

/// The paths in a configuration that a build reads; flags are not among them.
pub(super) fn named(config: &DocumentMut) -> Vec<Named> {
    let mut all = Vec::new();
    let mut config = config.clone();
    each(&mut config, &mut |key, role, value| {
        let Some(text) = value.as_str().filter(|text| role != PathRole::Unread && is_path(text, role)) else {
            return;
        };
        all.push(Named { key: key.join("."), path: normalized(Utf8Path::new(text)), role });
    });
    all
}

/// Makes paths relative to another folder, which lies at `way` from there.
pub(super) fn rebase(config: &mut DocumentMut, way: &Utf8Path) {
    each(config, &mut |_, role, value| {
        let Some(text) = value.as_str() else { return };
        let is_program = role == PathRole::Unread && !text.contains('/');
        // Templates name a folder of their own.
        if Utf8Path::new(text).is_absolute() || is_program || text.starts_with('{') || !is_path(text, role) {
            return;
        }
        let mut moved = Value::from(normalized(&way.join(text)).into_string());
        *moved.decor_mut() = value.decor().clone();
        *value = moved;
    });
}

/// The files of the workspace that flags name: linker scripts, lists of symbols, profiles. They are relative to the
/// workspace's root, which rustc works in.
pub(super) fn of_flags<'a>(flags: impl Iterator<Item = &'a Item>, root: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut files = Vec::new();
    for item in flags {
        let words: Vec<&str> = match item {
            Item::Value(Value::String(text)) => text.value().split_whitespace().collect(),
            Item::Value(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let parts = words.iter().flat_map(|word| word.split(['=', ',']));
        let names =
            parts.flat_map(|part| [part, part.get(2..).filter(|_| part.starts_with('-')).unwrap_or("")]);
        for name in names.filter(|name| !name.is_empty() && !name.starts_with('-')) {
            let path = Utf8Path::new(name);
            let inside = path.is_relative() && path.components().all(|part| part != Utf8Component::ParentDir);
            if inside && path != "." && root.join(path).exists() {
                files.push(normalized(path));
            }
        }
    }
    files
}

/// Whether cargo takes the text for a path at all.
fn is_path(text: &str, role: PathRole) -> bool {
    match role {
        PathRole::Program => text.contains('/'),
        PathRole::Specification => Utf8Path::new(text).extension() == Some("json"),
        _ => true,
    }
}

type Visit<'a> = &'a mut dyn FnMut(&[&str], PathRole, &mut Value);

fn each(config: &mut DocumentMut, visit: Visit<'_>) {
    for (keys, role) in KEYS {
        descend(config.as_item_mut(), keys, &mut Vec::new(), role, visit);
    }
}

fn descend<'k>(item: &mut Item, keys: &[&'k str], done: &mut Vec<&'k str>, role: PathRole, visit: Visit<'_>) {
    let Some((first, rest)) = keys.split_first() else {
        leaf(item, done, role, visit);
        return;
    };
    let Some(table) = item.as_table_like_mut() else { return };
    if *first != "*" {
        if let Some(item) = table.get_mut(first) {
            done.push(first);
            descend(item, rest, done, role, visit);
            done.pop();
        }
        return;
    }
    let names: Vec<String> = table.iter().map(|(name, _)| name.to_owned()).collect();
    for name in names {
        let mut above = done.clone();
        above.push(&name);
        if let Some(item) = table.get_mut(&name) {
            descend(item, rest, &mut above, role, visit);
        }
    }
}

/// A text, each of several, or the value of a variable that is said to be a path. Of a command, the first word is the
/// program.
fn leaf(item: &mut Item, key: &[&str], role: PathRole, visit: Visit<'_>) {
    match item {
        Item::Value(Value::Array(array)) => {
            let is_command = key.last() == Some(&"runner");
            let count = if is_command { 1 } else { array.len() };
            array.iter_mut().take(count).for_each(|value| visit(key, role, value));
        }
        Item::Value(value @ Value::String(_)) if key.first() != Some(&"env") => visit(key, role, value),
        item if key.first() == Some(&"env") => {
            let is_relative = item.get("relative").and_then(Item::as_bool) == Some(true);
            if let Some(Item::Value(value)) = item.get_mut("value").filter(|_| is_relative) {
                visit(key, role, value);
            }
        }
        _ => {}
    }
}

/// The way from a folder to another one.
pub(super) fn way(from: &Utf8Path, to: &Utf8Path) -> Utf8PathBuf {
    let common = from.ancestors().find(|folder| to.starts_with(folder)).unwrap_or(from);
    let up = from.strip_prefix(common).map_or(0, |rest| rest.components().count());
    let down = to.strip_prefix(common).unwrap_or(to);
    forward(std::iter::repeat_n("..", up).collect::<Utf8PathBuf>().join(down))
}

/// A path without `.` and `..`, as far as its text tells.
pub fn normalized(path: &Utf8Path) -> Utf8PathBuf {
    let mut done = Utf8PathBuf::new();
    for part in path.components() {
        let before = done.components().next_back();
        match part {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir if matches!(before, Some(Utf8Component::Normal(_))) => drop(done.pop()),
            Utf8Component::ParentDir if matches!(before, Some(Utf8Component::RootDir)) => {}
            part => done.push(part.as_str()),
        }
    }
    forward(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_configuration_names() {
        let config: DocumentMut = "paths = [\"over/a\", \"over/b\"]\n\
             [build]\nrustc-wrapper = \"./tools/wrap\"\ntarget = [\"x86_64-unknown-none\", \"my.json\"]\ntarget-dir = \"out\"\n\
             [target.'cfg(all())']\nlinker = \"clang\"\nrunner = [\"a/b\", \"c\"]\n\
             [target.x86_64-unknown-linux-gnu]\nlinker = \"tools/ld\"\n\
             [source.crates-io]\nreplace-with = \"here\"\n[source.here]\ndirectory = \"vendor\"\n\
             [env]\nA = { value = \"data\", relative = true }\nB = { value = \"data\" }\nC = \"data\"\n"
            .parse()
            .unwrap();
        let all: Vec<String> =
            named(&config).iter().map(|one| format!("{} {} {:?}", one.key, one.path, one.role)).collect();
        assert_eq!(
            all,
            [
                "build.rustc-wrapper tools/wrap Program",
                "build.target my.json Specification",
                "paths over/a Override",
                "paths over/b Override",
                "source.here.directory vendor Sources",
                "target.x86_64-unknown-linux-gnu.linker tools/ld Program",
                "env.A data File",
            ]
        );
    }

    #[test]
    fn flags_name_files_of_the_workspace() {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap();
        for name in ["memory.x", "list", "libs"] {
            fs_err::write(root.join(name), "").unwrap();
        }
        let flags: DocumentMut = "a = [\"-C\", \"link-arg=-Tmemory.x\", \"-Clink-arg=-Wl,--version-script=list\", \"-Llibs\", \"-Tgone.x\"]\n\
             b = \"-C link-arg=-T/memory.x -C opt-level=3 --cfg list\"\n"
            .parse()
            .unwrap();
        let found = of_flags([&flags["a"]].into_iter(), root);
        assert_eq!(found, ["memory.x", "list", "libs"]);
        assert_eq!(of_flags([&flags["b"]].into_iter(), root), ["list"]);
    }

    #[test]
    fn dots_are_resolved_as_text() {
        for (path, resolved) in [("/a/./b/../c", "/a/c"), ("../a/../../b", "../../b"), ("/../a", "/a")] {
            assert_eq!(normalized(path.into()).into_string(), resolved, "{path}");
        }
    }

    #[test]
    fn ways_between_folders() {
        for (to, expected) in [("/a/b/c", "c"), ("/a/c/d", "../c/d"), ("/a", "../")] {
            assert_eq!(way("/a/b".into(), to.into()).into_string(), expected, "{to}");
        }
    }
}
