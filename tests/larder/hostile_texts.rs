//! Hostile values in what Nix makes of slices, and in the workflow of `init`: shell lines are run with programs that
//! only say that they were called, and YAML is read.

use std::{fmt::Write as _, path::Path};

use larder_tests::{
    Project, Surroundings,
    hostile::{Sandbox, more_values},
    nix::evaluate,
    package,
};
use serde_json::{Value, json};
use yaml_rust2::{Yaml, YamlLoader};

use crate::{
    hostile::{is_chosen, is_refused, short},
    hostile_places::toml,
};

/// The exports that `nix/lib` makes of variables: each in a slice of its own, `null` if the name is refused.
fn exports(variables: &[(String, String)]) -> Option<Vec<Value>> {
    let folder = tempfile::tempdir().unwrap();
    let list: Vec<Value> =
        variables.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    let path = folder.path().join("variables.json");
    fs_err::write(&path, Value::from(list).to_string()).unwrap();
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let expression = format!(
        "let lib = import {}; f = import {} {{ inherit lib; }};
         one = v: let all = f {{ env = {{ ${{v.name}} = v.value; }}; }};
             found = builtins.tryEval all; in if found.success then found.value else null;
         in map one (builtins.fromJSON (builtins.readFile {}))",
        top.join("nix/nixpkgs/lib.nix").display(),
        top.join("../nix/lib/absoluteEnvironment.nix").display(),
        path.display()
    );
    let outcome = evaluate("exports of Nix", &expression)?.ok();
    Some(serde_json::from_str(&outcome.stdout).unwrap())
}

