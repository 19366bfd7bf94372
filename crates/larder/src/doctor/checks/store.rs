//! The store of compiled units: what makes it miss.

use super::files::GB;
use crate::doctor::{
    facts::{Answer, Facts, StoreFacts, UnitSettings},
    finding::Finding,
};

/// Less than the units of one larger project.
const LITTLE: u64 = 2 * GB;
/// A file system that is a second off is one that rounds.
const TOLERANCE: i64 = 2;

/// The store's facts, or why nothing can be said.
fn store(facts: &Facts) -> Result<&StoreFacts, Finding> {
    match &facts.store {
        Ok(Some(store)) => Ok(store),
        Ok(None) => Err(Finding::skipped("the store is off")),
        Err(reason) => Err(Finding::skipped(reason)),
    }
}

/// The settings that a store's keys hold, or why nothing can be said.
fn unit_settings(facts: &Facts) -> Result<&UnitSettings, Finding> {
    store(facts)?;
    facts.unit_settings.as_ref().map_err(Finding::skipped)
}

pub(super) fn settings(facts: &Facts) -> Finding {
    let settings = match unit_settings(facts) {
        Ok(settings) => settings,
        Err(skipped) => return skipped,
    };
    let Some(first) = settings.personal.first() else {
        return Finding::ok("flags, linker and profiles are those of the project");
    };
    let named: Vec<String> = settings
        .personal
        .iter()
        .map(|setting| match &setting.file {
            Some(file) => format!("{} ({file})", setting.name),
            None => setting.name.clone(),
        })
        .collect();
    let fix = match &first.file {
        Some(file) => format!("move it from {file} to the project's .cargo/config.toml, or remove it"),
        None => format!("unset {}", first.name),
    };
    Finding::warning(
        format!("{}: units that others compiled without it are not restored", named.join(", ")),
        fix,
    )
}

pub(super) fn native(facts: &Facts) -> Finding {
    let settings = match unit_settings(facts) {
        Ok(settings) => settings,
        Err(skipped) => return skipped,
    };
    let Some(first) = settings.native.first() else {
        return Finding::ok("units are for no single processor");
    };
    Finding::warning(
        format!(
            "{} asks for target-cpu=native: only machines with the same processor share units",
            settings.native.join(" and ")
        ),
        format!("name a processor in {first} that all machines have, such as x86-64-v3"),
    )
}

pub(super) fn compiler(facts: &Facts) -> Finding {
    let store = match store(facts) {
        Ok(store) => store,
        Err(skipped) => return skipped,
    };
    if store.compilers.is_empty() {
        return Finding::ok("units are of this compiler, or there are none");
    }
    let same_version = store.compilers.contains(&store.compiler);
    let others = store.compilers.join(", ");
    if same_version {
        return Finding::warning(
            format!("the units are of another build of {}: none is restored", store.compiler),
            "install the compiler from where everybody has it: `rustup toolchain install`",
        );
    }
    Finding::warning(
        format!("no unit is of {}: the store has those of {others}", store.compiler),
        "pin the compiler in rust-toolchain.toml, or cook once with this one: cargo larder cook",
    )
}

pub(super) fn clock(facts: &Facts) -> Finding {
    let store = match store(facts) {
        Ok(store) => store,
        Err(skipped) => return skipped,
    };
    match &store.ahead {
        Err(reason) => Finding::skipped(reason),
        Ok(ahead) if ahead.abs() <= TOLERANCE => Finding::ok("files there get the machine's time"),
        Ok(ahead) => {
            let side = if *ahead > 0 { "ahead of" } else { "behind" };
            Finding::problem(
                format!(
                    "new files in {} are {} s {side} the machine's clock: what was used last is told wrongly",
                    store.folder,
                    ahead.abs()
                ),
                "set both clocks by NTP: timedatectl set-ntp true",
            )
        }
    }
}

pub(super) fn folder(facts: &Facts) -> Finding {
    let store = match store(facts) {
        Ok(store) => store,
        Err(skipped) => return skipped,
    };
    if let Err(reason) = &store.writable {
        return Finding::problem(
            format!("nothing can be written to {}: {reason}", store.folder),
            "make it yours and writable, or set LARDER_STORE_DIR to another folder",
        );
    }
    let free: &Answer<u64> = &store.free;
    match free {
        Err(reason) => Finding::skipped(reason),
        Ok(free) if *free < LITTLE => Finding::problem(
            format!("{}.{} GB are free for {}", free / GB, free % GB / (GB / 10), store.folder),
            "cargo larder store gc --max-size 5GiB --yes",
        ),
        Ok(_) => Finding::ok(format!("{} can be written, and has room", store.folder)),
    }
}

pub(super) fn remote(facts: &Facts) -> Finding {
    let store = match store(facts) {
        Ok(store) => store,
        Err(skipped) => return skipped,
    };
    match &store.remote {
        None => Finding::ok("no remote is set"),
        Some((remote, Ok(()))) => Finding::ok(format!("{remote} answers")),
        Some((remote, Err(reason))) => Finding::warning(
            format!("{remote} cannot be used: {reason}"),
            "mend `remote` in metadata.larder.store, the network or the credentials; builds go on without it",
        ),
    }
}
