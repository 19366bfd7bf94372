//! Objects of C and assembler code, which are linked on another machine than the one that compiled them.
//!
//! A program or a shared library says which versions of glibc's functions it needs, an object says nothing: its headers
//! made it ask for functions of the glibc that was there, and an older one may lack them.

use object::{BinaryFormat, Object as _, ObjectKind, read::archive::ArchiveFile};

/// How bitcode of LLVM starts, which is an object as well.
const BITCODE: &[u8] = b"BC\xC0\xDE";

/// Whether a file is an object for glibc's systems that rustc did not make, or an archive that holds one.
pub fn has_foreign(name: &str, bytes: &[u8]) -> bool {
    let Ok(archive) = ArchiveFile::parse(bytes) else {
        return !is_of_rustc(name.as_bytes()) && is_object(bytes);
    };
    let mut foreign = archive.members().flatten().filter(|member| !is_of_rustc(member.name()));
    foreign.any(|member| member.data(bytes).is_ok_and(is_object))
}

/// rustc calls its objects `*.rcgu.o`, and metadata is in one of its own.
fn is_of_rustc(name: &[u8]) -> bool {
    [b".rcgu.".as_slice(), b".rmeta"].iter().any(|part| memchr::memmem::find(name, part).is_some())
}

/// Whether a file is bitcode of LLVM, which no linker of objects reads.
pub(super) fn is_bitcode(bytes: &[u8]) -> bool {
    bytes.starts_with(BITCODE)
}

fn is_object(bytes: &[u8]) -> bool {
    is_bitcode(bytes) || object::File::parse(bytes).is_ok_and(|file| is_elf_object(&file))
}

fn is_elf_object(file: &object::File<'_>) -> bool {
    file.format() == BinaryFormat::Elf && file.kind() == ObjectKind::Relocatable
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of an ELF file for x86-64, without anything else.
    fn elf(kind: u8) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        (bytes[16], bytes[18], bytes[20], bytes[52]) = (kind, 62, 1, 64);
        bytes
    }

    fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = b"!<arch>\n".to_vec();
        for (name, content) in members {
            let size = content.len();
            let name = format!("{name}/");
            let head = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", 0, 0, 0, 644);
            bytes.extend(head.bytes());
            bytes.extend_from_slice(content);
            bytes.resize(bytes.len().next_multiple_of(2), b'\n');
        }
        bytes
    }

    #[test]
    fn objects_of_others_are_told_from_those_of_rustc() {
        let (object, program) = (elf(1), elf(2));
        assert!(has_foreign("x.o", &object) && has_foreign("x.o", BITCODE));
        let others: [(&str, &[u8]); 3] = [("x", &program), ("x.rcgu.o", &object), ("x.txt", b"text")];
        for (name, bytes) in others {
            assert!(!has_foreign(name, bytes), "{name}");
        }
        let of_rustc: [(&str, &[u8]); 3] =
            [("lib.rmeta", &object), ("x.0.rcgu.o", &object), ("y.rcgu.o", BITCODE)];
        assert!(!has_foreign("libx.rlib", &archive(&of_rustc)));
        for content in [object.as_slice(), BITCODE] {
            let with_c = [of_rustc.as_slice(), &[("x.o", content)]].concat();
            assert!(has_foreign("libx.rlib", &archive(&with_c)));
        }
    }
}
