//! Asks cargo what a call would compile: in a copy of the build directory, with a compiler that compiles nothing.

use std::path::Path;

use toml_edit::DocumentMut;

use super::{
    answer::Answer,
    call::BuildCall,
    causes,
    compare::UnitComparison,
    lock_lines::LockLines,
    log::{self, CargoLog},
    profiles::Profiles,
    reason::Reason,
    recorded::Recorded,
    skeleton::{Skeleton, Snapshot},
};
use crate::{
    cargo::{
        self,
        command_line::{arguments, option_values, own_args, subcommand},
        settings_files::CONFIGURATION,
        shown,
        subcommands::{BuiltPrograms, building, in_full, words_are_the_compilers},
    },
    error::{Error, Result},
    files::read,
    process::Cmd,
    shim::pretend,
    target_dir::ANSWERS,
};

/// Asks cargo what a call would compile, given a snapshot of its build directory. `known` are the profiles of
/// builds before.
///
/// # Errors
/// When cargo cannot be started or refuses the call.
pub fn ask(snapshot: &Snapshot, call: &BuildCall<'_>, known: &Profiles) -> Result<Answer> {
    let skeleton = &Skeleton::write(snapshot)?;
    let mut log = CargoLog::default();
    let cmd = command(skeleton, call)?;
    let code = cmd.each_error_line(|line| log.add(line))?;
    if code != 0 {
        return Err(Error::Failed {
            command: cmd.line(),
            status: format!("exit code {code}"),
            code: None,
            stderr: log.said.join("\n"),
        });
    }
    let after = log.units.iter().map(|unit| Recorded::read(skeleton.path(), &unit.file));
    let after: Vec<Option<Recorded>> = after.collect::<Result<_>>()?;
    let mut own = Profiles::default();
    after.iter().flatten().for_each(|unit| own.learn(skeleton.path(), unit));
    let mut profiles = known.clone();
    profiles.extend(own.clone());
    let comparison = UnitComparison {
        skeleton,
        profiles: &profiles,
        lock: &LockLines::read(&call.root.join("Cargo.lock")),
        root: call.root,
        toolchain: Reason::Toolchain { old: compiler(skeleton.real()), new: compiler(skeleton.path()) },
    };
    let reasons = log.units.iter().zip(&after).map(|(unit, after)| comparison.reasons(unit, after.as_ref()));
    Ok(Answer { profiles: own, ..causes::answer(&log, &after, reasons.collect(), skeleton) })
}

/// The call in the skeleton. Settings go by arguments, since a build script may look at variables.
pub(super) fn command(skeleton: &Skeleton, call: &BuildCall<'_>) -> Result<Cmd> {
    let mut words = vec![
        format!("--target-dir={}", skeleton.path().display()),
        format!("--config=build.build-dir={}", quoted_path(skeleton.path())),
        format!("--config=build.rustc-wrapper={}", quoted_path(call.program)),
    ];
    if has_artifact_dir(call) {
        // cargo copies final artifacts there, and those of the skeleton are empty.
        let artifacts = skeleton.path().join("artifacts");
        words.push(format!("--config=build.artifact-dir={}", quoted_path(&artifacts)));
    }
    let mut cmd = Cmd::new(call.cargo, call.dir, call.env)
        .args(compiling(call.args, &words)?)
        .env("CARGO_LOG", log::FILTER)
        .env(pretend::SKELETON_VARIABLE, skeleton.path())
        .env(pretend::PROGRAM_VARIABLE, call.program);
    if call.env.get("RUSTC_WRAPPER").is_some() {
        cmd = cmd.env("RUSTC_WRAPPER", call.program);
    }
    if call.env.get("RUST_BACKTRACE").is_some() {
        // cargo would log one for every unit that was never built.
        cmd = cmd.env("RUST_LIB_BACKTRACE", "0");
    }
    Ok(cmd)
}

/// A path as TOML writes it.
fn quoted_path(path: &Path) -> String {
    toml_edit::Value::from(path.display().to_string()).to_string()
}

/// Whether a call's configuration has cargo copy final artifacts into a folder of the user's. The setting is unstable,
/// and a cargo that does not take it would refuse another one, too.
pub(super) fn has_artifact_dir(call: &BuildCall<'_>) -> bool {
    let keys = ["artifact-dir", "out-dir"];
    let is_named = |word: &&str| keys.iter().any(|key| word.contains(key));
    let variables = ["CARGO_BUILD_ARTIFACT_DIR", "CARGO_BUILD_OUT_DIR"];
    let folders = call.dir.ancestors().map(|folder| folder.join(".cargo"));
    let folders = folders.chain(cargo::home(call.env).map(|home| call.dir.join(home)));
    let mut files = folders.flat_map(|folder| CONFIGURATION.map(|name| folder.join(name)));
    option_values(call.args, "--config").iter().any(is_named)
        || variables.iter().any(|name| call.env.get(name).is_some())
        || files.any(|file| sets_in_build(&file, &keys))
}

