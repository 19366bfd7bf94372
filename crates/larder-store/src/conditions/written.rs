//! Files that build scripts leave in their folders, by their names: which of them somebody reads later.
//!
//! Builds of C libraries leave much behind that is full of absolute paths, and that nobody looks at again. If it counted,
//! every library that `CMake` or autotools built would be bound to its place.

use crate::inside::Inside;

/// Folders of `CMake`, autotools and Meson.
const FOLDERS: [&str; 8] =
    ["CMakeFiles", ".cmake", ".deps", ".libs", "autom4te.cache", "meson-info", "meson-logs", "meson-private"];
/// How the names of their files start.
const STARTS: [&str; 6] = ["Makefile", "GNUmakefile", "Doxyfile", "CMakeCache.txt", "config.log", ".ninja_"];
/// Other names of their files.
const NAMES: [&str; 6] = [
    "compile_commands.json",
    "config.cache",
    "config.lt",
    "config.status",
    "install_manifest.txt",
    "libtool",
];
/// The endings of their files, of notes of compilers, and of sources that the script had compiled.
const ENDINGS: [&str; 26] = [
    "S", "asm", "c", "cc", "cpp", "cxx", "d", "exp", "filters", "idb", "ilk", "la", "lai", "lo", "log", "m",
    "mak", "make", "mk", "mm", "ninja", "pdb", "s", "sln", "tlog", "vcxproj",
];
/// Sources that are included: by the library of the package, or by C code of others.
const INCLUDED: [&str; 5] = ["rs", "h", "hh", "hpp", "inc"];

/// Whether a file is of use for the build alone that left it.
pub(super) fn is_for_nobody(path: &Inside) -> bool {
    let name = path.name();
    let ending = ending(path);
    let mut folders = path.folder().split('/');
    folders.clone().any(|folder| FOLDERS.contains(&folder))
        || STARTS.iter().any(|start| name.starts_with(start))
        || NAMES.contains(&name)
        || ENDINGS.contains(&ending)
        // CMake installs files for other packages into a folder of that name.
        || (ending == "cmake" && folders.all(|folder| folder != "cmake"))
}

/// Whether a file is a source text.
pub(super) fn is_source_text(path: &Inside) -> bool {
    INCLUDED.contains(&ending(path))
}

fn ending(path: &Inside) -> &str {
    path.name().rsplit_once('.').map_or("", |(_, ending)| ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_builds_of_c_leave_is_for_nobody() {
        for (name, expected) in [
            ("build/CMakeCache.txt", true),
            ("build/CMakeFiles/x.dir/link.txt", true),
            ("build/cmake_install.cmake", true),
            ("lib/cmake/x/x-config.cmake", false),
            ("build/Makefile", true),
            ("build/build.ninja", true),
            ("build/config.log", true),
            ("build/libtool", true),
            ("lib/libx.la", true),
            ("0123-x.d", true),
            ("flag_check.c", true),
            ("lib/pkgconfig/x.pc", false),
            ("include/x.h", false),
            ("bin/x-config", false),
            ("x-permission-files", false),
            ("list.txt", false),
            ("list.json", false),
            ("made.rs", false),
        ] {
            let path = Inside::new(format!("debug/build/x-1/out/{name}")).unwrap();
            assert_eq!(is_for_nobody(&path), expected, "{name}");
        }
    }
}
