//! The frame of every page.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::{SITE_NAME, theme::ThemeToggle};

/// The mark, the navigation and the theme button.
#[component]
pub(crate) fn Header() -> impl IntoView {
    view! {
        <header class="site-header">
            <div class="wrap">
                <A href="/" exact=true {..} class="brand">
                    <img src="/mark.svg" alt="" width="32" height="32" />
                    <span>{SITE_NAME}</span>
                </A>
                <nav aria-label="Main">
                    <A href="/" exact=true>"Projects"</A>
                    <A href="/guestbook">"Guestbook"</A>
                    <A href="/about">"About"</A>
                </nav>
                <ThemeToggle />
            </div>
        </header>
    }
}

/// The last line of every page.
#[component]
pub(crate) fn Footer() -> impl IntoView {
    view! {
        <footer class="site-footer">
            <div class="wrap">
                <p>"Made from Rust, a little SQL, and offcuts."</p>
                <p>
                    <a href="/health" rel="external">"Status"</a>
                </p>
            </div>
        </footer>
    }
}
