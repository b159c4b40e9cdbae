//! memcached: a cache over its text protocol
//! (<https://github.com/memcached/memcached/blob/master/doc/protocol.txt>).

mod store;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};

use futures::future::join_all;
use store::{Change, Store};

use super::listening::{serve_connections, signalled};
use crate::{
    env::BoxFuture,
    http::Wire,
    kernel::{
        errno::Errno,
        process::{Outcome, Process},
        signal::Signal,
        wait::lock,
    },
};

/// The longest line of a command.
const MAX_LINE: usize = 8192;
/// The longest key.
const MAX_KEY: usize = 250;
/// The largest value (`-I`).
const MAX_VALUE: usize = 1 << 20;

pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process))
}

/// What the command line says.
struct Settings {
    port: u16,
    addresses: Vec<IpAddr>,
    megabytes: u64,
    max_connections: usize,
    verbose: bool,
}

enum Asked {
    Run(Settings),
    Print(String),
    Wrong(String),
}

fn version(process: &Process) -> String {
    let version = process.var("MEMCACHED_VERSION").unwrap_or_else(|| "1.6.39".into());
    String::from_utf8_lossy(&version).into_owned()
}

fn settings(process: &Process) -> Asked {
    let mut settings =
        Settings { port: 11211, addresses: Vec::new(), megabytes: 64, max_connections: 1024, verbose: false };
    let argv = process.argv();
    let mut args = argv.iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned());
    while let Some(arg) = args.next() {
        let (name, attached) = match arg.strip_prefix("--") {
            Some(long) => match long.split_once('=') {
                Some((name, value)) => (format!("--{name}"), Some(value.to_owned())),
                None => (arg.clone(), None),
            },
            None => match arg.char_indices().nth(2) {
                Some((at, _)) if !arg.starts_with("-v") => (arg[..at].to_owned(), Some(arg[at..].to_owned())),
                _ => (arg.clone(), None),
            },
        };
        let mut value = || attached.clone().or_else(|| args.next()).unwrap_or_default();
        match name.as_str() {
            "-p" | "--port" => match value().parse() {
                Ok(port) => settings.port = port,
                Err(_) => return Asked::Wrong("failed to parse port\n".to_owned()),
            },
            "-l" | "--listen" => {
                settings.addresses = value().split(',').filter_map(|text| text.parse().ok()).collect();
            }
            "-m" | "--memory-limit" => match value().parse() {
                Ok(megabytes) if megabytes > 0 => settings.megabytes = megabytes,
                _ => return Asked::Wrong("Cannot use memory limit of 0\n".to_owned()),
            },
            "-c" | "--conn-limit" => match value().parse() {
                Ok(count) if count > 0 => settings.max_connections = count,
                _ => return Asked::Wrong("Maximum connections must be greater than 0\n".to_owned()),
            },
            "-v" | "-vv" | "-vvv" | "--verbose" => settings.verbose = true,
            "-V" | "--version" => return Asked::Print(format!("memcached {}\n", version(process))),
            "-h" | "--help" => {
                return Asked::Print(format!(
                    "memcached {}\n-p, --port=<num>          TCP port to listen on (default: 11211)\n\
                     -l, --listen=<addr>       interface to listen on\n\
                     -m, --memory-limit=<num>  item memory in megabytes (default: 64)\n\
                     -c, --conn-limit=<num>    max simultaneous connections (default: 1024)\n\
                     -v, --verbose             verbose (print errors/warnings while in event loop)\n",
                    version(process)
                ));
            }
            // How it works inside makes no difference to who uses it.
            "-t" | "-u" | "-U" | "-I" | "-f" | "-n" | "-R" | "-b" | "-o" | "-P" | "-B" | "-a" | "-s"
            | "--threads" | "--user" | "--udp-port" | "--max-item-size" | "--extended" => drop(value()),
            "-d" | "-k" | "-M" | "-r" | "-C" | "-F" | "-L" | "--disable-evictions" => {}
            other => {
                return Asked::Wrong(format!(
                    "memcached: unrecognized option '{other}'\nIllegal argument \"?\"\n"
                ));
            }
        }
    }
    Asked::Run(settings)
}

