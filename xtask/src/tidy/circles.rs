//! Files of a crate that use each other in a circle can only be understood together, so there are none.
//!
//! A file uses another one if a path in it leads there. Tests are left out. A file that is no Rust is the compiler's to
//! refuse.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Attribute, Item, UseTree, visit::Visit};

use super::{Finding, repository::Repository};

/// The place of a module in its crate; the root's is empty.
type Module = Vec<String>;

/// No file uses itself by way of others.
pub(super) fn imports(repository: &Repository) -> Vec<Finding> {
    let mut crates: BTreeMap<&str, BTreeMap<Module, (&str, &str)>> = BTreeMap::new();
    for (path, text) in repository.ending(&[".rs"]) {
        let Some((root, inside)) = path.split_once("/src/").filter(|_| path.starts_with("crates/")) else {
            continue;
        };
        crates.entry(root).or_default().insert(module(inside), (path, text));
    }
    crates.values().flat_map(of_crate).collect()
}

fn module(inside: &str) -> Module {
    let mut parts: Module = inside.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    parts
}

fn of_crate(files: &BTreeMap<Module, (&str, &str)>) -> Vec<Finding> {
    let used: BTreeMap<&Module, BTreeSet<Module>> =
        files.iter().map(|(module, (_, text))| (module, uses(files, module, text))).collect();
    let mut found = Vec::new();
    for (module, (path, _)) in files.iter().filter(|(module, _)| !module.is_empty()) {
        if let Some(way) = way_back(&used, module) {
            let names: Vec<String> = way.iter().map(|module| module.join("/")).collect();
            let what = format!(
                "it uses itself by way of {}: move what both need into a file of its own",
                names.join(", ")
            );
            found.push(Finding::new(path, 1, what));
        }
    }
    found
}

/// The shortest way from a file to itself.
fn way_back<'a>(
    used: &'a BTreeMap<&Module, BTreeSet<Module>>,
    module: &'a Module,
) -> Option<Vec<&'a Module>> {
    let mut ways: Vec<Vec<&Module>> = vec![vec![module]];
    let mut seen = BTreeSet::new();
    let mut next = 0;
    while next < ways.len() {
        let way = ways[next].clone();
        for other in used.get(way[way.len() - 1])? {
            if other == module {
                return Some(way[1..].to_vec());
            }
            if seen.insert(other) {
                ways.push(way.iter().copied().chain([other]).collect());
            }
        }
        next += 1;
    }
    None
}

/// The files that a file uses, itself and the crate's root left out.
fn uses(files: &BTreeMap<Module, (&str, &str)>, module: &Module, text: &str) -> BTreeSet<Module> {
    let Ok(file) = syn::parse_file(text) else { return BTreeSet::new() };
    let mut paths = Paths::default();
    paths.visit_file(&file);
    let known = |module: &[String]| files.contains_key(module);
    let lead = paths.0.iter().filter_map(|path| leads_to(&known, module, path));
    lead.filter(|other| other != module && !other.is_empty()).collect()
}

/// The file that a path leads to, seen from a module; `None` for one of another crate.
fn leads_to(known: &impl Fn(&[String]) -> bool, module: &Module, path: &[String]) -> Option<Module> {
    let ups = path.iter().take_while(|part| *part == "super").count();
    let (mut place, rest) = match path.first()?.as_str() {
        "crate" => (Vec::new(), &path[1..]),
        "self" => (module.clone(), &path[1..]),
        "super" => (module[..module.len().checked_sub(ups)?].to_vec(), &path[ups..]),
        _ => (module.clone(), path),
    };
    let start = place.len();
    for part in rest {
        place.push(part.clone());
        if !known(&place) {
            place.pop();
            break;
        }
    }
    let is_named = ["crate", "self", "super"].contains(&path[0].as_str());
    (is_named || place.len() > start).then_some(place)
}

/// Every path of a file, tests apart.
#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl Paths {
    fn tree(&mut self, before: &[String], tree: &UseTree) {
        match tree {
            UseTree::Path(path) => self.tree(&joined(before, &path.ident), &path.tree),
            UseTree::Name(name) => self.0.push(joined(before, &name.ident)),
            UseTree::Rename(rename) => self.0.push(joined(before, &rename.ident)),
            UseTree::Glob(_) => self.0.push(before.to_vec()),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(before, tree)),
        }
    }
}

fn joined(before: &[String], part: &syn::Ident) -> Vec<String> {
    before.iter().cloned().chain([part.to_string()]).collect()
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(item) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 && path.leading_colon.is_none() {
            self.0.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        syn::visit::visit_path(self, path);
    }

    /// `pub(in super::super)` uses nothing.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}
}

fn is_for_tests(item: &Item) -> bool {
    let attributes: &[Attribute] = match item {
        Item::Mod(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(|attribute| {
        matches!(&attribute.meta, syn::Meta::List(list) if list.path.is_ident("cfg") && list.tokens.to_string().contains("test"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<const N: usize>(files: [(&str, &str); N]) -> Vec<String> {
        let files = files.map(|(name, text)| (format!("crates/one/src/{name}"), text));
        let repository = Repository::from(files.each_ref().map(|(path, text)| (path.as_str(), *text)));
        imports(&repository).into_iter().map(|finding| format!("{} {}", finding.path, finding.what)).collect()
    }

    #[test]
    fn a_circle_is_found_from_each_of_its_files() {
        let circle = [
            ("a.rs", "use crate::room::b::B;"),
            ("room/mod.rs", "mod b;"),
            ("room/b.rs", "fn f() { super::c::g() }"),
            ("room/c.rs", "use crate::{a::{self, A}, other};"),
        ];
        let found = found(circle);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found[0].starts_with("crates/one/src/a.rs it uses itself by way of room/b, room/c:"),
            "{found:?}"
        );
    }

    #[test]
    fn tests_the_root_and_other_crates_are_no_circle() {
        let none = [
            ("lib.rs", "mod a; mod b; pub use a::A;"),
            ("a.rs", "use std::b::X; use crate::{A, b}; pub(in crate::b) fn f() {}"),
            (
                "b.rs",
                "use serde::a; #[cfg(test)] mod tests { use crate::a; } #[cfg(all(test, unix))] use crate::a;",
            ),
            ("broken.rs", "fn ("),
        ];
        assert_eq!(found(none), Vec::<String>::new());
    }
}
