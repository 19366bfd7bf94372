//! Tells what looks like a secret, by its name or by its value: it is written to no file of the project's, into no
//! record and on no terminal.
//!
//! One place decides for all. In doubt it is one: a variable that is left out costs somebody a line in a manifest, a
//! password that is committed costs more. It must never keep what it looks at.

/// In place of a value that nobody else may see.
pub const HIDDEN: &str = "(hidden)";

/// Whether a variable or setting with this value is one that nobody else may see.
pub fn is_secret(name: &str, value: &str) -> bool {
    is_named(name) || is_address(name) || is_held_by(value)
}

/// Whether something is named like a secret.
pub fn is_named(name: &str) -> bool {
    const ANYWHERE: [&str; 7] =
        ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "PRIVATE"];
    let upper = name.to_ascii_uppercase();
    ANYWHERE.iter().any(|part| upper.contains(part)) || words(&upper).any(is_secret_word)
}

fn is_secret_word(word: &str) -> bool {
    const ENDS: [&str; 6] = ["PASS", "KEY", "KEYS", "AUTH", "COOKIE", "JWT"];
    ENDS.iter().any(|end| word.ends_with(end)) || word.starts_with("AUTHENT") || word.starts_with("AUTHORIZ")
}

/// Whether something is named like the address of a service, in which there mostly is a password.
fn is_address(name: &str) -> bool {
    const ADDRESSES: [&str; 4] = ["URL", "URI", "DSN", "CONNECTION"];
    const SERVICES: [&str; 14] = [
        "DATABASE",
        "DB",
        "PG",
        "POSTGRES",
        "POSTGRESQL",
        "MYSQL",
        "MARIADB",
        "MONGO",
        "MONGODB",
        "REDIS",
        "AMQP",
        "RABBITMQ",
        "SENTRY",
        "WEBHOOK",
    ];
    let upper = name.to_ascii_uppercase();
    has_word(&upper, &["DSN"]) || has_word(&upper, &ADDRESSES) && has_word(&upper, &SERVICES)
}

fn has_word(name: &str, known: &[&str]) -> bool {
    words(name).any(|word| known.contains(&word))
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// Whether a text holds a secret: an address with a password, a token of a known kind, a private key, or a setting that
/// is named like one.
pub fn is_held_by(text: &str) -> bool {
    has_password(text) || text.contains("PRIVATE KEY-----") || pieces(text).any(is_token) || has_setting(text)
}

/// The known beginnings of tokens, each with the least that follows.
const TOKENS: [(&str, usize); 23] = [
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("sk-", 16),
    ("sk_live_", 12),
    ("sk_test_", 12),
    ("rk_live_", 12),
    ("AKIA", 16),
    ("ASIA", 16),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxa-", 10),
    ("AIza", 30),
    ("npm_", 30),
    ("pypi-", 30),
    ("hf_", 30),
    ("dckr_pat_", 20),
    ("cio", 32),
    ("eyJ", 20),
];

fn is_token(word: &str) -> bool {
    TOKENS.iter().any(|(start, least)| word.strip_prefix(start).is_some_and(|rest| rest.len() >= *least))
}

/// The parts of a text that could be tokens.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
}

/// Whether an address in a text names a user and a password, or, for the web, anybody at all: tokens stand there.
fn has_password(text: &str) -> bool {
    let end = |c: char| c.is_whitespace() || "/?#\"'".contains(c);
    text.match_indices("://").any(|(at, mark)| {
        let authority = text[at + mark.len()..].split(end).next().unwrap_or_default();
        let is_web = text[..at].ends_with("http") || text[..at].ends_with("https");
        authority.rsplit_once('@').is_some_and(|(user, _)| is_web || user.contains(':'))
    })
}

/// Whether a text has `NAME=VALUE` with such a name in it, as in queries and lists of settings.
fn has_setting(text: &str) -> bool {
    let mut parts = text.split(|c: char| c.is_whitespace() || "&;?,{}".contains(c));
    parts.any(|part| match part.split_once('=') {
        Some((name, value)) => is_named(name) && !value.trim_matches(['"', '\'']).is_empty(),
        None => false,
    })
}

/// A word of a command line, without the value that nobody else may see: `--config=registry.token="…"`.
pub fn without(word: &str) -> String {
    let start = if word.starts_with("--") { word.find('=').map_or(0, |at| at + 1) } else { 0 };
    match word[start..].split_once('=') {
        Some((name, value)) if is_secret(name, value) => format!("{}{name}={HIDDEN}", &word[..start]),
        None if start > 0 && is_secret(&word[..start - 1], &word[start..]) => {
            format!("{}{HIDDEN}", &word[..start])
        }
        _ if is_held_by(word) => HIDDEN.to_owned(),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell() {
        for name in [
            "API_TOKEN",
            "MY_PASS",
            "DBPASS",
            "PASSPHRASE",
            "db.password",
            "AWS_SECRET_ACCESS_KEY",
            "SSH_KEY",
            "apikey",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "registries.x.token",
            "BASIC_AUTH",
            "AUTHORIZATION",
            "SESSION_COOKIE",
            "credential-provider",
            "PRIVATE_PEM",
        ] {
            assert!(is_named(name), "{name}");
        }
        for name in ["DATABASE_URL", "REDIS_URI", "SENTRY_DSN", "PG_CONNECTION"] {
            assert!(is_secret(name, "x") && !is_named(name), "{name}");
        }
        for name in
            ["SITE", "AUTHOR", "GIT_AUTHOR_NAME", "LEPTOS_SITE_ADDR", "SITE_URL", "KEYMAP", "PATH", "PWD"]
        {
            assert!(!is_secret(name, "x"), "{name}");
        }
    }

    #[test]
    fn values_tell() {
        let long = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
        for value in [
            "postgres://me:pw@db/x".to_owned(),
            "see https://x-access-token@github.com/a for more".into(),
            "Server=db;User=me;Password=pw".into(),
            "https://host/hook?token=abc".into(),
            "-----BEGIN OPENSSH PRIVATE KEY-----\nabc".into(),
            format!("ghp_{long}"),
            format!("Bearer eyJ{long}.eyJ{long}.x"),
            format!("key: sk-{long}"),
            "AKIAIOSFODNN7EXAMPLE".into(),
        ] {
            assert!(is_held_by(&value), "{value}");
        }
        for value in [
            "ssh://git@github.com/a/b",
            "https://host/a@b",
            "sqlite:data.db",
            "--cfg feature=\"key\"",
            "risk-free",
            "task-2024-11-28-some-long-name-of-a-thing",
            "token=",
            "opt-level=3",
            "127.0.0.1:3000",
            "",
        ] {
            assert!(!is_held_by(value), "{value}");
        }
    }

    #[test]
    fn words_lose_their_values_alone() {
        for (word, told) in [
            ("--config=registry.token=\"a\"", "--config=registry.token=(hidden)"),
            ("registries.x.token='a'", "registries.x.token=(hidden)"),
            ("--config=registries.x.index=\"sparse+https://a:b@c/\"", "--config=registries.x.index=(hidden)"),
            ("--password=a", "--password=(hidden)"),
            ("https://a:b@c/", "(hidden)"),
            ("--config=build.jobs=1", "--config=build.jobs=1"),
            ("--package=key", "--package=key"),
            ("-p=key", "-p=key"),
        ] {
            assert_eq!(without(word), told);
        }
    }
}
