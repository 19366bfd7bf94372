//! The wording of a Dockerfile, made to be read: what is compiled in which stage, and why a change of one
//! thing leaves the other stages alone.
//!
//! It uses what every BuildKit has built in, so no front end is downloaded and nothing of Larder is needed.

use std::fmt::Write as _;

use super::{
    application::Application,
    artifacts::Entrypoint,
    context::{FOLDER, Place},
    image::{assignments, cargo_line},
    packages::is_debian,
    recipes::Recipes,
    settings::DockerSettings,
    shipped::{CERTIFICATES_FILE, USER},
    words,
    writer::Writer,
};
use crate::{
    recipe::{expand, lock_file::LockedSlice},
    slice::leptos,
};

/// Beside `larder.lock`, a change of this wording alone makes a Dockerfile stale.
const HEADER: &str = "\
; [workspace.metadata.larder.docker] in Cargo.toml refines it.
#
# Dependencies are cooked from the recipes in larder/, apart from the application: a change of code compiles the
# application, a changed dependency compiles what depends on it. Nothing but Docker is needed:
#
#     docker build .
";

/// The same if a stage writes the recipes.
const PLANNED_HEADER: &str = "\
; [workspace.metadata.larder.docker] in Cargo.toml refines it.
#
# Dependencies are cooked from recipes, apart from the application: a change of code compiles the application. The
# recipes are written by the planner, anew for every change of the sources; where they come out the same, what was
# cooked from them is still good.
#
#     docker build .
";
/// The stage that writes recipes, as it stands in no Dockerfile without one.
pub(super) const PLANNER: &str = "FROM deps AS planner\n";

/// The `sass` of npm's that compiles style sheets, unless the base image has one.
const SASS_VERSION: &str = "1.86.0";

/// cargo's folder of downloads, on every base image.
const CARGO_HOME: &str = "/cargo";
/// Which mounts of cargo's downloads a step has. Steps with the same ones take turns: cargo's own lock is outside of
/// them, so two at once could spoil each other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DownloadMounts {
    /// Those of most steps.
    Common,
    /// Those of the front half, which is cooked and built beside the server.
    Front,
}

impl DownloadMounts {
    /// The end of the mounts' names.
    fn suffix(self) -> &'static str {
        match self {
            Self::Common => "",
            Self::Front => "-front",
        }
    }
}

/// Writes the Dockerfile of an application.
pub(super) fn text(application: &Application, settings: &DockerSettings) -> String {
    let header = match application.recipes {
        Recipes::Committed => HEADER,
        Recipes::Planned => PLANNED_HEADER,
    };
    let writer = Writer { application, settings, text: super::generated::header(application) + header };
    writer.write()
}

/// A stage's name for a group of slices.
pub(super) fn cook_stage(group: &[LockedSlice]) -> String {
    format!("cook-{}", group[0].slice.name)
}

/// A value of ENV that means what it says: Docker would put a variable's value in the place of its name.
pub(super) fn literal(value: &str) -> String {
    let mut text = String::from('"');
    for c in value.chars() {
        if matches!(c, '"' | '\\' | '$') {
            text.push('\\');
        }
        text.push(c);
    }
    text + "\""
}

