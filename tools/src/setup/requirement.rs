//! Everything that a check or test uses beyond Rust and git, in one list, so that it is looked for before the work
//! begins and set up before the first step needs it.
//!
//! [`problems`] only looks. It must never install anything: it answers within seconds what a machine lacks.

use anyhow::Context as _;
use larder::process::Environment;
use larder_tests::nix::Nix;
use xshell::{Shell, cmd};

use super::{
    Setup, bots, browser,
    choose::{Choice, choose},
    debian, deploy, engine,
    exec::Exec,
    gitlab, linters,
    needs::{self, Tool},
    probe,
    programs::{self, CARGO_DENY, DEADNIX, MDBOOK, NIXFMT, WASM_PACK},
    python, servers, shells,
    tools::cleaned,
};
use crate::{docker, log::Log};

/// One thing that steps use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Requirement {
    /// The parts of the toolchain beside the compiler.
    Components,
    /// Small programs of the system that Debian's smallest installation lacks.
    Utilities,
    /// The kinds of awk that recipes are expanded with.
    Awks,
    /// The cache of single calls of rustc that Larder is tested beside.
    Sccache,
    /// The shells that completions are for, and the reader of man pages.
    Shells,
    /// The client of the SSH tests.
    Ssh,
    /// The headers of OpenSSL, and how build scripts find them.
    Headers,
    /// A browser with its driver.
    Browser,
    /// Nix, able to build in its sandbox.
    Nix,
    /// The programs that check and run workflows.
    Linters,
    /// Programs that change a repository by themselves.
    Bots,
    /// Servers that the store's remotes are tried on.
    Servers,
    /// The server that deployments are tried on.
    Deploy,
    /// How a folder with a Debian is made.
    Debian,
    /// A Docker engine that answers.
    Engine,
    /// An engine and a client with buildx.
    CurrentEngine,
    /// The tools of the example.
    Tools,
    /// The programs that check the repository.
    Checkers,
    /// The build driver that is observed beside cargo-leptos.
    WasmPack,
}

/// A program with the Debian package that has it.
type Packaged = (&'static str, &'static str);

const UTILITIES: [Packaged; 3] = [("git", "git"), ("make", "make"), ("python3", "python3")];
const AWKS: [Packaged; 3] = [("mawk", "mawk"), ("gawk", "gawk"), ("busybox", "busybox")];
const SCCACHE: [Packaged; 1] = [("sccache", "sccache")];
const SHELLS: [Packaged; 4] = [("bash", "bash"), ("zsh", "zsh"), ("fish", "fish"), ("man", "man-db")];
const SSH: [Packaged; 3] =
    [("ssh-agent", "openssh-client"), ("ssh-add", "openssh-client"), ("ssh-keygen", "openssh-client")];
const HEADERS: [Packaged; 1] = [("pkg-config", "pkg-config")];
/// Nix, and what reads the services that its module makes.
const NIX: [Packaged; 4] =
    [("nix", "nix-bin"), ("nix-instantiate", "nix-bin"), ("jq", "jq"), ("systemd-analyze", "systemd")];
/// The client, and what namespaces are made of.
const DEPLOY: [Packaged; 5] = [
    ("ssh", "openssh-client"),
    ("unshare", "util-linux"),
    ("nsenter", "util-linux"),
    ("flock", "util-linux"),
    ("ip", "iproute2"),
];
/// `act` asks Node for the digests of files, and `gitlab-ci-local` copies by rsync.
const LINTERS: [Packaged; 2] = [("node", "nodejs"), ("rsync", "rsync")];
const DEBIAN: [Packaged; 1] = [("debootstrap", "debootstrap")];
const ENGINE: [Packaged; 1] = [("dockerd", "docker.io")];

impl Requirement {
    /// All of them, those first that are set up within a minute, so that a machine that cannot do something says so
    /// before anything is built.
    pub(crate) const ALL: [Self; 19] = [
        Self::Components,
        Self::Utilities,
        Self::Awks,
        Self::Sccache,
        Self::Shells,
        Self::Ssh,
        Self::Headers,
        Self::Browser,
        Self::Nix,
        Self::Linters,
        Self::Bots,
        Self::Servers,
        Self::Deploy,
        Self::Debian,
        Self::Engine,
        Self::CurrentEngine,
        Self::Tools,
        Self::Checkers,
        Self::WasmPack,
    ];

