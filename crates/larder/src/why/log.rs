//! Reads what cargo logs about fingerprints: which units it prepared, and what it holds against each.
//!
//! cargo decides about every unit before it compiles the first one, and says so in its log on every toolchain.
//! The wording is nobody's promise, so everything that is not understood is handed on as it is.

use std::path::PathBuf;

/// The value of `CARGO_LOG` that makes cargo say what is read here, under the names that its module has had.
pub(super) const FILTER: &str = "cargo::core::compiler::fingerprint=debug,cargo::compiler::fingerprint=debug";

/// The log of cargo while it prepared a build.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct CargoLog {
    /// Every unit, in the order in which cargo prepared them.
    pub(super) units: Vec<Prepared>,
    /// Dependencies whose output is newer than what depends on them: the folder of that package, and their name.
    pub(super) newer: Vec<(PathBuf, String)>,
    /// Everything that is no log line: cargo's own words, for errors.
    pub(super) said: Vec<String>,
}

/// A unit as cargo prepared it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Prepared {
    /// The file with the unit's fingerprint.
    pub(super) file: PathBuf,
    /// The package, as cargo writes it: `name v1.0.0 (source)`.
    pub(super) package: String,
    /// cargo's findings.
    pub(super) verdict: Freshness,
}

/// cargo's finding about a unit.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    /// Nothing is to be done.
    Fresh,
    /// It was never built like this.
    Unknown,
    /// It is to be compiled again, for the reason given in Rust's debug notation.
    Dirty(String),
}

/// Reads a whole output and the fields of its reasons; for [`crate::fuzz`].
pub(crate) fn read_all(text: &str) {
    let mut log = CargoLog::default();
    text.lines().for_each(|line| log.add(line));
    crate::seen::seen(quoted(text));
    for name in ["path", "old", "new", "stale", "name"] {
        crate::seen::seen((field(text, name).map(str::len), text_field(text, name)));
        crate::seen::seen((option_field(text, name), list_field(text, name)));
    }
}

impl CargoLog {
    /// Takes in one line of cargo's error output.
    pub(super) fn add(&mut self, line: &str) {
        let Some((head, message)) = line.split_once("compiler::fingerprint: ") else {
            self.said.push(line.to_owned());
            return;
        };
        let message = message.trim_start();
        if let Some(path) = message.strip_prefix("fingerprint at: ") {
            let package = head.split_once("package_id=").and_then(|(_, rest)| rest.split_once(" target="));
            let package = package.map_or_else(String::new, |(package, _)| package.to_owned());
            self.units.push(Prepared { file: path.into(), package, verdict: Freshness::Fresh });
        } else if let Some(reason) = message.strip_prefix("dirty: ") {
            self.judge(Freshness::Dirty(reason.to_owned()));
        } else if message.starts_with("err: ") {
            self.judge(Freshness::Unknown);
        } else if let Some((name, rest)) = message
            .strip_prefix("dependency on `")
            .and_then(|rest| rest.split_once("` is newer than we are "))
            && let Some(folder) = quoted(rest)
        {
            self.newer.push((folder.into(), name.to_owned()));
        }
    }

    fn judge(&mut self, verdict: Freshness) {
        if let Some(unit) = self.units.last_mut() {
            unit.verdict = verdict;
        }
    }
}

/// The text in the first pair of quotes of a debug notation, with its escapes undone.
pub(super) fn quoted(text: &str) -> Option<String> {
    let mut found = String::new();
    let mut chars = text[text.find('"')? + 1..].chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => return Some(found),
            '\\' => match chars.next()? {
                'n' => found.push('\n'),
                't' => found.push('\t'),
                'r' => found.push('\r'),
                '0' => found.push('\0'),
                'u' => {
                    let code: String = chars.by_ref().skip(1).take_while(|char| *char != '}').collect();
                    found.push(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32)?);
                }
                other => found.push(other),
            },
            other => found.push(other),
        }
    }
    None
}

