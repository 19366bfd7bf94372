//! The page for addresses that lead nowhere.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

/// Says so, kindly. The status code is set by whoever found out: the server's fallback for
/// unknown addresses, the server function for unknown projects.
#[component]
pub fn NotFound() -> AnyView {
    view! {
        <Title text="Not found" />
        <section class="wrap not-found">
            <p class="not-found-code" aria-hidden="true">"404"</p>
            <h1>"Nothing on this shelf"</h1>
            <p>"The page may have moved, or it was never cut."</p>
            <p>
                <A href="/" {..} class="button">"Back to the projects"</A>
            </p>
        </section>
    }
    .into_any()
}
