//! The artifacts of a build, and which of them are shipped and started: the roots of the slices' unit graphs. cargo says
//! what is built, for which target and in which profile; the one argument read here is whether examples are asked for.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{image::Image, rustflags::PRINT_HOST, shared};
use crate::{
    cargo::{
        Cargo, CargoLock,
        platform::{HOST_TUPLE, Platform},
        refusal::Refusal,
    },
    error::{Error, Result},
    files::{change, read},
    plan::{Plan, Plans, Root},
    process::quoted,
    project::Project,
    slice::{Origin, Slice},
    target_dir::profile_folder,
};

/// Stands for the triple of the machine that the image is built on.
const HOST: &str = "<host>";

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Artifact {
    /// The path that cargo gives it, relative to the workspace.
    from: Utf8PathBuf,
    /// Its path among shipped files, relative to their folder.
    pub(super) to: Utf8PathBuf,
    /// The same relative to its target directory, as folders that tell files of one name apart.
    below_target: Utf8PathBuf,
    /// Whether it is a program, of whatever platform.
    is_program: bool,
    /// Whether it is a program that the image can run.
    runs: bool,
    /// cargo's package id specification.
    package: String,
    /// The target's name.
    target: String,
    /// The slice that it is of.
    pub(super) slice: String,
    /// Whether it is the server of a Leptos project.
    is_server: bool,
}

/// The artifacts of the release slices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Artifacts {
    /// Programs, and libraries of packages that have none.
    pub(super) files: Vec<Artifact>,
    /// The triples that a standard library has to be there for.
    pub(super) triples: BTreeSet<String>,
}

/// Which program a container starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entrypoint {
    /// This one.
    Program(String),
    /// None: there are several, and nothing says which.
    Undecided(Vec<String>),
    /// There is none.
    Nothing,
}

impl Artifact {
    /// The path as a shell takes it.
    pub(super) fn word(&self) -> String {
        match self.from.as_str().split_once(HOST) {
            Some((before, after)) => format!("{}{PRINT_HOST}{}", quoted(before), quoted(after)),
            None => quoted(self.from.as_str()),
        }
    }

    /// The folder that cargo puts it in, as a shell takes it with a file's name behind it.
    pub(super) fn beside(&self, name: &str) -> String {
        let folder = self.from.parent().unwrap_or(Utf8Path::new(""));
        Self { from: folder.join(name), ..self.clone() }.word()
    }

    /// Whether it is what `cargo run` starts in its package.
    fn is_default_run(&self, project: &Project) -> bool {
        let packages = &project.workspace.metadata().packages;
        let package = packages.iter().find(|package| package.id.repr == self.package);
        package.is_some_and(|package| package.default_run.as_ref() == Some(&self.target))
    }
}

impl Artifacts {
    /// Asks cargo for what the slices build on the platforms of images.
    ///
    /// # Errors
    /// When a slice cannot be planned.
    pub(super) fn ask(
        project: &Project,
        image: &Image,
        slices: &[&Slice],
        platforms: &[Platform],
    ) -> Result<Self> {
        let plans = plans(project, slices, &of_images(platforms))?;
        let mut all = Self::default();
        for (slice, plans) in slices.iter().zip(&plans) {
            let is_host = asks_for_host(project, slice);
            for (platform, plan) in plans.iter() {
                all.add(project, image, slice, (plan, is_host.then_some(platform)));
            }
        }
        all.drop_libraries_beside_programs();
        all.name();
        Ok(all)
    }

