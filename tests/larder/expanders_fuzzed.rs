//! Tables that somebody damaged or made up: Larder's reader and every awk refuse them, or all make the same of them.
//! awk may take what Larder refuses, but it runs nothing and writes nowhere else.

use std::{fmt::Write as _, path::Path};

use larder_tests::{
    Project, Random, package,
    recipes::{self, RECIPES, awks, expand},
};

/// A table with two slices, layers, a git source and settings.
fn table() -> Project {
    let repository = crate::rules_sources::repository();
    let manifest = package("app", "")
        + &format!(
            "\n[dependencies]\nserde_json = \"=1.0.140\"\nfnv = \"1\"\ninner = {{ git = {:?} }}\n\
             old = {{ package = \"itoa\", version = \"=0.4.8\" }}\n\n\
             [package.metadata.larder.slices.own]\nargs = [\"check\"]\nenv = {{ A = \"b \\\"c\\\"\" }}\n\n\
             [profile.release]\nlto = \"thin\"\n",
            repository.url()
        );
    let project = Project::new(&[
        ("Cargo.toml", &manifest),
        (".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"x\"]\n"),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    for version in ["1.0.13", "1.0.15"] {
        project.cargo(&["update", "--quiet", "itoa@1", "--precise", version]);
        project.larder(&["lock"]).ok();
    }
    assert_eq!(project.layers("release"), 2);
    project
}

/// Whether Larder takes a table; every awk makes the same of it then.
fn judge(workspace: &Path, table: &[u8], what: &str) -> bool {
    fs_err::write(workspace.join("larder/larder.lock"), table).unwrap();
    let expected = recipes::by_larder(workspace);
    for awk in awks("fuzzed tables") {
        let folder = tempfile::tempdir().unwrap();
        let outcome = expand(awk, workspace, folder.path());
        let found: Vec<_> = recipes::files(folder.path()).into_keys().collect();
        assert!(found.iter().all(|path| path.starts_with(RECIPES)), "{awk:?} {what}: {found:?}");
        let outside = folder.path().join(RECIPES).join("../x");
        assert!(!outside.exists() && !workspace.join("x").exists(), "{awk:?} {what}");
        match &expected {
            Ok(expected) => {
                assert_eq!(outcome.code, 0, "{awk:?} refuses what Larder takes, {what}: {}", outcome.stderr);
                assert_eq!(&recipes::files(&folder.path().join(RECIPES)), expected, "{awk:?} {what}");
            }
            Err(_) if outcome.code != 0 => {
                assert!(outcome.stderr.contains("run `cargo larder lock`"), "{awk:?} {what}: {outcome:?}");
                // gawk warns of bytes that are no text in the locale.
                let said = outcome.stderr.lines().filter(|line| !line.contains("warning: "));
                assert_eq!(said.count(), 1, "{awk:?} {what}: {}", outcome.stderr);
            }
            Err(_) => {}
        }
    }
    expected.is_ok()
}

const WORDS: [&str; 22] = [
    "$(touch x)",
    "`touch x`",
    "; touch x;",
    "\"",
    "'",
    "\\",
    "../../../x",
    "/tmp/x",
    "|",
    "&",
    "%s",
    "\t",
    "\r",
    "\0",
    " ",
    "-",
    "-9999999999999999999",
    "a0-",
    "a-0",
    "\u{85}",
    "é",
    "<<<<<<< HEAD",
];

fn mutated(good: &str, random: &mut Random) -> (Vec<u8>, String) {
    let mut lines: Vec<String> = good.lines().map(str::to_owned).collect();
    let (one, other) = (random.below(lines.len()), random.below(lines.len()));
    let mut what = format!("line {}: ", one + 1);
    match random.below(9) {
        0 => lines.swap(one, other),
        1 => drop(lines.remove(one)),
        2 => lines.insert(other, lines[one].clone()),
        3 => {
            let mut bytes = good.as_bytes().to_vec();
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
            return (bytes, format!("a bit of byte {at}"));
        }
        4 => {
            let end = random.below(good.len());
            return (good.as_bytes()[..end].to_vec(), format!("the first {end} bytes"));
        }
        5 => {
            let line = lines[one].clone();
            let ends: Vec<usize> = line.char_indices().map(|(index, _)| index).chain([line.len()]).collect();
            let (at, word) = (random.one_of(&ends), random.one_of(&WORDS));
            lines[one].insert_str(at, word);
        }
        6 => {
            let mut words: Vec<&str> = lines[one].split(' ').collect();
            let at = random.below(words.len());
            words[at] = random.one_of(&WORDS);
            lines[one] = words.join(" ");
        }
        7 => {
            let mut words: Vec<&str> = lines[one].split(' ').collect();
            let marks =
                random.one_of(&["a", "b", "ab", "a-0", "a1-", "b1-", "a-1", "a1-1", "a-0b1-", "b-0b1-"]);
            if let Some(word) = words.get_mut(2) {
                *word = marks;
            }
            lines[one] = words.join(" ");
        }
        _ => {
            let mut words: Vec<&str> = lines[one].split(' ').collect();
            let (from, to) = (random.below(words.len()), random.below(words.len()));
            words.swap(from, to);
            lines[one] = words.join(" ");
        }
    }
    let _ = write!(what, "{}", lines.get(one).map_or("", String::as_str));
    ((lines.join("\n") + "\n").into_bytes(), what)
}

#[test]
fn damaged_tables() {
    const TABLES: usize = 300;
    let project = table();
    let good = project.read("larder/larder.lock");
    assert!(judge(project.path(), good.as_bytes(), "as it was written"));
    let mut random = Random::new(0x5eed_1a2d_e201_7ab1);
    for round in 0..TABLES {
        let (bytes, what) = mutated(&good, &mut random);
        judge(project.path(), &bytes, &format!("round {round}, {what}"));
    }
}

/// Names in every place of a line that would be a command, a path or another line.
#[test]
fn hostile_names() {
    let project = table();
    let good = project.read("larder/larder.lock");
    let starts =
        ["slice a", "env ", "shared ", "config ", "manifest ", "cargo-lock ", "source ", "itoa 1", "inner "];
    for start in starts {
        let line = good.lines().find(|line| line.starts_with(start)).unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        for at in 1..words.len().min(8) {
            for hostile in
                ["$(touch${IFS}x)", "`touch${IFS}x`", "a;touch${IFS}x", "../x", "\"", "a\\", "x'y", "a\nb"]
            {
                let mut words = words.clone();
                words[at] = hostile;
                let bad = good.replacen(line, &words.join(" "), 1);
                judge(project.path(), bad.as_bytes(), &format!("{hostile:?} in {line}"));
            }
        }
    }
}

/// A line ends where another one of its package begins, and only if it leaves its end open.
#[test]
fn lines_of_one_package_that_overlap() {
    let project = table();
    let good = project.read("larder/larder.lock");
    assert!(good.contains("\nitoa 1.0.13 ab ") && good.contains("\nitoa 1.0.15 a1-b1- "), "{good}");
    for (old, new) in
        [("1.0.13 ab ", "1.0.13 a-1b "), ("1.0.13 ab ", "1.0.13 ab-1 "), ("1.0.15 a1-b1- ", "1.0.15 ab1- ")]
    {
        let bad = good.replacen(old, new, 1);
        assert!(!judge(project.path(), bad.as_bytes(), new), "{new}");
        let outcome = project.larder(&["cook"]);
        assert!(outcome.code == 1 && outcome.stderr.contains("larder.lock"), "{new}: {outcome:?}");
        for awk in awks(new) {
            let outcome = expand(awk, project.path(), tempfile::tempdir().unwrap().path());
            assert!(outcome.stderr.contains("itoa@1 is in one layer twice"), "{awk:?} {new}: {outcome:?}");
        }
    }
    // Checksums are in small letters.
    let sum = good.lines().find(|line| line.starts_with("itoa 1.0.15")).unwrap().rsplit(' ').next().unwrap();
    let bad = good.replace(sum, &sum.to_uppercase());
    assert!(!judge(project.path(), bad.as_bytes(), "a checksum in capitals"));
}

/// Forms of a whole table that end in one clear error of every program.
#[test]
fn tables_in_another_form() {
    let project = table();
    let good = project.read("larder/larder.lock");
    let long = good.replacen(
        "\npackages\n",
        &format!("\nshared env.A = \"{}\"\npackages\n", "x".repeat(300_000)),
        1,
    );
    let forms = [
        ("CR LF", good.replace('\n', "\r\n"), "Windows"),
        (
            "conflict",
            good.replacen("\npackages\n", "\n<<<<<<< HEAD\npackages\n=======\npackages\n>>>>>>> other\n", 1),
            "conflict markers",
        ),
        ("cut", good[..good.len() / 2].to_owned(), "line"),
        ("no end", good.replace("\nend\n", "\n"), "cut short"),
        ("more", format!("{good}more\n"), "after `end`"),
        ("empty", String::new(), "cut short"),
        ("long", long, "longer than"),
        ("no version", good.replacen("larder 2\n", "", 1), "larder 2"),
    ];
    for (name, text, reason) in forms {
        assert!(!judge(project.path(), text.as_bytes(), name), "{name}");
        let outcome = project.larder(&["cook"]);
        assert!(outcome.code == 1 && outcome.stderr.contains(reason), "{name}: {outcome:?}");
        assert!(
            outcome.stderr.contains("larder.lock")
                && outcome.stderr.contains("help: run `cargo larder lock`")
        );
        for awk in awks(name) {
            let outcome = expand(awk, project.path(), tempfile::tempdir().unwrap().path());
            assert!(outcome.code != 0 && outcome.stderr.contains(reason), "{awk:?} {name}: {outcome:?}");
        }
        project.larder(&["lock"]).ok();
        // Layers stay if what was written can be told.
        let stays = ["CR LF", "conflict"].contains(&name);
        assert_eq!(project.read("larder/larder.lock") == good, stays, "{name}");
        assert_eq!(project.layers("own"), if stays { 2 } else { 1 }, "{name}");
        project.larder(&["lock", "--check"]).ok();
        project.write("larder/larder.lock", &good);
    }
}
