//! Slices from what a build driver was seen to do: its calls of cargo, made independent of this machine.
//!
//! The calls come from the [`recorder`](crate::shim::recorder). A word that cannot be told apart from this machine,
//! such as an absolute path outside the workspace, is refused rather than guessed. A variable with such a path is left
//! out, and [named](left_out): the slice is still that call, but for the build scripts that read the variable.

use std::collections::{BTreeMap, BTreeSet};

use cargo_config2::Flags;
use cargo_metadata::camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::{
    call::{Origin, Slice, TARGET_MARKER, Variant, variant_of},
    configured, environment,
    folder_config::FolderConfig,
    name::Name,
    target_dir::TargetDir,
};
use crate::{
    cargo::{
        Cargo,
        command_line::{arguments, before_subcommand, is_question, long, option_values, without_policies},
        platform::{HOST_TUPLE, Platform},
        shown,
        subcommands::slice_of,
        variables::{
            BUILD_TARGET, BUILD_TARGET_DIR, ENCODED_RUSTFLAGS, TARGET_DIR, TOOLCHAIN, is_flags, is_linker,
        },
    },
    error::{Error, Result},
    secret,
    shim::recorder::call::Call,
    text::slashes::forward,
    workspace::{self, Workspace},
};

/// The distinct slices among recorded calls, in the order in which they were made, by names that none of the `known`
/// ones has. Calls that compile nothing of this workspace are left out.
///
/// # Errors
/// [`Error::Observed`] for a call that cannot be written down for other machines.
pub fn slices(cargo: &Cargo, workspace: &Workspace, known: &[Slice], calls: &[Call]) -> Result<Vec<Slice>> {
    let mut slices: Vec<Slice> = Vec::new();
    for call in calls {
        let Some(slice) = Observation::new(cargo, workspace, call)?.slice()? else { continue };
        let is_new = slices.iter().all(|seen| !seen.same_invocation(&slice));
        if is_new {
            let is_free = |name: &str| known.iter().chain(&slices).all(|taken| taken.name != name);
            let name = Name::new(unused_name(&slice.name, is_free)).unwrap_or_else(|_| slice.name.clone());
            slices.push(Slice { name, ..slice });
        }
    }
    Ok(slices)
}

/// The variables of builds that no slice holds, since their values are paths of this machine.
pub fn left_out<'a>(workspace: &Workspace, calls: &'a [Call]) -> BTreeSet<&'a str> {
    let calls = calls.iter().filter(|call| !is_question(call.cargo_args()));
    let builds = calls.filter(|call| call.subcommand().and_then(slice_of).is_some());
    let places = builds.flat_map(variables).filter(|(_, value)| is_place(workspace, value));
    places.map(|(name, _)| name.as_str()).collect()
}

/// The known slice that an observed one is. A driver may name the platform that a slice which was found calls the host.
pub fn known<'a>(known: &'a [Slice], seen: &Slice, host: &Platform) -> Option<&'a Slice> {
    let named = format!("--target={host}");
    let mut of_host = seen.clone();
    let targets = of_host.args.iter_mut().filter(|arg| **arg == named);
    targets.for_each(|arg| *arg = format!("--target={HOST_TUPLE}"));
    known.iter().find(|known| known.same_invocation(seen) || known.same_invocation(&of_host))
}

/// One call, seen from its workspace.
struct Observation<'a> {
    cargo: &'a Cargo,
    workspace: &'a Workspace,
    call: &'a Call,
    /// The folder that cargo was told to be in.
    dir: Utf8PathBuf,
    /// The settings of cargo's configuration there and not at the root.
    config: FolderConfig,
}

impl<'a> Observation<'a> {
    fn new(cargo: &'a Cargo, workspace: &'a Workspace, call: &'a Call) -> Result<Self> {
        let moved = option_values(before_subcommand(&call.args), "-C")
            .last()
            .map_or(call.dir.clone(), |dir| call.dir.join(dir));
        // As cargo sees it: a path without links, like the workspace's root.
        let moved = moved.canonicalize().unwrap_or(moved);
        let dir = Utf8PathBuf::from_path_buf(moved)
            .map_err(|path| refused(call, format!("its folder {} is not UTF-8", path.display())))?;
        let config = FolderConfig::between(workspace.root(), &dir)?
            .without_ignored_variables(cargo.env(), workspace.root());
        Ok(Self { cargo, workspace, call, dir, config })
    }

