//! The packages a recipe consists of. They are empty: only their dependencies matter, and the crate types of
//! their libraries, which decide what those dependencies emit for link-time optimisation.

use cargo_metadata::camino::Utf8PathBuf;

use super::pins::{self, Pin};
use crate::{
    plan::{Lto, Plan, Plans, Unit},
    platform::Platform,
};

/// An empty package with the pins that share its shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stub {
    pub(super) shape: Shape,
    pub(super) pins: Vec<Pin>,
}

/// The crate types of a stub's library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// An rlib: its dependencies emit what a binary's would.
    Rlib,
    /// A cdylib and rlib: its dependencies emit object code and bitcode.
    CdylibAndRlib,
}

/// The stubs of a slice's plans: one, or two where a slice links some units into a `["cdylib", "rlib"]` library
/// and others only into binaries. The first one has all host pins.
pub(super) fn of(plans: &Plans) -> Vec<Stub> {
    let units = |keep: fn(&Unit) -> bool| -> Vec<(&Platform, Vec<&Unit>)> {
        plans.iter().map(|(platform, plan)| (platform, units_of(plan, keep))).collect()
    };
    let has_both = plans.units().any(needs_both);
    let links_others = plans.units().any(|u| !needs_both(u) && u.for_target && !u.is_build_script());
    if !has_both || !links_others {
        let shape = if has_both { Shape::CdylibAndRlib } else { Shape::Rlib };
        return vec![Stub { shape, pins: pins::of(&units(|_| true)) }];
    }
    let mut first = pins::of(&units(|unit| !needs_both(unit)));
    let (host, second) = pins::of(&units(needs_both)).into_iter().partition(Pin::is_for_host);
    first.extend::<Vec<_>>(host);
    first.sort();
    vec![Stub { shape: Shape::Rlib, pins: first }, Stub { shape: Shape::CdylibAndRlib, pins: second }]
}

fn units_of(plan: &Plan, keep: fn(&Unit) -> bool) -> Vec<&Unit> {
    plan.units.values().filter(|unit| keep(unit)).collect()
}

/// A unit that is on the host side as well is widened there, whatever the stub's shape, and build scripts are
/// never optimised at link time.
fn needs_both(unit: &Unit) -> bool {
    unit.for_target && !unit.for_host && !unit.is_build_script() && unit.lto == Lto::ObjectAndBitcode
}

/// A stub's folder in the recipe: the recipe's own for the first one.
pub(super) fn folder(index: usize) -> Utf8PathBuf {
    if index == 0 { Utf8PathBuf::new() } else { Utf8PathBuf::from(MEMBER) }
}

/// The folder of a second stub.
pub(super) const MEMBER: &str = "object-and-bitcode";

impl Shape {
    pub(super) fn crate_types(self) -> &'static [&'static str] {
        match self {
            Self::Rlib => &["rlib"],
            Self::CdylibAndRlib => &["cdylib", "rlib"],
        }
    }

    /// An rlib is not linked, so it can do without the standard library, which some targets lack.
    pub(super) fn lib_source(self) -> &'static str {
        match self {
            Self::Rlib => "//! Empty on purpose: only the dependencies matter.\n#![no_std]\n",
            Self::CdylibAndRlib => "//! Empty on purpose: only the dependencies matter.\n",
        }
    }
}
