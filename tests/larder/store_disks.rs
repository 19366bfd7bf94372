//! A store on a disk that is full, cannot be written or not be read: the build succeeds, nothing half is left, and
//! everything goes on as soon as the disk does.

use std::{fmt::Write as _, os::unix::fs::PermissionsExt as _, path::Path};

use larder_tests::{Outcome, Surroundings, skip, soak};

use crate::store::{Checkout, Machine};

const WARNING: &str = "the store is left alone";

/// A shell's lines in a mount namespace of their own; `None` if there can be none here.
fn in_namespace(checkout: &Checkout<'_>, test: &str, script: &str) -> Option<Outcome> {
    let surroundings = Surroundings::get();
    let can = surroundings.run(
        "unshare".as_ref(),
        "/".as_ref(),
        &["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        &[],
    );
    if can.code != 0 {
        skip(test, "no disk can be mounted here");
        return None;
    }
    let binary = surroundings.binary().to_string_lossy().into_owned();
    let vars = [checkout.vars().as_slice(), &[("LARDER", binary.as_str())]].concat();
    let words = ["-rm", "sh", "-euc", script];
    Some(surroundings.run("unshare".as_ref(), checkout.project.path(), &words, &vars))
}

/// Cooks on a file system of 16 MiB that is full but for some room; then with room again, in this and in a new folder.
fn full_disk(file_system: &str) -> String {
    let mut script = format!(
        "mkdir -p target\n{file_system}\n\
         export LARDER_STORE_DIR=\"$PWD/disk/store\"\n\
         fill() {{\n\
           rm -f disk/filler; dd if=/dev/zero of=disk/room bs=1k count=\"$1\" 2>/dev/null\n\
           dd if=/dev/zero of=disk/filler bs=4k 2>/dev/null || true; rm disk/room\n}}\n\
         \"$LARDER\" larder cook --store off >/dev/null 2>&1\n"
    );
    for room in [0, 4, 16, 40, 64, 100, 150] {
        let _ = write!(
            script,
            "rm -rf disk/store; fill {room}\n\
             \"$LARDER\" larder cook >/dev/null 2>said || echo \"with {room} KiB the build failed: $(cat said)\"\n\
             ! grep -q panicked said || cat said\n\
             count=$(grep -c '{WARNING}' said || true); [ \"$count\" -le 1 ] || echo \"{room}: $count warnings\"\n\
             echo \"warned $count\"\n\
             [ ! -e disk/store/larder-store ] || \"$LARDER\" larder store verify >found || echo \"{room}: $(cat found)\"\n\
             rm -f disk/filler\n\
             rm -rf target/release; \"$LARDER\" larder cook >/dev/null 2>said || echo \"after {room}: $(cat said)\"\n\
             rm -rf target/release; \"$LARDER\" larder cook --json 2>said >told || echo \"then: $(cat said)\"\n\
             grep -q '\"compiled-external\":0' told || grep -q '\"compiled-external\": 0' told || echo \"{room}: $(cat told)\"\n"
        );
    }
    script
}

/// The output of a script, but for the warnings that it counted, and how many of these there were.
fn told(outcome: &Outcome) -> (String, usize) {
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    let (warned, rest): (Vec<&str>, Vec<&str>) =
        outcome.stdout.lines().partition(|line| line.starts_with("warned "));
    (rest.join("\n"), warned.iter().filter(|line| line.ends_with('1')).count())
}

#[test]
fn a_full_disk_costs_a_warning_and_no_build() {
    let machine = Machine::new();
    let kinds = [
        "mkdir disk; mount -t tmpfs -o size=16m tmpfs disk",
        "mkdir disk; dd if=/dev/zero of=image bs=1M count=16 2>/dev/null; mkfs.ext4 -q -F image 2>/dev/null && \
         mount -o loop image disk || mount -t tmpfs -o size=16m tmpfs disk",
    ];
    for kind in kinds {
        let checkout = machine.checkout(soak::app(0));
        let Some(outcome) = in_namespace(&checkout, "a full disk under the store", &full_disk(kind)) else {
            return;
        };
        let (told, warned) = told(&outcome);
        assert_eq!(told, "", "{kind}");
        assert!(warned >= 2, "the disk was never full: {}", outcome.stdout);
    }
}

/// A limit for files is met in the midst of one, without any right.
#[test]
fn a_limit_for_files_costs_a_warning_and_no_build() {
    let machine = Machine::new();
    let checkout = machine.checkout(soak::app(0));
    in_shell(&checkout, "\"$LARDER\" larder cook --store off");
    // In blocks of 512 bytes; the libraries are larger.
    let limited = in_shell(&checkout, "trap '' XFSZ; ulimit -f 16; \"$LARDER\" larder cook");
    assert_eq!(limited.stderr.matches(WARNING).count(), 1, "{}", limited.stderr);
    checkout.larder(&["store", "verify"]);
    assert_eq!(machine.files("new").len(), 0, "unfinished files stay");
    in_shell(&checkout, "\"$LARDER\" larder cook");
    assert_eq!(checkout.another().cook(&[]), (2, 0));
}

fn in_shell(checkout: &Checkout<'_>, script: &str) -> Outcome {
    let binary = Surroundings::get().binary().to_string_lossy().into_owned();
    let vars = [checkout.vars().as_slice(), &[("LARDER", binary.as_str())]].concat();
    Surroundings::get().run("sh".as_ref(), checkout.project.path(), &["-euc", script], &vars).ok()
}

#[test]
fn a_store_that_cannot_be_written_is_read() {
    let machine = Machine::new();
    let first = machine.checkout(soak::app(0));
    first.cook(&[]);
    let second = first.another();
    let script = "mount --bind \"$LARDER_STORE_DIR\" \"$LARDER_STORE_DIR\"\n\
        mount -o remount,ro,bind \"$LARDER_STORE_DIR\"\n\
        ! touch \"$LARDER_STORE_DIR/x\" 2>/dev/null\n\
        \"$LARDER\" larder cook --json\n\
        # Something new, which cannot be stored.\n\
        sed -i 's/^opt-level = 1/opt-level = 2/' Cargo.toml; \"$LARDER\" larder lock; \"$LARDER\" larder cook\n\
        \"$LARDER\" larder store verify\n";
    let Some(outcome) = in_namespace(&second, "a store on a disk that is mounted for reading", script) else {
        return;
    };
    let outcome = outcome.ok();
    assert!(
        outcome.stdout.contains("\"restored\":2") || outcome.stdout.contains("\"restored\": 2"),
        "{}",
        outcome.stdout
    );
    assert_eq!(outcome.stderr.matches(WARNING).count(), 1, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("Read-only file system"), "{}", outcome.stderr);
}

fn allow(folder: &Path, files: u32, folders: u32) {
    let mode = if folder.is_dir() { folders } else { files };
    if folder.is_dir() {
        fs_err::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        for entry in fs_err::read_dir(folder).unwrap() {
            allow(&entry.unwrap().path(), files, folders);
        }
    }
    fs_err::set_permissions(folder, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Cooks in an empty folder without the rights that root has over files of others.
fn cook_as_anybody(checkout: &Checkout<'_>) -> Outcome {
    let surroundings = Surroundings::get();
    let binary = surroundings.binary().to_string_lossy().into_owned();
    let _ = fs_err::remove_dir_all(checkout.project.path().join("target"));
    let words =
        ["--bounding-set=-dac_override,-dac_read_search,-fowner", &binary, "larder", "cook", "--json"];
    let is_root = surroundings.run("id".as_ref(), "/".as_ref(), &["-u"], &[]).ok().stdout.trim() == "0";
    let (program, words) = if is_root { ("setpriv", &words[..]) } else { (words[1], &words[2..]) };
    surroundings.run(program.as_ref(), checkout.project.path(), words, &checkout.vars())
}

#[test]
fn rights_that_are_missing_cost_a_warning_and_no_build() {
    let machine = Machine::new();
    let first = machine.checkout(soak::app(0));
    first.cook(&[]);
    // Files and folders of the store, and whether its units can still be had.
    for (files, folders, restored) in
        [(0o444, 0o555, 2), (0o000, 0o555, 0), (0o000, 0o755, 0), (0o644, 0o000, 0)]
    {
        let checkout = first.another();
        allow(&machine.store.path().join("v1"), files, folders);
        let outcome = cook_as_anybody(&checkout);
        allow(&machine.store.path().join("v1"), 0o644, 0o755);
        let case = format!("{files:o} {folders:o}: {}", outcome.stderr);
        assert_eq!(outcome.code, 0, "{case}");
        assert!(outcome.stderr.matches(WARNING).count() <= 1, "{case}");
        let told: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!(told["phases"][0]["restored"], restored, "{case}");
        assert_eq!(told["phases"][0]["compiled-external"], 2 - restored, "{case}");
        checkout.build(&[]);
    }
    let (restored, compiled) = first.another().cook(&[]);
    assert_eq!((restored, compiled), (2, 0), "after all that");
}
