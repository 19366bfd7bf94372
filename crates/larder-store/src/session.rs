//! A store beside the builds of a project: asked before a recipe is cooked, given what was compiled afterwards.
//!
//! Nothing here fails a build: a fault is one warning, and the store is left alone from then on.

use std::{
    cell::Cell,
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::SystemTime,
};

use larder::{
    Report,
    cargo::Network,
    cook::{self, Phase},
    project::Project,
    recipe::lock_file::LockedSlice,
    target_dir::Tag,
};

use crate::{
    Result,
    conditions::system::System,
    inside::Inside,
    local::Store,
    moved::CompilePlace,
    parts::Parts,
    publish::publish,
    rebuild::{Rebuild, Rebuilt, Share},
    restore::{
        RestoreCandidates, Restored, is_mark, restore,
        why::{StoreAnswer, StoreQuestion, Wanted},
    },
    scope::Keys,
    team::Team,
    toolchain::Toolchain,
};

/// How many units that cannot be restored are named.
const TOLD: usize = 3;

/// The ways in which a build may use a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Take units out.
    Read,
    /// Take units out and put units in.
    Write,
}

/// The folder of this user's store, and how it is used.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder.
    pub root: PathBuf,
    /// How builds may use it.
    pub access: Access,
    /// How many bytes of files it may keep.
    pub most: u64,
    /// Part of every key; teams that share a remote keep to themselves by it.
    pub namespace: String,
}

/// A recipe between restoring and storing.
#[derive(Debug, Default)]
pub struct Before {
    /// The units that were restored.
    pub restored: Restored,
    /// Build scripts that were compiled so that their runs could be restored.
    pub scripts: usize,
    /// The keys, the place and the parts; `None` if the store is of no use for it.
    at: Option<(Keys, CompilePlace, Parts)>,
}

/// A store that is in use.
pub struct Session<'a> {
    /// The team is asked for units that the store lacks.
    team: Option<Team>,
    team_is_over: Cell<bool>,
    project: &'a Project,
    report: &'a dyn Report,
    options: Options,
    opened: Option<(Store, Toolchain)>,
    is_over: Cell<bool>,
    system: System<'a>,
}

impl<'a> Session<'a> {
    /// Opens the store. One that cannot be opened is told and left alone, and so is a team's remote that fails.
    pub fn open(
        project: &'a Project,
        options: Options,
        team: Result<Option<Team>>,
        report: &'a dyn Report,
    ) -> Self {
        let system = system(project);
        let opened = opened(project, &options);
        let mut session = Self {
            team: None,
            team_is_over: Cell::new(false),
            project,
            report,
            options,
            opened: None,
            is_over: Cell::new(false),
            system,
        };
        session.opened = session.told_of_store(opened);
        session.team = session.told_of_team(team).flatten();
        session
    }

    /// Restores what a recipe needs, before it is cooked. `words` are what cargo is told when it is cooked.
    pub fn before(&self, locked: &LockedSlice, words: &[String]) -> Before {
        let Some((store, toolchain)) = self.in_use() else { return Before::default() };
        self.told_of_store(self.restore(store, toolchain, locked, words)).unwrap_or_default()
    }

    /// Stores what was compiled, after a recipe was cooked.
    pub fn after(&self, Before { restored, at, .. }: &Before, phase: &Phase) {
        let is_news = phase.counts.compiled_external > 0 || !restored.is_whole;
        let in_use = self.in_use().filter(|_| self.options.access == Access::Write && is_news);
        let (Some((store, _)), Some((keys, place, parts))) = (in_use, at) else { return };
        if parts.hold_secret() {
            self.report.warn("nothing is put into the store: flags for the compiler look like a secret");
            return;
        }
        let store = if restored.damaged > 0 { store.doubted() } else { store.clone() };
        let stored = publish(&store, *keys, place, &phase.units, &self.system, self.report)
            .and_then(|()| store.note_parts(parts))
            .and_then(|()| store.sweep_daily(self.options.most, SystemTime::now()));
        self.told_of_store(stored);
    }

