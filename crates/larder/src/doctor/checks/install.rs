//! How a tool gets onto a machine.

use super::super::facts::Facts;

/// The command that installs a package here: by its Debian name, else by the name that most others have.
pub(super) fn install(facts: &Facts, debian: &str, other: &str) -> String {
    match facts.installer.as_deref() {
        Some("apt-get") => format!("sudo apt-get install {debian}"),
        Some("pacman") => format!("sudo pacman -S {other}"),
        Some("apk") => format!("sudo apk add {other}"),
        Some("brew") => format!("brew install {other}"),
        Some(program) => format!("sudo {program} install {other}"),
        None => format!("install {other}"),
    }
}
