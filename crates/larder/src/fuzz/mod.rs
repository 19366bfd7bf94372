//! The parsers of text that others wrote, by name, for the mutation loop in `tests/support/fuzz.rs`. Each takes any bytes:
//! it may refuse them, but must neither panic nor run for long. Nothing else calls this.

use cargo_metadata::camino::Utf8Path;

pub use crate::seen::seen;
use crate::{
    cargo::{
        command_line, messages,
        messages::{Counts, Readers, Stream},
        package_id::PackageSpec,
        refusal::Refusal,
    },
    docker::{disk_usage, progress, reads},
    doctor, nix,
    plan::unit_graph::UnitGraph,
    process::Environment,
    recipe::lock_file::LockFile,
    secret,
    settings::Settings,
    shim::recorder::Call,
    slice,
    target_dir::fingerprint::{self, DepInfo, Fingerprint},
    toml_text, why, workspace,
};

/// A parser: a folder of its own, and the bytes.
pub type Target = fn(&Utf8Path, &[u8]);

/// Those of this crate.
pub const TARGETS: [(&str, Target); 19] = [
    ("larder-lock", larder_lock),
    ("cargo-lock", cargo_lock),
    ("unit-graph", |_, bytes| seen(UnitGraph::parse("cargo", &text(bytes)))),
    ("cargo-messages", cargo_messages),
    ("cargo-log", |_, bytes| why::log::read_all(&text(bytes))),
    ("cargo-errors", |_, bytes| seen(Refusal::parse(&text(bytes)).map(Refusal::hint))),
    ("fingerprint", |_, bytes| seen((Fingerprint::parse(bytes), fingerprint::hash(bytes)))),
    ("dep-info", dep_info),
    ("buildkit", buildkit),
    ("docker-sizes", |_, bytes| disk_usage::read_all(&text(bytes))),
    ("workflow", |_, bytes| seen(doctor::workflow::CiPlan::read(&text(bytes)))),
    ("toml-text", toml_texts),
    ("settings", settings),
    ("cargo-config", cargo_config),
    ("calls", calls),
    ("nix-log", nix_log),
    ("last-build", last_build),
    ("literals", literals),
    ("page", |_, bytes| slice::trunk::read_page(&text(bytes))),
];

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A table that is taken has to be what Larder would write, and expands.
fn larder_lock(_: &Utf8Path, bytes: &[u8]) {
    let Ok(file) = LockFile::parse("larder.lock".into(), bytes) else { return };
    assert_eq!(file.text().as_bytes(), bytes, "a table has one text");
    for slice in &file.slices {
        (0..slice.layers.len()).for_each(|layer| seen(slice.files(layer)));
    }
}

/// A text that is understood is written as it was read.
fn dep_info(_: &Utf8Path, bytes: &[u8]) {
    let info = DepInfo::parse(bytes);
    let again = DepInfo::with_files(bytes, <[u8]>::to_vec);
    assert_eq!(again.as_deref(), info.as_ref().map(|_| bytes), "dep-info has one form");
    seen(info);
}

fn cargo_lock(dir: &Utf8Path, bytes: &[u8]) {
    let path = dir.join("Cargo.lock");
    if fs_err::write(&path, bytes).is_err() {
        return;
    }
    if let Ok(document) = workspace::parse_toml(&path) {
        seen(workspace::locked_packages(&document).map(|package| package.name.len()).max());
        seen(workspace::locked_version(&document, "itoa"));
    }
}

fn cargo_messages(_: &Utf8Path, bytes: &[u8]) {
    let mut passed = Vec::new();
    let mut stream = Stream::new(Readers::Caller);
    bytes.chunks(7).for_each(|piece| stream.take(piece, &mut passed));
    stream.finish(&mut passed);
    assert_eq!(passed, bytes, "every byte goes on to the caller");
    let mut counts: Counts = messages::Counts::default();
    text(bytes).lines().for_each(|line| seen(counts.add(line)));
    text(bytes).split('"').for_each(|id| seen(PackageSpec::parse(id).source()));
}

