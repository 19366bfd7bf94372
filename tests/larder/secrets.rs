//! No secret of a developer's machine is written into a manifest, a record or on a terminal.

use larder_tests::{Project, Surroundings, package};

/// Variables that are secret by their name or by their value, each with a text that is found nowhere else.
const SECRETS: [(&str, &str); 28] = [
    ("API_TOKEN", "canary-01"),
    ("MY_PASS", "canary-02"),
    ("PASSPHRASE", "canary-03"),
    ("DB_PASSWORD", "canary-04"),
    ("DATABASE_URL", "postgres://me:canary-05@db/x"),
    ("PROXY", "http://me:canary-06@proxy"),
    ("INDEX", "sparse+https://canary-07@registry/"),
    ("BASIC_AUTH", "canary-08"),
    ("AWS_CREDENTIALS", "canary-09"),
    ("SIGNING_KEY", "canary-10"),
    ("CI_A", "ghp_canary11canary11canary11canary11"),
    ("CI_B", "Bearer eyJcanary12canary12canary12canary12"),
    ("CI_C", "sk-canary13canary13canary13"),
    ("CI_D", "-----BEGIN PRIVATE KEY-----canary-14"),
    ("CI_E", "Server=x;Password=canary-15"),
    ("CI_F", "https://host/hook?token=canary-16"),
    ("CI_G", "me:canary-17@proxy:3128"),
    ("CI_H", "Password = canary-18"),
    ("MYSQL_PWD", "canary-19"),
    ("SMTP_PW", "canary-20"),
    ("GH_PAT", "canary-21"),
    ("WIFI_PSK", "canary-22"),
    ("CI_I", "{\"password\":\"canary-23\"}"),
    ("CI_J", "token: canary-24"),
    ("CI_K", "https://a.blob.core.windows.net/b?sv=1&sig=canary-25"),
    ("CI_L", "https://hooks.slack.com/services/T0/B0/canary-26"),
    ("CI_M", "postgres://me:canary-27/w@db"),
    ("CI_N", "Bearer canary-28"),
];

/// A build script that asks for them all, so that they are reasons.
const SCRIPT: &str = "fn main() {\n    for (name, _) in std::env::vars() {\n        \
    println!(\"cargo::rerun-if-env-changed={name}\");\n    }\n    \
    println!(\"cargo::rerun-if-env-changed=GREETING\");\n}\n";

fn project() -> Project {
    let project = Project::new(&[
        ("Cargo.toml", &package("app", "")),
        ("src/main.rs", "fn main() {}\n"),
        ("build.rs", SCRIPT),
    ]);
    project.larder(&["lock"]).ok();
    project
}

/// A driver that sets all of them.
fn driver(word: &str) -> String {
    let set = SECRETS.iter().map(|(name, value)| format!("{name}='{value}{word}' "));
    format!("{}GREETING=hello{word} cargo build --release", set.collect::<String>())
}

#[track_caller]
fn holds_none(text: &str) {
    let at = text.find("canary");
    assert!(at.is_none(), "{}", &text[at.unwrap_or_default()..]);
}

#[test]
fn observing_writes_none() {
    let project = project();
    let driver = driver("");
    for verb in [&["observe", "--"][..], &["observe", "--json", "--"], &["observe", "--write", "--"]] {
        let outcome = project.larder(&[verb, &["sh", "-c", &driver]].concat()).ok();
        assert!(outcome.stdout.contains("GREETING"), "{}", outcome.stdout);
        holds_none(&outcome.stdout);
        holds_none(&outcome.stderr);
    }
    holds_none(&project.read("Cargo.toml"));
    // A word that cannot be left out without changing the call is refused, and not repeated.
    for word in [
        "--config=http.proxy=\"http://me:canary@proxy\"",
        "--config=http.proxy=\"me:canary@proxy:3128\"",
        "--config=env.MY_PASS=\"canary\"",
        "--config=env.DB_PWD=\"canary\"",
    ] {
        let call = format!("cargo build --release '{word}'");
        let outcome = project.larder(&["observe", "--write", "--", "sh", "-c", &call]);
        assert_eq!(outcome.code, 1, "{word}");
        assert!(outcome.stderr.contains("holds what nobody else may see"), "{}", outcome.stderr);
        holds_none(&outcome.stderr);
        holds_none(&project.read("Cargo.toml"));
    }
}

/// Whatever its variables are called: no clone has them.
#[test]
fn an_ignored_configuration_has_its_variables_to_itself() {
    let project = project();
    project.write(".gitignore", "/target\n.cargo\n");
    project.git(&["init", "--quiet"]);
    project.git(&["add", "--all"]);
    let config = "[build]\nrustflags = [\"--cfg\", \"here\"]\n\n[env]\nPLAIN = \"canary\"\n";
    project.write(".cargo/config.toml", config);
    let ways = [("/target\n.cargo\n", false), ("/target\n", true), ("/target\n.cargo\n", false)];
    for (ignored, is_shared) in ways {
        project.write(".gitignore", ignored);
        assert_eq!(project.larder(&["lock", "--check"]).code, 3, "{ignored}");
        let outcome = project.larder(&["lock"]).ok();
        let warning = "`env.PLAIN` of cargo's configuration is in a file that git ignores";
        assert_eq!(outcome.stderr.contains(warning), !is_shared, "{}", outcome.stderr);
        let recipes: String = project.recipes().into_iter().map(|(_, text)| text).collect();
        assert!(recipes.contains("here"), "{recipes}");
        assert_eq!(recipes.contains("canary"), is_shared, "{recipes}");
        project.larder(&["lock", "--check"]).ok();
    }
}

#[test]
fn reasons_and_records_hold_none() {
    let project = project();
    let (first, second) = (driver("-1"), driver("-2"));
    let config = format!("{second} --config='env.DB_PASS=\"canary\"'");
    for script in [&first, &second, &config] {
        let outcome = project.larder(&["why", "--all", "--", "sh", "-c", script]).ok();
        holds_none(&outcome.stdout);
        holds_none(&outcome.stderr);
    }
    let told = project.larder(&["why", "--last", "--json"]).ok().stdout;
    holds_none(&told);
    project.larder(&["build", "--", "sh", "-c", &first]).ok();
    for record in fs_err::read_dir(project.path().join("target/larder")).unwrap() {
        let path = record.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let text = fs_err::read_to_string(&path).unwrap();
        holds_none(&text);
        let has_reasons = path.ends_with("last-build.json");
        assert!(!has_reasons || text.contains("(hidden)"), "the reasons are there: {text}");
    }
    let vars = SECRETS.map(|(name, value)| (name, value));
    let told = Surroundings::get().larder_with(project.path(), &["why", "--all"], &vars).ok();
    holds_none(&told.stdout);
}
