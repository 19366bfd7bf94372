//! Repositories that stand on something outside of Rust: C libraries of the system, and an interpreter.

use super::{Image, PLAIN, RepositoryFolder, TrialRepository, package};

/// All of them.
pub(super) fn all() -> Vec<TrialRepository> {
    vec![
        TrialRepository {
            name: "sys-crates",
            kind: "openssl-sys and libz-sys, which look for libraries of the system",
            write: sys_crates,
            image: Image::Says { args: &[], output: "zlib 1" },
            ..PLAIN
        },
        TrialRepository {
            name: "pyo3",
            kind: "an extension for Python, whose build scripts are run again if PATH changes",
            write: pyo3,
            image: Image::OnRequest { holds: "libcounting.so" },
            ..PLAIN
        },
    ]
}

fn sys_crates(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    folder.write_all(&[
        ("Cargo.toml", &package("app", "\n[dependencies]\nlibz-sys = \"1\"\nopenssl-sys = \"0.9\"\n")),
        (".gitignore", "/target\n"),
        (
            "src/main.rs",
            r#"use std::ffi::CStr;

fn main() {
    let (zlib, openssl) = unsafe { (CStr::from_ptr(libz_sys::zlibVersion()), openssl_sys::OpenSSL_version_num()) };
    println!("zlib {} openssl {}", zlib.to_str().unwrap(), openssl >> 28);
}
"#,
        ),
    ])
}

fn pyo3(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    folder.write_all(&[
        (
            "Cargo.toml",
            &package(
                "counting",
                "\n[lib]\ncrate-type = [\"cdylib\"]\n\n[dependencies]\nitoa = \"1\"\n\
                 pyo3 = { version = \"0.30\", default-features = false, features = [\"extension-module\"] }\n",
            ),
        ),
        (
            "pyproject.toml",
            "[build-system]\nrequires = [\"maturin>=1\"]\nbuild-backend = \"maturin\"\n\n[project]\nname = \"counting\"\nversion = \"0.1.0\"\n",
        ),
        (".gitignore", "/target\n*.so\n"),
        (
            "src/lib.rs",
            "//! A module for Python.\n\n/// The interpreter that it was built for.\npub fn is_initialised() -> bool {\n    unsafe { pyo3::ffi::Py_IsInitialized() != 0 }\n}\n\n/// Digits.\npub fn text(number: u64) -> String {\n    itoa::Buffer::new().format(number).to_owned()\n}\n",
        ),
    ])
}
