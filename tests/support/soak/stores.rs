//! A store in bad times: builds that are killed, damaged files, deletion meanwhile, many writers, units that are not
//! there. Every build must succeed, its program must say the right thing, and nothing half may be left in the store.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime},
};

use larder::process::{Cmd, Environment};

use super::{Bound, Figures, Round};
use crate::{
    Checkout, Machine, Project, Random, Surroundings,
    machine::{SAID, files},
    published,
};

/// The fault, if there is one.
type Found = Result<(), String>;

/// Writers at once.
const WRITERS: usize = 8;

/// Runs rounds of all kinds in turn, on a package of some thirty units.
///
/// # Panics
/// When the project cannot be made.
pub fn stores(bound: Bound) -> Figures {
    let machine = Machine::new();
    let first = machine.first();
    first.cook(&[]);
    let second = first.another();
    first.larder(&["store", "export", "units"]);
    let mut scene = Scene {
        machine: &machine,
        first: &first,
        second: &second,
        random: Random::new(0x6a09_e667_f3bc_c908),
    };
    Figures::run("stores", bound, |round| {
        let mut met = true;
        let found = match round % 5 {
            0 => scene.killed_while_storing(&mut met),
            1 => scene.killed_while_restoring(&mut met),
            2 => scene.damaged(),
            3 => scene.swept_meanwhile(),
            _ => scene.written_at_once(),
        };
        Round { runs: 3, met, faults: found.err().into_iter().collect() }
    })
}

struct Scene<'a> {
    machine: &'a Machine,
    /// The checkout in which everything is compiled.
    first: &'a Checkout<'a>,
    /// The checkout in which everything is restored.
    second: &'a Checkout<'a>,
    random: Random,
}

impl Scene<'_> {
    fn killed_while_storing(&mut self, met: &mut bool) -> Found {
        // Everything is compiled, so nothing but storing is left to do.
        remove(&self.v1());
        *met = self.cook_and_kill(self.first, 900);
        verify(self.first)?;
        run(self.first, &["cook"]).map(|_| ())
    }

    fn killed_while_restoring(&mut self, met: &mut bool) -> Found {
        remove(&target(self.second));
        *met = self.cook_and_kill(self.second, 1200);
        // Plain cargo first: what is half must not count as fresh.
        if self.random.below(3) == 0 {
            return says(self.second);
        }
        compiles_nothing(self.second)?;
        says(self.second)
    }

    /// Any files of the store, of any kind.
    fn damaged(&mut self) -> Found {
        let all = files(&self.v1());
        for _ in 0..=self.random.below(20) {
            let path = &all[self.random.below(all.len())];
            self.damage(path);
        }
        for _ in 0..2 {
            remove(&target(self.second));
            run(self.second, &["cook"])?;
            says(self.second)?;
        }
        // The second of these had sound files of all that it needs; files of units that were replaced are nobody's.
        run(self.second, &["store", "verify", "--repair"])?;
        remove(&target(self.second));
        compiles_nothing(self.second)?;
        verify(self.second)
    }

    fn damage(&mut self, path: &Path) {
        let mut bytes = fs_err::read(path).expect("it can be read");
        let at = self.random.below(bytes.len());
        match self.random.below(5) {
            0 => bytes.clear(),
            1 => bytes.truncate(at),
            2 => bytes.push(0),
            3 => bytes.iter_mut().skip(at).for_each(|byte| *byte = 0),
            _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 4),
        }
        fs_err::write(path, bytes).expect("it can be written");
    }

    /// Everything is so old that it goes, unless somebody uses it.
    fn swept_meanwhile(&mut self) -> Found {
        let long_ago = SystemTime::now() - Duration::from_hours(1);
        for path in files(&self.v1()) {
            let file = fs_err::OpenOptions::new().write(true).open(path).expect("it can be opened");
            file.file().set_modified(long_ago).expect("it has a time");
        }
        remove(&target(self.second));
        let is_over = AtomicBool::new(false);
        let words = ["store", "gc", "--max-size", "0", "--yes"];
        let (swept, cooked) = std::thread::scope(|scope| {
            let sweeper = scope.spawn(|| {
                let mut swept = Ok(());
                while swept.is_ok() && !is_over.load(Ordering::Relaxed) {
                    swept = run(self.first, &words).map(|_| ());
                }
                swept
            });
            let cooked = run(self.second, &["cook"]).and_then(|_| says(self.second));
            is_over.store(true, Ordering::Relaxed);
            (sweeper.join().expect("it ends"), cooked)
        });
        swept.and(cooked)?;
        run(self.second, &["cook"])?;
        // A file that was found in the store and deleted in that moment is one unit less.
        run(self.second, &["store", "verify", "--repair"]).map(|_| ())
    }

    fn written_at_once(&mut self) -> Found {
        let before = files(&self.v1().join("records")).len();
        remove(&self.v1());
        let words = ["store", "import", "units"];
        let outcomes: Vec<Found> = std::thread::scope(|scope| {
            let start = |_| scope.spawn(|| run(self.first, &words).map(|_| ()));
            let writers: Vec<_> = (0..WRITERS).map(start).collect();
            writers.into_iter().map(|writer| writer.join().expect("it ends")).collect()
        });
        outcomes.into_iter().collect::<Found>()?;
        verify(self.first)?;
        let left = files(&self.v1().join("new"));
        let after = files(&self.v1().join("records")).len();
        let is_right = left.is_empty() && (before == 0 || before == after);
        is_right.then_some(()).ok_or_else(|| format!("{before} units became {after}, and {left:?} is left"))
    }

    fn v1(&self) -> PathBuf {
        self.machine.store.path().join("v1")
    }

    /// Starts `cook` and kills it after a while; whether it was still at work.
    fn cook_and_kill(&mut self, checkout: &Checkout<'_>, most: usize) -> bool {
        let after = Duration::from_millis(self.random.below(most) as u64);
        let log = tempfile::NamedTempFile::new().expect("a temporary file");
        let env = environment(checkout);
        let cmd = Cmd::new(Surroundings::get().binary(), checkout.project.path(), &env);
        let mut running = cmd.args(["larder", "cook"]).spawn_logged(log.path()).expect("it starts");
        std::thread::sleep(after);
        let is_alive = running.try_exit_code().expect("the system tells").is_none();
        // Dropping kills with SIGKILL and waits.
        drop(running);
        is_alive
    }
}

