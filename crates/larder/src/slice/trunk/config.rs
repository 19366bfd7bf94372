//! The keys of trunk's configuration that reach cargo. The rest is trunk's own business.

use cargo_metadata::{
    Package,
    camino::{Utf8Path, Utf8PathBuf},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{files::read, workspace::parse_toml};

/// The files that trunk looks for, in its order. The first one is the configuration as a whole.
pub(in crate::slice) const FILES: [&str; 6] =
    ["Trunk.toml", ".trunk.toml", "Trunk.yaml", ".trunk.yaml", "Trunk.json", ".trunk.json"];
/// The page if no other one is configured.
pub(in crate::slice) const PAGE: &str = "index.html";

/// `[build]` of a configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct TrunkConfig {
    target: Option<Utf8PathBuf>,
    pub(super) release: bool,
    pub(super) cargo_profile: Option<String>,
    pub(super) no_default_features: bool,
    pub(super) all_features: bool,
    features: Features,
    pub(super) example: Option<String>,
}

/// A text, or a list.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Features {
    Text(String),
    List(Vec<String>),
}

impl Default for Features {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TrunkFile {
    build: TrunkConfig,
}

/// A configuration with its place.
#[derive(Debug)]
pub(super) struct LocatedConfig {
    /// The file that holds it.
    pub(super) path: Utf8PathBuf,
    pub(super) config: Result<TrunkConfig, String>,
}

impl TrunkConfig {
    /// The page, relative to the folder that trunk is called in.
    pub(super) fn page(&self) -> &Utf8Path {
        self.target.as_deref().unwrap_or(Utf8Path::new(PAGE))
    }

    /// The value of `--features`.
    pub(super) fn features(&self) -> Option<String> {
        match &self.features {
            Features::Text(text) => Some(text.clone()),
            Features::List(list) if list.is_empty() => None,
            Features::List(list) => Some(list.join(",")),
        }
    }
}

/// The files of a folder that may make it one of trunk's or say how, there or not; the page as far as it is known.
pub(in crate::slice) fn files(folder: &Utf8Path, package: Option<&Package>) -> Vec<Utf8PathBuf> {
    let config = of_folder(folder, package).and_then(|found| found.config.ok());
    let page = config.unwrap_or_default().page().to_owned();
    FILES.iter().map(Utf8Path::new).chain([&*page]).map(|name| folder.join(name)).collect()
}

/// The configuration that trunk takes in a folder, whose package is `package`. `None` if there is none that is
/// known: trunk takes YAML as well, and nothing at all for a folder without a package.
pub(super) fn of_folder(folder: &Utf8Path, package: Option<&Package>) -> Option<LocatedConfig> {
    let path = FILES.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    if let Some(path) = path {
        let config = match path.extension() {
            Some("toml") => read_toml(&path),
            Some("json") => read_json(&path),
            _ => return None,
        };
        return Some(LocatedConfig { path, config });
    }
    let package = package?;
    let config = package.metadata.get("trunk").map_or(Ok(TrunkConfig::default()), |table| {
        let file = serde_json::from_value::<TrunkFile>(table.clone());
        file.map(|file| file.build).map_err(|error| format!("[package.metadata.trunk]: {error}"))
    });
    Some(LocatedConfig { path: package.manifest_path.clone(), config })
}

fn read_toml(path: &Utf8Path) -> Result<TrunkConfig, String> {
    let document = parse_toml(path).map_err(|error| error.to_string())?;
    let file = toml_edit::de::from_document::<TrunkFile>(document);
    file.map(|file| file.build).map_err(|error| error.message().to_owned())
}

fn read_json(path: &Utf8Path) -> Result<TrunkConfig, String> {
    let text = read::text(path).map_err(|error| error.to_string())?;
    let value: Result<Value, _> = serde_json::from_str(&text);
    let file = value.and_then(serde_json::from_value::<TrunkFile>);
    file.map(|file| file.build).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> TrunkConfig {
        toml_edit::de::from_str::<TrunkFile>(text).unwrap().build
    }

    #[test]
    fn what_reaches_cargo_is_read_and_the_rest_left_alone() {
        let text = "trunk-version = \"*\"\n[build]\ntarget = \"web/a.html\"\nrelease = true\ndist = \"out\"\n\
                    features = [\"a\", \"b\"]\n[[hooks]]\nstage = \"build\"\ncommand = \"x\"\n[serve]\nport = 1\n";
        let config = config(text);
        assert_eq!((config.page().as_str(), config.release), ("web/a.html", true));
        assert_eq!(config.features().as_deref(), Some("a,b"));
    }

    #[test]
    fn features_are_a_text_or_a_list() {
        assert_eq!(config("").features(), None);
        assert_eq!(config("[build]\nfeatures = \"a,b\"\n").features().as_deref(), Some("a,b"));
        assert_eq!(config("[build]\nfeatures = []\n").features(), None);
        assert_eq!(config("").page(), "index.html");
    }
}
