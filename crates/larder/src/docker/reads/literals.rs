//! Paths that Rust source names, in the order of its tokens: in macros, in attributes, and anywhere in a build script.
//!
//! It reads tokens, so neither comments nor text around a path confuse it. Code that is compiled for tests alone is
//! left out.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::text::nesting;

/// A text that may be a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Literal {
    /// The text.
    pub(super) text: String,
    /// Its source.
    pub(super) base: Base,
}

/// The folder that a path starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    /// From the file that names it, as the compiler's own macros do.
    File,
    /// From the package's folder, or from the file: macros of others do one or the other.
    Any,
    /// From the package's folder, or from `templates/` in it.
    Template,
    /// From the package's folder.
    Package,
}

/// Macros of the compiler that read a file.
const INCLUDE: [&str; 3] = ["include", "include_bytes", "include_str"];

/// Macros with a path that is assumed if none is given.
const ASSUMED: [(&str, &str); 4] = [
    ("embed_migrations", "migrations"),
    ("i18n", "locales"),
    ("load_locales", "locales"),
    ("migrate", "migrations"),
];

/// Macros whose texts are for people.
const SPOKEN: [&str; 34] = [
    "anyhow",
    "assert",
    "assert_eq",
    "assert_ne",
    "bail",
    "concat",
    "dbg",
    "debug",
    "debug_assert",
    "debug_assert_eq",
    "ensure",
    "env",
    "eprint",
    "eprintln",
    "error",
    "eyre",
    "format",
    "format_args",
    "info",
    "json",
    "matches",
    "option_env",
    "panic",
    "print",
    "println",
    "todo",
    "trace",
    "unimplemented",
    "unreachable",
    "vec",
    "view",
    "warn",
    "write",
    "writeln",
];

/// Attributes whose texts are for people, or for other programs.
const SPOKEN_ATTRIBUTES: [&str; 17] = [
    "allow",
    "arg",
    "cfg",
    "cfg_attr",
    "clap",
    "command",
    "deprecated",
    "derive",
    "display",
    "doc",
    "error",
    "expect",
    "must_use",
    "serde",
    "test",
    "warn",
    "deny",
];

/// The paths that a source file may name; none for one that is no Rust.
pub(crate) fn of_source(text: &str) -> Vec<Literal> {
    let mut found = Vec::new();
    if let Some(tokens) = tokens(text) {
        walk(tokens, &mut found);
    }
    found
}

/// The tokens of a source file; `None` for one that is no Rust.
pub(super) fn tokens(text: &str) -> Option<TokenStream> {
    if nesting::is_deep(text) { None } else { text.parse().ok() }
}

/// All texts of a build script, which runs in the package's folder.
pub(crate) fn of_build_script(text: &str) -> Vec<Literal> {
    let mut found = of_source(text);
    if let Some(tokens) = tokens(text) {
        let texts = texts(tokens).into_iter().map(|text| {
            let path = ["cargo:rerun-if-changed=", "cargo::rerun-if-changed="]
                .iter()
                .find_map(|start| text.strip_prefix(start));
            Literal { text: path.unwrap_or(&text).to_owned(), base: Base::Package }
        });
        found.extend(texts);
    }
    found
}

fn walk(tokens: TokenStream, found: &mut Vec<Literal>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut index = 0;
    while index < tokens.len() {
        match &tokens[index..] {
            [TokenTree::Punct(hash), TokenTree::Group(group), ..] if hash.as_char() == '#' => {
                index += 2;
                if is_for_tests(&group.stream()) {
                    index += item(&tokens[index..]);
                } else {
                    attribute(group.stream(), found);
                }
            }
            [TokenTree::Punct(hash), TokenTree::Punct(bang), TokenTree::Group(group), ..]
                if hash.as_char() == '#' && bang.as_char() == '!' =>
            {
                attribute(group.stream(), found);
                index += 3;
            }
            [TokenTree::Ident(name), TokenTree::Punct(bang), TokenTree::Group(group), ..]
                if bang.as_char() == '!' =>
            {
                call(&name.to_string(), group.stream(), found);
                index += 3;
            }
            [TokenTree::Group(group), ..] => {
                walk(group.stream(), found);
                index += 1;
            }
            _ => index += 1,
        }
    }
}

/// How many tokens an item has, up to its body or its semicolon.
fn item(tokens: &[TokenTree]) -> usize {
    tokens.iter().position(ends_item).map_or(tokens.len(), |end| end + 1)
}

fn ends_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    }
}

/// `cfg(test)`, or `test`.
fn is_for_tests(attribute: &TokenStream) -> bool {
    let text: String = attribute.to_string().split_whitespace().collect();
    text == "cfg(test)" || text == "test"
}

fn call(name: &str, arguments: TokenStream, found: &mut Vec<Literal>) {
    if INCLUDE.contains(&name) {
        found.extend(included(arguments));
        return;
    }
    if let Some((_, path)) =
        ASSUMED.iter().find(|(assumes, _)| *assumes == name).filter(|_| arguments.is_empty())
    {
        found.push(Literal { text: (*path).to_owned(), base: Base::Package });
    }
    if !SPOKEN.contains(&name) {
        found.extend(texts(arguments.clone()).into_iter().map(|text| Literal { text, base: Base::Any }));
    }
    walk(arguments, found);
}

