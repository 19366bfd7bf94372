//! Real inputs for the parsers of [`larder::fuzz`]: what cargo, Larder, Docker and Nix wrote, the first two just now.

use std::{collections::BTreeMap, path::Path};

use crate::{Project, Surroundings, package};

const BUILDKIT: &str = "#1 [internal] load build definition from Dockerfile\n#1 transferring dockerfile: 1.2kB done\n\
#1 DONE 0.0s\n\n#5 [deps 1/3] FROM docker.io/library/rust:1\n#5 CACHED\n\n#9 [cook-server 2/3] RUN cargo build\n\
#9 0.512    Compiling itoa v1.0.14\n#9 1.9     Finished `release` profile\n#9 DONE 2.1s\n#10 ERROR: failed to solve: \
no space left on device\n------\n > [builder 3/4] RUN cargo build:\n1.2 error: couldn't read `x`: No such file or \
directory (os error 2)\n------\n";
const DOCKER_TOTALS: &str = r#"{"Active":"1","Reclaimable":"1.2GB (50%)","Size":"2.4GB","TotalCount":"3","Type":"Images"}
{"Active":"0","Reclaimable":"0B","Size":"0B","TotalCount":"0","Type":"Local Volumes"}
{"Active":"0","Reclaimable":"812.3MB","Size":"812.3MB","TotalCount":"31","Type":"Build Cache"}
"#;
const DOCKER_DETAIL: &str = r#"{"Images":[{"ID":"sha256:1","Size":"74.8MB","CreatedSince":"3 days ago"}],"Containers":[],
"Volumes":[{"Name":"a","Labels":"com.docker.compose.project=x","Size":"10kB"}],
"BuildCache":[{"LastUsedSince":"About an hour ago"}]}"#;
const DOCKER_CACHE: &str = r#"[{"ID":"a","CacheType":"regular","Size":"33.1MB","CreatedSince":"2 days ago",
"LastUsedAt":"2026-11-22 23:36:30.724 +0000 UTC","LastUsedSince":"2 hours ago","InUse":"false","Shared":"false"},
{"ID":"b","Size":"1.2GB","LastUsedAt":"","LastUsedSince":"","CreatedSince":"5 weeks ago","InUse":"true","Shared":"true"}]"#;
const NIX_LOG: &str = "these 3 derivations will be built:\nserver-layer0> Compiling itoa v1.0.14\n\
server> Compiling app v0.1.0 (/build/source/app)\nserver> larder: 1 units compiled, 0 of them external\n\
cargo-package-itoa> unpacking\n";
const NIX_PATHS: &str = r#"{"info":{"a-x":{"narSize":12,"references":["b-y","a-x"],"registrationTime":1,"deriver":null}},
"version":2}"#;
const NIX_LIST: &str = r#"[{"path":"/nix/store/a-x","narSize":12,"references":["/nix/store/b-y"],"registrationTime":1},
{"path":"/nix/store/b-y","narSize":3,"references":[]}]"#;
const CARGO_LOG: &str = r#"   0.1s  INFO prepare_target{force=false package_id=app v0.1.0 (/x) target="app"}: cargo::core::compiler::fingerprint: fingerprint error for app v0.1.0 (/x)/Build/TargetInner { name: "app" }
   0.2s  INFO prepare_target{}: cargo::core::compiler::fingerprint:     err: failed to read `/x/.fingerprint/app-1/bin-app`
   0.3s  INFO prepare_target{}: cargo::core::compiler::fingerprint: dirty: FsStatusOutdated(StaleItem(ChangedFile { reference: "/x/dep", reference_mtime: FileTime { seconds: 1, nanos: 2 }, stale: "src/main.rs", stale_mtime: FileTime { seconds: 3, nanos: 4 } }))
   0.4s  INFO prepare_target{}: cargo::core::compiler::fingerprint: dirty: EnvVarChanged { name: "A", old_value: None, new_value: Some("b\"c") }
"#;
const CONFIG: &str = "include = [\"more.toml\", { path = \"other.toml\", optional = true }]\n[build]\nrustflags = [\"-Cx\", \
\"-Clink-arg=-Ta.x\"]\nrustc-wrapper = \"./wrap\"\n[env]\nA = { value = \"b\", relative = true, force = false }\n\
[target.'cfg(unix)']\nlinker = \"cc\"\nrunner = [\"a\", \"b\"]\n[source.crates-io]\nreplace-with = \"v\"\n[source.v]\n\
directory = \"vendor\"\n[registries.a]\nindex = \"sparse+https://a/\"\n";
const SETTINGS: &str = "find = false\nplatforms = [\"x86_64-unknown-linux-gnu\"]\nmax-layers = 3\n\n[docker]\ncontext = \
\"..\"\nbuild-base = \"rust:1\"\nbuild-packages = [\"cmake\"]\ninclude = [\"a/*.css\"]\nenv = { A = \"b $ c\" }\nport = 80\n\
volume = \"/data\"\nentrypoint = [\"a\"]\nsecrets = { x = \"/y\" }\nssh = true\n\n[slices.release]\nargs = [\"build\", \
\"--release\"]\nenv = { A = \"<target>/b\" }\nrustflags = [\"-g\"]\nvariant = \"release\"\n";
const LITERALS: &str = "#![doc = include_str!(\"../README.md\")]\nconst A: &[u8] = include_bytes!(concat!(env!(\
\"CARGO_MANIFEST_DIR\"), \"/a.bin\"));\n#[path = \"x.rs\"]\nmod x;\nfn main() {\n    println!(\"cargo::rerun-if-changed=\
{}\", \"a\");\n    sqlx::migrate!(\"./migrations\"); // ' \" r#\"\n    let _ = r##\"a\"#b\"##; let _ = b'\\'';\n}\n";
const PAGE: &str = "<!doctype html><head><!-- <link data-trunk rel=rust> --><link data-trunk rel=\"rust\" href='a&amp;b' \
data-cargo-features=\"a,b\"/><script>'<link data-trunk>'</script><link data-trunk rel=rust data-type=worker data-bin=w>";

