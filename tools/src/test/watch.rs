//! `cargo leptos watch` on the example: what developers run makes the calls of the slices of development, and
//! compiles no external unit after `cook --dev`.
//!
//! It never ends by itself, so it is interrupted once both halves were built.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use larder::{
    cargo::Cargo,
    process::{Cmd, Running},
    project::Project,
    shim::recorder::{Call, Recorder},
    slice::observed,
};
use larder_tests::signals::{self, Signal};

use crate::{log::Log, portfolio::Portfolio};

/// How long both halves may take to be linked again.
const PATIENCE: Duration = Duration::from_mins(10);
/// How long cargo-leptos may take to end.
const END: Duration = Duration::from_secs(20);

/// Runs the test, after the example was built for development.
pub(super) fn run(portfolio: &Portfolio<'_>, log: &Log) -> anyhow::Result<()> {
    let project = Project::load(Cargo::locate(portfolio.env())?, portfolio.dir(), None, None)?;
    let calls = calls(portfolio, &project)?;
    for call in &calls {
        let external = call.counts.compiled_external;
        ensure!(external == 0, "watch compiled {external} external units: cargo {}", call.args.join(" "));
    }
    let seen = observed::slices(&project.cargo, &project.workspace, &project.slices, &calls)?;
    let known = |slice| project.slices.iter().find(|known| known.same_invocation(slice));
    let mut names: Vec<&str> = seen.iter().filter_map(known).map(|slice| slice.name.as_str()).collect();
    names.sort_unstable();
    ensure!(names == ["front-dev", "server-dev"], "cargo leptos watch makes other calls: {seen:#?}");
    log.step("Observed", &format!("cargo leptos watch: {}", names.join(", ")));
    Ok(())
}

/// What cargo-leptos says once the site is there and the server starts; the word alone has a colour.
const SERVES: &str = "Serving";

/// The two builds that it makes. It goes on until the site is whole: what is left of one that was made by half looks
/// like a site to whoever comes next.
fn calls(portfolio: &Portfolio<'_>, project: &Project) -> anyhow::Result<Vec<Call>> {
    let scratch = tempfile::tempdir()?;
    let output = scratch.path().join("watch.log");
    let recorder = Recorder::new(portfolio.program(), project.cargo.program())?;
    let env = recorder.environment(portfolio.env())?;
    let leptos = env.find_program("cargo-leptos").context("there is no cargo-leptos on PATH")?;
    let mut watch =
        Cmd::new(leptos, portfolio.dir(), &env).args(["leptos", "watch"]).spawn_logged(&output)?;
    let deadline = Instant::now() + PATIENCE;
    let calls = loop {
        let builds: Vec<Call> =
            recorder.calls()?.into_iter().filter(|call| call.subcommand() == Some("build")).collect();
        let ended = watch.try_exit_code()?;
        let serves = || fs_err::read_to_string(&output).is_ok_and(|said| said.contains(SERVES));
        if (builds.len() >= 2 && serves()) || ended.is_some() || Instant::now() > deadline {
            break builds;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    interrupt(&mut watch)?;
    let said = fs_err::read_to_string(&output)?;
    ensure!(
        said.contains(SERVES),
        "cargo leptos watch does not serve after {} s:\n{said}",
        PATIENCE.as_secs()
    );
    ensure!(calls.len() == 2, "cargo leptos watch made {} builds instead of 2:\n{said}", calls.len());
    Ok(calls)
}

/// Ends it as ctrl-c does, so that it ends the server.
fn interrupt(watch: &mut Running) -> anyhow::Result<()> {
    if watch.try_exit_code()?.is_some() {
        return Ok(());
    }
    signals::send(watch.id(), Signal::INT)?;
    let deadline = Instant::now() + END;
    while watch.try_exit_code()?.is_none() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