fn buildkit(_: &Utf8Path, bytes: &[u8]) {
    let mut all = progress::Progress::default();
    text(bytes).lines().for_each(|line| seen(all.add(line).is_some()));
    seen(progress::stages(all.steps()));
    seen((all.missing_base().map(str::len), all.complaints().len(), all.is_disk_full()));
}

/// A value that is put into a file can be read again, and the file stays TOML.
fn toml_texts(_: &Utf8Path, bytes: &[u8]) {
    let text = text(bytes);
    for path in [&["profile", "dev", "debug"][..], &["a"], &["workspace", "metadata", "larder", "b c"]] {
        let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        let Ok(found) = toml_text::set(&text, &path, &toml_edit::Value::from("x"), "why") else { continue };
        let document: toml_edit::DocumentMut =
            found.parse().unwrap_or_else(|error| panic!("{error}: {found}"));
        let item = path.iter().try_fold(document.as_item(), |item, part| item.get(part));
        assert_eq!(item.and_then(toml_edit::Item::as_str), Some("x"), "{found}");
    }
}

fn settings(_: &Utf8Path, bytes: &[u8]) {
    let Ok(document) = text(bytes).parse::<toml_edit::DocumentMut>() else { return };
    seen(Settings::owner(&document));
    if let Ok(settings) = toml_edit::de::from_document::<Settings>(document) {
        seen(settings.docker.check());
        settings.slices.iter().for_each(|(name, slice)| seen(slice.check(name)));
    }
}

/// The file is there twice: by itself, and as what it may include.
fn cargo_config(dir: &Utf8Path, bytes: &[u8]) {
    let folder = dir.join(".cargo");
    let paths = [folder.join("config.toml"), folder.join("more.toml")];
    if fs_err::create_dir_all(&folder).is_ok() && paths.iter().all(|path| fs_err::write(path, bytes).is_ok())
    {
        workspace::config::read_all(dir, &Environment::default());
    }
}

fn calls(_: &Utf8Path, bytes: &[u8]) {
    if let Ok(call) = serde_json::from_slice::<Call>(bytes) {
        seen((call.cargo_args().len(), call.subcommand().map(str::len)));
    }
    let words: Vec<String> = text(bytes).split_whitespace().map(str::to_owned).collect();
    seen(command_line::Work::parse(&words));
    seen(command_line::option_values(&words, "--config"));
    seen(command_line::before_subcommand(&words).len());
    seen(command_line::without_options(&words, &["--target-dir"]));
    seen(command_line::without_policies(&words));
    let read = command_line::arguments(&words).flat_map(|argument| argument.words);
    assert!(read.eq(command_line::own_args(&words)), "each word is read once");
    let quiet = command_line::without_options(&words, &command_line::VERBOSITY);
    assert_eq!(
        command_line::without_options(&quiet, &command_line::VERBOSITY),
        quiet,
        "all are taken out at once"
    );
    words.iter().for_each(|word| seen(secret::without(word)));
}

fn nix_log(_: &Utf8Path, bytes: &[u8]) {
    let mut all = nix::DerivationProgress::default();
    text(bytes).lines().for_each(|line| seen(all.add(line)));
    seen(all.derivations().count());
}

fn last_build(dir: &Utf8Path, bytes: &[u8]) {
    let path = dir.join("last-build.json");
    if fs_err::write(&path, bytes).is_ok() {
        seen(why::LastBuild::read(&path));
        seen(why::LastBuild::profiles(&path));
    }
}

fn literals(_: &Utf8Path, bytes: &[u8]) {
    let text = text(bytes);
    seen(reads::literals::of_source(&text));
    seen(reads::literals::of_build_script(&text));
    seen(reads::modules::of_source(&text));
}
