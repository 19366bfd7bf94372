//! The table of recipes as Nix reads it: to the very files that Larder and `expand.awk` make of it, and to one clear
//! error when somebody has cut, merged or made it up.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use larder::{camino::Utf8Path, recipe::lock_file::LockFile};
use larder_tests::{GitRepository, Outcome, Project, Surroundings, nix::evaluate, package};
use serde_json::Value;

const LOCK: &str = "larder/larder.lock";
/// Texts by the paths that they lie at below the folder of recipes.
type Files = BTreeMap<String, String>;

/// The files that Larder makes of a workspace's table; `None` if it refuses it.
fn by_larder(root: &Path) -> Option<Files> {
    let file = LockFile::read(Utf8Path::from_path(&root.join("larder")).unwrap()).ok()?;
    let layers =
        file.slices.iter().flat_map(|slice| (0..slice.layers.len()).map(move |layer| (slice, layer)));
    let files = layers.flat_map(|(slice, layer)| {
        let path = move |path| format!("{}/{layer}/{path}", slice.slice.name);
        slice.files(layer).into_iter().map(move |(name, text)| (path(name), text))
    });
    let settings = file.config().map(|text| ("config.toml".to_owned(), text));
    Some(files.chain(settings).collect())
}

/// The files that awk makes of it; `None` if it fails.
fn by_awk(root: &Path) -> Option<Files> {
    let awk = Surroundings::get().env().find_program("awk").expect("PATH has awk");
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/larder/src/recipe/expand.awk");
    let scratch = tempfile::tempdir().unwrap();
    fs_err::create_dir(scratch.path().join("larder")).unwrap();
    fs_err::copy(root.join(LOCK), scratch.path().join(LOCK)).unwrap();
    let outcome =
        Surroundings::get().run(&awk, scratch.path(), &["-f", &program.to_string_lossy(), LOCK], &[]);
    let recipes = scratch.path().join("target/larder/recipes");
    let mut files = Files::new();
    if recipes.exists() {
        read_all(&recipes, "", &mut files);
    }
    (outcome.code == 0).then_some(files)
}

fn read_all(folder: &Path, prefix: &str, files: &mut Files) {
    for entry in fs_err::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            read_all(&entry.path(), &format!("{path}/"), files);
        } else {
            files.insert(path, fs_err::read_to_string(entry.path()).unwrap());
        }
    }
}

/// The files that Nix makes of the tables of several folders; `null` if it throws.
fn by_nix(test: &str, roots: &[&Path]) -> Option<Outcome> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("nix/workspace.nix");
    let mut list = String::new();
    roots.iter().for_each(|root| write!(list, " {}", root.display()).unwrap());
    let expression = format!(
        "map (root:
            let
              lock = (import {} {{ inherit root; }}).lock;
              read = {{
                inherit (lock) settings;
                slices = builtins.mapAttrs (_: slice: slice.recipes) lock.slices;
              }};
              tried = builtins.tryEval (builtins.deepSeq read read);
            in
            if tried.success then tried.value else null) [{list} ]",
        workspace.display()
    );
    evaluate(test, &expression)
}

/// The answer for one of the folders.
fn files_of(answer: &Value) -> Option<Files> {
    let settings = answer["settings"].as_str()?;
    let mut files: Files =
        (!settings.is_empty()).then(|| ("config.toml".to_owned(), settings.to_owned())).into_iter().collect();
    for (slice, layers) in answer["slices"].as_object()? {
        for (layer, recipe) in layers.as_array().unwrap().iter().enumerate() {
            for (path, text) in recipe.as_object().unwrap() {
                files.insert(format!("{slice}/{layer}/{path}"), text.as_str().unwrap().to_owned());
            }
        }
    }
    Some(files)
}

