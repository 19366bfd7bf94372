//! Hostile values in every place from which text gets into generated files: the files are read as those read them that
//! they are for, and have to be what a harmless value makes of them, or Larder refuses the value with one clear error.
//!
//! A sample runs in every test run, all pairs with `LARDER_TEST_FULL=1`. The figures are printed.

use std::{collections::BTreeMap, path::Path};

use larder_tests::{
    Outcome, Project, Surroundings, dockerfile,
    hostile::{CANARY, Sandbox, values},
    recipes::{self, RECIPES},
};

use crate::hostile_places::{Place, docker, leptos, slices, workspaces};

/// The parts of generated files that a value must leave as they are.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    /// Each instruction with its flags, its number of words, and the programs that it calls.
    dockerfile: Vec<String>,
    /// The lines of `.dockerignore` that let nothing in, and the number of those that do.
    ignore: Vec<String>,
    /// The kinds of the table's lines.
    table: Vec<String>,
    /// The files of recipes, with the number of values in each.
    recipes: BTreeMap<String, usize>,
}

/// How often what was tried came out how.
#[derive(Debug, Default)]
struct Figures {
    tried: usize,
    refused: usize,
    generated: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

#[test]
fn settings_of_an_image() {
    attack("settings of an image", &docker());
}

#[test]
fn slices_and_configuration() {
    attack("slices and configuration", &slices());
}

#[test]
fn members_targets_and_versions() {
    attack("members, targets and versions", &workspaces());
}

#[test]
fn leptos_metadata() {
    attack("Leptos metadata", &leptos());
}

/// In a short run each place has a share of the values, and all values have their turn.
const SHARE: usize = 24;

pub(crate) fn is_chosen(place: usize, value: usize, share: usize) -> bool {
    larder_tests::is_full() || (place + value).is_multiple_of(share)
}

fn attack(what: &str, places: &[Place]) {
    let (sandbox, values) = (Sandbox::new(), values());
    let mut figures = Figures::default();
    for (at, place) in places.iter().enumerate() {
        let expected = generate(&sandbox, place, place.harmless);
        let expected = expected.unwrap_or_else(|said| panic!("{}, harmless: {said}", place.name));
        for (_, value) in values.iter().enumerate().filter(|(index, _)| is_chosen(at, *index, SHARE)) {
            // A pattern for everything is what its own setting is for.
            let is_meant = place.name == "docker include" && value == "*";
            if place.takes(value) && !is_meant {
                figures.count(&sandbox, place, value, &expected);
            }
        }
    }
    println!(
        "{what}: {} values in {} places; {} refused, generated {:?}, {} wrong",
        figures.tried,
        places.len(),
        figures.refused,
        figures.generated,
        figures.wrong.len()
    );
    assert!(figures.wrong.is_empty(), "{}", figures.wrong.join("\n\n"));
}

/// A value for a report, which a long one would fill.
pub(crate) fn short(value: &str) -> String {
    format!("{:?}", value.chars().take(80).collect::<String>())
}

impl Figures {
    fn count(&mut self, sandbox: &Sandbox, place: &Place, value: &str, expected: &Shape) {
        self.tried += 1;
        let found = match generate(sandbox, place, value) {
            Ok(found) => found,
            Err(said) => {
                self.wrong.push(format!("{} {}: {said}", place.name, short(value)));
                return;
            }
        };
        self.refused += usize::from(found.dockerfile.is_empty());
        let texts = [
            ("Dockerfile", &found.dockerfile, &expected.dockerfile),
            (".dockerignore", &found.ignore, &expected.ignore),
            ("larder.lock", &found.table, &expected.table),
        ];
        let mut differences: Vec<(&str, String)> = Vec::new();
        for (file, these, those) in texts {
            *self.generated.entry(file).or_default() += usize::from(!these.is_empty());
            if !these.is_empty() && these != those {
                let why = format!("{:?} instead of {:?}", only_in(these, those), only_in(those, these));
                differences.push((file, why));
            }
        }
        let file = "recipes by awk";
        *self.generated.entry(file).or_default() += usize::from(!found.table.is_empty());
        if !found.table.is_empty() && found.recipes != expected.recipes {
            differences.push((file, format!("{:?} instead of {:?}", found.recipes, expected.recipes)));
        }
        let told =
            differences.iter().map(|(file, why)| format!("{} {}: {file}: {why}", place.name, short(value)));
        self.wrong.extend(told);
    }
}

fn only_in<'a>(these: &'a [String], those: &[String]) -> Vec<&'a String> {
    these.iter().filter(|one| !those.contains(one)).collect()
}

