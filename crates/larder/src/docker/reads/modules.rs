//! The modules that Rust source declares, by name: rustc looks for each in files of its own.
//!
//! It reads tokens, so neither comments nor texts count. Which of them are compiled is left open: a module of one platform
//! or of tests counts as well.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};

use super::literals::tokens;

/// The names of all modules that a source file declares, in other modules and in macros too; none for one that is no
/// Rust.
pub(crate) fn of_source(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Some(tokens) = tokens(text) {
        walk(tokens, &mut found);
    }
    found
}

fn walk(tokens: TokenStream, found: &mut BTreeSet<String>) {
    let mut follows_mod = false;
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                let name = name.to_string();
                if follows_mod {
                    found.insert(name.trim_start_matches("r#").to_owned());
                }
                follows_mod = name == "mod";
                continue;
            }
            TokenTree::Group(group) => walk(group.stream(), found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
        follows_mod = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_told_from_text() {
        let source = r#"
            //! mod comment;
            mod util; pub(crate) mod r#type;
            #[cfg(unix)] mod unix { mod inner; }
            cfg_if! { if #[cfg(windows)] { mod windows; } }
            const TEXT: &str = "mod text;";
        "#;
        let expected = ["inner", "type", "unix", "util", "windows"].map(str::to_owned);
        assert_eq!(of_source(source), BTreeSet::from(expected));
        assert_eq!(of_source("fn {"), BTreeSet::new());
    }
}
