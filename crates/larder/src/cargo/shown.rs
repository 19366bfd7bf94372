//! Calls as others may see them: in records, in summaries, as JSON and on a terminal, which in CI is a log.
//!
//! The words for a program that a call runs are the user's and the program's matter, and may be anything. Those for a
//! compiler change what is compiled, so two such calls are told apart by a digest. It must never be used for what runs.

use std::{ffi::OsString, path::Path};

use super::{
    command_line::{Work, arguments, own_args, subcommand, text},
    subcommands::{is_script, words_are_the_compilers},
};
use crate::{hash::ContentHasher, secret};

/// The placeholder for words that nobody else may see.
const WORDS: &str = "…";

/// A command that a user typed, whatever it starts.
pub fn command(words: &[OsString]) -> String {
    let words = text(words);
    let own = own_args(&words);
    let told = match own.iter().position(|word| is_cargo(word)) {
        Some(at) => [scripts(&own[..=at]), of_cargo(&words[at + 1..])].concat(),
        None => [scripts(own), instead(&words[own.len()..], false)].concat(),
    };
    line(&told)
}

/// The words of a call of cargo that may be recorded.
pub(crate) fn of_cargo(args: &[String]) -> Vec<String> {
    let own = own_args(args);
    let compiles = subcommand(own).is_some_and(|at| words_are_the_compilers(&own[at]));
    match programs_words(own) {
        Some(at) => [&own[..at], &instead(&args[at..], false)].concat(),
        None => [own, &instead(&args[own.len()..], compiles)].concat(),
    }
}

/// Words on one line, without values that nobody else may see.
pub fn line(words: &[String]) -> String {
    secret::without_values(words).join(" ")
}

fn is_cargo(word: &str) -> bool {
    Path::new(word).file_stem().is_some_and(|name| name == "cargo")
}

/// A shell's script is one word, and may have calls in it.
fn scripts(words: &[String]) -> Vec<String> {
    let until_separator = |word: &String| match word.split_once(" -- ") {
        Some((own, _)) => format!("{own} -- {WORDS}"),
        None => word.clone(),
    };
    words.iter().map(until_separator).collect()
}

/// Where the words of a program begin that needs no `--` in front of them: the one that `cargo run` runs, or a script.
fn programs_words(own: &[String]) -> Option<usize> {
    let name = subcommand(own)?;
    let mut at = name + 1;
    if is_script(&own[name]) && at < own.len() {
        return Some(at);
    }
    if Work::parse(own) != Work::Run {
        return None;
    }
    for argument in arguments(&own[at..]) {
        if !argument.name.starts_with('-') {
            return Some(at);
        }
        at += argument.words.len();
    }
    None
}

/// The placeholder for words that may have a `--` in front of them; nothing if there are none.
fn instead(words: &[String], compiles: bool) -> Vec<String> {
    let told = match words.split_first() {
        Some((separator, rest)) if separator == "--" => rest,
        _ => words,
    };
    match told {
        [] => words.to_vec(),
        _ if compiles => vec!["--".to_owned(), digest(told)],
        _ => vec!["--".to_owned(), WORDS.to_owned()],
    }
}

fn digest(words: &[String]) -> String {
    let mut hasher = ContentHasher::new("larder words 1");
    words.iter().for_each(|word| hasher.string(word));
    format!("#{}", &hasher.finish_hex()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(words: &[&str]) -> String {
        command(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn words_of_programs_are_not_shown() {
        for (words, told) in [
            (&["cargo", "run", "--bin", "a", "--", "--token=x"][..], "cargo run --bin a -- …"),
            (&["cargo", "run", "--bin=a", "x", "--release"], "cargo run --bin=a -- …"),
            (&["cargo", "+nightly", "r", "-r"], "cargo +nightly r -r"),
            (&["cargo", "r", "-qrp", "a", "x"], "cargo r -qrp a -- …"),
            (&["cargo", "test", "name", "--", "--nocapture", "x"], "cargo test name -- …"),
            (&["/bin/cargo", "bench", "--", "x"], "/bin/cargo bench -- …"),
            (&["cargo", "tool/script.rs", "x", "y"], "cargo tool/script.rs -- …"),
            (&["env", "API_TOKEN=x", "cargo", "r", "y"], "env API_TOKEN=(hidden) cargo r -- …"),
            (&["cargo", "leptos", "watch", "--", "x"], "cargo leptos watch -- …"),
            (&["just", "build", "--", "x", "cargo", "run"], "just build -- …"),
            (&["sh", "-c", "make && cargo run -- x"], "sh -c make && cargo run -- …"),
            (
                &["cargo", "build", "--config", "http.proxy=\"a:x@b\""],
                "cargo build --config http.proxy=(hidden)",
            ),
            (&["deploy", "--password", "x", "-q"], "deploy --password (hidden) -q"),
            (&["cargo", "build", "--release"], "cargo build --release"),
        ] {
            assert_eq!(shown(words), told);
        }
    }

    #[test]
    fn words_of_compilers_are_told_apart() {
        let deny = shown(&["cargo", "clippy", "--", "-D", "warnings"]);
        let warn = shown(&["cargo", "clippy", "--", "-W", "warnings"]);
        assert!(deny.starts_with("cargo clippy -- #") && !deny.contains("warnings"), "{deny}");
        assert!(deny != warn && deny == shown(&["cargo", "clippy", "--", "-D", "warnings"]));
        assert!(shown(&["cargo", "rustc", "--", "--cfg", "x"]).starts_with("cargo rustc -- #"));
        assert_eq!(shown(&["cargo", "rustc", "--"]), "cargo rustc --");
    }

    #[test]
    fn a_record_of_a_record_is_the_same_for_programs() {
        let once = of_cargo(&["run", "--", "x"].map(str::to_owned));
        assert_eq!(of_cargo(&once), once);
        assert_eq!(line(&once), "run -- …");
    }
}
