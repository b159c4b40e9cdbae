//! Log shippers: they follow files as their configuration says and print what is written there as records.
//!
//! Inputs that tail files and outputs to standard output are simulated; an output that leads elsewhere cannot be reached
//! from a container without a way out, and each shipper says so in its own words.

pub(super) mod filebeat;
pub(super) mod fluent_bit;
pub(super) mod fluentd;
mod tail;

use std::sync::Arc;

use futures::future::{Either, select};

use self::tail::{Line, Tail};
use super::listening::signalled;
use crate::kernel::{process::Process, signal::Signal, wait::lock};

/// The longest configuration.
const MAX_CONFIG: usize = 1 << 20;

/// What a shipper does with what it finds.
trait Shipper {
    /// The text for an input (by its number) that begins to follow a file.
    fn following(&self, process: &Process, input: usize, path: &str) -> String;
    /// The text for lines of an input.
    fn records(&self, process: &Process, input: usize, lines: &[Line]) -> String;
}

/// Follows all inputs until a signal says to stop.
async fn ship(process: &Arc<Process>, shipper: &(impl Shipper + Sync), inputs: &mut [Tail]) -> Signal {
    let mut stop = signalled(process, &[Signal::TERM, Signal::INT]);
    loop {
        for (index, input) in inputs.iter_mut().enumerate() {
            let mut lines = input.read(process).await;
            for path in input.look(process).await {
                let text = shipper.following(process, index, &path);
                let _ = process.write(1, text).await;
            }
            lines.append(&mut input.read(process).await);
            if !lines.is_empty() {
                let text = shipper.records(process, index, &lines);
                let _ = process.write(1, text).await;
            }
        }
        let changes =
            futures::future::select_all(inputs.iter().map(|input| Box::pin(input.changed(process))));
        match select(stop.as_mut(), changes).await {
            Either::Left((signal, _)) => return signal,
            Either::Right(_) => {}
        }
    }
}

fn hostname(process: &Process) -> String {
    String::from_utf8_lossy(&lock(&process.container.hostname)).into_owned()
}

/// A text with `${NAME}` replaced by environment variables.
fn with_variables(process: &Process, text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            out.push_str("${");
            rest = after;
            continue;
        };
        let (name, default) = name.split_once(':').unwrap_or((name, ""));
        match process.var(name) {
            Some(value) => out.push_str(&String::from_utf8_lossy(&value)),
            None => out.push_str(default),
        }
        rest = after;
    }
    out + rest
}
