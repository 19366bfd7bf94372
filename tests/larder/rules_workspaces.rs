//! Rules for the shapes of workspaces, each with a build that must find every external unit fresh.

use larder_tests::{Project, Surroundings, package};

const RELEASE: &[&str] = &["build", "--release"];
const MAIN: &str = "fn main() {}\n";

/// The recipe's manifest of the one slice that is found.
fn recipe(project: &Project) -> String {
    project.recipe("release/0/Cargo.toml")
}

/// Everything a member can inherit; a build script whose dependency has other features, which every resolver
/// unifies in its own way.
#[test]
fn a_virtual_workspace_with_inheritance() {
    let root = "members = [\"app\", \"lib\"]\n\n[workspace.package]\nversion = \"1.2.3\"\nedition = \"2021\"\n\n\
        [workspace.lints.rust]\nunsafe_code = \"forbid\"\n\n[workspace.dependencies]\n\
        fnv = { version = \"=1.0.7\", default-features = false }\n\
        either = { version = \"=1.15.0\", default-features = false }\nlib = { path = \"lib\" }\n";
    let app = inheriting("app")
        + "\n[lints]\nworkspace = true\n\n[dependencies]\nlib.workspace = true\nfnv.workspace = true\n\
           either.workspace = true\n\n[build-dependencies]\nfnv = { workspace = true, features = [\"std\"] }\n\n\
           [dev-dependencies]\neither = { workspace = true, features = [\"use_std\"] }\n";
    let lib = inheriting("lib") + "\n[dependencies]\neither = { workspace = true }\n";
    for resolver in ["", "resolver = \"1\"\n", "resolver = \"2\"\n", "resolver = \"3\"\n"] {
        let project = Project::new(&[
            ("Cargo.toml", &format!("[workspace]\n{resolver}{root}")),
            ("app/Cargo.toml", &app),
            ("app/src/main.rs", MAIN),
            ("app/build.rs", MAIN),
            ("lib/Cargo.toml", &lib),
            ("lib/src/lib.rs", ""),
        ]);
        let counts = project.assert_exact(RELEASE);
        let unified = resolver.is_empty() || resolver.contains('1');
        assert_eq!(recipe(&project).contains("\"use_std\""), unified, "{resolver}");
        // fnv for the build script and for the application, and either.
        assert_eq!(counts.fresh, 3, "{resolver}");
    }
}

fn inheriting(name: &str) -> String {
    format!("[package]\nname = {name:?}\nversion.workspace = true\nedition.workspace = true\n")
}

/// `cargo build` builds the root package alone, or the default members if they are named.
#[test]
fn a_root_package_with_members() {
    let root = package("root", "\n[dependencies]\nitoa = \"=1.0.15\"\nused = { path = \"used\" }\n");
    let used = package("used", "\n[dependencies]\nfnv = \"=1.0.7\"\n");
    let other = package("other", "\n[dependencies]\ncfg-if = \"=1.0.1\"\n");
    let workspace = "\n[workspace]\nmembers = [\"used\", \"other\"]\n";
    for (more, builds_other) in [("", false), ("default-members = [\".\", \"other\"]\n", true)] {
        let project = Project::new(&[
            ("Cargo.toml", &format!("{root}{workspace}{more}")),
            ("src/main.rs", MAIN),
            ("used/Cargo.toml", &used),
            ("used/src/lib.rs", ""),
            ("other/Cargo.toml", &other),
            ("other/src/lib.rs", ""),
        ]);
        project.assert_exact(RELEASE);
        assert_eq!(recipe(&project).contains("cfg-if"), builds_other, "{more}");
        assert!(recipe(&project).contains("fnv"));
    }
}

#[test]
fn members_in_each_others_folders() {
    let root = package("root", "\n[dependencies]\nitoa = \"=1.0.15\"\n")
        + "\n[workspace]\nmembers = [\"outer\", \"outer/inner\", \"larder/inside\"]\n\
           default-members = [\".\", \"outer\", \"outer/inner\", \"larder/inside\"]\n";
    let project = Project::new(&[
        ("Cargo.toml", &root),
        ("src/lib.rs", ""),
        (
            "outer/Cargo.toml",
            &package("outer", "\n[dependencies]\ninner = { path = \"inner\" }\nfnv = \"=1.0.7\"\n"),
        ),
        ("outer/src/lib.rs", ""),
        ("outer/inner/Cargo.toml", &package("inner", "\n[dependencies]\ncfg-if = \"=1.0.1\"\n")),
        ("outer/inner/src/lib.rs", ""),
        // A folder of the user's own beside the recipes.
        ("larder/inside/Cargo.toml", &package("inside", "\n[dependencies]\neither = \"=1.15.0\"\n")),
        ("larder/inside/src/lib.rs", ""),
    ]);
    assert_eq!(project.assert_exact(RELEASE).fresh, 4);
}

