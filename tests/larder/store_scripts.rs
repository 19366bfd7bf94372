//! Build scripts that use the path of their sources: they are compiled where they are used, and what they did elsewhere
//! is restored all the same. A unit that holds the path of the folder it was made in is made again.

use std::path::Path;

use larder_tests::{GitRepository, Machine, Project, Surroundings, machine::NEW_LAYOUT, package};

const MANIFEST: &str = "[package]\nname = \"slow\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";
/// It says when it starts and when it is done, in a file that cargo does not know of.
const SCRIPT: &str = r#"
use std::{env, fs, io::Write, path::Path};
fn note(word: &str) {
    let Ok(log) = env::var("RUNS") else { return };
    let log = fs::OpenOptions::new().append(true).create(true).open(log);
    writeln!(log.unwrap(), "{word}").unwrap();
}
fn main() {
    println!("cargo::rerun-if-changed=data.txt");
    println!("cargo::rerun-if-env-changed=WORD");
    note("started");
    let out = env::var("OUT_DIR").unwrap();
    fs::write(Path::new(&out).join("half.rs"), "of a run that was ended").unwrap();
    std::thread::sleep(std::time::Duration::from_secs(2));
    let data = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/data.txt")).unwrap();
    let word = env::var("WORD").unwrap_or_default();
    fs::remove_file(Path::new(&out).join("half.rs")).unwrap();
    fs::write(Path::new(&out).join("said.rs"), format!("\"{}{word}\"", data.trim())).unwrap();
    note("finished");
}
"#;
const LIB: &str = "pub const SAID: &str = include!(concat!(env!(\"OUT_DIR\"), \"/said.rs\"));\n";

#[test]
fn the_run_of_a_script_that_uses_its_own_path_is_restored() {
    for layout in [&[][..], &NEW_LAYOUT[..]] {
        let package_of_others = GitRepository::new(&[
            ("Cargo.toml", MANIFEST),
            ("build.rs", SCRIPT),
            ("src/lib.rs", LIB),
            ("data.txt", "data\n"),
        ]);
        let manifest = format!("\n[dependencies]\nslow = {{ git = {:?} }}\n", package_of_others.url());
        let project = Project::without_lock(&[
            ("Cargo.toml", &package("app", &manifest)),
            ("src/main.rs", "fn main() { println!(\"{}\", slow::SAID); }\n"),
        ]);
        let machine = Machine::new();
        let first = machine.lock(project);
        let log = tempfile::tempdir().unwrap();
        let runs = log.path().join("runs");
        let vars = [layout, &[("RUNS", runs.to_str().unwrap())]].concat();
        assert_eq!(first.cook(&vars), (0, 2));
        assert_eq!(finished(&runs), 1);
        let second = first.another();
        drop(first);

        assert_eq!(
            second.cook(&vars),
            (2, 1),
            "the run and the library are restored, the script is compiled"
        );
        assert_eq!(finished(&runs), 1, "what the script did elsewhere is not done again");
        let counts = second.build(&vars);
        assert_eq!((counts.compiled, counts.compiled_external), (1, 0), "{counts:?}");
        assert_eq!(second.says(), "data\n");
        let find = ["target", "-name", "half.rs"];
        let left = Surroundings::get().run("find".as_ref(), second.project.path(), &find, &[]).ok();
        assert_eq!(left.stdout, "", "a run that was ended left a file");
        assert_eq!(second.cook(&vars), (0, 0), "it stays");

        // cargo runs again the script that was compiled here.
        let other = [vars.as_slice(), &[("WORD", "!")]].concat();
        second.build(&other);
        assert_eq!((second.says().as_str(), finished(&runs)), ("data!\n", 2));
    }
}

fn finished(runs: &Path) -> usize {
    fs_err::read_to_string(runs).unwrap().matches("finished").count()
}

const LISTING: &str = r#"
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = std::env::var("OUT_DIR").unwrap();
    let data = format!("{out}/data.txt");
    std::fs::write(&data, "data\n").unwrap();
    std::fs::write(format!("{out}/made.rs"), "1").unwrap();
    std::fs::write(format!("{out}/list"), format!("[{data:?}]")).unwrap();
    println!("cargo::metadata=list={out}/list");
}
"#;
/// It reads the file that is in the list of the other one.
const READING: &str = r#"
fn main() {
    let list = std::fs::read_to_string(std::env::var("DEP_LISTED_LIST").unwrap()).unwrap();
    let data = std::fs::read_to_string(list.trim_matches(['[', ']', '"'])).unwrap();
    println!("cargo::rustc-env=DATA={}", data.trim());
}
"#;

/// It looks for a file in the folder that the library names.
const LOOKING: &str = r#"
fn main() {
    assert_eq!(listed::MADE, 1);
    print!("{}", std::fs::read_to_string(std::path::Path::new(listed::DIR).join("data.txt")).unwrap());
}
"#;

#[test]
fn a_list_of_paths_that_a_script_wrote_is_written_again() {
    let (found, counts) = elsewhere(
        &[LISTING, "pub fn nothing() {}\n"],
        &[READING, "fn main() { listed::nothing(); println!(\"{}\", env!(\"DATA\")); }\n"],
    );
    assert_eq!(found, "data\n");
    assert_eq!(counts, (1, 1), "the script is restored and runs again, and its library is compiled");
}

#[test]
fn a_library_with_a_path_in_a_constant_is_compiled_again() {
    let script = LISTING.replace("cargo::metadata=list={out}/list", "cargo::rustc-env=DATA_DIR={out}");
    let script = script.replace("[{data:?}]", "no paths");
    let include = "pub const MADE: u8 = include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));\n";
    for variable in ["DATA_DIR", "OUT_DIR"] {
        let library = format!("{include}pub const DIR: &str = env!({variable:?});\n");
        let (found, counts) = elsewhere(&[&script, &library], &["fn main() {}\n", LOOKING]);
        assert_eq!(found, "data\n", "{variable}");
        assert_eq!(
            counts,
            (2, 1),
            "{variable}: the script and its run are restored, the library is compiled"
        );
    }
}

/// Builds a program in a second checkout after the first one is gone. Both are given as build script and source. Says
/// what the program says, and how many units of the library were restored and compiled.
fn elsewhere(library: &[&str; 2], program: &[&str; 2]) -> (String, (u64, u64)) {
    let manifest = package("listed", "links = \"listed\"\n");
    let listed = GitRepository::new(&[
        ("Cargo.toml", &manifest),
        ("build.rs", library[0]),
        ("src/lib.rs", library[1]),
    ]);
    let manifest = package("app", &format!("\n[dependencies]\nlisted = {{ git = {:?} }}\n", listed.url()));
    let project = Project::without_lock(&[
        ("Cargo.toml", &manifest),
        ("build.rs", program[0]),
        ("src/main.rs", program[1]),
    ]);
    let machine = Machine::new();
    let first = machine.lock(project);
    assert_eq!(first.cook(&[]), (0, 2));
    let second = first.another();
    drop(first);
    let counts = second.cook(&[]);
    assert_eq!(second.build(&[]).compiled_external, 0);
    (second.says(), counts)
}