    /// The store and the keys of recipes in it.
    ///
    /// # Errors
    /// If the store cannot be opened or the project's configuration not be read.
    pub fn keys<'l>(
        project: &Project,
        options: &Options,
        recipes: impl Iterator<Item = &'l LockedSlice>,
    ) -> Result<(Store, Vec<Keys>)> {
        let (store, toolchain) = opened(project, options)?;
        let keys = recipes.map(|locked| {
            Ok(Keys::new(&Parts::read(project, locked, &toolchain, &options.namespace)?, locked))
        });
        let keys = keys.collect::<Result<_>>()?;
        Ok((store, keys))
    }

    /// Whether units of a recipe would be restored, and why not. `None` if nobody can say where `CARGO_HOME` is.
    ///
    /// # Errors
    /// If the store cannot be opened or the project's configuration not be read.
    pub fn why(
        project: &Project,
        options: &Options,
        locked: &LockedSlice,
        wanted: &Wanted,
    ) -> Result<Option<StoreAnswer>> {
        let (store, toolchain) = opened(project, options)?;
        let parts = Parts::read(project, locked, &toolchain, &options.namespace)?;
        let Some(place) = place(project, locked) else { return Ok(None) };
        let question = StoreQuestion {
            store: &store,
            keys: Keys::new(&parts, locked),
            parts: &parts,
            place: &place,
            packages: &packages(locked),
            system: &system(project),
        };
        Ok(Some(question.answer(wanted)))
    }

    /// Compiles a share of a recipe's units again and compares them. `None` if the store does not have the recipe as a
    /// whole.
    ///
    /// # Errors
    /// If the store cannot be opened, the project's configuration not be read, or cargo not be started.
    pub fn rebuild(
        project: &Project,
        options: &Options,
        locked: &LockedSlice,
        share: Share,
        report: &dyn Report,
    ) -> Result<Option<Rebuilt>> {
        let (store, toolchain) = opened(project, options)?;
        let parts = Parts::read(project, locked, &toolchain, &options.namespace)?;
        let found = RestoreCandidates::read(&store, Keys::new(&parts, locked), &packages(locked));
        let Some(place) = place(project, locked).filter(|_| found.is_whole) else { return Ok(None) };
        let rebuild = Rebuild {
            project,
            locked,
            store: &store,
            cargo_home: &place.cargo_home,
            system: &system(project),
            report,
        };
        rebuild.sample(&found.records, share).map(Some)
    }

    fn in_use(&self) -> Option<(&Store, &Toolchain)> {
        let (store, toolchain) = self.opened.as_ref()?;
        (!self.is_over.get()).then_some((store, toolchain))
    }

    fn told_of_store<T>(&self, result: Result<T>) -> Option<T> {
        self.told("the store", &self.is_over, result)
    }

    fn told_of_team<T>(&self, result: Result<T>) -> Option<T> {
        self.told("the remote of the store", &self.team_is_over, result)
    }

    fn told<T>(&self, what: &str, is_over: &Cell<bool>, result: Result<T>) -> Option<T> {
        result
            .inspect_err(|error| {
                is_over.set(true);
                self.report.warn(&format!("{what} is left alone: {error}"));
            })
            .ok()
    }

    fn restore(
        &self,
        store: &Store,
        toolchain: &Toolchain,
        locked: &LockedSlice,
        words: &[String],
    ) -> Result<Before> {
        let Some(place) = place(self.project, locked) else { return Ok(Before::default()) };
        let parts = Parts::read(self.project, locked, toolchain, &self.options.namespace)?;
        let keys = Keys::new(&parts, locked);
        self.pull(store, keys, &locked.slice.name);
        // cargo would make it without its mark if it is to build in a folder below.
        Tag::made_with(self.project.workspace.target_directory())?;
        fs_err::create_dir_all(&place.build_dir)?;
        let packages = packages(locked);
        let mut restored = restore(store, keys, &place, &packages, &self.system, self.report)?;
        let scripts = self.compile_scripts(&restored, &place, locked, words);
        if scripts > 0 {
            let again = restore(store, keys, &place, &packages, &self.system, self.report)?;
            let first = std::mem::replace(&mut restored, again);
            restored.units += first.units;
            restored.bytes += first.bytes;
        }
        if restored.units > 0 {
            let name = &locked.slice.name;
            self.report.step(
                "Restored",
                &format!(
                    "{} units of {name} ({})",
                    restored.units,
                    larder::bytesize::ByteSize(restored.bytes)
                ),
            );
        }
        self.tell_refused(&restored);
        Ok(Before { restored, scripts, at: Some((keys, place, parts)) })
    }

    /// Has cargo compile the build scripts that use the path of a folder, if all else is there but for what waits for
    /// them, and says how many that were. cargo is ended before it has run them, since their runs are in the store.
    fn compile_scripts(
        &self,
        restored: &Restored,
        place: &CompilePlace,
        locked: &LockedSlice,
        words: &[String],
    ) -> usize {
        let Restored { is_whole, scripts, waiting, refused, .. } = restored;
        if !is_whole || scripts.is_empty() || refused.len() > *waiting {
            return 0;
        }
        let count = scripts.len();
        let what = if count == 1 { "a build script".to_owned() } else { format!("{count} build scripts") };
        self.report.step("Compiling", &format!("{what} with the path of its own sources"));
        let is_compiled = |script: &Inside| is_mark(&Path::new(&place.build_dir).join(script.as_str()));
        let all_are = || scripts.iter().all(is_compiled);
        // Whatever goes wrong shows when cargo cooks.
        let is_done = cook::cook_until(self.project, locked, words, all_are).unwrap_or(false);
        if is_done { count } else { 0 }
    }

    /// Why units of the store are compiled all the same, shortly.
    fn tell_refused(&self, restored: &Restored) {
        for (unit, reason) in restored.refused.iter().take(TOLD) {
            self.report.step("Compiling", &format!("{unit} again: {reason}"));
        }
        let more = restored.refused.len().saturating_sub(TOLD);
        if more > 0 {
            self.report.step("Compiling", &format!("{more} more units that are in the store"));
        }
    }

    /// Asks the team for a recipe that this machine does not know.
    fn pull(&self, store: &Store, keys: Keys, name: &str) {
        let may_ask = !self.team_is_over.get() && self.project.cargo.network() == Network::Allowed;
        let team = self.team.as_ref().filter(|_| may_ask);
        let Some(team) = team.filter(|_| store.snapshot(keys.snapshot).is_none()) else { return };
        let Some(pulled) = self.told_of_team(team.pull(store, keys)) else { return };
        if pulled.new > 0 {
            let bytes = larder::bytesize::ByteSize(pulled.received);
            self.report.step("Pulled", &format!("{} units for {name} ({bytes})", pulled.new));
        }
        if let Some(first) = pulled.missed.first() {
            // Of a unit that is not there nothing follows for other recipes.
            self.team_is_over.set(pulled.has_failed);
            let count = pulled.missed.len();
            self.report.warn(&format!("{count} units for {name} did not come from the remote: {first}"));
        }
    }
}

