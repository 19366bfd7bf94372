//! Rules for where external crates come from, each with a build that must find every external unit fresh.

use larder_tests::{GitRepository, Project, Surroundings, package};
use serde_json::Value;

const RELEASE: &[&str] = &["build", "--release"];
const MAIN: &str = "fn main() {}\n";

/// The recipe's manifest of the one slice that is found.
fn recipe(project: &Project) -> String {
    project.recipe("release/0/Cargo.toml")
}

/// A program with the given dependencies.
pub(crate) fn program(dependencies: &str) -> Project {
    Project::new(&[
        ("Cargo.toml", &package("app", &format!("\n[dependencies]\n{dependencies}\n"))),
        ("src/main.rs", MAIN),
    ])
}

/// A repository that is a workspace: `outer` stands on its path dependency `inner` and on crates.io.
pub(crate) fn repository() -> GitRepository {
    let outer = "\n[dependencies]\ninner = { path = \"../inner\" }\nfnv = \"=1.0.7\"\n\n\
        [build-dependencies]\ninner = { path = \"../inner\", features = [\"more\"] }\n";
    GitRepository::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"outer\", \"inner\"]\nresolver = \"2\"\n"),
        ("outer/Cargo.toml", &package("outer", outer)),
        ("outer/src/lib.rs", ""),
        ("outer/build.rs", MAIN),
        ("inner/Cargo.toml", &package("inner", "\n[features]\nmore = []\n")),
        ("inner/src/lib.rs", ""),
    ])
}

#[test]
fn git_by_branch_tag_revision_and_default() {
    let repository = repository();
    let revision = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["tag", "v1/first"]);
    repository.git(&["branch", "feature/x#y"]);
    repository.write("outer/src/lib.rs", "compile_error!(\"this commit is not asked for\");\n");
    repository.commit();
    let references = [
        ("branch", "feature/x#y".to_owned()),
        ("tag", "v1/first".to_owned()),
        ("rev", revision.trim().to_owned()),
    ];
    for (kind, value) in references {
        let project = program(&format!("outer = {{ git = {:?}, {kind} = {value:?} }}", repository.url()));
        let counts = project.assert_exact(RELEASE);
        // Its build script, its two shapes of `inner`, fnv and itself.
        assert_eq!(counts.fresh, 5, "{kind}");
        assert!(recipe(&project).contains(&format!("{kind} = {value:?}")), "{}", recipe(&project));
    }
    let head = program(&format!("inner = {{ git = {:?} }}", repository.url()));
    assert_eq!(head.assert_exact(RELEASE).fresh, 1);
}

/// The package is the same by name, version and branch, and yet another one.
#[test]
fn a_branch_that_moved_is_another_source() {
    let repository = repository();
    let outer = format!("outer = {{ git = {:?}, branch = \"main\" }}", repository.url());
    let others = "cfg-if = \"=1.0.1\"\neither = \"=1.15.0\"\nitoa = \"=1.0.15\"\n";
    let project = program(&format!("{others}{outer}"));
    project.assert_exact(RELEASE);
    repository.write("inner/src/lib.rs", "pub fn new() {}\n");
    repository.commit();
    project.larder(&["lock", "--check"]).ok();
    project.cargo(&["update", "--quiet", "inner"]);
    assert_eq!(project.larder(&["lock", "--check"]).code, 3);
    project.assert_exact(RELEASE);
    // A frozen layer holds no commit that `Cargo.lock` does not name: anybody could have written it there.
    assert_eq!(project.layers("release"), 1);
}

