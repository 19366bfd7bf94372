//! The guestbook: a form that writes to the database, and what others wrote.

use content::api::{AddEntry, list_entries};
use content::guestbook::{MAX_MESSAGE, MAX_NAME};
use content::model::Entry;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;

/// The form above, the notes below.
#[component]
pub fn GuestbookPage() -> AnyView {
    let add = ServerAction::<AddEntry>::new();
    // Read again whenever a note was sent.
    let entries = Resource::new(move || add.version().get(), |_| list_entries());

    view! {
        <Title text="Guestbook" />
        <section class="wrap guestbook">
            <div>
                <h1>"Guestbook"</h1>
                <p class="lead">"Used something from the shelf? Found a splinter? Leave a note."</p>
                <EntryForm add />
            </div>
            <div>
                <h2 class="section-title">"Latest notes"</h2>
                <Transition fallback=|| view! { <p class="quiet">"Turning the pages…"</p> }>
                    {move || Suspend::new(async move {
                        match entries.await {
                            Ok(entries) => view! { <Entries entries /> }.into_any(),
                            Err(error) => {
                                view! { <p class="notice notice-error">{error.to_string()}</p> }.into_any()
                            }
                        }
                    })}
                </Transition>
            </div>
        </section>
    }
    .into_any()
}

/// Works without scripts as an ordinary form; with them, it counts characters and does not
/// leave the page.
#[component]
fn EntryForm(add: ServerAction<AddEntry>) -> impl IntoView {
    let message = RwSignal::new(String::new());
    let left = move || MAX_MESSAGE.saturating_sub(message.read().chars().count());
    // The server has the last word on what is valid; clear the field only when it said yes.
    Effect::new(move || {
        if matches!(add.value().get(), Some(Ok(()))) {
            message.set(String::new());
        }
    });

    view! {
        <ActionForm action=add attr:class="entry-form" attr:id="guestbook-form">
            <label for="name">"Name"</label>
            <input id="name" name="name" required=true maxlength=MAX_NAME autocomplete="nickname" />
            <label for="message">"Message"</label>
            <textarea
                id="message"
                name="message"
                required=true
                maxlength=MAX_MESSAGE
                rows="4"
                aria-describedby="left"
                prop:value=move || message.get()
                on:input:target=move |event| message.set(event.target().value())
            ></textarea>
            <div class="entry-form-last">
                <p id="left" class="quiet">{left} " characters left"</p>
                <button class="button" type="submit" disabled=move || add.pending().get()>
                    "Leave a note"
                </button>
            </div>
            <div aria-live="polite">
                {move || {
                    add.value()
                        .get()
                        .map(|result| match result {
                            Ok(()) => view! { <p class="notice">"Thank you, it is in the book."</p> }.into_any(),
                            Err(error) => {
                                view! { <p class="notice notice-error">{error.to_string()}</p> }.into_any()
                            }
                        })
                }}
            </div>
        </ActionForm>
    }
}

/// The notes, newest first.
#[component]
fn Entries(entries: Vec<Entry>) -> impl IntoView {
    if entries.is_empty() {
        return view! { <p class="quiet">"The first page is still empty."</p> }.into_any();
    }
    let notes = entries
        .into_iter()
        .map(|entry| {
            let day = entry.day().to_owned();
            view! {
                <li class="note">
                    <p class="note-message">{entry.message}</p>
                    <p class="note-by">
                        <span class="note-name">{entry.name}</span>
                        <time datetime=entry.created_at>{day}</time>
                    </p>
                </li>
            }
        })
        .collect_view();
    view! { <ol class="notes" id="notes">{notes}</ol> }.into_any()
}
