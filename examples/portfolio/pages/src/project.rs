//! The page of one project.

use content::api::find_project;
use content::error::AppError;
use content::model::Project;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use leptos_router::hooks::use_params_map;

use super::NotFound;

/// Looks the project up by the address.
#[component]
pub fn ProjectPage() -> AnyView {
    let params = use_params_map();
    let slug = move || params.read().get("slug").unwrap_or_default();
    let project = Resource::new(slug, find_project);

    view! {
        <Suspense fallback=|| view! { <p class="wrap quiet">"Fetching it from the shelf…"</p> }>
            {move || Suspend::new(async move {
                match project.await {
                    Ok(project) => view! { <Details project /> }.into_any(),
                    Err(AppError::NotFound) => view! { <NotFound /> }.into_any(),
                    Err(error) => {
                        view! { <p class="wrap notice notice-error">{error.to_string()}</p> }.into_any()
                    }
                }
            })}
        </Suspense>
    }
    .into_any()
}

/// The text itself.
#[component]
fn Details(project: Project) -> impl IntoView {
    let Project { title, kind, year, summary, body } = project;
    let paragraphs = body.split("\n\n").map(|text| view! { <p>{text.trim().to_owned()}</p> }).collect_view();

    view! {
        <Title text=title.clone() />
        <article class="wrap prose">
            <p class="crumbs">
                <A href="/">"← All projects"</A>
            </p>
            <h1>{title}</h1>
            <p class="card-meta">
                <span class="tag">{kind}</span>
                <span>"since " {year}</span>
            </p>
            <p class="lead">{summary}</p>
            {paragraphs}
        </article>
    }
}
