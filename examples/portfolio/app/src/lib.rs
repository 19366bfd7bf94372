//! The site itself: pages, components and server functions, shared by both halves.
//!
//! With the feature `ssr` this crate renders pages and talks to the database; with `hydrate` it
//! runs in the browser. Pages only ever call [`api`]; only the server side of it reaches `db`.

mod layout;
mod theme;

use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags, Title, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

use layout::{Footer, Header};
use pages::{AboutPage, GuestbookPage, HomePage, NotFound, ProjectPage};

/// The name in the title bar and in the header.
pub const SITE_NAME: &str = "Kerf & Kettle";

/// The document around the application; rendered on the server only.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="description" content="A workshop for small tools that do one thing well." />
                <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
                <script inner_html=theme::EARLY_SCRIPT></script>
                <HashedStylesheet options=options.clone() id="leptos" />
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

/// The application: header, the page that the address names, footer.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    mark_hydrated();

    view! {
        <Title formatter=|text: String| {
            if text.is_empty() { SITE_NAME.to_owned() } else { format!("{text} · {SITE_NAME}") }
        } />
        <Router>
            <a class="skip-link" href="#main">"Skip to content"</a>
            <Header />
            <main id="main">
                // `Async` waits for the page's data, so that its status code and its text are
                // complete in the first response: for crawlers, and for browsers without scripts.
                <Routes fallback=NotFound>
                    <Route path=path!("/") view=HomePage ssr=SsrMode::Async />
                    <Route path=path!("/projects/:slug") view=ProjectPage ssr=SsrMode::Async />
                    <Route path=path!("/guestbook") view=GuestbookPage ssr=SsrMode::Async />
                    <Route path=path!("/about") view=AboutPage />
                </Routes>
            </main>
            <Footer />
        </Router>
    }
}

/// Sets `data-hydrated` on the body once the browser has taken over. Effects run in the browser
/// only, so the mark proves that the WASM half is alive; tests and styles rely on it.
fn mark_hydrated() {
    Effect::new(|| {
        if let Some(body) = document().body() {
            // Setting an attribute with a fixed, valid name cannot fail.
            let _ = body.set_attribute("data-hydrated", "true");
        }
    });
}
