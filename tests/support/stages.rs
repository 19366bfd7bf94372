//! Does in folders what a generated Dockerfile says, its builds with the real cargo, with nothing but the files that
//! `.dockerignore` lets in. An engine's other work (base images, system packages, users) is left out.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{Outcome, Surroundings};

/// The stages of a Dockerfile, built.
#[derive(Debug)]
pub struct Stages {
    /// `sent`, and a root for each line of stages.
    dir: TempDir,
    /// The folder that is the root of each stage; one that goes on from another has the same.
    roots: BTreeMap<String, PathBuf>,
    /// The output of all commands, in their order, each with its stage.
    said: Vec<(String, String)>,
}

impl Stages {
    /// Builds the stages before `runtime` of the Dockerfile in `context`. The first one that fails is given with what it
    /// said.
    ///
    /// # Errors
    /// The instruction that failed, and what it said.
    ///
    /// # Panics
    /// When a file cannot be copied.
    pub fn build(context: &Path) -> Result<Self, String> {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let mut stages = Self { dir, roots: BTreeMap::new(), said: Vec::new() };
        let sent = stages.dir.path().join("sent");
        send(context, &sent);
        let text = fs_err::read_to_string(context.join("Dockerfile")).expect("there is a Dockerfile");
        let mut current = Current::default();
        for instruction in instructions(&text) {
            if instruction.ends_with(" AS runtime") {
                break;
            }
            stages.follow(&instruction, &sent, &mut current)?;
        }
        Ok(stages)
    }

    /// The files that `.dockerignore` lets in, relative to the context and sorted.
    ///
    /// # Panics
    /// When a file cannot be copied.
    pub fn sent(context: &Path) -> Vec<String> {
        let dir = tempfile::tempdir().expect("a temporary folder");
        send(context, dir.path());
        crate::recipes::files(dir.path()).into_keys().collect()
    }

    /// A path of the image in the last stage before `runtime`.
    ///
    /// # Panics
    /// When there is no such stage.
    pub fn path(&self, path: &str) -> PathBuf {
        self.roots["builder"].join(path.trim_start_matches('/'))
    }

    /// The names of what is shipped, relative to its folder and sorted.
    ///
    /// # Panics
    /// When the folder cannot be read.
    pub fn shipped(&self) -> Vec<String> {
        let top = self.path("/out/programs/app");
        let (mut found, mut open) = (Vec::new(), vec![top.clone()]);
        while let Some(folder) = open.pop() {
            for entry in fs_err::read_dir(folder).expect("the folder can be read").flatten() {
                match entry.path() {
                    path if path.is_dir() => open.push(path),
                    path => found.push(path.strip_prefix(&top).expect("it is below").display().to_string()),
                }
            }
        }
        found.sort();
        found
    }

    /// Runs a shipped program.
    ///
    /// # Panics
    /// When it fails.
    pub fn run(&self, program: &str) -> Outcome {
        let path = self.path("/out/programs/app").join(program);
        Surroundings::get().run(&path, self.dir.path(), &[], &[]).ok()
    }

    /// The packages that the commands of a stage compiled, in their order.
    pub fn compiled(&self, stage: &str) -> Vec<&str> {
        let said = self.said.iter().filter(|(of, _)| of == stage).flat_map(|(_, said)| said.lines());
        let compiled = said.filter_map(|line| line.trim_start().strip_prefix("Compiling "));
        compiled.filter_map(|line| line.split(' ').next()).collect()
    }

    fn follow(&mut self, instruction: &str, sent: &Path, current: &mut Current) -> Result<(), String> {
        let (keyword, rest) = instruction.split_once(' ').unwrap_or((instruction, ""));
        match keyword {
            "FROM" => {
                let (from, name) = rest.split_once(" AS ").expect("stages have names");
                let fresh = self.dir.path().join(name);
                let root = match self.roots.get(from) {
                    // Its output is not for those that go on from the same stage.
                    Some(root) if name == "planner" => copied(root, fresh),
                    Some(root) => root.clone(),
                    None => fresh,
                };
                self.roots.insert(name.to_owned(), root.clone());
                // A stage that goes on from another has its folder too.
                let (workdir, variables) = if current.stage.is_empty() {
                    (String::new(), Vec::new())
                } else {
                    (current.workdir.clone(), current.variables.clone())
                };
                *current = Current { stage: name.to_owned(), root, workdir, variables };
            }
            "WORKDIR" => current.workdir = unescaped(rest),
            "ENV" => {
                let name = "CARGO_BUILD_BUILD_DIR=";
                let found = rest.split(' ').find_map(|word| word.strip_prefix(name));
                current.variables.extend(found.map(|dir| dir.trim_matches('"').to_owned()));
            }
            // This machine has its own tools.
            "COPY" if rest.starts_with("--from=tools ") => {}
            "RUN" if current.stage == "tools" => {}
            "COPY" => self.copy(rest, sent, current),
            "RUN" => self.command(rest, current)?,
            _ => {}
        }
        Ok(())
    }

