//! Slices from what a build driver was seen to do: its calls of cargo, made independent of this machine.
//!
//! The calls come from the [`recorder`](crate::recorder). What cannot be told apart from this machine, such as an
//! absolute path outside the workspace, is refused rather than guessed.

use std::{collections::BTreeMap, path::Path};

use cargo_metadata::camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::{
    Origin, Slice, TARGET_MARKER, TargetDir, Variant, environment, option_values, variant_of,
    without_policies,
};
use crate::{
    cargo::Cargo,
    error::{Error, Result},
    recorder::{BUILD_TARGET, BUILD_TARGET_DIR, Call, TARGET_DIR, is_flags},
    workspace::Workspace,
};

/// The distinct slices among recorded calls, in the order in which they were made, by names that none of the `known`
/// ones has. Calls that compile nothing of this workspace are left out.
///
/// # Errors
/// [`Error::Observed`] for a call that cannot be written down for other machines.
pub fn slices(cargo: &Cargo, workspace: &Workspace, known: &[Slice], calls: &[Call]) -> Result<Vec<Slice>> {
    let mut slices: Vec<Slice> = Vec::new();
    for call in calls {
        let Some(slice) = Observation { cargo, workspace, call }.slice()? else { continue };
        let is_new = slices.iter().all(|seen| !seen.same_invocation(&slice));
        if is_new {
            let is_free = |name: &str| known.iter().chain(&slices).all(|taken| taken.name != name);
            let name = unused_name(&slice.name, is_free);
            slices.push(Slice { name, ..slice });
        }
    }
    Ok(slices)
}

/// One call, seen from its workspace.
struct Observation<'a> {
    cargo: &'a Cargo,
    workspace: &'a Workspace,
    call: &'a Call,
}

impl Observation<'_> {
    fn slice(&self) -> Result<Option<Slice>> {
        let Some(command) = self.call.subcommand().and_then(planned_as) else { return Ok(None) };
        let Some(package) = self.package() else { return Ok(None) };
        let (mut args, mut target_dir) = (vec![command.to_owned()], TargetDir::default());
        for (name, value) in self.options() {
            match (name.as_str(), value) {
                ("--target-dir", Some(dir)) => target_dir = self.target_dir(&dir)?,
                ("--manifest-path" | "--message-format" | "--jobs" | "-j", _) => {}
                (_, Some(value)) => args.push(format!("{name}={value}")),
                (_, None) => args.push(name),
            }
        }
        // Some drivers say by variables what others say by arguments; an argument wins.
        let said = |name: &str| self.call.env.get(name);
        if let (Some(target), true) = (said(BUILD_TARGET), option_values(&args, "--target").is_empty()) {
            args.push(format!("--target={target}"));
        }
        let has_dir = self.options().iter().any(|(name, _)| name == "--target-dir");
        if let (Some(dir), false) = (said(TARGET_DIR).or_else(|| said(BUILD_TARGET_DIR)), has_dir) {
            target_dir = self.target_dir(dir)?;
        }
        if let Some(name) = &package.filter(|_| !selects_packages(&args)) {
            args.insert(1, format!("--package={name}"));
        }
        let args = without_policies(args);
        let rustflags = self.rustflags(&args)?;
        Ok(Some(Slice {
            name: name(&args),
            origin: Origin::Observed,
            variant: variant_of(&args),
            args,
            target_dir,
            rustflags,
            env: self.env()?,
        }))
    }

    /// cargo's options after the subcommand, each with its value where it takes one, both spellings alike.
    fn options(&self) -> Vec<(String, Option<String>)> {
        let mut options = Vec::new();
        let mut args = self.call.cargo_args().iter().skip(1);
        while let Some(arg) = args.next() {
            match arg.split_once('=') {
                Some((name, value)) if name.starts_with("--") => {
                    options.push((long(name).to_owned(), Some(value.to_owned())));
                }
                _ if takes_value(arg) => options.push((long(arg).to_owned(), args.next().cloned())),
                _ => options.push((long(arg).to_owned(), None)),
            }
        }
        options
    }

    /// The member whose folder the call was made in, `None` inside for the workspace as a whole; `None`
    /// outside for a call that is about another workspace.
    #[expect(clippy::option_option, reason = "two different questions, answered by one look-up")]
    fn package(&self) -> Option<Option<String>> {
        let manifest =
            option_values(&self.call.args, "--manifest-path").last().map(|path| self.call.dir.join(path));
        let folder =
            manifest.as_deref().and_then(Path::parent).unwrap_or(&self.call.dir).canonicalize().ok()?;
        let root = self.workspace.root().canonicalize().ok()?;
        if folder == root {
            return Some(None);
        }
        let members = self.workspace.metadata().workspace_packages();
        let of = |package: &cargo_metadata::Package| package.manifest_path.parent()?.canonicalize().ok();
        // cargo looks for a manifest upwards from where it is called.
        let mut folders = folder.ancestors().take_while(|above| above.starts_with(&root) && *above != root);
        let member =
            folders.find_map(|above| members.iter().find(|package| of(package).as_deref() == Some(above)));
        match member {
            Some(package) => Some(Some(package.name.to_string())),
            None => folder.starts_with(&root).then_some(None),
        }
    }

    fn target_dir(&self, dir: &str) -> Result<TargetDir> {
        let dir = Utf8PathBuf::from_path_buf(self.call.dir.join(dir))
            .map_err(|path| self.refused(format!("--target-dir {} is not UTF-8", path.display())))?;
        let dir = without_dots(&dir);
        if let Ok(below) = dir.strip_prefix(self.workspace.target_directory()) {
            return Ok(TargetDir::InTarget(below.to_owned()));
        }
        match dir.strip_prefix(self.workspace.root()) {
            Ok(below) => Ok(TargetDir::InWorkspace(below.to_owned())),
            Err(_) => Err(self.refused(format!("--target-dir {dir} is outside the workspace"))),
        }
    }

    /// What the driver added to the configured flags.
    fn rustflags(&self, args: &[String]) -> Result<Vec<String>> {
        if let Some(name) = self.call.env.keys().find(|name| is_flags(name)) {
            return Err(
                self.refused(format!("it has flags in {name}, which a slice cannot hold: RUSTFLAGS can be"))
            );
        }
        let Some(all) = self.call.env.get("RUSTFLAGS") else { return Ok(Vec::new()) };
        let target = option_values(args, "--target").first().map(|target| (*target).to_owned());
        let configured = environment::configured_rustflags(self.cargo, self.workspace, target.as_deref())?;
        let words = |text: &str| text.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let (all, configured) = (words(all), words(configured.as_deref().unwrap_or_default()));
        match all.strip_prefix(configured.as_slice()) {
            Some(added) => Ok(added.to_vec()),
            None => Err(self.refused("its RUSTFLAGS do not start with the configured flags".into())),
        }
    }

    fn env(&self) -> Result<BTreeMap<String, String>> {
        let target = self.workspace.target_directory();
        let root = self.workspace.root();
        let mut env = BTreeMap::new();
        let said_otherwise = ["RUSTFLAGS", BUILD_TARGET, TARGET_DIR, BUILD_TARGET_DIR];
        let kept = self.call.env.iter().filter(|(name, _)| !said_otherwise.contains(&name.as_str()));
        for (name, value) in kept {
            let value = match Utf8Path::new(value).strip_prefix(target) {
                Ok(below) => format!("{TARGET_MARKER}/{below}"),
                Err(_) if value.contains(root.as_str()) => {
                    return Err(self.refused(format!("{name} holds an absolute path of the workspace")));
                }
                Err(_) => value.clone(),
            };
            env.insert(name.clone(), value);
        }
        Ok(env)
    }

    fn refused(&self, reason: String) -> Error {
        Error::Observed { command: format!("cargo {}", self.call.args.join(" ")), reason }
    }
}