fn sets_in_build(file: &Path, keys: &[&str]) -> bool {
    let document = read::text(file).ok().and_then(|text| text.parse::<DocumentMut>().ok());
    let build = document.as_ref().and_then(|document| document.get("build"));
    build.is_some_and(|build| keys.iter().any(|key| build.get(key).is_some()))
}

/// The arguments of a call that compiles the same and runs nothing, with more words of cargo's. Those come last,
/// since the last of several settings is the one that counts.
pub(super) fn compiling(args: &[String], more: &[String]) -> Result<Vec<String>> {
    let Some(at) = subcommand(args) else {
        let reason = format!("`cargo {}` builds nothing", shown::line(&shown::of_cargo(args)));
        return Err(Error::Io(std::io::Error::other(reason)));
    };
    let given = args[at].as_str();
    let programs = building(given).map_or(BuiltPrograms::Kept, |building| building.programs);
    // A short name may be an alias that only cargo finds, such as one of an included file, and run something.
    let (name, no_run) = match programs {
        BuiltPrograms::Run => (building(given).map_or(given, |building| building.plans_by), None),
        BuiltPrograms::RunAll => (in_full(given), Some("--no-run".to_owned())),
        BuiltPrograms::Kept => (in_full(given), None),
    };
    let mut words: Vec<String> = args[..at].to_vec();
    words.push(name.to_owned());
    let own = &args[at + 1..];
    for argument in arguments(own) {
        match argument.name {
            "--no-run" | "--target-dir" | "--message-format" | "--artifact-dir" | "--out-dir" => {}
            // The first word for the program that `cargo run` starts.
            word if programs == BuiltPrograms::Run && !word.starts_with('-') => break,
            _ => words.extend(argument.alone()),
        }
    }
    words.extend(no_run);
    words.extend(more.iter().cloned());
    // Those of a program are left out.
    if words_are_the_compilers(name) {
        words.extend_from_slice(&own[own_args(own).len()..]);
    }
    Ok(words)
}

/// The compiler that a build directory was last used with, in its own words; cargo keeps them there.
pub(super) fn compiler(build_dir: &Path) -> Option<String> {
    let text = ANSWERS.iter().find_map(|name| read::text(build_dir.join(name)).ok())?;
    let info: serde_json::Value = serde_json::from_str(&text).ok()?;
    let mut answers =
        info.get("outputs")?.as_object()?.values().filter_map(|answer| answer["stdout"].as_str());
    let version = answers.find(|answer| answer.starts_with("rustc "))?;
    version.lines().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Environment;

    fn told(line: &str) -> String {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        compiling(&words, &["--x".to_owned()]).map_or_else(|error| error.to_string(), |words| words.join(" "))
    }

    #[test]
    fn nothing_is_run_and_the_target_directory_is_replaced() {
        assert_eq!(told("run --bin a --target-dir b -- --release"), "build --bin a --x");
        assert_eq!(told("test --message-format=json -p a"), "test -p a --no-run --x");
        assert_eq!(
            told("--color always rustc -- -Copt-level=1"),
            "--color always rustc --x -- -Copt-level=1"
        );
        assert_eq!(told("--version"), "`cargo --version` builds nothing");
        // A program's own words need no `--`, and a word given twice is refused by cargo.
        assert_eq!(told("run --bin a serve --release"), "build --bin a --x");
        assert_eq!(told("test --no-run name"), "test name --no-run --x");
        assert_eq!(told("build --artifact-dir a --out-dir=b -r"), "build -r --x");
        assert_eq!(told("r -qrp a serve -v -- -x"), "build -q -r -p=a --x");
        assert_eq!(told("clippy --no-deps -- -Dwarnings"), "clippy --no-deps --x -- -Dwarnings");
        assert_eq!((told("t name"), told("b -r")), ("test name --no-run --x".into(), "build -r --x".into()));
    }

    #[test]
    fn a_folder_for_artifacts_may_be_set_at_home() {
        let [home, dir] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let env = Environment::new([(if cfg!(windows) { "USERPROFILE" } else { "HOME" }, home.path())]);
        let (dir, args) = (dir.path(), &["build".to_owned()][..]);
        let call = BuildCall { cargo: dir, args, dir, env: &env, root: dir, program: dir };
        assert!(!has_artifact_dir(&call));
        fs_err::create_dir(home.path().join(".cargo")).unwrap();
        fs_err::write(home.path().join(".cargo/config.toml"), "[build]\nartifact-dir = \"x\"\n").unwrap();
        assert!(has_artifact_dir(&call));
    }
}
