//! The places from which text gets into generated files: each makes a project of a value.

use larder_tests::package;

/// The files of a project by their paths.
pub(crate) type Files = Vec<(String, String)>;

/// A place for a value.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    /// A value that is taken there.
    pub(crate) harmless: &'static str,
    pub(crate) files: Box<dyn Fn(&str) -> Files>,
    /// Whether the value is the name of a folder or file.
    is_path: bool,
}

impl Place {
    fn new(name: &'static str, harmless: &'static str, files: impl Fn(&str) -> Files + 'static) -> Self {
        Self { name, harmless, files: Box::new(files), is_path: false }
    }

    fn path(name: &'static str, files: impl Fn(&str) -> Files + 'static) -> Self {
        Self { is_path: true, ..Self::new(name, "harmless", files) }
    }

    /// Whether there can be such a value: file systems have their own rules.
    pub(crate) fn takes(&self, value: &str) -> bool {
        !self.is_path
            || !value.starts_with('/')
                && !value.contains('\0')
                && !value.contains("..")
                && value.split('/').all(|name| name.len() < 200)
    }
}

/// A text as TOML.
pub(crate) fn toml(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

pub(crate) fn files(list: &[(&str, &str)]) -> Files {
    list.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

/// `Cargo.lock` for members without dependencies.
fn lock(names: &[&str]) -> String {
    let entry = |name: &&str| format!("\n[[package]]\nname = {}\nversion = \"0.1.0\"\n", toml(name));
    format!("version = 4\n{}", names.iter().map(entry).collect::<String>())
}

/// One program, with more in its manifest.
pub(crate) fn app(rest: &str) -> Files {
    files(&[
        ("Cargo.toml", &package("app", rest)),
        ("src/main.rs", "fn main() {}\n"),
        ("Cargo.lock", &lock(&["app"])),
    ])
}

fn with(mut files: Files, path: &str, text: &str) -> Files {
    files.push((path.to_owned(), text.to_owned()));
    files
}

/// One key of the image's settings.
fn setting(name: &'static str, harmless: &'static str, text: impl Fn(&str) -> String + 'static) -> Place {
    Place::new(name, harmless, move |value| {
        app(&format!("\n[package.metadata.larder.docker]\n{}\n", text(&toml(value))))
    })
}

pub(crate) fn docker() -> Vec<Place> {
    vec![
        setting("docker include", "assets", |value| format!("include = [{value}]")),
        setting("docker build-packages", "cmake", |value| format!("build-packages = [{value}]")),
        setting("docker runtime-packages", "cmake", |value| format!("runtime-packages = [{value}]")),
        setting("docker build-base", "rust:1", |value| format!("build-base = {value}")),
        // No base whose folders are known, as the values are none either.
        setting("docker runtime-base", "base:13", |value| format!("runtime-base = {value}")),
        setting("docker entrypoint", "app", |value| format!("entrypoint = [{value}, {value}]")),
        setting("docker health-check", "app", |value| format!("health-check = [{value}]")),
        setting("docker volume", "/data", |value| format!("volume = {value}")),
        setting("docker env value", "x", |value| format!("env = {{ A = {value} }}")),
        setting("docker env name", "A", |value| format!("env = {{ {value} = \"x\" }}")),
        setting("docker secret id", "harmless", |value| format!("secrets = {{ {value} = \"/x\" }}")),
        setting("docker secret file", "/x", |value| format!("secrets = {{ cargo = {value} }}")),
        Place::new("npm version", "4.1.0", |value| {
            let lock =
                serde_json::json!({ "packages": { "node_modules/tailwindcss": { "version": value } } });
            let more = with(site("tailwind-input-file = \"in.css\"\n"), "in.css", "");
            with(with(more, "package.json", "{}"), "package-lock.json", &lock.to_string())
        }),
    ]
}

/// A slice of the release with more fields, and what else the manifest has.
fn slice(fields: &str, rest: &str) -> Files {
    let args = if fields.contains("args") { "" } else { "args = [\"build\", \"--release\"]\n" };
    app(&format!("{rest}\n[package.metadata.larder.slices.release]\nvariant = \"release\"\n{args}{fields}\n"))
}

/// The workspace's own cargo configuration.
fn configured(name: &'static str, harmless: &'static str, text: impl Fn(&str) -> String + 'static) -> Place {
    Place::new(name, harmless, move |value| with(app(""), ".cargo/config.toml", &text(&toml(value))))
}

/// A word of a slice's arguments, or the rest of one that begins so.
fn word(name: &'static str, harmless: &'static str, start: &'static str) -> Place {
    Place::new(name, harmless, move |value| {
        let word = toml(&format!("{start}{value}"));
        slice(&format!("args = [\"build\", \"--release\", {word}]"), "")
    })
}

pub(crate) fn slices() -> Vec<Place> {
    vec![
        Place::new("slice name", "harmless", |value| {
            let args = "variant = \"release\"\nargs = [\"build\", \"--release\"]";
            app(&format!("\n[package.metadata.larder.slices.{}]\n{args}\n", toml(value)))
        }),
        Place::new("slice env value", "x", |value| slice(&format!("env = {{ A = {} }}", toml(value)), "")),
        Place::new("slice env in target", "x", |value| {
            slice(&format!("env = {{ A = {} }}", toml(&format!("<target>/{value}"))), "")
        }),
        Place::new("slice env name", "A", |value| slice(&format!("env = {{ {} = \"x\" }}", toml(value)), "")),
        Place::new("slice env name of cargo's", "A", |value| {
            slice(&format!("env = {{ {} = \"x\" }}", toml(&format!("CARGO_{value}"))), "")
        }),
        Place::new("slice rustflags", "--cfg=x", |value| {
            slice(&format!("rustflags = [{}]", toml(value)), "")
        }),
        word("slice word", "--quiet", ""),
        Place::new("slice --config", "x", |value| {
            let word = toml(&format!("env.X={}", toml(value)));
            slice(&format!("args = [\"build\", \"--release\", \"--config\", {word}]"), "")
        }),
        word("slice --target-dir", "target/x", "--target-dir="),
        word("slice --target", "aarch64-unknown-linux-gnu", "--target="),
        Place::new("slice profile", "dist", |value| {
            let profile = format!("\n[profile.{}]\ninherits = \"release\"\n", toml(value));
            slice(&format!("args = [\"build\", {}]", toml(&format!("--profile={value}"))), &profile)
        }),
        Place::new("platform", "aarch64-unknown-linux-gnu", |value| {
            app(&format!("\n[package.metadata.larder]\nplatforms = [{}]\n", toml(value)))
        }),
        configured("config rustflags", "--cfg=x", |value| format!("build.rustflags = [{value}]\n")),
        configured("config env value", "x", |value| format!("env.A = {value}\n")),
        configured("config env name", "A", |value| format!("env.{value} = \"x\"\n")),
        configured("config target-dir", "out", |value| format!("build.target-dir = {value}\n")),
        configured("config build-dir", "out", |value| format!("build.build-dir = {value}\n")),
        configured("config linker", "cc", |value| {
            format!("target.x86_64-unknown-linux-gnu.linker = {value}\n")
        }),
    ]
}

pub(crate) fn workspaces() -> Vec<Place> {
    vec![
        Place::new("program name", "harmless", |value| {
            app(&format!("\n[[bin]]\nname = {}\npath = \"src/main.rs\"\n", toml(value)))
        }),
        Place::new("package name", "harmless", |value| {
            let manifest = package("app", "").replace("\"app\"", &toml(value));
            files(&[
                ("Cargo.toml", &manifest),
                ("src/main.rs", "fn main() {}\n"),
                ("Cargo.lock", &lock(&[value])),
            ])
        }),
        Place::path("member folder", |value| {
            // A name that cargo takes for a pattern is written as one that fits it alone.
            let member: String = value
                .chars()
                .map(|c| if "*?[]".contains(c) { format!("[{c}]") } else { c.to_string() })
                .collect();
            files(&[
                ("Cargo.toml", &format!("[workspace]\nresolver = \"3\"\nmembers = [{}]\n", toml(&member))),
                (&format!("{value}/Cargo.toml"), &package("app", "")),
                (&format!("{value}/src/main.rs"), "fn main() {}\n"),
                ("Cargo.lock", &lock(&["app"])),
            ])
        }),
        Place::path("path dependency", |value| {
            let beta = format!("\n[workspace]\n\n[dependencies]\nbeta = {{ path = {} }}\n", toml(value));
            let lock =
                lock(&["app", "beta"]).replacen("\"0.1.0\"", "\"0.1.0\"\ndependencies = [\"beta\"]", 1);
            files(&[
                ("Cargo.toml", &package("app", &beta)),
                ("src/main.rs", "fn main() {}\n"),
                (&format!("{value}/Cargo.toml"), &package("beta", "")),
                (&format!("{value}/src/lib.rs"), ""),
                ("Cargo.lock", &lock),
            ])
        }),
        Place::path("toolchain path", |value| {
            let file = format!("[toolchain]\npath = {}\n", toml(value));
            let folder = format!("{value}/bin/x");
            with(with(app(""), "rust-toolchain.toml", &file), &folder, "")
        }),
        Place::path("folder of an included file", |value| {
            let mut all = files(&[(&format!("{value}/in.txt"), "")]);
            let source = format!(
                "const TEXT: &str = include_str!({});\nfn main() {{}}\n",
                toml(&format!("../{value}/in.txt"))
            );
            all.extend(app("").into_iter().filter(|(path, _)| path != "src/main.rs"));
            with(all, "src/main.rs", &source)
        }),
        Place::new("wasm-bindgen version", "0.2.100", |value| {
            let entry = format!("\n[[package]]\nname = \"wasm-bindgen\"\nversion = {}\n", toml(value));
            site("")
                .into_iter()
                .map(|(path, text)| if path == "Cargo.lock" { (path, text + &entry) } else { (path, text) })
                .collect()
        }),
    ]
}

/// A Leptos project of two halves with more keys in its table.
fn site(keys: &str) -> Files {
    let manifest = format!(
        "[workspace]\nmembers = [\"front\", \"server\"]\nresolver = \"3\"\n\n[[workspace.metadata.leptos]]\n\
         name = \"site\"\nbin-package = \"server\"\nlib-package = \"front\"\n{keys}"
    );
    let library = "\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n";
    files(&[
        ("Cargo.toml", &manifest),
        ("front/Cargo.toml", &package("front", library)),
        ("front/src/lib.rs", ""),
        ("server/Cargo.toml", &package("server", "\n[features]\nssr = []\n")),
        ("server/src/main.rs", "fn main() {}\n"),
        ("Cargo.lock", &lock(&["front", "server"])),
    ])
}

/// One key of Leptos metadata.
fn key(name: &'static str, harmless: &'static str) -> Place {
    Place::new(name, harmless, move |value| site(&format!("{name} = {}\n", toml(value))))
}

/// One that names a file or folder which is there.
fn key_of_file(name: &'static str, file: &'static str) -> Place {
    Place::path(name, move |value| {
        with(site(&format!("{name} = {}\n", toml(&format!("{value}{file}")))), &format!("{value}/in.css"), "")
    })
}

pub(crate) fn leptos() -> Vec<Place> {
    vec![
        key("output-name", "harmless"),
        key("site-root", "harmless"),
        key("site-pkg-dir", "harmless"),
        key("server-fn-prefix", "/api"),
        key("bin-target-dir", "harmless"),
        key("front-target-dir", "harmless"),
        key("bin-target-triple", "aarch64-unknown-linux-gnu"),
        key("bin-profile-release", "release"),
        key_of_file("assets-dir", ""),
        key_of_file("style-file", "/in.css"),
        key_of_file("tailwind-input-file", "/in.css"),
        key_of_file("tailwind-config-file", "/in.css"),
        Place::new("hash-file-name", "harmless.txt", |value| {
            site(&format!("hash-files = true\nhash-file-name = {}\n", toml(value)))
        }),
        Place::new("bin-cargo-args", "--quiet", |value| {
            site(&format!("bin-cargo-args = [{}]\n", toml(value)))
        }),
        Place::new("bin-features", "ssr", |value| site(&format!("bin-features = [{}]\n", toml(value)))),
        Place::new("name of one of two", "harmless", |value| {
            let second = format!(
                "\n[[workspace.metadata.leptos]]\nname = {}\nbin-package = \"server\"\nlib-package = \"front\"\n",
                toml(value)
            );
            site(&second)
        }),
        Place::path("watch-additional-files", |value| {
            let keys = format!("watch-additional-files = [{}]\n", toml(value));
            with(site(&keys), &format!("{value}/in.css"), "")
        }),
    ]
}
