//! The packages a recipe consists of. They are empty: only their dependencies matter, and the crate types of
//! their libraries, which decide what those dependencies emit for link-time optimisation.

use cargo_metadata::camino::Utf8PathBuf;

use super::pins::{self, Pin, Table};
use crate::{
    plan::{Lto, Plans, Unit},
    slice::Slice,
};

/// An empty package with the pins that share its shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stub {
    pub(super) shape: Shape,
    pub(super) pins: Vec<Pin>,
}

/// What kind of library a stub has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// An rlib: its dependencies emit what a binary's would.
    Rlib,
    /// A cdylib and rlib: its dependencies emit object code and bitcode.
    CdylibAndRlib,
    /// A procedural macro: its dependencies are for the machine that compiles, and are checked when it is.
    ProcMacro,
    /// A library whose dependencies are those of its tests alone.
    Tests,
    /// A program with a test that runs it: cargo builds it as the profile says, which tests are not.
    Program,
}

/// The stubs of a slice's plans. The first one has all host pins. A second one is there where a slice links
/// some units into a `["cdylib", "rlib"]` library and others only into binaries, and one more each where it checks
/// procedural macros of the application, and where it compiles for tests what it compiles for itself as well.
pub(super) fn of(slice: &Slice, plans: &Plans) -> Vec<Stub> {
    let has_both = plans.units().any(needs_both);
    let links_others = plans.units().any(|unit| !needs_both(unit) && is_linked(unit));
    let mut stubs = if has_both && links_others {
        vec![
            stub(plans, Shape::Rlib, |unit| if needs_both(unit) { Vec::new() } else { linked(unit) }),
            stub(plans, Shape::CdylibAndRlib, |unit| target_if(needs_both(unit))),
        ]
    } else {
        vec![stub(plans, if has_both { Shape::CdylibAndRlib } else { Shape::Rlib }, linked)]
    };
    if plans.units().any(Unit::is_checked_for_host) {
        let mut checked = stub(plans, Shape::ProcMacro, |unit| target_if(unit.is_checked_for_host()));
        // cargo gives the features that a procedural macro asks for to the target side as well.
        let asked_for = |pin: &Pin| stubs[0].pins.iter().any(|p| p.is_for_host() && p.alias == pin.alias);
        checked.pins.iter_mut().filter(|pin| asked_for(pin)).for_each(Pin::drop_features);
        stubs.push(checked);
    }
    if plans.units().any(|unit| unit.for_tests) {
        stubs.push(stub(
            plans,
            Shape::Tests,
            |unit| if unit.for_tests { vec![Table::Test] } else { Vec::new() },
        ));
        // Programs that tests run abort where the tests themselves unwind.
        if slice.is_test() && plans.units().any(is_linked) {
            stubs.push(stub(plans, Shape::Program, |unit| target_if(is_linked(unit))));
        }
    }
    stubs
}

/// Whether cooking the stubs takes building their tests too.
pub(super) fn have_tests(stubs: &[Stub]) -> bool {
    stubs.iter().any(|stub| stub.shape == Shape::Tests)
}

fn stub(plans: &Plans, shape: Shape, tables: fn(&Unit) -> Vec<Table>) -> Stub {
    Stub { shape, pins: pins::of(plans, tables) }
}

/// Where most units are pinned: by the side they are on.
fn linked(unit: &Unit) -> Vec<Table> {
    let host = unit.for_host && !unit.is_checked_for_host();
    let sides = [(unit.for_target && !unit.for_tests, Table::Target), (host, Table::Host)];
    sides.into_iter().filter(|(on, _)| *on).map(|(_, table)| table).collect()
}

fn target_if(condition: bool) -> Vec<Table> {
    condition.then_some(Table::Target).into_iter().collect()
}

fn is_linked(unit: &Unit) -> bool {
    unit.for_target && !unit.for_tests && !unit.is_build_script()
}

/// A unit that is on the host side as well is widened there, whatever the stub's shape, and build scripts are
/// never optimised at link time.
fn needs_both(unit: &Unit) -> bool {
    is_linked(unit) && !unit.for_host && unit.lto == Lto::ObjectAndBitcode
}

/// A stub's folder in the recipe: the recipe's own for the first one.
pub(super) fn folder(index: usize, shape: Shape) -> Utf8PathBuf {
    Utf8PathBuf::from(match (index, shape) {
        (0, _) => "",
        (_, Shape::ProcMacro) => "proc-macro",
        (_, Shape::Tests) => "for-tests",
        (_, Shape::Program) => "program",
        (_, _) => "object-and-bitcode",
    })
}

impl Shape {
    /// The targets in the manifest of a package of this shape.
    pub(super) fn manifest(self, slice: &Slice) -> String {
        let kind = match self {
            Self::Rlib | Self::Tests => "crate-type = [\"rlib\"]",
            Self::CdylibAndRlib => "crate-type = [\"cdylib\", \"rlib\"]",
            Self::ProcMacro => "proc-macro = true",
            Self::Program => {
                return "[[bin]]\nname = \"program\"\npath = \"src/main.rs\"\ntest = false\nbench = false\n\n\
                        [[test]]\nname = \"program\"\npath = \"tests/program.rs\"\n"
                    .to_owned();
            }
        };
        // For a test, cargo builds what a library's documentation tests need, and links no test.
        let (test, doctest) = (self == Self::Tests, slice.is_test());
        format!("[lib]\n{kind}\ntest = {test}\ndoctest = {doctest}\nbench = false\n")
    }

    /// The sources of a package of this shape. An rlib is not linked, so it can do without the standard library, which
    /// some targets lack.
    pub(super) fn sources(self) -> Vec<(&'static str, &'static str)> {
        const EMPTY: &str = "//! Empty on purpose: only the dependencies matter.\n";
        match self {
            Self::Rlib => {
                vec![("src/lib.rs", "//! Empty on purpose: only the dependencies matter.\n#![no_std]\n")]
            }
            Self::CdylibAndRlib | Self::ProcMacro | Self::Tests => vec![("src/lib.rs", EMPTY)],
            Self::Program => vec![
                ("src/main.rs", "//! Empty on purpose: only the dependencies matter.\nfn main() {}\n"),
                ("tests/program.rs", EMPTY),
            ],
        }
    }
}
