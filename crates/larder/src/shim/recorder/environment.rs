//! The environment of a recorded driver, and the way back to the one it would have had without Larder. cargo compares
//! variables such as `PATH` with those of the last build, so what we set for the driver must never reach a build.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result},
    process::Environment,
};

/// The folder of the recorder; its presence makes the binary a recording cargo.
pub(in crate::shim) const RECORD_VARIABLE: &str = "LARDER_RECORD";
/// The driver's own `PATH`, if it has one.
const PATH_VARIABLE: &str = "LARDER_RECORD_PATH";
/// The driver's own `CARGO`, if it has one.
const CARGO_VARIABLE: &str = "LARDER_RECORD_CARGO";

/// The folder that is first on the driver's `PATH`.
pub(super) fn bin(dir: &Path) -> PathBuf {
    dir.join("bin")
}

/// The recording cargo that the driver's `CARGO` names. It is another file than the one on `PATH`, since it stands
/// for another program.
pub(super) fn named_cargo(dir: &Path) -> PathBuf {
    dir.join("named/cargo")
}

/// The environment in which programs find the recording cargo of `dir`: first on `PATH`, and by `CARGO` if that was
/// set.
///
/// # Errors
/// When `PATH` cannot be extended.
pub(super) fn recorded(env: &Environment, dir: &Path) -> Result<Environment> {
    let own = without_recorder(env);
    let mut env = own.clone();
    env.set("PATH", extended(own.get("PATH"), &bin(dir))?);
    env.set(RECORD_VARIABLE, dir);
    if let Some(path) = own.get("PATH") {
        env.set(PATH_VARIABLE, path);
    }
    if let Some(cargo) = own.get("CARGO") {
        env.set(CARGO_VARIABLE, cargo);
        env.set("CARGO", named_cargo(dir));
    }
    Ok(env)
}

/// The environment as it would be without a recorder: what the driver changed stays changed.
pub fn without_recorder(env: &Environment) -> Environment {
    let Some(dir) = env.get(RECORD_VARIABLE).map(PathBuf::from) else { return env.clone() };
    let mut own = env.clone();
    restore(&mut own, "PATH", env.get("PATH").and_then(|path| own_path(env, path, &bin(&dir))));
    if env.get("CARGO") == Some(named_cargo(&dir).as_os_str()) {
        restore(&mut own, "CARGO", env.get(CARGO_VARIABLE).map(OsStr::to_owned));
    }
    for name in [RECORD_VARIABLE, PATH_VARIABLE, CARGO_VARIABLE] {
        own.unset(name);
    }
    own
}

/// The cargo that the driver's own `CARGO` names.
pub(super) fn cargo_of_driver(env: &Environment) -> Option<PathBuf> {
    env.get(CARGO_VARIABLE).map(PathBuf::from)
}

/// `path` with our folder taken out, to the byte as it was if nobody else changed it.
fn own_path(env: &Environment, path: &OsStr, bin: &Path) -> Option<OsString> {
    let before = env.get(PATH_VARIABLE);
    if extended(before, bin).is_ok_and(|ours| ours == path) {
        return before.map(OsStr::to_owned);
    }
    let others = std::env::split_paths(path).filter(|folder| folder != bin);
    std::env::join_paths(others).ok()
}

fn extended(path: Option<&OsStr>, bin: &Path) -> Result<OsString> {
    let others = path.into_iter().flat_map(std::env::split_paths);
    let folders = std::iter::once(bin.to_owned()).chain(others);
    std::env::join_paths(folders).map_err(|error| Error::Io(io::Error::other(error)))
}

fn restore(env: &mut Environment, name: &str, value: Option<OsString>) {
    match value {
        Some(value) => env.set(name, value),
        None => env.unset(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(env: &Environment) -> Environment {
        without_recorder(&recorded(env, Path::new("/r")).unwrap())
    }

    #[test]
    fn nothing_is_left_of_the_recorder() {
        for vars in [
            &[("PATH", "/a::/b:"), ("CARGO", "/c/cargo"), ("LARDER_OWN", "1")][..],
            &[("PATH", "")],
            &[("HOME", "/h")],
        ] {
            let env = Environment::new(vars.iter().copied());
            assert_eq!(there_and_back(&env), env);
            let twice = recorded(&recorded(&env, Path::new("/r")).unwrap(), Path::new("/s")).unwrap();
            assert_eq!(without_recorder(&twice), env, "a recorder in a recorder");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_the_driver_changed_stays() {
        let mut env =
            recorded(&Environment::new([("PATH", "/a"), ("CARGO", "/c")]), Path::new("/r")).unwrap();
        assert_eq!(env.get_str("CARGO"), Some("/r/named/cargo"));
        env.set("PATH", "/own:/r/bin:/a:/more");
        env.set("CARGO", "/other");
        let own = without_recorder(&env);
        assert_eq!((own.get_str("PATH"), own.get_str("CARGO")), (Some("/own:/a:/more"), Some("/other")));
        assert_eq!(own.iter().count(), 2);
    }
}