/// A workspace whose recipes have something of everything: stubs of all shapes, sources of all kinds, packages of one
/// name, settings, variables that have to be escaped, and several layers.
fn rich(repository: &GitRepository) -> Project {
    let manifest = "[workspace]\nmembers = [\"app\", \"derive\", \"plugin\", \"shared\"]\nresolver = \"2\"\n\n\
        [profile.release]\nlto = true\n\n[profile.checked]\ninherits = \"dev\"\npanic = \"abort\"\n\n[profile.dev.package.\"*\"]\nopt-level = 1\n\n\
        [workspace.metadata.larder.slices.lint]\nargs = [\"clippy\", \"--workspace\", \"--\", \"-D\", \"warnings\"]\n\
        env = { QUOTED = \"a \\\"b\\\" \\\\ ü $(c) `d` 'e'\", BELOW = \"<target>/x\", TAB = \"a\\tb\" }\n\n\
        [workspace.metadata.larder.slices.test]\nargs = [\"test\", \"--workspace\"]\n\n\
        [workspace.metadata.larder.slices.checked]\nargs = [\"test\", \"--workspace\", \"--profile=checked\"]\n\n\
        [workspace.metadata.larder.slices.release]\nargs = [\"build\", \"--release\"]\n";
    let app = "[dependencies]\nshared = { path = \"../shared\" }\nderive = { path = \"../derive\" }\n\
        itoa = \"=1.0.14\"\nold-itoa = { package = \"itoa\", version = \"=0.4.8\" }\n\
        outer = { git = \"URL\", branch = \"main\" }\n\n\
        [target.'cfg(target_os = \"macos\")'.dependencies]\nfnv = \"=1.0.7\"\n\n\
        [build-dependencies]\nautocfg = \"=1.5.0\"\n\n[dev-dependencies]\neither = \"=1.15.0\"\n";
    let shared = "[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n[dependencies]\ncfg-if = \"=1.0.1\"\n\
        [dependencies.serde]\nversion = \"=1.0.219\"\nfeatures = [\"derive\"]\n";
    let derive = "[lib]\nproc-macro = true\n\n[dependencies]\nunicode-ident = \"=1.0.18\"\n";
    let plugin = "[lib]\ncrate-type = [\"dylib\"]\n\n[dependencies]\nryu = \"=1.0.20\"\n";
    let project = Project::new(&[
        ("Cargo.toml", manifest),
        ("app/Cargo.toml", &package("app", &app.replace("URL", &repository.url()))),
        ("app/build.rs", "fn main() {}\n"),
        ("app/src/main.rs", "fn main() {}\n"),
        ("app/tests/runs.rs", ""),
        ("derive/Cargo.toml", &package("derive", derive)),
        ("derive/src/lib.rs", ""),
        (".cargo/config.toml", "[env]\nWORDS = \"it's \\\"so\\\"\"\n\n[net]\nretry = 3\n"),
        ("plugin/Cargo.toml", &package("plugin", plugin)),
        ("plugin/src/lib.rs", ""),
        ("shared/Cargo.toml", &package("shared", shared)),
        ("shared/src/lib.rs", ""),
    ]);
    project.larder(&["lock"]).ok();
    project.write("app/Cargo.toml", &project.read("app/Cargo.toml").replace("=1.0.14", "=1.0.15"));
    project.larder(&["lock"]).ok();
    project
}

fn repository() -> GitRepository {
    GitRepository::new(&[
        ("Cargo.toml", &package("outer", "[dependencies]\nitoa = \"1\"\n")),
        ("src/lib.rs", ""),
    ])
}

/// A small table: `itoa` in two layers of one slice.
fn small() -> Project {
    let manifest = manifest_of_small("1.0.14");
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")]);
    project.larder(&["lock"]).ok();
    project.write("Cargo.toml", &manifest_of_small("1.0.15"));
    project.larder(&["lock"]).ok();
    project
}

fn manifest_of_small(itoa: &str) -> String {
    let serde = "serde = { version = \"=1.0.219\", features = [\"derive\"] }";
    package("app", &format!("[dependencies]\nitoa = \"={itoa}\"\n{serde}\n"))
}

#[test]
fn three_expanders_give_the_same_files() {
    let repository = repository();
    let workspaces = [
        rich(&repository),
        small(),
        Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/portfolio")),
    ];
    let roots: Vec<&Path> = workspaces.iter().map(Project::path).collect();
    for root in &roots {
        let (larder, awk) =
            (by_larder(root).expect("a table of Larder's own"), by_awk(root).expect("awk reads it"));
        assert_eq!(larder, awk);
    }
    let Some(outcome) = by_nix("expansion", &roots) else { return };
    let answers: Vec<Value> = serde_json::from_str(&outcome.ok().stdout).unwrap();
    for (root, answer) in roots.iter().zip(&answers) {
        assert_eq!(files_of(answer), by_larder(root));
    }
    assert!(by_larder(roots[0]).unwrap().contains_key("lint/1/Cargo.toml"));
    assert!(by_larder(roots[1]).unwrap().contains_key("release/1/Cargo.toml"));
    let all = fs_err::read_to_string(roots[0].join(LOCK)).unwrap();
    for part in [
        "both",
        "dylib",
        "shared env.",
        "shared net.",
        "macro",
        "tests",
        "program",
        "doctests",
        "source ",
        "@",
        "\\\\ ü $(c) `d` 'e'\"",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
}

/// Nix's answers for some texts in the place of the table, with the folders they are in.
struct Tables {
    folder: tempfile::TempDir,
    roots: Vec<std::path::PathBuf>,
}

impl Tables {
    fn new(texts: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut roots = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            let root = folder.path().join(index.to_string());
            fs_err::create_dir_all(root.join("larder")).unwrap();
            fs_err::write(root.join(LOCK), text).unwrap();
            roots.push(root);
        }
        Self { folder, roots }
    }

    fn roots(&self) -> Vec<&Path> {
        assert!(self.folder.path().exists());
        self.roots.iter().map(std::path::PathBuf::as_path).collect()
    }
}

