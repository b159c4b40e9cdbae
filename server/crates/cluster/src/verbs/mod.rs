//! The verbs of the API, each over any resource. They are synchronous: nothing in them waits, so that a component may
//! call them from any task, and an HTTP handler between reading the body and sending the answer.

mod create;
mod delete;
mod read;
mod update;

pub(crate) use self::create::create;
pub(crate) use self::delete::delete;
pub use self::delete::{DeleteOptions, Preconditions};
pub(crate) use self::read::get;
pub(crate) use self::update::{patch, update};
