//! The store of compiled units: what one checkout compiled, another one finds fresh, wherever it is.

pub(crate) use larder_tests::{Checkout, Machine, machine::SAID};
use larder_tests::{Outcome, Project, Surroundings, machine::NEW_LAYOUT, package};

#[test]
fn another_checkout_with_another_cargo_home_compiles_nothing() {
    let machine = Machine::new();
    let first = machine.first();
    let (restored, compiled) = first.cook(&[]);
    assert_eq!(restored, 0);
    assert!(compiled > 10, "{compiled}");
    let second = first.another();
    // The checkout that compiled the units is not needed for the rest.
    drop(first);
    let (restored, compiled) = second.cook(&[]);
    assert!(restored > 10, "{restored}");
    assert_eq!(compiled, 0);
    // The recipe's own empty package was compiled, which is nothing to ask cargo about.
    let last = second.project.read("target/larder/last-build.json");
    assert!(last.contains("\"builds\": []"), "{last}");
    let counts = second.build(&[]);
    assert_eq!((counts.compiled, counts.compiled_external), (1, 0), "{counts:?}");
    assert_eq!(second.says(), SAID);
    assert_eq!(second.cook(&[]), (0, 0), "what is there is not restored again");
}

#[test]
fn the_layout_of_folders_for_units_is_restored_as_well() {
    let layout = NEW_LAYOUT;
    let machine = Machine::new();
    let first = machine.first();
    first.cook(&layout);
    let second = first.another();
    drop(first);
    let (restored, compiled) = second.cook(&layout);
    assert!(restored > 10, "{restored}");
    assert_eq!(compiled, 0);
    assert_eq!(second.build(&layout).compiled_external, 0);
    assert_eq!(second.says(), SAID);
}

#[test]
fn after_a_change_of_the_lock_file_the_rest_is_restored() {
    let machine = Machine::new();
    let first = machine.first();
    first.cook(&[]);
    let second = first.another();
    let manifest = second.project.read("Cargo.toml").replace("=2.0.17", "=2.0.16");
    second.project.write("Cargo.toml", &manifest);
    second.cargo(&["update", "--quiet", "--workspace"]);
    second.larder(&["lock"]);
    let (restored, compiled) = second.cook(&[]);
    // thiserror, its macro, and build scripts of both.
    assert!(restored > 8, "{restored}");
    assert!((1..=4).contains(&compiled), "{compiled}");
    assert_eq!(second.build(&[]).compiled_external, 0);
    assert_eq!(second.says(), SAID);
}

/// cargo would take a unit for fresh that was compiled with other bytes of a dependency, and the build would fail for
/// good.
#[test]
fn whichever_unit_is_missing_the_build_succeeds() {
    let machine = Machine::new();
    let first = machine.first();
    first.cook(&[]);
    let second = first.another();
    for record in machine.files("records") {
        let bytes = fs_err::read(&record).unwrap();
        fs_err::remove_file(&record).unwrap();
        let target = second.project.path().join("target");
        if target.exists() {
            fs_err::remove_dir_all(target).unwrap();
        }
        let (_, compiled) = second.cook(&[("LARDER_STORE", "read")]);
        assert!(
            compiled > 0 || String::from_utf8_lossy(&bytes).contains("build-script"),
            "{}",
            record.display()
        );
        assert_eq!(second.build(&[]).compiled_external, 0, "{}", record.display());
        assert_eq!(second.says(), SAID, "{}", record.display());
        fs_err::write(&record, bytes).unwrap();
    }
}

#[test]
fn damaged_files_are_compiled_again_and_stored_again() {
    let machine = Machine::new();
    let first = machine.first();
    first.cook(&[]);
    let damages: [fn(&mut Vec<u8>); 4] = [
        |bytes| bytes.clear(),
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| bytes.push(0),
        |bytes| bytes.iter_mut().take(1).for_each(|byte| *byte ^= 1),
    ];
    for (number, blob) in machine.files("blobs").into_iter().enumerate() {
        let mut bytes = fs_err::read(&blob).unwrap();
        damages[number % damages.len()](&mut bytes);
        fs_err::write(&blob, bytes).unwrap();
    }
    let second = first.another();
    let (restored, compiled) = second.cook(&[]);
    assert_eq!(restored, 0);
    assert!(compiled > 10, "{compiled}");
    second.build(&[]);
    assert_eq!(second.says(), SAID);
    let third = second.another();
    let (restored, compiled) = third.cook(&[]);
    assert!(restored > 10, "{restored}");
    assert_eq!(compiled, 0);
}

#[test]
fn other_flags_compilers_and_a_store_that_is_off_restore_nothing() {
    let machine = Machine::new();
    let first = machine.first();
    first.cook(&[]);
    for vars in [
        [("RUSTFLAGS", "-Cdebuginfo=1")],
        [("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")],
        [("CARGO_BUILD_RUSTFLAGS", "--cfg=other")],
    ] {
        let other = first.another();
        let (restored, compiled) = other.cook(&vars);
        assert_eq!(restored, 0, "{vars:?}");
        assert!(compiled > 10, "{vars:?}");
    }
}

