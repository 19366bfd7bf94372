//! Firmware: no standard library, a linker script that the build script copies, as templates for microcontrollers
//! have it.
//!
//! It is for the machine's own target: the libraries of a microcontroller's are not on every machine, and rustc and
//! the linker are called in the same way.

use super::{Image, PLAIN, RepositoryFolder, TrialRepository, package};

/// All of them.
pub(super) fn all() -> Vec<TrialRepository> {
    vec![TrialRepository {
        name: "embedded",
        kind: "no_std firmware with a configured target, `memory.x` at the root and linker flags for programs",
        write: embedded,
        image: Image::Says { args: &[], output: "heap 2048" },
        ..PLAIN
    }]
}

fn embedded(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    folder.write_all(&[
        (
            "Cargo.toml",
            &package(
                "firmware",
                r#"
[[bin]]
name = "firmware"
test = false
bench = false

[dependencies]
cfg-if = "1"
itoa = "1"

[profile.dev]
panic = "abort"

[profile.release]
codegen-units = 1
lto = true
panic = "abort"
"#,
            ),
        ),
        (".gitignore", "/target\n"),
        (
            ".cargo/config.toml",
            "[build]\ntarget = \"x86_64-unknown-linux-gnu\"\n\n[target.x86_64-unknown-linux-gnu]\nrunner = \"probe-rs run\"\n\
             rustflags = [\"-Clink-arg=-Wl,-Tmemory.x\", \"-Crelocation-model=static\"]\n",
        ),
        ("memory.x", "/* What the board has. */\n_heap_size = 2048;\nSECTIONS {} INSERT AFTER .data;\n"),
        (
            "build.rs",
            r#"//! Puts `memory.x` where the linker looks for it.

use std::{env, fs, path::PathBuf};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    fs::write(out.join("memory.x"), include_bytes!("memory.x")).unwrap();
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rerun-if-changed=memory.x");
}
"#,
        ),
        (
            "src/main.rs",
            r#"#![no_std]
#![no_main]

use core::panic::PanicInfo;

#[link(name = "c")]
extern "C" {
    fn printf(format: *const core::ffi::c_char, ...) -> i32;
    static _heap_size: u8;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

cfg_if::cfg_if! {
    if #[cfg(target_os = "linux")] {
        const FORMAT: &core::ffi::CStr = c"heap %.*s\n";
    } else {
        const FORMAT: &core::ffi::CStr = c"%.*s\n";
    }
}

#[no_mangle]
extern "C" fn main() -> i32 {
    let size = &raw const _heap_size as usize;
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(size);
    unsafe { printf(FORMAT.as_ptr(), text.len() as i32, text.as_ptr()) };
    0
}
"#,
        ),
    ])
}