/// The subcommand that plans the same units; `None` for one that builds nothing.
fn planned_as(subcommand: &str) -> Option<&'static str> {
    match subcommand {
        "build" | "b" | "run" | "r" | "rustc" => Some("build"),
        "check" | "c" => Some("check"),
        "clippy" => Some("clippy"),
        "test" | "t" => Some("test"),
        _ => None,
    }
}

/// Short names as long ones, so that both spellings give the same slice.
fn long(name: &str) -> &str {
    match name {
        "-p" => "--package",
        "-r" => "--release",
        "-F" => "--features",
        other => other,
    }
}

/// Whether an option of cargo takes the next word for its value.
pub(crate) fn takes_value(name: &str) -> bool {
    let names = [
        "--package",
        "-p",
        "--bin",
        "--example",
        "--test",
        "--bench",
        "--features",
        "-F",
        "--profile",
        "--target",
        "--target-dir",
        "--manifest-path",
        "--message-format",
        "--color",
        "--config",
        "--exclude",
        "--jobs",
        "-j",
        "-Z",
    ];
    names.contains(&name)
}

fn selects_packages(args: &[String]) -> bool {
    args.iter().any(|arg| arg == "--workspace" || arg == "--all" || arg.starts_with("--package"))
}

/// A name from what the call is about: package or subcommand, kind of target, platform and profile.
fn name(args: &[String]) -> String {
    let mut words =
        vec![option_values(args, "--package").first().map_or(args[0].as_str(), |package| package)];
    if option_values(args, "--target").iter().any(|target| target.starts_with("wasm")) {
        words.push("wasm");
    }
    if args[0] != "build" && words[0] != args[0] {
        words.push(&args[0]);
    }
    if variant_of(args) == Variant::Dev {
        words.push("dev");
    }
    words.join("-").replace(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_', "-")
}

fn unused_name(wanted: &str, is_free: impl Fn(&str) -> bool) -> String {
    let mut names =
        std::iter::once(wanted.to_owned()).chain((2..).map(|number| format!("{wanted}-{number}")));
    names.find(|name| is_free(name)).unwrap_or_else(|| wanted.to_owned())
}

/// A path with every `..` taken back, as text: the folder may not be there yet.
fn without_dots(path: &Utf8Path) -> Utf8PathBuf {
    let mut plain = Utf8PathBuf::new();
    for part in path.components() {
        match part {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}
