//! cargo's command line: which words are options, their values or the [subcommand](super::subcommands).
//!
//! It must never decide what cargo builds: only cargo knows that.

use std::ffi::OsString;

use super::subcommands::{BuiltPrograms, building, is_own};

/// The work of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Work {
    /// It is cargo's own work: compilers and build scripts run in the call's environment.
    Own,
    /// It builds a program of the workspace and runs it.
    Run,
    /// It runs the program `cargo-NAME`.
    ThirdParty(String),
}

impl Work {
    pub(crate) fn parse(args: &[String]) -> Self {
        let Some(name) = subcommand(args).map(|at| args[at].as_str()) else { return Self::Own };
        match building(name).map(|building| building.programs) {
            Some(BuiltPrograms::Run) => Self::Run,
            _ if is_third_party(name) => Self::ThirdParty(name.to_owned()),
            _ => Self::Own,
        }
    }
}

/// A path is a script of cargo's.
fn is_third_party(name: &str) -> bool {
    !is_own(name) && !name.contains(['/', '\\', '.'])
}

/// Words as text, for looking at: what runs gets the words themselves.
pub(crate) fn text(words: &[OsString]) -> Vec<String> {
    words.iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// One of cargo's arguments, read: an option with its value, or a word by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Argument<'a> {
    /// The option's name as it is spelt, or the word.
    pub(crate) name: &'a str,
    /// The option's value, in whichever way it is given: `--name VALUE`, `--name=VALUE`, `-nVALUE`.
    pub(crate) value: Option<&'a str>,
    /// The words that it consists of.
    pub(crate) words: &'a [String],
}

/// Reads cargo's own arguments, one after the other, up to a `--`.
pub(crate) fn arguments(args: &[String]) -> impl Iterator<Item = Argument<'_>> {
    let mut rest = own_args(args);
    std::iter::from_fn(move || {
        let word = rest.first()?;
        let (name, value) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value)),
            _ => short_with_value(word).map_or((word.as_str(), None), |(name, value)| (name, Some(value))),
        };
        let takes_next = value.is_none() && takes_value(name);
        let next = rest.get(1).filter(|_| takes_next);
        let (words, after) = rest.split_at(1 + usize::from(next.is_some()));
        rest = after;
        Some(Argument { name, value: value.or(next.map(String::as_str)), words })
    })
}

/// The index of the subcommand among cargo's arguments.
pub(crate) fn subcommand(args: &[String]) -> Option<usize> {
    let mut index = 0;
    for argument in arguments(args) {
        if !argument.name.starts_with(['-', '+']) {
            return Some(index);
        }
        index += argument.words.len();
    }
    None
}

/// The arguments in front of the subcommand.
pub(crate) fn before_subcommand(args: &[String]) -> &[String] {
    &args[..subcommand(args).unwrap_or(args.len())]
}

/// The values of an option.
pub(crate) fn option_values<'a>(args: &'a [String], name: &str) -> Vec<&'a str> {
    arguments(args).filter(|argument| argument.name == name).filter_map(|argument| argument.value).collect()
}

/// Whether a call says that it is of the release profile.
pub(crate) fn is_release(args: &[String]) -> bool {
    arguments(args).any(|argument| matches!(argument.name, "--release" | "-r"))
}

/// cargo's own arguments: those before a `--`, which belong to a test or to clippy and not to cargo.
pub(crate) fn own_args(args: &[String]) -> &[String] {
    let end = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    &args[..end]
}

/// A command line with more options of cargo's, but for those that it has already: cargo refuses a word said twice.
pub(crate) fn with_options(args: &[String], more: impl IntoIterator<Item = String>) -> Vec<String> {
    let own = own_args(args);
    let more = more.into_iter().filter(|word| !own.contains(word));
    own.iter().cloned().chain(more).chain(args[own.len()..].iter().cloned()).collect()
}

/// A command line without some of cargo's options.
pub(crate) fn without_options(args: &[String], names: &[&str]) -> Vec<String> {
    let kept = arguments(args).filter(|argument| !names.contains(&argument.name));
    let rest = &args[own_args(args).len()..];
    kept.flat_map(|argument| argument.words).chain(rest).cloned().collect()
}

