//! `node`: its version; JavaScript is not simulated.

use std::sync::Arc;

use super::release;
use crate::{
    env::BoxFuture,
    kernel::process::{Outcome, Process},
};

pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(async move {
        let argv = process.argv();
        match argv.get(1).map(|arg| &**arg) {
            Some(b"-v" | b"--version") => {
                let _ = process.write(1, format!("v{}\n", release(&process))).await;
                Outcome::Exit(0)
            }
            _ => {
                let text = "node: podlab does not simulate the JavaScript language: there is \"--version\"\n";
                let _ = process.write(2, text).await;
                Outcome::Exit(1)
            }
        }
    })
}
