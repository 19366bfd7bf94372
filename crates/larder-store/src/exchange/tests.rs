//! Units between two machines, by way of remotes that fail.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use super::*;
use crate::{
    Result,
    digest::Digest,
    inside::Inside,
    local::Store,
    record::{RecipeSnapshot, VERSION},
    remote::{Put, Remote, Trouble, folder::RemoteFolder, trouble},
    scope::Keys,
    signature::{Expected, PublicKey, SecretKey, Statement},
    stub,
};

/// Two machines, and a folder that both see.
struct TeamOfTwo {
    folder: tempfile::TempDir,
    giver: Store,
    taker: Store,
    key: SecretKey,
    trusted: Vec<PublicKey>,
    keys: Keys,
}

impl TeamOfTwo {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [giver, taker] = ["giver", "taker"].map(|name| Store::open(folder.path().join(name)).unwrap());
        fs_err::create_dir(folder.path().join("remote")).unwrap();
        let key = SecretKey::generate("team-1").unwrap();
        let keys = Keys { scope: Digest::hash(b"scope"), snapshot: Digest::hash(b"snapshot") };
        let team = Self { folder, giver, taker, trusted: vec![key.public()], key, keys };
        team.cook(team.keys, &["one", "two", "three"]);
        team
    }

    /// Puts units into the first machine's store.
    fn cook(&self, keys: Keys, names: &[&str]) {
        let ids = names.iter().map(|name| stub::unit(&self.giver, name, name.as_bytes()).to_bytes().1);
        let snapshot = RecipeSnapshot { version: VERSION, records: ids.collect() };
        self.giver.set_snapshot(keys.snapshot, &snapshot).unwrap();
    }

    fn remote(&self) -> RemoteFolder {
        RemoteFolder::new(self.folder.path().join("remote"))
    }

    fn exchange<'a>(&'a self, store: &'a Store, remote: &'a dyn Remote) -> Exchange<'a> {
        Exchange { store, remote, namespace: "team", trusted: &self.trusted, now: SystemTime::now() }
    }

    fn terms(&self) -> Terms<'_> {
        Terms { key: &self.key, valid: None, limit: Duration::from_mins(1), present: Present::Kept }
    }

    fn push(&self, remote: &dyn Remote) -> Result<Pushed> {
        push(self.exchange(&self.giver, remote), self.keys, self.terms())
    }

    fn pull(&self) -> Result<Pulled> {
        self.pull_from("team")
    }

    fn pull_from(&self, namespace: &str) -> Result<Pulled> {
        let remote = self.remote();
        let exchange = Exchange { namespace, ..self.exchange(&self.taker, &remote) };
        pull(exchange, self.keys)
    }

    fn objects(&self, kind: &str) -> Vec<std::path::PathBuf> {
        let entries = fs_err::read_dir(self.folder.path().join("remote/v1").join(kind)).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    }
}

#[test]
fn another_machine_gets_what_was_pushed_and_the_next_push_sends_nothing() {
    let team = TeamOfTwo::new();
    let pushed = team.push(&team.remote()).unwrap();
    assert_eq!((pushed.units, pushed.new), (3, 3));
    let pulled = team.pull().unwrap();
    assert_eq!((pulled.new, pulled.present, pulled.is_whole, pulled.missed.len()), (3, 0, true, 0));
    assert_eq!(team.taker.snapshot(team.keys.snapshot), team.giver.snapshot(team.keys.snapshot));
    assert_eq!(team.taker.scope(team.keys.scope).len(), 3);
    assert_eq!(team.push(&team.remote()).unwrap(), Pushed { units: 3, new: 0, sent: 0, ..pushed });
    let again = team.pull().unwrap();
    assert_eq!((again.new, again.present, again.received, again.is_whole), (0, 3, 0, true));
}

