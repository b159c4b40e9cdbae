//! What all verbs are told about a request, besides its object.

use std::sync::{Mutex, PoisonError};

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
    /// Warnings for the person at the client.
    warnings: Mutex<Vec<String>>,
}

impl Request {
    pub(crate) fn new(caller: Caller, manager: &str) -> Self {
        Self {
            caller,
            manager: manager.into(),
            subresource: String::new(),
            dry_run: false,
            warnings: Mutex::default(),
        }
    }

    pub(crate) fn on(mut self, subresource: &str) -> Self {
        self.subresource = subresource.into();
        self
    }

    /// Adds a warning, once.
    pub(crate) fn warn(&self, warning: String) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    pub(crate) fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
