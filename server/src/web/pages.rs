//! The pages: rendered here, hydrated in the browser.

use std::sync::Arc;

use axum::{
    Extension, Form, Router,
    extract::{Path, State as Extract, rejection::FormRejection},
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list_with_exclusions_and_ssg_and_context};
use podlab_app::{
    App,
    api::{Api, Draft},
    page_policy, shell,
};

use super::{State, errors::Refusal, learner::Learner};
use crate::lab::Lab;

/// The routes that the app names, and the form of its exercise page.
pub(super) fn router(state: &State) -> Router<State> {
    let options = state.leptos.clone();
    let (lab, listing_lab, fallback_lab) = (state.lab.clone(), state.lab.clone(), state.lab.clone());
    // The app is built once to list its routes, so it must find its context then, too.
    let listing = move || provide(&listing_lab);
    let (routes, _) = generate_route_list_with_exclusions_and_ssg_and_context(App, None, listing);
    let app = {
        let options = options.clone();
        move || shell(options.clone())
    };
    Router::new()
        .leptos_routes_with_context(state, routes, move || provide(&lab), app)
        .route("/exercises/{name}", post(submit))
        .route("/exercises/{name}/reset", post(reset))
        .route("/exercises/{name}/give-up", post(give_up))
        .fallback(leptos_axum::file_and_error_handler_with_context::<State, _>(
            move || provide(&fallback_lab),
            shell,
        ))
}

/// What a page being rendered finds in its context: the lab as this learner sees it. It also sets the page's policy,
/// since the nonce is known here.
fn provide(lab: &Lab) {
    // While the routes are listed there is no learner: an empty key is nobody's.
    let learner = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Learner>().cloned());
    let api: Arc<dyn Api> = Arc::new(lab.of(learner.unwrap_or_default().0, "form"));
    provide_context(api);
    if let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>())
        && let Ok(policy) = HeaderValue::from_str(&page_policy(&nonce))
    {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// `POST /exercises/{name}`: the exercise page's form, for a browser without scripts. The answer leads to the page that
/// shows the submission. `name` is an exercise's by then, so it can stand in an address.
async fn submit(
    Extract(lab): Extract<Lab>,
    Extension(learner): Extension<Learner>,
    Path(name): Path<String>,
    form: Result<Form<Draft>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(draft) = form?;
    let submission = lab.of(learner.0, "form").submit_and_wait(&name, draft).await?;
    Ok(Redirect::to(&format!("/exercises/{name}?submission={}", submission.id)).into_response())
}

/// `POST /exercises/{name}/reset`: the same for its reset.
async fn reset(
    Extract(lab): Extract<Lab>,
    Extension(learner): Extension<Learner>,
    Path(name): Path<String>,
) -> Result<Redirect, Refusal> {
    lab.of(learner.0, "form").reset(&name).await?;
    Ok(Redirect::to(&format!("/exercises/{name}")))
}

/// `POST /exercises/{name}/give-up`: the same for its solutions.
async fn give_up(
    Extract(lab): Extract<Lab>,
    Extension(learner): Extension<Learner>,
    Path(name): Path<String>,
) -> Result<Redirect, Refusal> {
    lab.of(learner.0, "form").give_up(&name).await?;
    Ok(Redirect::to(&format!("/exercises/{name}#solutions")))
}
