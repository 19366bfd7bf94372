//! Tools whose versions have to agree with each other.

use crate::{
    doctor::{facts::Facts, finding::Finding, version::Version},
    slice::leptos::CARGO_LEPTOS_VERSION,
};

/// The rustc that it takes to compile the cargo-leptos that Larder follows.
const RUSTC_OF_CARGO_LEPTOS: Version = Version(1, 96, 0);

pub(super) fn rustc(facts: &Facts) -> Finding {
    let tools = match &facts.tools {
        Ok(tools) => tools,
        Err(reason) => return Finding::skipped(reason),
    };
    let found = match &tools.rustc {
        Ok(found) => found,
        Err(reason) => {
            return Finding::problem(
                format!("rustc does not answer: {reason}"),
                "rustup toolchain install stable",
            );
        }
    };
    let Some((package, wanted)) = &tools.wanted_rustc else {
        return Finding::ok(format!("{found}; no member asks for a version"));
    };
    match (Version::find(found), Version::find(wanted)) {
        (Some(has), Some(needs)) if has < needs => {
            Finding::problem(format!("{package} asks for rustc {wanted}, and this is {has}"), "rustup update")
        }
        _ => Finding::ok(format!("{found}; {package} asks for {wanted}")),
    }
}

pub(super) fn targets(facts: &Facts) -> Finding {
    let tools = match &facts.tools {
        Ok(tools) => tools,
        Err(reason) => return Finding::skipped(reason),
    };
    if !tools.unknown_targets.is_empty() {
        let unknown = tools.unknown_targets.join(" and ");
        return Finding::problem(
            format!("the compiler does not know {unknown}"),
            "rustc --print target-list shows what it knows; correct the name in `build.target`, the slice or rust-toolchain.toml",
        );
    }
    match &tools.missing_targets {
        Ok(missing) if missing.is_empty() => {
            Finding::ok("there is a standard library for every slice and for cargo's configuration")
        }
        Ok(missing) => Finding::problem(
            format!("there is no standard library for {}", missing.join(" and ")),
            format!("rustup target add {}", missing.join(" ")),
        ),
        Err(reason) => Finding::skipped(reason),
    }
}

pub(super) fn wasm_bindgen(facts: &Facts) -> Finding {
    let tools = match &facts.tools {
        Ok(tools) => tools,
        Err(reason) => return Finding::skipped(reason),
    };
    let Some(locked) = &tools.locked_wasm_bindgen else {
        return Finding::skipped("no slice is built for browsers with wasm-bindgen");
    };
    let found = match &tools.wasm_bindgen {
        Ok(found) => found,
        Err(reason) if tools.is_leptos => {
            return Finding::ok(format!("{reason}, so cargo-leptos downloads {locked}"));
        }
        Err(reason) => return Finding::skipped(reason),
    };
    if Version::find(found) == Version::find(locked) {
        return Finding::ok(format!("both are {locked}"));
    }
    Finding::problem(
        format!("PATH has `{found}`, and Cargo.lock names {locked}: it refuses the WASM of another version"),
        format!("cargo install --locked wasm-bindgen-cli@{locked}"),
    )
}

pub(super) fn cargo_leptos(facts: &Facts) -> Finding {
    let tools = match &facts.tools {
        Ok(tools) => tools,
        Err(reason) => return Finding::skipped(reason),
    };
    if !tools.is_leptos {
        return Finding::skipped("no Leptos metadata here");
    }
    let install = format!("cargo install --locked cargo-leptos@{CARGO_LEPTOS_VERSION}");
    let rustc = tools.rustc.as_deref().ok().and_then(Version::find);
    let too_old = rustc.filter(|rustc| *rustc < RUSTC_OF_CARGO_LEPTOS);
    let found = match (&tools.cargo_leptos, too_old) {
        (Ok(found), _) => found,
        (Err(reason), Some(rustc)) => {
            return Finding::problem(
                format!("{reason}, and {CARGO_LEPTOS_VERSION} is not compiled by rustc {rustc}"),
                format!("rustup update && {install}"),
            );
        }
        (Err(reason), None) => return Finding::problem(reason, install),
    };
    let [has, follows] =
        [found.as_str(), CARGO_LEPTOS_VERSION].map(|text| Version::find(text).map(Version::line));
    if has == follows {
        return Finding::ok(format!("it is {found}, and Larder follows {CARGO_LEPTOS_VERSION}"));
    }
    Finding::warning(
        format!(
            "it is {found}, and Larder follows {CARGO_LEPTOS_VERSION}: the slices that it finds may not be what it calls"
        ),
        install,
    )
}

pub(super) fn tailwind(facts: &Facts) -> Finding {
    let tools = match &facts.tools {
        Ok(tools) => tools,
        Err(reason) => return Finding::skipped(reason),
    };
    let Some((wanted, found)) = &tools.tailwind else {
        return Finding::skipped("no `tailwind-input-file` here");
    };
    let Ok(found) = found else {
        return Finding::ok(format!(
            "cargo-leptos downloads it unless it was built with `no_downloads`; images get {wanted}"
        ));
    };
    if major(found).is_some() && major(found) != major(wanted) {
        let package = if major(wanted) == Some(3) { "tailwindcss" } else { "@tailwindcss/cli" };
        return Finding::problem(
            format!("it is {}, and the style sheets are written for {wanted}", found.trim()),
            format!("npm install --global {package}@{wanted}"),
        );
    }
    Finding::ok(format!("it is {}, and images get {wanted}", found.trim()))
}

fn major(text: &str) -> Option<u64> {
    Version::find(text).map(|version| version.0)
}