#[test]
fn a_recipe_that_nobody_pushed_gets_the_units_of_the_last_one() {
    let mut team = TeamOfTwo::new();
    team.push(&team.remote()).unwrap();
    team.keys.snapshot = Digest::hash(b"after a bump");
    let pulled = team.pull().unwrap();
    assert_eq!((pulled.new, pulled.is_whole), (3, false));
    assert_eq!(team.taker.snapshot(team.keys.snapshot), None);
    assert_eq!(team.taker.scope(team.keys.scope).len(), 3);
    team.cook(team.keys, &["one", "two", "four"]);
    let pushed = team.push(&team.remote()).unwrap();
    assert_eq!((pushed.units, pushed.new), (3, 1));
    assert_eq!(team.objects("packs").len(), 4);
}

#[test]
fn nothing_is_got_from_a_remote_that_knows_neither() {
    let team = TeamOfTwo::new();
    assert_eq!(team.pull().unwrap(), Pulled::default());
}

#[test]
fn a_list_that_is_not_believed_is_an_error_and_nothing_is_got() {
    let mut team = TeamOfTwo::new();
    team.push(&team.remote()).unwrap();
    team.trusted = vec![SecretKey::generate("team-1").unwrap().public()];
    let error = team.pull().unwrap_err().to_string();
    assert!(error.contains("its signature is not one of the key `team-1`"), "{error}");
    team.trusted.clear();
    let error = team.pull().unwrap_err().to_string();
    assert!(error.contains("there is no key"), "{error}");
    let contents = team.taker.contents().unwrap();
    assert_eq!((contents.records, contents.blobs), (0, 0));
}

#[test]
fn a_damaged_pack_is_one_unit_less_until_it_is_rewritten() {
    let team = TeamOfTwo::new();
    team.push(&team.remote()).unwrap();
    let [first, second, third] = team.objects("packs").try_into().unwrap();
    fs_err::write(&first, b"<html>").unwrap();
    fs_err::copy(&third, &second).unwrap();
    let pulled = team.pull().unwrap();
    assert_eq!((pulled.new, pulled.missed.len(), pulled.is_whole), (1, 2, false));
    assert_eq!(team.taker.snapshot(team.keys.snapshot), None);
    let terms = Terms { present: Present::Rewritten, ..team.terms() };
    push(team.exchange(&team.giver, &team.remote()), team.keys, terms).unwrap();
    let pulled = team.pull().unwrap();
    assert_eq!((pulled.new, pulled.present, pulled.is_whole), (2, 1, true));
}

/// As a rule of a bucket does with what is old, while lists that were written since still name it.
#[test]
fn what_was_deleted_in_the_remote_is_sent_again() {
    let mut team = TeamOfTwo::new();
    team.push(&team.remote()).unwrap();
    for pack in team.objects("packs") {
        fs_err::remove_file(&pack).unwrap();
        let pushed = team.push(&team.remote()).unwrap();
        assert_eq!((pushed.units, pushed.new), (3, 1));
        assert!(pack.is_file(), "{}", pack.display());
    }
    // After a bump, of the packs that the list of the last recipe names none is left.
    team.objects("packs").iter().for_each(|pack| fs_err::remove_file(pack).unwrap());
    team.keys.snapshot = Digest::hash(b"after a bump");
    team.cook(team.keys, &["one", "two", "four"]);
    assert_eq!(team.push(&team.remote()).unwrap().new, 3);
    let pulled = team.pull().unwrap();
    assert_eq!((pulled.new, pulled.is_whole), (3, true));
    assert_eq!(team.push(&team.remote()).unwrap().sent, 0);
}

#[test]
fn a_unit_that_is_not_there_is_no_failure_of_the_remote() {
    let team = TeamOfTwo::new();
    team.push(&team.remote()).unwrap();
    let [first, second, _] = team.objects("packs").try_into().unwrap();
    fs_err::remove_file(&first).unwrap();
    let pulled = team.pull().unwrap();
    assert_eq!((pulled.new, pulled.missed.len(), pulled.has_failed), (2, 1, false), "{pulled:?}");
    assert!(pulled.missed[0].ends_with("it is not there"), "{pulled:?}");
    let other = Store::open(team.folder.path().join("other")).unwrap();
    fs_err::write(&second, vec![0; 1 << 20]).unwrap();
    let pulled = pull(team.exchange(&other, &team.remote()), team.keys).unwrap();
    assert_eq!((pulled.new, pulled.missed.len(), pulled.has_failed), (1, 2, true), "{pulled:?}");
}