/// The debug notation of a field's value, up to the end of the text.
pub(super) fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    [format!("{{ {name}: "), format!(", {name}: ")]
        .iter()
        .find_map(|start| Some(&text[text.find(start.as_str())? + start.len()..]))
}

/// A field that holds a text or a path.
pub(super) fn text_field(text: &str, name: &str) -> Option<String> {
    field(text, name).filter(|value| value.starts_with('"')).and_then(quoted)
}

/// A field that holds `Some("…")` or `None`.
pub(super) fn option_field(text: &str, name: &str) -> Option<String> {
    field(text, name).filter(|value| value.starts_with("Some(\"")).and_then(quoted)
}

/// A field that holds a list of texts.
pub(super) fn list_field(text: &str, name: &str) -> Vec<String> {
    let Some(mut rest) = field(text, name).and_then(|value| value.strip_prefix('[')) else {
        return Vec::new();
    };
    let mut values = Vec::new();
    while rest.starts_with('"') {
        let Some(value) = quoted(rest) else { break };
        rest = after_quoted(rest);
        rest = rest.strip_prefix(", ").unwrap_or(rest);
        values.push(value);
    }
    values
}

fn after_quoted(text: &str) -> &str {
    let mut escaped = false;
    for (index, char) in text.char_indices().skip(1) {
        match char {
            '"' if !escaped => return &text[index + 1..],
            '\\' if !escaped => escaped = true,
            _ => escaped = false,
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const LINES: &str = r#"   0.1s DEBUG prepare_target{force=false package_id=app v0.1.0 (/w/app) target="app"}: cargo::core::compiler::fingerprint: fingerprint at: /t/debug/.fingerprint/app-1/bin-app
   0.1s  INFO prepare_target{force=false package_id=app v0.1.0 (/w/app) target="app"}: cargo::core::compiler::fingerprint: dependency on `lib` is newer than we are 1.5s > 1.25s "/w/app"
   0.1s  INFO prepare_target{force=false package_id=app v0.1.0 (/w/app) target="app"}: cargo::core::compiler::fingerprint:     dirty: UnitDependencyInfoChanged { unit: UnitIndex(1) }
   0.1s DEBUG prepare_target{force=false package_id=lib v0.1.0 (/w/lib) target="lib"}: cargo::compiler::fingerprint: fingerprint at: /t/debug/build/lib/2/fingerprint/lib-lib
   0.1s  INFO prepare_target{force=false package_id=lib v0.1.0 (/w/lib) target="lib"}: cargo::compiler::fingerprint:     err: failed to read `/t/x`
   Compiling lib v0.1.0 (/w/lib)"#;

    #[test]
    fn units_reasons_and_newer_dependencies_are_read_under_both_names_of_the_module() {
        let mut log = CargoLog::default();
        LINES.lines().for_each(|line| log.add(line));
        let [app, lib] = log.units.as_slice() else { panic!("{log:?}") };
        assert_eq!(app.package, "app v0.1.0 (/w/app)");
        assert_eq!(app.file, Path::new("/t/debug/.fingerprint/app-1/bin-app"));
        assert_eq!(app.verdict, Freshness::Dirty("UnitDependencyInfoChanged { unit: UnitIndex(1) }".into()));
        assert_eq!(lib.verdict, Freshness::Unknown);
        assert_eq!(log.newer, [("/w/app".into(), "lib".to_owned())]);
        assert_eq!(log.said, ["   Compiling lib v0.1.0 (/w/lib)"]);
    }

    #[test]
    fn fields_of_debug_notation() {
        let text = r#"EnvVarChanged { name: "A\"B", old_value: None, new_value: Some("x, new_value: y") }"#;
        assert_eq!(text_field(text, "name").unwrap(), "A\"B");
        assert_eq!(option_field(text, "old_value"), None);
        assert_eq!(option_field(text, "new_value").unwrap(), "x, new_value: y");
        let text = r#"RustflagsChanged { old: [], new: ["--cfg", "a=\"b\""] }"#;
        assert_eq!(list_field(text, "old"), Vec::<String>::new());
        assert_eq!(list_field(text, "new"), ["--cfg", "a=\"b\""]);
    }
}
