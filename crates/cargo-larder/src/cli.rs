//! The arguments, as `clap` reads them. What they mean is in [`context`](crate::context) and in the verbs.

mod clear;
mod shells;
#[cfg(feature = "store")]
mod store;
#[cfg(feature = "store")]
mod store_remote;

use std::{ffi::OsString, path::PathBuf};

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
use larder::{deploy::settings::DeploySettings, init::Part};

pub(crate) use self::{
    clear::{Apply, Clean, CleanLevel, Gc, GcCache},
    shells::{Completions, Man, Shell},
};
#[cfg(feature = "store")]
pub(crate) use self::{
    store::{Store, StoreFile, StoreGc, StoreVerb, StoreVerify, StoreWhy},
    store_remote::{StoreKeygen, StorePull, StorePush},
};

/// cargo calls its subcommands with their own name as the first argument.
#[derive(Debug, Parser)]
#[command(name = "cargo", bin_name = "cargo", disable_help_subcommand = true)]
pub(crate) enum Cargo {
    /// Compile dependencies once, apart from the application
    Larder(Larder),
}

/// Compile dependencies once, apart from the application
///
/// Larder writes down the dependencies of your builds as tiny cargo workspaces (recipes), and cooks them into
/// the target directory your build uses, where cargo then finds them fresh.
#[derive(Debug, Args)]
#[command(version, after_long_help = EXIT_CODES)]
pub(crate) struct Larder {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    #[command(flatten)]
    pub(crate) common: Common,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed; the message says why and what to do
  2  wrong usage
  3  `--check`: a recipe is stale, a file would be written anew, or a deployment would change something
  4  `doctor` found a problem
A build that fails ends with the exit code of the program that failed (101 from cargo).";

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Bring a workspace up to Larder, showing every change first
    Init(Init),
    /// Show slices, their external units and layers, compiling nothing
    Plan(Plan),
    /// Write or refresh the recipes in larder/
    Lock(Lock),
    /// Build the dependencies of slices from their recipes
    Cook(Cook),
    /// Cook, run the application's own build, and show what was compiled
    Build(Build),
    /// Run any build and show the cargo calls it makes as slices
    Observe(Observe),
    /// Write the Dockerfile and .dockerignore that build the project from its recipes
    Dockerfile(Dockerfile),
    /// Build the project's image with Docker
    Docker(Docker),
    /// Bring the project's image to a server, and let it serve once it is found to be well
    Deploy(Deploy),
    /// Show every cache of the project: its size, how much is still useful, how to shrink it
    Usage(Usage),
    /// Clear caches by level; shows what would go, and deletes it with --yes
    Clean(Clean),
    /// Delete what nothing needs any more; shows what would go, and deletes it with --yes
    Gc(Gc),
    /// Show and care for the store of compiled units that all checkouts share
    #[cfg(feature = "store")]
    Store(Store),
    /// Tell what a build would compile, or did, and why
    Why(Why),
    /// Check the workspace and the machine, and show how to fix problems
    Doctor(Doctor),
    /// Print what a shell needs to complete `cargo larder`
    Completions(Completions),
    /// Write the man pages
    Man(Man),
    /// Print this command reference as Markdown
    #[command(hide = true)]
    Reference,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Write without asking
    #[arg(long, short, conflicts_with = "check")]
    pub(crate) yes: bool,
    /// Write nothing; exit with 3 if something would be written
    #[arg(long)]
    pub(crate) check: bool,
    /// These parts alone, instead of profile, config, recipes, gitignore, docker and ci
    #[arg(long, value_name = "PART", value_delimiter = ',', value_parser = part())]
    pub(crate) only: Vec<Part>,
    /// These parts as well
    #[arg(long, value_name = "PART", value_delimiter = ',', value_parser = part())]
    pub(crate) with: Vec<Part>,
    /// Write a flake and what direnv loads, as `--with nix,envrc` does
    #[arg(long)]
    pub(crate) nix: bool,
    /// The address of the git repository that CI and Nix get Larder from
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) source: Option<String>,
    /// Where sccache keeps its results, with `--with sccache`: a folder, or `s3://BUCKET/PREFIX?region=REGION`
    #[arg(long, value_name = "PLACE", value_parser = larder::sccache::SccacheStorage::parse)]
    pub(crate) sccache: Option<larder::sccache::SccacheStorage>,
    /// The server that the image goes to, with `--with deploy`: `ssh://USER@HOST`, or a Docker context
    #[arg(long, value_name = "SERVER", value_parser = server)]
    pub(crate) server: Option<String>,
    /// Print JSON (format version 1) instead of diffs
    #[arg(long)]
    pub(crate) json: bool,
}

fn server(text: &str) -> Result<String, String> {
    DeploySettings::check_server(text).map(|()| text.to_owned())
}

