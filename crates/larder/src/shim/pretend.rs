//! A compiler and build scripts that do nothing: what cargo runs in a [`Skeleton`](crate::why::skeleton::Skeleton),
//! so that it writes down how it would identify each unit after compiling it.
//!
//! It must never write outside the skeleton, and never run anything of the project's.

use std::{
    ffi::OsString,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{
    cargo::{command_line::text, unit_hash::is_hash},
    error::Result,
    files::disk::read_untouched,
    process::{Cmd, Environment},
    target_dir::layout::{alike, printed},
};

/// The skeleton's folder; its presence makes the binary a compiler that compiles nothing.
pub const SKELETON_VARIABLE: &str = "LARDER_WHY_SKELETON";

/// The binary that calls [`run`]; build scripts in the skeleton start it.
pub(crate) const PROGRAM_VARIABLE: &str = "LARDER_WHY_PROGRAM";
/// The folder of a skeleton that holds what the compiler was told by profiles, a file for each unit's hash.
pub(crate) const FLAGS: &str = "larder-flags";
/// The word by which such a build script says what it is.
const BUILD_SCRIPT: &str = "build-script";
/// The stand-in for every build script. A link would do, but cargo compares times of build scripts, and a link
/// has none of its own.
const SCRIPT: &str = "#!/bin/sh\nexec \"$LARDER_WHY_PROGRAM\" build-script\n";

/// Answers as a `rustc-wrapper`, or as a build script; returns the exit code.
///
/// # Errors
/// When the real compiler, asked for information, cannot be started.
pub fn run(env: &Environment, dir: &Path, args: &[OsString], out: &mut dyn Write) -> Result<i32> {
    let Some((first, real)) = args.get(1..).and_then(<[OsString]>::split_first) else { return Ok(2) };
    if first == BUILD_SCRIPT {
        out.write_all(&last_output(Path::new(env.get("OUT_DIR").unwrap_or_default())))?;
        return Ok(0);
    }
    let words = &text(real);
    let Some(crate_name) = compiled_crate(words) else {
        return Cmd::new(first, dir, env).args(real).exit_code();
    };
    let skeleton = Path::new(env.get(SKELETON_VARIABLE).unwrap_or_default());
    let file = output_file(words, crate_name);
    if is_build_script(crate_name) && file.starts_with(skeleton) {
        build_script(&file)?;
    }
    if let Some(hash) = unit_hash(words, &file) {
        fs_err::create_dir_all(skeleton.join(FLAGS))?;
        fs_err::write(skeleton.join(FLAGS).join(hash), codegen_options(words).join("\n"))?;
    }
    Ok(0)
}

/// The hash of the unit that a command line compiles; `None` if it belongs to none.
pub(crate) fn unit_of(words: &[String]) -> Option<String> {
    let file = output_file(words, compiled_crate(words)?);
    unit_hash(words, &file)
}

/// The values of `-C`.
fn codegen_options(words: &[String]) -> Vec<&str> {
    let pairs = words.windows(2).filter(|pair| pair[0] == "-C");
    pairs.map(|pair| pair[1].as_str()).collect()
}

/// A unit's hash, which is in the names of its files or, in the new layout, of its folder.
fn unit_hash(words: &[String], file: &Path) -> Option<String> {
    let extra = words.iter().find_map(|word| word.strip_prefix("extra-filename=-"));
    let folder = file.parent().and_then(Path::parent).and_then(Path::file_name);
    let folder = folder.and_then(std::ffi::OsStr::to_str);
    extra.into_iter().chain(folder).find(|text| is_hash(text)).map(str::to_owned)
}

/// Writes a build script that hands over to [`run`].
pub(crate) fn build_script(path: &Path) -> Result<File> {
    let mut file = fs_err::File::create(path)?.into_file();
    file.write_all(SCRIPT.as_bytes())?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(file)
}

/// Whether a crate or an executable is called as cargo calls those of build scripts.
pub(crate) fn is_build_script(name: &str) -> bool {
    name.replace('-', "_").starts_with("build_script_") && !name.contains('.')
}

/// The crate that a command line compiles; `None` if it asks for information.
fn compiled_crate(words: &[String]) -> Option<&str> {
    let compiles = words.iter().any(|word| word.starts_with("--emit"));
    let name = value(words, "--crate-name").filter(|name| *name != "___")?;
    compiles.then_some(name)
}

/// The path of a build script's executable.
fn output_file(words: &[String], crate_name: &str) -> PathBuf {
    let extra = words.iter().find_map(|word| word.strip_prefix("extra-filename=")).unwrap_or_default();
    let folder = value(words, "--out-dir").unwrap_or_default();
    Path::new(folder).join(format!("{crate_name}{extra}{}", std::env::consts::EXE_SUFFIX))
}

fn value<'a>(words: &'a [String], name: &str) -> Option<&'a str> {
    let at = words.iter().position(|word| word == name)?;
    words.get(at + 1).map(String::as_str)
}

/// The output of the build script's last run, under this hash or else under the newest other one, so that
/// cargo asks for the same files and variables again. Nothing if it never ran.
fn last_output(out_dir: &Path) -> Vec<u8> {
    let Some(run) = out_dir.parent() else { return Vec::new() };
    if let Ok(output) = read_untouched(&printed(run)) {
        return output;
    }
    let newest = alike(run).iter().map(|run| printed(run)).max_by_key(|file| modified(file));
    newest.and_then(|file| read_untouched(&file).ok()).unwrap_or_default()
}

fn modified(path: &Path) -> SystemTime {
    let modified = fs_err::metadata(path).and_then(|metadata| metadata.modified());
    modified.unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn questions_are_told_from_compilations() {
        assert_eq!(compiled_crate(&words("-vV")), None);
        assert_eq!(compiled_crate(&words("- --crate-name ___ --print=file-names --emit=link")), None);
        assert_eq!(compiled_crate(&words("--crate-name a --edition=2021 src/lib.rs --emit=link")), Some("a"));
    }

    #[test]
    fn the_hash_is_in_a_name_or_in_a_folder() {
        let old = words("-C opt-level=3 -C extra-filename=-0123456789abcdef --out-dir /t/release/deps");
        let expected = Some("0123456789abcdef".to_owned());
        assert_eq!(unit_hash(&old, Path::new("/t/release/deps/a")), expected);
        let new = words("-C opt-level=3 --out-dir /t/release/build/a/0123456789abcdef/out");
        assert_eq!(unit_hash(&new, Path::new("/t/release/build/a/0123456789abcdef/out/a")), expected);
        assert_eq!(codegen_options(&new), ["opt-level=3"]);
    }

    #[test]
    fn a_build_script_is_put_where_cargo_looks_for_it() {
        let line = "--crate-name build_script_build --emit=dep-info,link -C extra-filename=-1a --out-dir /t/build/a-1a";
        let expected = format!("/t/build/a-1a/build_script_build-1a{}", std::env::consts::EXE_SUFFIX);
        assert_eq!(output_file(&words(line), "build_script_build"), Path::new(&expected));
    }
}