    fn add(
        &mut self,
        project: &Project,
        image: &Image,
        slice: &Slice,
        (plan, host): (&Plan, Option<&Platform>),
    ) {
        let host = host.map(Platform::as_str);
        let units = plan.units.values().filter_map(|unit| unit.platform.as_deref());
        let roots = plan.roots.iter().filter_map(|root| root.platform.as_deref());
        let triples = units.chain(roots).filter(|triple| !is_specification(triple) && host != Some(*triple));
        self.triples.extend(triples.map(str::to_owned));
        for root in plan.roots.iter().filter(|root| is_shared(project, root)) {
            let Some(name) = file_name(root, slice) else { continue };
            let triple = root.platform.as_deref();
            let triple = triple.map(|triple| if host == Some(triple) { HOST } else { folder(triple) });
            let mut below = Utf8PathBuf::from(triple.unwrap_or_default());
            below.push(profile_folder(&root.profile));
            below.extend(is_example(root).then_some("examples"));
            below.push(&name);
            let from = image.target_dir(slice).join(&below);
            if self.files.iter().any(|known| known.from == from) {
                continue;
            }
            let is_program = is_program(root);
            self.files.push(Artifact {
                to: name.into(),
                from,
                below_target: below.as_str().replace(HOST, "host").into(),
                is_program,
                runs: is_program && root.platform.as_deref().is_none_or(runs),
                package: root.package.clone(),
                target: root.target.clone(),
                slice: slice.name.to_string(),
                is_server: slice.origin == Origin::Leptos,
            });
        }
    }

    /// A library that lies beside a program of its own package serves that program, which has it in it.
    fn drop_libraries_beside_programs(&mut self) {
        let with_program: BTreeSet<String> =
            self.files.iter().filter(|file| file.is_program).map(|file| file.package.clone()).collect();
        self.files.retain(|file| file.is_program || !with_program.contains(&file.package));
    }

    /// Files of one name get folders of their own: that of the target and the profile, and that of the slice if it takes
    /// that as well.
    fn name(&mut self) {
        self.files.sort_by(|one, other| one.from.cmp(&other.from));
        for rename in [|file: &Artifact| file.below_target.clone(), below_slice] {
            let mut counts: BTreeMap<Utf8PathBuf, usize> = BTreeMap::new();
            self.files.iter().for_each(|file| *counts.entry(file.to.clone()).or_default() += 1);
            for file in self.files.iter_mut().filter(|file| counts[&file.to] > 1) {
                file.to = rename(file);
            }
        }
    }

    /// The program that a container starts: the only one, the server of a Leptos project, or the one that `default-run`
    /// names.
    pub(super) fn entry(&self, project: &Project) -> Entrypoint {
        let programs: Vec<&Artifact> = self.files.iter().filter(|file| file.runs).collect();
        let chosen = only(programs.iter())
            .or_else(|| only(programs.iter().filter(|file| file.is_server)))
            .or_else(|| only(programs.iter().filter(|file| file.is_default_run(project))));
        match chosen {
            Some(program) => Entrypoint::Program(program.to.to_string()),
            None if programs.is_empty() => Entrypoint::Nothing,
            None => Entrypoint::Undecided(programs.iter().map(|file| file.to.to_string()).collect()),
        }
    }

    /// Whether there is a program that the image can run.
    pub(super) fn has_program(&self) -> bool {
        self.files.iter().any(|file| file.runs)
    }

    /// Requires that there is something to ship.
    pub(super) fn require_some(&self, slices: &[&Slice]) -> Result<()> {
        if !self.files.is_empty() {
            return Ok(());
        }
        Err(Error::NothingToShip { slices: slices.iter().map(|slice| slice.name.to_string()).collect() })
    }
}

/// Plans slices and leaves `Cargo.lock` as it is, even if it is older than the manifests.
fn plans(project: &Project, slices: &[&Slice], platforms: &[Platform]) -> Result<Vec<Plans>> {
    match plans_by(&project.cargo.clone().asking(), project, slices, platforms) {
        Err(error) if project.cargo.cargo_lock() != CargoLock::Locked && is_stale(&error) => {
            let root = project.workspace.root();
            let path = root.join("Cargo.lock");
            // cargo would write there, and so would we after it.
            if change::leads_out(root, &path)? {
                return Err(error);
            }
            let before = read::text(&path)?;
            let cargo = project.cargo.clone().with_cargo_lock(CargoLock::AsNeeded);
            let plans =
                cargo.resolve(root.as_std_path()).and_then(|()| plans_by(&cargo, project, slices, platforms));
            if read::text(&path)? != before {
                change::write_in(root, &path, &before)?;
            }
            plans
        }
        plans => plans,
    }
}

fn is_stale(error: &Error) -> bool {
    match error {
        Error::StaleCargoLock { .. } => true,
        Error::SlicePlan { stderr, .. } => Refusal::parse(stderr) == Some(Refusal::StaleLock),
        _ => false,
    }
}

