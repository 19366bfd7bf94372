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
    let is_listed = ANYWHERE.iter().any(|part| upper.contains(part)) || words(&upper).any(is_secret_word);
    // A shell's folders are called like passwords.
    is_listed && !["PWD", "OLDPWD"].contains(&name)
}

fn is_secret_word(word: &str) -> bool {
    const ENDS: [&str; 7] = ["PASS", "PWD", "KEY", "KEYS", "AUTH", "COOKIE", "JWT"];
    const WHOLE: [&str; 4] = ["PW", "PAT", "PSK", "SIG"];
    const STARTS: [&str; 2] = ["AUTHENT", "AUTHORIZ"];
    ENDS.iter().any(|end| word.ends_with(end))
        || STARTS.iter().any(|start| word.starts_with(start))
        || WHOLE.contains(&word)
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

/// Whether a text holds a secret: an address with a password or of a hook, a token of a known kind, a private key, or a
/// setting that is named like one.
pub fn is_held_by(text: &str) -> bool {
    has_password(text)
        || has_bare_password(text)
        || text.contains("PRIVATE KEY-----")
        || pieces(text).any(is_token)
        || has_bearer(text)
        || has_hook(text)
        || has_setting(text)
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

/// Whether a text has a token of any kind behind the word by which requests give one. Sentences go on in small letters.
fn has_bearer(text: &str) -> bool {
    const SCHEME: &str = "bearer ";
    const SHORTEST: usize = 6;
    text.to_ascii_lowercase().match_indices(SCHEME).any(|(at, _)| {
        let after = text[at + SCHEME.len()..].trim_start();
        let token = after.split(ends_address).next().unwrap_or_default();
        let token = token.trim_end_matches(['.', ',', ';', ':', ')']);
        token.len() >= SHORTEST && !is_placeholder(token) && token.chars().any(|c| !c.is_ascii_lowercase())
    })
}

/// Whether this stands for a text that is put in its place.
fn is_placeholder(text: &str) -> bool {
    text.starts_with(['$', '{', '<', '(', '%'])
}

/// Whether a text has the address of a hook, which whoever knows it may call.
fn has_hook(text: &str) -> bool {
    const HOOKS: [&str; 8] = [
        "//hooks.slack.com/",
        "//hooks.zapier.com/hooks/",
        "//discord.com/api/webhooks/",
        "//discordapp.com/api/webhooks/",
        ".webhook.office.com/",
        "//outlook.office.com/webhook/",
        "//api.telegram.org/bot",
        "//maker.ifttt.com/trigger/",
    ];
    let mut found = HOOKS.iter().flat_map(|hook| text.match_indices(hook));
    found.any(|(at, hook)| text[at + hook.len()..].starts_with(|c: char| c.is_ascii_alphanumeric()))
}

/// Whether an address in a text names a user and a password, or, for the web, anybody at all: tokens stand there.
fn has_password(text: &str) -> bool {
    text.match_indices("://").any(|(at, mark)| {
        let address = address(&text[at + mark.len()..]);
        let authority = address.split(['/', '?', '#']).next().unwrap_or_default();
        let is_web = text[..at].ends_with("http") || text[..at].ends_with("https");
        authority.rsplit_once('@').is_some_and(|(user, _)| is_web || user.contains(':'))
            || has_unescaped_password(address, authority)
    })
}

/// The address that a text begins with, or its beginning: no password is that long.
fn address(text: &str) -> &str {
    const LONGEST: usize = 1024;
    let mut signs = text.char_indices().enumerate();
    let end = signs.find(|(count, (_, sign))| *count == LONGEST || ends_address(*sign));
    end.map_or(text, |(_, (at, _))| &text[..at])
}

fn ends_address(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "\"'`".contains(c)
}

/// Whether what looks like the host of an address is a user and the start of a password, which goes on to the last `@`:
/// no program asks for `/` to be escaped there, and no port looks like that.
fn has_unescaped_password(address: &str, authority: &str) -> bool {
    let Some((user, start)) = authority.rsplit_once(':') else { return false };
    let Some((_, host)) = address[authority.len()..].rsplit_once('@') else { return false };
    let has_port = !user.is_empty() && (is_number(start) || is_placeholder(start));
    let is_number_of_machine = user.starts_with('[');
    // A path in a repository stands there.
    let is_gits = user.starts_with("git@");
    let is_other_address = start.is_empty() && address[authority.len()..].starts_with("//");
    !has_port && !is_number_of_machine && !is_gits && !is_other_address && is_host(host)
}

/// Whether an address without a scheme names a user and a password, as proxies are given: `me:password@proxy:3128`.
fn has_bare_password(text: &str) -> bool {
    let end = |c: char| ends_address(c) || "/?#".contains(c);
    text.split(end).any(|word| {
        word.match_indices('@').any(|(at, _)| has_user_and_password(&word[..at]) && is_host(&word[at + 1..]))
    })
}

/// Whether what stands before an `@` is a user with a password, and no address of mail or package of another registry.
fn has_user_and_password(text: &str) -> bool {
    const SCHEMES: [&str; 7] = ["mailto", "sip", "sips", "xmpp", "acct", "npm", "jsr"];
    let Some((user, password)) = text.split_once(':') else { return false };
    let user = user.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    // `C:\me@work` is a path.
    !password.is_empty() && !password.starts_with('\\') && !SCHEMES.contains(&user)
}

/// Whether an address can go on like this after its `@`: versions and digests of images stand there, too.
fn is_host(text: &str) -> bool {
    const DIGESTS: [&str; 3] = ["sha256", "sha384", "sha512"];
    let end = |c: char| !c.is_alphanumeric() && !"-._".contains(c);
    let host = text.split(end).next().unwrap_or_default();
    let is_name = !host.is_empty() && !is_version(host) && !DIGESTS.contains(&host);
    is_name || text.starts_with(['[', '$', '{', '<', '%'])
}

/// Whether this is a version, as in `name@1.2.3`, and not the number of a machine, which has four parts.
fn is_version(text: &str) -> bool {
    let parts = text.strip_prefix('v').unwrap_or(text).split('.');
    parts.clone().take(2).all(is_number) && parts.take_while(|part| is_number(part)).count() < 4
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

/// Whether a text gives something a value that is named like a secret: `NAME=VALUE` or `NAME = VALUE` as in queries,
/// lists of settings and TOML, `"NAME":"VALUE"` as in JSON, `NAME: VALUE` as in YAML and headers.
fn has_setting(text: &str) -> bool {
    text.match_indices(['=', ':']).any(|(at, sign)| {
        let (before, after) = (&text[..at], &text[at + sign.len()..]);
        if sign == "=" { is_assigned(before, after) } else { is_mapped(before, after) }
    })
}

fn is_assigned(before: &str, after: &str) -> bool {
    let is_spaced = before.ends_with(' ');
    let (before, after) = if is_spaced { (before.trim_end(), after.trim_start()) } else { (before, after) };
    let name = before.rsplit(|c| c == '=' || ends_setting(c)).next().unwrap_or_default();
    is_named(name) && !is_told(after)
}

/// The same for a colon. Lists of paths and sentences have some too: the name has to be in quotation marks, or to begin
/// a line or a word with a blank behind its colon, or to be that of a header. Two colons are a path of Rust's, and a
/// name behind a slash is a host's or an image's.
fn is_mapped(before: &str, after: &str) -> bool {
    let bare = before.trim_end_matches(QUOTES);
    let ends_name = |c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c);
    let name = bare.rsplit(ends_name).next().unwrap_or_default();
    let lead = bare[..bare.len() - name.len()].trim_end_matches([' ', '\t']);
    let is_first = lead.is_empty() || lead.ends_with(['\n', '=', '-', '"', '\'']);
    let is_header = name.to_ascii_lowercase().ends_with("authorization") && !lead.ends_with('/');
    let is_pair =
        bare.len() < before.len() || is_header || is_first && after.starts_with(char::is_whitespace);
    is_pair && !after.starts_with(':') && is_named(name) && !is_told(after.trim_start())
}

/// The signs around a name or a value, those that are escaped in another text among them.
const QUOTES: [char; 3] = ['"', '\'', '\\'];

/// Whether a text begins with a value that everybody may see: none, a switch, or a level of logs (`info,auth=debug`).
fn is_told(after: &str) -> bool {
    const TOLD: [&str; 10] = ["", HIDDEN, "null", "true", "false", "error", "warn", "info", "debug", "trace"];
    let value = after.split(ends_setting).next().unwrap_or_default().trim_matches(['"', '\'', '=', '\\']);
    TOLD.iter().any(|told| value.eq_ignore_ascii_case(told))
}

fn ends_setting(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "&;,?{}".contains(c)
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

/// Words of a command line without values that nobody else may see, those of their own among them: `--token VALUE`.
pub fn without_values(words: &[String]) -> Vec<String> {
    let mut is_value = false;
    let mut told = Vec::new();
    for word in words {
        let is_option = word.starts_with("--");
        told.push(if is_value && !is_option { HIDDEN.to_owned() } else { without(word) });
        is_value = is_option && !word.contains('=') && is_named(word);
    }
    told
}

/// A line that a program said, without what nobody else may see.
pub fn without_in_line(line: &str) -> String {
    if !is_held_by(line) {
        return line.to_owned();
    }
    let told = line.split(' ').map(without).collect::<Vec<_>>().join(" ");
    if is_held_by(&told) { HIDDEN.to_owned() } else { told }
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
            "MYSQL_PWD",
            "DBPWD",
            "Pwd",
            "SMTP_PW",
            "GH_PAT",
            "WIFI_PSK",
            "sig",
        ] {
            assert!(is_named(name), "{name}");
        }
        for name in ["DATABASE_URL", "REDIS_URI", "SENTRY_DSN", "PG_CONNECTION"] {
            assert!(is_secret(name, "x") && !is_named(name), "{name}");
        }
        for name in ["AUTHOR", "GIT_AUTHOR_NAME", "LEPTOS_SITE_ADDR", "SITE_URL", "KEYMAP", "PWD", "OLDPWD"] {
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
            "Server = db; Password = pw".into(),
            "token = \"pw\"".into(),
            "type=s3,region=x,secret_access_key=pw".into(),
            "-Copt-level=3\u{1f}--cfg\u{1f}token=\"pw\"".into(),
            "-Clink-arg=--token=pw".into(),
            "[\"--cfg\", \"token=\\\"pw\\\"\"]".into(),
            "{\"user\":\"me\",\"password\":\"pw\"}".into(),
            "{ \"api-key\": \"pw\" }".into(),
            "\"{\\\"password\\\": \\\"pw\\\"}\"".into(),
            "user: me\n  token: pw\n".into(),
            "- token: pw".into(),
            "--header=X-Api-Key: pw".into(),
            "-H Authorization:Basic cHc=".into(),
            "curl -H Authorization: pw".into(),
            "use Bearer a1b2c3 here".into(),
            "https://a.blob.core.windows.net/b?sv=1&sig=pw".into(),
            "https://hooks.slack.com/services/T0/B0/pw".into(),
            "https://discord.com/api/webhooks/1/pw".into(),
            "Server=db;Uid=me;Pwd=pw".into(),
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
            "GITHUB_TOKEN= cargo build",
            "token=(hidden)",
            "{\"token\":null,\"password\":\"\",\"secret\": \"(hidden)\",\"private\": true}",
            "Authorization: (hidden)",
            "the bearer token is missing: Bearer $TOKEN",
            "https://hooks.slack.com/",
            "PWD=/srv/app",
            "/opt/key:/usr/bin",
            "auth:8080",
            "error: unknown start of token: x",
            "12 |     key: u32,",
            "token: ",
            "info,my_auth=debug,auth::login=trace,tokenizers=WARN",
            "cannot find `app::authorization::rules`",
            "http://authorization:8080 ghcr.io/me/authorization:1.2",
            "",
        ] {
            assert!(!is_held_by(value), "{value}");
        }
    }

    #[test]
    fn passwords_need_no_escapes() {
        for value in [
            "postgres://me:p/w@db",
            "postgres://me:p?w#x@db:5432/x",
            "redis://:p/w@cache",
            "postgres://me@team:p/w@db",
            "see amqp://me:p/x@y@host now",
        ] {
            assert!(is_held_by(value), "{value}");
        }
        for value in [
            "postgres://db:5432/x@y",
            "https://host:8080/a@b",
            "http://[::1]/a@b",
            "http://localhost:${PORT}/a@b",
            "git+ssh://git@github.com:me/app#app@1.0.0",
            "ssh://git@github.com:me/app@main",
            "https://a:80 me@host https://a,https://b/vue@latest",
        ] {
            assert!(!is_held_by(value), "{value}");
        }
    }

    #[test]
    fn addresses_without_a_scheme_tell() {
        for value in [
            "alice:pw@proxy:3128",
            "\"alice:pw@proxy\"",
            "a@b.com:pw@proxy.example:80/x",
            "--proxy=alice:p=w@10.0.0.1",
            "alice:pw@[::1]:80",
            ":pw@redis",
            "localhost,alice:pw@1password.com",
            "alice:pw@$HOST:80",
            "x alice:pw@10.0.0.1.nip.io",
        ] {
            assert!(is_held_by(value), "{value}");
        }
        for value in [
            "name@1.2.3",
            "npm:name@latest",
            "of:name@1.2.3-rc.1",
            "of:name@v1",
            "git@github.com:owner/repo",
            "ssh://git@github.com:22/owner/repo",
            "https://host:8080/a@b",
            "registry+https://host:80/index#name@1.0.0",
            "mailto:me@example.com",
            "host:5000/rust:1@sha256:0123abcd",
            "rust:1-slim@sha256:0123abcd",
            "/opt/openssl@3/bin:/opt/node@18/bin",
            "C:\\me@work",
            "a:b",
            "a:b,c:d",
            "me@host:3128",
            "-Wl,-rpath,@loader_path",
            "cfg(feature = \"a:b\")",
            "crate::module::test",
        ] {
            assert!(!is_held_by(value), "{value}");
        }
    }

    #[test]
    fn values_of_their_own_and_lines_of_others_lose_them() {
        let words =
            ["login", "--token", "a", "--key", "--jobs", "4", "https://a:b@c/", "-q"].map(str::to_owned);
        let told = ["login", "--token", "(hidden)", "--key", "--jobs", "4", "(hidden)", "-q"];
        assert_eq!(without_values(&words), told);
        for (line, told) in [
            ("error: no host in https://a:b@c/", "error: no host in (hidden)"),
            ("2 | token = \"a\"", "(hidden)"),
            ("  = note: no token here", "  = note: no token here"),
        ] {
            assert_eq!(without_in_line(line), told);
        }
    }

    #[test]
    fn words_lose_their_values_alone() {
        for (word, told) in [
            ("--config=registry.token=\"a\"", "--config=registry.token=(hidden)"),
            ("registries.x.token='a'", "registries.x.token=(hidden)"),
            ("--config=registries.x.index=\"sparse+https://a:b@c/\"", "--config=registries.x.index=(hidden)"),
            ("--password=a", "--password=(hidden)"),
            ("--config=env.DB_PWD=\"a\"", "--config=env.DB_PWD=(hidden)"),
            ("DB_PW=a", "DB_PW=(hidden)"),
            ("Authorization: Bearer a", "(hidden)"),
            ("https://a:b@c/", "(hidden)"),
            ("--config=build.jobs=1", "--config=build.jobs=1"),
            ("--package=key", "--package=key"),
            ("-p=key", "-p=key"),
        ] {
            assert_eq!(without(word), told);
        }
    }
}
