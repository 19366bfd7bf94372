//! Locks the workspace in the current folder for two platforms: `cargo run --example lock`.

use std::{
    io::{self, Write as _},
    path::Path,
};

use larder::{
    Silent,
    cargo::{Cargo, platform::Platform},
    process::Environment,
    project::Project,
    recipe::lock,
    shim,
};

#[expect(clippy::disallowed_methods, reason = "the environment is read here, once")]
fn main() -> larder::Result<()> {
    let env = Environment::new(std::env::vars_os());
    let (dir, program) = (std::env::current_dir()?, std::env::current_exe()?);
    let args: Vec<_> = std::env::args_os().collect();
    // Larder starts this program in the place of a compiler to plan for a platform that is not this machine's.
    let process = shim::Process { env: &env, dir: &dir, program: &program, args: &args };
    if let Some(code) = shim::answer(process, &mut io::stdout())? {
        std::process::exit(code);
    }
    let mut project = Project::load(Cargo::locate(&env)?.with_stand_in(program), Path::new("."), None, None)?;
    project.settings.platforms =
        Some(["x86_64-unknown-linux-gnu", "aarch64-apple-darwin"].map(Platform::new).to_vec());
    for locked in lock::lock(&project, &Silent)?.locked {
        let units: usize = locked.units.values().sum();
        writeln!(io::stdout(), "{}: {units} external units", locked.slice)?;
    }
    Ok(())
}
