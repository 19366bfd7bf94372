//! A team's remote: what one machine pushed, another one cooks without compiling, if a committed key signed it.

use std::path::Path;

use larder_tests::{
    files_server::{FilesServer, Speed},
    machine::files,
    team::Team,
};

#[test]
fn what_one_machine_pushed_another_one_cooks_without_compiling() {
    let team = Team::of_folder();
    let other = team.another();
    assert_eq!(other.larder(&["store", "pull"], &[]).ok().stdout.lines().count(), 2);
    team.push(&["--allow-untrusted"], &[]).ok();
    let cooked = other.cook(&[]);
    assert!(cooked.restored > 5, "{cooked:?}");
    assert_eq!((cooked.compiled, cooked.warnings), (0, Vec::new()));
    let again = team.push(&["--allow-untrusted", "--json"], &[]).ok();
    let again: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!((&again["slices"][0]["new"], &again["slices"][0]["sent"]), (&0.into(), &0.into()));
}

/// A slice that shares no unit with that of the release.
const OTHER: &str = "[package.metadata.larder.slices.other]\nargs = [\"build\"]\nvariant = \"release\"\n";

/// As a rule of a bucket does with what is old.
#[test]
fn units_that_the_remote_lost_cost_no_others_and_are_pushed_again() {
    let team = Team::of_folder();
    team.first.project.write("Cargo.toml", &(team.first.project.read("Cargo.toml") + OTHER));
    team.first.larder(&["lock"], &[]).ok();
    team.first.larder(&["cook"], &[]).ok();
    team.push(&["--allow-untrusted"], &[]).ok();
    let packs = files(&Path::new(&team.remote).join("v1/packs"));
    for list in files(&Path::new(&team.remote).join("v1/snapshots")) {
        let list = fs_err::read_to_string(list).unwrap();
        let lost = packs.iter().find(|pack| list.contains(pack.file_name().unwrap().to_str().unwrap()));
        fs_err::remove_file(lost.unwrap()).unwrap();
    }
    let run = team.another().larder(&["cook", "--json"], &[]).ok();
    let restored = numbers(&run.stdout, "phases", "restored");
    assert!(restored.len() == 2 && !restored.contains(&0), "{restored:?}: {}", run.stderr);
    assert_eq!(run.stderr.matches("it is not there").count(), 2, "{}", run.stderr);
    let run = team.push(&["--allow-untrusted", "--json"], &[]).ok();
    assert_eq!(numbers(&run.stdout, "slices", "new"), [1, 1], "{}", run.stdout);
    let run = team.another().larder(&["cook", "--json"], &[]).ok();
    assert_eq!(numbers(&run.stdout, "phases", "compiled-external"), [0, 0], "{}", run.stderr);
}

/// A number of each row of a table.
fn numbers(json: &str, table: &str, name: &str) -> Vec<u64> {
    let told: serde_json::Value = serde_json::from_str(json).unwrap();
    told[table].as_array().unwrap().iter().map(|row| row[name].as_u64().unwrap()).collect()
}

#[test]
fn a_server_gives_what_was_pushed_into_its_folder() {
    let team = Team::of_folder();
    team.push(&["--allow-untrusted"], &[]).ok();
    let server = FilesServer::start(team.remote.as_ref(), Speed::Full).unwrap();
    let address = &server.address;
    let manifest = team.first.project.read("Cargo.toml").replace(&team.remote, address);
    let other = team.another();
    other.project.write("Cargo.toml", &manifest);
    let cooked = other.cook(&[]);
    assert!(cooked.restored > 5, "{cooked:?}");
    assert_eq!((cooked.compiled, cooked.warnings), (0, Vec::new()));
}

#[test]
fn what_cannot_be_believed_or_reached_is_compiled_after_one_warning() {
    let team = Team::of_folder();
    team.push(&["--allow-untrusted"], &[]).ok();
    let stranger = team.keygen("stranger");
    let manifest = team.first.project.read("Cargo.toml");
    let own = manifest.split("keys = ").next().unwrap().to_owned();
    let cases = [
        (format!("{own}keys = [\"{stranger}\"]\n"), "its signature is not one of the key `team-1`"),
        (format!("{own}keys = []\n"), "there is no key"),
        (manifest.replace("/remote\"", "/absent\""), "the folder is not there"),
        (manifest.replace(&team.remote, "http://127.0.0.1:9"), "the remote of the store is left alone"),
        (format!("{manifest}namespace = \"others\"\n"), ""),
    ];
    for (changed, reason) in cases {
        let other = team.another();
        other.project.write("Cargo.toml", &changed);
        let cooked = other.cook(&[]);
        assert_eq!(cooked.restored, 0, "{reason}");
        assert!(cooked.compiled > 5, "{reason}");
        let warnings = cooked.warnings;
        let expected = usize::from(!reason.is_empty());
        assert_eq!(warnings.len(), expected, "{reason}: {warnings:?}");
        assert!(warnings.iter().all(|warning| warning.contains(reason)), "{warnings:?}");
    }
}

#[test]
fn pushing_takes_a_protected_branch_or_a_word() {
    let team = Team::of_folder();
    let github =
        [("GITHUB_ACTIONS", "true"), ("GITHUB_REF_TYPE", "branch"), ("GITHUB_REF_PROTECTED", "true")];
    let refused = team.push(&[], &[github.as_slice(), &[("GITHUB_EVENT_NAME", "pull_request")]].concat());
    assert!(refused.stderr.contains("GitHub Actions does not build a push"), "{}", refused.stderr);
    assert_eq!(fs_err::read_dir(&team.remote).unwrap().count(), 0);
    team.push(&[], &[github.as_slice(), &[("GITHUB_EVENT_NAME", "push")]].concat()).ok();
    team.keygen("stranger");
    let words = ["store", "push", "--allow-untrusted", "--key", &team.path("stranger")];
    let run = team.first.larder(&words, &[]).ok();
    assert!(run.stderr.contains("nobody uses what is pushed"), "{}", run.stderr);
    let secret = fs_err::read_to_string(team.path("key")).unwrap();
    // As CI systems give secrets.
    let vars = [("LARDER_STORE_KEY", secret.as_str())];
    let run = team.first.larder(&["store", "push", "--allow-untrusted"], &vars).ok();
    for text in [run.stdout, run.stderr] {
        assert!(!text.contains(secret.trim().split(':').next_back().unwrap()), "{text}");
    }
}
