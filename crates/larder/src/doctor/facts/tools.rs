//! Tools whose versions have to agree, and the linker, asked the way rustc would call it.

use cargo_metadata::camino::Utf8Path;

use super::ask::{Answer, PATIENCE, ask, ask_program};
use crate::{
    docker::tailwind::Tailwind,
    error::Error,
    files::scratch::Scratch,
    process::Cmd,
    project::Project,
    slice::Origin,
    tuning,
    workspace::{Workspace, locked_version, parse_toml},
};

/// The tools' own names.
#[derive(Debug, Clone)]
pub struct ToolFacts {
    /// rustc.
    pub rustc: Answer<String>,
    /// The newest compiler that a member asks for, with the member's name.
    pub wanted_rustc: Option<(String, String)>,
    /// wasm-bindgen's version in `Cargo.lock`; `None` if nothing is built for browsers.
    pub locked_wasm_bindgen: Option<String>,
    /// The `wasm-bindgen` on `PATH`.
    pub wasm_bindgen: Answer<String>,
    /// Whether the project is built by cargo-leptos.
    pub is_leptos: bool,
    /// The `cargo-leptos` on `PATH`.
    pub cargo_leptos: Answer<String>,
    /// Tailwind's version that the project is written for, with what the `tailwindcss` on `PATH` says; `None` for a
    /// project without.
    pub tailwind: Option<(String, Answer<String>)>,
    /// Targets of builds that the compiler has no standard library for.
    pub missing_targets: Answer<Vec<String>>,
    /// Targets of builds that the compiler does not know at all.
    pub unknown_targets: Vec<String>,
}

