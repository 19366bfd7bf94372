//! Docker. Without it there is nothing to check; nor is there if no Dockerfile needs it.

use super::{super::facts::Buildx, install::install};
use crate::doctor::{
    facts::Facts,
    finding::{Finding, Verdict},
    version::Version,
};

fn as_used(facts: &Facts, finding: Finding) -> Finding {
    match finding.verdict {
        Verdict::Problem | Verdict::Warning if !facts.uses_docker => {
            Finding::skipped(format!("no generated Dockerfile here needs it; {}", finding.reason))
        }
        _ => finding,
    }
}

pub(super) fn client(facts: &Facts) -> Finding {
    let docker = match &facts.docker {
        Ok(docker) => docker,
        Err(reason) => return Finding::skipped(reason),
    };
    let plugin = install(facts, "docker-buildx", "docker-buildx");
    let finding = match &docker.client {
        _ if docker.switched_off => {
            Finding::problem("DOCKER_BUILDKIT=0 switches BuildKit off in this shell", "unset DOCKER_BUILDKIT")
        }
        Ok(Buildx::Plugin(version)) => Finding::ok(format!("buildx plugin {version}")),
        Ok(Buildx::BuiltIn) => Finding::warning(
            "by what old clients have built in, without buildx: caches cannot be written to other machines",
            plugin,
        ),
        Err(reason) => Finding::problem(reason, plugin),
    };
    as_used(facts, finding)
}

pub(super) fn engine(facts: &Facts) -> Finding {
    let docker = match &facts.docker {
        Ok(docker) => docker,
        Err(reason) => return Finding::skipped(reason),
    };
    match &docker.engine {
        Ok(version) => Finding::ok(format!("it is {version}")),
        Err(reason) => {
            let start = match facts.installer.as_deref() {
                Some("brew") => "open -a Docker",
                _ => "sudo systemctl start docker",
            };
            as_used(facts, Finding::problem(format!("it does not answer: {reason}"), start))
        }
    }
}

/// Before it, a build could delete or read files of the host (CVE-2024-23651, CVE-2024-23652, CVE-2024-23653).
const BUILDKIT: Version = Version(0, 12, 5);
/// Before it, a hostile front end could write outside of its place (GHSA-4c29-8rgm-jvjj).
const BUILDKIT_FRONT_ENDS: Version = Version(0, 28, 1);
/// The engines with the first of these, since engines have a BuildKit of their own.
const ENGINES: [Version; 2] = [Version(24, 0, 9), Version(25, 0, 2)];

pub(super) fn buildkit(facts: &Facts) -> Finding {
    let docker = match &facts.docker {
        Ok(docker) => docker,
        Err(reason) => return Finding::skipped(reason),
    };
    let said = match &docker.buildkit {
        Ok(said) => said,
        Err(reason) => return Finding::skipped(reason),
    };
    let Some(version) = Version::find(said) else {
        return Finding::skipped(format!("`{said}` is no version that can be read"));
    };
    let update = match facts.installer.as_deref() {
        Some("apt-get") => "sudo apt-get update && sudo apt-get install --only-upgrade docker.io docker-ce",
        _ => "docker buildx create --use --driver docker-container",
    };
    let is_engine = version.0 >= 17;
    let unsafe_engine =
        is_engine && !ENGINES.iter().any(|fixed| version.0 == fixed.0 && version >= *fixed) && version.0 < 26;
    let finding = if unsafe_engine || (!is_engine && version < BUILDKIT) {
        let what = if is_engine { "the engine" } else { "BuildKit" };
        Finding::problem(
            format!(
                "{what} {version} lets a build delete or read files of the host (CVE-2024-23651 to 23653), unless the distribution has mended it"
            ),
            update,
        )
    } else if !is_engine && version < BUILDKIT_FRONT_ENDS {
        Finding::warning(
            format!(
                "BuildKit {version} lets a hostile front end write outside (GHSA-4c29-8rgm-jvjj); generated Dockerfiles name none"
            ),
            update,
        )
    } else {
        Finding::ok(format!("it is {version}"))
    };
    as_used(facts, finding)
}
