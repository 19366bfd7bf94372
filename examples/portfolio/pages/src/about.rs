//! The page about the workshop.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

/// What this place is, and how it works.
#[component]
pub fn AboutPage() -> AnyView {
    view! {
        <Title text="About" />
        <article class="wrap prose">
            <h1>"About the workshop"</h1>
            <p class="lead">
                "A kerf is the width of the cut that a saw leaves behind. Good work keeps it narrow."
            </p>
            <p>
                "This is a workshop for small tools: programs that do one thing, start at once, and explain
                themselves when they cannot go on. Most began as a note on the bench that said “this should not
                be so hard”."
            </p>
            <h2>"House rules"</h2>
            <ul class="rules">
                <li><strong>"One job."</strong>" A tool that needs a tour is two tools."</li>
                <li><strong>"Plain files."</strong>" What it writes can be read without it."</li>
                <li><strong>"Honest errors."</strong>" Every message names the file and the next step."</li>
                <li><strong>"Quick to build."</strong>" If compiling takes a kettle, the tea had better be good."</li>
            </ul>
            <h2>"How this site works"</h2>
            <p>
                "Pages are rendered on the server and taken over in the browser by the same code, compiled twice.
                Everything also works without scripts, the "<A href="/guestbook">"guestbook"</A>" included."
            </p>
        </article>
    }
    .into_any()
}
