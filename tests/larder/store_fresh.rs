//! Nothing stale after a restore: every kind of edit, with all external units from the store, in what is built next.
//!
//! Each package says in its own text what it was built from. An edit that plain cargo cannot see (it looks at times) is
//! shown beside plain cargo: with the store it must be no worse.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use larder_tests::{GitRepository, Project, Surroundings, not_given, package, write_program};

use crate::store::{Checkout, Machine};

/// A library from git, with a procedural macro, a feature, variables, a flag and a script.
const FAR: [(&str, &str); 6] = [
    (
        "Cargo.toml",
        "[package]\nname = \"far\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[features]\nloud = []\n\n\
         [dependencies]\nfar-macro = { path = \"macro\" }\n",
    ),
    (
        "build.rs",
        "fn main() {\n\
         println!(\"cargo:rerun-if-changed=build.rs\\ncargo:rerun-if-env-changed=FAR_LEVEL\");\n\
         let of = |name| std::env::var(name).unwrap_or_else(|_| \"none\".to_owned());\n\
         println!(\"cargo:rustc-env=FAR_TOLD={}\", of(\"FAR_LEVEL\"));\n\
         let text = format!(\"macro_rules! level {{ () => {{ {:?} }} }}\\n\
         macro_rules! secretly {{ () => {{ {:?} }} }}\", of(\"FAR_LEVEL\"), of(\"FAR_SECRETLY\"));\n\
         std::fs::write(of(\"OUT_DIR\") + \"/level.rs\", text).unwrap();\n}\n",
    ),
    (
        "src/lib.rs",
        "include!(concat!(env!(\"OUT_DIR\"), \"/level.rs\"));\n\
         macro_rules! option { () => { \"none\" } }\n\
         /// Compiled with the value of a variable.\npub const OPTION: Option<&str> = option_env!(\"FAR_OPTION\");\n\
         pub const TOLD: &str = concat!(\"[far=1 level=\", level!(), \" told=\", env!(\"FAR_TOLD\"), \" secretly=\", \
         secretly!(), \" loud=\", cfg!(feature = \"loud\"), \" flag=\", cfg!(far_flag), \" compiler=\", \
         cfg!(other_compiler), \" checked=\", cfg!(debug_assertions), \" macro=\", far_macro::made!(), \"]\");\n\
         pub fn option() -> String { format!(\"[option={}]\", OPTION.unwrap_or(option!())) }\n",
    ),
    (
        "macro/Cargo.toml",
        "[package]\nname = \"far-macro\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[lib]\nproc-macro = true\n",
    ),
    (
        "macro/src/lib.rs",
        "#[proc_macro]\npub fn made(_: proc_macro::TokenStream) -> proc_macro::TokenStream { \"\\\"1\\\"\".parse().unwrap() }\n",
    ),
    (".gitignore", "target\n"),
];

const APP_SCRIPT: &str = "fn main() {\n\
    println!(\"cargo:rerun-if-changed=input.txt\\ncargo:rerun-if-changed=optional.txt\");\n\
    println!(\"cargo:rerun-if-env-changed=APP_LEVEL\");\n\
    println!(\"cargo:rustc-env=APP_INPUT={}\", std::fs::read_to_string(\"input.txt\").unwrap().trim());\n\
    println!(\"cargo:rustc-env=APP_OPTIONAL={}\", std::path::Path::new(\"optional.txt\").exists());\n\
    println!(\"cargo:rustc-env=APP_SCRIPT={}\", std::env::var(\"APP_LEVEL\").unwrap_or(\"none\".into()));\n}\n";
const APP: &str = "pub mod generated;\n\
    pub const VERSION: &str = \"[app=1]\";\n\
    pub const TOLD: &str = concat!(\"[words=\", include_str!(\"../words.txt\"), \" input=\", env!(\"APP_INPUT\"), \
    \" optional=\", env!(\"APP_OPTIONAL\"), \" script=\", env!(\"APP_SCRIPT\"), \"]\");\n\
    /// Everything that says what was built.\n#[no_mangle]\npub extern \"C\" fn told(which: usize) -> usize {\n\
    let all = [VERSION, TOLD, generated::TOLD, near::TOLD, far::TOLD, Box::leak(far::option().into_boxed_str())];\n\
    all[which].as_ptr() as usize\n}\n\
    pub fn all() -> String { [VERSION, TOLD, generated::TOLD, near::TOLD, far::TOLD, &far::option()].concat() }\n";

