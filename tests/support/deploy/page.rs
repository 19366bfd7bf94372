//! The application that is deployed: a server of one page, small enough that a test can have many releases of it.
//!
//! It is compiled once for a test run, without a libc to be found, and its image holds nothing else.

use std::{path::Path, sync::OnceLock};

use larder::process::Cmd;
use tempfile::TempDir;

use crate::{Project, Surroundings, package};

const SERVER: &str = include_str!("server.rs.txt");
const DOCKERFILE: &str = "\
FROM scratch
COPY site /site
COPY server /server
COPY page.txt fault.txt /
EXPOSE 8080
ENTRYPOINT [\"/server\"]
";

/// The fault of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// It ends at once.
    Exits,
    /// It never listens.
    Deaf,
    /// It answers with 500.
    Answers500,
    /// It takes requests and never answers.
    Hangs,
    /// It ends after three seconds.
    Dies,
    /// It takes all memory that it gets.
    TakesMemory,
}

impl Fault {
    /// All that are faults.
    pub const ALL: [Self; 6] =
        [Self::Exits, Self::Deaf, Self::Answers500, Self::Hangs, Self::Dies, Self::TakesMemory];

    /// Whether it goes on until it is given up.
    pub fn lasts(self) -> bool {
        matches!(self, Self::Deaf | Self::Answers500 | Self::Hangs)
    }

    fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Exits => "exits",
            Self::Deaf => "deaf",
            Self::Answers500 => "500",
            Self::Hangs => "hangs",
            Self::Dies => "dies",
            Self::TakesMemory => "memory",
        }
    }
}

/// The seconds that a good release gets: it may take long on a machine that does much else.
const PATIENCE: u64 = 120;

/// A project whose deployment goes to the bench; `settings` are lines of its table.
///
/// # Panics
/// When it cannot be made.
pub fn page_project(settings: &str) -> Project {
    let manifest = format!(
        "[package]\nname = \"page\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [package.metadata.larder.deploy.web]\nto = \"ssh://root@127.0.0.1:2222\"\nhealth = \"/\"\n\
         patience = {PATIENCE}\n{settings}\n"
    );
    let project = Project::new(&[
        ("Cargo.toml", &manifest),
        ("src/main.rs", SERVER),
        ("Dockerfile", DOCKERFILE),
        (".dockerignore", "target\n"),
    ]);
    project.larder(&["lock"]).ok();
    fs_err::copy(server(), project.path().join("server")).expect("the server can be copied");
    project.write("site/pkg.wasm", "the front");
    set_page(&project, "one");
    set_fault(&project, Fault::None);
    project
}

/// The same as a workspace of two halves and a member that both have, each half in a stage of its own.
///
/// # Panics
/// When it cannot be made.
pub fn halves_project() -> Project {
    const STAGES: &str = "\
FROM scratch AS build-front
COPY Cargo.toml Cargo.lock ./
COPY shared/ shared/
COPY front/ front/

FROM scratch AS build-server
COPY Cargo.toml Cargo.lock ./
COPY shared/ shared/
COPY server/ server/

FROM scratch AS runtime
COPY --from=build-front front/ /site/
COPY --from=build-server server/server server/page.txt server/fault.txt /
EXPOSE 8080
ENTRYPOINT [\"/server\"]
";
    let manifest = format!(
        "[workspace]\nmembers = [\"front\", \"server\", \"shared\"]\nresolver = \"3\"\n\n\
         [workspace.metadata.larder.deploy.web]\nto = \"ssh://root@127.0.0.1:2222\"\nhealth = \"/\"\n\
         patience = {PATIENCE}\n"
    );
    let on_shared = "\n[dependencies]\nshared = { path = \"../shared\" }\n";
    let project = Project::new(&[
        ("Cargo.toml", &manifest),
        ("shared/Cargo.toml", &package("shared", "")),
        ("shared/src/lib.rs", ""),
        ("front/Cargo.toml", &package("front", on_shared)),
        ("front/src/lib.rs", ""),
        ("server/Cargo.toml", &package("server", on_shared)),
        ("server/src/main.rs", SERVER),
        ("server/page.txt", "one"),
        ("server/fault.txt", "none"),
    ]);
    fs_err::copy(server(), project.path().join("server/server")).expect("the server can be copied");
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    // Compiling in there would take a toolchain's image.
    let generated = project.read("Dockerfile");
    let header: String = generated
        .lines()
        .take_while(|line| line.starts_with('#'))
        .fold(String::new(), |text, line| text + line + "\n");
    project.write("Dockerfile", &(header + STAGES));
    project
}

/// Edits the page, which the server reads.
pub fn set_page(project: &Project, text: &str) {
    project.write("page.txt", text);
}

/// Makes the next release a bad one.
pub fn set_fault(project: &Project, fault: Fault) {
    project.write("fault.txt", fault.word());
}

/// Gives the next release so many seconds, or as many as a good one gets; no release is another one by that.
///
/// # Panics
/// When the manifest says nothing of it.
pub fn set_patience(project: &Project, seconds: Option<u64>) {
    let manifest = project.read("Cargo.toml");
    let old = manifest.lines().find(|line| line.starts_with("patience = ")).expect("its patience");
    let new = format!("patience = {}", seconds.unwrap_or(PATIENCE));
    project.write("Cargo.toml", &manifest.replace(old, &new));
}

/// The compiled server.
fn server() -> &'static Path {
    static SERVER_FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = SERVER_FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        fs_err::write(folder.path().join("server.rs"), SERVER).expect("a file");
        let target = Surroundings::get().host();
        // With a target that is named, flags are for the program alone.
        let words =
            ["-O", "-Ctarget-feature=+crt-static", "-Cstrip=symbols", "--edition=2024", "--target", &target];
        let env = Surroundings::get().env();
        Cmd::new("rustc", folder.path(), env)
            .args(words)
            .args(["server.rs", "-o", "server"])
            .run()
            .expect("it compiles");
        folder
    });
    // Kept for the whole run.
    Box::leak(folder.path().join("server").into_boxed_path())
}
