//! Notes that a CI shows beside the files of a change: a line of text in a form of its own, read from what a step prints.
//!
//! Nothing in a text may end the line or begin another command.

use std::{fmt::Write as _, path::Path};

use larder::{process::Environment, text::visible};

/// A warning about a file, in the form of GitHub Actions; `None` outside of it.
pub(crate) fn warning(env: &Environment, file: &Path, title: &str, lines: &[String]) -> Option<String> {
    if env.get_str("GITHUB_ACTIONS") != Some("true") {
        return None;
    }
    // GitHub knows files by their paths in the repository.
    let checkout = env.get("GITHUB_WORKSPACE").map(Path::new);
    let file = checkout.and_then(|checkout| file.strip_prefix(checkout).ok()).unwrap_or(file);
    let file = escaped(&file.to_string_lossy(), &[':', ',']);
    let lines: Vec<_> = lines.iter().map(|line| visible::line(line)).collect();
    Some(format!(
        "::warning file={file},title={}::{}",
        escaped(title, &[':', ',']),
        escaped(&lines.join("\n"), &[])
    ))
}

/// A text as GitHub reads it back. Properties end at characters that messages may hold.
fn escaped(text: &str, more: &[char]) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '%' | '\r' | '\n') || more.contains(&c) {
            let _ = write!(out, "%{:02X}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const GITHUB: [(&str, &str); 2] = [("GITHUB_ACTIONS", "true"), ("GITHUB_WORKSPACE", "/checkout")];

    #[test]
    fn a_warning_is_one_line_beside_its_file() {
        let env = Environment::new(GITHUB);
        let lines = ["100 %: \u{1b}[2J::error::x\ny".to_owned(), "run it".to_owned()];
        let said = warning(&env, Path::new("/checkout/a,b:c/larder.lock"), "Stale: yes", &lines);
        assert_eq!(
            said.unwrap(),
            "::warning file=a%2Cb%3Ac/larder.lock,title=Stale%3A yes::100 %25: \\u{1b}[2J::error::x\\ny%0Arun it"
        );
        let said = warning(&env, Path::new("/elsewhere/larder.lock"), "t", &[]);
        assert_eq!(said.unwrap(), "::warning file=/elsewhere/larder.lock,title=t::");
    }

    #[test]
    fn elsewhere_it_is_none() {
        for env in [Environment::new([("GITHUB_ACTIONS", "false")]), Environment::default()] {
            assert_eq!(warning(&env, Path::new("x"), "t", &[]), None);
        }
    }
}
