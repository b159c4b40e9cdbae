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
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};
use podlab_app::{
    App,
    api::{Api, Draft},
    shell,
};

use super::{State, errors::Refusal, learner::Learner, security};
use crate::lab::Lab;

/// The routes that the app names, and the form of its exercise page.
pub(super) fn router(state: &State) -> Router<State> {
    let routes = generate_route_list(App);
    let options = state.leptos.clone();
    let (lab, fallback_lab) = (state.lab.clone(), state.lab.clone());
    let app = {
        let options = options.clone();
        move || shell(options.clone())
    };
    Router::new()
        .leptos_routes_with_context(state, routes, move || provide(&lab), app)
        .route("/exercises/{name}", post(submit))
        .fallback(leptos_axum::file_and_error_handler_with_context::<State, _>(
            move || provide(&fallback_lab),
            shell,
        ))
}

/// What a page being rendered finds in its context: the lab as this learner sees it. It also sets the page's policy,
/// since the nonce is known here.
fn provide(lab: &Lab) {
    // Neither is there while the routes are listed.
    if let Some(learner) = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Learner>().cloned()) {
        let api: Arc<dyn Api> = Arc::new(lab.of(learner.0, "form"));
        provide_context(api);
    }
    if let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>())
        && let Ok(policy) = HeaderValue::from_str(&security::page_policy(&nonce))
    {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// `POST /exercises/{name}`: the exercise page's form, for a browser without scripts. The answer leads to the page that
/// shows the submission.
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
