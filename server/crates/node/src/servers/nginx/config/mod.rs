//! nginx's configuration language: words, directives and where they may stand.
//!
//! Parsing gives a tree of directives with all includes in place. What is wrong with a directive by itself (its name, its
//! place, its number of arguments, a value that is no number) is told while it is read, as nginx does; what it means is for
//! [`super::settings`].

mod directives;
mod lexer;
mod parser;
pub(super) mod value;

use std::{fmt, sync::Arc};

pub(super) use parser::{Source, parse};

/// Where a directive stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct At {
    /// The file; empty for what came with `-g`.
    pub(super) file: Arc<str>,
    pub(super) line: u32,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.file.is_empty() {
            f.write_str("command line")
        } else {
            write!(f, "{}:{}", self.file, self.line)
        }
    }
}

/// A directive with its arguments and, if it is a block, what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) name: String,
    pub(super) args: Vec<String>,
    pub(super) block: Vec<Directive>,
    pub(super) at: At,
    /// Where its block ends: nginx tells there what is wrong with the whole.
    pub(super) end: At,
}

impl Directive {
    /// An argument, or nothing.
    pub(super) fn arg(&self, index: usize) -> &str {
        self.args.get(index).map_or("", String::as_str)
    }

    /// What is wrong with this directive.
    pub(super) fn error(&self, message: impl fmt::Display) -> ConfigError {
        ConfigError::new(format!("{message} in {}", self.at))
    }
}

/// Why a configuration is refused: the text after `nginx: [emerg]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct ConfigError {
    pub(super) message: String,
}

impl ConfigError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}
