//! Counting units in cargo's `--message-format=json` output.

use serde::{Deserialize, Serialize};

/// How many units a cargo call compiled and found fresh.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    /// Units compiled.
    pub compiled: usize,
    /// Those of them that are of a registry or git package.
    pub compiled_external: usize,
    /// Units that were there already.
    pub fresh: usize,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    package_id: Option<String>,
    fresh: Option<bool>,
}

impl Counts {
    /// Takes in one line of output. Returns whether it was a message of cargo's.
    pub fn add(&mut self, line: &str) -> bool {
        if !line.starts_with('{') {
            return false;
        }
        let Ok(message) = serde_json::from_str::<Message>(line) else { return false };
        if message.reason == "compiler-artifact" {
            if message.fresh == Some(true) {
                self.fresh += 1;
            } else {
                self.compiled += 1;
                let is_path = message.package_id.is_some_and(|id| id.starts_with("path+"));
                self.compiled_external += usize::from(!is_path);
            }
        }
        true
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.compiled += other.compiled;
        self.compiled_external += other.compiled_external;
        self.fresh += other.fresh;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifacts_are_counted_and_other_lines_are_left_alone() {
        let mut counts = Counts::default();
        assert!(
            counts.add(r#"{"reason":"compiler-artifact","package_id":"registry+x#a@1.0.0","fresh":false}"#)
        );
        assert!(
            counts.add(r#"{"reason":"compiler-artifact","package_id":"path+file:///a#1.0.0","fresh":false}"#)
        );
        assert!(
            counts.add(r#"{"reason":"compiler-artifact","package_id":"registry+x#b@1.0.0","fresh":true}"#)
        );
        assert!(counts.add(r#"{"reason":"build-finished","success":true}"#));
        assert!(!counts.add("plain output"));
        assert!(!counts.add("{not json"));
        assert_eq!(counts, Counts { compiled: 2, compiled_external: 1, fresh: 1 });
    }
}
