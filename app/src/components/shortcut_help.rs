//! The list of keys.

use leptos::prelude::*;

/// What `?` opens.
#[component]
pub(crate) fn ShortcutHelp() -> impl IntoView {
    let keys: [(&[&str], &str); 7] = [
        (&["g", "c"], "Go to the catalogue"),
        (&["g", "p"], "Go to your progress"),
        (&["/"], "Search the exercises"),
        (&["Ctrl", "Enter"], "Submit the manifest (on a Mac: Cmd)"),
        (&["Esc"], "Leave the editor"),
        (&["F8"], "In the editor: go to the next problem"),
        (&["?"], "Show this list"),
    ];
    view! {
        <div class="popover" id="shortcuts" popover="auto" role="dialog" aria-labelledby="shortcuts-title">
            <h2 class="popover__title" id="shortcuts-title">
                "Keyboard shortcuts"
            </h2>
            <dl class="shortcuts">
                {keys
                    .into_iter()
                    .map(|(keys, meaning)| {
                        let keys = keys.iter().map(|key| view! { <kbd>{*key}</kbd> " " }).collect_view();
                        view! {
                            <div>
                                <dt>{keys}</dt>
                                <dd>{meaning}</dd>
                            </div>
                        }
                    })
                    .collect_view()}
            </dl>
            <p class="popover__actions">
                <button class="button" type="button" popovertarget="shortcuts" popovertargetaction="hide" autofocus>
                    "Close"
                </button>
            </p>
        </div>
    }
    .into_any()
}