/// Two workspaces, one in the other's folder, each with recipes of its own.
#[test]
fn an_excluded_nested_workspace() {
    let root =
        package("root", "\n[dependencies]\nitoa = \"=1.0.15\"\n") + "\n[workspace]\nexclude = [\"nested\"]\n";
    let nested = package("nested", "\n[dependencies]\nfnv = \"=1.0.7\"\n") + "\n[workspace]\n";
    let project = Project::new(&[
        ("Cargo.toml", &root),
        ("src/main.rs", MAIN),
        (".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"outer\"]\n"),
        ("nested/Cargo.toml", &nested),
        ("nested/src/main.rs", MAIN),
        ("nested/.cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"inner\"]\n"),
    ]);
    project.cargo(&["generate-lockfile", "--quiet", "--manifest-path=nested/Cargo.toml"]);
    project.assert_exact(RELEASE);
    assert!(!recipe(&project).contains("fnv"));
    let (cargo, nested) = (Surroundings::get(), project.path().join("nested"));
    cargo.larder(&nested, &["lock"]).ok();
    cargo.larder(&nested, &["cook"]).ok();
    let counts = cargo.cargo_counts(&nested, RELEASE, &[]);
    assert_eq!((counts.compiled, counts.compiled_external, counts.fresh), (1, 0, 1));
    project.larder(&["lock", "--check"]).ok();
}

/// A path dependency outside the workspace is the application's own, and its dependencies are external.
#[test]
fn a_path_dependency_out_of_the_tree() {
    let outside = Project::without_lock(&[
        ("Cargo.toml", &package("outside", "\n[dependencies]\nfnv = \"=1.0.7\"\n")),
        ("src/lib.rs", ""),
    ]);
    let sibling = outside.path().file_name().unwrap().to_str().unwrap();
    let dependencies = format!("\n[dependencies]\noutside = {{ path = \"../{sibling}\" }}\n");
    let project = Project::new(&[("Cargo.toml", &package("app", &dependencies)), ("src/main.rs", MAIN)]);
    let counts = project.assert_exact(RELEASE);
    assert_eq!((counts.compiled, counts.fresh), (2, 1));
    assert!(!project.recipes().iter().any(|(_, text)| text.contains("outside")));
}

/// Both have the same name in `Cargo.lock`, and the profile speaks of each.
#[test]
fn a_member_named_like_an_external_crate() {
    let root = "[workspace]\nmembers = [\"app\", \"itoa\"]\nresolver = \"2\"\n\n\
        [profile.release.package.\"itoa@0.1.0\"]\nopt-level = 1\n\n\
        [profile.release.package.\"itoa@1.0.15\"]\nopt-level = 2\n";
    let app = package("app", "\n[dependencies]\nitoa = { path = \"../itoa\" }\n\n")
        + "[dependencies.theirs]\npackage = \"itoa\"\nversion = \"=1.0.15\"\n";
    let project = Project::new(&[
        ("Cargo.toml", root),
        ("app/Cargo.toml", &app),
        ("app/src/main.rs", "fn main() { itoa::ours(theirs::Buffer::new()); }\n"),
        (
            "itoa/Cargo.toml",
            &package("itoa", "\n[dependencies]\ntheirs = { package = \"itoa\", version = \"=1.0.15\" }\n"),
        ),
        ("itoa/src/lib.rs", "pub fn ours(_: theirs::Buffer) {}\n"),
    ]);
    let counts = project.assert_exact(RELEASE);
    assert_eq!((counts.compiled, counts.fresh), (2, 1));
    assert!(!recipe(&project).contains("itoa@0.1.0"), "{}", recipe(&project));
}

