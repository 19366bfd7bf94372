//! `cargo larder`: the command line over the `larder` library. It owns everything the library may not touch:
//! arguments, the process environment, the working directory, the terminal and exit codes.

mod cli;
mod context;
mod exit;
mod schema;
mod terminal;
mod verb;

fn main() -> std::process::ExitCode {
    exit::code(verb::run())
}
