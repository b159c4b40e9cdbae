//! What is wrong with the content's files.

use std::fmt;

use crate::yaml::{Misfit, Position, SyntaxError};

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file, relative to the content's root.
    pub file: String,
    /// The place in it; `None` where the file as a whole is meant.
    pub at: Option<Position>,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(Position { line, column }) => write!(f, "{}:{line}:{column}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

/// Everything that is wrong, one fault a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            let end = if i == 0 { "" } else { "\n" };
            write!(f, "{end}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// The faults found in one file so far.
pub(super) struct Found<'a> {
    file: String,
    faults: &'a mut Vec<Fault>,
}

impl<'a> Found<'a> {
    pub(super) fn new(file: impl Into<String>, faults: &'a mut Vec<Fault>) -> Self {
        Self { file: file.into(), faults }
    }

    pub(super) fn add(&mut self, at: Option<Position>, message: impl Into<String>) {
        self.faults.push(Fault { file: self.file.clone(), at, message: message.into() });
    }

    pub(super) fn syntax(&mut self, error: &SyntaxError) {
        self.add(Some(error.at), error.message.clone());
    }

    pub(super) fn misfits(&mut self, misfits: Vec<Misfit>) {
        for misfit in misfits {
            self.add(Some(misfit.at), misfit.message);
        }
    }
}