#[test]
fn nix_exports_names_and_values() {
    // Nix has no text with that character.
    let values: Vec<String> = more_values().into_iter().filter(|value| !value.contains('\0')).collect();
    let variables: Vec<(String, String)> = values
        .iter()
        .flat_map(|value| {
            [
                ("CARGO_A".to_owned(), value.clone()),
                ("A".to_owned(), format!("<target>{value}")),
                (format!("CARGO_{value}"), "x".to_owned()),
            ]
        })
        .collect();
    let Some(lines) = exports(&variables) else { return };
    let sandbox = Sandbox::new();
    let (mut refused, mut wrong) = (0, Vec::new());
    for ((name, value), lines) in variables.iter().zip(&lines) {
        let Some(text) = lines.as_str() else {
            refused += 1;
            continue;
        };
        match sandbox.calls(&format!("{text}\ncargo\n")) {
            Ok(calls) if calls == ["cargo 0"] => {}
            said => wrong.push(format!("{} {}: {said:?}", short(name), short(value))),
        }
        let shown = Surroundings::get().run(
            Path::new("/bin/sh"),
            Path::new("/"),
            &["-c", &format!("{text}printf '%s' \"${name}\"")],
            &[("PWD", "/")],
        );
        let meant = value.replace("<target>", "//target");
        if shown.stdout != meant {
            wrong.push(format!("{} {} is {}", short(name), short(value), short(&shown.stdout)));
        }
    }
    println!("exports of Nix: {} variables, {refused} refused, {} wrong", variables.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(variables.len() >= 200 && refused >= 60, "{refused} of {}", variables.len());
}

/// The shape of a workflow: keys and the number of entries, expressions, and what its scripts call.
fn shape(sandbox: &Sandbox, text: &str) -> Result<Vec<String>, String> {
    let documents = YamlLoader::load_from_str(text).map_err(|error| error.to_string())?;
    let [document] = &documents[..] else { return Err(format!("{} documents", documents.len())) };
    let mut shape = Vec::new();
    walk(document, "", sandbox, &mut shape)?;
    let expressions = text.split("${{").skip(1).map(|rest| rest.split("}}").next().unwrap_or_default());
    for expression in expressions {
        // A text of GitHub's ends at an apostrophe that stands alone.
        let parts = expression.replace("''", "").split('\'').count();
        let outside: String = expression.split('\'').step_by(2).collect();
        let _ = write!(shape.last_mut().unwrap(), " {parts} {outside}");
    }
    Ok(shape)
}

/// Lists of lines that a shell runs, as GitLab and Buildkite have them.
const SCRIPTS: [&str; 3] = ["before_script", "script", "commands"];

fn walk(node: &Yaml, path: &str, sandbox: &Sandbox, shape: &mut Vec<String>) -> Result<(), String> {
    let key = path.rsplit_once('.').map_or("", |(_, key)| key);
    match node {
        Yaml::Array(lines) if SCRIPTS.contains(&key) => {
            let lines: Option<Vec<&str>> = lines.iter().map(Yaml::as_str).collect();
            let script = lines.ok_or("a line that is no text")?.join("\n").replace("$$", "$");
            let mut calls = sandbox.calls(&script)?;
            calls.sort();
            shape.push(format!("{path}: {calls:?}"));
            Ok(())
        }
        Yaml::Array(items) => {
            items.iter().try_for_each(|item| walk(item, &format!("{path}[]"), sandbox, shape))
        }
        Yaml::Hash(table) => table.iter().try_for_each(|(key, value)| {
            let key = key.as_str().ok_or("a key that is no text")?;
            walk(value, &format!("{path}.{key}"), sandbox, shape)
        }),
        Yaml::String(script) if key == "run" => {
            // GitHub puts values in their places before a shell sees it.
            if script.contains("${{") {
                return Err(format!("an expression in a script: {script}"));
            }
            // The programs of a pipe come in any order.
            let mut calls = sandbox.calls(script)?;
            calls.sort();
            shape.push(format!("{path}: {calls:?}"));
            Ok(())
        }
        Yaml::String(text) => {
            shape.push(format!("{path}: {} lines", text.lines().count()));
            Ok(())
        }
        _ => {
            shape.push(path.to_owned());
            Ok(())
        }
    }
}

/// The pipelines that `init` writes.
const PIPELINES: [&str; 4] = [
    ".github/workflows/larder.yml",
    ".gitlab-ci.yml",
    ".forgejo/workflows/larder.yml",
    ".buildkite/larder.yml",
];

/// The pipelines for a workspace in a folder, with a target directory and a target; `None` if none is written.
fn workflow([folder, directory, target]: [&str; 3]) -> Result<Option<Vec<String>>, String> {
    let args = toml(&format!("--target={target}"));
    let slice = format!(
        "\n[package.metadata.larder.slices.release]\nvariant = \"release\"\nargs = [\"build\", \"--release\", {args}]\n"
    );
    let project = Project::without_lock(&[
        (&format!("{folder}/Cargo.toml"), &package("app", &slice)),
        (&format!("{folder}/src/main.rs"), "fn main() {}\n"),
        (
            &format!("{folder}/Cargo.lock"),
            "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n",
        ),
        (&format!("{folder}/.cargo/config.toml"), &format!("build.target-dir = {}\n", toml(directory))),
    ]);
    Surroundings::get().run(Path::new("git"), project.path(), &["init", "--quiet"], &[]).ok();
    let root = project.path().join(folder);
    let words = ["init", "--yes", "--only", "ci,gitlab,forgejo,buildkite", "--offline"];
    let outcome = Surroundings::get().larder(&root, &words);
    let paths = PIPELINES.map(|path| project.path().join(path));
    if is_refused(&outcome)? || !paths[0].exists() {
        return Ok(None);
    }
    let texts = paths.iter().map(fs_err::read_to_string).collect::<Result<_, _>>();
    texts.map(Some).map_err(|error| error.to_string())
}

/// Words that a workflow takes.
const HARMLESS: [&str; 3] = ["site", "out", "x86_64-unknown-linux-gnu"];
/// In a short run each word has a share of the values.
const SHARE: usize = 8;

#[test]
fn workflows() {
    let sandbox = Sandbox::new();
    let plain = workflow(HARMLESS).unwrap().expect("it is written");
    let expected = shapes(&sandbox, &plain).unwrap();
    let (mut tried, mut refused, mut wrong) = (0, 0, Vec::new());
    for (index, value) in more_values().iter().enumerate() {
        let is_folder = !value.contains('\0')
            && !value.contains("..")
            && !value.starts_with('/')
            && value.split('/').all(|name| name.len() < 200);
        for at in 0..HARMLESS.len() {
            if (at == 0 && !is_folder) || !is_chosen(at, index, SHARE) {
                continue;
            }
            tried += 1;
            let mut words = HARMLESS;
            words[at] = value;
            match workflow(words) {
                Ok(None) => refused += 1,
                Ok(Some(texts)) => match shapes(&sandbox, &texts) {
                    Ok(found) if found == expected => {}
                    said => wrong.push(format!("{at} {}: {said:?}\n{}", short(value), texts.concat())),
                },
                Err(said) => wrong.push(format!("{at} {}: {said}", short(value))),
            }
        }
    }
    println!("workflows: {tried} values, {refused} refused, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn shapes(sandbox: &Sandbox, texts: &[String]) -> Result<Vec<Vec<String>>, String> {
    texts.iter().map(|text| shape(sandbox, text)).collect()
}