/// The words for parts are the library's.
fn part() -> impl TypedValueParser<Value = Part> {
    let names = PossibleValuesParser::new(Part::ALL.map(Part::name));
    names.try_map(|name| Part::named(&name).ok_or("no part has this name"))
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// Slices to show; all of them by default
    #[arg(value_name = "SLICE")]
    pub(crate) slices: Vec<String>,
    /// The platform to plan for; this machine's by default
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) platform: Option<String>,
    /// List every unit with its key and the layer that provides it
    #[arg(long)]
    pub(crate) units: bool,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Lock {
    /// Write nothing; exit with 3 if a recipe is stale
    #[arg(long)]
    pub(crate) check: bool,
    /// With --check: exit with 0 if recipes differ in packages alone; GitHub Actions shows the warning beside the change
    #[arg(long, requires = "check")]
    pub(crate) warn: bool,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Slices to cook; those of the release build by default
    #[arg(value_name = "SLICE")]
    pub(crate) slices: Vec<String>,
    /// The slices of the development build instead of the release build
    #[arg(long, conflicts_with = "slices")]
    pub(crate) dev: bool,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
    /// Number of parallel jobs, passed on to cargo
    #[arg(long, short, value_name = "N")]
    pub(crate) jobs: Option<String>,
    /// Append to this file, as Markdown, what was compiled and why
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,
    /// What is done with the store of compiled units; `write` by default, `read` in CI
    #[arg(long, value_enum, value_name = "USE", env = "LARDER_STORE")]
    pub(crate) store: Option<StoreUse>,
}

/// What a build does with the store of compiled units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreUse {
    /// Nothing
    Off,
    /// Take units out
    Read,
    /// Take units out and put new ones in
    Write,
}

