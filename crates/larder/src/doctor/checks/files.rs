//! Disks and clocks.

use std::time::Duration;

use crate::doctor::{
    facts::Facts,
    finding::{Finding, Verdict},
};

pub(super) const GB: u64 = 1_000_000_000;
/// A release build of a site with its image takes about this much.
const LITTLE: u64 = 10 * GB;
/// A build that starts with less is likely to fail.
const TOO_LITTLE: u64 = 2 * GB;

pub(super) fn space(facts: &Facts) -> Finding {
    let places = match &facts.places {
        Ok(places) => places,
        Err(reason) => return Finding::skipped(reason),
    };
    let mut known: Vec<(u64, &str)> =
        places.iter().filter_map(|(what, place)| Some((*place.free.as_ref().ok()?, *what))).collect();
    known.sort_unstable();
    let Some((free, what)) = known.first() else {
        let reason = places.values().find_map(|place| place.free.as_ref().err());
        return Finding::skipped(reason.map_or("no folder is known", String::as_str));
    };
    let reason = format!("{}.{} GB are free for the {what}", free / GB, free % GB / (GB / 10));
    let command = if *what == "Nix store" { "nix-collect-garbage -d" } else { "cargo larder gc" };
    match *free {
        ..TOO_LITTLE => Finding::problem(reason, command),
        TOO_LITTLE..LITTLE => Finding::warning(reason, command),
        LITTLE.. => Finding::ok(format!("at least {reason}")),
    }
}

/// File systems that are on another machine, or on the other side of a virtual one.
const REMOTE: [&str; 14] = [
    "9p",
    "afs",
    "ceph",
    "cifs",
    "fuse.gcsfuse",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
    "glusterfs",
    "lustre",
    "nfs",
    "nfs4",
    "smb3",
    "virtiofs",
];

pub(super) fn network(facts: &Facts) -> Finding {
    let places = match &facts.places {
        Ok(places) => places,
        Err(reason) => return Finding::skipped(reason),
    };
    let known =
        places.iter().filter_map(|(what, place)| Some((what, place, place.file_system.as_ref().ok()?)));
    let known: Vec<_> = known.collect();
    if known.is_empty() {
        let reason = places.values().find_map(|place| place.file_system.as_ref().err());
        return Finding::skipped(reason.map_or("no folder is known", String::as_str));
    }
    let Some((what, place, kind)) = known.iter().find(|(_, _, kind)| REMOTE.contains(&kind.as_str())) else {
        let kinds: std::collections::BTreeSet<&str> =
            known.iter().map(|(_, _, kind)| kind.as_str()).collect();
        return Finding::ok(format!("all are on {}", kinds.into_iter().collect::<Vec<_>>().join(" and ")));
    };
    let command = match **what {
        "cargo's home" => "export CARGO_HOME=\"/var/tmp/$USER/cargo\"",
        "Nix store" => "mount a local disk at /nix",
        _ => "export CARGO_TARGET_DIR=\"/var/tmp/$USER/target\"",
    };
    Finding::warning(
        format!(
            "the {what}, {}, is on {kind}: file locks may not hold there, and small files are slow",
            place.path
        ),
        command,
    )
}

/// Local disks take a tenth of this; scanners that look into every file take this and more.
const SLOW: Duration = Duration::from_millis(1);
const VERY_SLOW: Duration = Duration::from_millis(10);

pub(super) fn speed(facts: &Facts) -> Finding {
    let speed = match &facts.speed {
        Ok(speed) => speed,
        Err(reason) => return Finding::skipped(reason),
    };
    let slowest = speed.write.max(speed.read);
    let reason = format!(
        "a small file takes {} µs to write and {} µs to read in the target directory",
        speed.write.as_micros(),
        speed.read.as_micros()
    );
    if slowest < SLOW {
        return Finding::ok(reason);
    }
    let verdict = if slowest < VERY_SLOW { Verdict::Warning } else { Verdict::Problem };
    // On macOS it is the check of every new program that takes the time.
    let command = match facts.installer.as_deref() {
        Some("brew") => "sudo spctl developer-mode enable-terminal",
        _ => "export CARGO_TARGET_DIR=\"/var/tmp/$USER/target\"",
    };
    let why = "a scanner looks into every file, or the disk is far away";
    Finding::new(verdict, format!("{reason}: {why}")).fixed_by(command)
}

pub(super) fn future(facts: &Facts) -> Finding {
    let found = match &facts.future {
        Ok(found) => found,
        Err(reason) => return Finding::skipped(reason),
    };
    let Some(first) = found.first() else { return Finding::ok("no file has a future timestamp") };
    let name = first.strip_prefix(&facts.root).unwrap_or(first);
    let more = if found.len() == 1 { String::new() } else { format!(" and {} more", found.len() - 1) };
    Finding::problem(
        format!("{name}{more} has a modification time in the future: cargo compiles its package every time"),
        "find . -path ./target -prune -o -newermt now -type f -exec touch {} +",
    )
}
