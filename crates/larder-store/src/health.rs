//! The health of a store and of a team's remote, for `doctor`: looked at without changing anything, but for a file that
//! is written into the store's folder and removed.

use std::{
    collections::BTreeSet,
    io::{self, Write as _},
    path::Path,
    time::{Duration, SystemTime},
};

use larder::{
    camino::{Utf8Path, Utf8PathBuf},
    doctor::facts::{self, StoreFacts},
    project::Project,
};

use crate::{
    Result,
    local::Store,
    parts::{Parts, ScopePartName},
    session::Options,
    team::Team,
    toolchain::Toolchain,
};

/// Looks at the store and the remote.
pub fn look(project: &Project, options: &Options, team: Result<Option<Team>>) -> StoreFacts {
    let folder = Utf8PathBuf::from_path_buf(options.root.clone())
        .unwrap_or_else(|path| path.to_string_lossy().into_owned().into());
    let there = existing(&folder);
    let ahead = seconds_ahead(there.as_std_path()).map_err(|error| error.to_string());
    let (compiler, compilers) = compilers(project, options).unwrap_or_default();
    StoreFacts {
        ahead: ahead.clone(),
        writable: ahead.map(drop),
        free: facts::free(there),
        compiler,
        compilers,
        remote: remote(project, team),
        folder,
    }
}

/// The folder itself, or the nearest one above it that is there.
fn existing(folder: &Utf8Path) -> &Utf8Path {
    folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Utf8Path::new("/"))
}

/// Writes a file and says how many seconds its time is ahead of the clock.
fn seconds_ahead(folder: &Path) -> io::Result<i64> {
    let before = SystemTime::now();
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(b"x")?;
    file.as_file().sync_data()?;
    let time = file.as_file().metadata()?.modified()?;
    let now = SystemTime::now();
    Ok(match (time.duration_since(now), before.duration_since(time)) {
        (Ok(ahead), _) => seconds(ahead),
        (_, Ok(behind)) => -seconds(behind),
        _ => 0,
    })
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// The compiler here, and those of the store if it has units and none of this compiler.
fn compilers(project: &Project, options: &Options) -> Option<(String, Vec<String>)> {
    let store = Store::existing(&options.root)?;
    let (compiler, driver) = Toolchain::ask(project, &store).ok()?.compiler();
    let noted: Vec<Parts> = store.scopes().into_iter().filter_map(|scope| store.parts(scope)).collect();
    let is_this = |parts: &Parts| {
        parts.text(ScopePartName::Compiler) == compiler && parts.text(ScopePartName::Driver) == driver
    };
    let others = if noted.iter().any(is_this) {
        BTreeSet::new()
    } else {
        noted.iter().map(|parts| first_line(parts.text(ScopePartName::Compiler))).collect()
    };
    Some((first_line(&compiler), others.into_iter().collect()))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn remote(project: &Project, team: Result<Option<Team>>) -> Option<(String, Result<(), String>)> {
    let address = project.settings.store.remote.as_deref()?;
    let team = match team {
        Ok(team) => team?,
        Err(error) => return Some(("the remote of the settings".to_owned(), Err(error.to_string()))),
    };
    let folder = project.workspace.root().join(address.trim_start_matches("file://"));
    let is_folder = !address.contains("://") || address.starts_with("file://");
    if is_folder && !folder.is_dir() {
        return Some((team.describe(), Err("there is no such folder".to_owned())));
    }
    Some((team.describe(), team.answers().map_err(|error| error.to_string())))
}