fn plans_by(
    cargo: &Cargo,
    project: &Project,
    slices: &[&Slice],
    platforms: &[Platform],
) -> Result<Vec<Plans>> {
    Plans::of_slices(cargo, &project.workspace, slices, platforms)?.into_iter().collect()
}

/// The only one of several, if there is no more.
fn only<T>(mut several: impl Iterator<Item = T>) -> Option<T> {
    several.next().filter(|_| several.next().is_none())
}

/// Whether every clone has the file of a root: cargo finds programs by their files, whether git tracks them or not.
fn is_shared(project: &Project, root: &Root) -> bool {
    let packages = &project.workspace.metadata().packages;
    let Some(package) = packages.iter().find(|package| package.id.repr == root.package) else { return true };
    let mut targets = shared::targets(&project.workspace, package);
    targets
        .any(|target| target.name == root.target && target.is_bin() == root.kinds.contains(&"bin".to_owned()))
}

/// Images are of Linux: the platforms among those of the recipes, all of them if there is none.
pub(super) fn of_images(platforms: &[Platform]) -> Vec<Platform> {
    let linux: Vec<Platform> =
        platforms.iter().filter(|platform| platform.as_str().contains("-linux-")).cloned().collect();
    if linux.is_empty() { platforms.to_vec() } else { linux }
}

/// Whether a slice is built for the machine it is built on, by the name that says so.
fn asks_for_host(project: &Project, slice: &Slice) -> bool {
    let configured = project.workspace.config().get("build").and_then(|build| build.get("target"));
    slice.targets().contains(&HOST_TUPLE)
        || slice.env.get("CARGO_BUILD_TARGET").is_some_and(|target| target == HOST_TUPLE)
        || configured.is_some_and(|target| target.to_string().contains(HOST_TUPLE))
}

/// The file that is shipped of a root; `None` if it leaves none: archives, libraries for rustc, tests and checks.
fn file_name(root: &Root, slice: &Slice) -> Option<String> {
    if root.mode != "build" {
        return None;
    }
    let triple = root.platform.as_deref().unwrap_or_default();
    if is_program(root) {
        let asked = ["--example", "--examples"];
        let is_asked = slice.cargo_args().iter().any(|arg| asked.iter().any(|name| arg.starts_with(name)));
        let ending = match triple {
            _ if triple.contains("-windows") => ".exe",
            _ if triple.contains("-emscripten") => ".js",
            _ if triple.starts_with("wasm") => ".wasm",
            _ if triple.ends_with("-uefi") => ".efi",
            _ => "",
        };
        return (is_asked || !is_example(root)).then(|| format!("{}{ending}", root.target));
    }
    let is_linked = root.crate_types.iter().any(|kind| kind == "cdylib" || kind == "dylib");
    // cargo-leptos makes the site of it.
    if !is_linked || slice.origin == Origin::Leptos {
        return None;
    }
    let name = root.target.replace('-', "_");
    Some(match triple {
        _ if triple.contains("-windows") => format!("{name}.dll"),
        _ if triple.contains("-apple-") => format!("lib{name}.dylib"),
        _ if triple.starts_with("wasm") => format!("{name}.wasm"),
        _ => format!("lib{name}.so"),
    })
}

fn is_program(root: &Root) -> bool {
    names_bin(&root.kinds) || is_example(root) && names_bin(&root.crate_types)
}

fn names_bin(words: &[String]) -> bool {
    words.iter().any(|word| word == "bin")
}

fn is_example(root: &Root) -> bool {
    root.kinds.iter().any(|kind| kind == "example")
}

/// Whether an image can run programs of a target.
fn runs(triple: &str) -> bool {
    triple.contains("-linux-")
}

/// The folder of a target's files: a target specification gives it the name of its file.
fn folder(triple: &str) -> &str {
    if !is_specification(triple) {
        return triple;
    }
    Utf8Path::new(triple).file_stem().unwrap_or(triple)
}

/// Whether a target is the path of a file that describes it.
fn is_specification(triple: &str) -> bool {
    Utf8Path::new(triple).extension() == Some("json")
}

fn below_slice(file: &Artifact) -> Utf8PathBuf {
    Utf8Path::new(&file.slice).join(&file.to)
}
