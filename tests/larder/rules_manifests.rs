//! Rules for the forms that TOML has for one meaning: headers, dotted keys and tables in one line.

use larder_tests::{GitRepository, Project, Surroundings, package};

const RELEASE: &[&str] = &["build", "--release"];
const MAIN: &str = "fn main() {}\n";

fn program(manifest: &str) -> Project {
    Project::new(&[("Cargo.toml", manifest), ("src/main.rs", MAIN)])
}

/// A recipe's manifest without the spelling of its tables: keys with their values, as cargo understands them.
fn meaning(recipe: &str) -> toml_edit::DocumentMut {
    recipe.parse().expect("a recipe is TOML")
}

/// The texts of a table that says `profile.release`: what stands at the top of a file belongs to no table before it.
#[test]
fn profiles_in_every_form() {
    let profiles = [
        "profile.release.lto = \"thin\"\nprofile.release.package.itoa.opt-level = 1\n\
         profile.release.package.app.opt-level = 2\n",
        "profile = { release = { lto = \"thin\", package = { itoa = { opt-level = 1 }, app = { opt-level = 2 } } } }\n",
        "profile.release = { lto = \"thin\", package.itoa.opt-level = 1, package.app.opt-level = 2 }\n",
        "[profile]\nrelease.lto = \"thin\"\nrelease.package.itoa = { opt-level = 1 }\n\
         release.package.app.opt-level = 2\n",
        "[profile.release]\nlto = \"thin\"\npackage.itoa.opt-level = 1\npackage.app.opt-level = 2\n",
        "[profile.release]\nlto = \"thin\"\n[profile.release.package]\nitoa.opt-level = 1\napp = { opt-level = 2 }\n",
    ];
    for profile in profiles {
        let project =
            program(&format!("{profile}{}", package("app", "\n[dependencies]\nitoa = \"=1.0.15\"\n")));
        let counts = project.assert_exact(RELEASE);
        assert_eq!(counts.fresh, 1, "{profile}");
        let recipe = meaning(&project.recipe("release/0/Cargo.toml"));
        let release = &recipe["profile"]["release"];
        assert_eq!(release["lto"].as_str(), Some("thin"), "{profile}\n{recipe}");
        assert_eq!(release["package"]["itoa"]["opt-level"].as_integer(), Some(1), "{profile}\n{recipe}");
        assert!(release["package"].get("app").is_none(), "{profile}\n{recipe}");
        let dependencies = recipe["dependencies"].as_table_like().expect("there are pins");
        assert_eq!(dependencies.len(), 1, "{profile}\n{recipe}");
    }
}

/// A whole manifest without a header, and one whose tables are all in one line.
#[test]
fn manifests_without_headers() {
    let dotted = "package.name = \"app\"\npackage.version = \"0.1.0\"\npackage.edition = \"2021\"\n\
        workspace.resolver = \"1\"\ndependencies.itoa = \"=1.0.15\"\nprofile.release.opt-level = 1\n\
        workspace.metadata.larder.max-layers = 2\n\
        workspace.metadata.larder.slices.own.args = [\"build\", \"--release\"]\n";
    let inline = "package = { name = \"app\", version = \"0.1.0\", edition = \"2021\" }\n\
        dependencies = { itoa = \"=1.0.15\" }\nprofile = { release = { opt-level = 1 } }\n\
        workspace = { resolver = \"1\", metadata = { larder = { slices = { own = { \
        args = [\"build\", \"--release\"] } } } } }\n";
    for manifest in [dotted, inline] {
        let project = program(manifest);
        assert_eq!(project.assert_exact(RELEASE).fresh, 1, "{manifest}");
        let recipe = meaning(&project.recipe("own/0/Cargo.toml"));
        assert_eq!(recipe["workspace"]["resolver"].as_str(), Some("1"), "{manifest}");
        assert_eq!(recipe["profile"]["release"]["opt-level"].as_integer(), Some(1), "{manifest}");
    }
}

#[test]
fn patches_in_every_form() {
    let repository = GitRepository::new(&[
        ("Cargo.toml", &package("itoa", "").replace("0.1.0", "1.0.99")),
        ("src/lib.rs", ""),
    ]);
    let url = repository.url();
    for patch in [
        format!("patch.crates-io.itoa.git = {url:?}\npatch.crates-io.itoa.branch = \"main\"\n"),
        format!("patch = {{ crates-io = {{ itoa = {{ git = {url:?}, branch = \"main\" }} }} }}\n"),
        format!("[patch]\ncrates-io.itoa = {{ git = {url:?}, branch = \"main\" }}\n"),
    ] {
        let project = program(&format!("{patch}{}", package("app", "\n[dependencies]\nitoa = \"1\"\n")));
        assert_eq!(project.assert_exact(RELEASE).fresh, 1, "{patch}");
        let recipe = meaning(&project.recipe("release/0/Cargo.toml"));
        assert_eq!(
            recipe["dependencies"].as_table_like().map(toml_edit::TableLike::len),
            Some(1),
            "{recipe}"
        );
    }
}

/// cargo reads its own configuration in the same forms, and so do backends that cook without the source.
#[test]
fn configuration_in_every_form() {
    let configurations = [
        "build.rustflags = [\"--cfg\", \"mine\"]\nenv.MINE = \"1\"\nregistry.default = \"crates-io\"\n\
         profile.release.opt-level = 1\n",
        "build = { rustflags = [\"--cfg\", \"mine\"] }\nenv = { MINE = \"1\" }\n\
         registry = { default = \"crates-io\" }\nprofile = { release = { opt-level = 1 } }\n",
        "profile.release.opt-level = 1\n[build]\nrustflags = [\"--cfg\", \"mine\"]\n[env]\nMINE = \"1\"\n",
    ];
    for configuration in configurations {
        let project = program(&package("app", "\n[dependencies]\nitoa = \"=1.0.15\"\n"));
        project.write(".cargo/config.toml", configuration);
        assert_eq!(project.assert_exact(RELEASE).fresh, 1, "{configuration}");
        let shared = meaning(&project.recipe("config.toml"));
        assert_eq!(shared["build"]["rustflags"].as_array().map(toml_edit::Array::len), Some(2), "{shared}");
        assert_eq!(shared["env"]["MINE"].as_str(), Some("1"), "{shared}");
        assert_eq!(shared["profile"]["release"]["opt-level"].as_integer(), Some(1), "{shared}");
        assert!(shared.get("registry").is_none(), "{shared}");
    }
}

/// Slices are written down in the form that the tables around them have, and no comment is lost.
#[test]
fn observed_slices_fit_every_form() {
    let dotted = "package.name = \"app\" # mine\npackage.version = \"0.1.0\"\npackage.edition = \"2021\"\n\
        workspace.resolver = \"2\" # and mine\n";
    let inline = "package = { name = \"app\", version = \"0.1.0\", edition = \"2021\" } # mine\n\
        workspace = { resolver = \"2\", metadata = { larder = { find = false } } } # and mine\n";
    for manifest in [dotted, inline] {
        let project = program(manifest);
        project.larder(&["observe", "--write", "--", "cargo", "check"]).ok();
        let text = project.read("Cargo.toml");
        assert!(text.contains(" # mine\n") && text.contains(" # and mine\n"), "{text}");
        let plan = Surroundings::get().larder(project.path(), &["plan", "--json"]).ok().stdout;
        assert!(plan.contains("\"check-dev\""), "{text}\n{plan}");
    }
}
