//! The packages a recipe consists of. They are empty: only their dependencies matter, and the crate types of
//! their libraries, which decide what those dependencies emit for link-time optimisation.

use super::pins::{self, Pin, PinKind};
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

/// The kind of a stub's library.
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
pub(super) fn all(slice: &Slice, plans: &Plans) -> Vec<Stub> {
    let has_lto = plans.iter().any(|(_, plan)| plan.has_lto);
    let shapes = [Shape::Rlib, Shape::CdylibAndRlib, Shape::Dylib];
    let is_there = |shape: &Shape| plans.units().any(|unit| library(unit, has_lto) == Some(*shape));
    let mut shapes = shapes.into_iter().filter(is_there);
    let first = shapes.next().unwrap_or(Shape::Rlib);
    let is_elsewhere = |unit: &Unit| library(unit, has_lto).is_some_and(|shape| shape != first);
    let mut stubs = vec![stub(plans, first, |unit| {
        linked(unit).into_iter().filter(|kind| *kind == PinKind::Host || !is_elsewhere(unit)).collect()
    })];
    stubs.extend(shapes.map(|shape| {
        let kind = if shape == Shape::Dylib { PinKind::Dylib } else { PinKind::Both };
        stub(plans, shape, |unit| if_so(library(unit, has_lto) == Some(shape), kind))
    }));
    if plans.units().any(Unit::is_checked_for_host) {
        let mut checked =
            stub(plans, Shape::ProcMacro, |unit| if_so(unit.is_checked_for_host(), PinKind::Macro));
        // cargo gives the features that a procedural macro asks for to the target side as well.
        let of_host: Vec<&String> =
            stubs[0].pins.iter().filter(|pin| pin.kind == PinKind::Host).map(|pin| &pin.package).collect();
        let asked_for = checked.pins.iter_mut().filter(|pin| of_host.contains(&&pin.package));
        asked_for.for_each(|pin| pin.features.clear());
        stubs.push(checked);
    }
    if plans.units().any(|unit| unit.for_tests) {
        stubs.push(stub(plans, Shape::Tests, |unit| if_so(unit.for_tests, PinKind::Test)));
        // Programs that tests run abort while the tests themselves unwind.
        if slice.is_test() && plans.units().any(is_linked) {
            stubs.push(stub(plans, Shape::Program, |unit| if_so(is_linked(unit), PinKind::Program)));
        }
    }
    stubs
}

/// Whether cooking the stubs takes building their tests too.
pub(super) fn have_tests(stubs: &[Stub]) -> bool {
    stubs.iter().any(|stub| stub.shape == Shape::Tests)
}

fn stub(plans: &Plans, shape: Shape, kinds: impl Fn(&Unit) -> Vec<PinKind>) -> Stub {
    Stub { shape, pins: pins::collect(plans, kinds) }
}

/// The kinds of pins that most units get: by the side they are on.
fn linked(unit: &Unit) -> Vec<PinKind> {
    let host = unit.for_host && !unit.is_checked_for_host();
    let sides = [(unit.for_target && !unit.for_tests, PinKind::Target), (host, PinKind::Host)];
    sides.into_iter().filter(|(on, _)| *on).map(|(_, kind)| kind).collect()
}

fn if_so(condition: bool, kind: PinKind) -> Vec<PinKind> {
    condition.then_some(kind).into_iter().collect()
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

impl Shape {
    const ALL: [Self; 6] =
        [Self::Rlib, Self::CdylibAndRlib, Self::Dylib, Self::ProcMacro, Self::Tests, Self::Program];

    /// The word in the table.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Rlib => "rlib",
            Self::CdylibAndRlib => "both",
            Self::Dylib => "dylib",
            Self::ProcMacro => "macro",
            Self::Tests => "tests",
            Self::Program => "program",
        }
    }

    /// The shape of a word.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shape| shape.word() == word)
    }

    /// The folder of a stub that is not the first one, in the recipe's.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::Rlib | Self::CdylibAndRlib => "object-and-bitcode",
            Self::Dylib => "dylib",
            Self::ProcMacro => "proc-macro",
            Self::Tests => "for-tests",
            Self::Program => "program",
        }
    }

    /// The kinds of pins in the manifest of a stub of this shape.
    pub(super) fn kinds(self, place: StubPlace) -> &'static [PinKind] {
        match (place, self) {
            (StubPlace::First, _) => &[PinKind::Target, PinKind::Host],
            (StubPlace::Further, Self::Dylib) => &[PinKind::Dylib],
            (StubPlace::Further, Self::ProcMacro) => &[PinKind::Macro],
            (StubPlace::Further, Self::Tests) => &[PinKind::Test],
            (StubPlace::Further, Self::Program) => &[PinKind::Program],
            (StubPlace::Further, Self::Rlib | Self::CdylibAndRlib) => &[PinKind::Both],
        }
    }

    /// The targets in the manifest of a package of this shape, as dotted keys.
    pub(super) fn manifest(self, documented: Documented) -> String {
        let kind = match self {
            Self::Rlib | Self::Tests => "lib.crate-type = [\"rlib\"]",
            Self::CdylibAndRlib => "lib.crate-type = [\"cdylib\", \"rlib\"]",
            Self::Dylib => "lib.crate-type = [\"dylib\"]",
            Self::ProcMacro => "lib.proc-macro = true",
            Self::Program => {
                return "bin = [{ name = \"program\", path = \"src/main.rs\", test = false, bench = false }]\n\
                        test = [{ name = \"program\", path = \"tests/program.rs\" }]\n"
                    .to_owned();
            }
        };
        // For a test, cargo builds what a library's documentation tests need, and links no test.
        let (test, doctest) = (self == Self::Tests, documented == Documented::Tested);
        format!("{kind}\nlib.test = {test}\nlib.doctest = {doctest}\nlib.bench = false\n")
    }

    /// The sources of a package of this shape. An rlib is not linked, so it can do without the standard library, which
    /// some targets lack.
    pub(super) fn sources(self) -> &'static [(&'static str, &'static str)] {
        const EMPTY: &str = "//! Empty on purpose: only the dependencies matter.\n";
        const NO_STD: &str = "//! Empty on purpose: only the dependencies matter.\n#![no_std]\n";
        const MAIN: &str = "//! Empty on purpose: only the dependencies matter.\nfn main() {}\n";
        match self {
            Self::Rlib => &[("src/lib.rs", NO_STD)],
            Self::CdylibAndRlib | Self::Dylib | Self::ProcMacro | Self::Tests => &[("src/lib.rs", EMPTY)],
            Self::Program => &[("src/main.rs", MAIN), ("tests/program.rs", EMPTY)],
        }
    }
}

/// The place of a stub in its recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StubPlace {
    /// In the recipe's own folder.
    First,
    /// In a folder below.
    Further,
}

impl StubPlace {
    /// The place of the stub with this number among a recipe's.
    pub(super) fn new(index: usize) -> Self {
        if index == 0 { Self::First } else { Self::Further }
    }
}

/// Whether cargo builds documentation tests of a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Documented {
    /// It does, since the slice is `cargo test`.
    Tested,
    /// It does not.
    Not,
}
