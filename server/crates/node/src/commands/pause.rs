//! `pause`: waits for ever, and reaps orphans.

use std::sync::Arc;

use crate::{
    env::BoxFuture,
    kernel::{
        process::{Disposition, Outcome, Process},
        signal::Signal,
    },
};

pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(async move {
        for signal in [Signal::INT, Signal::TERM] {
            process.set_disposition(signal, Disposition::Catch);
        }
        process.set_disposition(Signal::CHLD, Disposition::Catch);
        loop {
            match process.take_signal() {
                Some(Signal::CHLD) => while process.reap().is_some() {},
                Some(signal) => {
                    let _ = process
                        .write(2, format!("Shutting down, got signal: {}\n", signal.description()))
                        .await;
                    return Outcome::Exit(0);
                }
                None => process.signalled().await,
            }
        }
    })
}
