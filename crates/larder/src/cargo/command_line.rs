//! cargo's command line: which subcommands there are, and which words are options or their values.
//!
//! It must never decide what cargo builds: only cargo knows that.

use std::ffi::OsString;

/// What a call does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Work {
    /// It is cargo's own work: compilers and build scripts run in the call's environment.
    Own,
    /// It builds a program of the workspace and runs it.
    Run,
    /// It runs the program `cargo-NAME`.
    ThirdParty(String),
}

/// The subcommands of cargo and of its toolchain, which builds in the environment of the call.
const OWN: [&str; 48] = [
    "add",
    "b",
    "bench",
    "build",
    "c",
    "check",
    "clean",
    "clippy",
    "config",
    "d",
    "doc",
    "fetch",
    "fix",
    "fmt",
    "generate-lockfile",
    "git-checkout",
    "help",
    "info",
    "init",
    "install",
    "locate-project",
    "login",
    "logout",
    "metadata",
    "miri",
    "new",
    "owner",
    "package",
    "pkgid",
    "publish",
    "read-manifest",
    "remove",
    "report",
    "rm",
    "rustc",
    "rustdoc",
    "search",
    "t",
    "test",
    "tree",
    "uninstall",
    "update",
    "vendor",
    "verify-project",
    "version",
    "yank",
    "r",
    "run",
];

impl Work {
    pub(crate) fn of(args: &[String]) -> Self {
        match subcommand(args).map(|at| args[at].as_str()) {
            Some("run" | "r") => Self::Run,
            Some(name) if is_third_party(name) => Self::ThirdParty(name.to_owned()),
            _ => Self::Own,
        }
    }
}

/// A path is a script of cargo's.
pub(crate) fn is_third_party(name: &str) -> bool {
    !OWN.contains(&name) && !name.contains(['/', '\\', '.'])
}

/// Words as text, for looking at: what runs gets the words themselves.
pub(crate) fn text(words: &[OsString]) -> Vec<String> {
    words.iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// The index of the subcommand among cargo's arguments.
pub(crate) fn subcommand(args: &[String]) -> Option<usize> {
    let takes_value = ["--color", "--config", "-C", "-Z"];
    let mut index = 0;
    while let Some(arg) = args.get(index) {
        if takes_value.contains(&arg.as_str()) {
            index += 2;
        } else if arg.starts_with('-') || arg.starts_with('+') {
            index += 1;
        } else {
            return Some(index);
        }
    }
    None
}

/// The values of an option in front of the subcommand.
pub(crate) fn before_subcommand(args: &[String], name: &str) -> Vec<String> {
    let end = subcommand(args).unwrap_or(args.len());
    let mut args = args[..end].iter();
    let mut values = Vec::new();
    while let Some(arg) = args.next() {
        if arg == name {
            values.extend(args.next().cloned());
        } else if let Some(value) = arg.strip_prefix(name) {
            values.push(value.trim_start_matches('=').to_owned());
        }
    }
    values
}

/// The values of `--name VALUE` and `--name=VALUE` in a cargo command line, up to `--`.
pub(crate) fn option_values<'a>(args: &'a [String], name: &str) -> Vec<&'a str> {
    let mut values = Vec::new();
    let mut args = args.iter().take_while(|arg| *arg != "--");
    while let Some(arg) = args.next() {
        if arg == name {
            values.extend(args.next().map(String::as_str));
        } else if let Some(value) = arg.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
            values.push(value);
        }
    }
    values
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

/// A cargo command line without `--name VALUE` and `--name=VALUE`, up to `--`.
pub(crate) fn without_option(args: Vec<String>, name: &str) -> Vec<String> {
    let mut kept = Vec::new();
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        if arg == "--" {
            kept.push(arg);
            break;
        }
        if arg == name {
            args.next();
        } else if arg.strip_prefix(name).is_none_or(|rest| !rest.starts_with('=')) {
            kept.push(arg);
        }
    }
    kept.extend(args);
    kept
}

/// A call's arguments without those that say how cargo may go about it: whoever makes a call says so, and cargo
/// refuses to be told twice.
pub(crate) fn without_policies(args: Vec<String>) -> Vec<String> {
    let args = args.into_iter();
    let args = args.scan(false, |is_over, arg| {
        *is_over |= arg == "--";
        Some((*is_over, arg))
    });
    let kept = args.filter(|(is_over, arg)| *is_over || !POLICIES.contains(&arg.as_str()));
    without_option(kept.map(|(_, arg)| arg).collect(), "--color")
}

/// The words that say whether cargo may change `Cargo.lock` and use the network.
const POLICIES: [&str; 3] = ["--locked", "--offline", "--frozen"];

/// `-j4` and its kind.
pub(crate) fn short_with_value(arg: &str) -> Option<(&str, &str)> {
    let (name, value) = arg.split_at_checked(2)?;
    (["-p", "-F", "-j", "-Z"].contains(&name) && !value.is_empty()).then_some((name, value))
}

/// The subcommand that plans the same units; `None` for one that builds nothing.
pub(crate) fn planned_as(subcommand: &str) -> Option<&'static str> {
    match subcommand {
        "build" | "b" | "run" | "r" | "rustc" => Some("build"),
        "check" | "c" => Some("check"),
        "clippy" => Some("clippy"),
        "test" | "t" => Some("test"),
        _ => None,
    }
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
pub(crate) fn takes_value(name: &str) -> bool {
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
    fn options_go_before_the_separator_and_none_twice() {
        let args = words("clippy --release -- -Dwarnings");
        assert_eq!(with_options(&args, ["-q".to_owned()]), words("clippy --release -q -- -Dwarnings"));
        assert_eq!(with_options(&args, ["--release".to_owned()]), args);
    }

    #[test]
    fn policies_are_the_callers() {
        let args =
            words("test --locked --color always --offline --color=never --frozen -- --locked --color x");
        assert_eq!(without_policies(args), words("test -- --locked --color x"));
    }

    #[test]
    fn drivers_are_told_from_cargos_own_work() {
        assert_eq!(Work::of(&words("--color always leptos build")), Work::ThirdParty("leptos".into()));
        assert_eq!(Work::of(&words("+nightly run -p x -- build")), Work::Run);
        for line in ["build", "clippy -- -D warnings", "-vV", "--version", "script.rs", "./script"] {
            assert_eq!(Work::of(&words(line)), Work::Own, "{line}");
        }
    }
}