async fn run(process: Arc<Process>) -> Outcome {
    let settings = match settings(&process) {
        Asked::Run(settings) => settings,
        Asked::Print(text) => {
            let _ = process.write(1, text).await;
            return Outcome::Exit(0);
        }
        Asked::Wrong(text) => {
            let _ = process.write(2, text).await;
            return Outcome::Exit(64);
        }
    };
    if process.creds().uid == 0 && !process.argv().iter().any(|arg| arg.starts_with(b"-u")) {
        let _ = process.write(2, "can't run as root without the -u switch\n").await;
        return Outcome::Exit(64);
    }
    let mut addresses = settings.addresses.clone();
    if addresses.is_empty() {
        addresses.push([0u16; 8].into());
    }
    let mut listeners = Vec::new();
    for ip in addresses {
        match process.listen(SocketAddr::new(ip, settings.port)) {
            Ok((_, listener)) => listeners.push(listener),
            Err(errno) => {
                let reason = process.text(errno);
                let text =
                    format!("bind(): {reason}\nfailed to listen on TCP port {}: {reason}\n", settings.port);
                let _ = process.write(2, text).await;
                // EX_OSERR of sysexits.h.
                return Outcome::Exit(71);
            }
        }
    }
    let server = Server {
        process: Arc::clone(&process),
        version: version(&process),
        began: process.container.host.env.clock.uptime().as_secs(),
        store: Mutex::new(Store::new(settings.megabytes << 20)),
        connections: Mutex::new((0, 0)),
        settings,
    };
    let stop = signalled(&process, &[Signal::INT, Signal::TERM]);
    let all = join_all(listeners.iter().map(|listener| {
        serve_connections(&process, listener, std::future::pending(), |wire| server.serve(wire))
    }));
    let signal = match futures::future::select(stop, std::pin::pin!(all)).await {
        futures::future::Either::Left((signal, _)) => signal,
        futures::future::Either::Right(_) => Signal::TERM,
    };
    let text = if signal == Signal::INT { "Interrupt" } else { "Terminated" };
    let _ = process.write(1, format!("Signal handled: {text}.\n")).await;
    Outcome::Exit(0)
}

struct Server {
    process: Arc<Process>,
    version: String,
    /// Seconds of the machine's uptime at its start.
    began: u64,
    store: Mutex<Store>,
    /// Connections that are open, and all that there were.
    connections: Mutex<(u64, u64)>,
    settings: Settings,
}

impl Server {
    fn now(&self) -> u64 {
        self.process.container.host.env.clock.uptime().as_secs()
    }

    async fn serve(&self, mut wire: Wire) {
        let open = {
            let mut connections = lock(&self.connections);
            connections.0 += 1;
            connections.1 += 1;
            connections.0
        };
        if open as usize > self.settings.max_connections {
            let _ = wire.write("ERROR Too many open connections\r\n").await;
        } else {
            self.talk(&mut wire).await;
        }
        lock(&self.connections).0 -= 1;
    }

    async fn talk(&self, wire: &mut Wire) {
        loop {
            let line = match wire.line(MAX_LINE).await {
                Ok(Some(line)) => line,
                Ok(None) => return,
                Err(Errno::E2BIG) => {
                    let _ = wire.write("CLIENT_ERROR line too long\r\n").await;
                    return;
                }
                Err(_) => return,
            };
            self.process.work(5).await;
            let line = String::from_utf8_lossy(&line).into_owned();
            let words: Vec<&str> = line.split_whitespace().collect();
            if self.settings.verbose && !words.is_empty() {
                let _ = self.process.write(2, format!("<30 {line}\n")).await;
            }
            let Some((command, args)) = words.split_first() else {
                if wire.write("ERROR\r\n").await.is_err() {
                    return;
                }
                continue;
            };
            let quiet = args.last() == Some(&"noreply");
            let answer = match *command {
                "quit" => return,
                "set" | "add" | "replace" | "append" | "prepend" | "cas" => {
                    match self.change(wire, command, args).await {
                        Some(answer) => answer,
                        None => return,
                    }
                }
                _ => self.answer(command, args),
            };
            if !quiet && wire.write(answer).await.is_err() {
                return;
            }
        }
    }

