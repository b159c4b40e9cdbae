//! From the button to the verdict: submits, follows the grading's events, mends a lost connection.

use std::{sync::Arc, time::Duration};

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use podlab_exercises::{CheckResult, Progress, Verdict};
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use web_sys::HtmlDetailsElement;

use super::{
    bench::{Bench, Grading, Panel, Shown},
    draft,
    verdict::{row_id, sum_in_words},
};
use crate::{
    api::{Api, ApiError, Draft, Submission, use_api},
    browser::{events::EventStream, focus},
    components::announce,
    routes::exercise_url,
};

/// How long after a loss the connection is tried again; doubled each time.
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LAST_RETRY: Duration = Duration::from_secs(8);
/// How long a stream may say nothing before podlab is asked whether it is still there: a connection that a sleeping
/// laptop has lost stays silent for ever.
const PATIENCE: Duration = Duration::from_secs(10);

/// A callback that submits what stands in the editor. A grading that was under way when the page came is followed.
pub(crate) fn use_grading(bench: Bench) -> Callback<()> {
    let announce = announce();
    let grader = Grader {
        bench,
        api: StoredValue::new(use_api()),
        stream: StoredValue::new(None),
        heard: StoredValue::new(0),
        watchdog: StoredValue::new(None),
        say: Callback::new(announce),
    };
    Effect::new(move || {
        let running = matches!(*bench.grading.read_untracked(), Grading::Running { .. });
        if let Some(shown) = bench.shown.get_untracked().filter(|_| running) {
            grader.follow(shown.id, FIRST_RETRY);
        }
    });
    Callback::new(move |()| grader.submit())
}

#[derive(Clone, Copy)]
struct Grader {
    bench: Bench,
    api: StoredValue<Arc<dyn Api>>,
    stream: StoredValue<Option<SendWrapper<EventStream>>>,
    /// How many events have come, over all streams.
    heard: StoredValue<u32>,
    watchdog: StoredValue<Option<TimeoutHandle>>,
    say: Callback<String>,
}

impl Grader {
    fn submit(self) {
        let bench = self.bench;
        if bench.grading.read_untracked().is_open() {
            self.say.run("Your submission is still being graded.".to_owned());
            return;
        }
        let manifest = bench.text.get_untracked();
        bench.grading.set(Grading::Sending);
        bench.results.set(vec![]);
        bench.shown.set(None);
        bench.drawer.set(false);
        Panel::Verdict.show();
        self.say.run("Submitted. Grading begins.".to_owned());
        forget_submission_in_url(&exercise_url(&bench.name()));

        let (api, name) = (self.api.get_value(), bench.name());
        spawn_local(async move {
            let answer = api.submit(&name, Draft { manifest: manifest.clone() }).await;
            if self.is_gone() {
                return;
            }
            match answer {
                Ok(submission) => {
                    draft::acknowledged(bench, &manifest);
                    self.recorded(submission);
                }
                Err(error) => {
                    self.say.run(error.to_string());
                    bench.grading.set(Grading::Refused(error));
                }
            }
        });
    }

    fn recorded(self, submission: Submission) {
        let (id, verdict) = (submission.id, submission.verdict.clone());
        self.bench.shown.set(Some(Shown::from(submission)));
        match verdict {
            Some(verdict) => self.finish(verdict),
            None => {
                self.bench.grading.set(Grading::running());
                self.follow(id, FIRST_RETRY);
            }
        }
    }

    /// Listens to the events of a submission, from the first on.
    fn follow(self, id: i64, retry: Duration) {
        let on_data = move |data: String| match serde_json::from_str(&data) {
            Ok(progress) => self.progressed(progress),
            // Words of a newer server: the verdict itself can still be asked for.
            Err(_) => self.lost(id, retry),
        };
        let opened = EventStream::open(&format!("/api/v1/submissions/{id}/events"), on_data, move || {
            self.lost(id, retry)
        });
        match opened {
            Ok(stream) => {
                self.stream.set_value(Some(SendWrapper::new(stream)));
                self.watch(id, self.heard.get_value());
            }
            Err(_) => self.lost(id, retry),
        }
    }

    /// Asks where the submission is, if the stream says nothing more than the `heard` events before.
    fn watch(self, id: i64, heard: u32) {
        let look = move || match self.heard.try_get_value() {
            Some(now) if now == heard => {
                self.close_stream();
                self.ask(id, FIRST_RETRY);
            }
            Some(now) => self.watch(id, now),
            None => {}
        };
        self.watchdog.set_value(set_timeout_with_handle(look, PATIENCE).ok());
    }

