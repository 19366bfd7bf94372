//! A folder as a remote: a share that a team mounts, a cache of a CI system, a disk that is carried.
//!
//! Objects are written beside their place and renamed, so nobody sees half of one. It must never follow a name out of
//! its folder: names are [`Inside`].

use std::{
    fs::Metadata,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use larder::files::read::read_small;

use super::contract::{Put, Remote, Trouble, trouble};
use crate::{Result, inside::Inside, rights};

const ABSENT: &str = "the folder is not there";

/// A folder.
#[derive(Debug, Clone)]
pub struct RemoteFolder {
    root: PathBuf,
}

impl RemoteFolder {
    /// The folder. It is never made: a share that is not mounted is no empty one.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn failed(&self, name: &Inside, error: &std::io::Error) -> crate::Error {
        trouble(self, name, Trouble::Lasting(error.to_string()))
    }

    /// The facts of an object; `None` if it is not there.
    fn facts(&self, name: &Inside) -> Result<Option<Metadata>> {
        if !self.root.is_dir() {
            return Err(trouble(self, name, Trouble::Lasting(ABSENT.to_owned())));
        }
        match std::fs::symlink_metadata(self.root.join(name.as_str())) {
            Ok(facts) => Ok(Some(facts)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(self.failed(name, &error)),
        }
    }

    fn new_file(&self, name: &Inside, bytes: &[u8]) -> std::io::Result<(tempfile::NamedTempFile, PathBuf)> {
        if !self.root.is_dir() {
            return Err(std::io::Error::other(ABSENT));
        }
        let place = self.root.join(name.as_str());
        let folder = place.parent().unwrap_or(&self.root);
        fs_err::create_dir_all(folder)?;
        let mut new = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
        new.write_all(bytes)?;
        // Temporary files are private; a team's are not, as far as the umask of new folders lets others in.
        rights::share(new.as_file())?;
        new.as_file().sync_data()?;
        Ok((new, place))
    }
}

impl Remote for RemoteFolder {
    fn get(&self, name: &Inside, most: u64) -> Result<Option<Vec<u8>>> {
        let path: &Path = &self.root.join(name.as_str());
        match self.facts(name)? {
            Some(facts) if facts.len() > most => {
                let reason = format!("it has {} bytes, more than {most}", facts.len());
                Err(trouble(self, name, Trouble::Lasting(reason)))
            }
            Some(_) => read_small(path, most).map(Some).map_err(|error| self.failed(name, &error)),
            None => Ok(None),
        }
    }

    fn has(&self, name: &Inside) -> Result<bool> {
        Ok(self.facts(name)?.is_some_and(|facts| facts.is_file()))
    }

    fn put_new(&self, name: &Inside, bytes: &[u8]) -> Result<Put> {
        if self.root.join(name.as_str()).is_file() {
            return Ok(Put::Present);
        }
        let (new, place) = self.new_file(name, bytes).map_err(|error| self.failed(name, &error))?;
        match new.persist_noclobber(place) {
            Ok(_) => Ok(Put::Written),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(Put::Present),
            Err(error) => Err(self.failed(name, &error.error)),
        }
    }

    fn put(&self, name: &Inside, bytes: &[u8]) -> Result<()> {
        let (new, place) = self.new_file(name, bytes).map_err(|error| self.failed(name, &error))?;
        new.persist(place).map_err(|error| self.failed(name, &error.error))?;
        Ok(())
    }

    fn describe(&self) -> String {
        self.root.display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::conformance, *};

    #[test]
    fn a_folder_is_a_remote() {
        let folder = tempfile::tempdir().unwrap();
        let remote = RemoteFolder::new(folder.path());
        conformance::writes(&remote);
        conformance::reads(&remote);
        let left = fs_err::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 3, "new files are left");
    }

    #[test]
    fn a_share_that_is_not_mounted_is_trouble_and_no_miss() {
        let folder = tempfile::tempdir().unwrap();
        let remote = RemoteFolder::new(folder.path().join("absent"));
        let name = conformance::name("one");
        let errors = [
            remote.get(&name, 10).unwrap_err(),
            remote.has(&name).unwrap_err(),
            remote.put(&name, b"x").unwrap_err(),
        ];
        for error in errors {
            assert!(error.to_string().contains(ABSENT), "{error}");
        }
        assert!(!folder.path().join("absent").exists());
    }

    #[test]
    fn of_many_writers_one_wins() {
        let folder = tempfile::tempdir().unwrap();
        for round in 0..20 {
            let name = conformance::name(&format!("v1/object-{round}"));
            let written = std::thread::scope(|scope| {
                let writers = (0..8_u8).map(|number| {
                    let (remote, name) = (RemoteFolder::new(folder.path()), &name);
                    scope.spawn(move || remote.put_new(name, &[number; 1000]).unwrap())
                });
                let writers: Vec<_> = writers.collect();
                writers.into_iter().map(|writer| writer.join().unwrap()).collect::<Vec<_>>()
            });
            assert_eq!(written.iter().filter(|put| **put == Put::Written).count(), 1);
            let bytes = RemoteFolder::new(folder.path()).get(&name, 1000).unwrap().unwrap();
            assert!(bytes.len() == 1000 && bytes.iter().all(|byte| *byte == bytes[0]));
        }
    }
}
