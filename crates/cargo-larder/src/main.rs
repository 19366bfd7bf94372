//! `cargo larder`: the command line over the `larder` library. It owns everything the library may not touch:
//! arguments, the process environment, the working directory, the terminal and exit codes.

mod cli;
mod context;
mod exit;
mod recorded;
mod schema;
mod stored;
mod ui;
mod verb;

fn main() -> std::process::ExitCode {
    exit::code(verb::run())
}
