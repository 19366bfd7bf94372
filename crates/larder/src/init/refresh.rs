//! A workflow of GitHub Actions that locks the branches of bots again.
//!
//! It must never commit more than what `lock` writes, nor anything if that is nothing: a commit may start it again.

use super::{
    ci::yaml,
    files::{has_generated_dockerfile, new_file, repository},
    proposal::Proposal,
};
use crate::{docker, error::Result, git::Git, project::Project, workspace::RECIPES};

/// The workflow with `ADDRESS`, `FOLDER` and `PATHS` in the places of words of the project, and `CHECKOUT` and `RESTORE` in
/// those of actions.
const TEMPLATE: &str = include_str!("refresh.yml");

/// The inputs of the checkout.
const CREDENTIALS: &str = "          persist-credentials: false\n";

pub(super) fn propose(project: &Project, source: Option<&str>) -> Result<Proposal> {
    let git = repository(project);
    let top = git.as_ref().map_or(project.workspace.root(), |git| git.top.as_path());
    let folder = git.as_ref().map(|git| git.prefix().into_string()).unwrap_or_default();
    let paths = written_by_lock(project)?;
    if let Some(word) = paths.iter().chain([&folder]).find(|word| !is_plain(word)) {
        return Ok(Proposal::skipped(format!(
            "no workflow can name {word:?}: it may hold letters, digits and `-_./`"
        )));
    }
    let mut text = text(source, &folder, &paths);
    if git.as_ref().is_some_and(Git::has_submodules) {
        // Without them cargo finds no package that lies in one.
        text = text.replacen(CREDENTIALS, &format!("{CREDENTIALS}          submodules: recursive\n"), 1);
    }
    new_file(top.join(".github/workflows/larder-refresh.yml"), &text)
}

/// The files that `lock` writes, as the workspace sees them: generated ones follow the recipes.
fn written_by_lock(project: &Project) -> Result<Vec<String>> {
    let mut paths = vec![RECIPES.to_owned()];
    if has_generated_dockerfile(project)? {
        let context = project.settings.docker.context.as_ref().map_or("", |context| context.as_str());
        for name in docker::FILES {
            paths.push(if context.is_empty() { name.to_owned() } else { format!("{context}/{name}") });
        }
    }
    Ok(paths)
}

/// Whether a word means itself in YAML, in a pattern and in a shell; nothing is one.
fn is_plain(word: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    word.chars().all(is_inner) && !word.starts_with('-')
}

/// The whole file. `folder` is the workspace's in the repository, empty at the top.
fn text(source: Option<&str>, folder: &str, paths: &[String]) -> String {
    let address = yaml::address(source.map(|source| source.trim_start_matches("git+")));
    let folder = match folder {
        "" => String::new(),
        folder => format!("\ndefaults:\n  run:\n    working-directory: \"{folder}\"\n"),
    };
    TEMPLATE
        .replace(" || 'ADDRESS'", &address)
        .replace("CHECKOUT", yaml::CHECKOUT)
        .replace("RESTORE", &format!("actions/cache/restore@{}", yaml::CACHE))
        .replace("FOLDER", &folder)
        .replace("PATHS", &paths.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_project_are_in_their_places() {
        let plain = text(None, "", &["larder".into()]);
        assert!(plain.contains("LARDER_GIT: ${{ vars.LARDER_GIT }}\n\njobs:\n"), "{plain}");
        assert!(plain.contains("git add -- larder\n"), "{plain}");
        let below = text(Some("git+https://git.example/x"), "a/b", &["larder".into(), "Dockerfile".into()]);
        let folder =
            "'https://git.example/x' }}\n\ndefaults:\n  run:\n    working-directory: \"a/b\"\n\njobs:\n";
        assert!(below.contains(folder) && below.contains("git add -- larder Dockerfile\n"), "{below}");
        for text in [plain, below] {
            assert!(
                !["ADDRESS", "CHECKOUT", "FOLDER", "PATHS", "RESTORE"]
                    .iter()
                    .any(|place| text.contains(place)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_word_that_is_more_is_none() {
        assert!(is_plain("") && is_plain("apps/site_1/.dockerignore"));
        for word in ["a b", "-x", "a\"b", "$(x)", "ä", "a\nb", "${{ x }}"] {
            assert!(!is_plain(word), "{word}");
        }
    }
}
