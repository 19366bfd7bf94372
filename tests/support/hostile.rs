//! Values that would be more than a value wherever they are put without care, and a shell that tells what a script runs.
//!
//! Nothing that a script names is ever run: every program of the sandbox only writes down that it was called.

use std::path::Path;

use tempfile::TempDir;

use crate::{Outcome, Surroundings, write_program};

/// The program that no script may run.
pub const CANARY: &str = "larder-canary";

/// Longer than any line that somebody writes.
const LONG: usize = 6000;

/// Values for shells, Dockerfiles, lists of patterns, YAML, Nix, awk, TOML, JSON and terminals.
pub fn values() -> Vec<String> {
    let mut all: Vec<String> = ONE_LINE.iter().chain(&CONTROLS).map(|&value| value.to_owned()).collect();
    all.push("a".repeat(LONG));
    all.push("'".repeat(LONG));
    all
}

/// These, and as many more, some of which are good names or paths.
pub fn more_values() -> Vec<String> {
    let more = MORE.iter().chain(&MORE_CONTROLS).map(|&value| value.to_owned());
    values().into_iter().chain(more).collect()
}

const ONE_LINE: [&str; 58] = [
    "$(larder-canary)",
    "`larder-canary`",
    "${IFS}larder-canary",
    "$HOME",
    "$",
    "; larder-canary",
    ";larder-canary;",
    "& larder-canary",
    "&& larder-canary #",
    "| larder-canary",
    "|| larder-canary",
    "> written",
    "'; larder-canary; '",
    "\"; larder-canary; \"",
    "' larder-canary '",
    "'",
    "\"",
    "a b",
    " a",
    "a ",
    "\\",
    "a\\",
    "\\'; larder-canary; \\'",
    "-x",
    "--",
    "--from=deps",
    "--mount=type=bind,target=/x",
    "#",
    " # x",
    "# escape=`",
    "*",
    "?",
    "[a]",
    "a,b",
    "{a,b}",
    "~",
    "!x",
    "<<EOF",
    "0<<-\"EOF\"",
    "]",
    "\"]",
    ")",
    "};",
    "''${abort \"x\"}''",
    "${abort \"x\"}",
    "\"; larder = abort \"x\"; y = \"",
    "${{ github.token }}",
    "{{ x }}",
    "a: b",
    "- a",
    "&a",
    "%n%s",
    "@x",
    "../../../x",
    "/x/y",
    "\u{202e}txt.x\u{2066}",
    "\u{2028}RUN larder-canary",
    "\u{feff}é",
];

const CONTROLS: [&str; 10] = [
    "a\nRUN larder-canary",
    "a\n\nlarder-canary\n",
    "a\r\nRUN larder-canary\r\n",
    "a\rRUN larder-canary",
    "a\\\nRUN larder-canary",
    "a\0larder-canary",
    "a\tb",
    "\u{1b}]0;x\u{7}",
    "\u{85}RUN larder-canary",
    "<<EOF\nlarder-canary\nEOF\n",
];

/// More of the languages that generated files are in.
const MORE: [&str; 62] = [
    "!!python/object:x",
    "*alias",
    "|",
    "> a",
    "%YAML 1.2",
    "---",
    "...",
    "? a",
    "a: |",
    "'a': b",
    "yes",
    "null",
    "0x10",
    "1e3",
    "${{ secrets.X }}",
    "${{",
    "}}",
    "${{ hashFiles('**') }}",
    "') || github.token || ('",
    "::set-output name=a::b",
    "::add-mask::x",
    "$((1+1))",
    "$[1+1]",
    "$'\\n'",
    "$\"x\"",
    "\\x24(larder-canary)",
    "${x:-$(larder-canary)}",
    "${x@P}",
    "<(larder-canary)",
    ">(larder-canary)",
    "!larder-canary",
    "{ larder-canary; }",
    "(larder-canary)",
    "&> written",
    "2>written",
    ">>written",
    "larder-canary &",
    "x;larder-canary",
    "a\"b'c`d",
    "[!a]*",
    "**/x",
    "/**",
    "a|b",
    "FROM scratch",
    "ONBUILD RUN larder-canary",
    "# syntax=evil",
    "--chown=0",
    "--mount=type=secret",
    "BEGIN{system(\"larder-canary\")}",
    "/x/{system(\"larder-canary\")}",
    "x\" | getline; \"larder-canary\" | getline y",
    "@include \"x\"",
    "builtins.abort \"x\"",
    "<nixpkgs>",
    "./${x}",
    "/* x */",
    "\"\"\"",
    "[[x]]",
    "\u{ff04}(larder-canary)",
    "\u{200b}x",
    "e\u{301}",
    "a.",
];