    /// Its name in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Components => "rustfmt and clippy",
            Self::Utilities => "utilities",
            Self::Awks => "three kinds of awk",
            Self::Sccache => "sccache",
            Self::Shells => "shells",
            Self::Ssh => "SSH",
            Self::Headers => "OpenSSL's headers",
            Self::Browser => "the browser",
            Self::Nix => "Nix",
            Self::Linters => "checkers of workflows",
            Self::Bots => "Renovate and pre-commit",
            Self::Servers => "servers for the store's remotes",
            Self::Deploy => "a server for deployments",
            Self::Debian => "debootstrap",
            Self::Engine => "a Docker engine",
            Self::CurrentEngine => "a Docker engine with buildx",
            Self::Tools => "the example's tools",
            Self::Checkers => "the programs that check the repository",
            Self::WasmPack => "wasm-pack",
        }
    }

    /// The programs of the machine's own packages that it is made of.
    fn packages(self) -> &'static [Packaged] {
        match self {
            Self::Utilities => &UTILITIES,
            Self::Awks => &AWKS,
            Self::Sccache => &SCCACHE,
            Self::Shells => &SHELLS,
            Self::Ssh => &SSH,
            Self::Headers => &HEADERS,
            Self::Browser => &browser::PACKAGES,
            Self::Nix => &NIX,
            Self::Debian => &DEBIAN,
            Self::Engine => &ENGINE,
            Self::CurrentEngine => &engine::HOST_PACKAGES,
            Self::Deploy => &DEPLOY,
            Self::Linters => &LINTERS,
            Self::Components | Self::Bots | Self::Servers | Self::Tools | Self::Checkers | Self::WasmPack => {
                &[]
            }
        }
    }

    /// Why it is not here and cannot be got; `None` if it can be set up, as far as a look tells.
    fn problem(self, setup: &Setup<'_>) -> Option<String> {
        match self {
            Self::Components => missing_component(&setup.exec),
            Self::Tools => {
                let problems: Vec<String> =
                    Tool::ALL.into_iter().filter_map(|tool| no_way(setup, tool)).collect();
                (!problems.is_empty()).then(|| problems.join("; "))
            }
            Self::Linters => missing_programs(&setup.exec, self.packages())
                .or_else(|| linters::problem(&setup.exec, &setup.folder)),
            Self::Bots => python::problem(&setup.exec),
            Self::Servers => servers::problem(&setup.exec, &setup.folder),
            Self::Deploy => missing_programs(&setup.exec, self.packages())
                .or_else(|| deploy::problem(&setup.exec, &setup.folder)),
            Self::Checkers | Self::WasmPack => missing_programs(&setup.exec, &[("cc", "gcc")]),
            Self::CurrentEngine if !debian::is_possible(&setup.exec) => {
                Some("it comes from Debian's packages, and this machine is no Debian".to_owned())
            }
            Self::Engine if docker::engine::answers(&setup.exec.env) => None,
            Self::Headers if !have_openssl(&setup.exec) => can_install(&setup.exec, "libssl-dev"),
            Self::Browser if browser::is_there(&setup.exec) => None,
            _ => missing_programs(&setup.exec, self.packages()),
        }
    }

    /// Gets what is missing, and tries what may not work on every machine.
    pub(crate) fn ensure(self, sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<()> {
        match self {
            Self::Components => Ok(()),
            Self::Utilities | Self::Awks | Self::Sccache | Self::Ssh | Self::Debian => {
                super::host_packages(sh, env, log, self.packages())
            }
            Self::Shells => {
                super::host_packages(sh, env, log, &SHELLS)?;
                shells::ensure(sh, env, log).map(drop)
            }
            Self::Headers => headers(sh, env, log),
            Self::Browser => browser::ensure(sh, env, log).map(drop),
            Self::Nix => nix(sh, env, log),
            Self::Bots => bots::ensure(sh, env, log).map(drop),
            Self::Linters => {
                super::host_packages(sh, env, log, &LINTERS)?;
                linters::ensure(sh, env, log)?;
                gitlab::ensure(sh, env, log).map(drop)
            }
            Self::Servers => servers::ensure(sh, env, log).map(drop),
            Self::Deploy => {
                super::host_packages(sh, env, log, &DEPLOY)?;
                deploy::ensure(sh, env, log).map(drop)
            }
            // One that is there already is asked, and one of ours is started for a moment.
            Self::Engine => docker::engine::Engine::ensure(sh, env, log).map(drop),
            Self::CurrentEngine => engine::ensure(sh, env, log).map(drop),
            Self::Tools => super::ensure(sh, env, log).map(drop),
            Self::Checkers => [CARGO_DENY, MDBOOK, NIXFMT, DEADNIX]
                .into_iter()
                .try_for_each(|program| programs::ensure(sh, env, log, program).map(drop)),
            Self::WasmPack => programs::ensure(sh, env, log, WASM_PACK).map(drop),
        }
    }
}

