//! A project: a workspace with its settings and slices, and the cargo that answers for it. The subject of verbs.

use std::path::Path;

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use crate::{
    cargo::{
        Cargo,
        platform::{self, Platform},
        settings_files::{CONFIGURATION_OF_FOLDER, TOOLCHAIN},
    },
    error::{Error, Result},
    git::Git,
    recipe::lock_file::{LockFile, LockedSlice},
    settings::Settings,
    slice::{
        self, Broken, Refused, Slice,
        driver::{self, Driver},
    },
    workspace::{RECIPES, Workspace},
};

/// The hidden file among the recipes: git's word on their folder passes over such files.
const ATTRIBUTES: &str = "larder/.gitattributes";

/// A project on disk, read once.
#[derive(Debug)]
pub struct Project {
    /// cargo as this run may use it.
    pub cargo: Cargo,
    /// The workspace.
    pub workspace: Workspace,
    /// The user's settings.
    pub settings: Settings,
    /// All slices, sorted by name.
    pub slices: Vec<Slice>,
    /// The user's `--target-dir`.
    pub named_target_dir: Option<Utf8PathBuf>,
    /// Projects of frameworks whose settings are wrong.
    pub broken: Vec<Broken>,
}

impl Project {
    /// Reads the project of `manifest`, or else of `dir`. `target_dir` is the user's `--target-dir`.
    ///
    /// # Errors
    /// As [`Workspace::load`], for wrong settings, and for recipes that are links.
    pub fn load(
        cargo: Cargo,
        dir: &Path,
        manifest: Option<&Path>,
        target_dir: Option<&Utf8Path>,
    ) -> Result<Self> {
        let workspace = Workspace::load(&cargo, dir, manifest, target_dir)?;
        LockFile::refuse_links(&workspace.larder_dir())?;
        let settings = Settings::read(&workspace)?;
        let (slices, broken) = slice::all(&cargo, &workspace, &settings);
        let named_target_dir = target_dir.map(Utf8Path::to_owned);
        Ok(Self { cargo, workspace, settings, slices, named_target_dir, broken })
    }

    /// The slices that cannot even be found.
    pub fn refused(&self) -> Vec<Refused> {
        self.broken.iter().map(Broken::refused).collect()
    }

    /// The same project, read again after its files changed.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn reload(&self) -> Result<Self> {
        let root = self.workspace.root();
        let manifest = root.join("Cargo.toml");
        let target_dir = self.named_target_dir.as_deref();
        Self::load(self.cargo.clone(), root.as_std_path(), Some(manifest.as_std_path()), target_dir)
    }

    /// This machine's platform.
    ///
    /// # Errors
    /// When rustc cannot be asked.
    pub fn host(&self) -> Result<Platform> {
        self.cargo.host(self.workspace.root().as_std_path())
    }

    /// The folders that this project builds into: the target directory, cargo's build directory if it is another, and
    /// what slices have outside of these.
    pub fn target_dirs(&self) -> Vec<Utf8PathBuf> {
        let workspace = &self.workspace;
        let build = workspace.metadata().build_directory.clone();
        let of_slices = self.slices.iter().map(|slice| slice.target_dir.resolve(workspace));
        let mut all: Vec<Utf8PathBuf> = Vec::new();
        for path in std::iter::once(workspace.target_directory().to_owned()).chain(build).chain(of_slices) {
            if !all.iter().any(|known| path.starts_with(known)) {
                all.push(path);
            }
        }
        all
    }

    /// cargo with graph queries answered as on a platform.
    ///
    /// # Errors
    /// As [`Cargo::on`].
    pub fn cargo_on(&self, platform: &Platform) -> Result<Cargo> {
        self.cargo.on(self.workspace.root().as_std_path(), platform)
    }

    /// The record of recipes; `None` if there is none yet.
    ///
    /// # Errors
    /// [`Error::RecipeVersion`] or [`Error::OldRecipe`] if another Larder wrote it, [`Error::Table`] if nobody did.
    pub fn recorded(&self) -> Result<Option<LockFile>> {
        match LockFile::read(&self.workspace.larder_dir()) {
            Ok(file) => Ok(Some(file)),
            Err(Error::NoRecipe { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Build drivers that make calls of cargo which no slice is known to be.
    pub fn other_drivers(&self) -> Vec<Driver> {
        driver::others(&self.workspace, &self.slices, &self.broken)
    }

    /// The slices whose recipes have no external package on any platform, as recorded.
    pub fn empty_slices(&self) -> Vec<String> {
        let recorded = self.recorded().ok().flatten();
        let slices = recorded.into_iter().flat_map(|recorded| recorded.slices);
        let is_empty = |slice: &LockedSlice| slice.pinned() == 0;
        slices.filter(is_empty).map(|locked| locked.slice.name.into()).collect()
    }

    /// Files that recipes are made from or made of, and that git ignores, so that other clones lack them; relative to
    /// the root.
    pub fn ignored_by_git(&self) -> Vec<&'static str> {
        let root = self.workspace.root();
        // Without git there is nothing that it could ignore.
        let Ok(Some(git)) = Git::find(self.cargo.env(), root) else { return Vec::new() };
        let own = ["Cargo.lock", RECIPES, ATTRIBUTES];
        let files = own.into_iter().chain(CONFIGURATION_OF_FOLDER).chain(TOOLCHAIN);
        let present = files.filter(|path| root.join(path).exists());
        let mut ignored = git.ignored(&present.collect::<Vec<_>>());
        if ignored.contains(&RECIPES) {
            ignored.retain(|path| *path != ATTRIBUTES);
        }
        ignored
    }

    /// The platforms that the recipes are to serve.
    ///
    /// # Errors
    /// When rustc cannot be asked for this machine's platform.
    pub fn platforms(&self, recorded: Option<&LockFile>) -> Result<Vec<Platform>> {
        if let Some(configured) = &self.settings.platforms {
            return Ok(configured.clone());
        }
        let recorded = recorded.map(|file| file.platforms.as_slice()).unwrap_or_default();
        Ok(platform::wanted(recorded, &self.host()?))
    }
}
