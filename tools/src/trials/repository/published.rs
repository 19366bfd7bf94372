//! Code that nobody here wrote: packages from crates.io whose archives carry a `Cargo.lock`.

use larder_tests::published;

use super::{Image, PLAIN, RepositoryFolder, TrialRepository, Weight};

/// `name, version, weight, arguments => what the program says, why it was chosen;` becomes a repository for each.
macro_rules! packages {
    ($($name:literal, $version:literal, $weight:ident, $args:expr => $output:literal, $why:literal;)*) => {
        vec![$(TrialRepository {
            name: $name,
            kind: concat!("published: ", $why),
            write: |folder| unpack(folder, $name, $version),
            image: Image::Says { args: $args, output: $output },
            weight: Weight::$weight,
            ..PLAIN
        },)*]
    };
}

/// All of them.
pub(super) fn all() -> Vec<TrialRepository> {
    packages! {
        "diskus", "0.9.0", Heavy, &["--version"] => "diskus 0.9.0", "fat LTO, one codegen unit";
        "hexyl", "0.17.0", Heavy, &["--version"] => "hexyl 0.17.0", "a library beside the program";
        "ripgrep", "15.2.0", Heavy, &["--version"] => "ripgrep 15.2.0", "a program of another name, and a build script";
        "zoxide", "0.10.0", Heavy, &["--version"] => "zoxide 0.10.0", "a build script that writes completions into the source";
        "bat", "0.26.1", Large, &["--version"] => "bat 0.26.1", "assets, libgit2 and oniguruma in C";
        "just", "1.59.0", Large, &["--version"] => "just 1.59.0", "a library beside the program; fat LTO";
        "git-delta", "0.20.1", Large, &["--version"] => "delta 0.20.1", "a program of another name; libgit2 in C";
        "xh", "0.26.3", Large, &["--version"] => "xh 0.26.3", "C and assembly in aws-lc-sys";
        "sqlx-cli", "0.9.0", Large, &["--version"] => "0.9.0", "two programs; the system's OpenSSL";
    }
}

fn unpack(folder: &RepositoryFolder<'_>, name: &str, version: &str) -> anyhow::Result<()> {
    published::copy(folder.env, name, version, folder.root)
}