    fn slice(&self) -> Result<Option<Slice>> {
        let Some(command) = self.call.subcommand().and_then(slice_of) else { return Ok(None) };
        let Some(package) = self.package() else { return Ok(None) };
        // dx asks a nightly how many units there are, which says nothing of the builds after it.
        if is_question(self.call.cargo_args()) {
            return Ok(None);
        }
        if self.call.cargo_args().iter().any(|arg| arg.contains(char::REPLACEMENT_CHARACTER)) {
            return Err(self.refused("an argument is not UTF-8".to_owned()));
        }
        // The words of a slice are committed.
        if let Some(arg) = self.call.cargo_args().iter().find(|arg| secret::without(arg) != **arg) {
            let told = secret::without(arg);
            return Err(self.refused(format!("`{told}` holds what nobody else may see")));
        }
        self.has_the_same_compiler()?;
        self.reads_the_configuration()?;
        let (mut args, mut target_dir) = (vec![command.to_owned()], self.target_dir_of_all()?);
        for (name, value) in self.options() {
            match (name, value) {
                ("--target-dir", Some(dir)) => target_dir = self.target_dir(dir)?,
                // The last one is `cargo rustc`'s, as maturin calls it, and about the package itself.
                (
                    "--manifest-path" | "--message-format" | "--jobs" | "-j" | "--config" | "--crate-type",
                    _,
                ) => {}
                (_, Some(value)) => args.push(format!("{name}={value}")),
                (_, None) => args.push(name.to_owned()),
            }
        }
        args.extend(self.values_before("-Z").into_iter().map(|flag| format!("-Z={flag}")));
        if option_values(&args, "--target").is_empty() {
            args.extend(self.targets().into_iter().map(|target| format!("--target={target}")));
        }
        self.knows_its_targets(&args)?;
        args.extend(self.settings()?.into_iter().map(|setting| format!("--config={setting}")));
        if let Some(name) = &package.filter(|_| !selects_packages(&args)) {
            args.insert(1, format!("--package={name}"));
        }
        let args = without_policies(&args);
        let rustflags = self.rustflags(&args)?;
        Ok(Some(Slice {
            name: Name::new(name(&args)).unwrap_or_else(|_| Name::known("observed")),
            origin: Origin::Observed,
            variant: variant_of(&args),
            args,
            target_dir,
            rustflags,
            env: self.env()?,
        }))
    }

    /// Refuses targets that files describe: none of them could be planned.
    fn knows_its_targets(&self, args: &[String]) -> Result<()> {
        let is_file = |target: &&&str| Utf8Path::new(target).extension() == Some("json");
        match option_values(args, "--target").iter().find(is_file) {
            Some(file) => Err(self.refused(format!(
                "it builds for {file}, and recipes are for targets that rustc has by name"
            ))),
            None => Ok(()),
        }
    }

    /// The targets of a call whose arguments name none: a variable's, or else the configuration's.
    fn targets(&self) -> Vec<String> {
        match self.call.env.get(BUILD_TARGET) {
            Some(target) => vec![target.clone()],
            None if self.cargo.env().get(BUILD_TARGET).is_some() => Vec::new(),
            None => self.config.targets(),
        }
    }

    /// The target directory of a call whose arguments do not say it.
    fn target_dir_of_all(&self) -> Result<TargetDir> {
        let variables = [TARGET_DIR, BUILD_TARGET_DIR];
        let in_shell = |name: &&str| self.cargo.env().get(name).is_some();
        match variables.iter().find_map(|name| self.call.env.get(*name)) {
            Some(dir) => self.target_dir(dir),
            None if variables.iter().any(in_shell) => Ok(TargetDir::default()),
            None => {
                self.config.target_dir().map_or(Ok(TargetDir::default()), |dir| self.target_dir(dir.as_str()))
            }
        }
    }

    /// The settings of `--config` and of files in the call's folder, weakest first.
    fn settings(&self) -> Result<Vec<String>> {
        let is_set = |name: &str| self.call.env.contains_key(name) || self.cargo.env().get(name).is_some();
        let mut settings = self.config.settings(is_set).map_err(|reason| self.refused(reason))?;
        let given = option_values(self.call.cargo_args(), "--config");
        for setting in self.values_before("--config").into_iter().chain(given) {
            if setting.contains('=') {
                settings.extend(self.seen_from_root(setting.to_owned()));
            } else {
                let file = FolderConfig::of_file(self.workspace, self.dir.join(setting))?;
                if !file.targets().is_empty() || file.target_dir().is_some() {
                    return Err(self.refused(format!("--config {setting} says where and for what it builds")));
                }
                settings.extend(file.settings(|_| false).map_err(|reason| self.refused(reason))?);
            }
        }
        if let Some(setting) = settings.iter().find(|setting| secret::without(setting) != **setting) {
            let told = secret::without(setting);
            return Err(self.refused(format!("`{told}` holds what nobody else may see")));
        }
        Ok(settings)
    }

