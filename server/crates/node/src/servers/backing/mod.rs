//! Backing services that Pods are put together from in exercises, as far as starting, listening, logging and saying that
//! they are well: what they store and work out is not simulated, and they say so.

mod consul;
mod elasticsearch;
mod grafana;
mod mongo;
mod prometheus;
mod rabbitmq;
mod tomcat;

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
pub(super) use mongo::shell_main as mongosh_main;
pub(super) use rabbitmq::diagnostics_main as rabbitmq_diagnostics_main;

use super::listening::{Answer, Request, listen_everywhere, serve, serve_connections, signalled};
use crate::{
    env::BoxFuture,
    kernel::{
        errno::Errno,
        process::{Outcome, Process},
        signal::Signal,
        wait::lock,
    },
};

/// A backing service.
#[derive(Debug)]
struct Service {
    /// The program's name.
    name: &'static str,
    /// What it takes of memory, in bytes.
    memory: u64,
    /// What it listens on; the first is the one that its clients use.
    ports: &'static [u16],
    /// How long it takes from its first line until it listens.
    starting: Duration,
    /// What it says first.
    greeting: fn(&Process) -> String,
    /// What it says once it listens.
    ready: fn(&Process) -> String,
    /// What it says where a port is taken.
    taken: fn(&Process, u16, Errno) -> String,
    /// What it says when it is asked to end.
    farewell: fn(&Process) -> String,
    /// What it answers over HTTP; `None` for one that speaks something else, which nobody hears here.
    answer: Option<fn(&Process, &Request) -> Answer>,
    /// The code that it ends with when it is asked to.
    exit_code: u8,
}

const SERVICES: &[&Service] = &[
    &consul::SERVICE,
    &elasticsearch::SERVICE,
    &grafana::SERVICE,
    &mongo::SERVICE,
    &prometheus::SERVICE,
    &rabbitmq::SERVICE,
    &tomcat::SERVICE,
];

/// The name of the service that a program of this name is, and what it takes of memory in bytes.
pub(super) fn known(name: &str) -> Option<(&'static str, u64)> {
    SERVICES.iter().find(|service| service.name == name).map(|service| (service.name, service.memory))
}

/// Runs the service that the program's name says.
pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process))
}

fn hostname(process: &Process) -> String {
    String::from_utf8_lossy(&lock(&process.container.hostname)).into_owned()
}

/// The release that the image came with.
fn version(process: &Process, variable: &str, newest: &str) -> String {
    process
        .var(variable)
        .map_or_else(|| newest.to_owned(), |text| String::from_utf8_lossy(&text).into_owned())
}

/// The date, in `strftime(3)`'s words.
fn stamp(process: &Process, format: &str) -> String {
    process.now().to_zoned(jiff::tz::TimeZone::UTC).strftime(format).to_string()
}

/// What is said to whoever asks for more than there is.
fn not_simulated(what: &str) -> Answer {
    Answer::new(501, "text/plain; charset=utf-8", format!("podlab does not simulate this part of {what}\n"))
}

async fn run(process: Arc<Process>) -> Outcome {
    let name = process.program().map_or("", |program| program.name);
    let Some(service) = SERVICES.iter().find(|service| service.name == name) else {
        return Outcome::Exit(127);
    };
    let mut end = signalled(&process, &[Signal::TERM, Signal::INT]);
    let _ = process.write(1, (service.greeting)(&process)).await;
    let mut pause = process.container.host.env.sleep(service.starting);
    let ended = std::future::poll_fn(|cx| {
        if end.as_mut().poll(cx).is_ready() {
            return std::task::Poll::Ready(true);
        }
        pause.as_mut().poll(cx).map(|()| false)
    });
    if ended.await {
        let _ = process.write(1, (service.farewell)(&process)).await;
        return Outcome::Exit(service.exit_code);
    }
    let mut listeners = Vec::new();
    for port in service.ports {
        match listen_everywhere(&process, *port, true) {
            Ok(listener) => listeners.push(listener),
            Err(errno) => {
                let _ = process.write(2, (service.taken)(&process, *port, errno)).await;
                return Outcome::Exit(1);
            }
        }
    }
    let _ = process.write(1, (service.ready)(&process)).await;
    let serving = async {
        let answer = |request: Request| {
            let answer =
                service.answer.map_or_else(|| not_simulated(name), |answer| answer(&process, &request));
            std::future::ready(answer)
        };
        let first = async {
            match (&listeners[0], service.answer) {
                (listener, Some(_)) => serve(&process, listener, std::future::pending(), answer).await,
                (listener, None) => deaf(&process, listener).await,
            }
        };
        let others = join_all(listeners[1..].iter().map(|listener| deaf(&process, listener)));
        futures::join!(first, others);
    };
    tokio::select! {
        _ = &mut end => {}
        () = serving => {}
    }
    let _ = process.write(1, (service.farewell)(&process)).await;
    Outcome::Exit(service.exit_code)
}

/// Takes connections and closes them: what would be spoken there is not simulated.
async fn deaf(process: &Arc<Process>, listener: &crate::kernel::net::Listener) {
    serve_connections(process, listener, std::future::pending(), |_| std::future::ready(())).await;
}
