//! Damage in the place of a file that Larder generates, or that the project commits and Larder reads: each verb ends
//! soon, and heals it, does without it, or says one error that names it.

use larder_tests::{Outcome, Project, Surroundings, package};

use crate::damaged::{Thing, run};

const THINGS: [Thing; 6] =
    [Thing::NoText, Thing::Folder, Thing::FullFolder, Thing::Pipe, Thing::Socket, Thing::Link];

/// A file, and the verbs that read or write it.
struct Place {
    path: &'static str,
    verbs: &'static [&'static str],
}

const GENERATED: [Place; 5] = [
    Place { path: "Dockerfile", verbs: &["dockerfile", "dockerfile --check", "lock", "doctor"] },
    Place { path: ".dockerignore", verbs: &["dockerfile", "dockerfile --check", "lock", "doctor"] },
    Place { path: ".github/workflows/larder.yml", verbs: &["init --yes --only ci", "doctor"] },
    Place { path: "flake.nix", verbs: &["init --yes --nix", "doctor"] },
    Place { path: ".envrc", verbs: &["init --yes --nix", "doctor"] },
];

const COMMITTED: [Place; 6] = [
    Place { path: ".gitignore", verbs: &["init --yes", "lock", "doctor", "dockerfile"] },
    Place { path: ".gitattributes", verbs: &["init --yes", "lock", "doctor"] },
    Place { path: ".cargo/config.toml", verbs: &["lock", "plan", "init --yes", "doctor", "build"] },
    Place { path: "Cargo.toml", verbs: &["lock", "plan", "init --yes", "doctor", "cook"] },
    Place { path: "Cargo.lock", verbs: &["lock", "plan", "lock --check", "doctor", "dockerfile"] },
    Place { path: "rust-toolchain.toml", verbs: &["lock", "plan", "doctor"] },
];

fn project() -> Project {
    let manifest = package("app", "") + "\n[dependencies]\nitoa = \"=1.0.15\"\n";
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")]);
    for words in [["init", "--quiet"], ["add", "."]] {
        Surroundings::get().run("git".as_ref(), project.path(), &words, &[]).ok();
    }
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    project
}

/// Whether a run did its work, or said one error that names the file.
fn is_clear(outcome: &Outcome, path: &str) -> bool {
    let errors: Vec<&str> = outcome.stderr.split("\nerror: ").collect();
    let is_error = outcome.stderr.starts_with("error: ") || errors.len() > 1;
    match outcome.code {
        0 | 3 | 4 => true,
        1 => is_error && outcome.stderr.contains(path),
        _ => false,
    }
}

fn attack(places: &[Place]) {
    let is_full = larder_tests::is_full();
    let (mut runs, mut refused, mut wrong) = (0, 0, Vec::new());
    for place in places {
        let project = project();
        let path = project.path().join(place.path);
        let text = fs_err::read(&path).ok();
        for (number, thing) in THINGS.into_iter().enumerate() {
            // In a short run each thing meets every other verb; LARDER_TEST_FULL=1 tries all.
            let verbs = place.verbs.iter().enumerate();
            for (_, verb) in verbs.filter(|(index, _)| is_full || (number + index).is_multiple_of(2)) {
                thing.put(&path);
                let outcome = run(&project, verb);
                runs += 1;
                refused += usize::from(outcome.code == 1);
                if !is_clear(&outcome, place.path) {
                    wrong.push(format!("{} {thing:?}: {verb}: {outcome:?}", place.path));
                }
            }
        }
        // And nothing is broken for good.
        Thing::Nothing.put(&path);
        if let Some(text) = text {
            fs_err::write(&path, text).unwrap();
        }
        run(&project, "lock").ok();
        run(&project, "lock --check").ok();
    }
    println!("{runs} runs over {} places: {refused} refused, {} wrong", places.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn generated_files_may_be_anything() {
    attack(&GENERATED);
}

#[test]
fn committed_files_may_be_anything() {
    attack(&COMMITTED);
}
