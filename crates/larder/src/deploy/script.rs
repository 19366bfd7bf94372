//! The script that the server runs for as long as a connection lives: it has the lock, and it is what is left of us there
//! if we vanish.
//!
//! It must hold neither a quote nor a backslash, so that every shell hands it on as it is, and nothing but what every
//! POSIX shell knows.

use std::time::Duration;

use crate::process::quoted;

/// How often we say that we are there.
pub(super) const BEAT: Duration = Duration::from_secs(5);
/// How long nothing may be heard of us. A word waits behind the layers of an image on a slow line.
const SILENCE: Duration = Duration::from_mins(1);
/// The same while a container is guarded: nothing is sent then, and perhaps nothing serves.
const GUARDED_SILENCE: Duration = Duration::from_secs(20);

/// Once it has said who holds the lock and whether the engine is there it reads lines: it tells of the disk of a folder,
/// and it takes a container to guard, which it starts again, and alone, if we vanish while nothing is known to serve. It
/// takes none if the shell that it got finds no client to do that with.
///
/// A network that is lost closes nothing, so a shell of its own counts the seconds since anything was heard, whatever it
/// was. This shell must not have the lock: its `sleep` may last longer than the script. It says the last of the first
/// lines, since a signal that comes before its traps are set is lost.
///
/// A start may still be under way when its client has vanished. Asking for the name waits for its end. A release that has
/// never served is removed, so that a start that comes even later finds nothing.
///
/// An answer may find nobody who reads it any more: that must not end the script before it has started what it
/// guards.
///
/// Who waits for the lock is told who has it by a file of each user's own: one user may not write another's.
const SCRIPT: &str = r#"
umask 022
service=$1 file=/tmp/larder-deploy-$1.lock socket=$4 silence=$5 guarded=$6
if [ "$2" = look ]; then
    echo state look
elif ! command -v flock > /dev/null; then
    echo state no-flock
    exit 0
else
    [ -e "$file" ] || : > "$file"
    exec 9< "$file" || exit 0
    if ! flock -n 9; then
        newest=$(ls -t "$file".* 2> /dev/null | head -n 1)
        echo state held $(cat "$newest" 2> /dev/null)
        exit 0
    fi
    echo "$3" > "$file.$(id -u)"
    echo state locked
fi
if [ ! -S "$socket" ]; then
    answer="engine missing"
elif [ ! -r "$socket" ] || [ ! -w "$socket" ]; then
    answer="engine denied to $(id -un)"
else
    answer="engine there"
fi
engine() {
    docker -H "unix://$socket" "$@" 2> /dev/null
}
end_other() {
    name=$(engine inspect --format {{.Name}} "$1")
    if [ "$1" != "$guard" ] && [ "${name%.new}" != "$name" ]; then
        name=${name#/$service-}
        engine rm -f "$1"
        engine rmi "larder/$service:${name%.new}"
    else
        engine stop "$1"
    fi
}
leave() {
    trap "" TERM
    kill "$watcher" 2> /dev/null
    if [ -n "$guard" ]; then
        for other in $(engine ps -aq --no-trunc --filter "label=larder.service=$service"); do
            end_other "$other"
        done
        engine start "$guard"
    fi > /dev/null
    exit 0
}
guard=
trap "" PIPE USR1 USR2
(
    trap "left=$silence" USR1
    trap "left=$guarded" USR2
    left=$silence
    echo "$answer"
    exec > /dev/null 2>&1
    while [ "$left" -gt 0 ]; do
        sleep 1
        left=$((left - 1))
    done
    kill -TERM $$
) < /dev/null 9>&- &
watcher=$!
trap leave TERM
while read -r word value; do
    case $word in
        ping) echo pong here ;;
        disk) echo disk $(df -Pk "$value" 2> /dev/null | tail -n 1) ;;
        guard)
            if [ -n "$value" ] && ! command -v docker > /dev/null; then
                echo guard none
            else
                guard=$value
                echo guard set
            fi ;;
    esac
    if [ -n "$guard" ]; then
        kill -USR2 "$watcher"
    else
        kill -USR1 "$watcher"
    fi 2> /dev/null
done
leave
"#;

/// The command that a server is given.
pub(super) fn command(service: &str, purpose: &str, holder: &str, socket: &str) -> String {
    let [silence, guarded] = [SILENCE, GUARDED_SILENCE].map(|silence| silence.as_secs().to_string());
    let words = ["sh", "-c", SCRIPT, "larder", service, purpose, holder, socket, &silence, &guarded];
    words.map(quoted).join(" ")
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        os::unix::{fs::PermissionsExt as _, net::UnixListener},
        path::Path,
        time::Instant,
    };

    use tempfile::TempDir;

    use super::*;
    use crate::process::{Cmd, Dialogue, Environment, Heard};

    /// An engine that writes down what it is told. It has a release that served, and a new one.
    const ENGINE: &str = r#"#!/bin/sh
shift 2
case $1 in
    ps) echo new old ;;
    inspect) [ "$4" = new ] && echo "/$SERVICE-2.new" || echo /old ;;
    *) echo "$*" >> "${0%/*}/told" ;;