const BASE: &str = "[app=1][words=1 input=1 optional=true script=none][generated=1][near=1][far=1 level=none told=none \
    secretly=none loud=false flag=false compiler=false checked=false macro=1][option=none]";

fn older_commit(project: &Project) {
    let words = ["checkout", "--quiet", "HEAD~1"];
    Surroundings::get().run("git".as_ref(), project.path(), &words, &[]).ok();
}

/// An edit, and what it does to what the program says.
struct Edit {
    name: &'static str,
    make: fn(&Scene, &Project),
    vars: &'static [(&'static str, &'static str)],
    said: &'static [(&'static str, &'static str)],
    asks: Asks,
    seen: Seen,
}

/// The work that has to be done after an edit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// Nothing: the recipe is the same.
    Nothing,
    /// The recipes are written anew.
    Lock,
    /// So is `Cargo.lock`.
    Update,
}

/// Whether plain cargo sees it in a folder that was built in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    ByCargo,
    ByNobody,
}

const NOTHING: fn(&Scene, &Project) = |_, _| ();

const fn edit(
    name: &'static str,
    make: fn(&Scene, &Project),
    said: &'static [(&'static str, &'static str)],
) -> Edit {
    Edit { name, make, vars: &[], said, asks: Asks::Nothing, seen: Seen::ByCargo }
}

const fn variable(
    name: &'static str,
    vars: &'static [(&'static str, &'static str)],
    said: &'static [(&'static str, &'static str)],
) -> Edit {
    Edit { vars, ..edit(name, NOTHING, said) }
}

/// Rewrites a file of the application, which is then as old as the one that was built.
fn with_its_old_time(project: &Project, change: impl Fn(SystemTime) -> SystemTime) {
    let path = project.path().join("src/lib.rs");
    let time = fs_err::metadata(&path).unwrap().modified().unwrap();
    project.write("src/lib.rs", &project.read("src/lib.rs").replace("[app=1]", "[app=2]"));
    fs_err::OpenOptions::new().write(true).open(path).unwrap().file().set_modified(change(time)).unwrap();
}

fn replaced(project: &Project, path: &str, from: &str, to: &str) {
    let text = project.read(path);
    assert!(text.contains(from), "{path} has no {from:?}");
    project.write(path, &text.replace(from, to));
}

