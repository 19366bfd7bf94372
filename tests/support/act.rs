//! Workflows of GitHub Actions, run on this machine by `act`: jobs run here and not in containers, and the two halves
//! of the cache are stand-ins that keep tar files in a folder and write down what they were asked.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{Outcome, Project, Surroundings, cargo_home_of_user};

/// A service of caches, and the runners that use it.
#[derive(Debug)]
pub struct Runners {
    dir: TempDir,
    act: PathBuf,
}

/// The outcome of one run.
#[derive(Debug)]
pub struct Run {
    /// How it ended and what it said.
    pub outcome: Outcome,
    /// The keys under which it saved something.
    pub saved: Vec<String>,
}

/// A line of the tables that `cook` and `build` print.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// `cook` and the slice, or the command.
    pub phase: String,
    /// Units compiled, those of them that are external, and fresh ones.
    pub counts: [usize; 3],
}

const RESTORE: &str = "\
name: restore
inputs:
  path: { required: true }
  key: { required: true }
  restore-keys: { required: false }
outputs:
  cache-hit:
    value: ${{ steps.it.outputs.cache-hit }}
runs:
  using: composite
  steps:
    - id: it
      shell: bash
      env:
        KEY: ${{ inputs.key }}
        OLDER: ${{ inputs.restore-keys }}
      run: |
        cd \"$CACHES\"
        found=
        if test -f \"$KEY.tar\"; then
          found=$KEY.tar
          echo cache-hit=true >> \"$GITHUB_OUTPUT\"
        elif test -n \"$OLDER\"; then
          found=$(find . -name \"$OLDER*.tar\" -printf '%T@ %f\\n' | sort -rn | cut -d' ' -f2- | head -n 1)
        fi
        test -z \"$found\" || tar -xf \"$found\" -C \"$HOME\"
";

/// As the real one, it refuses a key that is taken, and passes over what does not exist.
const SAVE: &str = "\
name: save
inputs:
  path: { required: true }
  key: { required: true }
runs:
  using: composite
  steps:
    - shell: bash
      env:
        KEY: ${{ inputs.key }}
        PATHS: ${{ inputs.path }}
      run: |
        cd \"$HOME\"
        paths=()
        while read -r path; do
          path=${path#\\~/}
          if test -e \"$path\"; then paths+=(\"$path\"); fi
        done <<< \"$PATHS\"
        test ! -e \"$CACHES/$KEY.tar\"
        tar -cf \"$CACHES/$KEY.tar\" \"${paths[@]}\"
        echo \"$KEY\" >> \"$CACHES/saved\"
";

impl Runners {
    /// Runners whose service has nothing yet; `None` if `PATH` has no `act`.
    ///
    /// # Panics
    /// When a file cannot be written.
    pub fn new() -> Option<Self> {
        let act = Surroundings::get().env().find_program("act")?;
        let dir = tempfile::tempdir().expect("a temporary folder");
        let runners = Self { dir, act };
        for (name, text) in [("cache/restore/action.yml", RESTORE), ("cache/save/action.yml", SAVE)] {
            let path = runners.dir.path().join(name);
            fs_err::create_dir_all(path.parent().expect("it has one")).expect("the folder can be made");
            fs_err::write(path, text).expect("the file can be written");
        }
        fs_err::create_dir_all(runners.caches()).expect("the folder can be made");
        Some(runners)
    }

    fn caches(&self) -> PathBuf {
        self.dir.path().join("caches")
    }

    /// The bytes of all caches that are saved under keys with this start.
    ///
    /// # Panics
    /// When they cannot be read.
    pub fn bytes(&self, keys: &[String]) -> u64 {
        let size = |key: &String| fs_err::metadata(self.caches().join(format!("{key}.tar"))).unwrap().len();
        keys.iter().map(size).sum()
    }

    /// Has a new machine run the jobs that an event starts, in the state that the project's folder has. `Cargo` and
    /// `git` are those of this machine, and Larder the one under test.
    ///
    /// # Panics
    /// When the run cannot be prepared.
    pub fn run(&self, project: &Project, event: &str) -> Run {
        let home = tempfile::tempdir().expect("a temporary folder");
        let surroundings = Surroundings::get();
        let env = surroundings.env();
        let tools = home.path().join(".larder-tools/bin");
        fs_err::create_dir_all(&tools).expect("the folder can be made");
        fs_err::os::unix::fs::symlink(surroundings.binary(), tools.join("cargo-larder")).expect("a link");
        let of_user = cargo_home_of_user(env);
        if let Some(config) = of_user.map(|home| home.join("config.toml")).filter(|file| file.is_file()) {
            fs_err::create_dir_all(home.path().join(".cargo")).expect("the folder can be made");
            fs_err::copy(config, home.path().join(".cargo/config.toml")).expect("it can be copied");
        }
        let rustup = env
            .get("RUSTUP_HOME")
            .map_or_else(|| Path::new(env.get("HOME").expect("a home")).join(".rustup"), PathBuf::from);
        let reference = if event == "pull_request" { "refs/pull/1/merge" } else { "refs/heads/main" };
        let given = self.dir.path().join("event.json");
        let text = format!("{{\"repository\": {{\"default_branch\": \"main\"}}, \"ref\": \"{reference}\"}}");
        fs_err::write(&given, text).expect("the file can be written");
        let saved = self.caches().join("saved");
        let _ = fs_err::remove_file(&saved);
        let workflow = project.read(".github/workflows/larder.yml");
        let used = workflow.split("actions/cache/restore@").nth(1).expect("it restores a cache");
        let commit = used.split(' ').next().expect("a commit");
        let stand_in = format!("actions/cache@{commit}={}", self.dir.path().join("cache").display());
        let (home, rustup) = (home.path().to_str().unwrap(), rustup.to_str().unwrap());
        let (home, rustup) = (format!("HOME={home}"), format!("RUSTUP_HOME={rustup}"));
        let caches = format!("CACHES={}", self.caches().display());
        let args = [
            &[event, "--platform=ubuntu-latest=-self-hosted", "--no-cache-server", "--eventpath"][..],
            &[given.to_str().unwrap(), "--local-repository", &stand_in],
            &["--env", &caches, "--env", &home, "--env", &rustup, "--env", "CARGO_HOME="],
        ]
        .concat();
        let vars = [("HOME", &home[5..]), ("RUSTUP_HOME", &rustup[12..]), ("LARDER_STORE", "")];
        let outcome = surroundings.run(&self.act, project.path(), &args, &vars);
        let saved = fs_err::read_to_string(saved).unwrap_or_default();
        Run { outcome, saved: saved.lines().map(str::to_owned).collect() }
    }
}

impl Run {
    /// Requires success.
    ///
    /// # Panics
    /// With everything that was said.
    #[track_caller]
    #[must_use]
    pub fn ok(self) -> Self {
        Self { outcome: self.outcome.ok(), ..self }
    }

    /// The lines of all tables.
    pub fn lines(&self) -> Vec<Line> {
        let said = self.outcome.stdout.lines().filter_map(|line| line.split_once("  | "));
        said.filter_map(|(_, line)| Line::parse(line)).collect()
    }

    /// How many external units its jobs compiled.
    pub fn external(&self) -> usize {
        self.lines().iter().map(|line| line.counts[1]).sum()
    }
}

impl Line {
    fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [phase @ .., seconds, compiled, external, fresh] = &words[..] else { return None };
        seconds.parse::<f64>().ok()?;
        let counts = [compiled, external, fresh].map(|count| count.parse().ok());
        let [Some(compiled), Some(external), Some(fresh)] = counts else { return None };
        Some(Self { phase: phase.join(" "), counts: [compiled, external, fresh] })
    }
}
