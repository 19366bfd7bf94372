//! `cargo xtask release-archive`: the archive of one target, as the release workflow publishes it: the program with its
//! completions, man pages and licences.
//!
//! It must never publish, nor sign with a key that outlives it: such keys are in the workflow's environments alone.

mod install;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use larder::process::Environment;
use xshell::{Shell, cmd};

use crate::log::Log;

/// The arguments of `cargo xtask release-archive`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The target to build for; this machine's by default. The program is run, for completions and man pages.
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Fail unless this tag is that of the version.
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Then install it with cargo-binstall from a server on this machine, which must refuse it if it was changed.
    #[arg(long)]
    try_out: bool,
    /// The folder that the archive goes into.
    folder: PathBuf,
}

const WORKFLOW: &str = include_str!("../../../.github/workflows/release.yml");
const MANIFEST: &str = include_str!("../../../crates/cargo-larder/Cargo.toml");
const PACKAGE: &str = "cargo-larder";
/// The tag of this version.
const TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));
const SHELLS: [(&str, &str); 4] = [("bash", "bash"), ("fish", "fish"), ("nushell", "nu"), ("zsh", "zsh")];
const TEXTS: [&str; 4] = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "CHANGELOG.md"];

/// The name of an archive without its ending; the folder in it has the same.
fn name(target: &str) -> String {
    format!("{PACKAGE}-{target}")
}

/// Runs the verb.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    if let Some(tag) = &args.tag {
        ensure!(tag == TAG, "the tag is {tag}, and the version's would be {TAG}");
    }
    let target = match &args.target {
        Some(target) => target.clone(),
        None => host(sh)?,
    };
    log.step("Building", &format!("{PACKAGE} for {target}"));
    cmd!(sh, "cargo build --release --locked --package {PACKAGE} --target {target}").run()?;
    let folder = std::path::absolute(&args.folder)?;
    fs_err::create_dir_all(&folder)?;
    let work = tempfile::tempdir_in(&folder)?;
    let name = name(&target);
    fill(sh, &target, &work.path().join(&name))?;
    let archive = folder.join(format!("{name}.tar.gz"));
    pack(sh, work.path(), &name, &archive)?;
    log.step("Wrote", &archive.display().to_string());
    if args.try_out { install::try_out(sh, env, log, &folder) } else { Ok(()) }
}

/// Makes the archive for this machine in a folder that goes away, and installs it.
pub(crate) fn test(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let args = Args { target: None, tag: None, try_out: true, folder: folder.path().to_owned() };
    run(sh, env, log, &args)
}

fn host(sh: &Shell) -> anyhow::Result<String> {
    let said = cmd!(sh, "rustc -vV").quiet().read()?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not name its host")?.to_owned())
}

/// Everything that is in the archive.
fn fill(sh: &Shell, target: &str, folder: &Path) -> anyhow::Result<()> {
    let (completions, man) = (folder.join("completions"), folder.join("man"));
    fs_err::create_dir_all(&completions)?;
    fs_err::create_dir_all(&man)?;
    let built = sh.current_dir().join("target").join(target).join("release").join(PACKAGE);
    let program = folder.join(PACKAGE);
    fs_err::copy(built, &program)?;
    for (shell, ending) in SHELLS {
        let text = cmd!(sh, "{program} larder completions {shell}").quiet().read()?;
        fs_err::write(completions.join(format!("{PACKAGE}.{ending}")), text + "\n")?;
    }
    cmd!(sh, "{program} larder man {man}").quiet().run()?;
    for text in TEXTS {
        fs_err::copy(sh.current_dir().join(text), folder.join(text))?;
    }
    Ok(())
}

/// The same bytes for the same files if tar is GNU's, whoever packs them and whenever.
fn pack(sh: &Shell, work: &Path, name: &str, archive: &Path) -> anyhow::Result<()> {
    let version = cmd!(sh, "tar --version").quiet().read()?;
    let same: &[&str] = if version.contains("GNU tar") {
        &["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=u+rw,go=rX"]
    } else {
        &[]
    };
    let tar = work.join("archive.tar");
    cmd!(sh, "tar {same...} -cf {tar} -C {work} {name}").quiet().run()?;
    cmd!(sh, "gzip -n -9 {tar}").quiet().run()?;
    fs_err::rename(work.join("archive.tar.gz"), archive)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use toml_edit::DocumentMut;

    use super::*;

    fn targets() -> Vec<&'static str> {
        WORKFLOW.lines().filter_map(|line| line.trim().strip_prefix("- target: ")).collect()
    }

    /// cargo-binstall finds the archive of each target of the matrix, and the program in it.
    #[test]
    fn binstall_is_told_what_the_workflow_publishes() {
        let manifest: DocumentMut = MANIFEST.parse().unwrap();
        let binstall = &manifest["package"]["metadata"]["binstall"];
        let [url, program] = ["pkg-url", "bin-dir"].map(|key| binstall[key].as_str().unwrap());
        assert!(targets().len() >= 6, "{:?}", targets());
        for target in targets() {
            let name = name(target);
            assert_eq!(filled_in(url, target), format!("REPO/releases/download/v1.2.3/{name}.tar.gz"));
            assert_eq!(filled_in(program, target), format!("{name}/{PACKAGE}"));
        }
        assert_eq!(binstall["pkg-fmt"].as_str(), Some("tgz"));
    }

    /// As cargo-binstall does it.
    fn filled_in(template: &str, target: &str) -> String {
        let values = [
            ("{ repo }", "REPO"),
            ("{ version }", "1.2.3"),
            ("{ target }", target),
            ("{ bin }", PACKAGE),
            ("{ binary-ext }", ""),
        ];
        values.iter().fold(template.to_owned(), |text, (word, value)| text.replace(word, value))
    }

    #[test]
    fn the_matrix_has_both_kinds_of_linux_and_macos_on_both_processors() {
        for processor in ["x86_64", "aarch64"] {
            for system in ["unknown-linux-gnu", "unknown-linux-musl", "apple-darwin"] {
                let target = format!("{processor}-{system}");
                assert!(targets().contains(&target.as_str()), "{target}");
            }
        }
    }
}
