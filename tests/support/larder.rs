//! Running the built binary and plain cargo as a user would.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use larder::{cargo::messages::Counts, process::Environment};

/// The test process as it was started: environment, cargo, and the binary under test.
#[derive(Debug, Clone)]
pub struct Surroundings {
    env: Environment,
    binary: PathBuf,
}

/// How a program ended and what it said.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Surroundings {
    /// Reads the environment once and builds the binary once per test run.
    ///
    /// # Panics
    /// When the binary does not build.
    pub fn get() -> &'static Self {
        static SURROUNDINGS: OnceLock<Surroundings> = OnceLock::new();
        SURROUNDINGS.get_or_init(|| {
            #[expect(clippy::disallowed_methods, reason = "the tests' one look at the environment")]
            let mut env = Environment::new(std::env::vars_os());
            let binary = build_binary(&env);
            // Variables that cargo sets for the test itself must not reach the cargo under test.
            let own: Vec<_> = env
                .iter()
                .map(|(name, _)| name.to_owned())
                .filter(|name| is_cargos_own(&name.to_string_lossy()))
                .collect();
            own.iter().for_each(|name| env.unset(name));
            // A test must not find the units that another one compiled; tests of the store have one of their own.
            env.set("LARDER_STORE", "off");
            Self { env, binary }
        })
    }

    /// The environment that programs run with.
    pub fn env(&self) -> &Environment {
        &self.env
    }

    /// The `cargo-larder` under test.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// The folders in which commands find programs, with that of the Larder under test first.
    ///
    /// # Panics
    /// When the binary is in no folder.
    pub fn path_with_larder(&self) -> String {
        let folder = self.binary.parent().expect("it is in a folder").display();
        format!("{folder}:{}", self.env.get_str("PATH").unwrap_or_default())
    }

    /// The triple that the compiler runs on.
    ///
    /// # Panics
    /// When it does not say.
    pub fn host(&self) -> String {
        let answer = self.run(Path::new("rustc"), Path::new("."), &["-vV"], &[]).ok().stdout;
        let host = answer.lines().find_map(|line| line.strip_prefix("host: "));
        host.expect("rustc names its host").to_owned()
    }

    /// Runs `cargo larder ARGS` in a folder.
    pub fn larder(&self, dir: &Path, args: &[&str]) -> Outcome {
        self.larder_with(dir, args, &[])
    }

    /// Runs `cargo larder ARGS` in a folder with more environment variables.
    pub fn larder_with(&self, dir: &Path, args: &[&str], vars: &[(&str, &str)]) -> Outcome {
        let mut all = vec!["larder"];
        all.extend(args);
        self.run(&self.binary, dir, &all, vars)
    }

    /// Runs `cargo ARGS` in a folder and counts what it compiles.
    ///
    /// # Panics
    /// When cargo fails.
    pub fn cargo_counts(&self, dir: &Path, args: &[&str], vars: &[(&str, &str)]) -> Counts {
        let mut all = args.to_vec();
        all.push("--message-format=json-render-diagnostics");
        let outcome = self.run(Path::new("cargo"), dir, &all, vars);
        assert_eq!(outcome.code, 0, "cargo {args:?}: {}", outcome.stderr);
        let mut counts = Counts::default();
        for line in outcome.stdout.lines() {
            counts.add(line);
        }
        counts
    }

    /// Runs any program in a folder.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn run(&self, program: &Path, dir: &Path, args: &[&str], vars: &[(&str, &str)]) -> Outcome {
        #[expect(
            clippy::disallowed_methods,
            reason = "tests need both streams, which larder::process does not give"
        )]
        let mut command = Command::new(program);
        command.args(args).current_dir(dir).env_clear().envs(self.env.iter());
        command.env("NO_COLOR", "1").env("CARGO_TERM_COLOR", "never").envs(vars.iter().copied());
        let output =
            command.output().unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
        Outcome::from(output)
    }
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Outcome {
    /// Requires success.
    ///
    /// # Panics
    /// With everything the program said.
    #[track_caller]
    #[expect(clippy::return_self_not_must_use, reason = "mostly called for the requirement alone")]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The exit code and standard error, made comparable across machines.
    pub fn failure(&self, dir: &Path) -> String {
        format!("exit code {}\n{}", self.code, crate::redact(&self.stderr, dir))
    }
}

fn is_cargos_own(name: &str) -> bool {
    let kept = ["CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_HTTP_CAINFO"];
    let set_by_cargo = name == "CARGO" || name.starts_with("CARGO_") || name == "LD_LIBRARY_PATH";
    set_by_cargo && !kept.contains(&name)
}

/// The binary beside the test's own: built here, since cargo builds it for nobody else's tests.
fn build_binary(env: &Environment) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let cargo = env.get("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    larder::process::Cmd::new(cargo, root, env)
        .args(["build", "--quiet", "--package", "cargo-larder", "--features=store-clouds"])
        .run()
        .expect("cargo-larder builds");
    let own = std::env::current_exe().expect("the test knows its own path");
    // Tests live in `target/<profile>/deps`, xtask in `target/<profile>`.
    let profiles = own.ancestors().skip(1).take(2);
    let mut binaries = profiles.map(|folder| folder.join("cargo-larder"));
    binaries.find(|binary| binary.is_file()).expect("cargo has built it beside this program")
}