/// The inputs of every parser, by its name.
///
/// # Panics
/// When a program fails.
pub fn seeds() -> BTreeMap<&'static str, Vec<Vec<u8>>> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let manifest =
        package("app", "\n[dependencies]\nitoa = \"=1.0.14\"\n\n[profile.dev]\ndebug = 1 # more\n");
    let project = Project::new(&[
        ("Cargo.toml", &manifest),
        ("src/main.rs", "fn main() { let _ = itoa::Buffer::new(); }\n"),
    ]);
    project.larder(&["lock"]).ok();
    project.larder(&["build", "--", "cargo", "build", "--release"]).ok();
    project.write("src/main.rs", "fn main() {}\n");
    project.larder(&["why", "--", "cargo", "build", "--release"]).ok();
    project.larder(&["init", "--yes", "--only", "ci", "--with", "ci"]).ok();
    let prints = fingerprints(&project.path().join("target/release/.fingerprint"));
    let call = r#"{"args":["build","--release","--config","env.A='b'"],"dir":"/x","code":0,"seconds":0.5,"counts":{"compiled":1,"compiled-external":0,"fresh":2},"env":{"A":"b"}}"#;
    let words =
        "+nightly -Zunstable-options -C dir --config=a=b build --target-dir x -qrp a@1 --locked -vj4 -- -x";
    BTreeMap::from([
        ("larder-lock", [read(&project.path().join("larder/larder.lock")), read(&top.join("larder/larder.lock"))].concat()),
        ("cargo-lock", read(&project.path().join("Cargo.lock"))),
        ("unit-graph", vec![printed_by_cargo(&project, &["build", "--unit-graph", "-Zunstable-options"])]),
        ("cargo-messages", vec![printed_by_cargo(&project, &["build", "--message-format=json"])]),
        ("cargo-log", texts(&[CARGO_LOG])),
        ("cargo-errors", texts(&["error: the lock file /x/Cargo.lock needs to be updated but --locked was passed\n", "error: no matching package named `a` found\nlocation searched: registry `crates-io`\n"])),
        ("fingerprint", named(&prints, "", ".json")),
        ("dep-info", named(&prints, "dep-", "")),
        ("buildkit", texts(&[BUILDKIT])),
        ("docker-sizes", texts(&[DOCKER_TOTALS, DOCKER_DETAIL])),
        ("docker-cache", texts(&[DOCKER_CACHE])),
        ("workflow", read(&project.path().join(".github/workflows/larder.yml")).into_iter().chain(texts(&["on: push\njobs:\n  a:\n    steps:\n      - uses: actions/cache@v4\n        with: {path: target, key: x}\n      - run: cargo build\n"])).collect()),
        ("toml-text", read(&project.path().join("Cargo.toml")).into_iter().chain(texts(&[SETTINGS, CONFIG, "profile = { dev = { a = 1 } }\n"])).collect()),
        ("settings", texts(&[SETTINGS])),
        ("cargo-config", texts(&[CONFIG])),
        ("calls", texts(&[call, words])),
        ("page", texts(&[PAGE])),
        ("nix-log", texts(&[NIX_LOG])),
        ("nix-paths", texts(&[NIX_PATHS, NIX_LIST])),
        ("last-build", read(&project.path().join("target/larder/last-build.json"))),
        ("literals", texts(&[LITERALS])),
    ])
}

fn printed_by_cargo(project: &Project, args: &[&str]) -> Vec<u8> {
    let vars = [("RUSTC_BOOTSTRAP", "1")];
    Surroundings::get().run(Path::new("cargo"), project.path(), args, &vars).ok().stdout.into_bytes()
}

/// A file, or nothing if it is not there.
fn read(path: &Path) -> Vec<Vec<u8>> {
    fs_err::read(path).into_iter().collect()
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// The files whose names start and end so.
fn named(files: &[(String, Vec<u8>)], start: &str, end: &str) -> Vec<Vec<u8>> {
    let files = files.iter().filter(|(name, _)| name.starts_with(start) && name.ends_with(end));
    files.map(|(_, bytes)| bytes.clone()).collect()
}

/// The files that cargo keeps of units, by their names.
fn fingerprints(top: &Path) -> Vec<(String, Vec<u8>)> {
    let folders = fs_err::read_dir(top).expect("cargo made it").flatten();
    let files = folders.flat_map(|folder| fs_err::read_dir(folder.path()).expect("a folder").flatten());
    let named =
        files.map(|file| (file.file_name().to_string_lossy().into_owned(), fs_err::read(file.path())));
    named.map(|(name, bytes)| (name, bytes.expect("it can be read"))).collect()
}
