//! Redis: keys and values over its own protocol (RESP2), and the client `redis-cli`.
//!
//! Streams, scripts and clusters are not simulated. A snapshot is written where Redis writes one: on `SAVE`, at
//! an orderly end, and with `appendonly` after each change.

mod cli;
mod clients;
mod connection;
mod protocol;
mod replication;
mod settings;
mod store;
mod words;

use std::{
    future::poll_fn,
    sync::{Arc, Mutex},
    task::Poll,
};

use bytes::Bytes;
pub(super) use cli::main as cli_main;
use clients::Clients;
use futures::{StreamExt, stream::FuturesUnordered};
use protocol::Reply;
use replication::Following;
use settings::Settings;
use store::{About, Store};

use super::listening::signalled;
use crate::{
    env::BoxFuture,
    http::Wire,
    kernel::{
        errno::Errno,
        fs::OpenFlags,
        net::Listener,
        process::{Outcome, Process},
        signal::Signal,
        wait::{WaitQueue, lock},
    },
};

/// The version where the image does not say which.
const VERSION: &str = "8.2.2";
/// The largest snapshot that is read.
const MAX_SNAPSHOT: usize = 128 << 20;

pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process))
}

/// The version that an image has.
fn version(process: &Process) -> String {
    process
        .var("REDIS_VERSION")
        .map_or_else(|| VERSION.to_owned(), |version| String::from_utf8_lossy(&version).into_owned())
}

/// Sends a server a request; the value that it answers, empty where there is none. The error is its own, or that there is none.
pub(super) async fn ask(wire: &mut Wire, words: &[Bytes]) -> Result<Bytes, String> {
    let lost = || "Error while reading line from the server.".to_owned();
    wire.write(protocol::request(words)).await.map_err(|_| lost())?;
    match protocol::read_reply(wire).await {
        Ok(Some(Reply::Bulk(value))) => Ok(value),
        Ok(Some(Reply::Error(text))) => Err(text),
        Ok(Some(_)) => Ok(Bytes::new()),
        _ => Err(lost()),
    }
}

/// A running server.
struct Server {
    process: Arc<Process>,
    version: String,
    run_id: String,
    store: Mutex<Store>,
    clients: Mutex<Clients>,
    events: Mutex<Events>,
    following: Mutex<Following>,
}

/// What connections wait for.
#[derive(Default)]
struct Events {
    /// How often something changed.
    changes: u64,
    changed: WaitQueue,
    /// It is to end; `true` to save before.
    end: Option<bool>,
    ended: WaitQueue,
}

async fn say(process: &Process, role: char, level: char, text: &str) {
    let date = process.now().to_zoned(jiff::tz::TimeZone::UTC).strftime("%d %b %Y %H:%M:%S%.3f").to_string();
    let _ = process.write(1, format!("{}:{role} {date} {level} {text}\n", process.pid)).await;
}

async fn run(process: Arc<Process>) -> Outcome {
    let version = version(&process);
    if process.argv().iter().skip(1).any(|arg| &arg[..] == b"-v" || &arg[..] == b"--version") {
        let text = format!(
            "Redis server v={version} sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=0000000000000000\n"
        );
        let _ = process.write(1, text).await;
        return Outcome::Exit(0);
    }
    let settings = match Settings::read(&process).await {
        Ok(settings) => settings,
        Err(message) => {
            let text = match message.starts_with("Fatal") {
                true => format!("{message}\n"),
                false => format!("\n*** FATAL CONFIG FILE ERROR (Redis {version}) ***\n{message}\n"),
            };
            let _ = process.write(2, text).await;
            return Outcome::Exit(1);
        }
    };
    greet(&process, &version).await;
    let listeners = match listen(&process, &settings).await {
        Ok(listeners) => listeners,
        Err(outcome) => return outcome,
    };
    say(&process, 'M', '*', &format!("Running mode=standalone, port={}.", settings.port())).await;
    say(&process, 'M', '*', "Server initialized").await;
    // Where the directory is missing files lie where it was started.
    let _ = process.chdir(settings.get("dir").as_bytes());
    let uptime = process.container.host.env.clock.uptime();
    let run_id: String = (0..5).map(|_| format!("{:08x}", process.random() as u32)).collect();
    let following = Mutex::new(Following::new(settings.get("replicaof")));
    let server = Server {
        store: Mutex::new(Store::new(settings, process.now(), uptime)),
        clients: Mutex::default(),
        events: Mutex::default(),
        following,
        process,
        version,
        run_id,
    };
    server.load().await;
    say(&server.process, 'M', '*', "Ready to accept connections tcp").await;
    server.serve(&listeners).await
}

