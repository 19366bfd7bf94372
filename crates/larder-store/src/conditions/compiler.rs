//! The C compiler of a machine, which knows the places of the system's libraries.

use std::path::{Path, PathBuf};

use larder::process::{Cmd, Environment};

/// Programs that start the compiler which they are told, as the crate `cc` knows them; they answer nothing themselves.
const LAUNCHERS: [&str; 6] = ["ccache", "distcc", "sccache", "icecc", "cachepot", "buildcache"];
/// The names that one looks for if `CC` says nothing of use.
const USUAL: [&str; 3] = ["cc", "gcc", "clang"];
/// A file that every one is asked for; any answer will do.
const ANY: &str = "libc.so";

/// A C compiler that answers, with the words that `CC` has for it.
#[derive(Debug)]
pub struct CCompiler(Vec<String>);

impl CCompiler {
    /// Finds the compiler in `CC`, or else the first of the usual ones.
    pub fn find(dir: &Path, env: &Environment) -> Option<Self> {
        let set = env.get_str("CC").unwrap_or_default();
        // A path may hold spaces, so that the whole of it is tried first.
        let of_variable = [vec![set], without_launchers(set)];
        let mut all = of_variable.into_iter().chain(USUAL.map(|name| vec![name])).map(Self::new);
        all.find(|compiler| compiler.place_of(ANY, dir, env).is_some())
    }

    fn new(words: Vec<&str>) -> Self {
        Self(words.into_iter().map(str::to_owned).collect())
    }

    /// Where it takes a library from: a path, or the mere name if it does not know one.
    pub fn place_of(&self, file: &str, dir: &Path, env: &Environment) -> Option<PathBuf> {
        let (program, words) = self.0.split_first().filter(|(program, _)| !program.is_empty())?;
        let cmd = Cmd::new(program, dir, env).args(words.iter().cloned());
        let answer = cmd.arg(format!("-print-file-name={file}")).output().ok()?;
        Some(PathBuf::from(answer.trim_end())).filter(|path| !path.as_os_str().is_empty())
    }
}

fn without_launchers(words: &str) -> Vec<&str> {
    words.split_whitespace().skip_while(|word| is_launcher(word)).collect()
}

fn is_launcher(word: &str) -> bool {
    let name = Path::new(word).file_stem().and_then(|name| name.to_str());
    name.is_some_and(|name| LAUNCHERS.contains(&name))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn launchers_are_passed_over_and_the_compilers_words_stay() {
        assert_eq!(without_launchers("/opt/bin/ccache distcc gcc -m32"), ["gcc", "-m32"]);
        assert_eq!(without_launchers("sccache"), [""; 0]);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test is its own program")]
    fn a_compiler_is_found_whatever_cc_says() {
        let mut env = Environment::new(std::env::vars_os());
        for value in ["", "ccache cc", "sccache", "of-nobody -m64", "/of/nobody/cc"] {
            env.set("CC", value);
            assert!(CCompiler::find(Path::new("/"), &env).is_some(), "{value:?}: a test is linked by one");
        }
        let nothing = tempfile::tempdir().unwrap();
        assert!(CCompiler::find(Path::new("/"), &Environment::new([("PATH", nothing.path())])).is_none());
    }
}
