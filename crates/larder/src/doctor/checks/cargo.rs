//! cargo's settings: what makes the same build differ between shells, and what makes debug builds slow.

use super::{super::facts::SettingPlace, install::install};
use crate::{
    doctor::{
        facts::Facts,
        finding::{Finding, Repair},
    },
    init::rust_analyzer::Told,
    tuning::{self, Setting},
};

pub(super) fn rustflags(facts: &Facts) -> Finding {
    let cargo = match &facts.cargo {
        Ok(cargo) => cargo,
        Err(reason) => return Finding::skipped(reason),
    };
    let flags = match &cargo.rustflags {
        Ok(flags) => flags,
        Err(reason) => return Finding::skipped(reason),
    };
    if flags.variables.is_empty() {
        return Finding::ok(match flags.configured.as_str() {
            "" => "no flags are set".to_owned(),
            configured => format!("all come from configuration: {configured}"),
        });
    }
    let names = flags.variables.join(" and ");
    let unset = format!("unset {}", flags.variables.join(" "));
    // Values stay out: whatever is in the environment may be nobody's business.
    if flags.configured.is_empty() {
        return Finding::warning(
            format!(
                "{names} is set in this shell, and not in .cargo/config.toml: shells without it compile every unit again"
            ),
            unset,
        );
    }
    Finding::problem(
        format!(
            "{names} is set in this shell and hides `{}` of the configuration: shells without it build something else",
            flags.configured
        ),
        unset,
    )
}

pub(super) fn wrappers(facts: &Facts) -> Finding {
    let cargo = match &facts.cargo {
        Ok(cargo) => cargo,
        Err(reason) => return Finding::skipped(reason),
    };
    let named: Vec<String> =
        cargo.wrappers.iter().map(|(place, program)| format!("{program} ({place})")).collect();
    let mut programs: Vec<&str> = cargo.wrappers.iter().map(|(_, program)| program.as_str()).collect();
    programs.dedup();
    if let Some((by, program)) = cargo.missing_programs.first() {
        let name =
            std::path::Path::new(program).file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        return Finding::problem(
            format!("{by} names {program}, which is not there: no build works"),
            install(facts, &name, &name),
        );
    }
    if let Some((by, program)) = cargo.missing_in_image.first() {
        return Finding::problem(
            format!("{by} names {program}, which the image does not have: no build in it works"),
            format!(
                "add the package that has {program} to `build-packages` in the settings, or move {by} to ~/.cargo/config.toml"
            ),
        );
    }
    match programs.as_slice() {
        [] => Finding::ok("nothing is in front of rustc"),
        [only] => Finding::ok(format!("{only} is in front of rustc; cooking passes through it")),
        [wins, ..] => Finding::warning(
            format!(
                "{}: {wins} wins here, and shells without the variable use another cache",
                named.join(", ")
            ),
            "unset RUSTC_WRAPPER CARGO_BUILD_RUSTC_WRAPPER",
        ),
    }
}

pub(super) fn sccache(facts: &Facts) -> Finding {
    let Some(figures) = facts.sccache else { return Finding::ok("it is not used, or did nothing yet") };
    if figures.errors > 0 {
        return Finding::warning(
            format!("{} errors of its storage; {figures}", figures.errors),
            "SCCACHE_LOG=debug sccache --stop-server && sccache --start-server",
        );
    }
    if figures.incremental > 0 {
        return Finding::warning(
            format!("it cannot keep incremental builds, which {} calls were; {figures}", figures.incremental),
            "export CARGO_INCREMENTAL=0, or leave sccache to release builds and CI",
        );
    }
    Finding::ok(figures.to_string())
}

pub(super) fn analyzer(facts: &Facts) -> Finding {
    match facts.analyzer {
        Told::Apart => Finding::ok("it does not wait for builds, nor they for it"),
        Told::Nothing => Finding::skipped("no file of the workspace mentions it"),
        Told::Together => Finding::warning(
            "rust-analyzer fills the target directory of builds: each waits while the other holds its lock",
            "cargo larder init --only rust-analyzer",
        ),
    }
}

