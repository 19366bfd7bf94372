//! The figures of `usage` on caches, held against `du` and the tools themselves, on built workspaces.

use std::path::Path;

use insta::assert_snapshot;
use larder_tests::{Outcome, Project, Surroundings, package, redact, redact_json, skip, write_program};
use serde_json::Value;

/// A built workspace of one program with one dependency, and homes of its own for what programs keep.
fn built(flags: &[&str]) -> Project {
    let manifest = package("shop", "[dependencies]\nitoa = \"=1.0.15\"\n");
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")]);
    let args = [flags, &["build", "--quiet"]].concat();
    Surroundings::get().run(Path::new("cargo"), project.path(), &args, &[("RUSTC_BOOTSTRAP", "1")]).ok();
    fs_err::create_dir_all(project.path().join("cargo-home/registry/src/index-1/itoa-1.0.15/src")).unwrap();
    project.write("cargo-home/registry/src/index-1/itoa-1.0.15/src/lib.rs", "// locked\n");
    project.write("cargo-home/registry/src/index-1/itoa-1.0.14/src/lib.rs", "// not locked\n");
    project.write("cargo-home/registry/cache/index-1/itoa-1.0.15.crate", "x");
    project
}

/// Runs `usage` with the homes of the project, and with nothing on `PATH` but cargo, rustc and what a test put into
/// the project's `bin`.
fn usage(project: &Project, words: &[&str], vars: &[(&str, &str)]) -> Outcome {
    let path = bin(project);
    let home = project.path().join("cargo-home").display().to_string();
    let cache = project.path().join("cache").display().to_string();
    let mut all = vec![("PATH", path.as_str()), ("CARGO_HOME", &home), ("XDG_CACHE_HOME", &cache)];
    all.extend(vars);
    Surroundings::get().larder_with(project.path(), &[&["usage"], words].concat(), &all).ok()
}

fn json(project: &Project) -> Value {
    serde_json::from_str(&usage(project, &["--json"], &[]).stdout).unwrap()
}

/// A row by the names that lead to it.
fn row<'a>(usage: &'a Value, names: &[&str]) -> &'a Value {
    let mut rows = &usage["caches"];
    let mut found = &Value::Null;
    for name in names {
        let list = rows.as_array().unwrap_or_else(|| panic!("{names:?}: nothing at {name}"));
        found = list.iter().find(|row| row["name"] == *name).unwrap_or(&Value::Null);
        rows = &found["parts"];
    }
    found
}

fn on_disk(usage: &Value, names: &[&str]) -> u64 {
    row(usage, names)["size"]["on-disk"].as_u64().unwrap_or_default()
}

fn du(folder: &Path, word: &str) -> u64 {
    let args = ["-s", "--block-size=1", word, &folder.display().to_string()].map(str::to_owned);
    let args: Vec<&str> = args.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
    let answer = Surroundings::get().run(Path::new("du"), Path::new("/"), &args, &[]).ok().stdout;
    answer.split_whitespace().next().unwrap().parse().unwrap()
}

#[track_caller]
fn assert_close(found: u64, expected: u64) {
    assert!(found.abs_diff(expected) * 100 <= expected, "{found} and {expected} differ by over 1 %");
}