#[derive(Debug, Args)]
pub(crate) struct Cook {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Cook older layers first, as builders do that cache each layer by its content
    #[arg(long)]
    pub(crate) all_layers: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Build {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// The application's own build; by default `cargo leptos build` for a Leptos project, else the slices'
    /// own cargo calls
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct Observe {
    /// Write slices that are not known yet into the workspace's Cargo.toml
    #[arg(long)]
    pub(crate) write: bool,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
    /// The build to run
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct Dockerfile {
    /// Write nothing; exit with 3 if a file is stale
    #[arg(long, conflicts_with = "print")]
    pub(crate) check: bool,
    /// Print the Dockerfile instead of writing it
    #[arg(long)]
    pub(crate) print: bool,
    /// Ask the registries for the digests of the base images first, and write these into the settings
    #[arg(long, conflicts_with_all = ["check", "print"])]
    pub(crate) pin: bool,
    /// Let a stage of the build write the recipes, if none are committed
    #[arg(long)]
    pub(crate) no_committed_recipe: bool,
    /// Print JSON (format version 1)
    #[arg(long, conflicts_with = "print")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Checks to make; all of them by default
    #[arg(value_name = "CHECK")]
    pub(crate) checks: Vec<String>,
    /// Make the repairs that are safe, showing every change first
    #[arg(long)]
    pub(crate) fix: bool,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Docker {
    #[command(subcommand)]
    pub(crate) verb: Option<DockerVerb>,
    #[command(flatten)]
    pub(crate) build: DockerBuild,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DockerVerb {
    /// Tell which steps the next build would run, and why
    Explain(DockerExplain),
}

#[derive(Debug, Args)]
pub(crate) struct DockerExplain {
    /// A build argument that the next build would get
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) build_arg: Vec<String>,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DockerBuild {
    /// What builds the image
    #[arg(long, value_enum, default_value_t = Via::Dockerfile)]
    pub(crate) via: Via,
    /// Name of the image; may be given several times
    #[arg(long, short, value_name = "NAME")]
    pub(crate) tag: Vec<String>,
    /// Push the image to the registry of its tags
    #[arg(long)]
    pub(crate) push: bool,
    /// Stop at this stage
    #[arg(long, value_name = "STAGE")]
    pub(crate) stage: Option<String>,
    /// Build for these platforms, as Docker names them
    #[arg(long, value_name = "OS/ARCH", value_delimiter = ',')]
    pub(crate) platform: Vec<String>,
    /// Set a build argument, such as `BUILD_BASE`
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) build_arg: Vec<String>,
    /// Read a cache, in BuildKit's words
    #[arg(long, value_name = "type=KIND,…")]
    pub(crate) cache_from: Vec<String>,
    /// Write a cache, in BuildKit's words; every stage is in it unless `mode=` says otherwise, and in
    /// registries and folders as zstd unless `compression=` does
    #[arg(long, value_name = "type=KIND,…")]
    pub(crate) cache_to: Vec<String>,
    /// Give a secret to the steps that mount it
    #[arg(long, value_name = "id=ID,src=FILE")]
    pub(crate) secret: Vec<String>,
    /// Forward an SSH agent to the steps that mount it
    #[arg(long, value_name = "default")]
    pub(crate) ssh: Vec<String>,
    /// The network of steps that run, in Docker's words
    #[arg(long, value_name = "MODE")]
    pub(crate) network: Option<String>,
    /// The buildx builder to use
    #[arg(long, value_name = "NAME")]
    pub(crate) builder: Option<String>,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
}

/// The half of an application that may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeployPart {
    /// Both
    All,
    /// The server alone
    Backend,
    /// The front half alone
    Front,
}

/// A file that describes a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeployFormat {
    /// A Compose file that builds the image
    Compose,
    /// A Compose file for `docker stack deploy`, with the image from a registry
    Swarm,
}

#[derive(Debug, Args)]
pub(crate) struct Deploy {
    /// A deployment of [workspace.metadata.larder.deploy]; the only one by default
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Which half may change; exits with 3 and the names of the files if the other one would not stay as it is
    #[arg(value_name = "PART", conflicts_with_all = ["rollback", "status", "logs"])]
    pub(crate) part: Option<DeployPart>,
    /// Show what would be done, and touch nothing
    #[arg(long)]
    pub(crate) plan: bool,
    /// With --plan: exit with 3 if something would be done
    #[arg(long, requires = "plan")]
    pub(crate) check: bool,
    /// Go back to a release, to the one that served before by default; builds and sends nothing
    #[arg(long, value_name = "RELEASE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) rollback: Option<String>,
    /// Show the releases that the server has
    #[arg(long, conflicts_with_all = ["plan", "rollback"])]
    pub(crate) status: bool,
    /// Show the log of the release that serves
    #[arg(long, conflicts_with_all = ["plan", "rollback", "status", "json"])]
    pub(crate) logs: bool,
    /// Print the deployment as a file for another program, and connect to nothing
    #[arg(long, value_name = "FORMAT", conflicts_with_all = ["part", "plan", "rollback", "status", "logs", "json"])]
    pub(crate) print: Option<DeployFormat>,
    /// Give a secret to the steps that mount it
    #[arg(long, value_name = "id=ID,src=FILE")]
    pub(crate) secret: Vec<String>,
    /// Set a build argument, such as `BUILD_BASE`
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) build_arg: Vec<String>,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Usage {
    /// Show the parts of caches in this many levels
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) depth: usize,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
    /// Write a page with a treemap into this file as well
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Why {
    /// Slices to ask about; those of the release build by default
    #[arg(value_name = "SLICE")]
    pub(crate) slices: Vec<String>,
    /// The slices of the development build instead of the release build
    #[arg(long, conflicts_with = "slices")]
    pub(crate) dev: bool,
    /// Tell why the last build that was recorded compiled what it did
    #[arg(long, conflicts_with_all = ["slices", "dev", "command"])]
    pub(crate) last: bool,
    /// Tell what CMD's cargo calls would compile instead of making them
    #[arg(long, requires = "command")]
    pub(crate) dry_run: bool,
    /// Compare what the `result` link was built from with what a Nix installable is now, `.` by default;
    /// evaluates the flake
    #[arg(
        long,
        value_name = "INSTALLABLE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ".",
        conflicts_with_all = ["last", "command"]
    )]
    pub(crate) nix: Option<String>,
    /// List every cause and every unit
    #[arg(long)]
    pub(crate) all: bool,
    /// Only units of this package or target, each with the way to its cause
    #[arg(long, value_name = "NAME")]
    pub(crate) unit: Option<String>,
    /// Print JSON (format version 1)
    #[arg(long)]
    pub(crate) json: bool,
    /// A build to run and to explain afterwards, with whatever cargo calls it makes
    #[arg(last = true, value_name = "CMD", conflicts_with_all = ["slices", "dev"])]
    pub(crate) command: Vec<OsString>,
}

/// What builds an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Via {
    /// BuildKit, from the Dockerfile
    Dockerfile,
    /// Nix, from the flake; the engine takes in the result
    Nix,
}

/// Words with cargo's meaning.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Path to the workspace's Cargo.toml
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Folder for all generated artifacts
    #[arg(long, global = true, value_name = "DIRECTORY")]
    pub(crate) target_dir: Option<PathBuf>,
    /// Assert that Cargo.lock will remain unchanged
    #[arg(long, global = true)]
    pub(crate) locked: bool,
    /// Run without accessing the network
    #[arg(long, global = true)]
    pub(crate) offline: bool,
    /// The same as --locked and --offline
    #[arg(long, global = true)]
    pub(crate) frozen: bool,
    /// Print no progress
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// When to colour output
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        env = "CARGO_TERM_COLOR",
        hide_env_values = true,
        default_value = "auto"
    )]
    pub(crate) color: Color,
}

/// cargo's colour words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