/// Everything that is generated for a value, as far as it is not refused.
fn generate(sandbox: &Sandbox, place: &Place, value: &str) -> Result<Shape, String> {
    let files = (place.files)(value);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let project = Project::without_lock(&files);
    let mut shape = Shape::default();
    if is_refused(&project.larder(&["lock", "--offline"]))? {
        return harmless_is_taken(place, value, shape);
    }
    shape.table = lines(&project.read("larder/larder.lock"));
    shape.recipes = expanded(sandbox, &project, value)?;
    if is_refused(&project.larder(&["dockerfile", "--offline"]))? {
        if project.path().join("Dockerfile").exists() {
            return Err("refused, but there is a Dockerfile".into());
        }
        return harmless_is_taken(place, value, shape);
    }
    let folder = if place.name == "context" { project.path().join(value) } else { project.path().to_owned() };
    for instruction in dockerfile::read(&read_text(&folder.join("Dockerfile"))?)? {
        shape.dockerfile.extend(told(sandbox, &instruction, value)?);
    }
    shape.dockerfile.sort();
    shape.ignore = allowed(&read_text(&folder.join(".dockerignore"))?);
    Ok(shape)
}

fn read_text(path: &Path) -> Result<String, String> {
    fs_err::read_to_string(path).map_err(|error| error.to_string())
}

fn harmless_is_taken(place: &Place, value: &str, shape: Shape) -> Result<Shape, String> {
    if value == place.harmless { Err("a harmless value is refused".into()) } else { Ok(shape) }
}

/// Whether a run ended with one clear error.
pub(crate) fn is_refused(outcome: &Outcome) -> Result<bool, String> {
    // The output of cargo may have tabs in it.
    if outcome.stderr.contains(|c: char| c.is_control() && !"\n\t".contains(c)) {
        return Err(format!("raw control characters are printed: {:?}", outcome.stderr));
    }
    let errors = outcome.stderr.lines().filter(|line| line.starts_with("error: ")).count();
    match (outcome.code, errors) {
        (0, _) => Ok(false),
        (1, 1..) => Ok(true),
        _ => Err(format!("no clear error: {outcome:?}")),
    }
}

fn told(
    sandbox: &Sandbox,
    instruction: &dockerfile::Instruction,
    value: &str,
) -> Result<Vec<String>, String> {
    // Names are in the flags of COPY.
    let is_name = value.len() > 2 && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let neutral = |text: &str| if is_name { text.replace(value, "V") } else { text.to_owned() };
    let flags = neutral(&instruction.flags.join(" "));
    let head = format!("{} {flags}", instruction.keyword);
    Ok(match instruction.keyword.as_str() {
        "RUN" => sandbox.calls(&instruction.rest)?.iter().map(|call| format!("{head}: {call}")).collect(),
        "COPY" | "ENTRYPOINT" => vec![format!("{head}: {} words", instruction.words()?)],
        // The last word of HEALTHCHECK's flags is a command in JSON.
        "HEALTHCHECK" => {
            let words = instruction.rest.strip_prefix("CMD ").ok_or("a health check without CMD")?;
            let words: Vec<String> = serde_json::from_str(words).map_err(|error| error.to_string())?;
            vec![format!("{head}: {} words", words.len())]
        }
        "ENV" => vec![format!("{head}: {}", variable(&instruction.rest)?)],
        "FROM" | "ARG" | "USER" | "EXPOSE" | "VOLUME" => {
            vec![format!("{head}: {}", instruction.rest.split(' ').count())]
        }
        _ => vec![head],
    })
}

