//! Deployments to a server that is made of scripts: troubles that a real engine, sshd or Caddy has at one moment only.
//!
//! `ssh` runs its command here, and its forwarded sockets lead to those of the test; `docker` answers from files. Nothing
//! is started or changed.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::{fs::symlink, net::UnixListener},
    path::Path,
    sync::{Arc, Mutex},
};

use larder_tests::{Outcome, Project, Surroundings, skip, write_program};
use serde_json::{Value, json};
use tempfile::TempDir;

const SSH: &str = r#"#!/bin/sh
for word; do
    case $word in
        -L*) path=${word#-L} path=${path%%:*}; ln -s "$SERVER/${path##*/}" "$path" ;;
    esac
done
PATH=$SERVER/there
exec /bin/sh -c "$word"
"#;
const DOCKER: &str = r#"#!/bin/sh
echo "$*" >> "$SERVER/told"
case "$*" in
    "container inspect "*)
        if [ -e "$SERVER/broken" ] && grep -q ^start "$SERVER/told"; then
            echo boom >&2
            exit 1
        fi
        shift 2
        separator=[
        for id; do echo "$separator"; cat "$SERVER/$id.json"; separator=,; done
        echo ] ;;
    info*) printf '28.0\tx86_64\t/var/lib/docker\tfalse\t\n' ;;
    "ps -aq"*) echo a; echo b ;;
    "image inspect"*) echo '[{ "Id": "sha256:1", "Architecture": "amd64", "Config": {} }]' ;;
    logs*) echo "a line of the log" ;;
esac
"#;
/// The programs that the server has for the script, beside a client of the engine.
const PROGRAMS: [&str; 4] = ["sh", "flock", "id", "sleep"];

/// A server with a release `b` that serves on the second port or the only one, and `a` before it.
struct FakedServer {
    folder: TempDir,
    project: Project,
    service: String,
    _engine: UnixListener,
}

impl FakedServer {
    fn start(test: &str, update: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        fs_err::create_dir(path.join("there")).unwrap();
        for name in PROGRAMS {
            let Some(program) = Surroundings::get().env().find_program(name) else {
                skip(test, &format!("PATH has no {name}"));
                return None;
            };
            symlink(program, path.join("there").join(name)).unwrap();
        }
        write_program(path.join("bin/ssh"), SSH);
        write_program(path.join("bin/docker"), DOCKER);
        symlink(path.join("bin/docker"), path.join("there/docker")).unwrap();
        let engine = UnixListener::bind(path.join("engine")).unwrap();
        let service: String =
            path.to_str().unwrap().to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
        let project = Project::new(&[
            ("Cargo.toml", &manifest(&service, update, &path.join("engine"))),
            ("src/main.rs", "fn main() {}\n"),
        ]);
        let server = Self { folder, project, service, _engine: engine };
        server.has("b", if update == "stop" { 8101 } else { 8102 }, true);
        server.has("a", 8101, false);
        Some(server)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// A release with a container of the same name.
    fn has(&self, name: &str, port: u16, is_running: bool) {
        let labels = json!({ "larder.service": self.service, "larder.release": name, "larder.previous": "a",
            "larder.port": port.to_string() });
        let container = json!({ "Id": name, "Name": format!("/{name}"), "Image": "i", "RestartCount": 0,
            "State": { "Running": is_running, "ExitCode": 0 }, "Config": { "Labels": labels } });
        fs_err::write(self.path(&format!("{name}.json")), container.to_string()).unwrap();
    }

    fn deploy(&self, words: &[&str]) -> Outcome {
        let path = Surroundings::get().env().get_str("PATH").unwrap_or_default();
        let path = format!("{}:{path}", self.path("bin").display());
        let vars = [("PATH", path.as_str()), ("SERVER", self.folder.path().to_str().unwrap())];
        let words = [&["deploy"], words].concat();
        Surroundings::get().larder_with(self.project.path(), &words, &vars)
    }

    /// Goes back, and is refused in these words before anything is held or changed.
    #[track_caller]
    fn refuses_to_go_back(&self, said: &str) {
        let methods = administrate(&self.path("2019"));
        let run = self.deploy(&["--rollback"]);
        assert!(run.code == 1 && run.stderr.contains(said), "{}", run.stderr);
        assert!(methods.lock().unwrap().iter().all(|method| method == "GET"), "nothing is held");
        assert_eq!(self.changes(), Vec::<String>::new());
    }

    /// The changes that the engine's client was told to make.
    fn changes(&self) -> Vec<String> {
        let told = fs_err::read_to_string(self.path("told")).unwrap_or_default();
        let verbs = ["start ", "stop ", "rm ", "rmi ", "create ", "rename ", "update "];
        let is_change = |line: &&str| verbs.iter().any(|verb| line.starts_with(verb));
        told.lines().filter(is_change).map(str::to_owned).collect()
    }
}

impl Drop for FakedServer {
    fn drop(&mut self) {
        for file in fs_err::read_dir("/tmp").into_iter().flatten().flatten() {
            if file.file_name().to_string_lossy().starts_with(&format!("larder-deploy-{}.lock", self.service))
            {
                let _ = fs_err::remove_file(file.path());
            }
        }
    }
}

fn manifest(service: &str, update: &str, engine: &Path) -> String {
    format!(
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[package.metadata.larder.deploy.web]\n\
         to = \"ssh://server.example\"\nservice = \"{service}\"\nupdate = \"{update}\"\nsocket = \"{}\"\n\
         env-file = \"secret.env\"\npatience = 5\n",
        engine.display()
    )
}

/// Something that takes connections, and says nothing.
fn listen(path: &Path) {
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            open.extend(stream);
        }
    });
}

