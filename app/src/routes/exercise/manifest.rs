//! The middle column: a plain form with a textarea, over which the YAML editor is laid once the page is hydrated.

use leptos::{ev::SubmitEvent, html, prelude::*, task::spawn_local};
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use web_sys::{HtmlTextAreaElement, KeyboardEvent};

use super::bench::Bench;
use crate::{
    browser::{editor::Editor, focus},
    components::{Icon, Shape},
    routes::exercise_url,
};

/// The form's id, for the submit button, which lies outside of it.
pub(crate) const FORM: &str = "manifest-form";
/// The submit button's id, where Escape leads from the editor.
pub(crate) const SUBMIT: &str = "submit";

/// The manifest and its editor.
#[component]
pub(crate) fn Manifest(bench: Bench, submit: Callback<()>) -> impl IntoView {
    let textarea = NodeRef::<html::Textarea>::new();
    let initial = bench.text.get_untracked();
    keep_in_step(bench, textarea);

    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        submit.run(());
    };
    let on_escape = |event: KeyboardEvent| {
        if event.key() == "Escape" {
            leave();
        }
    };
    view! {
        <section class="panel panel--manifest" aria-label="Manifest">
            <div class="panel__bar">
                <h2 class="panel__title">"Manifest"</h2>
                <button
                    class="button button--small drawer-button needs-script"
                    type="button"
                    aria-controls="brief"
                    aria-expanded=move || bench.drawer.get().to_string()
                    on:click=move |_| bench.drawer.update(|open| *open = !*open)
                >
                    <Icon shape=Shape::Book/>
                    "Brief"
                </button>
                <p class="panel__note" id="editor-keys">
                    "YAML, several documents allowed. "
                    <span class="needs-script">"Escape leaves the editor."</span>
                </p>
            </div>
            <form class="editor" id=FORM method="post" action=exercise_url(&bench.name()) on:submit=on_submit>
                <textarea
                    class="editor__plain"
                    name="manifest"
                    aria-label="Manifest"
                    aria-describedby="editor-keys"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    node_ref=textarea
                    on:input=move |event| bench.text.set(event_target_value(&event))
                    on:keydown=on_escape
                >
                    {as_content(initial)}
                </textarea>
            </form>
        </section>
    }
    .into_any()
}

/// A text as a textarea's content: HTML's parser drops a line end that stands first, so it is sent one to drop.
fn as_content(text: String) -> String {
    if cfg!(feature = "ssr") && text.starts_with('\n') { format!("\n{text}") } else { text }
}

/// Keeps the signal, the textarea and the editor over it showing the same text.
fn keep_in_step(bench: Bench, textarea: NodeRef<html::Textarea>) {
    let sent = bench.text.get_untracked();
    Effect::new(move || {
        let Some(textarea) = textarea.get() else { return };
        // What was typed before the page was hydrated is the learner's, and stays.
        if textarea.value() != sent {
            bench.text.set(textarea.value());
        }
        spawn_local(async move {
            let change = move |text| {
                if bench.text.read_untracked() != text {
                    bench.text.set(text);
                }
            };
            // Where the editor cannot be loaded, the textarea does all that is needed.
            if let Ok(editor) = Editor::mount(&textarea, change, leave).await {
                editor.show(bench.grading.read_untracked().problems());
                bench.editor.set_value(Some(SendWrapper::new(editor)));
            }
        });
    });
    Effect::new(move || {
        let text = bench.text.read();
        bench.editor.with_value(|editor| match (editor, textarea.get_untracked()) {
            (Some(editor), _) => editor.set_text(&text),
            (None, Some(textarea)) if textarea.value() != *text => textarea.set_value(&text),
            _ => {}
        });
    });
    Effect::new(move || {
        let grading = bench.grading.read();
        bench.editor.with_value(|editor| {
            if let Some(editor) = editor {
                editor.show(grading.problems());
            }
        });
    });
}

/// Puts the cursor at a line and column, both from 1.
pub(crate) fn go_to(bench: Bench, line: u32, column: u32) {
    super::bench::Panel::Manifest.show();
    bench.editor.with_value(|editor| match editor {
        Some(editor) => editor.go_to(line, column),
        None => go_to_plain(line, column),
    });
}

fn go_to_plain(line: u32, column: u32) {
    let textarea = document().query_selector(".editor__plain").ok().flatten();
    let Some(textarea) = textarea.and_then(|it| it.dyn_into::<HtmlTextAreaElement>().ok()) else { return };
    let before = line.saturating_sub(1) as usize;
    let text = textarea.value();
    let start: usize = text.split_inclusive('\n').take(before).map(|line| line.encode_utf16().count()).sum();
    let offset = u32::try_from(start).unwrap_or(u32::MAX).saturating_add(column.saturating_sub(1));
    let _ = textarea.focus();
    let _ = textarea.set_selection_range(offset, offset);
}

fn leave() {
    if let Some(button) = focus::element(SUBMIT) {
        focus::reveal(&button);
    }
}