/// A call's arguments without those that say how cargo may go about it: whoever makes a call says so, and cargo
/// refuses to be told twice.
pub(crate) fn without_policies(args: &[String]) -> Vec<String> {
    without_options(args, &["--locked", "--offline", "--frozen", "--color"])
}

/// `-j4` and its kind.
fn short_with_value(arg: &str) -> Option<(&str, &str)> {
    let (name, value) = arg.split_at_checked(2)?;
    let is_one = ["-p", "-F", "-j", "-C", "-Z"].contains(&name) && !value.is_empty();
    is_one.then(|| (name, value.strip_prefix('=').unwrap_or(value)))
}

/// Whether an option has cargo answer instead of building.
pub(crate) fn is_question(args: &[String]) -> bool {
    arguments(args).any(|argument| ["--unit-graph", "--build-plan", "--help", "-h"].contains(&argument.name))
}

/// Short names as long ones, so that both spellings give the same slice.
pub(crate) fn long(name: &str) -> &str {
    match name {
        "-p" => "--package",
        "-r" => "--release",
        "-F" => "--features",
        other => other,
    }
}

/// Whether an option of cargo takes the next word for its value.
fn takes_value(name: &str) -> bool {
    let names = [
        "--package",
        "-p",
        "--bin",
        "--example",
        "--test",
        "--bench",
        "--features",
        "-F",
        "--profile",
        "--target",
        "--target-dir",
        "--manifest-path",
        "--message-format",
        "--color",
        "--config",
        "--exclude",
        "--jobs",
        "-j",
        "--artifact-dir",
        "--crate-type",
        "--out-dir",
        "-C",
        "-Z",
    ];
    names.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn option_values_reads_both_spellings_and_stops_at_the_separator() {
        let args = words("build --target a --target=b --target-dir=c -- --target d");
        assert_eq!(option_values(&args, "--target"), ["a", "b"]);
    }

    #[test]
    fn options_are_read_in_every_spelling() {
        let args = words("-C dir -Zx +nightly build -pa --bin b -j=4 --offline word -- --bin c");
        let read: Vec<_> = arguments(&args).map(|argument| (argument.name, argument.value)).collect();
        let expected = [
            ("-C", Some("dir")),
            ("-Z", Some("x")),
            ("+nightly", None),
            ("build", None),
            ("-p", Some("a")),
            ("--bin", Some("b")),
            ("-j", Some("4")),
            ("--offline", None),
            ("word", None),
        ];
        assert_eq!(read, expected);
        assert_eq!(before_subcommand(&args), words("-C dir -Zx +nightly"));
        assert_eq!(
            without_options(&args, &["--bin"]),
            words("-C dir -Zx +nightly build -pa -j=4 --offline word -- --bin c")
        );
    }

    #[test]
    fn options_go_before_the_separator_and_none_twice() {
        let args = words("clippy --release -- -Dwarnings");
        assert_eq!(with_options(&args, ["-q".to_owned()]), words("clippy --release -q -- -Dwarnings"));
        assert_eq!(with_options(&args, ["--release".to_owned()]), args);
    }

    #[test]
    fn policies_are_the_callers() {
        let args =
            words("test --locked --color always --offline --color=never --frozen -- --locked --color x");
        assert_eq!(without_policies(&args), words("test -- --locked --color x"));
    }

    #[test]
    fn questions_are_told_from_builds() {
        for line in
            ["rustc --unit-graph -Z unstable-options", "build -p a --build-plan", "test -h", "b --help"]
        {
            assert!(is_question(&words(line)), "{line}");
        }
        assert!(!is_question(&words("run -p help -- --help -h")));
    }

    #[test]
    fn drivers_are_told_from_cargos_own_work() {
        assert_eq!(Work::parse(&words("--color always leptos build")), Work::ThirdParty("leptos".into()));
        assert_eq!(Work::parse(&words("+nightly run -p x -- build")), Work::Run);
        for line in ["build", "clippy -- -D warnings", "-vV", "--version", "script.rs", "./script"] {
            assert_eq!(Work::parse(&words(line)), Work::Own, "{line}");
        }
    }
}
