//! Every file of a restore in turn cannot be written: its unit and those above it stay out, all others are whole.

use std::collections::BTreeSet;

use super::*;

/// Obstacles in the place of a file that cannot be written. Rights do not keep root out, so these do.
const OBSTACLES: &[&str] = &[
    "a folder",
    "a file for a folder",
    #[cfg(unix)]
    "a link for a folder",
];

/// Puts something in the way of a file, and says what it was.
fn obstruct(machine: &Machine, path: &Path, obstacle: &str) -> PathBuf {
    let path = machine.target("target").join(path);
    if obstacle == "a folder" {
        fs_err::create_dir_all(path.join("of somebody")).unwrap();
        return path;
    }
    let folder = path.parent().unwrap().to_owned();
    fs_err::create_dir_all(folder.parent().unwrap()).unwrap();
    if obstacle == "a file for a folder" {
        fs_err::write(&folder, "of somebody").unwrap();
    } else {
        #[cfg(unix)]
        fs_err::os::unix::fs::symlink(machine.target("elsewhere"), &folder).unwrap();
    }
    folder
}

fn remove(path: &Path) {
    if path.is_symlink() || path.is_file() {
        fs_err::remove_file(path).unwrap();
    } else {
        fs_err::remove_dir_all(path).unwrap();
    }
}

/// Units that stand on one of these, and these.
fn cone(machine: &Machine, with: impl Fn(&Record) -> bool) -> BTreeSet<&str> {
    let mut out: BTreeSet<&str> = BTreeSet::new();
    for record in &machine.records {
        let mut below = record.dependencies.iter().map(|below| below.fingerprint.folder());
        if with(record) || below.any(|below| out.contains(below)) {
            out.insert(record.fingerprint.folder());
        }
    }
    out
}

#[test]
fn whichever_file_cannot_be_written_no_half_unit_counts() {
    let machine = Machine::new();
    fs_err::create_dir(machine.target("elsewhere")).unwrap();
    let files: Vec<_> = machine.records.iter().flat_map(|record| &record.files).collect();
    let target = machine.target("target");
    for obstacle in OBSTACLES {
        for file in &files {
            let case = format!("{obstacle} at {}", file.path);
            let _ = fs_err::remove_dir_all(&target);
            let way = obstruct(&machine, Path::new(file.path.as_str()), obstacle);
            let restored = machine.restore("target");
            machine.assert_sound("target", &case);
            let out = cone(&machine, |record| {
                record.files.iter().any(|file| target.join(file.path.as_str()).starts_with(&way))
            });
            let finished = machine.records.iter().filter(|record| is_finished(&target, record));
            let kept: BTreeSet<&str> = finished.map(|record| record.fingerprint.folder()).collect();
            assert!(
                out.is_disjoint(&kept) && out.len() + kept.len() == machine.records.len(),
                "{case}: {restored:?}"
            );
            assert!(way.is_symlink() || way.exists(), "{case}: it was deleted");
            assert_eq!(fs_err::read_dir(machine.target("elsewhere")).unwrap().count(), 0, "{case}");
            remove(&way);
            let restored = machine.restore("target");
            assert_eq!(restored.units, out.len(), "{case}: {restored:?}");
            machine.assert_sound("target", &case);
        }
    }
}
