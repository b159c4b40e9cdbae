//! Hints, one at a time, for who asks.

use leptos::{ev::MouseEvent, prelude::*, task::spawn_local};

use crate::{
    api::{Hint, use_api},
    components::Prose,
};

/// The hints that were asked for, and a button for the next.
#[component]
pub(crate) fn Hints(exercise: String, check: String, of: usize) -> impl IntoView {
    let api = use_api();
    let shown = RwSignal::new(Vec::<Hint>::new());
    let problem = RwSignal::new(None::<String>);
    let asking = RwSignal::new(false);
    let ask = move |_: MouseEvent| {
        if asking.get_untracked() {
            return;
        }
        asking.set(true);
        let number = shown.read_untracked().len() + 1;
        let (api, exercise, check) = (api.clone(), exercise.clone(), check.clone());
        spawn_local(async move {
            let answer = api.hint(&exercise, &check, number).await;
            // Nothing is left to show it in, when the learner has submitted again meanwhile.
            asking.try_set(false);
            match answer {
                Ok(hint) => {
                    problem.try_set(None);
                    shown.try_update(|shown| shown.push(hint));
                }
                Err(error) => {
                    problem.try_set(Some(error.to_string()));
                }
            }
        });
    };
    let all_shown = move || shown.read().len() >= of;
    view! {
        <div class="hints needs-script">
            <div aria-live="polite">
                <For each=move || shown.get() key=|hint| hint.number let:hint>
                    <div class="hint">
                        <h3 class="hint__title">{format!("Hint {} of {of}", hint.number)}</h3>
                        <Prose html=hint.html/>
                    </div>
                </For>
            </div>
            <p class="problem" role="alert">
                {problem}
            </p>
            <button class="button button--small" type="button" hidden=all_shown on:click=ask>
                {move || format!("Hint {} of {of}", shown.read().len() + 1)}
            </button>
        </div>
    }
}