    fn progressed(self, progress: Progress) {
        if self.is_gone() {
            return;
        }
        self.heard.update_value(|heard| *heard += 1);
        match progress {
            Progress::Phase { message, cluster_ms } => {
                self.say.run(message.clone());
                self.bench.grading.set(Grading::Running { phase: message, cluster_ms, lost: false });
            }
            Progress::Check { result, cluster_ms: now } => {
                self.bench.results.update(|results| put_result(results, result));
                self.bench.grading.update(|grading| {
                    if let Grading::Running { cluster_ms, lost, .. } = grading {
                        (*cluster_ms, *lost) = (now, false);
                    }
                });
            }
            Progress::Done { verdict } => self.finish(verdict),
        }
    }

    fn finish(self, verdict: Verdict) {
        let bench = self.bench;
        self.close_stream();
        self.say.run(sum_in_words(&verdict));
        let passed = verdict.passed;
        bench.results.set(verdict.checks.clone());
        bench.grading.set(Grading::Done(verdict));
        // Whoever has typed on meanwhile keeps the keyboard.
        let untouched = bench
            .shown
            .read_untracked()
            .as_ref()
            .is_some_and(|shown| *bench.text.read_untracked() == shown.manifest);
        request_animation_frame(move || lead_to_result(bench, passed, untouched));
        let (api, name) = (self.api.get_value(), bench.name());
        spawn_local(async move {
            // Standing and solutions may have changed; without an answer they do with the next page.
            if let Ok(page) = api.exercise(&name).await
                && !self.is_gone()
            {
                bench.refresh(&page);
            }
        });
    }

    /// The stream broke, or ended without a verdict: asks where the submission is, until there is an answer.
    fn lost(self, id: i64, retry: Duration) {
        if self.is_gone() {
            return;
        }
        self.bench.grading.update(|grading| {
            if let Grading::Running { lost, .. } = grading {
                *lost = true;
            }
        });
        set_timeout(
            move || {
                self.close_stream();
                if !self.is_gone() {
                    self.ask(id, LAST_RETRY.min(retry * 2));
                }
            },
            retry,
        );
    }

    fn ask(self, id: i64, retry: Duration) {
        let api = self.api.get_value();
        spawn_local(async move {
            let answer = api.submission(id).await;
            if self.is_gone() {
                return;
            }
            match answer.map(|submission| Grading::of(&submission)) {
                Ok(Grading::Done(verdict)) => self.finish(verdict),
                Ok(Grading::Running { .. }) => self.follow(id, retry),
                Ok(other) => self.bench.grading.set(other),
                Err(error) if error.status == ApiError::NO_CONNECTION || error.status >= 500 => {
                    self.lost(id, retry)
                }
                Err(error) => self.bench.grading.set(Grading::Refused(error)),
            }
        });
    }

    fn close_stream(self) {
        self.stream.try_update_value(|stream| *stream = None);
        if let Some(Some(watchdog)) = self.watchdog.try_update_value(Option::take) {
            watchdog.clear();
        }
    }

    /// Whether the learner has moved to another page.
    fn is_gone(self) -> bool {
        self.bench.grading.try_read_untracked().is_none()
    }
}

/// A stream that was opened again tells everything again.
fn put_result(results: &mut Vec<CheckResult>, result: CheckResult) {
    match results.iter_mut().find(|known| known.id == result.id) {
        Some(known) => *known = result,
        None => results.push(result),
    }
}

/// Opens the first failure, and moves the focus there, or to the sum where nothing failed.
fn lead_to_result(bench: Bench, passed: bool, with_focus: bool) {
    let first = if passed { None } else { bench.first_failure() };
    let row = first.and_then(|id| focus::element(&row_id(&id)));
    let within = |name| row.as_ref().and_then(|row| row.query_selector(name).ok().flatten());
    if let Some(details) = within("details").and_then(|it| it.dyn_into::<HtmlDetailsElement>().ok()) {
        details.set_open(true);
    }
    let place = within("summary").and_then(|it| it.dyn_into().ok()).or_else(|| focus::element("sum"));
    if let Some(place) = place.filter(|_| with_focus) {
        focus::reveal(&place);
    }
}

/// The address asked for an older submission; from now on the newest is shown, also after a reload.
fn forget_submission_in_url(path: &str) {
    let asks = window().location().search().is_ok_and(|search| !search.is_empty());
    if let (true, Ok(history)) = (asks, window().history()) {
        // Only the address bar would be wrong.
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(path));
    }
}

#[cfg(test)]
mod tests {
    use podlab_exercises::Outcome;

    use super::*;

    fn result(id: &str, outcome: Outcome) -> CheckResult {
        CheckResult {
            id: id.into(),
            title: id.into(),
            outcome,
            points: 0,
            max_points: 1,
            message: String::new(),
            observed: None,
        }
    }

    #[test]
    fn a_result_told_twice_stands_once() {
        let mut results = vec![];
        for outcome in [Outcome::Fail, Outcome::Pass] {
            put_result(&mut results, result("a", outcome));
            put_result(&mut results, result("b", Outcome::Pass));
        }
        assert_eq!(results, [result("a", Outcome::Pass), result("b", Outcome::Pass)]);
    }
}