/// A program that looks for a file beside its sources finds none on another machine.
/// A target may be named in a way that cargo knows and rustc does not.
#[test]
fn units_for_the_host_are_restored_whatever_it_is_called() {
    let settings = "\n[dependencies]\nitoa = \"=1.0.15\"\n\n[package.metadata.larder]\nfind = false\n\n\
        [package.metadata.larder.slices.own]\nvariant = \"release\"\nargs = [\"build\", \"--target=host-tuple\"]\n";
    let machine = Machine::new();
    let files = [("Cargo.toml", package("app", settings)), ("src/main.rs", "fn main() {}\n".to_owned())];
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    let first = machine.lock(Project::without_lock(&files));
    assert_eq!(first.cook(&[]), (0, 1));
    assert_eq!(first.another().cook(&[]), (1, 0));
    let of_host = Surroundings::get().host().to_uppercase().replace('-', "_");
    let flags = format!("CARGO_TARGET_{of_host}_RUSTFLAGS");
    assert_eq!(first.another().cook(&[(&flags, "--cfg=x")]), (0, 1));
}

#[test]
fn units_that_use_the_path_of_their_sources_stay_where_they_are() {
    let machine = Machine::new();
    let first = machine.first();
    let manifest = first.project.read("Cargo.toml") + "protoc-bin-vendored = \"=3.2.0\"\n";
    first.project.write("Cargo.toml", &manifest);
    let program =
        "fn main() { println!(\"{}\", protoc_bin_vendored::protoc_bin_path().unwrap().is_file()); }\n";
    first.project.write("src/main.rs", program);
    first.cargo(&["generate-lockfile", "--quiet"]);
    first.larder(&["lock"]);
    // Libraries of which link-time optimisation makes the code hold no texts that could be looked at.
    let settings: [&[(&str, &str)]; 3] =
        [&[], &[("CARGO_PROFILE_RELEASE_LTO", "thin")], &[("CARGO_PROFILE_RELEASE_LTO", "fat")]];
    for setting in settings {
        first.cook(setting);
    }
    let second = first.another();
    // Its home is deleted.
    drop(first);
    for setting in settings {
        let (restored, compiled) = second.cook(setting);
        assert!(restored > 10 && compiled > 0, "{setting:?}: {restored} restored, {compiled} compiled");
        assert_eq!(second.build(setting).compiled_external, 0, "{setting:?}");
        assert_eq!(second.says(), "true\n", "{setting:?}");
    }
}

#[test]
fn a_store_that_cannot_be_used_is_one_warning() {
    let machine = Machine::new();
    let first = machine.first();
    fs_err::write(machine.store.path().join("photo"), "of somebody").unwrap();
    let outcome = Surroundings::get().larder_with(first.project.path(), &["cook"], &first.vars()).ok();
    assert_eq!(outcome.stderr.matches("the store is left alone").count(), 1, "{}", outcome.stderr);
    assert_eq!(fs_err::read_dir(machine.store.path()).unwrap().count(), 1);
}

#[test]
fn units_travel_in_one_file_and_the_verbs_tell_what_is_there() {
    let machine = Machine::new();
    let first = machine.first();
    first.cook(&[]);
    let status = told(&first, &["store"]);
    let units = status["units"].as_u64().unwrap();
    assert!(units > 10 && status["project"][0]["units"] == status["units"], "{status}");
    let exported = told(&first, &["store", "export", "units"]);
    assert_eq!(exported["units"], units, "{exported}");

    let elsewhere = Machine::new();
    let second = elsewhere.checkout(Project::copy_of(first.project.path()));
    assert_eq!(told(&second, &["store", "import", "units"]), exported);
    drop(first);
    let (restored, compiled) = second.cook(&[]);
    assert_eq!((restored, compiled), (units, 0));
    assert_eq!(second.build(&[]).compiled_external, 0);
    assert_eq!(second.says(), SAID);

    let blob = elsewhere.files("blobs").into_iter().find(|blob| fs_err::metadata(blob).unwrap().len() > 99);
    fs_err::write(blob.unwrap(), "damage").unwrap();
    let found = verify(&second, &[]);
    assert_eq!(found.code, 1, "{}", found.stderr);
    assert_eq!(
        found.stdout.matches("\ndamaged: ").count() + usize::from(found.stdout.starts_with("damaged: ")),
        1
    );
    verify(&second, &["--repair"]).ok();
    verify(&second, &[]).ok();

    // Units that were just used stay, whatever the size.
    assert_eq!(told(&second, &["store", "gc", "--max-size", "0", "--yes"])["bytes"], 0);
}

fn told(checkout: &Checkout<'_>, words: &[&str]) -> serde_json::Value {
    serde_json::from_str(&checkout.larder(&[words, &["--json"]].concat())).unwrap()
}

fn verify(checkout: &Checkout<'_>, words: &[&str]) -> Outcome {
    let words = [&["store", "verify"], words].concat();
    Surroundings::get().larder_with(checkout.project.path(), &words, &checkout.vars())
}
