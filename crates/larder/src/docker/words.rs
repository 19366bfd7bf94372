//! The user's words in what is generated: paths, names and values that mean themselves wherever they are put, or are
//! refused. A word must never begin an instruction, nor mean anything to Docker or to a shell.

use cargo_metadata::camino::Utf8Path;

/// The characters that Docker replaces with a variable's value, a quoted text or the next character.
const EXPANDED: [char; 4] = ['\\', '$', '"', '\''];

/// Words as they are if they mean themselves there, or else as JSON, which has room for spaces.
pub(super) fn copy(flags: &str, from: &[impl AsRef<str>], to: &str) -> String {
    let from: Vec<&str> = from.iter().map(AsRef::as_ref).collect();
    if from.iter().copied().chain([to]).all(is_plain) {
        return format!("COPY {flags}{} {to}", from.join(" "));
    }
    let words = from.iter().map(|path| expanded(&pattern(path))).chain([expanded(to)]);
    let words: Vec<String> = words.map(|word| serde_json::Value::from(word).to_string()).collect();
    format!("COPY {flags}[{}]", words.join(", "))
}

/// The flags of a COPY, and its paths, the last one being their destination; what [`copy`] wrote, read again.
pub(super) fn copied(instruction: &str) -> (Vec<&str>, Vec<String>) {
    let mut rest = instruction.strip_prefix("COPY").unwrap_or(instruction).trim();
    let mut flags = Vec::new();
    while let Some((flag, after)) = rest.split_once(' ').filter(|_| rest.starts_with("--")) {
        flags.push(flag);
        rest = after.trim_start();
    }
    match serde_json::from_str::<Vec<String>>(rest) {
        Ok(words) => (flags, words.iter().map(|word| literal(word)).collect()),
        Err(_) => (flags, rest.split_whitespace().map(str::to_owned).collect()),
    }
}

/// A path for an instruction that takes one alone.
pub(super) fn alone(path: &Utf8Path) -> String {
    if is_plain(path.as_str()) { path.to_string() } else { expanded(path.as_str()) }
}

/// A path as a line of the allow-list, in which `*` stands for anything.
pub(super) fn listed(path: &Utf8Path) -> String {
    escaped(path.as_str(), |c| matches!(c, '[' | ']' | '?'))
}

fn is_plain(word: &str) -> bool {
    // One that begins with a dash would be an option.
    !word.starts_with('-') && word.chars().all(|c| c.is_alphanumeric() || "-_./+@,=:~%".contains(c))
}

/// A word that Docker expands to `word`.
fn expanded(word: &str) -> String {
    escaped(word, |c| EXPANDED.contains(&c))
}

fn escaped(word: &str, is_special: impl Fn(char) -> bool) -> String {
    word.chars().flat_map(|c| is_special(c).then_some('\\').into_iter().chain([c])).collect()
}

/// A pattern that fits `path` alone.
fn pattern(path: &str) -> String {
    let mut text = String::new();
    for c in path.chars() {
        if matches!(c, '*' | '?' | '[') {
            text.extend(['[', c, ']']);
        } else {
            text.push(c);
        }
    }
    text
}

/// The meaning of a word of [`copy`].
fn literal(word: &str) -> String {
    let mut text = String::new();
    let mut rest = word.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => text.extend(rest.next()),
            '[' => {
                text.extend(rest.next());
                rest.next();
            }
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_means_itself() {
        assert_eq!(copy("", &["app/"], "app/"), "COPY app/ app/");
        assert_eq!(copy("--from=x ", &["/app/é/"], "é/"), "COPY --from=x /app/é/ é/");
        assert_eq!(copy("", &["my apps/a"], "./"), r#"COPY ["my apps/a", "./"]"#);
        assert_eq!(copy("", &["--chown=a"], "./"), r#"COPY ["--chown=a", "./"]"#);
        assert_eq!(copy("", &["a[1]*", "<<EOF"], "$HOME/"), r#"COPY ["a[[]1][*]", "<<EOF", "\\$HOME/"]"#);
    }

    #[test]
    fn what_is_written_can_be_read() {
        for path in ["a", "my apps/a", "a[1]*?", "it's \"$HOME\"", "<<EOF", "[\"a\"]"] {
            let line = copy("--from=stage ", &[path, "second"], "to/");
            let expected = [path, "second", "to/"].map(str::to_owned).to_vec();
            assert_eq!(copied(&line), (vec!["--from=stage"], expected), "{line}");
        }
        assert_eq!(copied("COPY . ."), (Vec::new(), vec![".".to_owned(), ".".to_owned()]));
    }

    #[test]
    fn a_line_of_the_list_and_a_path_alone() {
        assert_eq!(listed("my apps/[id]".into()), r"my apps/\[id\]");
        assert_eq!(listed("icons/*.png".into()), "icons/*.png");
        assert_eq!(alone("/app/my apps".into()), "/app/my apps");
        assert_eq!(alone("/app/$x".into()), r"/app/\$x");
    }
}
