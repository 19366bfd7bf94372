//! The filters of a repository's own configuration, by name: programs that git would run on files that it compares.

use std::collections::BTreeSet;

/// The settings for git's `-c` by which it runs none of the filters that a repository itself configures. `names` are the
/// names of all their settings, each behind its scope, as `git config -z --show-scope --name-only` gives them.
///
/// # Errors
/// If a name cannot be said on a command line.
pub(super) fn without(names: &str) -> Result<Vec<String>, String> {
    let mut words = names.split_terminator('\0');
    let mut filters = BTreeSet::new();
    while let (Some(scope), Some(name)) = (words.next(), words.next()) {
        if ["local", "worktree"].contains(&scope) {
            filters.insert(filter(name));
        }
    }
    all_off(&filters)
}

/// The same for names without scopes, as older versions of git give them: no filter runs.
///
/// # Errors
/// As [`without`].
pub(super) fn without_all(names: &str) -> Result<Vec<String>, String> {
    all_off(&names.split_terminator('\0').map(filter).collect())
}

/// The filter in the name of its setting.
fn filter(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(filter, _)| filter)
}

fn all_off(filters: &BTreeSet<&str>) -> Result<Vec<String>, String> {
    match filters.iter().find(|filter| filter.contains(['=', '\n'])) {
        Some(filter) => Err(format!("{filter:?} is no name of a filter")),
        None => Ok(filters.iter().copied().flat_map(off).collect()),
    }
}

/// An empty program is none. A filter that must work would be an error without one.
fn off(filter: &str) -> [String; 4] {
    ["clean=", "smudge=", "process=", "required=false"].map(|setting| format!("{filter}.{setting}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_of_a_repository_alone_are_off() {
        let names = "global\0filter.lfs.clean\0local\0filter.My.x.process\0local\0filter.My.x.required\0\
                     worktree\0filter.y.clean\0command\0filter.z.clean\0";
        let off: Vec<String> = ["filter.My.x", "filter.y"].into_iter().flat_map(off).collect();
        assert_eq!(without(names), Ok(off));
        assert_eq!(without(""), Ok(Vec::new()));
        assert_eq!(without_all("filter.y.clean\0filter.My.x.process\0filter.y.required\0"), without(names));
        for name in ["a=b", "a\nb"] {
            assert!(without(&format!("local\0filter.{name}.clean\0")).is_err(), "{name}");
        }
    }
}
