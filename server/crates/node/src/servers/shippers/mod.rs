//! Log shippers: they follow files as their configuration says and print what is written there as records.
//!
//! Inputs that tail files and outputs to standard output are simulated; an output that leads elsewhere cannot be reached
//! from a container without a way out, and each shipper says so in its own words.

pub(super) mod filebeat;
pub(super) mod fluent_bit;
pub(super) mod fluentd;
mod patterns;
mod tail;

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};
use indexmap::IndexMap;
use serde_json::Value;

use self::tail::{Line, Tail};
use super::listening::signalled;
use crate::kernel::{fs::OpenFlags, process::Process, signal::Signal, wait::lock};

/// The longest configuration.
const MAX_CONFIG: usize = 1 << 20;

/// A record: its fields, in order.
type Record = IndexMap<String, Value>;

/// Where records go.
#[derive(Debug, Default)]
struct Shipped {
    /// What goes to standard output.
    shown: String,
    /// What is added to files, by their paths.
    files: BTreeMap<String, String>,
}

impl Shipped {
    async fn deliver(self, process: &Process) {
        if !self.shown.is_empty() {
            // Nobody else reads what it prints.
            let _ = process.write(1, self.shown).await;
        }
        for (path, text) in self.files {
            if let Ok(fd) = process.open(path.as_bytes(), OpenFlags::APPEND, 0o644).await {
                // A file system that is full loses records.
                let _ = process.write(fd, text).await;
                let _ = process.close(fd);
            }
        }
    }
}

/// What a shipper does with what it finds.
trait Shipper: Sync {
    /// How often it makes records of its own, if it does.
    fn period(&self) -> Option<Duration> {
        None
    }
    /// Records of its own.
    fn own_records(&mut self, _: &Process) -> impl Future<Output = Shipped> + Send {
        std::future::ready(Shipped::default())
    }
    /// The text for an input (by its number) that begins to follow a file.
    fn following(&self, process: &Process, input: usize, path: &str) -> String;
    /// The records for lines of an input.
    fn records(&self, process: &Process, input: usize, lines: &[Line]) -> Shipped;
}

/// Follows all inputs until a signal says to stop.
async fn ship(process: &Arc<Process>, shipper: &mut (impl Shipper + Send), inputs: &mut [Tail]) -> Signal {
    let mut stop = signalled(process, &[Signal::TERM, Signal::INT]);
    let env = &process.container.host.env;
    let mut beat = shipper.period().map(|period| env.sleep(period));
    loop {
        for (index, input) in inputs.iter_mut().enumerate() {
            let mut lines = input.read(process).await;
            for path in input.look(process).await {
                let text = shipper.following(process, index, &path);
                let _ = process.write(1, text).await;
            }
            lines.append(&mut input.read(process).await);
            if !lines.is_empty() {
                shipper.records(process, index, &lines).deliver(process).await;
            }
        }
        let mut changes: FuturesUnordered<_> = inputs.iter().map(|input| input.changed(process)).collect();
        let event = poll_fn(|cx| {
            if let Poll::Ready(signal) = stop.as_mut().poll(cx) {
                return Poll::Ready(Event::Stopped(signal));
            }
            if beat.as_mut().is_some_and(|beat| beat.as_mut().poll(cx).is_ready()) {
                return Poll::Ready(Event::Beat);
            }
            match changes.poll_next_unpin(cx) {
                Poll::Ready(Some(())) => Poll::Ready(Event::Changed),
                _ => Poll::Pending,
            }
        });
        match event.await {
            Event::Stopped(signal) => return signal,
            Event::Changed => {}
            Event::Beat => {
                beat = shipper.period().map(|period| env.sleep(period));
                shipper.own_records(process).await.deliver(process).await;
            }
        }
    }
}

/// What a shipper waits for.
enum Event {
    Stopped(Signal),
    Beat,
    Changed,
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
