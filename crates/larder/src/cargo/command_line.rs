//! cargo's command line: which words are options, their values or the [subcommand](super::subcommands).
//!
//! It must never decide what cargo builds: only cargo knows that.

use std::ffi::OsString;

use super::subcommands::{BuiltPrograms, building, is_own, is_script};

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
            _ if is_own(name) || is_script(name) => Self::Own,
            _ => Self::ThirdParty(name.to_owned()),
        }
    }
}

/// cargo's options about how much it says. It refuses two of them that differ.
pub(crate) const VERBOSITY: [&str; 4] = ["-q", "--quiet", "-v", "--verbose"];

/// Options of one letter that have no value.
const FLAGS: [&str; 5] = ["-V", "-h", "-q", "-r", "-v"];

/// Options of one letter that have a value: `-j4`, `-j=4` or `-j 4`.
const SHORT_WITH_VALUE: [&str; 5] = ["-C", "-F", "-Z", "-j", "-p"];

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
    /// The words that end with it: all that it consists of, or none for the `-q` of `-qr`.
    pub(crate) words: &'a [String],
    /// Whether its word says other options as well.
    is_shared: bool,
}

impl Argument<'_> {
    /// Words that say this argument alone.
    pub(crate) fn alone(&self) -> Vec<String> {
        match self.value {
            _ if !self.is_shared => self.words.to_vec(),
            Some(value) => vec![format!("{}={value}", self.name)],
            None => vec![self.name.to_owned()],
        }
    }
}

/// Reads cargo's own arguments, one after the other, up to a `--`.
pub(crate) fn arguments(args: &[String]) -> impl Iterator<Item = Argument<'_>> {
    groups(args).flatten()
}

/// The arguments of each word, with those words that are a value. A word such as `-qr` has several.
fn groups(args: &[String]) -> impl Iterator<Item = Vec<Argument<'_>>> {
    let mut rest = own_args(args);
    std::iter::from_fn(move || {
        let mut options = options(rest.first()?);
        let (name, value) = options.pop()?;
        let takes_next = value.is_none() && takes_value(name);
        let next = rest.get(1).filter(|_| takes_next);
        let (words, after) = rest.split_at(1 + usize::from(next.is_some()));
        rest = after;
        let is_shared = !options.is_empty();
        let last = Argument { name, value: value.or(next.map(String::as_str)), words, is_shared };
        let before = options.into_iter().map(|(name, value)| Argument { name, value, words: &[], is_shared });
        Some(before.chain([last]).collect())
    })
}

/// The options that a word says, with the values that it holds; a word that is no option by itself.
fn options(word: &str) -> Vec<(&str, Option<&str>)> {
    match word.split_once('=') {
        Some((name, value)) if name.starts_with("--") => vec![(name, Some(value))],
        _ => letters(word).unwrap_or_else(|| vec![(word, None)]),
    }
}

/// The options of a word such as `-qr`, `-j4` or `-rp`: the last one may have its value there. `None` if the word has
/// another form, or a letter that is not known.
fn letters(word: &str) -> Option<Vec<(&str, Option<&str>)>> {
    let mut rest = word.strip_prefix('-').filter(|rest| !rest.is_empty())?;
    let mut options = Vec::new();
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        if let Some(name) = named(&FLAGS, letter) {
            options.push((name, None));
            continue;
        }
        let value = rest.strip_prefix('=').unwrap_or(rest);
        options.push((named(&SHORT_WITH_VALUE, letter)?, (!rest.is_empty()).then_some(value)));
        break;
    }
    Some(options)
}