/// The folders in which cargo builds a slice, as cargo will call them; `None` if nobody knows `CARGO_HOME`.
fn place(project: &Project, locked: &LockedSlice) -> Option<CompilePlace> {
    let workspace = &project.workspace;
    let build_dir = workspace.build_directory(&locked.slice.target_dir.resolve(workspace));
    let cargo_home = project.cargo.home()?;
    Some(CompilePlace { build_dir: build_dir.into_string(), cargo_home: text(&cargo_home)? })
}

/// This machine, asked as the project's builds would ask it.
fn system(project: &Project) -> System<'_> {
    System::new(project.workspace.root().as_std_path(), project.cargo.env())
}

fn opened(project: &Project, options: &Options) -> Result<(Store, Toolchain)> {
    let store = Store::open(&options.root)?;
    let toolchain = Toolchain::ask(project, &store)?;
    Ok((store, toolchain))
}

fn text(path: &Path) -> Option<String> {
    path.to_str().map(str::to_owned)
}

/// Names and versions in the recipe's `Cargo.lock`, as folders of sources are called.
fn packages(locked: &LockedSlice) -> BTreeSet<String> {
    let layer = locked.layers.last();
    layer
        .into_iter()
        .flat_map(|layer| layer.locked().map(|(name, version)| format!("{name}-{version}")))
        .collect()
}
