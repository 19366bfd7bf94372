//! Layers: which older recipes stay in a slice's chain when its units change.
//!
//! A builder that caches by content (a Docker layer, a Nix derivation, a CI cache) has the artifacts of every
//! layer up to the first changed one. So the layers that stay decide two costs. *Compiled*: the current units
//! that no kept layer provides. *Carried*: units of kept layers that nothing needs any more, which a builder
//! that starts empty compiles all the same.
//!
//! The [choice](keep) works like a log-structured merge tree. Replacing a layer costs some units more than a longer
//! chain would. It is done once that costs no more than what it brings: levels set free above, units dropped that were
//! carried in vain, and a share of what the layers above have compiled since, which is work that another change may
//! undo again. All of that is read from the layers themselves: an account kept beside them would change with every
//! lock, and two branches would always conflict in it.
//!
//! A chain that is replaced from far below changes many lines of the table, all of which somebody reviews. So a small
//! change of `Cargo.lock` replaces no more than it must, and layers wait for a larger one.
//!
//! The weights are measured: `cargo xtask bench layers` replays public histories.

use std::collections::BTreeSet;

use super::churn::{self, Line};

/// A unit carried by every later build weighs this much of a unit compiled once.
const CARRIED_WEIGHT: f64 = 0.2;
/// The share that counts of what the layers above a replaced one have compiled.
const ABOVE_WEIGHT: f64 = 0.3;
/// A level set free is worth a unit, and this share of what is compiled anyway.
const LEVEL_WEIGHT: f64 = 0.25;

/// Lines of the table that may change for one of `Cargo.lock`.
const MOST_CHURN: usize = 8;

/// A layer, as the choice sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content<K> {
    /// The units that it builds.
    pub units: BTreeSet<K>,
    /// Its packages, as lines of the table.
    pub lines: BTreeSet<Line>,
}

/// The decision about a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// How many layers stay, from the oldest on; the current recipe comes on top.
    pub kept: usize,
    /// Units that a builder with the kept layers compiles.
    pub compiled: usize,
    /// Units that a builder with all old layers would compile.
    pub changed: usize,
    /// Units of kept layers that are needed no more.
    pub carried: usize,
}

/// Chooses how many layers of `chain` stay under a current recipe with the units `current`, so that there are
/// no more than `max` layers with it.
pub fn keep<K: Ord>(chain: &[Content<K>], current: &Content<K>, max: usize) -> Choice {
    let units: Vec<&BTreeSet<K>> = chain.iter().map(|layer| &layer.units).collect();
    let choices = choices(&units, &current.units);
    let compiled = compiled(&units);
    let longest = choices[chain.len().min(max.saturating_sub(1))];
    let mut shorter = choices[..longest.kept].iter().filter(|choice| pays(choice, &longest, &compiled));
    *shorter.find(|choice| is_readable(chain, current, choice.kept)).unwrap_or(&longest)
}

/// Whether a shorter chain costs no more than it brings. `compiled` is what each layer compiled.
fn pays(choice: &Choice, longest: &Choice, compiled: &[usize]) -> bool {
    let cost = weight(choice.compiled) - weight(longest.compiled);
    let levels = weight(longest.kept - choice.kept);
    let freed = levels * (1.0 + LEVEL_WEIGHT * weight(longest.compiled));
    let dropped = weight(longest.carried) - weight(choice.carried);
    let above = compiled.iter().skip(choice.kept + 1).copied().sum();
    cost <= CARRIED_WEIGHT * dropped + freed + ABOVE_WEIGHT * weight(above)
}

/// Whether a review can be asked to read what a choice changes.
fn is_readable<K>(chain: &[Content<K>], current: &Content<K>, kept: usize) -> bool {
    let before: Vec<&BTreeSet<Line>> = chain.iter().map(|layer| &layer.lines).collect();
    let mut after = before[..kept].to_vec();
    after.push(&current.lines);
    let asked = before.last().map_or(0, |top| churn::in_lock_file(top, &current.lines));
    churn::in_table(&before, &after) <= MOST_CHURN * asked
}

