//! `kodekloud/throw-dice` and `kodekloud/random-error`: jobs that fail now and then.

use std::sync::Arc;

use crate::{
    env::BoxFuture,
    kernel::process::{Outcome, Process},
};

/// Throws a die; only a six is a success.
pub(super) fn dice_main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(async move {
        let thrown = process.random() % 6 + 1;
        let _ = process.write(1, format!("{thrown}\n")).await;
        Outcome::Exit(u8::from(thrown != 6))
    })
}

/// Fails two times out of three.
pub(super) fn error_main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(async move {
        let fails = !process.random().is_multiple_of(3);
        let text = if fails { "exception in job\n" } else { "job completed\n" };
        let _ = process.write(if fails { 2 } else { 1 }, text).await;
        Outcome::Exit(u8::from(fails))
    })
}
