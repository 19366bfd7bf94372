//! Deployments that are killed on their way, and waiting for what the server makes of them.
//!
//! No time in here is a promise of the product's: each one only keeps a test from hanging.

use std::time::{Duration, Instant};

use larder::process::{Cmd, Dialogue};

use super::Bench;
use crate::{
    Project, Surroundings,
    signals::{self, Signal},
    write_program,
};

/// How long a test waits for anything: the machine may do much else at the same time.
const PATIENCE: Duration = Duration::from_mins(5);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Looks until there is a result.
///
/// # Panics
/// If there is none in time, with what the last look gave instead.
pub fn wait_for<T>(mut look: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match look() {
            Ok(found) => return found,
            Err(instead) => assert!(Instant::now() < deadline, "{instead}"),
        }
        std::thread::sleep(PAUSE);
    }
}

impl Bench {
    /// Starts a deployment, and kills it as soon as it says this verb.
    ///
    /// # Panics
    /// If it ends before.
    pub fn kill_at(&self, project: &Project, verb: &str) {
        self.send_at(project, verb, Signal::KILL);
    }

    /// The same for one that is stopped and keeps its connection, as if the network were lost. It ends with the value.
    ///
    /// # Panics
    /// If it ends before.
    pub fn freeze_at(&self, project: &Project, verb: &str) -> Dialogue {
        self.send_at(project, verb, Signal::STOP)
    }

    fn send_at(&self, project: &Project, verb: &str, signal: Signal) -> Dialogue {
        let nsenter = self.env.find_program("nsenter").expect("nsenter");
        let mut run = Cmd::new(nsenter, project.path(), &self.env)
            .arg(format!("--net=/proc/{}/ns/net", self.process))
            .arg(Surroundings::get().binary())
            .args(["larder", "deploy"])
            .talk(&self.path("killed.log"))
            .expect("it starts");
        loop {
            // Looked at first: it may say the verb and end between two looks.
            let is_over = run.is_over();
            let said = run.errors();
            if said.lines().any(|line| line.trim_start().starts_with(verb)) {
                break;
            }
            assert!(!is_over, "it ends before {verb}: {said}");
            std::thread::sleep(Duration::from_millis(5));
        }
        // Into the step.
        std::thread::sleep(Duration::from_millis(100));
        // The number of one that has ended may be another's by now.
        if !run.is_over() {
            let _ = signals::send(run.id(), signal);
        }
        run
    }

    /// Starts a deployment that is killed when it gives the engine this command, which the engine never gets.
    ///
    /// # Panics
    /// If it ends without.
    pub fn kill_before(&self, project: &Project, command: &str) {
        self.kill_run_before(project, &[], command);
    }

    /// The same for `cargo larder deploy WORDS`.
    ///
    /// # Panics
    /// If it ends without.
    pub fn kill_run_before(&self, project: &Project, words: &[&str], command: &str) {
        self.arm_client();
        let deadly = self.path("deadly");
        fs_err::write(&deadly, command).expect("a file");
        let run = self.deploy(project, words);
        fs_err::remove_file(&deadly).expect("it is there");
        assert_eq!(run.code, Self::KILLED, "`docker {command}` is not met: {}\n{}", run.stdout, run.stderr);
    }

    /// The code that [`crate::Outcome`] has for a run that a signal has ended.
    const KILLED: i32 = -1;

    /// Puts a Docker client before the real one that can kill its caller.
    fn arm_client(&self) {
        let wrapper = self.path("bin/docker");
        if wrapper.exists() {
            return;
        }
        let docker = self.env.find_program("docker").expect("docker");
        let deadly = self.path("deadly");
        let text = format!(
            "#!/bin/sh\n\
             if [ -e {deadly} ] && [ \"$1\" = \"$(cat {deadly})\" ]; then\n    \
             kill -KILL $PPID\n    \
             exit 1\n\
             fi\n\
             exec {docker} \"$@\"\n",
            deadly = deadly.display(),
            docker = docker.display()
        );
        write_program(wrapper, text);
    }

    /// Waits until this user deploys: whoever has the service's lock writes down whose it is.
    ///
    /// # Panics
    /// If they do not in time.
    pub fn wait_for_lock_of(&self, user: &str) {
        // The lock itself is no more than looked at: who tries it has it for a moment.
        let path = self.path("tmp/larder-deploy-web.lock.0");
        wait_for(|| {
            let holder = fs_err::read_to_string(&path).unwrap_or_default();
            let is_theirs = holder.starts_with(&format!("{user} on "));
            is_theirs.then_some(()).ok_or_else(|| format!("{user} does not take the lock: {holder:?}"))
        });
    }

    /// How long it takes until nobody holds the service's lock.
    ///
    /// # Panics
    /// If it stays held.
    pub fn time_to_free_lock(&self) -> Duration {
        let start = Instant::now();
        let file = fs_err::File::open(self.path("tmp/larder-deploy-web.lock")).expect("a lock").into_file();
        wait_for(|| file.try_lock().map_err(|error| format!("the lock is held: {error}")));
        start.elapsed()
    }

    /// Waits until one of these pages is served.
    ///
    /// # Panics
    /// If none is in time.
    pub fn wait_for_page(&self, pages: &[&str]) -> String {
        wait_for(|| {
            let page = self.page();
            if pages.contains(&page.as_str()) { Ok(page) } else { Err(format!("none of {pages:?}: {page}")) }
        })
    }
}
