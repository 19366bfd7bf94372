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
    /// A dylib: its dependencies emit object code, since link-time optimisation stops at a dylib.
    Dylib,
    /// A procedural macro: its dependencies are for the machine that compiles, and are checked when it is.
    ProcMacro,
    /// A library whose dependencies are those of its tests alone.
    Tests,
    /// A program with a test that runs it: cargo builds it as the profile says, which tests are not.
    Program,
}

/// The stubs of a slice's plans. The first one has all host pins. There is one for each kind of library that the slice
/// links external units into, and one more each if it checks procedural macros of the application, and if it compiles
/// for tests what it compiles for itself as well.
pub(super) fn of(slice: &Slice, plans: &Plans) -> Vec<Stub> {
    let has_lto = plans.iter().any(|(_, plan)| plan.has_lto);
    let shapes = [Shape::Rlib, Shape::CdylibAndRlib, Shape::Dylib];
    let is_there = |shape: &Shape| plans.units().any(|unit| library(unit, has_lto) == Some(*shape));
    let mut shapes = shapes.into_iter().filter(is_there);
    let first = shapes.next().unwrap_or(Shape::Rlib);
    let is_elsewhere = |unit: &Unit| library(unit, has_lto).is_some_and(|shape| shape != first);
    let mut stubs = vec![stub(plans, first, |unit| {
        linked(unit).into_iter().filter(|table| *table == Table::Host || !is_elsewhere(unit)).collect()
    })];
    stubs.extend(
        shapes.map(|shape| stub(plans, shape, |unit| target_if(library(unit, has_lto) == Some(shape)))),
    );
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

fn stub(plans: &Plans, shape: Shape, tables: impl Fn(&Unit) -> Vec<Table>) -> Stub {
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

/// The kind of library that a linked unit is a dependency of. One that is on the host side as well gets object code
/// added there, and build scripts are never optimised at link time.
fn library(unit: &Unit, has_lto: bool) -> Option<Shape> {
    is_linked(unit).then_some(match unit.lto {
        Lto::ObjectAndBitcode if !unit.for_host => Shape::CdylibAndRlib,
        Lto::OnlyObject if has_lto => Shape::Dylib,
        _ => Shape::Rlib,
    })
}

/// A stub's folder in the recipe: the recipe's own for the first one.
pub(super) fn folder(index: usize, shape: Shape) -> Utf8PathBuf {
    Utf8PathBuf::from(match (index, shape) {
        (0, _) => "",
        (_, Shape::ProcMacro) => "proc-macro",
        (_, Shape::Tests) => "for-tests",
        (_, Shape::Program) => "program",
        (_, Shape::Dylib) => "dylib",
        (_, _) => "object-and-bitcode",
    })
}

impl Shape {
    /// The targets in the manifest of a package of this shape.
    pub(super) fn manifest(self, slice: &Slice) -> String {
        let kind = match self {
            Self::Rlib | Self::Tests => "crate-type = [\"rlib\"]",
            Self::CdylibAndRlib => "crate-type = [\"cdylib\", \"rlib\"]",
            Self::Dylib => "crate-type = [\"dylib\"]",
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
            Self::CdylibAndRlib | Self::Dylib | Self::ProcMacro | Self::Tests => {
                vec![("src/lib.rs", EMPTY)]
            }
            Self::Program => vec![
                ("src/main.rs", "//! Empty on purpose: only the dependencies matter.\nfn main() {}\n"),
                ("tests/program.rs", EMPTY),
            ],
        }
    }
}