/// Nix and the programs that its tests are made of.
pub(crate) fn nix(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<()> {
    super::host_packages(sh, env, log, &NIX)?;
    let rustc = env.find_program("rustc").context("PATH has no rustc")?;
    Nix::find(env, &rustc, &[]).map(drop)
}

/// OpenSSL's headers and pkg-config.
pub(crate) fn headers(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<()> {
    super::host_packages(sh, env, log, &HEADERS)?;
    let exec = Exec { sh, env: cleaned(env), log };
    if have_openssl(&exec) {
        return Ok(());
    }
    let problem = can_install(&exec, "libssl-dev");
    anyhow::ensure!(problem.is_none(), "{}", problem.unwrap_or_default());
    debian::install(&exec, "libssl-dev")
}

fn have_openssl(exec: &Exec<'_>) -> bool {
    exec.text(cmd!(exec.sh, "pkg-config --exists --print-errors openssl")).is_some()
}

/// Why a package cannot be installed.
fn can_install(exec: &Exec<'_>, package: &str) -> Option<String> {
    let can = debian::is_possible(exec) && debian::is_root(exec);
    (!can).then(|| format!("pkg-config finds no OpenSSL: install {package} as root"))
}

/// The client's programs of SSH.
pub(crate) fn ssh(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<()> {
    super::host_packages(sh, env, log, &SSH)
}

/// Those that a machine lacks and cannot get, each with the reason.
pub(crate) fn problems(
    sh: &Shell,
    env: &Environment,
    log: &Log,
    requirements: impl IntoIterator<Item = Requirement>,
) -> anyhow::Result<Vec<(Requirement, String)>> {
    let setup = Setup::new(sh, env, log)?;
    let problem = |requirement: Requirement| Some((requirement, requirement.problem(&setup)?));
    Ok(requirements.into_iter().filter_map(problem).collect())
}

fn missing_component(exec: &Exec<'_>) -> Option<String> {
    let missing: Vec<&str> = ["fmt", "clippy"]
        .into_iter()
        .filter(|name| exec.text(cmd!(exec.sh, "cargo {name} --version")).is_none())
        .collect();
    let advice = "run `rustup component add rustfmt clippy`";
    (!missing.is_empty()).then(|| format!("cargo has no `{}`: {advice}", missing.join("` and no `")))
}

fn missing_programs(exec: &Exec<'_>, packages: &[Packaged]) -> Option<String> {
    let missing: Vec<Packaged> = packages.iter().copied().filter(|(program, _)| !exec.has(program)).collect();
    if missing.is_empty() || (debian::is_possible(exec) && debian::is_root(exec)) {
        return None;
    }
    let names: Vec<&str> = missing.iter().map(|(program, _)| *program).collect();
    let mut packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
    packages.dedup();
    Some(format!("PATH has no {}: install {} as root", names.join(", no "), packages.join(" ")))
}

/// Why a tool of the example can neither be used as it is nor be got.
fn no_way(setup: &Setup<'_>, tool: Tool) -> Option<String> {
    let Setup { exec, folder, wasm_bindgen } = setup;
    let need = needs::need(tool, wasm_bindgen.as_ref());
    match choose(tool, &need, &probe::facts(exec, folder, tool, &need)) {
        Choice::Get { ways, why } if ways.is_empty() && !tool.is_optional() => {
            Some(format!("{why}; install it: {}", tool.advice()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_packages_says_what_to_install() {
        let (sh, log) = (Shell::new().unwrap(), Log::new(true));
        let nowhere = tempfile::tempdir().unwrap();
        let env = cleaned(&Environment::new([("PATH", nowhere.path()), ("HOME", nowhere.path())]));
        let exec = Exec { sh: &sh, env, log: &log };
        let said = missing_programs(&exec, Requirement::Nix.packages()).unwrap();
        assert_eq!(
            said,
            "PATH has no nix, no nix-instantiate, no jq, no systemd-analyze: install nix-bin jq systemd as root"
        );
        let said = missing_component(&exec).unwrap();
        assert_eq!(said, "cargo has no `fmt` and no `clippy`: run `rustup component add rustfmt clippy`");
    }

    #[test]
    fn what_is_quick_to_get_comes_first() {
        assert!(Requirement::ALL.is_sorted());
        assert!(Requirement::CurrentEngine < Requirement::Tools);
    }
}
