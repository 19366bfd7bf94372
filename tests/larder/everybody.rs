//! Recipes are the project's: neither a person's settings nor what builds ignore gets into them.

use std::path::Path;

use larder_tests::{GitRepository, Outcome, Project, Surroundings, package};

/// Two members that want different features of one package, and a dependency that hangs on what a stable rustc does
/// not tell.
fn project() -> (Project, GitRepository) {
    let far = package("far", "\n[features]\nf = []\n");
    let repository = GitRepository::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"far\", \"near\"]\nresolver = \"2\"\n"),
        ("far/Cargo.toml", &far),
        ("far/build.rs", "fn main() {}\n"),
        ("far/src/lib.rs", ""),
        ("near/Cargo.toml", &package("near", "")),
        ("near/src/lib.rs", ""),
    ]);
    let url = repository.url();
    let project = Project::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"app\", \"other\"]\ndefault-members = [\"app\"]\nresolver = \"2\"\n\n\
             [profile.release]\ndebug = 0\n",
        ),
        ("app/Cargo.toml", &member("app", "", &url)),
        ("app/src/main.rs", "fn main() {}\n"),
        ("other/Cargo.toml", &member("other", "\"f\"", &url)),
        ("other/src/lib.rs", ""),
    ]);
    (project, repository)
}

fn member(name: &str, features: &str, url: &str) -> String {
    let far = format!("far = {{ git = {url:?}, features = [{features}] }}");
    format!(
        "{}\n[dependencies]\n{far}\n\n[target.'cfg(overflow_checks)'.dependencies]\nnear = {{ git = {url:?} }}\n",
        package(name, "")
    )
}

/// The query for a unit graph makes a stable cargo obey what its builds ignore.
#[test]
fn what_a_stable_cargo_ignores_stays_out() {
    if Surroundings::get().run("cargo".as_ref(), ".".as_ref(), &["-V"], &[]).ok().stdout.contains("nightly") {
        return larder_tests::skip("what_a_stable_cargo_ignores_stays_out", "this cargo is a nightly");
    }
    let unification = "[resolver]\nfeature-unification = \"workspace\"\n";
    let switch = "[unstable]\nfeature-unification = true\n";
    for (config, slice, vars) in [
        (format!("{unification}{switch}"), "", vec![]),
        (unification.to_owned(), "", vec![("CARGO_UNSTABLE_FEATURE_UNIFICATION", "true")]),
        (
            unification.to_owned(),
            "\n[workspace.metadata.larder]\nfind = false\n[workspace.metadata.larder.slices.release]\n\
             args = [\"build\", \"--release\", \"--config=unstable.feature-unification=true\"]\n",
            vec![],
        ),
    ] {
        let (project, _repository) = project();
        project.write(".cargo/config.toml", &config);
        project.write("Cargo.toml", &(project.read("Cargo.toml") + slice));
        let surroundings = Surroundings::get();
        for verb in ["lock", "cook"] {
            surroundings.larder_with(project.path(), &[verb], &vars).ok();
        }
        let counts = surroundings.cargo_counts(project.path(), &["build", "--release"], &vars);
        assert_eq!((counts.compiled, counts.fresh), (1, 2), "{config} {vars:?} {counts:?}");
    }
}

#[test]
fn one_persons_variables_stay_out() {
    let (project, _repository) = project();
    project.larder(&["lock"]).ok();
    let recipes = project.recipes();
    for (name, value) in [
        ("CARGO_PROFILE_RELEASE_DEBUG", "1"),
        ("RUSTFLAGS", "--cfg overflow_checks"),
        ("CARGO_ENCODED_RUSTFLAGS", "--cfg\u{1f}overflow_checks"),
        ("CARGO_BUILD_TARGET", "wasm32-unknown-unknown"),
        ("CARGO_BUILD_RUSTFLAGS", "--cfg overflow_checks"),
        ("CARGO_INCREMENTAL", "1"),
        ("RUSTC_BOOTSTRAP", "1"),
    ] {
        let surroundings = Surroundings::get();
        let vars = [(name, value)];
        surroundings.larder_with(project.path(), &["lock", "--check"], &vars).ok();
        fs_err::remove_dir_all(project.path().join("larder")).unwrap();
        surroundings.larder_with(project.path(), &["lock"], &vars).ok();
        assert_eq!(project.recipes(), recipes, "{name}");
    }
    // A build with the variable compiles what it always did, and so does cooking.
    let vars = [("CARGO_PROFILE_RELEASE_DEBUG", "1")];
    Surroundings::get().larder_with(project.path(), &["cook"], &vars).ok();
    let counts = Surroundings::get().cargo_counts(project.path(), &["build", "--release"], &vars);
    assert_eq!((counts.compiled, counts.fresh), (1, 2), "{counts:?}");
}

/// cargo cannot be told to leave a file out, so what would reach a recipe is named. A setting that does not reach one
/// is anybody's.
#[test]
fn one_persons_configuration_stays_out_or_is_named() {
    let (project, _repository) = project();
    let home = tempfile::tempdir().unwrap();
    lock_with(&project, home.path(), "[build]\njobs = 1\n[net]\nretry = 1\n[term]\nquiet = false\n").ok();
    let recipes = project.recipes();
    for (config, key) in [
        ("[profile.release]\ndebug = 1\n", "profile.release.debug"),
        ("[build]\ntarget = \"wasm32-unknown-unknown\"\n", "build.target"),
    ] {
        let refused = lock_with(&project, home.path(), config);
        assert_eq!(refused.code, 1, "{}", refused.stderr);
        assert!(
            refused.stderr.contains(&format!("config.toml: `{key}` reaches every recipe")),
            "{}",
            refused.stderr
        );
        assert_eq!(project.recipes(), recipes);
    }
}

fn lock_with(project: &Project, home: &Path, config: &str) -> Outcome {
    fs_err::write(home.join("config.toml"), config).unwrap();
    let vars = [("CARGO_HOME", home.to_str().unwrap())];
    Surroundings::get().larder_with(project.path(), &["lock"], &vars)
}

/// cargo reads the files of all folders above, whoever's they are. One that every clone has is the project's.
#[test]
fn a_configuration_above_is_named_unless_it_is_the_projects() {
    let project = Project::without_lock(&[
        (".cargo/config.toml", "[profile.release]\ndebug = 1\n"),
        ("ws/Cargo.toml", &package("app", "\n[dependencies]\nitoa = \"=1.0.14\"\n")),
        ("ws/src/main.rs", "fn main() {}\n"),
    ]);
    project.cargo(&["generate-lockfile", "--quiet", "--manifest-path", "ws/Cargo.toml"]);
    let refused = format!(
        "{}/.cargo/config.toml: `profile.release.debug` reaches every recipe, and is not the project's",
        project.path().display()
    );
    let steps: [&[&[&str]]; 2] = [&[], &[&["init", "--quiet"], &["add", "ws"]]];
    for step in steps {
        step.iter().for_each(|args| drop(project.git(args)));
        let outcome = lock_below(&project);
        assert_eq!(outcome.code, 1, "{}", outcome.stderr);
        assert!(outcome.stderr.contains(&refused), "{}", outcome.stderr);
    }
    project.git(&["add", ".cargo"]);
    lock_below(&project).ok();
}

fn lock_below(project: &Project) -> Outcome {
    Surroundings::get().larder(&project.path().join("ws"), &["lock"])
}
