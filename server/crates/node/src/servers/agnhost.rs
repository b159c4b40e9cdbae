//! `agnhost`, the image that Kubernetes' own tests and its documentation's examples use: a program of many subcommands.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;

use super::{
    grpc::{
        self, Failure,
        health::{CHECK, Status, check},
    },
    listening::{Answer, Request, listen_everywhere, serve, serve_connections, signalled},
    samples::{self, option},
};
use crate::{
    env::BoxFuture,
    kernel::{
        net::Listener,
        process::{Outcome, Process},
        signal::Signal,
    },
};

/// Where Linux programs look for names' servers and domains.
const RESOLV_CONF: &[u8] = b"/etc/resolv.conf";
/// The longest file that is shown, in bytes.
const MAX_FILE: usize = 64 << 10;
/// What a program in Go ends with when a signal ends it and it is process 1, which signals do not kill.
const GO_SIGNALLED: u8 = 2;

const HELP: &str = "\
Usage:
  app [command]

Available Commands:
  dns-server-list      Prints the host's DNS Server list
  dns-suffix           Prints the host's DNS suffix list
  entrypoint-tester    Prints the args it's passed and exits
  etc-hosts            Prints the host's /etc/hosts file
  grpc-health-checking Starts a simple grpc health checking endpoint
  help                 Help about any command
  liveness             Starts a server that is alive for 10 seconds
  netexec              Creates HTTP(S), UDP, and (optionally) SCTP servers with various endpoints
  pause                Pauses the execution
  serve-hostname       Serves the hostname
";

/// Runs a subcommand.
pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(async move {
        let argv = process.argv();
        let args: Vec<String> =
            argv.iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
        match args.first().map(String::as_str) {
            Some("grpc-health-checking") => grpc_health_checking(&process, &args[1..]).await,
            Some("netexec" | "liveness" | "serve-hostname") => samples::main(Arc::clone(&process)).await,
            Some("pause") => pause(&process).await,
            Some("entrypoint-tester") => {
                let words: Vec<_> = argv.iter().map(|word| String::from_utf8_lossy(word)).collect();
                say(&process, 1, format!("[{}]\n", words.join(" "))).await
            }
            Some("etc-hosts") => show(&process, b"/etc/hosts", str::to_owned).await,
            Some("dns-suffix") => show(&process, RESOLV_CONF, |text| entries(text, "search")).await,
            Some("dns-server-list") => show(&process, RESOLV_CONF, |text| entries(text, "nameserver")).await,
            None | Some("help" | "--help" | "-h") => say(&process, 1, HELP.to_owned()).await,
            Some(other) => {
                let text = format!(
                    "Error: unknown command \"{other}\" for \"app\"\nRun 'app --help' for usage.\n\
                     (podlab has the commands that it lists there)\n"
                );
                let _ = process.write(2, text).await;
                Outcome::Exit(1)
            }
        }
    })
}

async fn say(process: &Process, fd: u32, text: String) -> Outcome {
    let _ = process.write(fd, text).await;
    Outcome::Exit(0)
}

async fn show(process: &Process, path: &[u8], part: impl FnOnce(&str) -> String) -> Outcome {
    match process.read_file(path, MAX_FILE).await {
        Ok(text) => say(process, 1, part(&String::from_utf8_lossy(&text))).await,
        Err(errno) => {
            let path = String::from_utf8_lossy(path);
            let text = format!("Error: open {path}: {}\n", process.text(errno).to_lowercase());
            let _ = process.write(2, text).await;
            Outcome::Exit(1)
        }
    }
}

/// What the lines of `resolv.conf` with a keyword say, between commas.
fn entries(text: &str, keyword: &str) -> String {
    let words = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next()? == keyword).then_some(words)
    });
    words.flatten().collect::<Vec<_>>().join(",")
}

async fn pause(process: &Arc<Process>) -> Outcome {
    let end = signalled(process, &[Signal::INT, Signal::TERM]);
    let _ = process.write(1, "Paused\n").await;
    let code = if end.await == Signal::INT { 1 } else { 2 };
    Outcome::Exit(code)
}

/// Writes a line as `klog` does, which this program logs with.
async fn log(process: &Process, text: &str) {
    let time = process.now().to_zoned(jiff::tz::TimeZone::UTC).strftime("%m%d %H:%M:%S%.6f").to_string();
    let _ = process.write(2, format!("I{time} {:>7} log.go:245] {text}\n", process.pid)).await;
}

/// What was asked for over HTTP, which counts more than the time.
const NOTHING: u8 = 0;
const WELL: u8 = 1;
const ILL: u8 = 2;

