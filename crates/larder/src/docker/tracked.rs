//! Limits of a build's record: all that an image gets of a file, and instructions whose files nobody follows.
//!
//! Somebody may have added words to a Dockerfile of ours. In doubt an instruction takes what nobody knows.

use cargo_metadata::camino::Utf8Path;

use crate::{error::Result, hash::content_digest};

/// Whether an instruction may take files of the context that the record does not have.
pub(super) fn takes_unknown_files(instruction: &str) -> bool {
    let mut words = instruction.split_whitespace();
    let word = words.next().unwrap_or_default();
    match word.to_ascii_uppercase().as_str() {
        "ADD" | "ONBUILD" => true,
        "RUN" => words.take_while(|word| word.starts_with("--")).any(is_bind_mount),
        // Ours are in capitals, and stars in them are in a list.
        "COPY" => word != "COPY" || words.any(is_pattern),
        known @ ("ARG" | "FROM") => word != known,
        _ => false,
    }
}

fn is_bind_mount(flag: &str) -> bool {
    let kind = flag.split(['=', ',']).skip_while(|word| *word != "type").nth(1);
    flag.starts_with("--mount=") && kind.is_none_or(|kind| kind == "bind")
}

fn is_pattern(word: &str) -> bool {
    !word.contains('"') && word.contains(['*', '?'])
}

/// A digest of a file, which tells whether it is a program: so is the one in the image then.
pub(super) fn file_digest(path: &Utf8Path) -> Result<String> {
    let digest = content_digest(&fs_err::read(path)?);
    Ok(if is_program(path)? { format!("{digest} program") } else { digest })
}

#[cfg(unix)]
fn is_program(path: &Utf8Path) -> Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs_err::metadata(path)?.permissions().mode() & 0o111 != 0)
}

/// Systems without such a mode send none.
#[cfg(not(unix))]
fn is_program(_: &Utf8Path) -> Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_take_files_in_other_ways_are_known() {
        for instruction in [
            "ADD notes.txt /app/",
            "add notes.txt /app/",
            "copy notes.txt /app/",
            "COPY *.txt /app/",
            "ONBUILD COPY . .",
            "RUN --mount=type=bind,target=/src make",
            "RUN --network=none --mount=target=/src,rw make",
        ] {
            assert!(takes_unknown_files(instruction), "{instruction}");
        }
        for instruction in [
            "COPY --from=build /out/app /app",
            r#"COPY ["my apps/[*]", "./"]"#,
            "FROM debian AS base",
            "ARG A=https://host/?b",
            "RUN --mount=type=cache,id=a,target=/b --mount=type=ssh cargo build",
            "RUN echo --mount=type=bind",
            "ENV A=*",
        ] {
            assert!(!takes_unknown_files(instruction), "{instruction}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_becomes_a_program_is_another_one() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap().join("run.sh");
        fs_err::write(&path, "exit").unwrap();
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let before = file_digest(&path).unwrap();
        assert_eq!(before, content_digest(b"exit"));
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_ne!(file_digest(&path).unwrap(), before);
    }
}
