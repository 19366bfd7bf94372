//! The flags for rustc of a slice that adds some, in an image. They come in `RUSTFLAGS`, which hides all that cargo's
//! configuration says, so the variable repeats those first, as it does on every machine.
//!
//! Must never take a flag from one person's environment or files: the image is everybody's.

use std::collections::BTreeMap;

use cargo_metadata::cargo_platform::{Cfg, Platform as Condition};
use toml_edit::{Item, TableLike};

use super::packages;
use crate::{
    cargo::{
        conditions,
        platform::{HOST_TUPLE, Platform},
    },
    error::{Error, Result},
    process::quoted,
    project::Project,
    secret,
    slice::Slice,
    workspace::texts,
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
    let target = slice.named_target().or_else(|| configured_target(project));
    let named = target.filter(|target| *target != HOST_TUPLE);
    let mut all = HostsByFlags::new();
    for platform in platforms {
        let mut flags = configured(project, named.unwrap_or(platform.as_str()))?;
        // The slice's own words are looked at with its others.
        if let Some(reason) = flags.iter().find_map(|flag| wrong_in(flag)) {
            let path = project.workspace.root().join(".cargo/config.toml");
            return Err(Error::Settings { path: path.into(), reason: format!("rustflags: {reason}") });
        }
        flags.push(own);
        all.entry(flags.join(" ")).or_default().push(platform.to_string());
    }
    Ok(all)
}

/// The target that the project's own configuration names, the first one if there are several.
fn configured_target(project: &Project) -> Option<&str> {
    let build = project.workspace.config().get("build")?;
    texts(build.get("target")?).into_iter().next()
}

/// The flags that the project's own configuration has for a target, as cargo joins them: those of the target's tables,
/// or else those of all builds. They are not asked of cargo, which adds those in one person's files.
fn configured<'a>(project: &'a Project, target: &str) -> Result<Vec<&'a str>> {
    let config = project.workspace.config();
    let tables = config.get("target").and_then(Item::as_table_like);
    let mut tables: Vec<(&str, &Item)> = tables.into_iter().flat_map(TableLike::iter).collect();
    // cargo takes conditions after the target itself, in the order of their names.
    tables.sort_by_key(|(key, _)| (*key != target, *key));
    let (mut all, mut holding) = (Vec::new(), None);
    for (key, table) in tables {
        let Some(flags) = table.get("rustflags") else { continue };
        if is_for(project, key, target, &mut holding)? {
            all.extend(packages::flags(flags));
        }
    }
    if all.is_empty() {
        let of_build = config.get("build").and_then(|build| build.get("rustflags"));
        all.extend(of_build.into_iter().flat_map(packages::flags));
    }
    Ok(all)
}

/// Whether a table of `[target]` is for a target. The conditions that hold for it are asked once, if there is one in a key.
fn is_for(project: &Project, key: &str, target: &str, holding: &mut Option<Vec<Cfg>>) -> Result<bool> {
    let Ok(Condition::Cfg(condition)) = key.parse::<Condition>() else { return Ok(key == target) };
    if holding.is_none() {
        let question = project.cargo.ask_conditions(project.workspace.root().as_std_path(), target);
        *holding = Some(conditions(&question.output()?));
    }
    Ok(holding.as_deref().is_some_and(|holding| condition.matches(holding)))
}

/// The reason why a flag has no place in a Dockerfile.
fn wrong_in(flag: &str) -> Option<&'static str> {
    match () {
        () if flag.contains(char::is_control) => {
            Some("no image can be built with a control character in one")
        }
        () if flag.contains(' ') => Some("RUSTFLAGS are split at spaces, so none can have one"),
        () if secret::is_held_by(flag) => Some("an image is no place for a secret"),
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
        assert_eq!(wrong_in("-Ctarget-cpu=native"), None);
        assert!(wrong_in("--cfg=x\nRUN").is_some());
        assert!(wrong_in("a=\"b c\"").is_some());
        assert!(wrong_in(&format!("--cfg=a=\"ghp_{}\"", "a".repeat(36))).is_some());
    }
}