/// The number of the first line that holds a text.
fn line_of(text: &str, part: &str) -> usize {
    1 + text.lines().position(|line| line.contains(part)).unwrap_or_else(|| panic!("{part} is not there"))
}

/// Somebody's edits of a table, the line at fault, and what is said of it.
fn malformed(good: &str) -> Vec<(String, usize, &'static str)> {
    let last = good.lines().count();
    let itoa = line_of(good, "\nitoa 1.0.14".trim_start());
    let slice = line_of(good, "slice a");
    let long = format!("packages\na{}", "a".repeat(262_144));
    vec![
        (String::new(), 1, "the line `larder 2` is missing"),
        (good[..good.len() / 2].to_owned(), 0, ""),
        (good.replace("\nend\n", "\n"), last - 1, "it is cut short: the line `end` is missing"),
        (format!("{good}\n"), last + 1, "there is more after `end`"),
        (edited(good, "itoa 1.0.14", "<<<<<<< ours\nitoa 1.0.14"), itoa, "it has conflict markers"),
        (good.replace('\n', "\r\n"), 1, "it has line ends of Windows (CR LF)"),
        (edited(good, "itoa 1.0.14", "itoa\t1.0.14"), itoa, "it has a control character"),
        (edited(good, "packages", &long), line_of(good, "packages") + 1, "it is longer than 262144 bytes"),
        (edited(good, "larder 2\n", ""), 2, "the line `larder 2` is missing"),
        (swapped(good, "quote ", "serde "), line_of(good, "quote ") + 1, "it is not sorted"),
        (swapped(good, "itoa 1.0.14", "itoa 1.0.15"), itoa + 1, "it is not sorted"),
        (swapped(good, "cargo-lock ", "manifest "), line_of(good, "cargo-lock ") + 1, "it is not sorted"),
        (
            edited(good, "platforms", "hostile"),
            line_of(good, "platforms"),
            "it begins as no line of a table does",
        ),
        (edited(good, "slice a release", "slice a ../release"), slice, "no slice has such a letter, name"),
        (
            edited(good, "slice a release", "slice a $(touch${IFS}x)"),
            slice,
            "no slice has such a letter, name",
        ),
        (edited(good, "slice a release 4", "slice a release 65"), slice, "no slice has such a letter, name"),
        (edited(good, "\"cook\":[", "\"cook\":[["), slice, "a slice has no such call of cargo"),
        (edited(good, "\"build\"", "\"bu\\ild\""), slice, "a slice has no such call of cargo"),
        (edited(good, "itoa 1.0.14", "it\"oa 1.0.14"), itoa, "a package has no such name or version"),
        (edited(good, "itoa 1.0.14", "../itoa 1.0.14"), itoa, "a package has no such name or version"),
        (edited(good, "itoa 1.0.14", "itoa 1.0.$(id)"), itoa, "a package has no such name or version"),
        (edited(good, "itoa 1.0.14 a", "itoa 1.0.14 b"), itoa, "\"b\" marks no layers"),
        (edited(good, "itoa 1.0.14 a", "itoa 1.0.14 a-9"), itoa, "\"a-9\" marks no layers"),
        (edited(good, "itoa 1.0.14 a", "itoa 1.0.14 a1-"), itoa + 1, "itoa@1 is in one layer twice"),
        (edited(good, "itoa 1.0.14 a", "itoa 1.0.14 a-1"), itoa, "itoa@1 is in one layer twice"),
        (edited(good, "itoa 1.0.14 a | t", "itoa 1.0.14 a | `t`"), itoa, "it has something that is no pin"),
        (
            edited(good, "itoa 1.0.14 a |", "itoa 1.0.14 a never@1 |"),
            itoa,
            "itoa depends on never@1, which is not there",
        ),
        (
            edited(good, "itoa 1.0.14 a |", "itoa 1.0.14 a"),
            itoa,
            "a package's line has three parts between |",
        ),
        (
            edited(good, "config a build.target-dir", "config a build.rustc-wrapper"),
            line_of(good, "config a"),
            "it is no setting that a recipe has",
        ),
        (
            edited(good, "manifest a workspace.resolver", "manifest a package.build"),
            line_of(good, "manifest a"),
            "it is no setting that a recipe has",
        ),
    ]
}

