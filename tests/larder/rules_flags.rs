//! Rules for profiles, flags and the environment, each with a build that must find every external unit fresh.

use larder_tests::{GitRepository, Project, Surroundings, package, recipes::RECIPES, write_program};

const RELEASE: &[&str] = &["build", "--release"];
const MAIN: &str = "fn main() {}\n";

/// A macro and a build script for the host, and a program that shares a crate with the latter.
const DEPENDENCIES: &str = "\n[dependencies]\nitoa = \"=1.0.15\"\nfnv = \"=1.0.7\"\npaste = \"=1.0.15\"\n\n\
    [build-dependencies]\nfnv = \"=1.0.7\"\n";

/// The package of [`DEPENDENCIES`] with more in its manifest.
fn project(more: &str) -> Project {
    let manifest = package("app", DEPENDENCIES) + more;
    Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", MAIN), ("build.rs", MAIN)])
}

/// A written slice of the given arguments, which is cooked by default, instead of the one that is found.
fn slice(args: &[&str]) -> String {
    format!(
        "\n[package.metadata.larder]\nfind = false\n\n[package.metadata.larder.slices.own]\nvariant = \"release\"\nargs = {args:?}\n"
    )
}

#[test]
fn profile_overrides() {
    let profiles = "\n[profile.release]\ncodegen-units = 1\nstrip = true\ndebug = \"line-tables-only\"\n\n\
        [profile.release.package.\"*\"]\nopt-level = 2\n\n[profile.release.package.itoa]\nopt-level = \"s\"\n\n\
        [profile.release.package.app]\nopt-level = 1\n\n[profile.release.build-override]\nopt-level = 1\n\n\
        [profile.small]\ninherits = \"release\"\nopt-level = \"z\"\n\n[profile.small.package.\"fnv@1\"]\nopt-level = 3\n\n\
        [profile.dev.package.\"*\"]\nopt-level = 1\n";
    // fnv is built twice if host and target differ; here `*` makes them the same for development.
    for (args, fresh) in [(RELEASE, 5), (&["build", "--profile=small"], 5), (&["build"], 4)] {
        let project = project(&format!("{profiles}{}", slice(args)));
        assert_eq!(project.assert_exact(args).fresh, fresh, "{args:?}");
        let recipe = project.recipe("own/0/Cargo.toml");
        assert!(recipe.contains(".package.itoa.") && !recipe.contains(".package.app."), "{recipe}");
    }
}

/// cargo reads profiles from its configuration as well, and recipes find them there too.
#[test]
fn profiles_in_the_configuration() {
    let project = project("");
    project.write(
        ".cargo/config.toml",
        "[profile.release]\nopt-level = 1\n\n[profile.release.package.app]\nopt-level = 2\n",
    );
    project.assert_exact(RELEASE);
    assert!(project.recipe("config.toml").contains("opt-level = 1"));
}

/// With `--target`, or a configured one, flags reach the target's units and not the host's.
#[test]
fn rustflags_of_a_target() {
    let host = Surroundings::get().host();
    let flags = format!(
        "[target.{host}]\nrustflags = [\"--cfg\", \"here\"]\n\n\
        [target.wasm32-unknown-unknown]\nrustflags = [\"--cfg\", \"there\"]\n"
    );
    // cargo knows the second name, and rustc does not.
    for name in [host.as_str(), "host-tuple"] {
        let target = format!("--target={name}");
        let args = ["build", "--release", &target];
        let named = project(&slice(&args));
        named.write(".cargo/config.toml", &flags);
        assert_eq!(named.assert_exact(&args).fresh, 5, "{name}");
        let configured = project("");
        configured.write(".cargo/config.toml", &format!("[build]\ntarget = {name:?}\n\n{flags}"));
        assert_eq!(configured.assert_exact(RELEASE).fresh, 5, "{name}");
        assert!(configured.path().join("target").join(&host).is_dir());
    }
}

/// A variable in somebody's shell is no part of a recipe, and cooking there is exact nonetheless; what a slice adds
/// comes on top of it.
#[test]
fn rustflags_of_the_environment() {
    let cargo = Surroundings::get();
    for (more, flags) in
        [("", "--cfg shell"), ("rustflags = [\"--cfg\", \"own\"]\n", "--cfg shell --cfg own")]
    {
        let project = project(&format!("{}{more}", slice(RELEASE)));
        project.larder(&["lock"]).ok();
        let before = project.recipes();
        let shell = [("RUSTFLAGS", "--cfg shell")];
        cargo.larder_with(project.path(), &["lock"], &shell).ok();
        cargo.larder_with(project.path(), &["lock", "--check"], &shell).ok();
        assert_eq!(project.recipes(), before);
        cargo.larder_with(project.path(), &["cook"], &shell).ok();
        let counts = cargo.cargo_counts(project.path(), RELEASE, &[("RUSTFLAGS", flags)]);
        assert_eq!(counts.compiled_external, 0, "{more}: {counts:?}");
        assert!(counts.fresh > 3, "{more}: {counts:?}");
        let others = cargo.cargo_counts(project.path(), RELEASE, &[("RUSTFLAGS", "--cfg other")]);
        assert!(others.compiled_external > 3, "the flags are part of every unit: {others:?}");
    }
}

/// A crate that is another one with each value of a variable.
fn flavoured() -> (GitRepository, String) {
    let repository = GitRepository::new(&[
        ("Cargo.toml", &package("flavoured", "")),
        ("src/lib.rs", "pub const FLAVOUR: Option<&str> = option_env!(\"FLAVOUR\");\n"),
    ]);
    let dependency = format!("\n[dependencies]\nflavoured = {{ git = {:?} }}\n", repository.url());
    (repository, package("app", &dependency))
}