#[test]
fn what_the_first_writer_gave_stays() {
    let team = TeamOfTwo::new();
    team.push(&team.remote()).unwrap();
    let first = team.objects("snapshots/team").pop().map(|path| fs_err::read(path).unwrap());
    team.cook(team.keys, &["one", "two", "another"]);
    assert_eq!(team.push(&team.remote()).unwrap().new, 0);
    let now = team.objects("snapshots/team").pop().map(|path| fs_err::read(path).unwrap());
    assert_eq!(now, first);
    team.cook(team.keys, &["one", "two", "another", "one more"]);
    assert_eq!(team.push(&team.remote()).unwrap().new, 2);
}

#[test]
fn namespaces_are_apart() {
    let team = TeamOfTwo::new();
    team.push(&team.remote()).unwrap();
    assert_eq!(team.pull_from("others").unwrap(), Pulled::default());
    assert_eq!(team.pull_from("").unwrap(), Pulled::default());
    for namespace in ["a/b", "..", "a\\b"] {
        assert!(team.pull_from(namespace).is_err(), "{namespace}");
    }
    // Moved there by somebody who can write.
    let folder = team.folder.path().join("remote/v1/snapshots");
    fs_err::rename(folder.join("team"), folder.join("others")).unwrap();
    let error = team.pull_from("others").unwrap_err().to_string();
    assert!(error.contains("it was signed for another key"), "{error}");
}

/// A remote whose n-th write fails, as do all that follow. Quicker than a folder.
struct Failing {
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    left: AtomicUsize,
}

impl Failing {
    fn write(&self, name: &Inside, bytes: &[u8]) -> Result<()> {
        let one_less = |left: usize| left.checked_sub(1);
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_err() {
            return Err(trouble(self, name, Trouble::Lasting("no more writes".to_owned())));
        }
        self.objects.lock().unwrap().insert(name.to_string(), bytes.to_vec());
        Ok(())
    }
}

impl Remote for Failing {
    fn get(&self, name: &Inside, _: u64) -> Result<Option<Vec<u8>>> {
        Ok(self.objects.lock().unwrap().get(name.as_str()).cloned())
    }
    fn has(&self, name: &Inside) -> Result<bool> {
        Ok(self.objects.lock().unwrap().contains_key(name.as_str()))
    }
    fn put_new(&self, name: &Inside, bytes: &[u8]) -> Result<Put> {
        if self.objects.lock().unwrap().contains_key(name.as_str()) {
            return Ok(Put::Present);
        }
        self.write(name, bytes).map(|()| Put::Written)
    }
    fn put(&self, name: &Inside, bytes: &[u8]) -> Result<()> {
        self.write(name, bytes)
    }
    fn describe(&self) -> String {
        "failing".to_owned()
    }
}

#[test]
fn whichever_write_fails_no_list_leads_nowhere() {
    let names: Vec<String> = (0..38).map(|number| format!("unit-{number}")).collect();
    let team = TeamOfTwo::new();
    team.cook(team.keys, &names.iter().map(String::as_str).collect::<Vec<_>>());
    // 38 packs and two lists.
    for writes in 0..=40 {
        let remote = Failing { objects: Mutex::default(), left: AtomicUsize::new(writes) };
        assert_eq!(team.push(&remote).is_ok(), writes == 40, "{writes}");
        let objects = remote.objects.lock().unwrap().clone();
        let lists = objects.iter().filter(|(name, _)| !name.contains("packs"));
        for (name, bytes) in lists {
            let expected = Expected { key: name, namespace: "team", now: SystemTime::now() };
            let list = Statement::verify(bytes, &team.trusted, expected).unwrap();
            assert_eq!(list.units.len(), 38);
            assert!(list.units.iter().all(|unit| objects.contains_key(&format!("v1/packs/{}", unit.pack))));
        }
        assert_eq!(objects.keys().any(|name| !name.contains("packs")), writes >= 39, "{writes}");
        // The next push goes on.
        remote.left.store(100, Ordering::Relaxed);
        let packs = objects.keys().filter(|name| name.contains("packs")).count();
        assert_eq!(team.push(&remote).unwrap().new, 38 - packs, "{writes}");
    }
}
