//! Rules for what members may ask of external crates, each with a build that must find every unit fresh.

use larder_tests::{GitRepository, Project, Surroundings, package};

const RELEASE: &[&str] = &["build", "--release"];
const MAIN: &str = "fn main() {}\n";

/// The recipe's manifest of the one slice that is found.
fn recipe(project: &Project) -> String {
    project.recipe("release/0/Cargo.toml")
}

/// Two versions of one crate under names of the user's own, on both sides; optional ones with every spelling of a
/// feature, and one that stays off.
#[test]
fn renamed_and_optional_dependencies() {
    let manifest = package(
        "app",
        "\n[features]\ndefault = [\"numbers\", \"weak\"]\n\
        numbers = [\"dep:new\", \"fnv/std\"]\nweak = [\"either?/use_std\"]\noff = [\"dep:either\"]\n\n\
        [dependencies]\nold = { package = \"itoa\", version = \"=0.4.8\", default-features = false }\n\
        new = { package = \"itoa\", version = \"=1.0.15\", optional = true }\n\
        fnv = { version = \"=1.0.7\", default-features = false, optional = true }\n\
        either = { version = \"=1.15.0\", default-features = false, optional = true }\n\n\
        [build-dependencies]\nold = { package = \"itoa\", version = \"=0.4.8\" }\n",
    );
    let code = "fn main() { new::Buffer::new().format(1); old::Buffer::new().format(2); fnv::FnvHashMap::<u8, u8>::default(); }\n";
    let build = "fn main() { old::write(std::io::sink(), 1).unwrap(); }\n";
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", code), ("build.rs", build)]);
    assert_eq!(project.assert_exact(RELEASE).fresh, 4);
    assert!(!recipe(&project).contains("either"), "{}", recipe(&project));
}

/// Tables by expression, by triple and by feature of the target, of which only some hold here.
#[test]
fn target_specific_dependencies() {
    let host = Surroundings::get().host();
    let manifest = package(
        "app",
        &format!(
            "\n[dependencies]\ncfg-if = \"=1.0.1\"\n\n\
        [target.'cfg(unix)'.dependencies]\nitoa = \"=1.0.15\"\neither = {{ version = \"=1.15.0\", default-features = false }}\n\n\
        [target.{host}.dependencies]\nfnv = \"=1.0.7\"\n\n\
        [target.'cfg(target_pointer_width = \"64\")'.build-dependencies]\nmemchr = {{ version = \"=2.7.4\", default-features = false }}\n\n\
        [target.'cfg(windows)'.dependencies]\nwindows-link = \"=0.1.3\"\neither = \"=1.15.0\"\n\n\
        [target.wasm32-unknown-unknown.dependencies]\nitoa = {{ version = \"=1.0.15\", features = [\"no-panic\"] }}\n"
        ),
    );
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", MAIN), ("build.rs", MAIN)]);
    assert_eq!(project.assert_exact(RELEASE).fresh, 5);
    let text = recipe(&project);
    assert!(
        !text.contains("windows-link") && !text.contains("use_std") && !text.contains("no-panic"),
        "{text}"
    );
}

/// C code that a registry crate compiles, and what its build script says to those of its dependents.
#[test]
fn links_to_c_code() {
    let manifest = package(
        "app",
        "build = \"build.rs\"\n\n[dependencies.libz-sys]\nversion = \"=1.1.22\"\n\
        default-features = false\nfeatures = [\"static\"]\n\n[profile.release]\nlto = \"thin\"\n",
    );
    let code = "fn main() { println!(\"{}\", unsafe { libz_sys::zlibVersion() }.is_null()); }\n";
    let build = "fn main() { assert!(std::env::var_os(\"DEP_Z_ROOT\").is_some()); }\n";
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", code), ("build.rs", build)]);
    project.assert_exact(RELEASE);
}