const EDITS: [Edit; 20] = [
    edit("an edit", |_, p| replaced(p, "src/lib.rs", "[app=1]", "[app=22]"), &[("app=1", "app=22")]),
    Edit {
        seen: Seen::ByNobody,
        ..edit("the same size and time", |_, p| with_its_old_time(p, |time| time), &[("app=1", "app=2")])
    },
    Edit {
        seen: Seen::ByNobody,
        ..edit(
            "an older time",
            |_, p| with_its_old_time(p, |time| time - Duration::from_hours(24 * 365)),
            &[("app=1", "app=2")],
        )
    },
    edit("an older commit", |_, p| older_commit(p), &[("app=1", "app=0")]),
    edit("an included file", |_, p| p.write("words.txt", "2"), &[("words=1", "words=2")]),
    edit("an input of a build script", |_, p| p.write("input.txt", "2"), &[("input=1", "input=2")]),
    variable("a variable of a build script", &[("APP_LEVEL", "2")], &[("script=none", "script=2")]),
    edit(
        "a deleted file",
        |_, p| fs_err::remove_file(p.path().join("optional.txt")).unwrap(),
        &[("optional=true", "optional=false")],
    ),
    edit(
        "a generated file",
        |_, p| replaced(p, "src/generated.rs", "generated=1", "generated=2"),
        &[("generated=1", "generated=2")],
    ),
    edit(
        "a path dependency",
        |_, p| replaced(p, "near/src/lib.rs", "near=1", "near=2"),
        &[("near=1", "near=2")],
    ),
    variable(
        "a variable of an external build script",
        &[("FAR_LEVEL", "2")],
        &[("level=none", "level=2"), ("told=none", "told=2")],
    ),
    variable("a variable of an external library", &[("FAR_OPTION", "2")], &[("option=none", "option=2")]),
    Edit {
        asks: Asks::Lock,
        ..edit(
            "a feature",
            |_, p| replaced(p, "Cargo.toml", "features = []", "features = [\"loud\"]"),
            &[("loud=false", "loud=true")],
        )
    },
    variable("RUSTFLAGS", &[("RUSTFLAGS", "--cfg far_flag")], &[("flag=false", "flag=true")]),
    edit(
        "RUSTFLAGS in cargo's configuration",
        |_, p| p.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"far_flag\"]\n"),
        &[("flag=false", "flag=true")],
    ),
    Edit {
        asks: Asks::Lock,
        ..edit(
            "the profile",
            |_, p| replaced(p, "Cargo.toml", "debug-assertions = false", "debug-assertions = true"),
            &[("checked=false", "checked=true")],
        )
    },
    variable(
        "a variable that sets the profile",
        &[("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true")],
        &[("checked=false", "checked=true")],
    ),
    variable("the compiler", &[("RUSTC", "other-compiler")], &[("compiler=false", "compiler=true")]),
    Edit { asks: Asks::Update, ..edit("an update", |scene, _| scene.update(), &[("far=1", "far=2")]) },
    Edit {
        asks: Asks::Update,
        ..edit("an external package patched by a folder", Scene::patch, &[("far=1", "far=3")])
    },
];

/// A library of somebody else's, an application on it, and a store that has it compiled.
struct Scene {
    far: GitRepository,
    app: GitRepository,
    machine: Machine,
    kind: Kind,
    programs: tempfile::TempDir,
    /// The folders that programs are looked for in, if the usual compiler cannot build for the web.
    path: Option<String>,
}

/// The platform that is built for, and cargo's layout.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Host,
    HostInNewLayout,
    Wasm,
}

impl Kind {
    fn vars(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::HostInNewLayout => &larder_tests::machine::NEW_LAYOUT,
            Self::Host | Self::Wasm => &[],
        }
    }

    fn args(self) -> &'static [&'static str] {
        match self {
            Self::Wasm => &["build", "--release", "--lib", "--target=wasm32-unknown-unknown"],
            Self::Host | Self::HostInNewLayout => &["build", "--release"],
        }
    }
}

impl Scene {
    fn new(kind: Kind, path: Option<String>) -> Self {
        let far = GitRepository::new(&FAR);
        let (app, machine) = (application(&far.url(), kind), Machine::new());
        let scene = Self { far, app, machine, kind, programs: tempfile::tempdir().unwrap(), path };
        scene.write_compiler();
        let first = scene.checkout();
        assert!(scene.cook(&first, &[]).1 >= 3);
        scene.build(&first, &[]);
        assert_eq!(scene.says(&first), BASE);
        scene
    }

    /// The compiler under another version, which says so in what it compiles.
    fn write_compiler(&self) {
        let script = "#!/bin/sh\ncase \"$*\" in\n\
            *-vV*) rustc \"$@\" | sed 's/^commit-hash: .*/commit-hash: of-somebody-else/';;\n\
            *) exec rustc \"$@\" --cfg other_compiler;;\nesac\n";
        write_program(self.programs.path().join("other-compiler"), script);
    }

