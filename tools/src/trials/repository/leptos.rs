//! Leptos projects of one package: the library is the half for browsers, the program the server.
//!
//! Their versions are those of the example, whose tools set-up has.

use super::{Image, PLAIN, RepositoryFolder, TrialRepository, Weight};

/// All of them.
pub(super) fn all() -> Vec<TrialRepository> {
    let serves = Image::Serves { port: 3000, page: "It works" };
    let site =
        TrialRepository { plain: None, image: serves, weight: Weight::Heavy, needs_tools: true, ..PLAIN };
    vec![
        TrialRepository {
            name: "leptos-single",
            kind: "a Leptos site of one package, with styles in Sass",
            write: |folder| leptos(folder, "style-file = \"style/main.scss\"", "main.scss"),
            ..site
        },
        TrialRepository {
            name: "leptos-tailwind",
            kind: "a Leptos site of one package, with styles by Tailwind",
            write: |folder| leptos(folder, "tailwind-input-file = \"style/tailwind.css\"", "tailwind.css"),
            ..site
        },
    ]
}

const LOCK: &str = include_str!("../../../../examples/portfolio/Cargo.lock");

const MANIFEST: &str = r#"[package]
name = "site"
version = "0.1.0"
edition = "2021"

[lib]
crate-type = ["cdylib", "rlib"]

[dependencies]
axum = { version = "0.8", optional = true }
console_error_panic_hook = { version = "0.1", optional = true }
leptos = "0.8"
leptos_axum = { version = "0.8", optional = true }
leptos_meta = "0.8"
leptos_router = "0.8"
tokio = { version = "1", features = ["macros", "rt-multi-thread"], optional = true }
wasm-bindgen = { version = "0.2", optional = true }

[features]
hydrate = ["leptos/hydrate", "dep:console_error_panic_hook", "dep:wasm-bindgen"]
ssr = [
    "dep:axum",
    "dep:tokio",
    "dep:leptos_axum",
    "leptos/ssr",
    "leptos_meta/ssr",
    "leptos_router/ssr",
]

# For browsers: small.
[profile.wasm-release]
inherits = "release"
opt-level = 'z'
lto = true
codegen-units = 1
panic = "abort"

[package.metadata.leptos]
output-name = "site"
site-root = "target/site"
site-pkg-dir = "pkg"
STYLE
assets-dir = "public"
site-addr = "127.0.0.1:3000"
reload-port = 3001
browserquery = "defaults"
bin-features = ["ssr"]
bin-default-features = false
lib-features = ["hydrate"]
lib-default-features = false
lib-profile-release = "wasm-release"
"#;

fn leptos(folder: &RepositoryFolder<'_>, style: &str, file: &str) -> anyhow::Result<()> {
    let styles = match file {
        "main.scss" => "$size: 2rem;\n\nh1 {\n  font-size: $size;\n}\n",
        _ => "@import \"tailwindcss\";\n",
    };
    folder.write_all(&[
        ("Cargo.toml", &MANIFEST.replace("STYLE", style)),
        ("Cargo.lock", LOCK),
        (".gitignore", "/target\n/node_modules\n"),
        (&format!("style/{file}"), styles),
        ("public/robots.txt", "User-agent: *\n"),
        (
            "src/lib.rs",
            r#"pub mod app;

#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
}
"#,
        ),
        (
            "src/app.rs",
            r#"use leptos::prelude::*;
use leptos_meta::{provide_meta_context, MetaTags, Stylesheet};
use leptos_router::{
    components::{Route, Router, Routes},
    StaticSegment,
};

pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <AutoReload options=options.clone() />
                <HydrationScripts options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Stylesheet id="leptos" href="/pkg/site.css" />
        <Router>
            <main>
                <Routes fallback=|| "Not found">
                    <Route path=StaticSegment("") view=HomePage />
                </Routes>
            </main>
        </Router>
    }
}

#[component]
fn HomePage() -> impl IntoView {
    view! { <h1 class="text-3xl font-bold">"It works"</h1> }
}
"#,
        ),
        (
            "src/main.rs",
            r#"#[cfg(feature = "ssr")]
#[tokio::main]
async fn main() {
    use axum::Router;
    use leptos::prelude::*;
    use leptos_axum::{generate_route_list, LeptosRoutes};
    use site::app::{shell, App};

    let options = get_configuration(None).unwrap().leptos_options;
    let addr = options.site_addr;
    let routes = generate_route_list(App);
    let app = Router::new()
        .leptos_routes(&options, routes, {
            let options = options.clone();
            move || shell(options.clone())
        })
        .fallback(leptos_axum::file_and_error_handler(shell))
        .with_state(options);
    let listener = tokio::net::TcpListener::bind(&addr).await.unwrap();
    axum::serve(listener, app.into_make_service()).await.unwrap();
}

#[cfg(not(feature = "ssr"))]
pub fn main() {}
"#,
        ),
    ])
}