/// The names of the variables of an ENV, whose values are one word each, in quotation marks or plain.
fn variable(rest: &str) -> Result<String, String> {
    let (name, value) = rest.split_once('=').ok_or_else(|| no_variable(rest))?;
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let Some(inner) = inner else { return Ok(rest.split(' ').count().to_string()) };
    let mut escaped = false;
    for c in inner.chars() {
        match (escaped, c) {
            (false, '"' | '$') => return Err(no_variable(rest)),
            (false, '\\') => escaped = true,
            _ => escaped = false,
        }
    }
    if escaped { Err(no_variable(rest)) } else { Ok(format!("a value, named {}", name.is_ascii())) }
}

fn no_variable(text: &str) -> String {
    format!("no variable: {text}")
}

/// The lines that let nothing in, and the number of those that let something in.
fn allowed(text: &str) -> Vec<String> {
    let (open, mut closed): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('!'));
    closed.retain(|line| !line.starts_with('#'));
    let mut all: Vec<String> = closed.iter().map(|line| (*line).to_owned()).collect();
    all.push(format!("{} open", open.len()));
    all.extend(
        open.iter().filter(|line| ["!", "!*", "!**", "!."].contains(line)).map(|line| (*line).to_owned()),
    );
    all.sort();
    all
}

/// The first words of all lines, sorted: a value must not make a line of its own.
fn lines(table: &str) -> Vec<String> {
    let mut all: Vec<String> =
        table.lines().map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect();
    all.sort();
    all
}

/// The files that awk makes of the table, which have to be those that Larder makes of it: the number of values in each
/// file.
fn expanded(sandbox: &Sandbox, project: &Project, value: &str) -> Result<BTreeMap<String, usize>, String> {
    let folder = tempfile::tempdir().unwrap();
    let own = sandbox.programs().join(CANARY);
    fs_err::copy(own, folder.path().join(CANARY)).unwrap();
    let path = Surroundings::get().env().get_str("PATH").unwrap_or_default();
    let path = format!("{path}:{}", folder.path().display());
    let log = folder.path().join("log");
    let [program, table] = ["expand.awk", "larder.lock"].map(|name| project.path().join("larder").join(name));
    let [program, table, log_text] = [&program, &table, &log].map(|path| path.display().to_string());
    let vars = [("PATH", path.as_str()), ("SANDBOX_LOG", &log_text)];
    let outcome = Surroundings::get().run(Path::new("awk"), folder.path(), &["-f", &program, &table], &vars);
    if outcome.code != 0 || log.exists() {
        return Err(format!("awk: {outcome:?}, canary: {}", log.exists()));
    }
    let found = recipes::files(&folder.path().join(RECIPES));
    let expected = recipes::by_larder(project.path()).map_err(|error| error.to_string())?;
    if found != expected {
        return Err(format!("awk makes {found:?} and Larder {expected:?}"));
    }
    found.iter().map(|(path, text)| counted(path, text, value)).collect()
}

/// The path of a recipe's file, with `V` in the place of the value, and the number of values in its text.
fn counted(path: &str, text: &str, value: &str) -> Result<(String, usize), String> {
    let document: toml_edit::DocumentMut = match Path::new(path).extension() {
        Some(end) if end == "toml" => text.parse().map_err(|error| format!("{path}: {error}"))?,
        _ => toml_edit::DocumentMut::new(),
    };
    let parts: Vec<&str> = path.split('/').map(|part| if part == value { "V" } else { part }).collect();
    Ok((parts.join("/"), leaves(document.as_item())))
}

fn leaves(item: &toml_edit::Item) -> usize {
    if let Some(table) = item.as_table_like() {
        return table.iter().map(|(_, item)| leaves(item)).sum();
    }
    item.as_array().map_or(1, toml_edit::Array::len)
}
