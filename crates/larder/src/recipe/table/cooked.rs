//! The words that cook a recipe, held against the call of its slice: a setting in them would choose the programs that
//! compile, and nobody wrote one there that the slice does not have.

use crate::{
    cargo::command_line::option_values,
    recipe::folder::UP,
    slice::configured::{is_copied, seen_from},
};

/// The first word that sets something which the slice's arguments do not.
pub(super) fn odd_setting<'a>(cook: &'a [String], args: &[String]) -> Option<&'a str> {
    let settings = option_values(args, "--config");
    let has_file = settings.iter().any(|setting| !setting.contains('='));
    let known: Vec<String> =
        settings.iter().flat_map(|setting| seen_from(setting, UP.into(), |_| None)).collect();
    cook.iter().map(String::as_str).find(|word| match word.strip_prefix("--config=") {
        // The settings of a file are written down one by one, and the file is not at hand.
        Some(setting) => known.iter().all(|one| one != setting) && !(has_file && is_copied(setting)),
        None => word.starts_with("--config"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odd(cook: &str, args: &str) -> Option<String> {
        let [cook, args] = [cook, args].map(|line| line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        odd_setting(&cook, &args).map(str::to_owned)
    }

    #[test]
    fn a_setting_is_the_slices_own_or_odd() {
        let wrapper = r#"--config=build.rustc-wrapper="../../../../../evil""#;
        for (cook, args, is_odd) in [
            ("build --release", "build --release", false),
            (&format!("build {wrapper}"), "build", true),
            (&format!("build {wrapper}"), r#"build --config build.rustc-wrapper="./evil""#, false),
            (&format!("build {wrapper}"), "build --config=build.jobs=1", true),
            (&format!("build {wrapper}"), "build --config ci.toml", false),
            ("build --config=registries.own.token=1", "build --config ci.toml", true),
            ("build --config=../../../../../ci.toml", "build --config ci.toml", false),
            ("build --config=evil.toml", "build --config ci.toml", true),
            ("build --config build.jobs=1", "build --config build.jobs=1", true),
            ("build --config=build.jobs=1", "build -- --config=build.jobs=1", true),
        ] {
            assert_eq!(odd(cook, args).is_some(), is_odd, "{cook}: {args}");
        }
    }
}
