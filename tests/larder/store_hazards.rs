//! The hazards of restored units: what cargo calls fresh, and is of no use on this machine. Each has its rule, and a test
//! that fails without it.

use std::{os::unix::fs::PermissionsExt as _, path::Path};

use larder_tests::{
    GitRepository, Outcome, Project, Surroundings, machine::files, not_given, package, skip, soak,
    write_program,
};

use crate::store::{Checkout, Machine, SAID};

/// A script that looks for a library in a folder of this machine, and a library that says what it found.
fn probing(system: &Path) -> [(&'static str, String); 3] {
    let script = format!(
        "fn main() {{\n\
         println!(\"cargo:rerun-if-changed=build.rs\");\n\
         let system = std::path::Path::new(\"{}\");\n\
         let found = system.join(\"include/probed.h\").exists();\n\
         println!(\"cargo:rustc-env=FOUND={{found}}\");\n\
         if found {{\n\
         println!(\"cargo:include={{}}\", system.join(\"include\").display());\n\
         println!(\"cargo:rustc-link-search=native={{}}\", system.join(\"lib\").display());\n\
         println!(\"cargo:rustc-link-lib=dylib=probed\");\n}}\n}}\n",
        system.display()
    );
    let library = "pub const FOUND: &str = env!(\"FOUND\");\n".to_owned();
    [("Cargo.toml", package("probe", "")), ("build.rs", script), ("src/lib.rs", library)]
}

fn cc(dir: &Path, number: u32) {
    fs_err::create_dir_all(dir.join("include")).unwrap();
    fs_err::create_dir_all(dir.join("lib")).unwrap();
    fs_err::write(dir.join("include/probed.h"), "").unwrap();
    fs_err::write(dir.join("probed.c"), format!("int probed(void) {{ return {number}; }}\n")).unwrap();
    let words = ["-shared", "-o", "lib/libprobed.so", "probed.c"];
    Surroundings::get().run("cc".as_ref(), dir, &words, &[]).ok();
}

#[test]
fn what_a_script_found_on_the_system_must_be_there_and_the_same() {
    let system = tempfile::tempdir().unwrap();
    cc(system.path(), 1);
    let probe = probing(system.path());
    let probe: Vec<(&str, &str)> = probe.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let probe = GitRepository::new(&probe);
    let manifest = package("app", "") + &format!("\n[dependencies]\nprobe = {{ git = {:?} }}\n", probe.url());
    let main = "fn main() { println!(\"{}\", probe::FOUND); }\n";
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", main)]);
    project.larder(&["lock"]).ok();

    let machine = Machine::new();
    let first = machine.checkout(project);
    first.cook(&[]);
    let read = [("LARDER_STORE", "read")];
    let second = first.another();
    assert_eq!(second.cook(&read).1, 0, "nothing changed");
    second.build(&[]);
    assert_eq!(second.says(), "true\n");

    // The system was updated: another library of the same name.
    cc(system.path(), 2);
    let third = first.another();
    let told = third.larder(&["cook", "--json", "--store", "read"]);
    assert!(compiled(&told) > 0, "{told}");
    // It has the library no more.
    fs_err::remove_dir_all(system.path().join("include")).unwrap();
    fs_err::remove_dir_all(system.path().join("lib")).unwrap();
    let fourth = first.another();
    assert!(fourth.cook(&read).1 > 0);
    fourth.build(&[]);
    assert_eq!(fourth.says(), "false\n");
}

fn compiled(told: &str) -> u64 {
    let told: serde_json::Value = serde_json::from_str(told).unwrap();
    told["phases"][0]["compiled-external"].as_u64().unwrap()
}

/// Hides zlib's headers and its library from compilers, as on a machine without them. Programs that run keep theirs.
const WITHOUT_ZLIB: &str = "libraries=$(dirname \"$(cc -print-file-name=libz.so)\")\n\
    space=$(mktemp -d); mount -t tmpfs tmpfs \"$space\"\n\
    hide() {\n\
      mkdir -p \"$space/$1/upper\" \"$space/$1/work\"\n\
      mount -t overlay -o \"lowerdir=$2,upperdir=$space/$1/upper,workdir=$space/$1/work\" overlay \"$2\" || exit 77\n\
    }\n\
    hide libraries \"$(readlink -f \"$libraries\")\"; hide include /usr/include\n\
    rm -f \"$libraries\"/libz.so \"$libraries\"/libz.a \"$libraries\"/pkgconfig/zlib.pc /usr/include/zlib.h\n\
    exec \"$LARDER\" larder cook --json\n";

#[test]
fn a_machine_without_zlibs_headers_builds_its_own() {
    const TEST: &str = "a_machine_without_zlibs_headers_builds_its_own";
    if !Path::new("/usr/include/zlib.h").exists() {
        return not_given(TEST, "zlib's header, and no variable,");
    }
    let manifest = package("app", "") + "\n[dependencies]\nlibz-sys = \"=1.1.22\"\n";
    let main = "extern crate libz_sys;\nfn main() {\n    let text = unsafe { std::ffi::CStr::from_ptr(libz_sys::zlibVersion()) };\n    \
        println!(\"{}\", text.to_str().unwrap());\n}\n";
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", main)]);
    project.larder(&["lock"]).ok();
    let machine = Machine::new();
    let first = machine.checkout(project);
    first.cook(&[]);
    assert_eq!(first.another().cook(&[("LARDER_STORE", "read")]).1, 0);
    let second = first.another();
    let surroundings = Surroundings::get();
    let binary = surroundings.binary().to_string_lossy().into_owned();
    let vars = [second.vars().as_slice(), &[("LARDER", binary.as_str())]].concat();
    let words = ["-rm", "sh", "-euc", WITHOUT_ZLIB];
    let outcome = surroundings.run("unshare".as_ref(), second.project.path(), &words, &vars);
    if outcome.code == 77 || outcome.stderr.contains("unshare failed") {
        return skip(TEST, "folders cannot be hidden here");
    }
    let outcome = outcome.ok();
    assert!(compiled(&outcome.stdout) > 0, "{}", outcome.stdout);
    assert!(outcome.stderr.contains("the system's library z is another one"), "{}", outcome.stderr);
    // Its own one is in the library now.
    let libraries = files(&second.project.path().join("target/release/build"));
    assert!(libraries.iter().any(|path| path.ends_with("libz.a")), "{libraries:?}");
}

/// Programs that run while building were linked with what the machine that compiled them had.
#[test]
fn programs_that_need_a_newer_glibc_are_compiled() {
    let machine = Machine::new();
    let first = machine.first();
    let (_, all) = first.cook(&[]);
    let programs = tempfile::tempdir().unwrap();
    write_program(programs.path().join("getconf"), "#!/bin/sh\necho 'glibc 2.2'\n");
    let path = Surroundings::get().env().get_str("PATH").unwrap_or_default();
    let path = format!("{}:{path}", programs.path().display());
    let second = first.another();
    let words = ["cook", "--json", "--store", "read"];
    let vars = [second.vars().as_slice(), &[("PATH", path.as_str())]].concat();
    let outcome = Surroundings::get().larder_with(second.project.path(), &words, &vars).ok();
    assert!(outcome.stderr.contains("it needs glibc 2."), "{}", outcome.stderr);
    let compiled = compiled(&outcome.stdout);
    // Libraries without a script or a macro below them are restored all the same.
    assert!(compiled > 0 && compiled < all, "{compiled} of {all}");
    assert_eq!(second.build(&[]).compiled_external, 0);
    assert_eq!(second.says(), SAID);
}

/// Fingerprints of which Larder cannot compute cargo's hash, as those of a later cargo may be.
#[test]
fn fingerprints_of_another_form_are_not_stored() {
    let machine = Machine::new();
    let first = machine.checkout(soak::app(0));
    first.larder(&["cook", "--store", "off"]);
    let fingerprints = first.project.path().join("target/release/.fingerprint");
    let json =
        files(&fingerprints).into_iter().filter(|path| path.extension().is_some_and(|end| end == "json"));
    for path in json {
        let text = fs_err::read_to_string(&path).unwrap();
        assert!(text.contains("\"rustc\":"), "{text}");
        fs_err::write(path, text.replace("\"rustc\":", "\"rustc\":1")).unwrap();
    }
    assert_eq!(first.cook(&[]), (0, 0), "cargo does not look at them");
    assert_eq!(machine.files("records").len(), 0);
    let second = first.another();
    assert_eq!(second.cook(&[]), (0, 2));
    assert_eq!(first.another().cook(&[]), (2, 0));
}

/// cargo notes such a file by its absolute path, with the length of that before it.
#[test]
fn a_unit_that_includes_a_file_beside_its_package_is_restored_under_homes_of_any_length() {
    let repository = GitRepository::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"inner\"]\n"),
        ("README.md", "of all"),
        ("inner/Cargo.toml", &package("inner", "")),
        ("inner/src/lib.rs", "pub const SAID: &str = include_str!(\"../../README.md\");\n"),
    ]);
    let manifest =
        package("app", "") + &format!("\n[dependencies]\ninner = {{ git = {:?} }}\n", repository.url());
    let main = "fn main() { println!(\"{}\", inner::SAID); }\n";
    let machine = Machine::new();
    let first = machine.lock(Project::without_lock(&[("Cargo.toml", &manifest), ("src/main.rs", main)]));
    assert_eq!(first.cook(&[]), (0, 1));
    let homes = tempfile::tempdir().unwrap();
    for name in ["h", "a-home-with-a-much-longer-name-than-any-other-one"] {
        let home = homes.path().join(name);
        let vars = [("CARGO_HOME", home.to_str().unwrap())];
        let other = first.another();
        assert_eq!(other.cook(&vars), (1, 0), "{name}");
        assert_eq!(other.build(&vars).compiled_external, 0, "{name}");
        assert_eq!(other.says(), "of all\n", "{name}");
    }
}

