//! The jobs of the workflow for GitHub.
//!
//! No job has a permission or a secret that its steps do not use, and none runs without an end.

use super::{
    parts::PipelineParts,
    script,
    yaml::{CacheAction, Job, ON_DEFAULT, PipelineStep},
};
use crate::process::quoted;

/// The folder of the programs that the workflow installs, as caches name it too.
const TOOLS: &str = "~/.larder-tools";
/// The file that carries units from run to run.
const UNITS: &str = "~/.larder-units";
/// Files that cargo would download again.
const DOWNLOADS: [&str; 3] = ["~/.cargo/registry/index", "~/.cargo/registry/cache", "~/.cargo/git/db"];
const NIX: &str = "cachix/install-nix-action@4e002c8ec80594ecd40e759629461e26c8abed15 # v31.9.0";

const READS: &str = "permissions:\n  contents: read # to check it out";

/// An environment of GitHub's says which branches get the secret. Pull requests have none, so that it refuses no run.
const TEAMS: &str =
    "environment: ${{ github.event_name == 'push' && github.ref_protected && 'larder-store' || '' }}";

/// All jobs, in the order in which one needs the other.
pub(super) fn all(parts: &PipelineParts) -> String {
    let mut text = recipes(parts) + &cook(parts);
    if let Some(context) = &parts.image {
        text += &image(parts, context);
        text += &image_of_default(parts, context);
    }
    if parts.has_flake {
        text += &nix(parts);
    }
    text + &deployment(parts)
}

/// The job that deploys. Of several deployments nobody knows which one a push is for.
fn deployment(parts: &PipelineParts) -> String {
    match parts.deployments.as_slice() {
        [] => String::new(),
        [_] => deploy(parts),
        several => format!(
            "\n  # No job deploys: there are several deployments ({}). Add one for each that a push is to reach, with\n  \
             # an environment of its own that has the key of its server: `cargo larder deploy NAME --locked`.\n",
            several.join(", ")
        ),
    }
}

fn keys(name: &str, minutes: u32, more: &[&str]) -> String {
    let head = format!("name: {name}\nruns-on: ubuntu-latest\ntimeout-minutes: {minutes}");
    [&[head.as_str()], more].concat().join("\n")
}

/// Checks what is committed. It saves the tools and the downloads for all.
fn recipes(parts: &PipelineParts) -> String {
    let mut job = Job::new("recipes", &keys("Recipes", 60, &[READS]));
    job.checkout(parts);
    toolchain(&mut job, parts);
    let tools = install(&mut job, parts);
    job.save(&tools);
    let downloads = downloads(parts);
    job.restore(&downloads);
    let [stale, check] = script::recipes_check_by_actor("GITHUB_HEAD_REF", "GITHUB_ACTOR");
    let stale = ["# A bot leaves recipes stale, which is slower, never wrong.", &stale, &check];
    job.step(&PipelineStep::new("Recipes are right", &stale));
    if parts.image.is_some() {
        job.step(&PipelineStep::new("Dockerfile is right", &[script::DOCKERFILE_CHECK]));
    }
    job.save(&downloads);
    job.text()
}

