//! The content of a file for CI: which actions it uses, which commands it runs and what it keeps. A name that somebody
//! gave a step, or a word that a command prints, must never count for any of these.

use yaml_rust2::{Yaml, YamlLoader};

use crate::text::nesting;

/// A file for CI, read.
#[derive(Debug, Default)]
pub(crate) struct CiPlan {
    /// The actions, as GitHub and Forgejo name them.
    pub(super) actions: Vec<Action>,
    /// The commands of all scripts, word by word.
    pub(super) commands: Vec<Vec<String>>,
    /// Names of variables that are set.
    pub(super) variables: Vec<String>,
    /// Whether GitLab is told to keep something.
    pub(super) has_cache: bool,
}

/// One action with its arguments.
#[derive(Debug)]
pub(crate) struct Action {
    /// The name, without what follows the `@`.
    pub(super) name: String,
    /// The version: a tag, a branch or a commit.
    pub(super) version: String,
    /// The arguments that are texts.
    pub(super) with: Vec<(String, String)>,
}

impl Action {
    /// An argument.
    pub(super) fn argument(&self, name: &str) -> Option<&str> {
        self.with.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl CiPlan {
    /// Reads a file; the reason says if it is no YAML.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        if nesting::is_deep(text) || text.lines().any(nesting::is_deep_line) {
            return Err("it is nested too deeply".into());
        }
        let mut plan = Self::default();
        for document in YamlLoader::load_from_str(text).map_err(|error| error.to_string())? {
            plan.walk(&document);
        }
        Ok(plan)
    }

    fn walk(&mut self, node: &Yaml) {
        match node {
            Yaml::Array(items) => items.iter().for_each(|item| self.walk(item)),
            Yaml::Hash(table) => {
                self.step(node);
                for (key, value) in table {
                    self.entry(key.as_str().unwrap_or_default(), value);
                }
            }
            _ => {}
        }
    }

    fn step(&mut self, node: &Yaml) {
        if let Some((name, version)) =
            node["uses"].as_str().map(|uses| uses.split_once('@').unwrap_or((uses, "")))
        {
            let with = node["with"].as_hash().into_iter().flatten();
            let with = with.filter_map(|(name, value)| Some((name.as_str()?.to_owned(), text(value)?)));
            let (name, version) = (name.to_owned(), version.to_owned());
            self.actions.push(Action { name, version, with: with.collect() });
        }
        if let Some(script) = node["run"].as_str() {
            self.commands.extend(commands(script));
        }
    }

    fn entry(&mut self, key: &str, value: &Yaml) {
        match key {
            // Arguments are the action's own.
            "with" | "name" => {}
            "env" | "variables" => {
                let names = value.as_hash().into_iter().flatten().filter_map(|(name, _)| name.as_str());
                self.variables.extend(names.map(str::to_owned));
            }
            "script" | "before_script" | "after_script" => self.script(value),
            "cache" => self.has_cache |= !matches!(value, Yaml::Null | Yaml::Boolean(false)),
            _ => self.walk(value),
        }
    }

    fn script(&mut self, value: &Yaml) {
        match value {
            Yaml::String(script) => self.commands.extend(commands(script)),
            Yaml::Array(lines) => lines.iter().for_each(|line| self.script(line)),
            _ => {}
        }
    }
}

fn text(value: &Yaml) -> Option<String> {
    match value {
        Yaml::String(text) | Yaml::Real(text) => Some(text.clone()),
        Yaml::Boolean(value) => Some(value.to_string()),
        Yaml::Integer(value) => Some(value.to_string()),
        Yaml::Array(items) => Some(items.iter().filter_map(text).collect::<Vec<_>>().join("\n")),
        _ => None,
    }
}

/// The commands of a shell script, without words that only introduce them.
fn commands(script: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    for line in script.replace("\\\r\n", " ").replace("\\\n", " ").lines() {
        for word in words(line) {
            match (word, commands.last_mut()) {
                (Word::Text(word), Some(command)) => command.push(word),
                (Word::Text(_) | Word::End, _) => commands.push(Vec::new()),
            }
        }
        commands.push(Vec::new());
    }
    let introduced = commands
        .into_iter()
        .map(|command| command.into_iter().skip_while(|word| is_introduction(word)).collect::<Vec<String>>());
    introduced.filter(|command| !command.is_empty()).collect()
}

enum Word {
    Text(String),
    /// The end of a command.
    End,
}

/// Words of a line as a shell would tell them apart, as far as quotes, comments and separators go.
fn words(line: &str) -> Vec<Word> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    let mut is_word = false;
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), c) => word.push(c),
            (None, '"' | '\'') => (quote, is_word) = (Some(c), true),
            (None, '#') if !is_word => break,
            (None, c) if c.is_whitespace() || ";&|()`".contains(c) => {
                if is_word {
                    words.push(Word::Text(std::mem::take(&mut word)));
                    is_word = false;
                }
                if !c.is_whitespace() {
                    words.push(Word::End);
                }
            }
            (None, c) => {
                word.push(c);
                is_word = true;
            }
        }
    }
    if is_word {
        words.push(Word::Text(word));
    }
    words
}

/// Whether a word comes before the command that is run.
fn is_introduction(word: &str) -> bool {
    let known = [
        "!", "{", "command", "do", "elif", "else", "env", "exec", "if", "nice", "sudo", "then", "time",
        "until", "while", "xvfb-run",
    ];
    let is_assignment = word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    });
    known.contains(&word) || is_assignment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_words() {
        let script = "set -e # cargo build\nA=1 sudo cargo +nightly build && echo 'cargo test; x' | tee cargo\nif cargo check; then\n  time cargo \\\n    doc\nfi\n$(cargo run)";
        let found = commands(script).into_iter().map(|words| words.join(" ")).collect::<Vec<_>>();
        assert_eq!(
            found,
            [
                "set -e",
                "cargo +nightly build",
                "echo cargo test; x",
                "tee cargo",
                "cargo check",
                "cargo      doc".replace("      ", " ").as_str(),
                "fi",
                "$",
                "cargo run"
            ]
        );
    }

    #[test]
    fn steps_are_told_from_names_and_arguments() {
        let plan = CiPlan::read(
            "on: push\njobs:\n  a:\n    name: run cargo build\n    env: { X: 1 }\n    steps:\n      - name: actions/cache@v1\n        uses: actions/checkout@v4\n        with:\n          run: cargo test\n          depth: 1\n      - run: cargo fmt\n",
        )
        .unwrap();
        assert_eq!(plan.actions.len(), 1);
        assert_eq!(
            (plan.actions[0].name.as_str(), plan.actions[0].version.as_str()),
            ("actions/checkout", "v4")
        );
        assert_eq!(plan.actions[0].argument("depth"), Some("1"));
        assert_eq!(plan.commands, [["cargo", "fmt"]]);
        assert_eq!(plan.variables, ["X"]);
        assert!(CiPlan::read("a: [").is_err());
    }
}
