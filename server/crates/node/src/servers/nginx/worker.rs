//! A worker: accepts connections, listens to the master, and leaves when it is told to.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};

use super::{
    connection,
    logger::Logs,
    request::Request,
    settings::{LogLevel, Options, Settings, Upstream},
    stream,
};
use crate::kernel::{
    net::{Listener, Stream},
    process::{Fd, Outcome, Process},
    signal::Signal,
    wait::{WaitQueue, lock},
};

/// The most connections of a worker: `worker_connections`.
const MAX_CONNECTIONS: usize = 1024;

/// What all connections of a worker share.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) process: Arc<Process>,
    pub(super) settings: Arc<Settings>,
    pub(super) version: &'static str,
    pub(super) logs: tokio::sync::RwLock<Logs>,
    pub(super) counters: Arc<Counters>,
    leaving: Mutex<(bool, WaitQueue)>,
}

/// Numbers for `stub_status`, common to all workers.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) accepted: AtomicU64,
    pub(super) requests: AtomicU64,
    pub(super) active: AtomicU64,
    reading: AtomicU64,
    pub(super) writing: AtomicU64,
}

/// A socket that a worker accepts from.
#[derive(Clone, Debug)]
pub(super) struct Socket {
    pub(super) fd: Fd,
    pub(super) listener: Arc<Listener>,
    pub(super) purpose: Purpose,
}

/// Who answers at a socket.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// HTTP.
    Http,
    /// A server of the block `stream`, by its number.
    Stream(usize),
}

/// What a worker waits for.
enum Event {
    Accepted(Arc<Stream>, Purpose),
    Closed,
    Signal,
}

impl Worker {
    pub(super) fn new(
        process: Arc<Process>,
        settings: Arc<Settings>,
        version: &'static str,
        logs: Logs,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            process,
            settings,
            version,
            logs: tokio::sync::RwLock::new(logs),
            counters,
            leaving: Mutex::default(),
        }
    }

    /// Time on the node's clock.
    pub(super) fn uptime(&self) -> Duration {
        self.process.container.host.env.clock.uptime()
    }

    pub(super) fn hostname(&self) -> String {
        String::from_utf8_lossy(&lock(&self.process.container.hostname)).into_owned()
    }

    pub(super) fn active_connections(&self) -> u64 {
        self.counters.active.load(Ordering::Relaxed)
    }

    /// What it calls itself.
    pub(super) fn name_shown(&self, options: &Options) -> String {
        if options.server_tokens { format!("nginx/{}", self.version) } else { "nginx".to_owned() }
    }

    /// The upstream of this name.
    pub(super) fn upstream_named(&self, name: &str) -> Option<Arc<Upstream>> {
        self.settings.upstreams.get(name).cloned()
    }

    /// What `stub_status` shows.
    pub(super) fn status_page(&self) -> String {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.counters;
        let (active, reading, writing) =
            (count(&counters.active), count(&counters.reading), count(&counters.writing));
        format!(
            "Active connections: {active} \nserver accepts handled requests\n {accepted} {accepted} {} \n\
             Reading: {reading} Writing: {writing} Waiting: {} \n",
            count(&counters.requests),
            active.saturating_sub(reading + writing),
            accepted = count(&counters.accepted),
        )
    }

    /// Says something about a request in the log of errors.
    pub(super) async fn complain(
        &self,
        request: &Request,
        level: LogLevel,
        text: &str,
        upstream: Option<&str>,
    ) {
        let targets = request.location.options.error_log.as_ref().unwrap_or(&self.settings.error_log);
        let text = format!("*{} {text}{}", request.connection, request.in_words(upstream));
        self.logs.read().await.message(&self.process, targets, level, &text).await;
    }

    /// Says something in the log of errors.
    pub(super) async fn say(&self, level: LogLevel, text: &str) {
        self.logs.read().await.message(&self.process, &self.settings.error_log, level, text).await;
    }

    /// Completes when the worker is about to leave.
    pub(super) async fn left(&self) {
        poll_fn(|cx| {
            let mut leaving = lock(&self.leaving);
            if leaving.0 {
                return Poll::Ready(());
            }
            leaving.1.register(cx);
            Poll::Pending
        })
        .await;
    }

    pub(super) fn is_leaving(&self) -> bool {
        lock(&self.leaving).0
    }

    fn leave(&self) {
        let mut leaving = lock(&self.leaving);
        leaving.0 = true;
        leaving.1.wake();
    }
}

/// Runs a worker until it is told to end.
pub(super) async fn run(worker: Arc<Worker>, mut sockets: Vec<Socket>) -> Outcome {
    let mut connections: FuturesUnordered<BoxFuture<'_, ()>> = FuturesUnordered::new();
    let mut deadline: Option<crate::env::BoxFuture<()>> = None;
    loop {
        let event = poll_fn(|cx| {
            if worker.process.poll_signalled(cx).is_ready() {
                return Poll::Ready(Event::Signal);
            }
            if connections.len() < MAX_CONNECTIONS {
                for socket in &sockets {
                    if let Poll::Ready(stream) = socket.listener.poll_accept(cx) {
                        return Poll::Ready(Event::Accepted(stream, socket.purpose.clone()));
                    }
                }
            }
            if deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(cx).is_ready()) {
                connections.clear();
                return Poll::Ready(Event::Closed);
            }
            match connections.poll_next_unpin(cx) {
                Poll::Ready(Some(())) => Poll::Ready(Event::Closed),
                Poll::Ready(None) | Poll::Pending => Poll::Pending,
            }
        });
        match event.await {
            Event::Accepted(stream, purpose) => {
                let worker = &worker;
                connections.push(match purpose {
                    Purpose::Http => Box::pin(connection::serve(worker, stream)),
                    Purpose::Stream(number) => Box::pin(stream::connection(worker, stream, number)),
                });
            }
            Event::Closed => {}
            Event::Signal => match worker.process.take_signal() {
                Some(Signal::TERM | Signal::INT) => {
                    worker.say(LogLevel::Notice, "exiting").await;
                    worker.say(LogLevel::Notice, "exit").await;
                    return Outcome::Exit(0);
                }
                Some(Signal::QUIT | Signal::WINCH) => {
                    worker.say(LogLevel::Notice, "gracefully shutting down").await;
                    worker.leave();
                    for socket in std::mem::take(&mut sockets) {
                        // The number is the worker's own copy.
                        let _ = worker.process.close(socket.fd);
                    }
                    deadline = worker
                        .settings
                        .shutdown_timeout
                        .map(|limit| worker.process.container.host.env.sleep(limit));
                }
                Some(Signal::USR1) => {
                    worker.say(LogLevel::Notice, "reopening logs").await;
                    worker.logs.write().await.reopen(&worker.process).await;
                }
                _ => {}
            },
        }
        if worker.is_leaving() && connections.is_empty() {
            worker.say(LogLevel::Notice, "exiting").await;
            worker.say(LogLevel::Notice, "exit").await;
            return Outcome::Exit(0);
        }
    }
}
