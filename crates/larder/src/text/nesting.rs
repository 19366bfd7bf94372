//! How deep brackets are nested. Parsers that call themselves run out of stack on a text that opens thousands of them,
//! which ends the whole program: such a text has to be refused before it is parsed.

/// Deeper than anybody writes, and far from where a stack ends.
const DEEPEST: usize = 200;

/// Whether brackets are nested deeper than anybody writes, those in texts and comments included.
pub(crate) fn is_deep(text: &str) -> bool {
    let mut depth: usize = 0;
    text.bytes().any(|byte| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })
}

/// Whether a line of YAML begins that many lists, or stands that far to the right.
pub(crate) fn is_deep_line(line: &str) -> bool {
    let spaces = line.len() - line.trim_start().len();
    let mut rest = line.trim_start();
    let mut depth = 0;
    while let Some(inner) = rest.strip_prefix("- ").or_else(|| rest.strip_prefix("? ")) {
        rest = inner.trim_start();
        depth += 1;
    }
    spaces > 2 * DEEPEST || depth > DEEPEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_writes_is_deep() {
        assert!(is_deep(&"[".repeat(5000)) && is_deep(&"{a: ".repeat(500)) && is_deep(&"(".repeat(201)));
        assert!(!is_deep(&"[]".repeat(5000)) && !is_deep(&format!("{}{}", "(".repeat(100), ")".repeat(100))));
        assert!(is_deep_line(&"- ".repeat(500)) && is_deep_line(&format!("{}a", " ".repeat(500))));
        assert!(!is_deep_line("      - - run: - - - a"));
    }
}
