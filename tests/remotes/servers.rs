//! Servers of others on this machine, each with a port and a folder of its own, and ended by its id.

use std::{
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use larder::process::Environment;
use larder_store::remote::{self, Credentials, PlainHttp, Remote};
use larder_tests::{Surroundings, skip};

/// How long a server may take to start; the machine may be busy.
const START: Duration = Duration::from_mins(2);

/// A server that ends with the test.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    /// The folder of its files.
    pub(crate) folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts a program; `None` if the machine does not have it, and then the test is skipped.
    pub(crate) fn start(
        test: &str,
        program: &str,
        args: impl Fn(u16, &Path) -> Vec<String>,
        vars: &[(&str, &str)],
    ) -> Option<Self> {
        let Some(path) = Surroundings::get().env().find_program(program) else {
            skip(test, &format!("PATH has no {program}"));
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = spawn(path, &args(port, folder.path()), folder.path(), vars);
        let mut server = Self { child, port, folder };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(server.child.try_wait().unwrap().is_none(), "{program} ended: {}", server.log());
            assert!(start.elapsed() < START, "{program} does not answer: {}", server.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn log(&self) -> String {
        fs_err::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

fn spawn(program: PathBuf, args: &[String], folder: &Path, vars: &[(&str, &str)]) -> Child {
    let log = fs_err::File::create(folder.join("log")).unwrap().into_parts().0;
    #[expect(clippy::disallowed_methods, reason = "a server runs beside the test")]
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).env_clear().envs(Surroundings::get().env().iter());
    command.envs(vars.iter().copied()).stdin(Stdio::null());
    command.stdout(log.try_clone().unwrap()).stderr(log).spawn().expect("the server starts")
}

/// S3 by moto.
pub(crate) fn moto(test: &str, vars: &[(&str, &str)]) -> Option<Server> {
    let args = |port: u16, _: &Path| ["-H", "127.0.0.1", "-p", &port.to_string()].map(str::to_owned).to_vec();
    Server::start(test, "moto_server", args, vars)
}

/// S3 by rclone, on a folder.
pub(crate) fn rclone(test: &str) -> Option<Server> {
    Server::start(test, "rclone", with_bucket, &[])
}

/// Makes the folder of a bucket, and gives the words of a call that serves it.
fn with_bucket(port: u16, folder: &Path) -> Vec<String> {
    fs_err::create_dir_all(folder.join("data/units")).unwrap();
    let folder = folder.join("data").display().to_string();
    let address = format!("--addr=127.0.0.1:{port}");
    ["serve", "s3", &folder, &address, "--auth-key=writer,secret-canary"].map(str::to_owned).to_vec()
}

/// Sends a request without a body, and wants it to succeed.
pub(crate) fn put(address: &str) {
    ureq::put(address).send_empty().unwrap_or_else(|error| panic!("{address}: {error}"));
}

/// A remote as somebody with these variables opens it.
pub(crate) fn open(address: &str, vars: &[(&str, &str)]) -> Box<dyn Remote> {
    let user = Credentials::read(&Environment::new(vars.iter().copied()));
    remote::open(address, Path::new("/"), PlainHttp::Loopback, &user).unwrap()
}
