//! Runs the programs that own a cache, and reads from what they say how much came free.

use larder::{
    bytesize::ByteSize,
    process::{Cmd, Stderr},
};

use super::row::{Freed, FreedWording};

/// Runs it; a failure is an outcome too, so that other rows go on.
pub(super) fn run(cmd: &Cmd, answer: FreedWording) -> Freed {
    let mut said = Said::default();
    let code = match answer {
        FreedWording::Cargo => cmd.each_error_line(|line| said.add(answer, line)),
        FreedWording::Nix | FreedWording::Docker => {
            cmd.each_line(Stderr::Terminal, |line| said.add(answer, line))
        }
    };
    let Said { bytes, last } = said;
    let skipped = match (code, bytes) {
        (Ok(0), Some(_)) => None,
        (Ok(0), None) => Some(format!("`{}` does not say what it freed: {last}", cmd.line())),
        (Ok(code), _) => Some(format!("`{}` ended with exit code {code}: {last}", cmd.line())),
        (Err(error), _) => Some(error.to_string()),
    };
    Freed { bytes: bytes.unwrap_or_default(), failures: Vec::new(), skipped }
}

/// What the lines of a program told so far.
#[derive(Default)]
struct Said {
    bytes: Option<u64>,
    /// The last line that is not empty.
    last: String,
}

impl Said {
    fn add(&mut self, answer: FreedWording, line: &str) {
        self.bytes = freed(answer, line).or(self.bytes);
        if !line.trim().is_empty() {
            line.trim().clone_into(&mut self.last);
        }
    }
}

/// The size in a line, if it is the line that tells.
fn freed(answer: FreedWording, line: &str) -> Option<u64> {
    let text = match answer {
        FreedWording::Nix => line.strip_suffix(" freed")?.rsplit_once(", ")?.1,
        FreedWording::Docker => {
            line.strip_prefix("Total reclaimed space:").or_else(|| line.strip_prefix("Total:"))?
        }
        FreedWording::Cargo => {
            let rest = line.trim().strip_prefix("Removed ")?;
            match rest.rsplit_once(", ") {
                Some((_, size)) => size.strip_suffix(" total")?,
                None => "0B",
            }
        }
    };
    text.trim().parse::<ByteSize>().ok().map(|size| size.as_u64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_from_what_programs_say() {
        assert_eq!(freed(FreedWording::Nix, "2 store paths deleted, 4.00 MiB freed"), Some(4 << 20));
        assert_eq!(freed(FreedWording::Docker, "Total reclaimed space: 1.5GB"), Some(1_500_000_000));
        assert_eq!(freed(FreedWording::Docker, "Total:\t12MB"), Some(12_000_000));
        assert_eq!(freed(FreedWording::Cargo, "     Removed 333 files, 6MiB total"), Some(6 << 20));
        assert_eq!(freed(FreedWording::Cargo, "     Removed 0 files"), Some(0));
        assert_eq!(freed(FreedWording::Nix, "deleting unused links..."), None);
    }
}
