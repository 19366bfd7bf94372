//! The committed file: read, written as text, expanded.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{
    expand::{self, RecipeParts},
    layer::Layer,
    lock_file::{LockFile, LockedSlice, OWN_FILES},
    old_form,
    stub::Documented,
    table,
};
use crate::{
    error::{Error, Result},
    files::{change, read},
};

impl LockFile {
    /// The lock file's path in a `larder/` folder.
    pub fn path(larder_dir: &Utf8Path) -> Utf8PathBuf {
        larder_dir.join("larder.lock")
    }

    /// Reads the lock file of a `larder/` folder.
    ///
    /// # Errors
    /// [`Error::NoRecipe`], [`Error::OldRecipe`], [`Error::RecipeVersion`] or [`Error::Table`].
    pub fn read(larder_dir: &Utf8Path) -> Result<Self> {
        let path = Self::path(larder_dir);
        if !path.is_file() {
            return Err(Error::NoRecipe { path: path.into() });
        }
        Self::parse(&path, &read::bytes(&path)?)
    }

    /// Refuses links in the places of recipes: whatever they lead to is somebody's own, and would be read as recipes,
    /// moved away or written over. Other links in the folder are the user's.
    ///
    /// # Errors
    /// [`Error::Link`].
    pub(crate) fn refuse_links(larder_dir: &Utf8Path) -> Result<()> {
        change::refuse_link(larder_dir)?;
        OWN_FILES.iter().try_for_each(|name| change::refuse_link(&larder_dir.join(name)))?;
        for path in old_form::places(larder_dir) {
            let mut ways = path.ancestors().take_while(|way| *way != larder_dir);
            ways.try_for_each(change::refuse_link)?;
        }
        Ok(())
    }

    /// The lock file in some bytes, which are `path`'s.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(path: &Utf8Path, bytes: &[u8]) -> Result<Self> {
        if old_form::is_old(bytes) {
            return Err(Error::OldRecipe { path: path.into() });
        }
        table::read(path, bytes)
    }

    /// The file's text.
    pub fn text(&self) -> String {
        table::text(self)
    }

    /// The configuration for builders that cook before the application's is there; `None` if it says nothing.
    pub fn config(&self) -> Option<String> {
        expand::shared(&self.shared)
    }

    /// The slice of a name.
    pub fn slice(&self, name: &str) -> Option<&LockedSlice> {
        self.slices.iter().find(|locked| locked.slice.name == name)
    }
}

impl LockedSlice {
    /// The files of a layer's recipe, by their paths in its folder.
    pub fn files(&self, layer: usize) -> BTreeMap<Utf8PathBuf, String> {
        let Some(layer) = self.layers.get(layer) else { return BTreeMap::new() };
        expand::files(&self.parts(layer))
    }

    pub(super) fn parts<'a>(&'a self, layer: &'a Layer) -> RecipeParts<'a> {
        let documented = if self.slice.is_test() { Documented::Tested } else { Documented::Not };
        RecipeParts {
            name: &self.slice.name,
            stubs: &self.stubs,
            documented,
            config: &self.config,
            env: &self.slice.env,
            layer,
        }
    }

    /// The names of all packages of the current recipe, its own included.
    pub fn package_names(&self) -> BTreeSet<String> {
        let Some(layer) = self.layers.last() else { return BTreeSet::new() };
        let parts = self.parts(layer);
        let stubs = (0..self.stubs.len()).map(|index| parts.stub_name(index));
        stubs.chain(layer.locked().map(|(name, _)| name.to_owned())).collect()
    }

    /// How many packages the current recipe pins.
    pub fn pinned(&self) -> usize {
        self.layers.last().map_or(0, Layer::pinned)
    }
}
