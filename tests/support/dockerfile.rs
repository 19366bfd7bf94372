//! Reads a Dockerfile by BuildKit's rules: directives, comments, continued lines and here-documents included, so that a
//! value which begins an instruction shows up as one.

/// One instruction: its keyword, its flags and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// The keyword in upper case.
    pub keyword: String,
    /// The words that begin with `--` before anything else.
    pub flags: Vec<String>,
    /// The rest, continued lines joined.
    pub rest: String,
}

/// Reads a Dockerfile.
///
/// # Errors
/// If BuildKit would read it in a way that nothing generated should be read in: a directive, a here-document, an unknown
/// keyword.
pub fn read(text: &str) -> Result<Vec<Instruction>, String> {
    let mut instructions = Vec::new();
    // A directive has to come before all else.
    let first = text.lines().next().unwrap_or_default().trim_start_matches('#').trim();
    if ["escape=", "syntax=", "check="].iter().any(|name| first.replace(' ', "").starts_with(name)) {
        return Err(format!("a directive: {first}"));
    }
    let mut lines = text.split('\n');
    while let Some(line) = lines.next() {
        let mut whole = line.trim().to_owned();
        if whole.is_empty() || whole.starts_with('#') {
            continue;
        }
        while let Some(start) = whole.strip_suffix('\\').map(str::to_owned) {
            whole = start;
            // Comments and empty lines between are left out.
            let Some(next) =
                lines.find(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty())
            else {
                break;
            };
            whole.push_str(next.trim_end());
        }
        instructions.push(instruction(&whole)?);
    }
    Ok(instructions)
}

const KEYWORDS: [&str; 12] = [
    "ARG",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "RUN",
    "USER",
    "VOLUME",
    "WORKDIR",
    "CMD",
];

fn instruction(line: &str) -> Result<Instruction, String> {
    let (keyword, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let keyword = keyword.to_uppercase();
    if !KEYWORDS.contains(&keyword.as_str()) {
        return Err(format!("no instruction: {line}"));
    }
    if ["RUN", "COPY"].contains(&keyword.as_str()) && rest.split_whitespace().any(begins_document) {
        return Err(format!("a here-document: {line}"));
    }
    let mut rest = rest.trim_start();
    let mut flags = Vec::new();
    while rest.starts_with("--") {
        let (flag, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        flags.push(flag.to_owned());
        rest = after.trim_start();
    }
    Ok(Instruction { keyword, flags, rest: rest.to_owned() })
}

/// Whether a word begins a here-document: digits, `<<`, and a name.
fn begins_document(word: &str) -> bool {
    word.trim_start_matches(|c: char| c.is_ascii_digit())
        .strip_prefix("<<")
        .is_some_and(|name| !name.contains('<'))
}

impl Instruction {
    /// How many words it has if Docker takes words.
    ///
    /// # Errors
    /// If it is meant as JSON and is none.
    pub fn words(&self) -> Result<usize, String> {
        if !self.rest.starts_with('[') {
            return Ok(self.rest.split_whitespace().count());
        }
        let words: Vec<String> =
            serde_json::from_str(&self.rest).map_err(|error| format!("{error}: {}", self.rest))?;
        Ok(words.len())
    }
}