/// How well the program says that it is.
struct Health {
    service: String,
    started: Duration,
    /// The same as a date.
    since: Timestamp,
    /// How long it is well.
    well_for: Option<Duration>,
    asked: AtomicU8,
}

impl Health {
    fn age(&self, process: &Process) -> Duration {
        process.container.host.env.clock.uptime().saturating_sub(self.started)
    }

    fn status(&self, process: &Process) -> Status {
        let ill = match self.asked.load(Ordering::Relaxed) {
            ILL => true,
            _ => self.well_for.is_some_and(|limit| self.age(process) >= limit),
        };
        if ill { Status::NotServing } else { Status::Serving }
    }
}

/// A listening socket, or what the program says when it cannot have one.
fn listener(process: &Process, port: u16) -> Result<Arc<Listener>, String> {
    listen_everywhere(process, port, true)
        .map_err(|errno| format!("listen tcp :{port}: bind: {}", process.text(errno).to_lowercase()))
}

fn number<T: std::str::FromStr>(args: &[String], name: &str, default: T) -> Result<T, String> {
    let Some(text) = option(args, name) else { return Ok(default) };
    text.parse().map_err(|_| {
        format!(
            "Error: invalid argument \"{text}\" for \"--{name}\" flag: strconv.ParseInt: parsing \"{text}\": invalid syntax\n"
        )
    })
}

/// The options of `grpc-health-checking`: ports, how long it is well, its service.
fn settings(args: &[String]) -> Result<(u16, u16, i64, String), String> {
    let known = ["delay-unhealthy-sec", "http-port", "port", "service"];
    let unknown = args.iter().find(|arg| {
        arg.strip_prefix("--").is_some_and(|name| !known.contains(&name.split('=').next().unwrap_or(name)))
    });
    if let Some(flag) = unknown {
        return Err(format!("Error: unknown flag: {}\n", flag.split('=').next().unwrap_or(flag)));
    }
    Ok((
        number(args, "port", 5000)?,
        number(args, "http-port", 8080)?,
        number(args, "delay-unhealthy-sec", -1)?,
        option(args, "service").unwrap_or_default(),
    ))
}

/// A server that says over gRPC how it is, and is told over HTTP how to be.
async fn grpc_health_checking(process: &Arc<Process>, args: &[String]) -> Outcome {
    let (port, http_port, delay, service) = match settings(args) {
        Ok(settings) => settings,
        Err(text) => {
            let _ = process.write(2, text).await;
            return Outcome::Exit(1);
        }
    };
    let health = Health {
        service,
        started: process.container.host.env.clock.uptime(),
        since: process.now(),
        well_for: u64::try_from(delay).ok().map(Duration::from_secs),
        asked: AtomicU8::new(NOTHING),
    };
    let mut end = signalled(process, &[Signal::INT, Signal::TERM]);
    log(process, &format!("Http server starting to listen on :{http_port}")).await;
    let listeners = listener(process, http_port).and_then(|control| {
        let calls = listener(process, port);
        calls
            .map(|calls| (control, calls))
            .map_err(|text| format!("Error while starting the listening service {text}"))
    });
    let (control, calls) = match listeners {
        Ok(listeners) => listeners,
        Err(text) => {
            log(process, &text).await;
            return Outcome::Exit(1);
        }
    };
    log(process, &format!("gRPC server starting to listen on :{port}")).await;
    let serving = async {
        let call = |path: String, message| {
            let health = &health;
            async move {
                if path != CHECK {
                    return Err(Failure::unknown(&path));
                }
                let text = format!("Serving the Check request for health check, started at {}", health.since);
                log(process, &text).await;
                check(message, |name| (name == health.service.as_bytes()).then(|| health.status(process)))
            }
        };
        futures::join!(
            serve_connections(process, &calls, std::future::pending(), |wire| grpc::serve(wire, &call)),
            serve(process, &control, std::future::pending(), |request| told(process, &health, request)),
        );
    };
    tokio::select! {
        _ = &mut end => {}
        () = serving => {}
    }
    Outcome::Exit(GO_SIGNALLED)
}

async fn told(process: &Process, health: &Health, request: Request) -> Answer {
    let (asked, text) = match request.path() {
        "/make-serving" => (WELL, "Mark as healthy"),
        "/make-not-serving" => (ILL, "Mark as unhealthy"),
        _ => return Answer::new(404, "text/plain; charset=utf-8", "404 page not found\n"),
    };
    log(process, text).await;
    health.asked.store(asked, Ordering::Relaxed);
    Answer::new(200, "text/plain; charset=utf-8", format!("{}s", health.age(process).as_secs_f64()))
}