    fn checkout(&self) -> Checkout<'_> {
        self.machine.checkout(self.app.clone_of())
    }

    /// The variables of an edit, with programs by their paths.
    fn vars<'v>(&'v self, edit: &'v [(&'v str, &'v str)], compiler: &'v str) -> Vec<(&'v str, &'v str)> {
        let own = edit.iter().map(|(name, value)| match *name {
            "RUSTC" => (*name, compiler),
            _ => (*name, *value),
        });
        let path = self.path.iter().map(|path| ("PATH", path.as_str()));
        own.chain(self.kind.vars().iter().copied()).chain(path).collect()
    }

    fn cook(&self, checkout: &Checkout<'_>, vars: &[(&str, &str)]) -> (u64, u64) {
        let compiler = self.programs.path().join("other-compiler").to_string_lossy().into_owned();
        checkout.cook(&self.vars(vars, &compiler))
    }

    fn build(&self, checkout: &Checkout<'_>, vars: &[(&str, &str)]) {
        let compiler = self.programs.path().join("other-compiler").to_string_lossy().into_owned();
        let vars = [checkout.vars().as_slice(), &self.vars(vars, &compiler)].concat();
        Surroundings::get().cargo_counts(checkout.project.path(), self.kind.args(), &vars);
    }

    fn says(&self, checkout: &Checkout<'_>) -> String {
        let target = checkout.project.path().join("target");
        match self.kind {
            Kind::Wasm => said_in(&target.join("wasm32-unknown-unknown/release/app.wasm")),
            Kind::Host | Kind::HostInNewLayout => checkout.says(),
        }
    }

    /// The library in its second version; who clones before that gets the first one from `Cargo.lock`.
    fn update(&self) {
        let lib = FAR[2].1.replace("[far=1", "[far=2");
        self.far.write("src/lib.rs", &lib);
        self.far.commit();
    }

    fn patch(&self, project: &Project) {
        for (path, text) in FAR {
            project.write(&format!("patched/{path}"), &text.replace("[far=1", "[far=3"));
        }
        let patch = format!("\n[patch.{:?}]\nfar = {{ path = \"patched\" }}\n", self.far.url());
        project.write("Cargo.toml", &(project.read("Cargo.toml") + &patch));
    }

    /// The words of the program after an edit in a folder that was built in with everything external restored.
    fn kept(&self, edit: &Edit) -> String {
        let checkout = self.checkout();
        let (restored, compiled) = self.cook(&checkout, &[]);
        assert!(restored >= 4 && compiled == 0, "{}: {restored} restored, {compiled} compiled", edit.name);
        self.build(&checkout, &[]);
        assert_eq!(self.says(&checkout), BASE, "{}", edit.name);
        self.edit(&checkout, edit);
        // The next checkout is to get what was there before.
        self.cook(&checkout, &[edit.vars, &[("LARDER_STORE", "read")]].concat());
        self.build(&checkout, edit.vars);
        self.says(&checkout)
    }

    /// Its words if the edit was there before anything was restored. The units compiled then are stored in their turn.
    fn fresh(&self, edit: &Edit) -> String {
        let checkout = self.checkout();
        self.edit(&checkout, edit);
        self.cook(&checkout, edit.vars);
        self.build(&checkout, edit.vars);
        self.says(&checkout)
    }

    /// Its words with plain cargo.
    fn plain(&self, edit: &Edit) -> String {
        let checkout = self.checkout();
        self.build(&checkout, &[]);
        self.edit(&checkout, edit);
        self.build(&checkout, edit.vars);
        self.says(&checkout)
    }

    fn edit(&self, checkout: &Checkout<'_>, edit: &Edit) {
        (edit.make)(self, &checkout.project);
        match edit.asks {
            Asks::Nothing => return,
            Asks::Lock => {}
            Asks::Update => checkout.cargo(&["update", "--quiet", "far"]),
        }
        checkout.larder(&["lock"]);
    }
}

