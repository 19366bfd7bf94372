//! Build scripts that use the path of their sources: they are compiled where they are used, and what they did elsewhere
//! is restored all the same.

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
