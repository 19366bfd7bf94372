//! From the team to this machine. Every byte is held against a digest that a trusted key signed before the store has it.

use larder::side_by_side;

use super::sides::{Exchange, pack_name};
use crate::{
    Error, Result,
    digest::Digest,
    pack::unpack,
    record::{RecipeSnapshot, Record, VERSION},
    remote::Trouble,
    scope::Keys,
    signature::{SignedUnit, Statement},
};

/// The outcome of a pull.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Units that are in the store now and were not before.
    pub new: usize,
    /// Units that were there.
    pub present: usize,
    /// The bytes that came.
    pub received: u64,
    /// Whether the remote knows the recipe, and the store has all of it now.
    pub is_whole: bool,
    /// Why some units did not come.
    pub missed: Vec<String>,
    /// Whether the remote itself failed, so that it need not be asked for more. One that lacks a unit did
    /// not.
    pub has_failed: bool,
}

impl Pulled {
    fn miss(&mut self, error: &Error) {
        let is_repeated = matches!(error, Error::Remote { trouble: Trouble::LeftAlone(_), .. });
        // Why it is left alone was said before.
        if !is_repeated || !self.has_failed {
            self.missed.push(error.to_string());
        }
        self.has_failed |= matches!(error, Error::Remote { .. });
    }
}

/// Gets the units of a recipe; if the remote does not know the recipe, those of the one that was pushed last by the same
/// compiler under the same settings. If it knows neither, nothing is done, and that is no error.
///
/// # Errors
/// If the remote does not answer, or its list is not to be believed, or the store cannot be written.
pub fn pull(exchange: Exchange<'_>, keys: Keys) -> Result<Pulled> {
    if exchange.trusted.is_empty() {
        return Err(Error::bad("the remote of the store", "there is no key that its lists are believed by"));
    }
    if let Some(list) = exchange.read(&exchange.list("snapshots", keys.snapshot)?)? {
        let mut pulled = units(exchange, keys, &list)?;
        pulled.is_whole = pulled.missed.is_empty();
        if pulled.is_whole {
            let records = list.units.iter().map(|unit| unit.record).collect();
            exchange.store.set_snapshot(keys.snapshot, &RecipeSnapshot { version: VERSION, records })?;
        }
        return Ok(pulled);
    }
    let list = exchange.read(&exchange.list("scopes", keys.scope)?)?;
    list.map_or_else(|| Ok(Pulled::default()), |list| units(exchange, keys, &list))
}

fn units(exchange: Exchange<'_>, keys: Keys, list: &Statement) -> Result<Pulled> {
    let mut pulled = Pulled::default();
    for outcome in side_by_side::map(&list.units, |unit| Ok(find_or_fetch(exchange, *unit)))? {
        let (record, received) = match outcome {
            Ok(there) => there,
            Err(error) => {
                pulled.miss(&error);
                continue;
            }
        };
        match received {
            Some(bytes) => {
                pulled.new += 1;
                pulled.received += bytes;
            }
            None => pulled.present += 1,
        }
        let (_, id) = record.to_bytes();
        exchange.store.set_newest(keys.scope, &record.fingerprint, id)?;
    }
    Ok(pulled)
}

/// The record of a unit, and how many bytes came if it was not there.
fn find_or_fetch(exchange: Exchange<'_>, unit: SignedUnit) -> Result<(Record, Option<u64>)> {
    let store = exchange.store;
    match store.record(unit.record).filter(|record| store.has_files(record)) {
        Some(record) => Ok((record, None)),
        None => fetch(exchange, unit).map(|record| (record, Some(unit.pack_size))),
    }
}

fn fetch(exchange: Exchange<'_>, unit: SignedUnit) -> Result<Record> {
    let name = pack_name(unit.pack)?;
    let bytes = exchange.remote.get(&name, unit.pack_size)?;
    let bytes = bytes.ok_or_else(|| exchange.bad(&name, "it is not there"))?;
    if bytes.len() as u64 != unit.pack_size || Digest::hash(&bytes) != unit.pack {
        return Err(exchange.bad(&name, "its content is not what its name says"));
    }
    unpack(exchange.store, unit.record, &bytes)
}