fn attribute(tokens: TokenStream, found: &mut Vec<Literal>) {
    let name = tokens.clone().into_iter().next().map(|token| token.to_string()).unwrap_or_default();
    let base = if name == "template" { Base::Template } else { Base::Any };
    if !SPOKEN_ATTRIBUTES.contains(&name.as_str()) {
        found.extend(texts(tokens.clone()).into_iter().map(|text| Literal { text, base }));
    }
    walk(tokens, found);
}

/// The argument of `include_str!` and the like: a text, or several that `concat!` joins, the package's folder first.
fn included(arguments: TokenStream) -> Option<Literal> {
    let tokens: Vec<TokenTree> = arguments.into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Literal(literal), ..] => {
            Some(Literal { text: text(&literal.to_string())?, base: Base::File })
        }
        [TokenTree::Ident(name), TokenTree::Punct(_), TokenTree::Group(group), ..] if name == "concat" => {
            joined(group.stream())
        }
        _ => None,
    }
}

fn joined(arguments: TokenStream) -> Option<Literal> {
    let (mut path, mut base) = (String::new(), Base::File);
    let mut tokens = arguments.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Literal(literal) => path.push_str(&text(&literal.to_string())?),
            TokenTree::Punct(_) => {}
            TokenTree::Ident(name) if name == "env" && path.is_empty() => {
                let TokenTree::Group(group) = tokens.nth(1)? else { return None };
                if texts(group.stream()) != ["CARGO_MANIFEST_DIR"] {
                    return None;
                }
                base = Base::Package;
            }
            _ => return None,
        }
    }
    Some(Literal { text: path, base })
}

/// All texts among tokens, in groups as well.
fn texts(tokens: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => found.extend(texts(group.stream())),
            TokenTree::Literal(literal) => found.extend(text(&literal.to_string())),
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
    found
}

/// The text of a literal; `None` for a number, and for a text with a backslash, which no path has here.
fn text(literal: &str) -> Option<String> {
    let bare = literal.trim_start_matches(['b', 'c', 'r']).trim_matches('#');
    let text = bare.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains('\\')).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(source: &str) -> Vec<(String, Base)> {
        of_source(source).into_iter().map(|literal| (literal.text, literal.base)).collect()
    }

    #[test]
    fn the_compilers_macros_name_files() {
        let source = r#"
            #![doc = include_str!("../README.md")]
            const A: &str = std::include_str!(r"../a.txt");
            const B: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/b", "/c.bin"));
            include!(concat!(env!("OUT_DIR"), "/made.rs"));
            const D: &str = include_str!(concat!("../d", ".txt")); // include_str!("comment.txt")
            fn f() { let x = format!("{}", include_str!["../in/format.txt"]); println!("README.md"); }
        "#;
        let expected = [
            ("../README.md", Base::File),
            ("../a.txt", Base::File),
            ("/b/c.bin", Base::Package),
            ("../d.txt", Base::File),
            ("../in/format.txt", Base::File),
        ];
        assert_eq!(named(source), expected.map(|(text, base)| (text.to_owned(), base)));
    }

    #[test]
    fn macros_and_attributes_of_others_name_paths() {
        let source = r#"
            #[derive(Template)] #[template(path = "page.html")] struct Page;
            #[derive(Embed)] #[folder = "public/"] struct Assets;
            #[doc = "README.md"] static M: M = sqlx::migrate!();
            static D: Dir = include_dir!("$CARGO_MANIFEST_DIR/static");
            rust_i18n::i18n!("words", fallback = "en");
            fn f() -> anyhow::Result<()> { bail!("no LICENSE") }
        "#;
        let expected = [
            ("page.html", Base::Template),
            ("public/", Base::Any),
            ("migrations", Base::Package),
            ("$CARGO_MANIFEST_DIR/static", Base::Any),
            ("words", Base::Any),
            ("en", Base::Any),
        ];
        assert_eq!(named(source), expected.map(|(text, base)| (text.to_owned(), base)));
    }

    #[test]
    fn what_is_for_tests_is_left_out() {
        let source = r#"
            #[cfg(test)] mod tests { const A: &str = include_str!("../testdata/a.txt"); }
            #[cfg(test)] const B: &str = include_str!("../testdata/b.txt");
            #[test] fn t() { include_str!("../testdata/c.txt"); }
            const D: &str = include_str!("../d.txt");
        "#;
        assert_eq!(named(source), [("../d.txt".to_owned(), Base::File)]);
    }

    #[test]
    fn a_build_script_names_what_it_reads() {
        let source = r#"fn main() { println!("cargo:rerun-if-changed=include/a.h"); cc::Build::new().file("csrc/a.c"); }"#;
        let texts: Vec<String> = of_build_script(source).into_iter().map(|literal| literal.text).collect();
        assert_eq!(texts, ["include/a.h", "csrc/a.c"]);
        assert_eq!(of_source("fn {"), []);
    }
}
