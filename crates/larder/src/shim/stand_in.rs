//! The stand-in rustc: what cargo asks instead of a compiler when it plans for a platform that is not this
//! machine's.
//!
//! For its graph query cargo needs two things of rustc: the version with its host triple, and the `cfg` answers
//! for that host. The real compiler knows the answers for every target, so the stand-in changes the host line
//! and adds `--target` if cargo means the host. It never compiles: only graph queries run with it.

use std::{ffi::OsString, io::Write, path::Path};

use crate::{
    cargo::{command_line::text, platform::Platform},
    error::{Error, Result},
    process::{Cmd, Environment},
};

/// The platform to stand in for; its presence makes the binary a stand-in rustc.
pub const HOST_VARIABLE: &str = "LARDER_STAND_IN_HOST";
/// The real compiler.
const RUSTC_VARIABLE: &str = "LARDER_STAND_IN_RUSTC";

/// The variables with which cargo asks `program` instead of `rustc`.
pub(crate) fn environment(
    program: &Path,
    rustc: &Path,
    platform: &Platform,
) -> impl Iterator<Item = (&'static str, std::ffi::OsString)> {
    [
        ("RUSTC", program.into()),
        (RUSTC_VARIABLE, rustc.into()),
        (HOST_VARIABLE, platform.as_str().into()),
        // A compiler cache in front would not know what it is looking at.
        ("RUSTC_WRAPPER", "".into()),
        ("RUSTC_WORKSPACE_WRAPPER", "".into()),
        // cargo keeps one compiler's answers in the target directory, and they shall stay the real one's.
        ("CARGO_CACHE_RUSTC_INFO", "0".into()),
    ]
    .into_iter()
}

/// Answers as rustc on the platform would; returns the exit code.
///
/// # Errors
/// When the variables are missing or the real compiler cannot be started.
pub fn run(env: &Environment, dir: &Path, args: &[OsString], out: &mut dyn Write) -> Result<i32> {
    let host = env.get_str(HOST_VARIABLE).ok_or_else(|| missing_variable(HOST_VARIABLE))?;
    let rustc = env.get(RUSTC_VARIABLE).ok_or_else(|| missing_variable(RUSTC_VARIABLE))?;
    let real = Cmd::new(rustc, dir, env);
    if args == ["-vV"] {
        let version = real.args(args).output()?;
        let lines = version.lines().map(|line| match line.strip_prefix("host: ") {
            Some(_) => format!("host: {host}\n"),
            None => format!("{line}\n"),
        });
        out.write_all(lines.collect::<String>().as_bytes())?;
        return Ok(0);
    }
    let names_target = text(args).iter().any(|arg| arg == "--target" || arg.starts_with("--target="));
    let added = (!names_target).then(|| format!("--target={host}"));
    real.args(args).args(added).exit_code()
}

fn missing_variable(name: &str) -> Error {
    Error::Io(std::io::Error::other(format!("{name} is not set")))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// A compiler that prints its arguments.
    fn answer(args: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let rustc = folder.path().join("rustc");
        let script = "#!/bin/sh\nif [ \"$1\" = -vV ]; then echo 'rustc 1.90.0'; echo 'host: real'; \
                      else echo \"$@\" > \"$0.args\"; exit 3; fi\n";
        fs_err::write(&rustc, script).unwrap();
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs_err::set_permissions(&rustc, permissions).unwrap();
        let mut env = Environment::new([("PATH", "/usr/bin:/bin")]);
        for (name, value) in environment(Path::new("unused"), &rustc, &Platform::new("other")) {
            env.set(name, value);
        }
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let mut out = Vec::new();
        let code = run(&env, folder.path(), &args, &mut out).unwrap();
        let passed = fs_err::read_to_string(rustc.with_extension("args")).unwrap_or_default();
        format!("{code} {}{passed}", String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_host_line_is_the_platforms() {
        assert_eq!(answer(&["-vV"]), "0 rustc 1.90.0\nhost: other\n");
    }

    #[test]
    fn questions_about_the_host_are_about_the_platform() {
        assert_eq!(answer(&["-", "--print=cfg"]), "3 - --print=cfg --target=other\n");
        assert_eq!(answer(&["-", "--target", "wasm"]), "3 - --target wasm\n");
        assert_eq!(answer(&["-", "--target=wasm"]), "3 - --target=wasm\n");
    }
}
