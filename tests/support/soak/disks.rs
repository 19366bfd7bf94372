//! Verbs on a disk that is full but for some kilobytes: no panic, every file is the old one or the new one, and with
//! room again all goes on.

use super::{Bound, Figures, Round, kills::Case, state::state};
use crate::{Random, Surroundings};

/// The verbs that write, and those that delete.
const VERBS: [&[&str]; 7] = [
    &["lock"],
    &["cook"],
    &["build"],
    &["init", "--yes"],
    &["dockerfile"],
    &["clean", "dependencies", "--yes"],
    &["gc", "--only", "target", "--older-than", "0s", "--yes"],
];

/// In a mount namespace of its own, with a project on a disk that has so many kilobytes left.
const ON_A_FULL_DISK: &str = r#"
set -u
larder=$1 room=$2 seen=$3
shift 3
mount -t tmpfs -o size=64m tmpfs "$seen" || exit 77
cp -r . "$seen/work" && cd "$seen/work" || exit 78
# Recipes that are there already need no room.
rm -rf target/larder
dd if=/dev/zero of="$seen/room" bs=1k count="$room" 2>/dev/null
dd if=/dev/zero of="$seen/filler" bs=64k 2>/dev/null
rm "$seen/room"
"$larder" larder "$@" >/dev/null 2>"$OUT/first"
echo "$?" >"$OUT/code"
rm "$seen/filler"
mkdir "$OUT/state"
for file in $(ls -A | grep -v '^target$'); do cp -r "$file" "$OUT/state"; done
"$larder" larder "$@" >/dev/null 2>"$OUT/second" || echo "the second run ended with $?"
cargo build --quiet --release 2>"$OUT/build" || echo "plain cargo ended with $?"
"#;

/// Runs one verb after the other on a disk with less or more room; `None` if disks cannot be made here.
///
/// # Panics
/// When a project cannot be made.
pub fn disks(bound: Bound) -> Option<Figures> {
    if !can_mount() {
        return None;
    }
    let cases: Vec<Case> = VERBS.into_iter().map(Case::new).collect();
    let mut random = Random::new(0x5be0_cd19_137e_2179);
    Some(Figures::run("disks", bound, |round| {
        let case = &cases[round as usize % cases.len()];
        case.begin();
        let room = random.one_of(&[0, 4, 8, 16, 32, 64, 256, 1024]);
        on_a_full_disk(case, room)
    }))
}

fn can_mount() -> bool {
    let words = ["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"];
    Surroundings::get().run("unshare".as_ref(), "/".as_ref(), &words, &[]).code == 0
}

fn on_a_full_disk(case: &Case, room: usize) -> Round {
    let surroundings = Surroundings::get();
    let (disk, out) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let [binary, seen, folder] =
        [surroundings.binary(), disk.path(), out.path()].map(|path| path.to_string_lossy().into_owned());
    let room = room.to_string();
    let mut args = vec!["-rm", "sh", "-c", ON_A_FULL_DISK, "sh", &binary, &room, &seen];
    args.extend(case.words);
    let outcome =
        surroundings.run("unshare".as_ref(), case.project.path(), &args, &[("OUT", folder.as_str())]);
    let [first, code, second, build] = ["first", "code", "second", "build"]
        .map(|name| fs_err::read_to_string(out.path().join(name)).unwrap_or_default());
    let mut faults = Vec::new();
    if first.contains("panicked") || !["0", "1", "101"].contains(&code.trim()) {
        faults.push(format!("{:?} with {room} KiB ended with {code}: {first}", case.words));
    }
    faults.extend(case.mix_in(&state(&out.path().join("state"))));
    if !outcome.stdout.is_empty() || outcome.code != 0 {
        faults.push(format!(
            "{:?} with {room} KiB: {}{}{second}{build}",
            case.words, outcome.stdout, outcome.stderr
        ));
    }
    Round { runs: 3, met: code.trim() != "0", faults }
}