fn named(names: &[&'static str], letter: char) -> Option<&'static str> {
    names.iter().copied().find(|name| name.ends_with(letter))
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

/// Whether a call has an option of one of these names.
pub(crate) fn has_one_of(args: &[String], names: &[&str]) -> bool {
    arguments(args).any(|argument| names.contains(&argument.name))
}

/// Whether a call says that it is of the release profile.
pub(crate) fn is_release(args: &[String]) -> bool {
    has_one_of(args, &["--release", "-r"])
}

/// cargo's own arguments: those before a `--`, which belong to a test or to clippy and not to cargo.
pub(crate) fn own_args(args: &[String]) -> &[String] {
    let end = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    &args[..end]
}

/// A command line with more options of cargo's, but for those that it has already: cargo refuses a word said twice.
/// An option about how much cargo says replaces those that are there.
pub(crate) fn with_options(args: &[String], more: impl IntoIterator<Item = String>) -> Vec<String> {
    let more: Vec<String> = more.into_iter().collect();
    let replaces = more.iter().any(|word| VERBOSITY.contains(&word.as_str()));
    let args = without_options(args, if replaces { &VERBOSITY } else { &[] });
    let own = own_args(&args);
    let more = more.into_iter().filter(|word| !own.contains(word));
    own.iter().cloned().chain(more).chain(args[own.len()..].iter().cloned()).collect()
}

/// A command line without some of cargo's options. A word that keeps all of its options stays as it is.
pub(crate) fn without_options(args: &[String], names: &[&str]) -> Vec<String> {
    let rest = &args[own_args(args).len()..];
    groups(args).flat_map(|group| words_without(&group, names)).chain(rest.iter().cloned()).collect()
}

fn words_without(group: &[Argument<'_>], names: &[&str]) -> Vec<String> {
    if group.iter().all(|argument| !names.contains(&argument.name)) {
        return group.iter().flat_map(|argument| argument.words).cloned().collect();
    }
    group.iter().filter(|argument| !names.contains(&argument.name)).flat_map(Argument::alone).collect()
}

/// A call's arguments without those that say how cargo may go about it: whoever makes a call says so, and cargo
/// refuses to be told twice.
pub(crate) fn without_policies(args: &[String]) -> Vec<String> {
    without_options(args, &["--locked", "--offline", "--frozen", "--color"])
}

/// Whether an option has cargo answer instead of building.
pub(crate) fn is_question(args: &[String]) -> bool {
    has_one_of(args, &["--unit-graph", "--build-plan", "--help", "-h"])
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
        "--bin",
        "--example",
        "--test",
        "--bench",
        "--features",
        "--profile",
        "--target",
        "--target-dir",
        "--manifest-path",
        "--message-format",
        "--color",
        "--config",
        "--exclude",
        "--jobs",
        "--artifact-dir",
        "--crate-type",
        "--out-dir",
    ];
    names.contains(&name) || SHORT_WITH_VALUE.contains(&name)
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
    fn letters_may_share_a_word() {
        let args = words("-vv build -qrp al -rF=a -hj4 -Vx -rq");
        let read: Vec<_> = arguments(&args).map(|argument| (argument.name, argument.value)).collect();
        let expected = [
            ("-v", None),
            ("-v", None),
            ("build", None),
            ("-q", None),
            ("-r", None),
            ("-p", Some("al")),
            ("-r", None),
            ("-F", Some("a")),
            ("-h", None),
            ("-j", Some("4")),
            ("-Vx", None),
            ("-r", None),
            ("-q", None),
        ];
        assert_eq!(read, expected);
        assert_eq!((subcommand(&args), option_values(&args, "-p")), (Some(1), vec!["al"]));
        for line in ["build -qr", "build -vr", "run -rp al", "check -rF a"] {
            assert!(is_release(&words(line)), "{line}");
        }
        assert!(!is_release(&words("build -pr -Fr -q -- -r")));
        assert_eq!(without_options(&args, &VERBOSITY), words("build -r -p=al -rF=a -hj4 -Vx -r"));
        assert_eq!(without_options(&args, &["-p"]), words("-vv build -q -r -rF=a -hj4 -Vx -rq"));
        assert_eq!(without_options(&args, &["--locked"]), args);
    }

    #[test]
    fn options_go_before_the_separator_and_none_twice() {
        let args = words("clippy --release -- -Dwarnings");
        assert_eq!(with_options(&args, ["-q".to_owned()]), words("clippy --release -q -- -Dwarnings"));
        assert_eq!(with_options(&args, ["--release".to_owned()]), args);
    }

    #[test]
    fn how_much_cargo_says_is_said_once() {
        for line in ["build --verbose", "build -vv", "build -q", "-v build", "build --quiet"] {
            let quiet = with_options(&words(line), ["--locked".to_owned(), "--quiet".to_owned()]);
            assert_eq!(quiet, words("build --locked --quiet"), "{line}");
        }
        let args = words("test -rv -- -q");
        assert_eq!(with_options(&args, ["--quiet".to_owned()]), words("test -r --quiet -- -q"));
        assert_eq!(with_options(&args, ["--locked".to_owned()]), words("test -rv --locked -- -q"));
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