/// Cooks and builds each group of slices, tests and lints among them, in a job of its own.
fn cook(parts: &PipelineParts) -> String {
    let groups: Vec<&str> = parts.groups.iter().map(|group| group.slices.as_str()).collect();
    let matrix = format!(
        "needs: recipes\n# Stale recipes are slower, never wrong.\nif: ${{{{ !cancelled() }}}}\nstrategy:\n  \
         fail-fast: false\n  matrix:\n    # Each of these is cooked, then built, tested or linted.\n    slices: \
         [\"{}\"]",
        groups.join("\", \"")
    );
    let mut more = vec![matrix.as_str()];
    if parts.has_remote {
        more.push(TEAMS);
    }
    more.push(READS);
    more.push("env:\n  SLICES: ${{ matrix.slices }}");
    let mut job = Job::new("cook", &keys("${{ matrix.slices }}", 90, &more));
    job.checkout(parts);
    toolchain(&mut job, parts);
    install(&mut job, parts);
    if let Some(line) = script::packages(parts, "sudo ") {
        job.step(&PipelineStep::new("System packages", &[&line]));
    }
    job.restore(&downloads(parts));
    let cook = r#"cargo larder cook --locked --summary "$GITHUB_STEP_SUMMARY" $SLICES"#;
    if parts.has_remote {
        job.step(&PipelineStep::new("Cook", &[cook]));
        push(&mut job);
    } else {
        let start = "larder-v1-${{ steps.rust.outputs.id }}-${{ matrix.slices }}-";
        let units = CacheAction {
            id: "units",
            paths: &[UNITS],
            key: format!("{start}${{{{ hashFiles('{}') }}}}", parts.below("larder/larder.lock")),
            older: Some(start.to_owned()),
        };
        job.restore(&units);
        let import = format!("test ! -f {UNITS} || cargo larder store import {UNITS}");
        job.step(&PipelineStep::new("Units of earlier runs", &[&import]));
        job.step(&PipelineStep::new("Cook", &[cook]));
        job.comment("Those of these recipes, and no others: the cache does not grow.");
        let export = format!("cargo larder store export {UNITS}");
        let size = format!(r#"echo "Saved: $(du -h {UNITS} | cut -f1)" >> "$GITHUB_STEP_SUMMARY""#);
        job.step(
            &PipelineStep::new("Units for later runs", &[&export, &size]).only_if(Job::may_save(&units)),
        );
        job.save(&units);
    }
    let build = r#"cargo larder build --locked --summary "$GITHUB_STEP_SUMMARY" $SLICES"#;
    job.step(&PipelineStep::new("Build", &[build]));
    job.text()
}

/// Gives units to the team, if this run may: the secret is there for protected branches alone, if its environment on
/// GitHub says so.
fn push(job: &mut Job) {
    job.step(
        &PipelineStep::new("Units for the team", &[&script::if_key(script::PUSH)])
            .only_if("github.event_name == 'push' && github.ref_protected")
            .env("LARDER_STORE_KEY", "${{ secrets.LARDER_STORE_KEY }}"),
    );
}

/// The compiler, with an `id` of all that units depend on beside their recipe: platform, architecture, the image of
/// the runner and the compiler.
fn toolchain(job: &mut Job, parts: &PipelineParts) {
    let mut lines = script::toolchain(parts);
    let id = r#"echo "id=$RUNNER_OS-$RUNNER_ARCH-${ImageOS:-own}-$(rustc -vV | sha256sum | cut -c1-16)" >> "$GITHUB_OUTPUT""#;
    lines.push(id.into());
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    job.step(&PipelineStep::new("Toolchain", &lines).id("rust"));
}

/// Larder itself, and cargo-leptos if it is needed.
fn install(job: &mut Job, parts: &PipelineParts) -> CacheAction<'static> {
    let more = script::tools_key(parts);
    let tools = CacheAction {
        id: "tools",
        paths: &[TOOLS],
        key: format!("tools-v1-${{{{ steps.rust.outputs.id }}}}{more}"),
        older: None,
    };
    job.comment("Another number gets the tools anew.");
    job.restore(&tools);
    let mut lines = vec![
        r#": "${LARDER_GIT:?set this variable of the repository to the address of Larder}""#.to_owned(),
        "# Their sources are none of the project's downloads.".to_owned(),
        r#"export CARGO_HOME="$RUNNER_TEMP/tools""#.to_owned(),
        script::install_larder(parts, TOOLS, ""),
    ];
    if let Some(install) = script::install_leptos(parts, TOOLS, "") {
        lines.push("# Its own release profile takes several times as long.".into());
        lines.push(install);
    }
    lines.push(format!(r#"echo "{}/bin" >> "$GITHUB_PATH""#, script::TOOLS_AT_HOME));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    job.step(&PipelineStep::new("Tools", &lines));
    tools
}

/// Under the key of one `Cargo.lock`, and never filled up from that of another: it does not grow.
fn downloads(parts: &PipelineParts) -> CacheAction<'static> {
    let key = format!("larder-v1-downloads-${{{{ hashFiles('{}') }}}}", parts.below("Cargo.lock"));
    CacheAction { id: "downloads", paths: &DOWNLOADS, key, older: None }
}

const LOGIN: &str = r#"echo "$TOKEN" | docker login ghcr.io --username "$GITHUB_ACTOR" --password-stdin"#;
/// Names of images are in lower case.
const NAME: &str = r#"echo "CACHE=ghcr.io/${GITHUB_REPOSITORY,,}/larder-cache" >> "$GITHUB_ENV""#;
const BUILDER: &str = "docker buildx create --use";

fn registry(job: &mut Job) {
    job.step(
        &PipelineStep::new("Registry and builder", &[LOGIN, NAME, BUILDER])
            .env("TOKEN", "${{ github.token }}"),
    );
}

/// The image of a pull request, from the cache of the default branch.
fn image(parts: &PipelineParts, context: &str) -> String {
    let condition = format!("if: ${{{{ !{ON_DEFAULT} }}}}");
    let permissions =
        "permissions:\n  contents: read # to check it out\n  packages: read # the image's cache";
    let mut job = Job::new("image", &keys("Image", 90, &[&condition, permissions]));
    job.checkout(parts);
    registry(&mut job);
    let build = format!(r#"docker buildx build --cache-from "type=registry,ref=$CACHE" {}"#, quoted(context));
    job.step(&PipelineStep::new("Build", &[&build]));
    job.text()
}

/// The same on the default branch, which writes the cache: every stage, so that a cold builder finds them.
fn image_of_default(parts: &PipelineParts, context: &str) -> String {
    let condition = format!("if: ${{{{ {ON_DEFAULT} }}}}");
    let permissions =
        "permissions:\n  contents: read # to check it out\n  packages: write # the image's cache";
    let mut job = Job::new("image-of-default", &keys("Image", 90, &[&condition, permissions]));
    job.checkout(parts);
    registry(&mut job);
    let build = format!(
        r#"docker buildx build --cache-from "type=registry,ref=$CACHE" --cache-to "type=registry,ref=$CACHE,mode=max,compression=zstd" {}"#,
        quoted(context)
    );
    job.step(&PipelineStep::new("Build", &[&build]));
    job.text()
}

fn nix(parts: &PipelineParts) -> String {
    let mut job = Job::new("nix", &keys("Nix", 90, &[READS]));
    job.checkout(parts);
    job.action(NIX, &[]);
    job.step(&PipelineStep::new("Flake", &["nix flake check --print-build-logs"]));
    job.step(&PipelineStep::new("Package", &["nix build --print-build-logs"]));
    job.text()
}

/// Brings the image to its server, after everything else held on the default branch. Its secrets are those of the
/// environment, whose rules say who may release.
fn deploy(parts: &PipelineParts) -> String {
    let needs = if parts.image.is_some() {
        "needs: [recipes, cook, image-of-default]"
    } else {
        "needs: [recipes, cook]"
    };
    let condition =
        "if: github.event_name == 'push' && github.ref_name == github.event.repository.default_branch";
    let more = [
        needs,
        condition,
        "environment: production",
        "# A release under way is never ended by the next.\nconcurrency:\n  group: production",
        "permissions:\n  contents: read # to check it out\n  packages: read # the image's cache",
    ];
    let mut job = Job::new("deploy", &keys("Deployment", 60, &more));
    job.checkout(parts);
    toolchain(&mut job, parts);
    install(&mut job, parts);
    registry(&mut job);
    job.step(
        &PipelineStep::new(
            "Key of the server",
            &[
                "install -d -m 700 ~/.ssh",
                r#"printf '%s\n' "$KNOWN_HOSTS" >> ~/.ssh/known_hosts"#,
                "install -m 600 /dev/null ~/.ssh/id_ed25519",
                r#"printf '%s\n' "$KEY" > ~/.ssh/id_ed25519"#,
            ],
        )
        .env("KEY", "${{ secrets.LARDER_DEPLOY_KEY }}")
        .env("KNOWN_HOSTS", "${{ vars.LARDER_DEPLOY_HOSTS }}"),
    );
    job.comment("The release is built from what this fills the builder with.");
    job.step(&PipelineStep::new(
        "Image",
        &[r#"cargo larder docker --cache-from "type=registry,ref=$CACHE""#],
    ));
    job.step(&PipelineStep::new("Deploy", &["cargo larder deploy --locked"]));
    job.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(deployments: &[&str]) -> PipelineParts {
        PipelineParts {
            prefix: String::new(),
            groups: Vec::new(),
            default_branch: None,
            has_submodules: false,
            packages: Vec::new(),
            targets: Vec::new(),
            image: None,
            has_flake: false,
            deployments: deployments.iter().map(|name| (*name).to_owned()).collect(),
            has_remote: false,
            is_bucket: false,
            source: None,
        }
    }

    #[test]
    fn only_a_single_deployment_has_a_job() {
        assert!(all(&parts(&["web"])).contains("\n  deploy:\n"));
        let several = all(&parts(&["staging", "web"]));
        assert!(!several.contains("\n  deploy:\n"), "{several}");
        assert!(several.contains("several deployments (staging, web)"), "{several}");
        assert!(!all(&parts(&[])).contains("deploy"));
    }
}