pub(super) fn incremental(facts: &Facts) -> Finding {
    let cargo = match &facts.cargo {
        Ok(cargo) => cargo,
        Err(reason) => return Finding::skipped(reason),
    };
    let path = ["profile", "dev", "incremental"];
    let profile = tuning::get(&facts.manifest, &path).and_then(toml_edit::Item::as_bool);
    match (&cargo.incremental_variable, &cargo.incremental_off, profile) {
        (Some((name, false)), _, _) if cargo.in_ci => {
            Finding::ok(format!("off by {name}, which is right in CI"))
        }
        (Some((name, false)), _, _) => Finding::warning(
            format!("{name} switches it off in this shell: every edit compiles whole crates"),
            format!("unset {name}"),
        ),
        (Some((name, true)), _, _) => Finding::ok(format!("on, by {name}")),
        // The key goes: `true` would switch it on for release builds as well.
        (None, Some(file), _) => Finding::warning(
            format!("build.incremental is false in {file}: every edit compiles whole crates"),
            format!("sed -i.bak '/^ *incremental *= *false/d' {file}"),
        ),
        (None, None, Some(false)) => Finding::warning(
            "incremental = false in profile.dev: every edit compiles whole crates",
            "cargo larder doctor --fix",
        )
        .with_repair(Repair::Manifest(vec![Setting::new(&path, true, "")])),
        (None, None, _) => Finding::ok("on"),
    }
}

pub(super) fn dev_profile(facts: &Facts) -> Finding {
    let computing = tuning::unoptimised(&facts.manifest, &facts.known);
    let mut missing = tuning::dev_profile(&facts.manifest, &facts.known);
    missing.retain(|setting| !computing.iter().any(|other| other.path == setting.path));
    if missing.is_empty() {
        return Finding::ok("every setting is chosen in Cargo.toml");
    }
    let lines: Vec<String> = missing.iter().map(Setting::line).collect();
    Finding::warning(
        format!(
            "more debug info than backtraces need goes through the linker; missing: {}",
            lines.join(", ")
        ),
        "cargo larder doctor --fix",
    )
    .with_repair(Repair::Manifest(missing))
}

pub(super) fn optimised(facts: &Facts) -> Finding {
    let missing = tuning::unoptimised(&facts.manifest, &facts.known);
    if missing.is_empty() {
        return Finding::ok("none is left unoptimised");
    }
    let names: Vec<&str> =
        missing.iter().filter_map(|setting| setting.path.get(3)).map(String::as_str).collect();
    Finding::warning(
        format!("unoptimised in dev, and many times slower for it: {}", names.join(", ")),
        "cargo larder doctor --fix",
    )
    .with_repair(Repair::Manifest(missing))
}

pub(super) fn linker(facts: &Facts) -> Finding {
    let said = match &facts.linker {
        Ok(said) => said,
        Err(reason) => return Finding::skipped(reason),
    };
    let words = said.to_lowercase();
    let is_quick = ["mold", "lld", "wild"].iter().any(|name| words.contains(name));
    // mold calls itself compatible with GNU ld.
    if is_quick || !words.contains("gnu ") {
        return Finding::ok(format!("it is {said}"));
    }
    // No linker is named in a file, since cargo counts it among what makes every unit stale: gcc takes the first
    // `ld` on PATH, and mold puts one into a folder of its own.
    let path = "export PATH=\"$(dirname \"$(command -v mold)\")/../libexec/mold:$PATH\"";
    Finding::warning(
        format!("it is {said}: linking is most of what an edit takes"),
        format!("{} && {path}", install(facts, "mold", "mold")),
    )
}

pub(super) fn registry(facts: &Facts) -> Finding {
    let cargo = match &facts.cargo {
        Ok(cargo) => cargo,
        Err(reason) => return Finding::skipped(reason),
    };
    let whole = "crates.io's whole index is fetched with git";
    let path = ["registries", "crates-io", "protocol"];
    match cargo.crates_io_by_git {
        Some(SettingPlace::Variable) => Finding::warning(whole, "unset CARGO_REGISTRIES_CRATES_IO_PROTOCOL"),
        // The workspace's own configuration outranks that of folders above and of cargo's home.
        Some(SettingPlace::File) => Finding::warning(whole, "cargo larder doctor --fix")
            .with_repair(Repair::Config(vec![Setting::new(&path, "sparse", "")])),
        None if cargo.registries_by_git.is_empty() => Finding::ok("none is fetched with git"),
        None => {
            let names = cargo.registries_by_git.join(" and ");
            Finding::warning(
                format!("the whole index of {names} is fetched with git"),
                "write `sparse+https://…` as its `index`, where it offers that",
            )
        }
    }
}
