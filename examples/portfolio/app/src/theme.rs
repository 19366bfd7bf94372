//! Light and dark.
//!
//! The attribute `data-theme` on the root element decides; without scripts it is missing, and the
//! style sheet follows the system.

use leptos::prelude::*;

/// Runs before anything is painted, so that a page never flashes in the wrong colours.
pub(crate) const EARLY_SCRIPT: &str = "(()=>{let t;try{t=localStorage.getItem('theme')}catch{}\
document.documentElement.dataset.theme=t||(matchMedia('(prefers-color-scheme: dark)').matches?'dark':'light')})()";

/// The key in the browser's storage; [`EARLY_SCRIPT`] reads it.
const STORAGE_KEY: &str = "theme";

/// Switches between light and dark, and remembers the choice in this browser.
#[component]
pub(crate) fn ThemeToggle() -> impl IntoView {
    // The server cannot know the visitor's theme: both halves start with the same neutral label,
    // and the effect, which runs in the browser only, fills in the real one.
    let dark = RwSignal::new(None::<bool>);
    Effect::new(move || dark.set(Some(is_dark())));

    view! {
        <button
            id="theme-toggle"
            class="theme-toggle"
            type="button"
            title="Switch the theme"
            on:click=move |_| toggle(dark)
        >
            <span class="theme-toggle-icon" aria-hidden="true"></span>
            <span>{move || label(dark.get())}</span>
        </button>
    }
}

fn toggle(dark: RwSignal<Option<bool>>) {
    let next = !is_dark();
    apply(next);
    dark.set(Some(next));
}

/// The button's text: the theme that a click leads to, once it is known.
fn label(dark: Option<bool>) -> &'static str {
    match dark {
        None => "Theme",
        Some(true) => "Light",
        Some(false) => "Dark",
    }
}

fn is_dark() -> bool {
    document().document_element().and_then(|root| root.get_attribute("data-theme")).as_deref() == Some("dark")
}

fn apply(dark: bool) {
    let theme = if dark { "dark" } else { "light" };
    if let Some(root) = document().document_element() {
        // Setting an attribute with a fixed, valid name cannot fail.
        let _ = root.set_attribute("data-theme", theme);
    }
    // Storage may be forbidden; then the choice lasts until the page is left.
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(STORAGE_KEY, theme);
    }
}
