//! Drafts are saved while one types, and are never lost: what the server has not acknowledged is kept in this
//! browser too.

use std::{sync::Arc, time::Duration};

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};

use super::bench::{Bench, Saving};
use crate::{
    api::{Api, ApiError, Draft, use_api},
    browser::storage,
};

/// How long after the last key a draft is sent.
const PAUSE: Duration = Duration::from_millis(700);
/// How long after a failure it is sent again; doubled each time.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(16);

/// Saves what stands in the editor from now on, and brings back what an earlier visit could not save.
pub(crate) fn keep_saved(bench: Bench) {
    let keeper = Keeper {
        bench,
        api: StoredValue::new(use_api()),
        key: StoredValue::new(key(&bench.name())),
        timer: StoredValue::new(None),
        sending: StoredValue::new(false),
    };
    let sent = bench.text.get_untracked();
    Effect::new(move || keeper.restore());
    Effect::new(move |before: Option<String>| {
        let before = before.unwrap_or_else(|| sent.clone());
        let text = bench.text.get();
        if text != before {
            keeper.changed(&text, &before);
        }
        text
    });
}

/// The draft of this exercise has been acknowledged by other means.
pub(crate) fn acknowledged(bench: Bench, text: &str) {
    if *bench.text.read_untracked() == text {
        storage::remove(&key(&bench.name()));
        if *bench.saving.read_untracked() != Saving::Untouched {
            bench.saving.set(Saving::Saved);
        }
    }
}

fn key(name: &str) -> String {
    format!("podlab:draft:{name}")
}

#[derive(Clone, Copy)]
struct Keeper {
    bench: Bench,
    api: StoredValue<Arc<dyn Api>>,
    key: StoredValue<String>,
    timer: StoredValue<Option<TimeoutHandle>>,
    sending: StoredValue<bool>,
}

impl Keeper {
    fn restore(self) {
        if let Some(kept) = self.key.with_value(|key| storage::get(key)) {
            self.bench.put(kept, "What you typed last is back; it had not reached podlab.");
        }
    }

    fn changed(self, text: &str, before: &str) {
        // An undo is offered for as long as nothing was typed after it.
        self.bench.replaced.update(|replaced| {
            if replaced.as_ref().is_some_and(|replaced| replaced.before != before) {
                *replaced = None;
            }
        });
        self.key.with_value(|key| storage::set(key, text));
        self.bench.saving.set(Saving::Pending);
        self.send_after(PAUSE, FIRST_RETRY);
    }

    fn send_after(self, pause: Duration, retry: Duration) {
        if let Some(Some(timer)) = self.timer.try_get_value() {
            timer.clear();
        }
        let timer = set_timeout_with_handle(move || self.send(retry), pause).ok();
        self.timer.set_value(timer);
    }

    fn send(self, retry: Duration) {
        // Gone, when the learner has moved to another page; what is kept in the browser is sent by the next visit.
        let (Some(text), Some(api)) = (self.bench.text.try_get_untracked(), self.api.try_get_value()) else {
            return;
        };
        if self.sending.get_value() {
            return self.send_after(PAUSE, retry);
        }
        self.sending.set_value(true);
        let name = self.bench.name();
        spawn_local(async move {
            let answer = api.save_draft(&name, Draft { manifest: text.clone() }).await;
            self.sending.try_update_value(|sending| *sending = false);
            self.sent(&text, answer, retry);
        });
    }

    fn sent(self, text: &str, answer: Result<(), ApiError>, retry: Duration) {
        let Some(now) = self.bench.text.try_get_untracked() else { return };
        match answer {
            // More was typed meanwhile: its own timer is running.
            _ if now != text => {}
            Ok(()) => acknowledged(self.bench, text),
            Err(error) if error.status == ApiError::NO_CONNECTION || error.status >= 500 => {
                let kept = self.key.with_value(|key| storage::get(key)).is_some();
                self.bench.saving.set(Saving::Offline { kept });
                self.send_after(retry, LAST_RETRY.min(retry * 2));
            }
            Err(error) => self.bench.saving.set(Saving::Refused(format!("Not saved. {error}"))),
        }
    }
}
