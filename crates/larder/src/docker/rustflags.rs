//! The flags for rustc of a slice that adds some, in an image. They come in `RUSTFLAGS`, which hides all that cargo's
//! configuration says, so the variable repeats those first, as it does on every machine.
//!
//! Must never take a flag from one person's environment: the image is everybody's.

use std::collections::BTreeMap;

use crate::{
    cargo::platform::Platform,
    error::{Error, Result},
    process::quoted,
    project::Project,
    secret,
    slice::Slice,
};

/// Prints the triple of the machine that the image is built on, in a shell.
pub(super) const PRINT_HOST: &str = "\"$(rustc --print host-tuple)\"";

/// The hosts of each text of flags.
type HostsByFlags = BTreeMap<String, Vec<String>>;

/// The assignments of `RUSTFLAGS` by the names of slices, as a shell takes them before a command; none for a slice that
/// adds no flags.
///
/// # Errors
/// When the configured flags cannot be read, or have no place in an image.
pub(super) fn assignments(
    project: &Project,
    slices: &[&Slice],
    platforms: &[Platform],
) -> Result<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for slice in slices.iter().filter(|slice| !slice.rustflags.is_empty()) {
        let own = slice.rustflags.join(" ");
        let word = word(&merged(project, slice, &own, platforms)?, &own);
        all.insert(slice.name.to_string(), format!("RUSTFLAGS={word}"));
    }
    Ok(all)
}

/// The configured flags with those of a slice. One host's own table may have others than the next one's.
fn merged(project: &Project, slice: &Slice, own: &str, platforms: &[Platform]) -> Result<HostsByFlags> {
    let (workspace, root) = (&project.workspace, project.workspace.root().as_std_path());
    let cargo = project.cargo.of_everybody(root)?;
    let mut all = HostsByFlags::new();
    for platform in platforms {
        let flags = slice.merged_rustflags(&cargo.on(root, platform)?, workspace)?.unwrap_or_default();
        // The slice's own words are looked at with its others.
        if let Some(reason) = wrong_in(flags.strip_suffix(own).unwrap_or(&flags)) {
            let path = workspace.root().join(".cargo/config.toml");
            return Err(Error::Settings { path: path.into(), reason: format!("rustflags: {reason}") });
        }
        all.entry(flags).or_default().push(platform.to_string());
    }
    Ok(all)
}

/// The reason why flags have no place in a Dockerfile.
fn wrong_in(flags: &str) -> Option<&'static str> {
    match () {
        () if flags.contains(char::is_control) => {
            Some("no image can be built with a control character in one")
        }
        () if secret::is_held_by(flags) => Some("an image is no place for a secret"),
        () => None,
    }
}

/// The value as a shell takes it. If it depends on the host, rustc says which one that is; `own` are the flags for a host
/// that nothing is known of.
fn word(all: &HostsByFlags, own: &str) -> String {
    if let (1, Some((flags, _))) = (all.len(), all.first_key_value()) {
        return quoted(flags);
    }
    let branches = all.iter().map(|(flags, hosts)| branch(&hosts.join(" | "), flags));
    let branches: String = branches.chain([branch("*", own)]).collect();
    format!("\"$(case {PRINT_HOST} in{branches} esac)\"")
}

fn branch(hosts: &str, flags: &str) -> String {
    format!(" ({hosts}) printf %s {} ;;", quoted(flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_with_other_flags_are_told_apart() {
        let both = vec!["a-linux".to_owned(), "b-linux".to_owned()];
        let one = HostsByFlags::from([("--cfg x".to_owned(), both.clone())]);
        assert_eq!(word(&one, "x"), "'--cfg x'");
        let two = HostsByFlags::from([
            ("--cfg x".to_owned(), both),
            ("-g --cfg x".to_owned(), vec!["c-linux".to_owned()]),
        ]);
        assert_eq!(
            word(&two, "--cfg x"),
            "\"$(case \"$(rustc --print host-tuple)\" in (a-linux | b-linux) printf %s '--cfg x' ;; \
             (c-linux) printf %s '-g --cfg x' ;; (*) printf %s '--cfg x' ;; esac)\""
        );
    }

    #[test]
    fn flags_that_no_image_may_hold() {
        assert_eq!(wrong_in("--cfg x -Ctarget-cpu=native"), None);
        assert!(wrong_in("--cfg x\nRUN evil").is_some());
        assert!(wrong_in(&format!("--cfg a=\"ghp_{}\"", "a".repeat(36))).is_some());
    }
}
