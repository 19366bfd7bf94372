//! Whether this process may write to a team's remote by itself: whether a CI system says that it builds a push to a
//! protected branch.
//!
//! It keeps mistakes out and nobody else: who can set variables can claim anything. The boundaries are who has the key,
//! and who the server lets write.

use larder::process::Environment;

/// A CI system: how it is known, and what a trusted build looks like in it.
struct CiSystem {
    name: &'static str,
    /// A variable that it sets, and no other one does.
    mark: &'static str,
    trusted: fn(&Environment) -> Result<(), &'static str>,
}

const SILENT: &str = "does not say whether the branch is protected";

/// Those that pass for others come before these.
const SYSTEMS: &[CiSystem] = &[
    CiSystem { name: "Forgejo Actions", mark: "FORGEJO_ACTIONS", trusted: |_| Err(SILENT) },
    CiSystem { name: "Gitea Actions", mark: "GITEA_ACTIONS", trusted: |_| Err(SILENT) },
    CiSystem { name: "GitHub Actions", mark: "GITHUB_ACTIONS", trusted: github },
    CiSystem { name: "GitLab CI", mark: "GITLAB_CI", trusted: gitlab },
    CiSystem { name: "Buildkite", mark: "BUILDKITE", trusted: buildkite },
    CiSystem { name: "CircleCI", mark: "CIRCLECI", trusted: |_| Err(SILENT) },
    CiSystem { name: "Azure Pipelines", mark: "TF_BUILD", trusted: |_| Err(SILENT) },
    CiSystem { name: "Bitbucket Pipelines", mark: "BITBUCKET_BUILD_NUMBER", trusted: |_| Err(SILENT) },
    CiSystem { name: "Travis CI", mark: "TRAVIS", trusted: |_| Err(SILENT) },
    CiSystem { name: "Jenkins", mark: "JENKINS_URL", trusted: |_| Err(SILENT) },
    CiSystem { name: "TeamCity", mark: "TEAMCITY_VERSION", trusted: |_| Err(SILENT) },
    CiSystem { name: "Woodpecker CI", mark: "CI_PIPELINE_FORGE_URL", trusted: |_| Err(SILENT) },
    CiSystem { name: "Drone", mark: "DRONE", trusted: |_| Err(SILENT) },
    CiSystem { name: "AppVeyor", mark: "APPVEYOR", trusted: |_| Err(SILENT) },
    CiSystem { name: "Cirrus CI", mark: "CIRRUS_CI", trusted: |_| Err(SILENT) },
];

fn is(env: &Environment, name: &str, values: &[&str]) -> bool {
    env.get_str(name).is_some_and(|value| values.contains(&value))
}

/// Of the events that run on a protected branch, those that outsiders cannot cause with code of theirs:
/// `pull_request_target` runs on one, too.
fn github(env: &Environment) -> Result<(), &'static str> {
    if !is(env, "GITHUB_EVENT_NAME", &["push", "schedule", "workflow_dispatch"]) {
        return Err("does not build a push");
    }
    if !is(env, "GITHUB_REF_TYPE", &["branch"]) || !is(env, "GITHUB_REF_PROTECTED", &["true"]) {
        return Err("does not build a protected branch");
    }
    Ok(())
}

fn gitlab(env: &Environment) -> Result<(), &'static str> {
    if !is(env, "CI_PIPELINE_SOURCE", &["push", "schedule", "web"]) {
        return Err("does not build a push");
    }
    if env.get_str("CI_COMMIT_BRANCH").is_none() || !is(env, "CI_COMMIT_REF_PROTECTED", &["true"]) {
        return Err("does not build a protected branch");
    }
    Ok(())
}

/// It knows no protection, but the default branch, and whether there is a pull request.
fn buildkite(env: &Environment) -> Result<(), &'static str> {
    if !is(env, "BUILDKITE_PULL_REQUEST", &["false"]) {
        return Err("builds a pull request");
    }
    let [branch, default] =
        ["BUILDKITE_BRANCH", "BUILDKITE_PIPELINE_DEFAULT_BRANCH"].map(|name| env.get_str(name));
    if branch.is_none() || branch != default {
        return Err("does not build the default branch");
    }
    Ok(())
}

