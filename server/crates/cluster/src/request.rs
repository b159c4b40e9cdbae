//! What all verbs are told about a request, besides its object.

use std::sync::{Arc, Mutex, PoisonError};

use crate::caller::Caller;

/// Who asks, under which field manager, and how strictly.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) caller: Caller,
    /// Who will own the fields that this request sets.
    pub(crate) manager: String,
    /// `status`, `scale`, ...; empty for the object itself.
    pub(crate) subresource: String,
    /// Decide everything, write nothing.
    pub(crate) dry_run: bool,
    /// Warnings for the person at the client, whatever becomes of the request.
    pub(crate) warnings: Arc<Warnings>,
}

/// What the person at the client should know besides the answer.
#[derive(Debug, Default)]
pub(crate) struct Warnings(Mutex<Vec<String>>);

impl Warnings {
    /// Adds a warning, once.
    pub(crate) fn add(&self, warning: String) {
        let mut warnings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Request {
    pub(crate) fn new(caller: Caller, manager: &str) -> Self {
        Self {
            caller,
            manager: manager.into(),
            subresource: String::new(),
            dry_run: false,
            warnings: Arc::default(),
        }
    }

    pub(crate) fn on(mut self, subresource: &str) -> Self {
        self.subresource = subresource.into();
        self
    }

    /// Adds a warning, once.
    pub(crate) fn warn(&self, warning: String) {
        self.warnings.add(warning);
    }
}
