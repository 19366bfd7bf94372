//! The halves of a Leptos project in stages of their own, each with the members that it is made of: an edit of what
//! only the server is made of compiles no WASM, and the other way round.
//!
//! cargo wants to see every member of a workspace. A half therefore gets the manifests of the others, and an empty
//! file for each target of theirs. Nothing is ever compiled from one, since a half names its package, and a stage
//! must hand on nothing but what its own half builds. If any of this is in doubt there are no halves, and the
//! application is built in one piece.

use cargo_metadata::{
    Package,
    camino::{Utf8Path, Utf8PathBuf},
};

use super::{
    absent::{AbsentMember, at, paths_below},
    image::Image,
    member_steps::{self, MemberSteps},
    path_packages::has_path_patch,
    recipes::Recipes,
    sources::{folder_below, sources},
};
use crate::{
    cargo::command_line::option_values,
    error::Result,
    project::Project,
    slice::{Origin, Slice},
    workspace::{RECIPES, Workspace},
};

/// One half.
#[derive(Debug, Clone)]
pub(super) struct Half {
    /// The slice that it is.
    pub(super) slice: String,
    /// Its build.
    pub(super) command: &'static str,
    /// Files that it reads, relative to the root.
    pub(super) files: Vec<Utf8PathBuf>,
    /// Folders that it reads, relative to the root.
    pub(super) folders: Vec<Utf8PathBuf>,
    /// The members that it is not made of, as far as they lie in none of these folders.
    pub(super) absent: Vec<AbsentMember>,
    /// The steps that build members before the half's own build.
    pub(super) steps: Option<MemberSteps>,
}

/// The calls of cargo-leptos that build each half alone, by the name of its slice if there is one project.
const COMMANDS: [(&str, &str); 2] = [
    ("front", "cargo leptos build --release --frontend-only"),
    ("server", "cargo leptos build --release --server-only"),
];

/// The halves of what the slices build, the front one first; none if it is built in one piece.
pub(super) fn plan(
    project: &Project,
    recipes: Recipes,
    image: &Image,
    slices: &[&Slice],
) -> Result<Vec<Half>> {
    if !come_apart(project, slices) {
        return Ok(Vec::new());
    }
    let mut halves = Vec::new();
    for (name, command) in COMMANDS {
        let slice = slices.iter().find(|slice| slice.name == name && slice.origin == Origin::Leptos);
        let Some((slice, members)) =
            slice.and_then(|slice| Some((slice, members(&project.workspace, slice)?)))
        else {
            return Ok(Vec::new());
        };
        halves.push(half(project, recipes, image, slice, command, &members)?);
    }
    // If both are made of everything, one stage with both builds is quicker than two.
    let differ = halves.iter().any(|half| !half.absent.is_empty());
    Ok(if differ { halves } else { Vec::new() })
}

/// Whether the slices are one front and one server that share nothing while they build.
fn come_apart(project: &Project, slices: &[&Slice]) -> bool {
    let [one, other] = slices else { return false };
    let workspace = &project.workspace;
    // The server reads the names of hashed files, which the front's build gives them.
    let hashed =
        slices.iter().any(|slice| slice.env.get("LEPTOS_HASH_FILES").is_some_and(|set| set == "true"));
    // A patch can lead from anywhere to a member.
    let patched = has_path_patch(workspace.manifest());
    // A pattern, or what is only written by a step of the build, has no place of its own to be copied to.
    let plain =
        project.settings.docker.include.iter().all(|path| workspace.shared_files().has(Utf8Path::new(path)));
    one.target_dir != other.target_dir && !workspace.configures_build_dir() && !hashed && !patched && plain
}

/// The members that a slice is made of; `None` if a path leads out of the workspace, or none is named.
fn members<'a>(workspace: &'a Workspace, slice: &Slice) -> Option<Vec<&'a Package>> {
    let all = workspace.metadata().workspace_packages();
    let named = option_values(&slice.args, "--package");
    let mut found: Vec<&Package> =
        all.iter().copied().filter(|package| named.contains(&package.name.as_str())).collect();
    let mut done = 0;
    while done < found.len() {
        for path in paths_below(found[done]) {
            let member = at(&all, path)?;
            if !found.iter().any(|known| known.id == member.id) {
                found.push(member);
            }
        }
        done += 1;
    }
    (!found.is_empty()).then_some(found)
}

fn half(
    project: &Project,
    recipes: Recipes,
    image: &Image,
    slice: &Slice,
    command: &'static str,
    members: &[&Package],
) -> Result<Half> {
    let all = sources(project, recipes, members)?;
    let mut sources = all.inside;
    // The stage below has cooked them, and nothing else of the build reads them.
    sources.remove(Utf8Path::new(RECIPES));
    // These are there since then.
    sources.retain(|path| !all.configured.cooking.iter().any(|pointed| pointed.place.in_image() == *path));
    let root = project.workspace.root();
    let mut absent = Vec::new();
    for package in project.workspace.metadata().workspace_packages() {
        let is_member = members.iter().any(|member| member.id == package.id);
        let Some(folder) = folder_below(package, root).filter(|_| !is_member) else { continue };
        if !sources.iter().any(|source| folder.starts_with(source)) {
            absent.push(AbsentMember::new(&project.workspace, package, folder)?);
        }
    }
    let (folders, files): (Vec<_>, Vec<_>) = sources.into_iter().partition(|path| root.join(path).is_dir());
    let steps = member_steps::plan(project, image, slice, members, &folders)?;
    Ok(Half { slice: slice.name.to_string(), command, files, folders, absent, steps })
}