/// A published package, of which another unit is missing in each round.
const PACKAGE: (&str, &str) = ("eza", "0.23.5");

/// Leaves out one unit after the other of a published package, restores the rest, and builds.
///
/// # Panics
/// When the package cannot be got.
pub fn dropped(bound: Bound) -> Figures {
    let machine = Machine::new();
    let folder = published::folder(Surroundings::get().env(), PACKAGE.0, PACKAGE.1).expect("the package");
    let project = Project::copy_of(&folder);
    // Linking with optimisation takes longer than everything else.
    project.write("Cargo.toml", &project.read("Cargo.toml").replace("lto = true", "lto = false"));
    let first = machine.checkout(project);
    first.larder(&["lock"]);
    first.cook(&[]);
    let second = first.another();
    let records = machine.files("records");
    Figures::run("dropped", bound, |round| {
        let record = &records[round as usize % records.len()];
        let bytes = fs_err::read(record).expect("it can be read");
        fs_err::remove_file(record).expect("it can be removed");
        remove(&target(&second));
        let found = builds(&second).map_err(|fault| format!("without {}: {fault}", record.display()));
        fs_err::write(record, bytes).expect("it can be written");
        Round { runs: 3, met: true, faults: found.err().into_iter().collect() }
    })
}

fn builds(checkout: &Checkout<'_>) -> Found {
    run(checkout, &["cook", "--store", "read"])?;
    cargo(checkout, &["build", "--release", "--quiet"])?;
    compiles_nothing(checkout)?;
    let program = target(checkout).join("release").join(PACKAGE.0);
    let outcome = Surroundings::get().run(&program, checkout.project.path(), &["--version"], &[]);
    (outcome.code == 0 && outcome.stdout.contains(PACKAGE.1)).then_some(()).ok_or(outcome.stderr)
}

fn environment(checkout: &Checkout<'_>) -> Environment {
    let mut env = Surroundings::get().env().clone();
    checkout.vars().into_iter().for_each(|(name, value)| env.set(name, value));
    env
}

fn target(checkout: &Checkout<'_>) -> PathBuf {
    checkout.project.path().join("target")
}

fn remove(folder: &Path) {
    if folder.exists() {
        fs_err::remove_dir_all(folder).expect("it can be removed");
    }
}

fn run(checkout: &Checkout<'_>, words: &[&str]) -> Result<String, String> {
    let outcome = Surroundings::get().larder_with(checkout.project.path(), words, &checkout.vars());
    match outcome.code {
        0 if !outcome.stderr.contains("panicked") => Ok(outcome.stdout),
        code => Err(format!("{words:?} ended with {code}: {}{}", outcome.stdout, outcome.stderr)),
    }
}

fn cargo(checkout: &Checkout<'_>, words: &[&str]) -> Found {
    let outcome = Surroundings::get().run("cargo".as_ref(), checkout.project.path(), words, &checkout.vars());
    (outcome.code == 0).then_some(()).ok_or_else(|| format!("cargo {words:?}: {}", outcome.stderr))
}

fn verify(checkout: &Checkout<'_>) -> Found {
    run(checkout, &["store", "verify"]).map(|_| ())
}

fn compiles_nothing(checkout: &Checkout<'_>) -> Found {
    let told = run(checkout, &["cook", "--json", "--quiet", "--store", "read"])?;
    let told: serde_json::Value = serde_json::from_str(&told).map_err(|error| error.to_string())?;
    let compiled = &told["phases"][0]["compiled-external"];
    (compiled == 0).then_some(()).ok_or_else(|| format!("{compiled} units were compiled"))
}

/// Builds with plain cargo, and requires that the program says what it should.
fn says(checkout: &Checkout<'_>) -> Found {
    cargo(checkout, &["build", "--release", "--quiet"])?;
    let said = checkout.says();
    (said == SAID).then_some(()).ok_or_else(|| format!("the program said {said}"))
}
