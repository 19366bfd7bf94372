//! Parts of the system in units: files outside of cargo's folders, and C code that is linked with the libraries there.

use std::path::Path;

use larder_tests::{GitRepository, Project, Surroundings, package, write_program};

use crate::store::{Checkout, Machine};

const READ: (&str, &str) = ("LARDER_STORE", "read");

/// A project that prints what a package of others says.
fn project_with(package_of_others: &GitRepository) -> Project {
    let url = package_of_others.url();
    let manifest = package("app", "") + &format!("\n[dependencies]\nother = {{ git = {url:?} }}\n");
    let main = "fn main() { println!(\"{}\", other::said()); }\n";
    Project::without_lock(&[("Cargo.toml", &manifest), ("src/main.rs", main)])
}

/// A package that says what is in two files: one is read by its script, which tells cargo, one is compiled in.
fn package_that_reads(folder: &Path) -> GitRepository {
    let folder = folder.display();
    let script = format!(
        "fn main() {{\n\
         let named = std::env::var(\"NAMED\").unwrap_or_else(|_| \"{folder}/named\".to_owned());\n\
         println!(\"cargo:rerun-if-changed={{named}}\");\n\
         println!(\"cargo:rustc-env=NAMED_TEXT={{}}\", std::fs::read_to_string(&named).unwrap());\n}}\n"
    );
    let library = format!(
        "pub fn said() -> &'static str {{\n\
         concat!(env!(\"NAMED_TEXT\"), include_str!(\"{folder}/included\"))\n}}\n"
    );
    GitRepository::new(&[
        ("Cargo.toml", &package("other", "")),
        ("build.rs", &script),
        ("src/lib.rs", &library),
    ])
}

/// Cooks a new checkout of the same and builds it; whether an external unit was compiled, and what the program says.
fn another_says(first: &Checkout<'_>, vars: &[(&str, &str)]) -> (bool, String) {
    let checkout = first.another();
    let (_, compiled) = checkout.cook(vars);
    checkout.build(vars);
    (compiled > 0, checkout.says())
}

#[test]
fn files_that_cargo_looks_at_must_be_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (named, included) = (folder.path().join("named"), folder.path().join("included"));
    fs_err::write(&named, "1").unwrap();
    fs_err::write(&included, "1").unwrap();
    let machine = Machine::new();
    let package_of_others = package_that_reads(folder.path());
    let first = machine.lock(project_with(&package_of_others));
    first.cook(&[]);
    assert_eq!(another_says(&first, &[READ]), (false, "11\n".to_owned()));
    fs_err::write(&named, "2").unwrap();
    assert_eq!(another_says(&first, &[READ]), (true, "21\n".to_owned()));
    fs_err::write(&named, "1").unwrap();
    assert_eq!(another_says(&first, &[READ]), (false, "11\n".to_owned()), "it is what it was");
    fs_err::write(&included, "2").unwrap();
    assert_eq!(another_says(&first, &[READ]), (true, "12\n".to_owned()));
}

/// cargo would look at the file of the checkout that compiled the unit.
#[test]
fn what_was_made_from_a_file_of_the_checkout_is_not_stored() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("included"), "").unwrap();
    let machine = Machine::new();
    let package_of_others = package_that_reads(folder.path());
    let first = machine.lock(project_with(&package_of_others));
    let second = first.another();
    for (checkout, text) in [(&first, "first"), (&second, "second")] {
        checkout.project.write("named", text);
        let named = checkout.project.path().join("named");
        let vars = [("NAMED", named.to_str().unwrap())];
        assert!(checkout.cook(&vars).1 > 0, "{text}");
        checkout.build(&vars);
        assert_eq!(checkout.says(), format!("{text}\n"));
    }
}

/// The folders of programs, with a `getconf` first that answers with this version of glibc.
fn with_glibc(version: &str, programs: &Path) -> String {
    write_program(programs.join("getconf"), format!("#!/bin/sh\necho 'glibc {version}'\n"));
    let path = Surroundings::get().env().get_str("PATH").unwrap_or_default();
    format!("{}:{path}", programs.display())
}

const SCRIPT_WITH_C: &str = r#"
use std::{env::var, process::Command};
fn run(program: &str, words: &[&str]) {
    assert!(Command::new(program).args(words).status().unwrap().success(), "{program}");
}
fn main() {
    println!("cargo:rerun-if-changed=number.c");
    let out = var("OUT_DIR").unwrap();
    let (object, library) = (format!("{out}/number.o"), format!("{out}/libnumber.a"));
    run("cc", &["-c", "-fPIC", "number.c", "-o", &object]);
    run("ar", &["crs", &library, &object]);
    println!("cargo:rustc-link-search=native={out}\ncargo:rustc-link-lib=static=number");
}
"#;

/// Its headers may have made it ask for what an older glibc lacks, and linking would fail for good.
#[test]
fn c_code_that_was_compiled_with_a_newer_glibc_is_compiled_again() {
    let library = "extern \"C\" { fn number() -> i32; }\npub fn said() -> i32 { unsafe { number() } }\n";
    let package_with_c = GitRepository::new(&[
        ("Cargo.toml", &package("other", "")),
        ("build.rs", SCRIPT_WITH_C),
        ("number.c", "int number(void) { return 7; }\n"),
        ("src/lib.rs", library),
    ]);
    let programs = tempfile::tempdir().unwrap();
    let newer = with_glibc("99.1", programs.path());
    let machine = Machine::new();
    let first = machine.lock(project_with(&package_with_c));
    first.cook(&[("PATH", &newer)]);
    assert_eq!(first.another().cook(&[READ, ("PATH", &newer)]).1, 0);
    let older = first.another();
    let words = ["cook", "--json", "--store", "read"];
    let outcome = Surroundings::get().larder_with(older.project.path(), &words, &older.vars()).ok();
    assert!(outcome.stderr.contains("it needs glibc 99.1"), "{}", outcome.stderr);
    older.build(&[]);
    assert_eq!(older.says(), "7\n");
}