    /// A command that a value follows; `None` where the connection ends in it.
    async fn change(&self, wire: &mut Wire, command: &str, args: &[&str]) -> Option<Vec<u8>> {
        const BAD_FORMAT: &[u8] = b"CLIENT_ERROR bad command line format\r\n";
        let [key, flags, expires, length, rest @ ..] = args else { return Some(b"ERROR\r\n".to_vec()) };
        let (Ok(flags), Ok(expires), Ok(length)) =
            (flags.parse::<u32>(), expires.parse::<i64>(), length.parse::<usize>())
        else {
            return Some(BAD_FORMAT.to_vec());
        };
        let how = match (command, rest.first().map(|unique| unique.parse::<u64>())) {
            ("cas", Some(Ok(unique))) => Change::IfUnchanged(unique),
            ("cas", None) => return Some(b"ERROR\r\n".to_vec()),
            ("cas", _) => return Some(BAD_FORMAT.to_vec()),
            ("add", _) => Change::Add,
            ("replace", _) => Change::Replace,
            ("append", _) => Change::Append,
            ("prepend", _) => Change::Prepend,
            _ => Change::Set,
        };
        let mut value = Vec::new();
        let mut left = length.saturating_add(2);
        // What is too large is read all the same: the next command comes after it.
        while left > 0 {
            if wire.buffered().is_empty() && !matches!(wire.fill().await, Ok(true)) {
                return None;
            }
            let part = wire.take(wire.buffered().len().min(left));
            left -= part.len();
            if length <= MAX_VALUE {
                value.extend_from_slice(&part);
            }
            self.process.work(1 + (part.len() >> 10) as u32).await;
        }
        if length > MAX_VALUE {
            return Some(b"SERVER_ERROR object too large for cache\r\n".to_vec());
        }
        if !value.ends_with(b"\r\n") {
            return Some(b"CLIENT_ERROR bad data chunk\r\nERROR\r\n".to_vec());
        }
        value.truncate(length);
        if key.len() > MAX_KEY {
            return Some(BAD_FORMAT.to_vec());
        }
        let now = self.now();
        let (answer, used) = {
            let mut store = lock(&self.store);
            (store.change(how, key, flags, expires, value, now), store.bytes())
        };
        // Past the container's limit it is killed, and nobody reads the answer; podlab's own room can end earlier.
        if self.process.hold(used).is_err() {
            lock(&self.store).delete(key, now);
            return Some(b"SERVER_ERROR out of memory storing object\r\n".to_vec());
        }
        Some(format!("{answer}\r\n").into_bytes())
    }

    fn answer(&self, command: &str, args: &[&str]) -> Vec<u8> {
        let now = self.now();
        let words: Vec<&str> = args.iter().copied().filter(|word| *word != "noreply").collect();
        let mut store = lock(&self.store);
        let text = match (command, words.as_slice()) {
            ("get" | "gets", []) => "ERROR".to_owned(),
            ("get" | "gets", keys) => return store.values(keys, command == "gets", None, now),
            ("gat" | "gats", [expires, keys @ ..]) if !keys.is_empty() => match expires.parse() {
                Ok(expires) => return store.values(keys, command == "gats", Some(expires), now),
                Err(_) => "CLIENT_ERROR invalid exptime argument".to_owned(),
            },
            ("touch", [key, expires]) => match expires.parse() {
                Ok(expires) if store.touch(key, expires, now) => "TOUCHED".to_owned(),
                Ok(_) => "NOT_FOUND".to_owned(),
                Err(_) => "CLIENT_ERROR invalid exptime argument".to_owned(),
            },
            ("delete", [key] | [key, "0"]) => {
                if store.delete(key, now) { "DELETED" } else { "NOT_FOUND" }.to_owned()
            }
            ("delete", [_, ..]) => {
                "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]".to_owned()
            }
            ("incr" | "decr", [key, by]) => match by.parse() {
                Ok(by) => store.count(key, by, command == "incr", now),
                Err(_) => "CLIENT_ERROR invalid numeric delta argument".to_owned(),
            },
            ("flush_all", _) => {
                store.clear();
                "OK".to_owned()
            }
            ("version", _) => format!("VERSION {}", self.version),
            ("verbosity", _) => "OK".to_owned(),
            ("stats", []) => {
                let uptime = now.saturating_sub(self.began);
                let (open, total) = *lock(&self.connections);
                let time = self.process.now().as_second();
                let mut lines = vec![
                    ("pid", self.process.pid.to_string()),
                    ("uptime", uptime.to_string()),
                    ("time", time.to_string()),
                    ("version", self.version.clone()),
                    ("pointer_size", "64".to_owned()),
                    ("max_connections", self.settings.max_connections.to_string()),
                    ("curr_connections", (open + 1).to_string()),
                    ("total_connections", (total + 1).to_string()),
                ];
                lines.extend(store.stats());
                lines.push(("threads", "4".to_owned()));
                let lines = lines.iter().map(|(name, value)| format!("STAT {name} {value}\r\n"));
                lines.collect::<String>() + "END"
            }
            ("stats", ["reset"]) => "RESET".to_owned(),
            ("stats", _) => "END".to_owned(),
            _ => "ERROR".to_owned(),
        };
        format!("{text}\r\n").into_bytes()
    }
}
