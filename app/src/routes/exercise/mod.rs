//! The exercise page: a workbench of brief, editor and verdict.

mod bench;
mod brief;
mod draft;
mod grading;
mod manifest;
mod solutions;
mod splitter;
mod submit_bar;
mod verdict;
mod workbench;

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use self::workbench::Workbench;
use crate::{
    api::{ApiError, ExercisePage, Submission, use_api},
    components::{Failure, Loading},
};

/// The page at `/exercises/{name}`; `?submission={id}` shows one of the learner's submissions instead of the newest.
#[component]
pub(crate) fn Exercise() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let asked =
        Memo::new(move |_| (params.read().get("name").unwrap_or_default(), query.read().get("submission")));
    let found = Resource::new(move || asked.get(), |(name, submission)| find(name, submission));
    view! {
        <Suspense fallback=|| view! { <Loading what="Fetching the exercise."/> }>
            {move || Suspend::new(async move {
                match found.await {
                    Ok((page, shown)) => view! { <Workbench page shown/> }.into_any(),
                    Err(error) => view! { <Failure error retry=move |()| found.refetch()/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

/// The exercise and the submission to show, if there is one.
async fn find(
    name: String,
    submission: Option<String>,
) -> Result<(ExercisePage, Option<Submission>), ApiError> {
    let api = use_api();
    let page = api.exercise(&name).await?;
    let Some(id) = submission else {
        let newest = page.last.clone();
        return Ok((page, newest));
    };
    let no_such = || ApiError {
        status: 404,
        message: format!(
            "You have no submission {id} of this exercise. Your progress page lists those you have."
        ),
    };
    let shown = api.submission(id.parse().map_err(|_| no_such())?).await?;
    if shown.exercise == name { Ok((page, Some(shown))) } else { Err(no_such()) }
}