impl ToolFacts {
    pub(super) fn ask(project: &Project) -> Self {
        let env = project.cargo.env();
        let root = project.workspace.root();
        // In the workspace, since rustup chooses by folder.
        let rustc = Cmd::new(project.cargo.rustc(), root, env).arg("--version").output_within(PATIENCE);
        let lock = parse_toml(&root.join("Cargo.lock")).unwrap_or_default();
        let packages = project.workspace.metadata().workspace_packages().into_iter();
        let wanted = packages
            .filter_map(|package| Some((package.rust_version.clone()?, package.name.to_string())))
            .max_by(|a, b| a.0.cmp(&b.0));
        // Packages that could run in a browser bring it into every Cargo.lock.
        let for_browsers = project
            .slices
            .iter()
            .flat_map(|slice| slice.targets())
            .any(|target| target.starts_with("wasm32"));
        let (missing_targets, unknown_targets) = missing_targets(project);
        Self {
            rustc: rustc.map(|text| first_line(&text)).map_err(|error| error.to_string()),
            wanted_rustc: wanted.map(|(version, name)| (name, version.to_string())),
            locked_wasm_bindgen: locked_version(&lock, "wasm-bindgen")
                .filter(|_| for_browsers)
                .map(str::to_owned),
            wasm_bindgen: ask_program(env, "wasm-bindgen", &["--version"]).map(|text| first_line(&text)),
            is_leptos: project.slices.iter().any(|slice| slice.origin == Origin::Leptos),
            cargo_leptos: ask_program(env, "cargo-leptos", &["leptos", "--version"])
                .or_else(|_| ask_program(env, "cargo-leptos", &["--version"]))
                .map(|text| first_line(&text)),
            tailwind: Tailwind::find(&project.workspace).map(|tailwind| {
                let said = ask_program(env, "tailwindcss", &["--help"]);
                let line = said.map(|text| {
                    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned()
                });
                (tailwind.version, line)
            }),
            missing_targets,
            unknown_targets,
        }
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// Every target that builds of this workspace are for: of slices, of cargo's configuration in this shell, and of the
/// toolchain file.
pub(super) fn targets(project: &Project) -> Vec<String> {
    let of_slices = project.slices.iter().flat_map(|slice| slice.targets()).map(str::to_owned);
    let config = super::configuration::effective(project).ok();
    let configured = config.and_then(|config| config.build.target).into_iter().flatten();
    let configured = configured.filter(|target| target.spec_path().is_none());
    let configured = configured.map(|target| target.triple().to_owned());
    let mut targets: Vec<String> =
        of_slices.chain(configured).chain(toolchain_targets(&project.workspace)).collect();
    // cargo compiles the standard library of a target that a file specifies.
    targets.retain(|target| Utf8Path::new(target).extension() != Some("json"));
    targets.sort_unstable();
    targets.dedup();
    targets
}

fn toolchain_targets(workspace: &Workspace) -> Vec<String> {
    let document = workspace.toolchain_file().and_then(|file| parse_toml(file).ok());
    let list = document.as_ref().and_then(|document| document.get("toolchain")?.get("targets")?.as_array());
    list.into_iter().flatten().filter_map(toml_edit::Value::as_str).map(str::to_owned).collect()
}

/// Targets without a standard library, and those that the compiler does not know.
fn missing_targets(project: &Project) -> (Answer<Vec<String>>, Vec<String>) {
    // With it, cargo compiles the standard library.
    if tuning::get(project.workspace.config(), &["unstable", "build-std"]).is_some() {
        return (Ok(Vec::new()), Vec::new());
    }
    let root = project.workspace.root().as_std_path();
    let (mut missing, mut unknown) = (Vec::new(), Vec::new());
    for target in targets(project) {
        match project.cargo.has_target(root, &target) {
            Ok(true) => {}
            Ok(false) => missing.push(target),
            Err(Error::Failed { stderr, .. }) if stderr.contains(&target) => unknown.push(target),
            Err(error) => return (Err(error.to_string()), unknown),
        }
    }
    (Ok(missing), unknown)
}

/// The linker's own name. rustc is asked for the call it makes, by compiling an empty program; the linker is
/// then asked through the same compiler driver, with the words that choose it.
pub(super) fn linker(project: &Project) -> Answer<String> {
    let env = project.cargo.env();
    let said = |error: std::io::Error| error.to_string();
    let scratch = Scratch::new().map_err(|error| error.to_string())?;
    let (source, program) = (scratch.path().join("empty.rs"), scratch.path().join("empty"));
    fs_err::write(&source, "fn main() {}\n").map_err(said)?;
    let flags = super::configuration::host_flags(project)?;
    // In the workspace: rustup obeys what lies above the folder, and a temporary one is everybody's.
    let call = Cmd::new(project.cargo.rustc(), project.workspace.root(), env)
        .args(flags)
        .args(["--crate-name", "empty", "--print", "link-args", "-o"])
        .args([&program, &source])
        .output_within(3 * PATIENCE)
        .map_err(|error| format!("an empty program cannot be linked: {error}"))?;
    let (program, chosen) = driver(&call).ok_or("rustc shows no linker's call that can be read")?;
    if program.contains("lld") || program.contains("mold") {
        return Ok(program);
    }
    let program = env.find_program(&program).unwrap_or_else(|| program.into());
    let mut args: Vec<&str> = chosen.iter().map(String::as_str).collect();
    args.push("-Wl,--version");
    // Linkers for macOS know another word.
    let answer = ask(&program, env, &args).or_else(|_| ask(&program, env, &["-Wl,-v"]))?;
    Ok(first_line(&answer))
}

/// The program of a linker's call as rustc prints it, and the words that choose a linker.
fn driver(call: &str) -> Option<(String, Vec<String>)> {
    let line = call.lines().find(|line| line.contains('"'))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    // Variables come first, as NAME="value".
    let start = words.iter().position(|word| word.starts_with('"'))?;
    let mut rest = words[start..].iter().map(|word| word.trim_matches('"').to_owned());
    let program = rest.next()?;
    let mut chosen = Vec::new();
    while let Some(word) = rest.next() {
        if word.starts_with("-fuse-ld=") || word.starts_with("--ld-path") {
            chosen.push(word);
        } else if word == "-B" {
            chosen.extend([Some(word), rest.next()].into_iter().flatten());
        } else if word.starts_with("-B") {
            chosen.push(word);
        }
    }
    Some((program, chosen))
}

#[cfg(test)]
mod tests {
    use super::driver;

    #[test]
    fn the_words_that_choose_a_linker_are_found() {
        let call = r#"LC_ALL="C" PATH="/a:/b" VSLANG="1033" "cc" "-m64" "x.o" "-B/t/gcc-ld" "-fuse-ld=lld" "-o" "x""#;
        let (program, chosen) = driver(call).unwrap();
        assert_eq!(program, "cc");
        assert_eq!(chosen, ["-B/t/gcc-ld", "-fuse-ld=lld"]);
        assert_eq!(driver("nothing"), None);
    }
}