/// A Caddy that sends requests to the second port; gives the methods that it is asked by.
fn administrate(path: &Path) -> Arc<Mutex<Vec<String>>> {
    let listener = UnixListener::bind(path).unwrap();
    let methods = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&methods);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let mut lines = BufReader::new(&stream).lines().map(Result::unwrap);
            let method = lines.next().unwrap().split(' ').next().unwrap().to_owned();
            assert!(lines.any(|line| line.is_empty()));
            heard.lock().unwrap().push(method);
            let config: Value =
                json!({ "site": { "handler": "reverse_proxy", "upstreams": [{ "dial": ":8102" }] } });
            write!(&stream, "HTTP/1.0 200 OK\r\n\r\n{config}").unwrap();
        }
    });
    methods
}

#[test]
fn a_look_and_a_way_back_need_no_secrets_and_no_proxy() {
    let Some(server) = FakedServer::start("faked look", "overlap") else { return };
    // No Caddy answers, and the environment file is on another machine.
    let status = server.deploy(&["--status"]).ok();
    assert!(status.stdout.contains("serves") && status.stdout.contains("kept"), "{}", status.stdout);
    assert!(status.stderr.contains("no proxy answers on port 2019"), "{}", status.stderr);
    assert_eq!(server.deploy(&["--logs"]).ok().stdout, "a line of the log\n");
    for words in [&["--plan"][..], &["--plan", "--rollback"], &["--rollback"]] {
        let run = server.deploy(words);
        assert!(run.code == 1 && run.stderr.contains("no proxy answers on port 2019"), "{}", run.stderr);
    }
    let methods = administrate(&server.path("2019"));
    let plan = server.deploy(&["--plan", "--rollback"]).ok().stdout;
    assert!(plan.contains("starting the release on port 8101"), "{plan}");
    let run = server.deploy(&["--plan"]);
    assert!(run.code == 1 && run.stderr.contains("secret.env"), "{}", run.stderr);
    assert!(methods.lock().unwrap().iter().all(|method| method == "GET"));
    assert_eq!(server.changes(), Vec::<String>::new());
}

#[test]
fn requests_are_not_held_for_a_port_that_something_else_has() {
    let Some(server) = FakedServer::start("faked port", "hold") else { return };
    listen(&server.path("8101"));
    server.refuses_to_go_back("server.example: port 8101 is taken by something else");
}

#[test]
fn the_release_that_serves_is_left_alone_if_requests_cannot_be_held() {
    let Some(server) = FakedServer::start("faked proxy", "hold") else { return };
    // The proxy has no handler at the path that it told, so every change is one that others came before.
    server.refuses_to_go_back("the proxy's configuration changes all the time");
    // The script, which has ended, names the engine's socket; it would have started the release that it guards.
    let told = fs_err::read_to_string(server.path("told")).unwrap();
    assert!(told.lines().all(|line| !line.starts_with("-H ")), "{told}");
}

#[test]
fn nothing_is_ended_on_a_server_that_could_not_start_it_again() {
    for update in ["hold", "stop"] {
        let Some(server) = FakedServer::start("faked guard", update) else { return };
        fs_err::remove_file(server.path("there/docker")).unwrap();
        let said = "server.example: there is no `docker` on the PATH of a command that ssh starts";
        server.refuses_to_go_back(said);
    }
}

#[test]
fn a_look_that_fails_takes_the_new_release_away() {
    let Some(server) = FakedServer::start("faked gate", "stop") else { return };
    listen(&server.path("8101"));
    fs_err::write(server.path("broken"), "").unwrap();
    let run = server.deploy(&["--rollback"]);
    assert!(run.code == 1 && run.stderr.contains("boom"), "{}", run.stderr);
    let expected =
        ["stop --time 30 b", "start a", "update --restart unless-stopped a", "stop --time 30 a", "start b"];
    assert_eq!(server.changes(), expected);
}