/// A restored unit is compiled again like any other: its files can be written over.
#[test]
fn whichever_restored_unit_is_dirty_cargo_compiles_it() {
    let machine = Machine::new();
    let first = machine.first();
    first.cook(&[]);
    let second = first.another();
    second.cook(&[]);
    let target = second.project.path().join("target/release");
    for path in files(&target) {
        let mode = fs_err::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert!([0o644, 0o755].contains(&mode), "{mode:o} {}", path.display());
    }
    second.build(&[]);
    let marks = files(&target.join(".fingerprint"));
    let marks: Vec<_> = marks.iter().filter(|path| is_mark_of_library(path)).collect();
    assert!(marks.len() > 8, "{marks:?}");
    for mark in marks.iter().step_by(3) {
        let library = mark.file_name().unwrap().to_string_lossy().replace('_', "-");
        let folder = mark.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        let hash = folder.rsplit('-').next().unwrap();
        for file in files(&target.join("deps")) {
            if file.to_string_lossy().contains(hash) && file.extension().is_some() {
                fs_err::remove_file(file).unwrap();
            }
        }
        let outcome = build(&second);
        assert_eq!(outcome.code, 0, "{library}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("Compiling"), "{library}: {}", outcome.stderr);
        assert_eq!(second.says(), SAID);
    }
}

fn is_mark_of_library(path: &Path) -> bool {
    path.file_name().unwrap().to_string_lossy().starts_with("lib-") && path.extension().is_none()
}

/// cargo empties the mark of a unit when it begins with it, and power that fails leaves empty files.
#[test]
fn units_that_were_begun_are_restored_again() {
    let machine = Machine::new();
    let first = machine.first();
    first.cook(&[]);
    let second = first.another();
    let (all, _) = second.cook(&[]);
    let marks = files(&second.project.path().join("target/release/.fingerprint"));
    let begun: Vec<_> = marks.iter().filter(|path| is_mark_of_library(path)).step_by(4).collect();
    begun.iter().for_each(|mark| fs_err::write(mark, "").unwrap());
    // They are newer than their dependents now, so cargo compiles these.
    assert_eq!(second.cook(&[]).0, begun.len() as u64, "of {all}");
    assert_eq!(second.build(&[]).compiled_external, 0);
    assert_eq!(second.says(), SAID);
}

fn build(checkout: &Checkout<'_>) -> Outcome {
    let words = ["build", "--release"];
    Surroundings::get().run("cargo".as_ref(), checkout.project.path(), &words, &checkout.vars())
}

const SCRIPT_THAT_WRITES: &str = "fn main() {\n\
    let out = std::env::var(\"OUT_DIR\").unwrap();\n\
    std::fs::write(format!(\"{out}/made.rs\"), \"pub const MADE: u32 = 7;\").unwrap();\n\
    std::fs::write(format!(\"{out}/data\"), \"data\").unwrap();\n\
    println!(\"cargo:rerun-if-changed=build.rs\");\n}\n";
const LIBRARY_THAT_READS: &str = "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));\n\
    pub fn said() -> String { std::fs::read_to_string(concat!(env!(\"OUT_DIR\"), \"/data\")).unwrap() }\n";

/// Bitcode, which optimising while linking makes of libraries, hides texts; and rustc's notes look harmless, since a file
/// of that folder is included as well.
#[test]
fn a_path_in_bitcode_keeps_a_library_where_it_was_built() {
    let reading = GitRepository::new(&[
        ("Cargo.toml", &package("reading", "")),
        ("build.rs", SCRIPT_THAT_WRITES),
        ("src/lib.rs", LIBRARY_THAT_READS),
    ]);
    let more = format!(
        "\n[dependencies]\nreading = {{ git = {:?} }}\n\n[profile.release]\nlto = true\n",
        reading.url()
    );
    let main = "fn main() { println!(\"{} {}\", reading::said(), reading::MADE); }\n";
    let machine = Machine::new();
    let first = machine
        .lock(Project::without_lock(&[("Cargo.toml", &(package("app", "") + &more)), ("src/main.rs", main)]));
    let second = first.another();
    first.cook(&[]);
    drop(first);
    assert_eq!(second.cook(&[]).1, 1, "the library");
    second.build(&[]);
    assert_eq!(second.says(), "data 7\n");
}
