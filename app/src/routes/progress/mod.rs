//! The learner's progress: the sum, where each exercise stands, and what was submitted when.

mod history;
mod standings;

use leptos::prelude::*;

use self::{history::History, standings::Standings};
use crate::{
    api::{ProgressPage, use_api},
    components::{Failure, Heading, Loading, count},
};

/// The page at `/progress`.
#[component]
pub(crate) fn Progress() -> impl IntoView {
    let progress = Resource::new(|| (), async |()| use_api().progress().await);
    view! {
        <Suspense fallback=|| view! { <Loading what="Adding up your progress."/> }>
            {move || Suspend::new(async move {
                match progress.await {
                    Ok(page) => view! { <Found page/> }.into_any(),
                    Err(error) => view! { <Failure error retry=move |()| progress.refetch()/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Found(page: ProgressPage) -> impl IntoView {
    let ProgressPage { solved, exercises, points, max_points, cards, history } = page;
    let sum = format!(
        "{solved} of {} solved, {points} of {}.",
        count(exercises, "exercise"),
        count(max_points, "point")
    );
    view! {
        <div class="page">
            <div class="page__head">
                <Heading text="Progress"/>
            </div>
            <div class="sum">
                <p class="sum__words">{sum}</p>
                // An empty scale of nothing is no valid <progress>.
                <progress class="sum__bar" max=max_points.max(1) value=points aria-label="Points"></progress>
            </div>
            <section aria-labelledby="standings">
                <h2 id="standings">"Exercises"</h2>
                <Standings cards/>
            </section>
            <section aria-labelledby="history">
                <h2 id="history">"Submissions"</h2>
                <History history/>
            </section>
        </div>
    }
}