    /// Relative paths in a setting begin in the call's folder, and those of a slice in the root.
    fn seen_from_root(&self, setting: String) -> Vec<String> {
        match self.dir.strip_prefix(self.workspace.root()) {
            Ok(way) if !way.as_str().is_empty() => configured::seen_from(&setting, way, |_| None),
            _ => vec![setting],
        }
    }

    /// A call from outside of the workspace builds without the workspace's own configuration, and a slice with it.
    fn reads_the_configuration(&self) -> Result<()> {
        let root = self.workspace.root();
        let is_inside = self.dir.starts_with(root);
        if !is_inside && FolderConfig::between(&self.dir, root)?.is_relevant() {
            return Err(self.refused(format!(
                "{} is outside of the workspace, whose configuration it does not read",
                self.dir
            )));
        }
        Ok(())
    }

    /// A folder may choose another compiler than the workspace, and a slice cannot.
    fn has_the_same_compiler(&self) -> Result<()> {
        let named = self.call.args.first().and_then(|arg| arg.strip_prefix('+')).map(str::to_owned);
        let folders = self.dir.ancestors().take_while(|above| !self.workspace.root().starts_with(above));
        // rustup sets it for everything that it starts, so it says something only if it was another one before.
        let is_set = self.cargo.env().get(TOOLCHAIN).is_some();
        let by_variable = self.call.env.get(TOOLCHAIN).filter(|_| is_set);
        let mut chosen = named
            .map(|channel| (format!("+{channel}"), channel))
            .or_else(|| by_variable.map(|channel| (format!("{TOOLCHAIN}={channel}"), channel.clone())));
        for folder in folders.filter(|_| chosen.is_none()).collect::<Vec<_>>() {
            let channel = workspace::read_toolchain(folder)?;
            chosen = chosen
                .or_else(|| channel.map(|channel| (format!("the toolchain file in {folder}"), channel)));
        }
        match chosen {
            Some((by, channel)) if self.workspace.toolchain() != Some(channel.as_str()) => {
                Err(self.refused(format!("{by} chooses the compiler, which a slice cannot")))
            }
            _ => Ok(()),
        }
    }

    /// cargo's options after the subcommand, each with its value if it takes one, all spellings alike.
    fn options(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let after = self.call.cargo_args().get(1..).unwrap_or_default();
        arguments(after).map(|argument| (long(argument.name), argument.value))
    }

    /// The values of an option in front of the subcommand.
    fn values_before(&self, name: &str) -> Vec<&str> {
        option_values(before_subcommand(&self.call.args), name)
    }

    /// The member whose folder the call was made in, `None` inside for the workspace as a whole; `None`
    /// outside for a call that is about another workspace.
    #[expect(clippy::option_option, reason = "two different questions, answered by one look-up")]
    fn package(&self) -> Option<Option<String>> {
        let manifest =
            option_values(&self.call.args, "--manifest-path").last().map(|path| self.dir.join(path));
        let folder =
            manifest.as_deref().and_then(Utf8Path::parent).unwrap_or(&self.dir).canonicalize().ok()?;
        let root = self.workspace.root().canonicalize().ok()?;
        if folder == root {
            return Some(None);
        }
        let members = self.workspace.metadata().workspace_packages();
        let of = |package: &cargo_metadata::Package| package.manifest_path.parent()?.canonicalize().ok();
        // cargo looks for a manifest upwards from the folder that it is called in.
        let mut folders = folder.ancestors().take_while(|above| above.starts_with(&root) && *above != root);
        let member =
            folders.find_map(|above| members.iter().find(|package| of(package).as_deref() == Some(above)));
        match member {
            Some(package) => Some(Some(package.name.to_string())),
            None => folder.starts_with(&root).then_some(None),
        }
    }

    fn target_dir(&self, dir: &str) -> Result<TargetDir> {
        let dir = without_dots(&self.dir.join(dir));
        if let Ok(below) = dir.strip_prefix(self.workspace.target_directory()) {
            return Ok(TargetDir::InTarget(forward(below.to_owned())));
        }
        match dir.strip_prefix(self.workspace.root()) {
            Ok(below) => Ok(TargetDir::InWorkspace(forward(below.to_owned()))),
            Err(_) => Err(self.refused(format!("--target-dir {dir} is outside the workspace"))),
        }
    }