/// A unit that stands on a patched path is built with the application, and named; its build script comes along.
#[test]
fn patch_to_a_path() {
    let manifest = package("app", "\n[dependencies]\nserde_json = \"=1.0.140\"\ncfg-if = \"=1.0.1\"\n")
        + "\n[patch.crates-io]\nitoa = { path = \"patched\" }\n";
    let itoa = "pub use buffer::*;\nmod buffer {\n    pub struct Buffer;\n    pub trait Integer: ToString {}\n    \
        impl<T: ToString> Integer for T {}\n    impl Buffer {\n        pub fn new() -> Self { Self }\n        \
        pub fn format<I: Integer>(&mut self, i: I) -> &str { Box::leak(i.to_string().into_boxed_str()) }\n    \
        }\n}\n";
    let project = Project::new(&[
        ("Cargo.toml", &manifest),
        ("src/main.rs", MAIN),
        ("patched/Cargo.toml", &package("itoa", "").replace("0.1.0", "1.0.15")),
        ("patched/src/lib.rs", itoa),
    ]);
    let counts = project.cook_then_build(RELEASE);
    assert!(counts.fresh > 3, "{counts:?}");
    // The library and the build script of serde_json.
    assert_eq!((counts.compiled, counts.compiled_external), (4, 2), "{counts:?}");
    assert!(!recipe(&project).contains("itoa") && !recipe(&project).contains("serde_json"));
    let locked: Value = serde_json::from_str(&project.larder(&["lock", "--json"]).ok().stdout).unwrap();
    let plan: Value = serde_json::from_str(&project.larder(&["plan", "--json"]).ok().stdout).unwrap();
    for tainted in [&locked["slices"][0]["tainted"], &plan["slices"][0]["tainted"]] {
        let names: Vec<&str> = tainted.as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        assert!(matches!(names[..], [one] if one.ends_with("#serde_json@1.0.140")), "{names:?}");
    }
    let told = project.larder(&["lock"]).ok().stderr;
    let line = told.lines().find(|line| line.contains("Tainted")).unwrap();
    assert!(line.contains("serde_json@1.0.140") && !line.contains("ryu"), "{told}");
}

/// A patch in cargo's configuration reaches recipes by itself; a path in it is the application's.
#[test]
fn patch_to_a_path_in_the_configuration() {
    let project = Project::new(&[
        ("Cargo.toml", &package("app", "\n[dependencies]\nfnv = \"=1.0.7\"\ncfg-if = \"=1.0.1\"\n")),
        (".cargo/config.toml", "[patch.crates-io]\nfnv = { path = \"patched\" }\n"),
        ("src/main.rs", MAIN),
        ("patched/Cargo.toml", &package("fnv", "").replace("0.1.0", "1.0.7")),
        ("patched/src/lib.rs", ""),
    ]);
    let counts = project.assert_exact(RELEASE);
    assert_eq!((counts.compiled, counts.fresh), (2, 1));
    // cargo writes its version into the recipe's lock file.
    project.write("patched/Cargo.toml", &package("fnv", "").replace("0.1.0", "1.0.8"));
    project.cargo(&["update", "--quiet", "--workspace"]);
    assert_eq!(project.larder(&["lock", "--check"]).code, 3);
    project.assert_exact(RELEASE);
}

/// Everything that stands on the patched crate stays external, in both versions of it.
#[test]
fn patch_to_git() {
    let itoa = "pub struct Buffer;\npub trait Integer: ToString {}\nimpl<T: ToString> Integer for T {}\n\
        impl Buffer {\n    pub fn new() -> Self { Self }\n    \
        pub fn format<I: Integer>(&mut self, i: I) -> &str { Box::leak(i.to_string().into_boxed_str()) }\n}\n";
    let repository = GitRepository::new(&[
        ("Cargo.toml", &package("itoa", "").replace("0.1.0", "1.0.15")),
        ("src/lib.rs", itoa),
        ("unused/Cargo.toml", &package("either", "").replace("0.1.0", "1.15.0")),
        ("unused/src/lib.rs", ""),
    ]);
    let url = repository.url();
    let manifest = package(
        "app",
        "\n[dependencies]\nserde_json = \"=1.0.140\"\nold = { package = \"itoa\", version = \"=0.4.8\" }\n",
    ) + &format!(
        "\n[dev-dependencies]\neither = \"=1.15.0\"\n\n[patch.crates-io]\n\
            new = {{ package = \"itoa\", git = {url:?} }}\neither = {{ git = {url:?} }}\n"
    );
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", MAIN)]);
    let counts = project.assert_exact(RELEASE);
    assert_eq!(counts.compiled, 1);
    assert!(recipe(&project).contains("patch.crates-io.new.git = "), "{}", recipe(&project));
    assert!(!recipe(&project).contains("either"), "{}", recipe(&project));
}