#[test]
fn sizes_are_those_of_du_in_both_layouts() {
    for flags in [&[][..], &["-Zbuild-dir-new-layout"]] {
        let project = built(flags);
        // A second name, and a link to what is far larger than all the rest.
        let target = project.path().join("target");
        fs_err::hard_link(target.join("debug/shop"), target.join("debug/again")).unwrap();
        std::os::unix::fs::symlink("/usr", target.join("debug/link")).unwrap();
        let usage = json(&project);
        assert_close(on_disk(&usage, &["target"]), du(&target, ""));
        let apparent = row(&usage, &["target"])["size"]["apparent"].as_u64().unwrap();
        assert_close(apparent, du(&target, "--apparent-size"));
        let registry = project.path().join("cargo-home/registry");
        assert_close(on_disk(&usage, &["CARGO_HOME/registry"]), du(&registry, ""));
        // The program itself is a local unit; its plain name and the one made here take nothing.
        let local = on_disk(&usage, &["target", "debug", "local units"]);
        assert!(local > du(&target.join("debug/shop"), ""), "{usage:#}");
        let names = on_disk(&usage, &["target", "debug", "programs and libraries"]);
        assert!(names < 64 * 1024, "{usage:#}");
        let parts = row(&usage, &["target"])["parts"].as_array().unwrap();
        let sum: u64 = parts.iter().map(|part| part["size"]["on-disk"].as_u64().unwrap()).sum();
        assert_eq!(sum, on_disk(&usage, &["target"]));
    }
}

#[test]
fn what_is_mounted_takes_no_room() {
    const TEST: &str = "what_is_mounted_takes_no_room";
    let project = built(&[]);
    let before = on_disk(&json(&project), &["target"]);
    project.write("target/debug/mounted/file", "x");
    let home = project.path().join("cargo-home").display().to_string();
    let binary = Surroundings::get().binary().display().to_string();
    let script = "mount -t tmpfs none target/debug/mounted && head -c 9000000 /dev/zero > target/debug/mounted/file \
        && exec \"$0\" larder usage --json";
    let words = ["--user", "--map-root-user", "--mount", "sh", "-c", script, &binary];
    let vars = [("CARGO_HOME", home.as_str())];
    let outcome = Surroundings::get().run(Path::new("unshare"), project.path(), &words, &vars);
    if outcome.stderr.contains("unshare:") || outcome.stderr.contains("mount:") {
        return skip(TEST, &outcome.stderr);
    }
    let usage: Value = serde_json::from_str(&outcome.ok().stdout).unwrap();
    let after = on_disk(&usage, &["target"]);
    assert!(after.abs_diff(before) < 64 * 1024, "{before} and {after}");
}

#[test]
fn what_is_of_use_follows_the_lock_file_and_the_compiler() {
    let project = built(&[]);
    let before = json(&project);
    for share in ["external units", "local units"] {
        let row = row(&before, &["target", "debug", share]);
        assert!(
            row["reusable"].as_u64().unwrap() > 0 && row["reusable"] == row["size"]["on-disk"],
            "{row:#}"
        );
    }
    assert_eq!(*row(&before, &["target", "debug", "old toolchains"]), Value::Null);
    let sources = reusable_sources(&before);
    assert!(sources > 0 && sources < on_disk(&before, &["CARGO_HOME/registry", "src"]));

    // Another version is locked: what was built of this one is of no use, nor what was built with it.
    project.write("Cargo.lock", &project.read("Cargo.lock").replace("1.0.15", "1.0.14"));
    let bumped = json(&project);
    for share in ["external units", "local units"] {
        assert_eq!(row(&bumped, &["target", "debug", share])["reusable"], 0, "{bumped:#}");
    }
    assert!(reusable_sources(&bumped) > 0);

    // Another compiler built it.
    project.write("Cargo.lock", &project.read("Cargo.lock").replace("1.0.14", "1.0.15"));
    let folder = larder::target_dir::read(&project.path().join("target")).unwrap();
    let unit = folder.units.iter().find(|unit| unit.package == "itoa").unwrap();
    let record = format!("target/{}", unit.fingerprint_file.as_ref().unwrap().display());
    let rustc = unit.fingerprint.as_ref().unwrap().rustc.to_string();
    project.write(&record, &project.read(&record).replace(&rustc, "1"));
    let switched = json(&project);
    assert!(on_disk(&switched, &["target", "debug", "old toolchains"]) > 0);
    assert_eq!(row(&switched, &["target", "debug", "old toolchains"])["reusable"], 0);
    assert_eq!(row(&switched, &["target", "debug", "local units"])["reusable"], 0);
}

