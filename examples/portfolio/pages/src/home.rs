//! The home page: every project, and a filter that runs in the browser.

use std::collections::BTreeSet;

use content::api::list_projects;
use content::model::ProjectSummary;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

/// The introduction and the catalogue.
#[component]
pub fn HomePage() -> AnyView {
    let projects = Resource::new(|| (), |()| list_projects());

    view! {
        <Title text="" />
        <section class="hero">
            <div class="wrap">
                <div>
                    <h1>"A workshop for small tools"</h1>
                    <p class="lead">
                        "Programs that do one thing, start at once, and say plainly what went wrong."
                    </p>
                </div>
                <img class="hero-picture" src="/bench.svg" alt="" width="360" height="216" />
            </div>
        </section>
        <section class="wrap" aria-labelledby="projects-title">
            <h2 id="projects-title" class="section-title">"On the shelf"</h2>
            <Suspense fallback=|| view! { <p class="quiet">"Looking through the shelf…"</p> }>
                {move || Suspend::new(async move {
                    match projects.await {
                        Ok(projects) => view! { <Catalogue projects /> }.into_any(),
                        Err(error) => view! { <p class="notice notice-error">{error.to_string()}</p> }.into_any(),
                    }
                })}
            </Suspense>
        </section>
    }
    .into_any()
}

/// The projects as cards, with one button for each kind.
#[component]
fn Catalogue(projects: Vec<ProjectSummary>) -> impl IntoView {
    let chosen = RwSignal::new(None::<String>);
    let kinds: BTreeSet<String> = projects.iter().map(|project| project.kind.clone()).collect();
    let buttons = std::iter::once(None)
        .chain(kinds.into_iter().map(Some))
        .map(|kind| view! { <FilterButton kind chosen /> })
        .collect_view();
    let cards = projects.into_iter().map(|project| view! { <Card project chosen /> }).collect_view();

    view! {
        <div class="filters" role="group" aria-label="Show only">
            {buttons}
        </div>
        <ul class="cards">{cards}</ul>
    }
}

/// Shows one kind only, or with no kind everything.
#[component]
fn FilterButton(kind: Option<String>, chosen: RwSignal<Option<String>>) -> impl IntoView {
    let label = kind.clone().unwrap_or_else(|| "everything".to_owned());
    let pressed = {
        let kind = kind.clone();
        move || (*chosen.read() == kind).to_string()
    };
    view! {
        <button class="chip" type="button" aria-pressed=pressed on:click=move |_| chosen.set(kind.clone())>
            {label}
        </button>
    }
}

/// One project, as a link to its page.
#[component]
fn Card(project: ProjectSummary, chosen: RwSignal<Option<String>>) -> impl IntoView {
    let ProjectSummary { slug, title, kind, year, summary } = project;
    let hidden = {
        let kind = kind.clone();
        move || chosen.read().as_ref().is_some_and(|chosen| *chosen != kind)
    };
    view! {
        <li class="card" hidden=hidden>
            <p class="card-meta">
                <span class="tag">{kind}</span>
                <span>{year}</span>
            </p>
            <h3>
                <A href=format!("/projects/{slug}")>{title}</A>
            </h3>
            <p>{summary}</p>
        </li>
    }
}
