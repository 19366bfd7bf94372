//! The flake of a consumer: the very template that `nix flake init -t` copies, so that there is one text. What direnv
//! loads is here, since Nix keeps every file out of a build whose name begins like those that hold secrets.

use std::borrow::Cow;

const FLAKE: &str = include_str!("template/flake.nix");

/// The file that direnv loads.
pub(super) const ENVRC: &str = include_str!("envrc");

/// What Nix and direnv leave behind in a checkout.
pub(super) const IGNORED: [&str; 3] = [".direnv/", ".cargo-home/", "/result*"];

/// Where the template says that Larder is.
const PLACE: &str = "git+file:///path/to/larder";

/// The flake, with the place of Larder filled in if it is known.
pub(super) fn flake(source: Option<&str>) -> Cow<'static, str> {
    let Some(source) = source else { return FLAKE.into() };
    let is_plain_git =
        source.starts_with("https://") || source.starts_with("ssh://") || source.starts_with("file://");
    let source = if is_plain_git { format!("git+{source}") } else { source.to_owned() };
    FLAKE.replace(PLACE, &source).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_larder_is_filled_in() {
        assert!(flake(None).contains(PLACE));
        let flake = flake(Some("https://git.example/larder.git"));
        assert!(
            flake.contains("\"git+https://git.example/larder.git\"") && !flake.contains(PLACE),
            "{flake}"
        );
    }
}