fn reusable_sources(usage: &Value) -> u64 {
    row(usage, &["CARGO_HOME/registry", "src"])["reusable"].as_u64().unwrap()
}

#[test]
fn what_is_missing_says_why() {
    let manifest = package("shop", "");
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")]);
    let outcome = usage(&project, &["--quiet"], &[]);
    assert_eq!(outcome.stderr, "");
    assert_snapshot!(redact(&outcome.stdout, project.path()), @"
    cache                on disk  apparent  of use  last used
    target                     -         -       -          -
    larder                     -         -       -          -
    sccache                    -         -       -          -
    CARGO_HOME/registry        -         -       -          -
    CARGO_HOME/git             -         -       -          -
    nix store                  -         -       -          -
    docker build cache         -         -       -          -
    docker images              -         -       -          -
    docker volumes             -         -       -          -
    together                 0 B       0 B

    target [ROOT]/target
      missing: nothing was built yet
    larder
      missing: there are no recipes; `cargo larder lock` writes them
    sccache
      missing: sccache has no folder here
    CARGO_HOME/registry [ROOT]/cargo-home/registry
      missing: nothing was fetched yet
    CARGO_HOME/git [ROOT]/cargo-home/git
      missing: nothing was fetched yet
    nix store
      missing: Nix is not installed: there is no `nix` on PATH
    docker build cache
      missing: Docker is not installed: there is no `docker` on PATH
    docker images
      missing: Docker is not installed: there is no `docker` on PATH
    docker volumes
      missing: Docker is not installed: there is no `docker` on PATH
    ");
}

#[test]
fn the_value_of_a_built_workspace() {
    let project = built(&[]);
    let mut value = json(&project);
    // One row that is there and one that is not, and of each level of parts the first, are enough to see the form.
    let caches = value["caches"].as_array_mut().unwrap();
    caches.retain(|cache| cache["name"] == "target" || cache["name"] == "nix store");
    caches.iter_mut().for_each(first_parts);
    assert_snapshot!(redact_json(&value.to_string(), project.path()), @r#"
    {
      "caches": [
        {
          "filled-by": "cargo build",
          "last-use": "[NUMBER]",
          "name": "target",
          "parts": [
            {
              "filled-by": "cargo build",
              "last-use": "[NUMBER]",
              "name": "debug",
              "parts": [
                {
                  "filled-by": "dependencies: cargo larder cook",
                  "last-use": "[NUMBER]",
                  "name": "external units",
                  "parts": [],
                  "path": null,
                  "reusable": "[NUMBER]",
                  "scope": "project",
                  "shrink": "cargo larder gc --only target",
                  "size": {
                    "apparent": "[NUMBER]",
                    "on-disk": "[NUMBER]"
                  },
                  "state": "present"
                }
              ],
              "path": "[ROOT]/target/debug",
              "reusable": "[NUMBER]",
              "scope": "project",
              "shrink": "cargo larder gc --only target",
              "size": {
                "apparent": "[NUMBER]",
                "on-disk": "[NUMBER]"
              },
              "state": "present"
            }
          ],
          "path": "[ROOT]/target",
          "reusable": "[NUMBER]",
          "scope": "project",
          "shrink": "cargo larder gc --only target",
          "size": {
            "apparent": "[NUMBER]",
            "on-disk": "[NUMBER]"
          },
          "state": "present"
        },
        {
          "filled-by": "nix build, nix develop and direnv",
          "last-use": null,
          "name": "nix store",
          "parts": [],
          "path": null,
          "reason": "Nix is not installed: there is no `nix` on PATH",
          "reusable": null,
          "scope": "machine",
          "shrink": "cargo larder gc --only nix",
          "state": "absent"
        }
      ],
      "problems": [],
      "root": "[ROOT]",
      "total": {
        "apparent": "[NUMBER]",
        "on-disk": "[NUMBER]"
      },
      "version": 1
    }
    "#);
}

fn first_parts(cache: &mut Value) {
    let parts = cache["parts"].as_array_mut().unwrap();
    parts.truncate(1);
    parts.iter_mut().for_each(first_parts);
}

#[test]
fn folders_that_are_told_apart_have_rows_of_their_own() {
    let project = built(&[]);
    let host = Surroundings::get().host();
    project.cargo(&["build", "--quiet", "--target-dir=target/front", "--target", &host]);
    project.cargo(&["doc", "--quiet", "--no-deps"]);
    project.write("target/site/pkg/shop.wasm", "x");
    let usage = json(&project);
    let target = project.path().join("target");
    for path in ["front", "site", "doc"] {
        assert_close(on_disk(&usage, &["target", path]), du(&target.join(path), ""));
    }
    let platform = format!("{host}/debug");
    let folder = target.join("front").join(&platform);
    assert_close(on_disk(&usage, &["target", "front", &platform]), du(&folder, ""));
    assert!(on_disk(&usage, &["target", "front", &platform, "external units"]) > 0);
}

#[test]
fn a_build_folder_of_its_own_is_a_row_of_its_own() {
    const TEST: &str = "a_build_folder_of_its_own_is_a_row_of_its_own";
    let project = built(&[]);
    project.write(".cargo/config.toml", "[build]\nbuild-dir = \"made\"\n");
    fs_err::remove_dir_all(project.path().join("target")).unwrap();
    project.cargo(&["build", "--quiet"]);
    if !project.path().join("made").is_dir() {
        return skip(TEST, "this cargo is older than 1.91, and has no `build.build-dir`");
    }
    let usage = json(&project);
    for folder in ["target", "made"] {
        assert_close(on_disk(&usage, &[folder]), du(&project.path().join(folder), ""));
    }
    assert!(on_disk(&usage, &["made", "debug", "external units"]) > 0, "{usage:#}");
    assert_eq!(*row(&usage, &["target", "debug", "external units"]), Value::Null, "{usage:#}");
}

/// Puts a program into the project's `bin`.
fn program(project: &Project, name: &str, script: &str) {
    write_program(project.path().join("bin").join(name), format!("#!/bin/sh\n{script}\n"));
}

#[test]
fn docker_is_told_apart_by_project() {
    let project = built(&[]);
    project.write("target/larder/docker-images.json", r#"{"version":1,"images":["sha256:aa"]}"#);
    let name = project.path().file_name().unwrap().to_string_lossy().to_lowercase();
    let script = format!(
        r#"case "$*" in
*--verbose*) cat <<'END'
{{"Images":[{{"ID":"sha256:aa","Size":"1.5GB","CreatedSince":"3 hours ago"}},{{"ID":"sha256:bb","Size":"2GB","CreatedSince":"2 days ago"}}],
"Volumes":[{{"Name":"v","Labels":"com.docker.compose.project={name}","Size":"10MB"}},{{"Name":"w","Labels":"","Size":"5MB"}}],
"BuildCache":[{{"ID":"x","Size":"4GB","LastUsedSince":"2 hours ago"}},{{"ID":"y","Size":"1GB","LastUsedSince":""}}],"Containers":null}}
END
;;
*) cat <<'END'
{{"Active":"1","Reclaimable":"0B (0%)","Size":"3.2GB","TotalCount":"2","Type":"Images"}}
{{"Active":"0","Reclaimable":"0B","Size":"0B","TotalCount":"0","Type":"Containers"}}
{{"Active":"1","Reclaimable":"5MB (33%)","Size":"15MB","TotalCount":"2","Type":"Local Volumes"}}
{{"Active":"0","Reclaimable":"5GB","Size":"5GB","TotalCount":"2","Type":"Build Cache"}}
END
;;
esac"#
    );
    program(&project, "docker", &script);
    let path = format!("{}:/bin", bin(&project));
    let usage = usage(&project, &["--json"], &[("PATH", &path)]).stdout;
    let usage: Value = serde_json::from_str(&usage).unwrap();
    assert_eq!(on_disk(&usage, &["docker build cache"]), 5_000_000_000);
    assert_eq!(on_disk(&usage, &["docker images"]), 3_200_000_000);
    assert_eq!(on_disk(&usage, &["docker images", "this project's"]), 1_500_000_000);
    assert_eq!(on_disk(&usage, &["docker volumes", "this project's"]), 10_000_000);
    assert_eq!(on_disk(&usage, &["docker volumes", "all others"]), 5_000_000);
    assert!(row(&usage, &["docker build cache"])["last-use"].as_u64().is_some());
}

/// The project's folder of programs, with links to the real cargo and rustc.
fn bin(project: &Project) -> String {
    let bin = project.path().join("bin");
    fs_err::create_dir_all(&bin).unwrap();
    for name in ["cargo", "rustc"] {
        let program = Surroundings::get().env().find_program(name).unwrap();
        let link = bin.join(name);
        if !link.exists() {
            std::os::unix::fs::symlink(program, link).unwrap();
        }
    }
    bin.display().to_string()
}

#[test]
fn an_engine_that_does_not_answer_is_named() {
    let project = built(&[]);
    program(&project, "docker", "echo 'Cannot connect to the Docker daemon at unix:///x.' >&2; exit 1");
    let usage = json(&project);
    assert_snapshot!(row(&usage, &["docker images"])["reason"].as_str().unwrap(), @"`docker system df --format '{{json .}}'`: Cannot connect to the Docker daemon at unix:///x.");
}

#[test]
fn the_nix_store_is_told_apart_by_roots() {
    let project = built(&[]);
    let paths = ["aa-app", "bb-lib", "cc-dead", "dd-other"];
    for path in paths {
        project.write(&format!("store/{path}/file"), "text");
    }
    let store = project.path().join("store").display().to_string();
    let result = project.path().join("result");
    std::os::unix::fs::symlink(project.path().join("store/aa-app"), &result).unwrap();
    fs_err::create_dir_all(project.path().join("state/gcroots/auto")).unwrap();
    std::os::unix::fs::symlink(&result, project.path().join("state/gcroots/auto/1")).unwrap();
    let lib = format!("\"{store}/bb-lib\"");
    let infos = [("aa-app", 100, lib.as_str()), ("bb-lib", 20, ""), ("cc-dead", 3, ""), ("dd-other", 4, "")]
        .map(|(name, size, references)| {
            format!(r#""{store}/{name}":{{"narSize":{size},"references":[{references}]}}"#)
        });
    program(&project, "nix", &format!("echo '{{{}}}'", infos.join(",")));
    program(&project, "nix-store", &format!("echo {store}/cc-dead"));
    let state = project.path().join("state").display().to_string();
    let outcome = usage(&project, &["--json"], &[("NIX_STORE_DIR", &store), ("NIX_STATE_DIR", &state)]);
    let usage: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let apparent = |name| row(&usage, &["nix store", name])["size"]["apparent"].as_u64().unwrap();
    assert_eq!(["this project's roots", "dead", "other roots"].map(apparent), [120, 3, 4]);
    assert_eq!(on_disk(&usage, &["nix store"]), du(&project.path().join("store"), ""));
    assert!(row(&usage, &["nix store", "this project's roots"])["reusable"].as_u64().unwrap() > 0);
    assert_eq!(row(&usage, &["nix store", "dead"])["reusable"], 0);
}

#[test]
fn a_real_nix_store_is_as_large_as_nix_says() {
    const TEST: &str = "a_real_nix_store_is_as_large_as_nix_says";
    let surroundings = Surroundings::get();
    if surroundings.env().find_program("nix").is_none() || !Path::new("/nix/store").is_dir() {
        return skip(TEST, "there is no Nix store on this machine");
    }
    let words = ["--extra-experimental-features", "nix-command", "path-info", "--all", "--json"];
    let answer = surroundings.run(Path::new("nix"), Path::new("/"), &words, &[]);
    if answer.code != 0 {
        return skip(TEST, &answer.stderr);
    }
    let value: Value = serde_json::from_str(&answer.stdout).unwrap();
    let infos: Vec<&Value> = match &value {
        Value::Array(list) => list.iter().collect(),
        other => other.get("info").unwrap_or(other).as_object().unwrap().values().collect(),
    };
    let expected: u64 = infos.iter().filter_map(|info| info["narSize"].as_u64()).sum();
    let project = built(&[]);
    let home = project.path().join("cargo-home").display().to_string();
    let outcome =
        surroundings.larder_with(project.path(), &["usage", "--json"], &[("CARGO_HOME", &home)]).ok();
    let usage: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let parts = ["this project's roots", "dead", "other roots"];
    let found = parts.map(|part| row(&usage, &["nix store", part])["size"]["apparent"].as_u64().unwrap());
    assert_close(found.iter().sum(), expected);
    assert_close(on_disk(&usage, &["nix store"]), du(Path::new("/nix/store"), ""));
}

#[test]
fn the_page_needs_nothing_but_itself() {
    let project = built(&[]);
    project.write("target/debug/<b>&.txt", "x");
    let outcome = usage(&project, &["--html", "usage.html", "--json"], &[]);
    // A long look says where it is: at the start, and whenever one kind of cache is done.
    for step in
        ["Reading caches of ", "Read target: ", "Read CARGO_HOME/registry, ", "Read nix store: ", "Wrote "]
    {
        assert!(outcome.stderr.contains(step), "{step}: {}", outcome.stderr);
    }
    let page = project.read("usage.html");
    assert!(page.contains("<svg class=\"map\"") && page.contains("external units"), "{page}");
    for outside in ["http", "src=", "href=", "url(", "@import", "<script", "<b>"] {
        assert!(!page.contains(outside), "{outside} in {page}");
    }
    let usage: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let rows = page.matches("<tr").count() - 1;
    assert_eq!(rows, count(&usage["caches"]), "every cache and every part has a row");
}

/// The page as a browser reads it: every row in its table with all cells, every rectangle in its drawing.
#[test]
fn a_browser_reads_the_page_as_it_was_meant() {
    const TEST: &str = "a_browser_reads_the_page_as_it_was_meant";
    let surroundings = Surroundings::get();
    let Some(browser) = ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .find_map(|name| surroundings.env().find_program(name))
    else {
        return skip(TEST, "there is no Chromium on PATH");
    };
    let project = built(&[]);
    project.write("target/debug/<b>&.txt", "x");
    usage(&project, &["--html", "usage.html"], &[]);
    let profile = format!("--user-data-dir={}", project.path().join("browser").display());
    let page = format!("file://{}/usage.html", project.path().display());
    let quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
    let words = [&quiet[..], &[&profile, "--dump-dom", &page]].concat();
    let seen = surroundings.run(&browser, project.path(), &words, &[]).ok().stdout;
    let written = project.read("usage.html");
    let (drawing, table) = seen.split_once("</svg>\n<table>").expect("the drawing ends before the table");
    let rows = written.matches("<tr").count();
    assert_eq!((table.matches("<tr").count(), table.matches("</tr>").count()), (rows, rows), "{seen}");
    assert_eq!(table.matches("</td>").count(), 7 * (rows - 1), "{seen}");
    assert!(written.contains("<rect"), "{written}");
    assert_eq!(drawing.matches("</rect>").count(), written.matches("<rect").count(), "{seen}");
    assert_eq!(drawing.matches("<g>").count(), drawing.matches("</g>").count(), "{seen}");
}

fn count(caches: &Value) -> usize {
    caches.as_array().unwrap().iter().map(|cache| 1 + count(&cache["parts"])).sum()
}