fn edited(good: &str, old: &str, new: &str) -> String {
    assert!(good.contains(old), "{old}: {good}");
    good.replacen(old, new, 1)
}

/// The text with two lines in each other's place, told by their starts.
fn swapped(good: &str, one: &str, other: &str) -> String {
    let [one, other] = [one, other].map(|start| good.lines().find(|line| line.starts_with(start)).unwrap());
    good.replace(one, "\u{0}").replace(other, one).replace('\u{0}', other)
}

#[test]
fn a_malformed_table_is_one_clear_error() {
    let project = small();
    let good = project.read(LOCK);
    for (text, line, why) in malformed(&good) {
        let tables = Tables::new(&[text]);
        let root = tables.roots()[0];
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("nix/workspace.nix");
        // The names of packages are asked for alone: nothing may be given of such a table.
        let expression = format!(
            "builtins.attrNames (import {} {{ root = {}; }}).slices",
            workspace.display(),
            root.display()
        );
        let Some(outcome) = evaluate("malformed tables", &expression) else { return };
        let at = if line == 0 {
            format!("{} line ", root.join(LOCK).display())
        } else {
            format!("{} line {line}: {why}", root.join(LOCK).display())
        };
        let said = outcome.stderr.contains(&at) && outcome.stderr.contains("hint: run `cargo larder lock`");
        assert!(outcome.code != 0 && said, "{at}\n{}", outcome.stderr);
        assert_eq!(by_larder(root), None, "{why}");
    }
}

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// One small change, as merges, editors and accidents make them.
fn mutated(good: &str, numbers: &mut Numbers) -> String {
    const SCRAPS: [&str; 16] =
        ["\"", "\\", "$(id)", "|", " ", "\n", "/", "@", ":", ",", "0", "a", "-", "end\n", "}", "ü"];
    let mut lines: Vec<&str> = good.lines().collect();
    let (one, other) = (numbers.below(lines.len()), numbers.below(lines.len()));
    match numbers.below(6) {
        0 => drop(lines.remove(one)),
        1 => lines.swap(one, other),
        2 => lines.insert(one, lines[other]),
        3 => return good.chars().take(numbers.below(good.len())).collect(),
        kind => {
            let mut chars: Vec<char> = good.chars().collect();
            let at = numbers.below(chars.len());
            let scrap = SCRAPS[numbers.below(SCRAPS.len())].chars();
            chars.splice(at..at + usize::from(kind == 4), scrap);
            return chars.into_iter().collect();
        }
    }
    lines.join("\n") + "\n"
}

/// Whatever happens to a table, Nix gives the same files as the others or throws; it never ends in another way.
#[test]
fn a_damaged_table_is_refused_or_means_the_same_to_all() {
    let repository = repository();
    let (rich, small) = (rich(&repository).read(LOCK), small().read(LOCK));
    let mut numbers = Numbers(18);
    let texts: Vec<String> =
        (0..200).map(|index| mutated(if index % 2 == 0 { &rich } else { &small }, &mut numbers)).collect();
    let tables = Tables::new(&texts);
    let Some(outcome) = by_nix("damaged tables", &tables.roots()) else { return };
    let answers: Vec<Value> = serde_json::from_str(&outcome.ok().stdout).unwrap();
    for ((root, text), answer) in tables.roots().iter().zip(&texts).zip(&answers) {
        let (nix, larder) = (files_of(answer), by_larder(root));
        assert!(larder.is_none() || nix == larder, "{text}");
        let awk = by_awk(root);
        assert!(nix.is_none() || awk.is_none() || nix == awk, "{text}");
    }
    let refused = answers.iter().filter(|answer| answer.is_null()).count();
    assert!((100..200).contains(&refused), "{refused}");
}