esac
"#;
    const SHELLS: [&[&str]; 4] = [&["sh"], &["dash"], &["bash", "--posix"], &["busybox", "sh"]];

    #[test]
    fn the_script_is_one_word_for_every_shell() {
        assert!(!SCRIPT.contains(['\'', '\\']));
    }

    /// The programs that the script cannot do without.
    const PROGRAMS: [&str; 3] = ["flock", "id", "sleep"];

    fn programs() -> Environment {
        Environment::new([("PATH", "/usr/local/bin:/usr/bin:/bin")])
    }

    /// The script in a shell, with a service of its own; `None` if there is no such shell. The shell finds the programs of
    /// this folder alone.
    fn talk(shell: &[&str], folder: &Path, silence: [&str; 2]) -> Option<Dialogue> {
        let program = programs().find_program(shell[0])?;
        for name in PROGRAMS {
            std::os::unix::fs::symlink(programs().find_program(name)?, folder.join(name)).unwrap();
        }
        let service = service(folder);
        let env = Environment::new([("PATH", folder.to_str().unwrap()), ("SERVICE", service.as_str())]);
        let socket = folder.join("socket");
        let socket = socket.to_str().unwrap();
        let [silence, guarded] = silence;
        let words = ["-c", SCRIPT, "larder", &service, "change", "ann", socket, silence, guarded];
        let cmd = Cmd::new(program, "/", &env).args(&shell[1..]).args(words);
        let dialogue = cmd.talk(&folder.join("errors")).unwrap();
        for line in ["state locked", "engine there"] {
            assert_eq!(dialogue.hear(Duration::from_mins(1)), Heard::Line(line.into()), "{shell:?}");
        }
        Some(dialogue)
    }

    /// A name for the lock that nobody else has.
    fn service(folder: &Path) -> String {
        folder.file_name().unwrap().to_str().unwrap().to_owned()
    }

    fn engine() -> (TempDir, UnixListener) {
        let folder = tempfile::Builder::new().prefix("larder-script-").tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("socket")).unwrap();
        let client = folder.path().join("docker");
        fs_err::write(&client, ENGINE).unwrap();
        fs_err::set_permissions(&client, std::fs::Permissions::from_mode(0o755)).unwrap();
        (folder, listener)
    }

    fn told(folder: &Path) -> String {
        fs_err::read_to_string(folder.join("told")).unwrap_or_default()
    }

    fn guard(dialogue: &mut Dialogue) {
        dialogue.say("guard old").unwrap();
        assert_eq!(dialogue.hear(Duration::from_mins(1)), Heard::Line("guard set".into()));
    }

    /// Waits for the end of the script.
    fn ended(mut dialogue: Dialogue, folder: &Path) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !dialogue.is_over() {
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
        remove_lock(folder);
    }

    /// Removes the files of a lock, which is free.
    fn remove_lock(folder: &Path) {
        let path = format!("/tmp/larder-deploy-{}.lock", service(folder));
        fs_err::File::open(&path).unwrap().into_file().try_lock().unwrap();
        for file in fs_err::read_dir("/tmp").unwrap().flatten() {
            if file.path().to_str().is_some_and(|name| name.starts_with(&path)) {
                fs_err::remove_file(file.path()).unwrap();
            }
        }
    }

    /// Who says nothing is gone, and the guarded release runs alone.
    fn silent(shell: &[&str]) {
        let (folder, _listener) = engine();
        let Some(mut dialogue) = talk(shell, folder.path(), ["600", "2"]) else { return };
        guard(&mut dialogue);
        ended(dialogue, folder.path());
        let expected = "rm -f new\nrmi larder/SERVICE:2\nstop old\nstart old\n";
        let expected = expected.replace("SERVICE", &service(folder.path()));
        assert_eq!(told(folder.path()), expected, "{shell:?}");
    }

    /// A server without a client could not start anything again.
    fn clientless(shell: &[&str]) {
        let (folder, _listener) = engine();
        fs_err::remove_file(folder.path().join("docker")).unwrap();
        let Some(mut dialogue) = talk(shell, folder.path(), ["600", "600"]) else { return };
        for (line, answer) in [("guard old", "guard none"), ("guard ", "guard set")] {
            dialogue.say(line).unwrap();
            assert_eq!(dialogue.hear(Duration::from_mins(1)), Heard::Line(answer.into()), "{shell:?}");
        }
        drop(dialogue);
        remove_lock(folder.path());
    }

    /// A beat is enough, and without a guard the engine is left alone.
    fn beating(shell: &[&str]) {
        let (folder, _listener) = engine();
        let Some(mut dialogue) = talk(shell, folder.path(), ["8", "600"]) else { return };
        dialogue.beat(Duration::from_millis(500));
        std::thread::sleep(Duration::from_secs(10));
        assert!(!dialogue.is_over(), "{shell:?}");
        drop(dialogue);
        assert_eq!(told(folder.path()), "", "{shell:?}");
        remove_lock(folder.path());
    }

    #[test]
    fn a_silent_client_is_gone_and_one_that_beats_is_not() {
        std::thread::scope(|scope| {
            for shell in SHELLS {
                scope.spawn(move || silent(shell));
                scope.spawn(move || beating(shell));
                scope.spawn(move || clientless(shell));
            }
        });
    }
}