    /// Flags that the driver added to the configured ones.
    fn rustflags(&self, args: &[String]) -> Result<Vec<String>> {
        let others = |name: &&String| is_flags(name) && *name != ENCODED_RUSTFLAGS;
        if let Some(name) = self.call.env.keys().find(others) {
            return Err(
                self.refused(format!("it has flags in {name}, which a slice cannot hold: RUSTFLAGS can be"))
            );
        }
        let target = option_values(args, "--target").first().copied();
        let mut variables = [ENCODED_RUSTFLAGS, "RUSTFLAGS"].into_iter();
        let (whose, all) = match variables.find_map(|name| Some((name, self.call.env.get(name)?))) {
            Some((name, all)) => (name.to_owned(), flags_in(name, all)),
            None if self.config.is_relevant() => {
                let all = environment::configured_flags(self.cargo, &self.dir, target)?;
                (format!("flags in {}", self.dir), all)
            }
            None => return Ok(Vec::new()),
        };
        let configured = environment::configured_flags(self.cargo, self.workspace.root(), target)?;
        let Some(added) = all.strip_prefix(configured.as_slice()) else {
            return Err(self.refused(format!("its {whose} do not start with the configured flags")));
        };
        // A slice that adds flags gets all of them in one variable.
        let mut in_one = all.iter().filter(|_| !added.is_empty());
        match in_one.find(|flag| flag.contains(char::is_whitespace)) {
            Some(flag) => {
                let flag = secret::without(flag);
                Err(self.refused(format!("its {whose} hold `{flag}`, and a slice's are split at spaces")))
            }
            None => Ok(added.to_vec()),
        }
    }

    fn env(&self) -> Result<BTreeMap<String, String>> {
        let target = self.workspace.target_directory();
        let root = self.workspace.root();
        let mut env = BTreeMap::new();
        for (name, value) in variables(self.call) {
            let value = match Utf8Path::new(value).strip_prefix(target) {
                Ok(below) => format!("{TARGET_MARKER}/{below}"),
                Err(_) if is_place(self.workspace, value) && reaches_every_unit(name) => {
                    return Err(self.refused(format!(
                        "{name} is a path of this machine, and cargo compiles every unit anew for another one"
                    )));
                }
                // All that hangs on it are the units of build scripts that read it, and those above them.
                Err(_) if is_place(self.workspace, value) => continue,
                Err(_) if value.contains(root.as_str()) => {
                    return Err(self.refused(format!("{name} holds an absolute path of the workspace")));
                }
                Err(_) => value.clone(),
            };
            env.insert(name.clone(), value);
        }
        let configured = self.config.variables().map_err(|reason| self.refused(reason))?;
        for (name, value) in configured.into_iter().filter(|(name, value)| !secret::is_secret(name, value)) {
            env.entry(name).or_insert(value);
        }
        Ok(env)
    }

    fn refused(&self, reason: String) -> Error {
        refused(self.call, reason)
    }
}

/// The variables of a call that a slice would hold, those aside that it says by its arguments.
fn variables(call: &Call) -> impl Iterator<Item = (&String, &String)> {
    const SAID_OTHERWISE: [&str; 6] =
        ["RUSTFLAGS", ENCODED_RUSTFLAGS, BUILD_TARGET, TARGET_DIR, BUILD_TARGET_DIR, TOOLCHAIN];
    call.env.iter().filter(|(name, _)| !SAID_OTHERWISE.contains(&name.as_str()))
}

/// Whether a value is the place of something on this machine. The root of a disk is one everywhere, and the target
/// directory has a word of its own.
fn is_place(workspace: &Workspace, value: &str) -> bool {
    let path = Utf8Path::new(value);
    path.is_absolute() && value != "/" && !path.starts_with(workspace.target_directory())
}

/// Whether cargo takes a variable for the compiler's or the linker's path, which is part of every unit.
fn reaches_every_unit(name: &str) -> bool {
    name == "RUSTC" || is_linker(name)
}

/// The flags in a variable, one by one, as cargo takes them.
fn flags_in(name: &str, text: &str) -> Vec<String> {
    match name {
        ENCODED_RUSTFLAGS => Flags::from_encoded(text).flags,
        _ => Flags::from_space_separated(text).flags,
    }
}

fn refused(call: &Call, reason: String) -> Error {
    Error::Observed { command: format!("cargo {}", shown::line(&call.args)), reason }
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

/// A name like the wanted one that is free.
pub(super) fn unused_name(wanted: &str, is_free: impl Fn(&str) -> bool) -> String {
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
