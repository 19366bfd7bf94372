//! The WASM half of the site: takes over the page that the server rendered.

use app::App;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the script that `HydrationScripts` puts into the page, once the WASM is loaded.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(App);
}
