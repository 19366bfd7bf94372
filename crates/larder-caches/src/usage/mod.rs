//! The size of every cache of a project, how much of it is of use now, and how to get room back.
//!
//! [`gather`] is the one entry. It looks only: nothing is built, fetched or removed. A cache that cannot be looked at
//! says why in its own row, and never stops the rest.

mod cache;
mod cargo_home;
mod docker;
mod folders;
mod html;
mod measure;
pub(crate) mod nix;
mod reusable;
mod row;
mod target;
mod treemap;

pub use html::page;

use larder::{
    Report, files::disk::Size, process::Environment, project::Project, side_by_side::joined, text::columns,
};

use cache::FoundCaches;
pub use cache::{Cache, CacheState, Scope};
pub use row::Usage;

/// Looks at every cache. The slow ones are looked at side by side.
pub fn gather(project: &Project, env: &Environment, report: &impl Report) -> Usage {
    report.step("Reading", &format!("caches of {}", project.workspace.root()));
    let locked = reusable::LockedPackages::read(project);
    let (targets, home, nix, docker, folders) = std::thread::scope(|scope| {
        let home = scope.spawn(|| reported(cargo_home::look(project, &locked), report));
        let nix = scope.spawn(|| reported(nix::look(project, env), report));
        let docker = scope.spawn(|| reported(docker::look(project, env), report));
        let folders = scope.spawn(|| reported(folders::look(project, env), report));
        let targets = reported(target::look(project, &locked), report);
        (targets, joined(home), joined(nix), joined(docker), joined(folders))
    });
    let mut usage = Usage { total: Size::default(), caches: Vec::new(), problems: Vec::new() };
    for found in [targets, folders, home, nix, docker] {
        usage.caches.extend(found.caches);
        usage.problems.extend(found.problems);
    }
    usage.total = usage.caches.iter().map(Cache::size).sum();
    usage
}

/// Says that a look is done: a large store on a cold disk takes its time.
fn reported(found: FoundCaches, report: &impl Report) -> FoundCaches {
    let size: Size = found.caches.iter().map(Cache::size).sum();
    let names: Vec<&str> = found.caches.iter().map(|cache| cache.name.as_str()).collect();
    report.step("Read", &format!("{}: {}", names.join(", "), columns::bytes(size.on_disk)));
    found
}
