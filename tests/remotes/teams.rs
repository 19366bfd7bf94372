//! A team's remote on servers of others: what one machine pushed, another one cooks without compiling; and whatever the
//! server does, another one cooks.

use std::path::{Path, PathBuf};

use larder_store::remote::conformance;
use larder_tests::team::Team;

use crate::{
    registries::registry,
    servers::{Server, moto, open, put, rclone},
};

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "writer"), ("AWS_SECRET_ACCESS_KEY", "secret-canary")];

/// Pushes and cooks elsewhere, and wants nothing compiled and no secret told.
fn is_shared(team: &Team, vars: &[(&str, &str)]) {
    let pushed = team.push(&["--allow-untrusted", "--json"], vars).ok();
    let other = team.another();
    let cooked = other.cook(vars);
    assert!(cooked.restored > 5, "{cooked:?}");
    assert_eq!((cooked.compiled, &cooked.warnings), (0, &Vec::new()), "{}", cooked.told);
    let again = team.push(&["--allow-untrusted", "--json"], vars).ok();
    let told: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!((&told["slices"][0]["new"], &told["slices"][0]["sent"]), (&0.into(), &0.into()));
    for text in [pushed.stdout, pushed.stderr, cooked.told, again.stdout, again.stderr] {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn a_team_shares_a_bucket() {
    let Some(server) = moto("a team's bucket", &[]) else { return };
    put(&server.address("/units"));
    let team = Team::new(&format!("s3://units/team?endpoint={}", server.address("")));
    is_shared(&team, &KEYS);
}

#[test]
fn a_team_shares_a_registry() {
    let Some(server) = registry("a team's registry", "") else { return };
    is_shared(&Team::new(&format!("oci://127.0.0.1:{}/team/units", server.port)), &[]);
}

/// All objects of a kind that rclone keeps.
fn objects(server: &Server, kind: &str) -> Vec<PathBuf> {
    let folder = server.folder.path().join("data/units/team/v1").join(kind);
    fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn truncate(path: &Path) {
    let bytes = fs_err::read(path).unwrap();
    fs_err::write(path, &bytes[..bytes.len() / 2]).unwrap();
}

#[test]
fn whatever_a_server_does_with_objects_a_machine_cooks() {
    let Some(server) = rclone("a team's server that is no good one") else { return };
    let address = format!("s3://units/team?endpoint={}", server.address(""));
    let team = Team::new(&address);
    // It heeds no condition, so that every one of these believes that its object is the one.
    std::thread::scope(|scope| {
        let pushes: Vec<_> =
            (0..3).map(|_| scope.spawn(|| team.push(&["--allow-untrusted"], &KEYS).ok())).collect();
        pushes.into_iter().for_each(|push| drop(push.join().unwrap()));
    });
    let cooked = team.another().cook(&KEYS);
    assert_eq!((cooked.compiled, &cooked.warnings), (0, &Vec::new()), "{}", cooked.told);

    objects(&server, "packs").iter().step_by(2).for_each(|path| truncate(path));
    let other = team.another();
    let cooked = other.cook(&KEYS);
    assert!(cooked.compiled > 0 && cooked.restored > 0 && cooked.warnings.len() == 1, "{cooked:?}");
    other.larder(&["store", "verify"], &[]).ok();
    assert_eq!(other.larder(&["cook", "--json"], &KEYS).ok().code, 0);

    let name = conformance::name("v1/after");
    let remote = open(&address, &KEYS);
    drop(server);
    assert!(remote.get(&name, 10).is_err());
    let cooked = team.another().cook(&KEYS);
    assert!(cooked.compiled > 5 && cooked.warnings.len() == 1, "{cooked:?}");
}
