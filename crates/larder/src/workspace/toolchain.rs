//! The file that pins a workspace's toolchain: its own, or else the nearest one above, as rustup looks for it.
//!
//! A file above counts if every clone of the repository has it: one in somebody's home pins nothing for others.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::document::parse_toml;
use crate::{
    cargo::settings_files::TOOLCHAIN,
    error::Result,
    files::read,
    git::shared_files::{SharedFiles, shared_above},
    process::Environment,
};

/// The file that pins the toolchain here.
pub(super) fn find(root: &Utf8Path, env: &Environment) -> Option<Utf8PathBuf> {
    in_folder(root).or_else(|| above(root, env))
}

/// The file that pins it in every clone: the workspace's own may be one that git does not track.
pub(super) fn find_shared(root: &Utf8Path, env: &Environment, shared: &SharedFiles) -> Option<Utf8PathBuf> {
    let mut own = TOOLCHAIN.iter().map(|name| root.join(name));
    own.find(|path| shared.has(path)).or_else(|| above(root, env))
}

fn above(root: &Utf8Path, env: &Environment) -> Option<Utf8PathBuf> {
    let above = root.ancestors().skip(1).filter_map(in_folder).collect();
    shared_above(env, root, above).into_iter().next()
}

/// A folder's own file.
fn in_folder(folder: &Utf8Path) -> Option<Utf8PathBuf> {
    TOOLCHAIN.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// The channel that a folder's own file names.
///
/// # Errors
/// As [`channel`].
pub(crate) fn read_toolchain(folder: &Utf8Path) -> Result<Option<String>> {
    in_folder(folder).map_or(Ok(None), |path| channel(&path))
}

/// The channel that a file names.
///
/// # Errors
/// If the file cannot be read, or is no TOML.
pub(super) fn channel(path: &Utf8Path) -> Result<Option<String>> {
    let text = read::text(path)?;
    // The older form is a bare channel.
    if path.file_name() == Some(TOOLCHAIN[0]) && !text.contains('[') {
        return Ok(Some(text.trim().to_owned()));
    }
    let document = parse_toml(path)?;
    let channel = document.get("toolchain").and_then(|table| table.get("channel")?.as_str());
    Ok(channel.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Cmd;

    #[test]
    fn the_nearest_file_counts_and_above_only_what_every_clone_has() {
        let dir = tempfile::tempdir().unwrap();
        let top = Utf8PathBuf::from_path_buf(dir.path().canonicalize().unwrap()).unwrap();
        let env = Environment::new([("PATH", "/usr/local/bin:/usr/bin:/bin")]);
        for (path, text) in [
            (".gitignore", "/apps/rust-toolchain\n/apps/near/rust-toolchain.toml\n"),
            ("rust-toolchain.toml", "[toolchain]\nchannel = \"1.85\"\n"),
            ("apps/rust-toolchain", "1.80\n"),
            ("apps/far/Cargo.toml", ""),
            ("apps/near/Cargo.toml", ""),
            ("apps/near/rust-toolchain.toml", "[toolchain]\nchannel = \"1.90\"\n"),
            ("own/Cargo.toml", ""),
            ("own/rust-toolchain", "1.95\n"),
        ] {
            let path = top.join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        // Without a repository nothing above is the project's.
        assert_eq!(find(&top.join("apps/far"), &env), None);
        Cmd::new("git", &top, &env).args(["init", "--quiet"]).output().unwrap();
        for (workspace, here, everywhere) in [
            ("apps/far", "rust-toolchain.toml", "rust-toolchain.toml"),
            ("apps/near", "apps/near/rust-toolchain.toml", "rust-toolchain.toml"),
            ("own", "own/rust-toolchain", "own/rust-toolchain"),
        ] {
            let root = top.join(workspace);
            let shared = SharedFiles::ask(&env, &root);
            assert_eq!(find(&root, &env), Some(top.join(here)), "{workspace}");
            assert_eq!(find_shared(&root, &env, &shared), Some(top.join(everywhere)), "{workspace}");
        }
        assert_eq!(channel(&top.join("rust-toolchain.toml")).unwrap().as_deref(), Some("1.85"));
        assert_eq!(read_toolchain(&top.join("own")).unwrap().as_deref(), Some("1.95"));
    }
}
