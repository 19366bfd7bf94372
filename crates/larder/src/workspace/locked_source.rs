//! The source of a package in a `Cargo.lock`. It must never ask whether there is such a place.

/// The source of a package in a `Cargo.lock`, taken apart: `git+URL?branch=NAME#COMMIT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockedSource<'a> {
    /// The address with its kind; the same for every commit.
    pub address: &'a str,
    /// The commit, of a git repository.
    pub commit: Option<&'a str>,
}

impl<'a> LockedSource<'a> {
    /// Takes a source apart; what has no commit is an address.
    pub fn parse(source: &'a str) -> Self {
        // The first one, as in `expand.awk` and `expand.nix`.
        match source.split_once('#') {
            Some((address, commit)) => Self { address, commit: Some(commit) },
            None => Self { address: source, commit: None },
        }
    }

    /// Whether it is a git repository.
    pub fn is_git(self) -> bool {
        self.address.starts_with("git+")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_no_part_of_the_address() {
        let main = LockedSource::parse("git+https://x/a?branch=main#c0ffee");
        assert_eq!((main.address, main.commit), ("git+https://x/a?branch=main", Some("c0ffee")));
        assert!(main.is_git());
        let registry = LockedSource::parse("registry+https://x/index");
        assert_eq!((registry.address, registry.commit), ("registry+https://x/index", None));
        assert!(!registry.is_git());
    }
}