/// The application, committed twice: first in an older version.
fn application(far: &str, kind: Kind) -> GitRepository {
    let lib = if kind == Kind::Wasm { "[\"cdylib\"]" } else { "[\"rlib\"]" };
    let settings = format!(
        "\n[lib]\ncrate-type = {lib}\n\n[profile.release]\ndebug-assertions = false\n\n\
         [package.metadata.larder]\nfind = false\n\n[package.metadata.larder.slices.app]\nargs = {:?}\n",
        kind.args()
    );
    let manifest = package("app", "")
        + &format!(
            "\n[dependencies]\nnear = {{ path = \"near\" }}\nfar = {{ git = {far:?}, features = [] }}\n{settings}"
        );
    let main =
        if kind == Kind::Wasm { "fn main() {}\n" } else { "fn main() { print!(\"{}\", app::all()); }\n" };
    let app = GitRepository::new(&[
        ("Cargo.toml", &manifest),
        ("build.rs", APP_SCRIPT),
        ("src/lib.rs", &APP.replace("[app=1]", "[app=0]")),
        ("src/main.rs", main),
        ("src/generated.rs", "pub const TOLD: &str = \"[generated=1]\";\n"),
        ("words.txt", "1"),
        ("input.txt", "1"),
        ("optional.txt", ""),
        ("near/Cargo.toml", &package("near", "")),
        ("near/src/lib.rs", "pub const TOLD: &str = \"[near=1]\";\n"),
        (".gitignore", "target\n"),
    ]);
    app.project().cargo(&["generate-lockfile", "--quiet"]);
    app.project().larder(&["lock"]).ok();
    app.commit();
    app.write("src/lib.rs", APP);
    app.commit();
    app
}

/// The texts in brackets that a library holds, in the order in which a program prints them.
fn said_in(library: &Path) -> String {
    let bytes = fs_err::read(library).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let names = ["[app=", "[words=", "[generated=", "[near=", "[far="];
    let said = names.map(|name| {
        let start = text.find(name).unwrap_or_else(|| panic!("{} holds no {name}", library.display()));
        let length = text[start..].find(']').unwrap();
        &text[start..=start + length]
    });
    said.concat() + "[option=none]"
}

fn expected(edit: &Edit) -> String {
    edit.said.iter().fold(BASE.to_owned(), |said, (from, to)| said.replace(from, to))
}

/// Requires that no edit leaves anything stale, and says how many there were.
fn matrix<'e>(scene: &Scene, edits: impl Iterator<Item = &'e Edit>) {
    for edit in edits {
        let new = expected(edit);
        assert_ne!(new, BASE, "{}", edit.name);
        let kept = scene.kept(edit);
        match edit.seen {
            Seen::ByCargo => assert_eq!(kept, new, "{}", edit.name),
            Seen::ByNobody => assert_eq!(kept, scene.plain(edit), "{}: worse than plain cargo", edit.name),
        }
    }
}

#[test]
fn no_edit_leaves_anything_stale() {
    let scene = Scene::new(Kind::Host, None);
    matrix(&scene, EDITS.iter());
}

#[test]
fn no_edit_leaves_anything_stale_in_the_layout_of_folders_for_units() {
    let scene = Scene::new(Kind::HostInNewLayout, None);
    matrix(&scene, EDITS.iter());
}

/// A variable with the `PATH` that leads to a compiler which builds for the web.
const WASM_PATH: &str = "LARDER_TEST_WASM_PATH";

#[test]
fn no_edit_leaves_anything_stale_for_the_web() {
    let surroundings = Surroundings::get();
    let path = surroundings.env().get_str(WASM_PATH).map(str::to_owned);
    let words = ["--print", "target-libdir", "--target", "wasm32-unknown-unknown"];
    let vars: Vec<(&str, &str)> = path.iter().map(|path| ("PATH", path.as_str())).collect();
    let folder = surroundings.run("rustc".as_ref(), "/".as_ref(), &words, &vars).stdout;
    if !Path::new(folder.trim()).is_dir() {
        return not_given("no_edit_leaves_anything_stale_for_the_web", WASM_PATH);
    }
    let scene = Scene::new(Kind::Wasm, path);
    // The text that is read of it at run time stands in none of the library.
    matrix(&scene, EDITS.iter().filter(|edit| !edit.name.contains("external library")));
}

/// In a fresh clone nothing is older than what is restored, so even those edits count that cargo cannot see.
#[test]
fn no_edit_leaves_anything_stale_in_a_fresh_clone() {
    let scene = Scene::new(Kind::Host, None);
    for edit in &EDITS {
        assert_eq!(scene.fresh(edit), expected(edit), "{}", edit.name);
    }
}