/// What is said before anything else.
async fn greet(process: &Process, version: &str) {
    say(process, 'C', '*', "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo").await;
    let text = format!(
        "Redis version={version}, bits=64, commit=00000000, modified=0, pid={}, just started",
        process.pid
    );
    say(process, 'C', '*', &text).await;
    if process.argv().len() > 1 {
        say(process, 'C', '*', "Configuration loaded").await;
    } else {
        let text = "Warning: no config file specified, using the default config. In order to specify a config file use \
                    redis-server /path/to/redis.conf";
        say(process, 'C', '#', text).await;
    }
    say(process, 'M', '*', "monotonic clock: POSIX clock_gettime").await;
}

async fn listen(process: &Process, settings: &Settings) -> Result<Vec<Arc<Listener>>, Outcome> {
    let port = settings.port();
    let mut bind: Vec<std::net::IpAddr> = settings
        .get("bind")
        .split_whitespace()
        .filter_map(|word| word.trim_start_matches('-').parse().ok())
        .collect();
    if bind.is_empty() {
        bind.push([0u16; 8].into());
    }
    let mut listeners = Vec::new();
    for ip in bind {
        match process.listen(std::net::SocketAddr::new(ip, port)) {
            Ok((_, listener)) => listeners.push(listener),
            // An address that the machine does not have is passed over.
            Err(Errno::EADDRNOTAVAIL) => {}
            Err(errno) => {
                let reason = process.text(errno);
                let shown = if ip.is_unspecified() { "*".to_owned() } else { ip.to_string() };
                let text = format!(
                    "Warning: Could not create server TCP listening socket {shown}:{port}: bind: {reason}"
                );
                say(process, 'M', '#', &text).await;
                say(process, 'M', '#', &format!("Failed listening on port {port} (tcp), aborting.")).await;
                return Err(Outcome::Exit(1));
            }
        }
    }
    Ok(listeners)
}

impl Server {
    async fn serve(&self, listeners: &[Arc<Listener>]) -> Outcome {
        let mut stop = signalled(&self.process, &[Signal::INT, Signal::TERM]);
        let mut following = std::pin::pin!(self.follow());
        let mut connections = FuturesUnordered::new();
        loop {
            let event = poll_fn(|cx| {
                if let Poll::Ready(signal) = stop.as_mut().poll(cx) {
                    return Poll::Ready(Err((Some(signal), true)));
                }
                {
                    let mut events = lock(&self.events);
                    if let Some(saves) = events.end {
                        return Poll::Ready(Err((None, saves)));
                    }
                    events.ended.register(cx);
                }
                let _ = following.as_mut().poll(cx);
                for listener in listeners {
                    if let Poll::Ready(stream) = listener.poll_accept(cx) {
                        return Poll::Ready(Ok(Some(stream)));
                    }
                }
                match connections.poll_next_unpin(cx) {
                    Poll::Ready(Some(())) => Poll::Ready(Ok(None)),
                    _ => Poll::Pending,
                }
            });
            match event.await {
                Ok(Some(stream)) => {
                    // Without a free descriptor the connection breaks.
                    if let Ok(wire) = Wire::accepted(&self.process, stream) {
                        connections.push(connection::serve(self, wire));
                    }
                }
                Ok(None) => {}
                Err((signal, saves)) => {
                    if let Some(signal) = signal {
                        let second = self.process.now().as_second();
                        let text = format!(
                            "{}:signal-handler ({second}) Received SIG{} scheduling shutdown...\n",
                            self.process.pid,
                            signal.name()
                        );
                        let _ = self.process.write(1, text).await;
                    }
                    return self.end(saves).await;
                }
            }
        }
    }

