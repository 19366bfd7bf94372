//! A build that Larder runs has the very bytes that it has without: arguments, and what programs print.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStringExt as _,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use larder_tests::{Project, Surroundings, package};

/// Prints every byte there is, then its arguments, and no last newline; or as many bytes without any newline as it
/// is told to, and then how much memory the process took at most that started it.
const PROGRAM: &str = r#"
use std::{io::Write as _, os::unix::ffi::OsStrExt as _};

fn main() {
    let mut out = std::io::stdout().lock();
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    match (words.first().and_then(|word| word.to_str()), words.get(1)) {
        (Some("many"), Some(count)) => {
            let count: usize = count.to_str().unwrap().parse().unwrap();
            let piece = vec![b'{'; 1 << 20];
            (0..count).for_each(|_| out.write_all(&piece).unwrap());
            out.flush().unwrap();
            let parent = format!("/proc/{}/status", std::os::unix::process::parent_id());
            let status = std::fs::read_to_string(parent).unwrap();
            let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
            eprintln!("peak{}", peak.trim().trim_end_matches("kB"));
        }
        (Some("ask"), _) => {
            out.write_all(b"name? ").unwrap();
            out.flush().unwrap();
            std::thread::sleep(std::time::Duration::from_secs(60));
        }
        (Some("for-ever"), _) => while out.write_all(b"y\n").is_ok() {},
        _ => {
            out.write_all(&(0..=255).collect::<Vec<u8>>()).unwrap();
            out.write_all(b"\r\n{\"reason\":\"compiler-artifact\"}\r\n").unwrap();
            words.iter().for_each(|word| out.write_all(word.as_bytes()).unwrap());
        }
    }
}
"#;

fn project() -> Project {
    let project = Project::new(&[("Cargo.toml", &package("app", "")), ("src/main.rs", PROGRAM)]);
    project.larder(&["lock"]).ok();
    project
}

fn command(project: &Project, program: &OsStr, words: &[OsString]) -> Command {
    #[expect(
        clippy::disallowed_methods,
        reason = "words and output here are bytes, which larder::process reads"
    )]
    let mut command = Command::new(program);
    command.args(words).current_dir(project.path()).env_clear().envs(Surroundings::get().env().iter());
    command
}

fn words(line: &str) -> Vec<OsString> {
    line.split(' ').map(OsString::from).collect()
}

/// A shell's line with Larder in front of it.
fn with_larder(project: &Project, verb: &str, line: &[OsString]) -> Command {
    let words = [&words(&format!("larder {verb} --quiet --")), line].concat();
    command(project, Surroundings::get().binary().as_os_str(), &words)
}

fn done(mut command: Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn every_byte_passes_in_both_directions() {
    let project = project();
    let odd = OsString::from_vec(b"\xff\xfe \xc3".to_vec());
    let call = [words("run -q --"), vec![odd.clone()]].concat();
    let plain = done(command(&project, "cargo".as_ref(), &call)).stdout;
    assert_eq!(plain.len(), 256 + 34 + 4);
    // In a shell's redirection, since Larder's own table is on standard output, too.
    let script = OsString::from("\"$@\" > out");
    let line = [words("sh -c"), vec![script, "sh".into(), "cargo".into()], call].concat();
    for verb in ["build", "observe", "why"] {
        done(with_larder(&project, verb, &line));
        assert_eq!(fs_err::read(project.path().join("out")).unwrap(), plain, "{verb}");
        fs_err::remove_file(project.path().join("out")).unwrap();
    }
}

#[test]
fn memory_is_constant_however_much_is_printed() {
    const LIMIT: u64 = 64 << 10;
    // A whole gigabyte takes its time.
    let is_full = larder_tests::is_full();
    let count: u64 = if is_full { 1024 } else { 96 };
    let project = project();
    let script = format!("cargo run -q -- many {count} | wc -c > out");
    let line = [words("sh -c"), vec![script.into()]].concat();
    let output = done(with_larder(&project, "build", &line));
    assert_eq!(project.read("out").trim(), (count << 20).to_string());
    let told = String::from_utf8(output.stderr).unwrap();
    let peak = told.lines().find_map(|line| line.strip_prefix("peak")).expect("the program says it");
    let peak: u64 = peak.trim().parse().unwrap();
    assert!(peak < LIMIT, "{peak} kB for {count} MiB");
}

/// Ends the process with whatever it started, since a program that waits would hold its output open.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_prompt_is_not_held_back() {
    let project = project();
    let line = [words("sh -c"), vec!["cargo run -q -- ask > out & p=$!; read _; kill $p".into()]].concat();
    let mut asking = with_larder(&project, "build", &line);
    let mut asking = Ended(asking.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap());
    let deadline = Instant::now() + Duration::from_secs(50);
    let out = project.path().join("out");
    while fs_err::read(&out).map_or(0, |text| text.len()) == 0 {
        assert!(Instant::now() < deadline, "the prompt is held back");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(fs_err::read(&out).unwrap(), b"name? ");
    drop(asking.0.stdin.take());
}

/// As in a pipe without Larder: the program ends once nobody reads it, and a full disk is told.
#[test]
fn a_closed_end_ends_the_program_and_a_full_disk_is_told() {
    let project = project();
    let line = [words("sh -c"), vec!["cargo run -q -- for-ever | head -n 1 > out".into()]].concat();
    done(with_larder(&project, "build", &line));
    assert_eq!(project.read("out"), "y\n");
    let line = [words("sh -c"), vec!["cargo run -q > /dev/full".into()]].concat();
    let output = with_larder(&project, "build", &line).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && told.contains("No space left on device"), "{told}");
    assert!(!output.stdout.is_empty(), "the table is printed all the same");
}