const MORE_CONTROLS: [&str; 6] = [
    "a\n---\nb: c\n",
    "a\n      - run: larder-canary\n",
    "a\nEOF\nlarder-canary\n",
    "\u{7f}",
    "\u{9b}31m",
    "a\u{2029}RUN larder-canary",
];

/// The programs that scripts call, but for those that a shell has in itself.
const PROGRAMS: [&str; 22] = [
    "apt-get",
    "awk",
    "cargo",
    "chown",
    "cp",
    "cut",
    "dpkg",
    "find",
    "install",
    "jq",
    "mkdir",
    "mv",
    "npm",
    "rm",
    "rustc",
    "rustup",
    "sass",
    "sha256sum",
    "tee",
    "touch",
    "wasm-opt",
    CANARY,
];

/// A shell in which programs only write down their names and how many words they were given.
#[derive(Debug)]
pub struct Sandbox {
    dir: TempDir,
}

impl Sandbox {
    /// Makes the programs.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs_err::create_dir_all(dir.path().join("work")).expect("a folder");
        for program in PROGRAMS {
            let script = format!("#!/bin/sh\necho \"{program} $#\" >> \"$SANDBOX_LOG\"\n");
            write_program(dir.path().join("bin").join(program), script);
        }
        Self { dir }
    }

    /// The folder with the canary and nothing else that programs need.
    pub fn programs(&self) -> std::path::PathBuf {
        self.dir.path().join("bin")
    }

    /// The calls of a script: a line for each, with the number of its words.
    ///
    /// # Errors
    /// If it is no script, runs the canary or writes a file.
    ///
    /// # Panics
    /// When the shell cannot be started.
    pub fn calls(&self, script: &str) -> Result<Vec<String>, String> {
        let (log, work) = (self.dir.path().join("log"), self.dir.path().join("work"));
        fs_err::write(&log, "").expect("a log");
        // No folder of the image is here. The findings of `test` would decide what runs.
        let whole = format!("cd() {{ echo \"cd $#\" >> \"$SANDBOX_LOG\"; }}\ntest() {{ false; }}\n{script}");
        let (log_text, path) = (log.to_string_lossy(), self.programs().to_string_lossy().into_owned());
        let vars = [("PATH", path.as_str()), ("SANDBOX_LOG", &*log_text), ("HOME", "/nowhere")];
        let outcome = sh(&work, &whole, &vars);
        if outcome.stderr.contains("yntax error") || outcome.stderr.contains("nterminated") {
            return Err(format!("no script: {}\n{script}", outcome.stderr));
        }
        if let Some(written) = fs_err::read_dir(&work).expect("it is there").flatten().next() {
            let path = written.path();
            fs_err::remove_file(&path).expect("it can go");
            return Err(format!("it wrote {}\n{script}", path.display()));
        }
        let calls = fs_err::read_to_string(&log).expect("a log");
        if calls.contains(CANARY) {
            return Err(format!("the canary ran\n{script}"));
        }
        Ok(calls.lines().map(str::to_owned).collect())
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

fn sh(dir: &Path, script: &str, vars: &[(&str, &str)]) -> Outcome {
    let file = dir.with_extension("sh");
    fs_err::write(&file, script).expect("a script");
    Surroundings::get().run(Path::new("/bin/sh"), dir, &[&file.to_string_lossy()], vars)
}