/// Whether results of this process may be given to others without being asked for explicitly.
///
/// # Errors
/// Why not.
pub fn may_write(env: &Environment) -> Result<(), String> {
    let is_set = |name: &str| env.get_str(name).is_some_and(|value| !value.is_empty() && value != "false");
    match SYSTEMS.iter().find(|system| is_set(system.mark)) {
        Some(system) => (system.trusted)(env).map_err(|reason| format!("{} {reason}", system.name)),
        None => Err("this is no CI system that Larder knows".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushes_to_protected_branches_are_trusted_and_nothing_else() {
        const GITHUB: &str = "GITHUB_ACTIONS=true GITHUB_REF_TYPE=branch GITHUB_REF_PROTECTED=true";
        const GITLAB: &str = "GITLAB_CI=true CI_COMMIT_BRANCH=main CI_COMMIT_REF_PROTECTED=true";
        const BUILDKITE: &str = "BUILDKITE=true BUILDKITE_PIPELINE_DEFAULT_BRANCH=main";
        let cases = [
            ("", "", Err("this is no CI system that Larder knows")),
            ("", "CI=true", Err("this is no CI system that Larder knows")),
            (GITHUB, "GITHUB_EVENT_NAME=push", Ok(())),
            (GITHUB, "GITHUB_EVENT_NAME=schedule", Ok(())),
            (GITHUB, "GITHUB_EVENT_NAME=pull_request", Err("GitHub Actions does not build a push")),
            (GITHUB, "GITHUB_EVENT_NAME=pull_request_target", Err("GitHub Actions does not build a push")),
            (GITHUB, "GITHUB_EVENT_NAME=issue_comment", Err("GitHub Actions does not build a push")),
            (GITHUB, "", Err("GitHub Actions does not build a push")),
            (
                GITHUB,
                "GITHUB_EVENT_NAME=push GITHUB_REF_PROTECTED=false",
                Err("GitHub Actions does not build a protected branch"),
            ),
            (
                GITHUB,
                "GITHUB_EVENT_NAME=push GITHUB_REF_TYPE=tag",
                Err("GitHub Actions does not build a protected branch"),
            ),
            (
                GITHUB,
                "GITHUB_EVENT_NAME=push GITEA_ACTIONS=true",
                Err("Gitea Actions does not say whether the branch is protected"),
            ),
            (GITLAB, "CI_PIPELINE_SOURCE=push", Ok(())),
            (GITLAB, "CI_PIPELINE_SOURCE=merge_request_event", Err("GitLab CI does not build a push")),
            (
                GITLAB,
                "CI_PIPELINE_SOURCE=push CI_COMMIT_REF_PROTECTED=false",
                Err("GitLab CI does not build a protected branch"),
            ),
            (BUILDKITE, "BUILDKITE_BRANCH=main BUILDKITE_PULL_REQUEST=false", Ok(())),
            (
                BUILDKITE,
                "BUILDKITE_BRANCH=main BUILDKITE_PULL_REQUEST=7",
                Err("Buildkite builds a pull request"),
            ),
            (
                BUILDKITE,
                "BUILDKITE_BRANCH=topic BUILDKITE_PULL_REQUEST=false",
                Err("Buildkite does not build the default branch"),
            ),
            (
                "CIRCLECI=true",
                "CIRCLE_BRANCH=main",
                Err("CircleCI does not say whether the branch is protected"),
            ),
            ("TF_BUILD=True", "", Err("Azure Pipelines does not say whether the branch is protected")),
            ("TRAVIS=true", "", Err("Travis CI does not say whether the branch is protected")),
            ("JENKINS_URL=http://ci", "", Err("Jenkins does not say whether the branch is protected")),
            ("DRONE=true", "", Err("Drone does not say whether the branch is protected")),
        ];
        for (system, more, expected) in cases {
            let words = system.split(' ').chain(more.split(' '));
            let env = Environment::new(words.filter_map(|word| word.split_once('=')));
            assert_eq!(may_write(&env), expected.map_err(str::to_owned), "{system} {more}");
        }
    }

    #[test]
    fn every_system_is_told_by_a_mark_of_its_own() {
        for system in SYSTEMS {
            let error = may_write(&Environment::new([(system.mark, "true")])).unwrap_err();
            assert!(error.starts_with(system.name), "{error}");
        }
    }
}