/// The words of one external build script to another are seen if both are cooked.
#[test]
fn links_between_external_crates() {
    let says = "fn main() { println!(\"cargo::metadata=WORD=hello\"); }\n";
    let hears = "fn main() {\n    assert_eq!(std::env::var(\"DEP_WORDS_WORD\").as_deref(), Ok(\"hello\"));\n    \
        println!(\"cargo::rustc-cfg=heard\");\n}\n";
    let repository = GitRepository::new(&[
        ("words/Cargo.toml", &package("words", "links = \"words\"\n")),
        ("words/src/lib.rs", ""),
        ("words/build.rs", says),
        ("Cargo.toml", &package("listener", "\n[dependencies]\nwords = { path = \"words\" }\n")),
        ("src/lib.rs", "#[cfg(not(heard))]\ncompile_error!(\"nothing was heard\");\n"),
        ("build.rs", hears),
    ]);
    let dependency = format!("\n[dependencies]\nlistener = {{ git = {:?} }}\n", repository.url());
    let project = Project::new(&[("Cargo.toml", &package("app", &dependency)), ("src/main.rs", MAIN)]);
    assert_eq!(project.assert_exact(RELEASE).fresh, 4);
}

/// cargo-leptos passes the elements of its lists on as they are, and cargo splits them at spaces as well.
#[test]
fn leptos_features_in_one_string() {
    let manifest = package(
        "site",
        "\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n\
        [features]\nssr = [\"dep:itoa\"]\nextra = [\"dep:fnv\"]\nlogs = [\"dep:either\"]\nhydrate = []\n\n\
        [dependencies]\ncfg-if = \"=1.0.1\"\nitoa = { version = \"=1.0.15\", optional = true }\n\
        fnv = { version = \"=1.0.7\", optional = true }\neither = { version = \"=1.15.0\", optional = true }\n\n\
        [package.metadata.leptos]\nfeatures = [\"logs\"]\nbin-features = [\"ssr extra\"]\nlib-features = [\"hydrate\"]\n",
    );
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/lib.rs", ""), ("src/main.rs", MAIN)]);
    project.larder(&["lock"]).ok();
    project.larder(&["cook", "server"]).ok();
    let words =
        ["build", "--package=site", "--bin=site", "--no-default-features", "--features=ssr extra,logs"];
    let counts =
        Surroundings::get().cargo_counts(project.path(), &[&words[..], &["--release"]].concat(), &[]);
    assert_eq!((counts.compiled_external, counts.fresh), (0, 4), "{counts:?}");
}

/// cargo leaves out the check of `rust-version` for the build and for the recipe alike.
#[test]
fn a_dependency_and_a_member_that_ask_for_a_newer_compiler() {
    let new = "rust-version = \"1.999\"\n";
    let repository = GitRepository::new(&[("Cargo.toml", &package("new", new)), ("src/lib.rs", "")]);
    let slice = "\n[package.metadata.larder]\nfind = false\n\n[package.metadata.larder.slices.own]\n\
        args = [\"build\", \"--release\", \"--ignore-rust-version\"]\n";
    let member = package("app", &format!("{new}{slice}\n[dependencies]\nitoa = \"=1.0.15\"\n"));
    let dependent =
        package("app", &format!("{slice}\n[dependencies]\nnew = {{ git = {:?} }}\n", repository.url()));
    for manifest in [member, dependent] {
        let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", MAIN)]);
        assert_eq!(project.assert_exact(&["build", "--release", "--ignore-rust-version"]).fresh, 1);
        let table: serde_json::Value =
            serde_json::from_str(&project.larder(&["build", "--json"]).ok().stdout).unwrap();
        assert_eq!(table["phases"][1]["compiled-external"], 0, "{table}");
        // Without the flag there is one error, which says what to do.
        project.write("Cargo.toml", &manifest.replace(", \"--ignore-rust-version\"", ""));
        let outcome = project.larder(&["lock"]);
        assert!(outcome.code == 1 && outcome.stderr.contains("help: "), "{outcome:?}");
        assert!(outcome.stderr.contains("use a newer toolchain"), "{outcome:?}");
    }
}