/// With a vendored folder the network is not needed, for crates.io and for git.
#[test]
fn a_vendored_folder() {
    let repository = repository();
    let dependencies =
        format!("paste = \"=1.0.15\"\nouter = {{ git = {:?}, branch = \"main\" }}", repository.url());
    let project = program(&dependencies);
    let registry = project.assert_exact(RELEASE);
    let config = project.cargo(&["vendor", "--quiet"]).stdout;
    project.write(".cargo/config.toml", &format!("{config}\n[net]\noffline = true\n"));
    assert_eq!(project.larder(&["lock", "--check"]).code, 3, "the source changed");
    let vendored = project.assert_exact(RELEASE);
    assert_eq!(vendored.fresh, registry.fresh);
    assert_eq!(project.layers("release"), 1, "no unit of the old sources can be used");
}

/// A registry in a folder: a git repository as index, and the packages as archives beside it.
pub(crate) struct Registry {
    pub(crate) index: GitRepository,
    archives: Project,
}

impl Registry {
    pub(crate) fn new() -> Self {
        let archives = Project::without_lock(&[]);
        let config =
            format!("{{\"dl\":\"file://{}/{{crate}}-{{version}}.crate\"}}\n", archives.path().display());
        Self { index: GitRepository::new(&[("config.json", &config)]), archives }
    }

    /// Publishes a package of seven letters or more, `needs` being another one of this registry.
    pub(crate) fn publish(&self, name: &str, code: &str, needs: Option<&str>) {
        let folder = format!("{name}-0.1.0");
        let dependency = needs.map_or_else(String::new, |needs| format!("{needs} = \"0.1\"\n"));
        self.archives.write(
            &format!("{folder}/Cargo.toml"),
            &package(name, &format!("\n[dependencies]\n{dependency}")),
        );
        self.archives.write(&format!("{folder}/src/lib.rs"), code);
        let archive = format!("{folder}.crate");
        self.run("tar", &["-czf", &archive, &folder]);
        let sum = self.run("sha256sum", &[&archive]);
        let deps: Vec<Value> = needs
            .into_iter()
            .map(|needs| {
                serde_json::json!({
                    "name": needs, "req": "^0.1", "features": [], "optional": false, "default_features": true,
                    "target": null, "kind": "normal",
                })
            })
            .collect();
        let line = serde_json::json!({
            "name": name, "vers": "0.1.0", "deps": deps, "features": {"more": []}, "yanked": false,
            "cksum": sum.split_whitespace().next().unwrap(),
        });
        let entry = format!("{}/{}/{name}", &name[..2], &name[2..4]);
        self.index.write(&entry, &format!("{line}\n"));
        self.index.commit();
    }

    /// Runs a program where the archives are.
    fn run(&self, program: &str, args: &[&str]) -> String {
        Surroundings::get().run(program.as_ref(), self.archives.path(), args, &[]).ok().stdout
    }
}

#[test]
fn an_alternate_registry() {
    let registry = Registry::new();
    registry.publish("interior", "", None);
    registry.publish("exterior", "pub use interior;\n", Some("interior"));
    let dependencies = "\n[dependencies]\nfnv = \"=1.0.7\"\n\
        exterior = { version = \"0.1\", registry = \"ours\" }\n\
        interior = { version = \"0.1\", registry = \"ours\", features = [\"more\"] }\n";
    let config = format!("[registries.ours]\nindex = {:?}\ntoken = \"secret\"\n", registry.index.url());
    let project = Project::new(&[
        ("Cargo.toml", &package("app", dependencies)),
        (".cargo/config.toml", &config),
        ("src/main.rs", MAIN),
    ]);
    assert_eq!(project.assert_exact(RELEASE).fresh, 3);
    assert!(recipe(&project).contains("registry-index"), "{}", recipe(&project));
    assert!(!project.recipes().iter().any(|(_, text)| text.contains("secret")));
}
