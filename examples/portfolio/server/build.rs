//! Compiles the server again when a migration is added: `sqlx::migrate!` reads the folder at
//! compile time, and stable Rust gives a macro no way to say so.

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
}