    fn copy(&self, words: &str, sent: &Path, current: &Current) {
        let (base, words) = match words.strip_prefix("--from=").and_then(|words| words.split_once(' ')) {
            Some((stage, words)) => (self.roots[stage].clone(), words),
            None => (sent.to_owned(), words),
        };
        let mut words: Vec<String> = match serde_json::from_str::<Vec<String>>(words) {
            Ok(words) => words.iter().map(|word| unescaped(word)).collect(),
            Err(_) => words.split(' ').map(str::to_owned).collect(),
        };
        let to = words.pop().expect("COPY says to where");
        let target = current.path(&to);
        for word in words {
            let from = base.join(word.trim_start_matches('/'));
            let is_folder = to.ends_with('/') || to == ".";
            let (from, into) = match from.is_dir() {
                true => (from.join("."), target.clone()),
                false if is_folder => (from, target.clone()),
                false => (from, target.parent().expect("a file is in a folder").to_owned()),
            };
            let script = "mkdir -p \"$1\" && cp -a \"$0\" \"$2\"";
            let [from, into, target] = [&from, &into, &target].map(|path| path.display().to_string());
            Surroundings::get()
                .run(Path::new("/bin/sh"), sent, &["-c", script, &from, &into, &target], &[])
                .ok();
        }
    }

    /// The folders in which commands find programs: those that are sent in `tools`, the Larder under test, and this
    /// machine's own.
    fn programs(&self) -> String {
        let others = Surroundings::get().path_with_larder();
        format!("{}:{others}", self.dir.path().join("sent/tools").display())
    }

    fn command(&mut self, command: &str, current: &Current) -> Result<(), String> {
        let words = command.split(' ').filter(|word| !word.is_empty() && !word.starts_with("--mount="));
        let script = words.collect::<Vec<_>>().join(" ");
        let of_engine = ["command -v ", "dpkg ", "apt-get ", "test -e /etc/ssl/", "test -d \"$(rustc"];
        if of_engine.iter().any(|start| script.starts_with(start)) {
            return Ok(());
        }
        let script = script.replace("/out", &current.path("/out").display().to_string());
        let app = current.path("/app");
        let script = [" ", "="].iter().fold(script, |script, before| {
            script.replace(&format!("{before}/app"), &format!("{before}{}", app.display()))
        });
        let folder = current.path("");
        fs_err::create_dir_all(&folder).expect("it can be made");
        let build_dir = current.variables.last().map(|dir| current.path(dir).display().to_string());
        let path = self.programs();
        let mut vars = vec![("SOURCE_DATE_EPOCH", "0"), ("PATH", path.as_str())];
        vars.extend(build_dir.as_deref().map(|dir| ("CARGO_BUILD_BUILD_DIR", dir)));
        let outcome = Surroundings::get().run(Path::new("/bin/sh"), &folder, &["-ec", &script], &vars);
        if outcome.code != 0 {
            return Err(format!("[{}] {script}\n{}", current.stage, outcome.stderr));
        }
        self.said.push((current.stage.clone(), outcome.stderr));
        Ok(())
    }
}

/// Where the next instruction works.
#[derive(Debug, Default)]
struct Current {
    stage: String,
    root: PathBuf,
    workdir: String,
    /// The values of `CARGO_BUILD_BUILD_DIR`, the last of which counts.
    variables: Vec<String>,
}

impl Current {
    /// A path of the image, relative ones below the working directory.
    fn path(&self, path: &str) -> PathBuf {
        if path.starts_with('/') { self.in_root(path) } else { self.in_root(&self.workdir).join(path) }
    }

    fn in_root(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }
}

/// A copy of a stage's folder.
fn copied(root: &Path, copy: PathBuf) -> PathBuf {
    fs_err::create_dir_all(root).expect("it can be made");
    let [from, to] = [root, &copy].map(|path| path.display().to_string());
    Surroundings::get().run(Path::new("cp"), root, &["-a", &from, &to], &[]).ok();
    copy
}

/// Copies what the allow-list names, and takes away what it excludes again.
fn send(context: &Path, sent: &Path) {
    let list = fs_err::read_to_string(context.join(".dockerignore")).expect("there is an allow-list");
    let lines = list.lines().filter(|line| !line.starts_with('#') && *line != "*");
    let [from, to] = [context, sent].map(|path| format!("'{}'", path.display()));
    let mut script = format!("mkdir -p {to}; cd {from}\n");
    for line in lines.map(escaped) {
        let step = match (line.strip_prefix("\\!"), line.strip_prefix("**/")) {
            (Some(path), _) => format!("cp -a --parents {path} {to} 2> /dev/null || true\n"),
            (None, Some(path)) if path.contains('/') => {
                format!("find {to} -depth -path '*/{path}' -exec rm -rf {{}} +\n")
            }
            (None, Some(name)) => format!("find {to} -depth -name '{name}' -exec rm -rf {{}} +\n"),
            (None, None) => format!("rm -rf {to}/{line}\n"),
        };
        script.push_str(&step);
    }
    Surroundings::get().run(Path::new("/bin/sh"), context, &["-c", &script], &[]).ok();
}

/// A line as the shell reads it, in which only the characters of patterns have a meaning.
fn escaped(line: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./*?[]\\".contains(c);
    line.chars().flat_map(|c| (!is_plain(c)).then_some('\\').into_iter().chain([c])).collect()
}

/// A word without the characters that keep Docker from expanding it, and without those that make it no pattern.
fn unescaped(word: &str) -> String {
    let mut text = word.to_owned();
    for special in ['*', '?', '['] {
        text = text.replace(&format!("[{special}]"), &special.to_string());
    }
    text.replace('\\', "")
}

/// The instructions, continued lines joined and comments left out.
fn instructions(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let text = lines.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    text.lines().map(str::to_owned).collect()
}