#[test]
fn configured_environment_that_a_crate_reads() {
    let (_repository, manifest) = flavoured();
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", MAIN)]);
    project.larder(&["lock"]).ok();
    for env in ["FLAVOUR = \"sweet\"", "FLAVOUR = { value = \"sour\", force = true }", "OTHER = \"x\""] {
        project.write(".cargo/config.toml", &format!("[env]\n{env}\n"));
        assert_eq!(project.larder(&["lock", "--check"]).code, 3, "{env}");
        assert_eq!(project.assert_exact(RELEASE).fresh, 1, "{env}");
        let counts = plain_cook_elsewhere(&project);
        assert_eq!(counts, (0, 1), "{env}: what is cooked without the source is the same");
    }
}

#[test]
fn environment_of_a_slice_that_a_crate_reads() {
    let (_repository, manifest) = flavoured();
    let manifest = format!("{manifest}{}env = {{ FLAVOUR = \"salty\" }}\n", slice(RELEASE));
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", MAIN)]);
    project.larder(&["lock"]).ok();
    project.larder(&["cook"]).ok();
    let cargo = Surroundings::get();
    let salty = cargo.cargo_counts(project.path(), RELEASE, &[("FLAVOUR", "salty")]);
    assert_eq!((salty.compiled_external, salty.fresh), (0, 1), "{salty:?}");
    let bitter = cargo.cargo_counts(project.path(), RELEASE, &[("FLAVOUR", "bitter")]);
    assert_eq!(bitter.compiled_external, 1, "cargo compares the variable: {bitter:?}");
}

/// Cooks as a container does, where only `larder/` is there and its shared configuration in the root's place, and
/// brings the source after it. Returns what the build compiled of external units, and what it found.
fn plain_cook_elsewhere(project: &Project) -> (usize, usize) {
    let image = Project::without_lock(&[]);
    project.expand_alone(image.path());
    assert!(image.path().join(".cargo/config.toml").is_file());
    let cargo = Surroundings::get();
    let recipe = image.path().join(RECIPES).join("release/0");
    cargo.cargo_counts(&recipe, &["build", "--release", "--locked"], &[]);
    for file in ["Cargo.toml", "Cargo.lock", "src/main.rs", ".cargo/config.toml"] {
        image.write(file, &project.read(file));
    }
    let counts = cargo.cargo_counts(image.path(), RELEASE, &[]);
    (counts.compiled_external, counts.fresh)
}

/// A recipe is cooked in a folder of its own, and relative paths of its slice are the workspace's all the same.
#[cfg(unix)]
#[test]
fn relative_paths_of_a_slices_configuration_are_the_workspaces() {
    let wrapper = "#!/bin/sh\n[ -f Cargo.toml ] && touch \"$WRAPPED\"\nexec \"$@\"\n";
    for config in ["build.rustc-wrapper='tools/wrap'", "ci/cargo.toml", "ci/outer.toml"] {
        let slices = format!(
            "\n[dependencies]\nitoa = \"1\"\n\n[package.metadata.larder]\nfind = false\n\n\
             [package.metadata.larder.slices.own]\nargs = [\"build\", \"--release\", \"--config\", {config:?}]\n"
        );
        let project = Project::new(&[
            ("Cargo.toml", &(package("app", "") + &slices)),
            ("src/main.rs", "fn main() {}\n"),
            ("ci/cargo.toml", "[build]\nrustc-wrapper = \"tools/wrap\"\nrustflags = [\"--cfg\", \"own\"]\n"),
            ("ci/outer.toml", "include = [\"cargo.toml\"]\n"),
        ]);
        write_program(project.path().join("tools/wrap"), wrapper);
        let mark = project.path().join("wrapped");
        let vars = [("WRAPPED", mark.to_str().unwrap())];
        let surroundings = Surroundings::get();
        surroundings.larder_with(project.path(), &["lock"], &vars).ok();
        assert!(!project.read("larder/larder.lock").contains("../ci/"), "the recipe needs no other file");
        surroundings.larder_with(project.path(), &["cook", "own"], &vars).ok();
        assert!(mark.exists(), "{config}: the wrapper is the workspace's");
        let built = ["build", "--release", "--config", config];
        let counts = surroundings.cargo_counts(project.path(), &built, &vars);
        assert_eq!((counts.compiled, counts.fresh), (1, 1), "{config}: {counts:?}");
    }
}

/// The page on exactness has the words.
#[test]
fn flags_with_a_space_are_refused_by_name() {
    let own = slice(RELEASE);
    assert_refused(
        &project(&format!("{own}rustflags = [\"--cfg x\"]\n")),
        "rustflags: \"--cfg x\" holds a space",
    );
    let project = project(&format!("{own}rustflags = [\"--cfg\", \"x\"]\n"));
    project.larder(&["plan"]).ok();
    project.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", 'a=\"b c\"']\n");
    assert_refused(&project, "rustflags: flag in rustflags must not contain its separator (' ')");
}

fn assert_refused(project: &Project, words: &str) {
    let plan = project.larder(&["plan"]);
    assert!(plan.code == 1 && plan.stderr.contains(words), "{plan:?}");
    assert_eq!(plan.stderr.matches("error: ").count(), 1, "{}", plan.stderr);
}