    async fn end(&self, saves: bool) -> Outcome {
        say(&self.process, 'M', '*', "User requested shutdown...").await;
        if saves && lock(&self.store).settings.saves() {
            say(&self.process, 'M', '*', "Saving the final RDB snapshot before exiting.").await;
            self.save().await;
        }
        say(&self.process, 'M', '#', "Redis is now ready to exit, bye bye...").await;
        Outcome::Exit(0)
    }

    /// Has the server end.
    fn shut_down(&self, saves: bool) {
        let mut events = lock(&self.events);
        events.end = Some(saves);
        events.ended.wake();
    }

    /// Notes that a key changed.
    fn note_change(&self) {
        let mut events = lock(&self.events);
        events.changes += 1;
        events.changed.wake();
    }

    fn changes(&self) -> u64 {
        lock(&self.events).changes
    }

    /// Waits for a change.
    async fn changed_since(&self, before: u64) {
        poll_fn(|cx| {
            let mut events = lock(&self.events);
            if events.changes != before {
                return Poll::Ready(());
            }
            events.changed.register(cx);
            Poll::Pending
        })
        .await;
    }

    fn info(&self, wanted: &[String]) -> String {
        let about = About {
            version: &self.version,
            pid: self.process.pid,
            uptime: self.process.container.host.env.clock.uptime(),
            run_id: &self.run_id,
            memory: 900_000,
            replication: self.replication(),
        };
        lock(&self.store).info(&about, wanted)
    }

    // Snapshots.

    /// Reads what was saved before.
    async fn load(&self) {
        let name = lock(&self.store).settings.get("dbfilename").to_owned();
        let Ok(bytes) = self.process.read_file(name.as_bytes(), MAX_SNAPSHOT).await else { return };
        let loaded = lock(&self.store).load(&bytes, self.process.now());
        match loaded {
            Some(count) => {
                let text = format!("Done loading RDB, keys loaded: {count}, keys expired: 0.");
                say(&self.process, 'M', '*', &text).await;
                say(&self.process, 'M', '*', "DB loaded from disk: 0.000 seconds").await;
            }
            None => {
                let text = "Wrong signature trying to load DB from file";
                say(&self.process, 'M', '#', text).await;
            }
        }
    }

    /// Writes a snapshot, in the place of the one before at once.
    async fn write_snapshot(&self) -> Result<(), Errno> {
        let (name, bytes) = {
            let mut store = lock(&self.store);
            store.dirty = 0;
            store.saved = self.process.now();
            (store.settings.get("dbfilename").to_owned(), store.dump())
        };
        let temporary = format!("temp-{}.rdb", self.process.pid);
        let flags = OpenFlags { truncate: true, ..OpenFlags::WRITE };
        let file = self.process.open_file(temporary.as_bytes(), flags, 0o644).await?;
        self.process.write_file(&file, bytes.into()).await?;
        self.process.rename(temporary.as_bytes(), name.as_bytes())
    }

    /// Writes a snapshot and says so; `false` where that failed.
    async fn save(&self) -> bool {
        match self.write_snapshot().await {
            Ok(()) => {
                say(&self.process, 'M', '*', "DB saved on disk").await;
                true
            }
            Err(errno) => {
                let text = format!(
                    "Failed opening the temp RDB file temp-{}.rdb (in server root dir) for saving: {}",
                    self.process.pid,
                    self.process.text(errno)
                );
                say(&self.process, 'M', '#', &text).await;
                false
            }
        }
    }

    /// `SAVE`, `BGSAVE`, `BGREWRITEAOF`
    async fn save_on_request(&self, name: &str) -> Reply {
        if name == "BGSAVE" {
            say(
                &self.process,
                'M',
                '*',
                &format!("Background saving started by pid {}", self.process.pid + 20),
            )
            .await;
        }
        match (self.save().await, name) {
            (false, _) => Reply::Error("ERR".to_owned()),
            (true, "BGSAVE") => {
                say(&self.process, 'M', '*', "Background saving terminated with success").await;
                Reply::Status("Background saving started".to_owned())
            }
            (true, "BGREWRITEAOF") => {
                Reply::Status("Background append only file rewriting started".to_owned())
            }
            (true, _) => Reply::ok(),
        }
    }
}
