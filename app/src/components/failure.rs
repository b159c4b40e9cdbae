//! A page that cannot be shown, and what to do instead.

use leptos::prelude::*;

use crate::{api::ApiError, components::Heading};

/// Shows an error as a page, with its status; `retry` asks again for what did not come.
#[component]
pub(crate) fn Failure(error: ApiError, #[prop(into)] retry: Callback<()>) -> impl IntoView {
    answer_with(error.status);
    let (title, again) = match error.status {
        ApiError::NO_CONNECTION => ("podlab does not answer", true),
        404 => ("There is no such page", false),
        500.. => ("podlab could not show this page", true),
        _ => ("This page cannot be shown", false),
    };
    view! {
        <div class="failure">
            <Heading text=title/>
            <p>{error.message}</p>
            <p class="failure__next">
                {again
                    .then(|| {
                        view! {
                            <button class="button button--primary needs-script" type="button" on:click=move |_| retry.run(())>
                                "Try again"
                            </button>
                        }
                    })}
                <a class="button" href="/">
                    "Go to the catalogue"
                </a>
            </p>
        </div>
    }
}

/// Makes the page's HTTP status the error's.
pub(crate) fn answer_with(status: u16) {
    #[cfg(feature = "ssr")]
    if let (Some(response), Ok(status)) =
        (use_context::<leptos_axum::ResponseOptions>(), http::StatusCode::from_u16(status))
    {
        response.set_status(status);
    }
    #[cfg(not(feature = "ssr"))]
    let _ = status;
}