/// The macro's and the build script's dependencies are for the host, if one is shared with the binary.
#[test]
fn macro_and_build_script_members() {
    let root =
        "[workspace]\nmembers = [\"app\", \"macros\"]\nresolver = \"2\"\n\n[profile.release]\nlto = true\n";
    let macros = package(
        "macros",
        "\n[lib]\nproc-macro = true\n\n[dependencies]\n\
        proc-macro2 = \"=1.0.95\"\nfnv = { version = \"=1.0.7\", default-features = false }\n",
    );
    let app = package(
        "app",
        "\n[dependencies]\nmacros = { path = \"../macros\" }\nfnv = \"=1.0.7\"\n\
        paste = \"=1.0.15\"\n\n[build-dependencies]\nitoa = \"=1.0.15\"\n",
    );
    let code = "use proc_macro::TokenStream;\n#[proc_macro]\npub fn same(input: TokenStream) -> TokenStream { input }\n";
    let build = "fn main() { println!(\"cargo::rustc-env=N={}\", itoa::Buffer::new().format(7)); }\n";
    let project = Project::new(&[
        ("Cargo.toml", root),
        ("macros/Cargo.toml", &macros),
        ("macros/src/lib.rs", code),
        ("app/Cargo.toml", &app),
        ("app/build.rs", build),
        ("app/src/main.rs", "fn main() { println!(\"{}\", macros::same!(env!(\"N\"))); }\n"),
    ]);
    project.assert_exact(RELEASE);
    let text = recipe(&project);
    let [target, host] = ["dependencies.", "build-dependencies."]
        .map(|table| text.lines().filter(|line| line.starts_with(table)).collect::<String>());
    assert!(target.contains("fnv-1_0_7") && !target.contains("proc-macro2"), "{text}");
    assert!(["fnv-1_0_7", "itoa", "paste", "proc-macro2"].iter().all(|name| host.contains(name)), "{text}");
}

/// A static library without the standard library under `panic = "abort"`, beside a program.
#[test]
fn a_no_std_member() {
    let root = "[workspace]\nmembers = [\"app\", \"bare\"]\nresolver = \"2\"\n\n\
        [profile.release]\npanic = \"abort\"\nlto = true\n";
    let bare = package(
        "bare",
        "\n[lib]\ncrate-type = [\"staticlib\"]\n\n[dependencies]\n\
        fnv = { version = \"=1.0.7\", default-features = false }\ncfg-if = \"=1.0.1\"\n",
    );
    let code = "#![no_std]\n#[panic_handler]\nfn panic(_: &core::panic::PanicInfo) -> ! { loop {} }\n\
        #[no_mangle]\npub extern \"C\" fn answer() -> u64 { core::hash::Hasher::finish(&fnv::FnvHasher::default()) }\n";
    let project = Project::new(&[
        ("Cargo.toml", root),
        ("app/Cargo.toml", &package("app", "\n[dependencies]\nitoa = \"=1.0.15\"\ncfg-if = \"=1.0.1\"\n")),
        ("app/src/main.rs", MAIN),
        ("bare/Cargo.toml", &bare),
        ("bare/src/lib.rs", code),
    ]);
    project.assert_exact(RELEASE);
    assert!(!recipe(&project).contains("\"std\""), "{}", recipe(&project));
}

/// A binary whose features are off is not built, and needs nothing.
#[test]
fn binaries_with_required_features() {
    let manifest = package(
        "app",
        "\n[features]\ntool = [\"dep:itoa\"]\n\n[dependencies]\nfnv = \"=1.0.7\"\n\
        itoa = { version = \"=1.0.15\", optional = true }\n\n\
        [[bin]]\nname = \"app\"\npath = \"src/main.rs\"\n\n\
        [[bin]]\nname = \"tool\"\npath = \"src/tool.rs\"\nrequired-features = [\"tool\"]\n",
    );
    let with_slice = format!(
        "{manifest}\n[package.metadata.larder]\nfind = false\n[package.metadata.larder.slices.release]\n\
         args = [\"build\", \"--release\", \"--features=tool\", \"--bin=tool\"]\n"
    );
    let tool = "fn main() { itoa::Buffer::new(); }\n";
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", MAIN), ("src/tool.rs", tool)]);
    let counts = project.assert_exact(RELEASE);
    assert_eq!((counts.compiled, counts.fresh), (1, 1));
    project.write("Cargo.toml", &with_slice);
    let counts = project.assert_exact(&["build", "--release", "--features=tool", "--bin=tool"]);
    assert_eq!((counts.compiled, counts.fresh), (1, 2));
    assert!(recipe(&project).contains("itoa"));
}
