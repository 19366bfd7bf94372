//! From this machine to the team: packs first, then the lists that name them, so that a push that ends early leaves
//! nothing that leads nowhere.
//!
//! A list may outlive the packs that it names: a rule of a bucket deletes what is old. So it says what to ask
//! the remote for, and not what is there.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use larder::side_by_side;

use super::sides::{Exchange, pack_name};
use crate::{
    Error, Result,
    digest::Digest,
    inside::Inside,
    pack::pack,
    record::VERSION,
    remote::Put,
    scope::Keys,
    signature::{SecretKey, SignedUnit, Statement, seconds},
};

/// How something is pushed.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The key that signs lists.
    pub key: &'a SecretKey,
    /// How long lists are good for; `None` for as long as the key is trusted.
    pub valid: Option<Duration>,
    /// How long the push may take.
    pub limit: Duration,
    /// How to treat objects that are there already.
    pub present: Present,
}

/// How to treat an object that a remote has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Present {
    /// It stays: the first writer wins.
    Kept,
    /// It is written again, since it may be damaged.
    Rewritten,
}

/// The outcome of a push.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Units of the recipe.
    pub units: usize,
    /// Those of them that the remote did not have.
    pub new: usize,
    /// The bytes that were sent.
    pub sent: u64,
    /// The bytes of the files of all units.
    pub bytes: u64,
}

/// Gives the units of a recipe to a remote. The list that others gave it for the same recipe stays, unless it has fewer
/// units or a pack of it is gone.
///
/// # Errors
/// If the recipe is not in the store as a whole, or the remote fails. Then no list names anything that is not there.
pub fn push(exchange: Exchange<'_>, keys: Keys, terms: Terms<'_>) -> Result<Pushed> {
    let snapshot = exchange.store.snapshot(keys.snapshot);
    let snapshot = snapshot.ok_or_else(|| Error::bad("the store", "it does not have the recipe's units"))?;
    let names = [exchange.list("snapshots", keys.snapshot)?, exchange.list("scopes", keys.scope)?];
    // A list that is damaged, expired or not to be believed is written anew.
    let [found, of_scope] = names.each_ref().map(|name| match exchange.read(name) {
        Err(error @ Error::Remote { .. }) => Err(error),
        other => Ok(other.unwrap_or_default()),
    });
    let [found, of_scope] = [found?, of_scope?];
    let own: BTreeSet<Digest> = snapshot.records.iter().copied().collect();
    let mut push = Push {
        exchange,
        terms,
        start: Instant::now(),
        there: BTreeSet::new(),
        known: HashMap::new(),
        pushed: Pushed::default(),
    };
    if terms.present == Present::Kept {
        let of_scope = listed(of_scope.as_ref()).filter(|unit| own.contains(&unit.record));
        push.look_for(&listed(found.as_ref()).chain(of_scope).copied().collect::<Vec<_>>())?;
    }
    let units = if let Some(found) = found.filter(|found| push.stays(found, own.len())) {
        push.pushed.units = found.units.len();
        push.pushed.bytes = found.units.iter().map(|unit| unit.size).sum();
        found.units
    } else {
        let units = push.units(&snapshot.records)?;
        push.write(&names[0], units.clone())?;
        units
    };
    if !of_scope.is_some_and(|list| list.units == units) {
        push.write(&names[1], units)?;
    }
    Ok(push.pushed)
}

struct Push<'a> {
    exchange: Exchange<'a>,
    terms: Terms<'a>,
    start: Instant,
    /// Packs that the remote has, of those that lists name.
    there: BTreeSet<Digest>,
    /// Units whose packs are there.
    known: HashMap<Digest, SignedUnit>,
    pushed: Pushed,
}

/// The units of a list, if there is one.
fn listed(list: Option<&Statement>) -> impl Iterator<Item = &SignedUnit> {
    list.into_iter().flat_map(|list| &list.units)
}

impl Push<'_> {
    /// Asks for the packs of units that lists name, each once, and knows those units that are there.
    fn look_for(&mut self, listed: &[SignedUnit]) -> Result<()> {
        let packs: BTreeSet<Digest> = listed.iter().map(|unit| unit.pack).collect();
        for (pack, has) in side_by_side::map(packs, |pack| Ok((pack, self.has(pack))))? {
            if has? {
                self.there.insert(pack);
            }
        }
        let is_there = |unit: &&SignedUnit| self.there.contains(&unit.pack);
        self.known.extend(listed.iter().filter(is_there).map(|unit| (unit.record, *unit)));
        Ok(())
    }

    fn has(&self, pack: Digest) -> Result<bool> {
        let name = pack_name(pack)?;
        self.in_time(&name)?;
        self.exchange.remote.has(&name)
    }

    /// Whether a list is as good as one of `own` units: it names no fewer, and every pack is there.
    fn stays(&self, list: &Statement, own: usize) -> bool {
        let is_whole = list.units.iter().all(|unit| self.there.contains(&unit.pack));
        self.terms.present == Present::Kept && list.units.len() >= own && is_whole
    }

    fn units(&mut self, records: &[Digest]) -> Result<Vec<SignedUnit>> {
        records.iter().map(|id| self.unit(*id)).collect()
    }

    fn unit(&mut self, id: Digest) -> Result<SignedUnit> {
        let unit = match self.known.get(&id) {
            Some(known) => *known,
            None => self.send(id)?,
        };
        self.pushed.units += 1;
        self.pushed.bytes += unit.size;
        Ok(unit)
    }

    fn send(&mut self, id: Digest) -> Result<SignedUnit> {
        let Exchange { store, remote, .. } = self.exchange;
        let record = store
            .record(id)
            .ok_or_else(|| Error::bad(format!("the record {id}"), "it is not in the store"))?;
        let bytes = pack(store, &record)?;
        let pack = Digest::hash(&bytes);
        let name = pack_name(pack)?;
        self.in_time(&name)?;
        let put = remote.put_new(&name, &bytes)?;
        if put == Put::Present && self.terms.present == Present::Rewritten {
            remote.put(&name, &bytes)?;
        }
        if put == Put::Written || self.terms.present == Present::Rewritten {
            self.pushed.new += 1;
            self.pushed.sent += bytes.len() as u64;
        }
        Ok(SignedUnit { record: id, pack, pack_size: bytes.len() as u64, size: record.size() })
    }

    fn write(&mut self, name: &Inside, units: Vec<SignedUnit>) -> Result<()> {
        self.in_time(name)?;
        let created = seconds(self.exchange.now);
        let statement = Statement {
            version: VERSION,
            key: name.to_string(),
            namespace: self.exchange.namespace.to_owned(),
            units,
            tool: concat!("larder ", env!("CARGO_PKG_VERSION")).to_owned(),
            created,
            expires: self.terms.valid.map(|valid| created + valid.as_secs()),
        };
        let bytes = statement.sign(self.terms.key);
        self.pushed.sent += bytes.len() as u64;
        self.exchange.remote.put(name, &bytes)
    }

    fn in_time(&self, name: &Inside) -> Result<()> {
        if self.start.elapsed() < self.terms.limit {
            return Ok(());
        }
        let limit = self.terms.limit.as_secs();
        Err(self.exchange.bad(name, format!("pushing took longer than {limit} seconds")))
    }
}