impl Writer<'_> {
    fn write(mut self) -> String {
        self.arguments();
        if self.application.leptos.is_some() {
            self.tools();
        }
        self.deps();
        match self.application.recipes {
            Recipes::Committed => self.recipes(),
            Recipes::Planned => self.planner(),
        }
        for group in &self.application.groups {
            self.cook(group);
        }
        self.builder();
        self.runtime();
        self.text
    }

    fn arguments(&mut self) {
        let (build, runtime) = (self.settings.build_base(), self.settings.runtime_base());
        let _ =
            writeln!(self.text, "\n# Both images must use the same libc, or the runtime image a newer one.");
        let _ = writeln!(self.text, "ARG BUILD_BASE={build}\nARG RUNTIME_BASE={runtime}");
        if let Some(tools) = &self.application.leptos {
            let _ = writeln!(self.text, "ARG CARGO_LEPTOS_VERSION={}", tools.cargo_leptos);
            if let Some(version) = &tools.wasm_bindgen {
                let _ = writeln!(
                    self.text,
                    "# The version that Cargo.lock names; any other would refuse the WASM."
                );
                let _ = writeln!(self.text, "ARG WASM_BINDGEN_VERSION={version}");
            }
            if let Some(tailwind) = &tools.tailwind {
                self.tailwind_argument(tailwind);
            }
        }
        if self.application.recipes == Recipes::Planned {
            self.line(
                "# What `cargo install` takes; not asked for where BUILD_BASE has cargo-larder already.",
            );
            let _ = writeln!(self.text, "ARG LARDER=cargo-larder@{}", env!("CARGO_PKG_VERSION"));
        }
    }

    pub(super) fn sources(&mut self) {
        self.line("# .dockerignore lets in what the build reads, and nothing else.");
        let sources = &self.application.sources;
        let (from, to) = match sources.prefix.as_str() {
            _ if !sources.beside.is_empty() => (".", FOLDER),
            "" => (".", "."),
            prefix => (prefix, "."),
        };
        self.copy(&[from], to);
    }

    /// Tools that are built from source take minutes, once; the base image may have them already.
    fn tools(&mut self) {
        let with_bindgen = self.application.leptos.as_ref().is_some_and(|tools| tools.wasm_bindgen.is_some());
        self.line("\n# --- tools: what drives the build, compiled once unless the base image has it ---");
        self.line("FROM ${BUILD_BASE} AS tools");
        self.require_cargo();
        let profile = leptos::INSTALL_PROFILE.map(|(name, value)| format!(" {name}={value}")).concat();
        let _ = writeln!(self.text, "ENV CARGO_HOME={CARGO_HOME}{profile}");
        self.line("ARG CARGO_LEPTOS_VERSION");
        if with_bindgen {
            self.line("ARG WASM_BINDGEN_VERSION");
        }
        let leptos = install("cargo-leptos", "--features no_downloads cargo-leptos", "CARGO_LEPTOS_VERSION");
        let mut commands = vec!["mkdir -p /tools/bin".to_owned(), leptos];
        if with_bindgen {
            let package = format!("{} wasm-bindgen-cli", leptos::BINDGEN_WORDS.join(" "));
            commands.push(install("wasm-bindgen", &package, "WASM_BINDGEN_VERSION"));
        }
        self.run(DownloadMounts::Common, &commands);
    }

    /// The base of every later stage.
    fn deps(&mut self) {
        self.line("\n# --- deps: toolchain, system packages, tools ---");
        self.line("FROM ${BUILD_BASE} AS deps");
        self.require_cargo();
        let workspace = &self.application.image.workspace;
        let _ = writeln!(self.text, "ENV CARGO_HOME={CARGO_HOME}\nWORKDIR {}", words::alone(workspace));
        self.system_packages();
        let sources = &self.application.sources;
        if let Some(toolchain) = &sources.configured.toolchain {
            let from = toolchain.sent(&sources.prefix);
            self.copy(&[format!("{from}/")], format!("{}/", toolchain.in_image()));
        }
        if let Some(file) = &sources.configured.toolchain_file {
            let to = match &file.named {
                _ if file.named != file.content => file.named.in_image(),
                Place::Inside(_) => "./".into(),
                // rustup looks for it above the workspace, as it does here.
                Place::Beside(_) => format!("{FOLDER}/").into(),
            };
            self.copy(&[file.content.sent(&sources.prefix)], to);
            self.line("RUN rustc --version");
        }
        self.targets();
        if self.application.leptos.is_some() {
            self.line("# cargo-leptos calls these two.");
            self.line("RUN command -v wasm-opt sass > /dev/null \\");
            self.line("    || (apt-get update && apt-get install -y --no-install-recommends binaryen npm \\");
            let _ = writeln!(
                self.text,
                "        && npm install --global sass@{SASS_VERSION} && rm -rf /var/lib/apt/lists/*)"
            );
            self.line("COPY --from=tools /tools/ /usr/local/");
        }
        if let Some(tailwind) = self.application.leptos.as_ref().and_then(|tools| tools.tailwind.as_ref()) {
            self.tailwind(tailwind);
        }
    }

    /// What the base image lacks of the packages and the certificates. Only Debian's kind has names for them here.
    fn system_packages(&mut self) {
        let mut packages: Vec<&str> = self.settings.build_packages.iter().map(String::as_str).collect();
        packages.push("ca-certificates");
        packages.sort_unstable();
        let packages = packages.join(" ");
        let is_there = if self.settings.build_packages.is_empty() {
            format!("test -e {CERTIFICATES_FILE}")
        } else {
            format!("dpkg --status {packages} > /dev/null 2>&1")
        };
        let or_else = if is_debian(self.settings.build_base()) {
            format!(
                "(apt-get update && apt-get install -y --no-install-recommends {packages} && rm -rf /var/lib/apt/lists/*)"
            )
        } else {
            format!(
                "{{ echo 'error: BUILD_BASE has no {CERTIFICATES_FILE}; pass --build-arg \
                 BUILD_BASE=IMAGE with one that has' >&2; exit 1; }}"
            )
        };
        let _ = writeln!(self.text, "RUN {is_there} \\\n    || {or_else}");
    }

    /// Stages that start side by side begin with it, so that whichever fails first says why. It runs once.
    fn require_cargo(&mut self) {
        self.line("RUN command -v cargo > /dev/null \\");
        self.line("    || { echo 'error: BUILD_BASE has no cargo; pass --build-arg BUILD_BASE=IMAGE with one that has' >&2; exit 1; }");
    }

    fn targets(&mut self) {
        for target in &self.application.artifacts.triples {
            let _ = writeln!(
                self.text,
                "RUN test -d \"$(rustc --print target-libdir --target {target})\" || rustup target add {target} \\\n    \
                 || {{ echo 'error: BUILD_BASE has no target {target}, and rustup cannot add it' >&2; exit 1; }}"
            );
        }
    }

    /// One RUN per layer: a new layer on top leaves the cached ones below as they are.
    fn cook(&mut self, group: &[LockedSlice]) {
        let names: Vec<&str> = group.iter().map(|locked| locked.slice.name.as_str()).collect();
        let _ = writeln!(
            self.text,
            "\n# --- {}: the dependencies of {} ---",
            cook_stage(group),
            names.join(", ")
        );
        let _ = writeln!(self.text, "FROM deps AS {}", cook_stage(group));
        if self.application.has_config {
            self.recipe("config.toml", ".cargo/config.toml");
        }
        self.configured();
        let downloads = self.downloads(&group[0].slice.name);
        for locked in group {
            for layer in 0..locked.layers.len() {
                let path = format!("{}/{layer}/", locked.slice.name);
                let folder = format!("{}/{path}", expand::FOLDER);
                self.recipe(&path, &folder);
                // Settings that the recipe's own configuration cannot hold. A frozen layer is cooked as it always was.
                let image = &self.application.image;
                let absolute = image.absolute_environment(&locked.slice);
                let build_dir = self.application.build_dir_apart(&locked.slice);
                let before = assignments(&absolute).chain(image.rustflags(&locked.slice.name));
                let before = before.chain(assignments(&build_dir));
                let mut words = locked.cook.clone();
                words.insert(1.min(words.len()), "--locked".into());
                self.run(
                    downloads,
                    &[format!("cd {}", folder.trim_end_matches('/')), cargo_line(before, &words)],
                );
            }
        }
    }

    /// The files that the configuration names have to be where it names them.
    fn configured(&mut self) {
        let sources = &self.application.sources;
        if sources.configured.cooking.is_empty() {
            return;
        }
        let _ = writeln!(self.text, "# What cargo's configuration points at.");
        for pointed in &sources.configured.cooking {
            let (from, to) = (pointed.place.sent(&sources.prefix), pointed.place.in_image());
            let end = if pointed.is_folder { "/" } else { "" };
            self.copy(&[format!("{from}{end}")], format!("{to}{end}"));
        }
    }

    /// The application as a whole, as it is shipped.
    fn builder(&mut self) {
        if let [front, server] = &self.application.halves[..] {
            self.half(front);
            self.half(server);
            self.line("\n# --- builder: both halves together ---");
            let _ = writeln!(self.text, "FROM build-{} AS builder", server.slice);
            if let Some(site) = &self.application.site {
                let stage = format!("build-{}", front.slice);
                self.copy_of(&stage, format!("{FOLDER}/{site}/"), format!("{site}/"));
            }
        } else {
            self.in_one_piece();
        }
        self.collected();
    }

    fn in_one_piece(&mut self) {
        self.line("\n# --- builder: the application ---");
        let (first, others) = match self.application.groups.split_first() {
            Some((first, others)) => (cook_stage(first), others),
            None => ("deps".to_owned(), &[][..]),
        };
        let _ = writeln!(self.text, "FROM {first} AS builder");
        for group in others {
            let image = &self.application.image;
            let dir = image.target_dir(&group[0].slice);
            let (made, to) = (format!("{}/{dir}/", image.workspace), format!("{dir}/"));
            self.copy_of(&cook_stage(group), made, to);
        }
        self.without_planned();
        if let Some((name, dir)) = self.application.build_dir_variable() {
            let _ = writeln!(self.text, "ENV {name}={}", literal(&dir));
        }
        self.sources();
        self.run(DownloadMounts::Common, &self.application.build);
    }

    fn runtime(&mut self) {
        self.line("\n# --- runtime: what is shipped ---");
        self.line("FROM ${RUNTIME_BASE} AS runtime");
        if !self.settings.runtime_packages.is_empty() {
            let packages = self.settings.runtime_packages.join(" ");
            let _ = writeln!(
                self.text,
                "RUN apt-get update && apt-get install -y --no-install-recommends {packages} && rm -rf /var/lib/apt/lists/*"
            );
        }
        self.trees();
        let mut env: Vec<(String, String)> = Vec::new();
        if self.application.site.is_some() {
            env.push(("LEPTOS_SITE_ROOT".into(), "site".into()));
            env.push(("LEPTOS_SITE_ADDR".into(), format!("0.0.0.0:{}", self.settings.port.unwrap_or(3000))));
        }
        env.extend(self.application.site_env.clone());
        env.extend(self.settings.env.clone());
        for (name, value) in env {
            let _ = writeln!(self.text, "ENV {name}={}", literal(&value));
        }
        let _ = writeln!(self.text, "USER {USER}");
        if let Some(volume) = &self.settings.volume {
            let _ = writeln!(self.text, "VOLUME {volume}");
        }
        let port = self.settings.port.or_else(|| self.application.site.is_some().then_some(3000));
        if let Some(port) = port {
            let _ = writeln!(self.text, "EXPOSE {port}");
        }
        if !self.settings.health_check.is_empty() {
            let words = self.in_workspace(&self.settings.health_check);
            let _ =
                writeln!(self.text, "HEALTHCHECK --interval=10s --start-period=5s --timeout=3s CMD {words}");
        }
        let words = match &self.application.entry {
            _ if !self.settings.entrypoint.is_empty() => self.settings.entrypoint.clone(),
            Entrypoint::Program(name) => vec![name.clone()],
            Entrypoint::Undecided(_) => {
                self.line("# None of the programs is started: `entrypoint` in the settings above names one.");
                return;
            }
            Entrypoint::Nothing => return,
        };
        let _ = writeln!(self.text, "ENTRYPOINT {}", self.in_workspace(&words));
    }

    /// Words as JSON, the first one with the folder that the image's binaries are in.
    fn in_workspace(&self, words: &[String]) -> String {
        let mut words = words.to_vec();
        if let Some(first) = words.first_mut() {
            let is_ours = self.application.artifacts.files.iter().any(|file| file.to == first.as_str());
            if is_ours {
                *first = format!("{FOLDER}/{first}");
            }
        }
        let words: Vec<String> =
            words.iter().map(|word| serde_json::Value::from(word.as_str()).to_string()).collect();
        format!("[{}]", words.join(", "))
    }

    /// The mounts for a slice's steps.
    pub(super) fn downloads(&self, slice: &str) -> DownloadMounts {
        match self.application.halves.first() {
            Some(front) if front.slice == slice => DownloadMounts::Front,
            _ => DownloadMounts::Common,
        }
    }

    /// A step that calls cargo: downloads stay in cache mounts, and secrets come by mounts that leave no trace.
    pub(super) fn run(&mut self, downloads: DownloadMounts, commands: &[String]) {
        let mut mounts = Vec::new();
        for folder in ["registry", "git"] {
            mounts.push(format!(
                "--mount=type=cache,id=cargo-{folder}{},target={CARGO_HOME}/{folder},sharing=locked",
                downloads.suffix()
            ));
        }
        for (id, target) in &self.settings.secrets {
            mounts.push(format!("--mount=type=secret,id={id},target={target}"));
        }
        if self.settings.ssh {
            mounts.push("--mount=type=ssh".into());
        }
        let _ =
            writeln!(self.text, "RUN {} \\\n    {}", mounts.join(" \\\n    "), commands.join(" \\\n    && "));
    }
}

/// The command that installs a tool unless the base image has it.
fn install(program: &str, package: &str, version: &str) -> String {
    format!("(command -v {program} || cargo install --locked --root /tools {package}@${{{version}}})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_mean_what_they_say() {
        assert_eq!(literal("info"), "\"info\"");
        assert_eq!(literal(r#"a$b \ "c" é"#), r#""a\$b \\ \"c\" é""#);
    }
}