/// The units that each layer compiled on top of those below it.
fn compiled<K: Ord>(chain: &[&BTreeSet<K>]) -> Vec<usize> {
    let mut provided: BTreeSet<&K> = BTreeSet::new();
    let mut compiled = Vec::new();
    for layer in chain {
        let before = provided.len();
        provided.extend(*layer);
        compiled.push(provided.len() - before);
    }
    compiled
}

/// Every possible choice, by the number of kept layers.
fn choices<K: Ord>(chain: &[&BTreeSet<K>], current: &BTreeSet<K>) -> Vec<Choice> {
    let mut provided: BTreeSet<&K> = BTreeSet::new();
    let mut choices = Vec::new();
    for kept in 0..=chain.len() {
        let needed = provided.iter().filter(|key| current.contains(**key)).count();
        let (compiled, carried) = (current.len() - needed, provided.len() - needed);
        choices.push(Choice { kept, compiled, carried, changed: 0 });
        provided.extend(chain.get(kept).into_iter().copied().flatten());
    }
    let changed = choices[chain.len()].compiled;
    choices.iter_mut().for_each(|choice| choice.changed = changed);
    choices
}

#[expect(clippy::cast_precision_loss, reason = "unit counts are far below 2^52")]
fn weight(units: usize) -> f64 {
    units as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Units of one package, which a review does not see.
    fn set(units: impl IntoIterator<Item = u32>) -> Content<u32> {
        Content { units: units.into_iter().collect(), lines: BTreeSet::new() }
    }

    /// Units of a package each.
    fn packages(units: impl IntoIterator<Item = u32>) -> Content<u32> {
        let units: BTreeSet<u32> = units.into_iter().collect();
        let lines = units.iter().map(|unit| Line::new(&unit.to_string(), &[])).collect();
        Content { units, lines }
    }

    #[test]
    fn the_first_change_freezes_what_is_there() {
        let current = set((0..100).chain([200]));
        let choice = keep(&[set(0..101)], &current, 4);
        assert_eq!(choice, Choice { kept: 1, compiled: 1, changed: 1, carried: 1 });
    }

    #[test]
    fn when_everything_changed_the_chain_starts_anew() {
        let chain = [set(0..100), set(0..110)];
        assert_eq!(keep(&chain, &set(500..600), 4).kept, 0);
    }

    #[test]
    fn a_change_of_what_only_the_top_has_replaces_the_top() {
        // The top added 100..110, all of which changed.
        let chain = [set(0..100), set(0..110)];
        let choice = keep(&chain, &set((0..100).chain(200..210)), 4);
        assert_eq!((choice.kept, choice.compiled, choice.carried), (1, 10, 0));
    }

    #[test]
    fn there_are_never_more_layers_than_allowed() {
        for max in 1..5 {
            let mut chain = vec![set(0..100)];
            for step in 1..60 {
                let current =
                    set((0..100).map(|unit| if unit % 60 < step { unit + 1000 * step } else { unit }));
                let choice = keep(&chain, &current, max);
                chain.truncate(choice.kept);
                chain.push(current);
                assert!(chain.len() <= max, "{} layers with {max} allowed", chain.len());
            }
        }
    }

    #[test]
    fn what_the_layers_above_compiled_pays_for_a_replacement() {
        let current = set((0..100).chain(200..210).chain(500..502));
        for (above, kept) in [(10, 2), (60, 1)] {
            let chain = [set(0..100), set((0..100).chain(200..210)), set((0..100).chain(300..300 + above))];
            assert_eq!(keep(&chain, &current, 4).kept, kept, "{above}");
        }
    }

    #[test]
    fn a_small_change_replaces_no_more_than_a_review_reads() {
        let chain =
            [packages(0..100), packages((0..100).chain(200..210)), packages((0..100).chain(300..360))];
        // It would pay, but 60 lines would go for a change of two packages.
        assert_eq!(keep(&chain, &packages((0..100).chain(300..358).chain(500..502)), 4).kept, 3);
        assert_eq!(keep(&chain, &packages((0..100).chain(200..210).chain(500..502)), 4).kept, 1);
    }
}
