//! Redis: keys and values over its own protocol (RESP2), and the client `redis-cli`.
//!
//! Values are strings, lists, hashes and sets. Nothing is written to disk: a restart forgets everything.

mod cli;
mod protocol;
mod store;

use std::{
    future::poll_fn,
    sync::{Arc, Mutex},
    task::Poll,
};

pub(super) use cli::main as cli_main;
use futures::{StreamExt, stream::FuturesUnordered};
use protocol::Reply;
use store::Store;

use super::listening::signalled;
use crate::{
    env::BoxFuture,
    http::Wire,
    kernel::{
        process::{Outcome, Process},
        signal::Signal,
        wait::lock,
    },
};

const VERSION: &str = "8.2.2";

pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process))
}

/// What the command line and a file of settings say.
struct Settings {
    port: u16,
    password: Option<String>,
    bind: Vec<std::net::IpAddr>,
}

/// Reads `redis-server [FILE] [--port 6379]...`.
async fn settings(process: &Process) -> Result<Settings, String> {
    let mut settings = Settings { port: 6379, password: None, bind: Vec::new() };
    let args: Vec<String> =
        process.argv().iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let mut lines: Vec<String> = Vec::new();
    for arg in &args {
        match arg.strip_prefix("--") {
            Some(name) => lines.push(name.to_owned()),
            None => match lines.last_mut() {
                Some(line) => *line = format!("{line} {arg}"),
                None => {
                    let text = process.read_file(arg.as_bytes(), 1 << 20).await;
                    let text = text.map_err(|error| {
                        format!("Fatal error, can't open config file '{arg}': {}", process.text(error))
                    })?;
                    lines.extend(String::from_utf8_lossy(&text).lines().map(str::to_owned));
                    lines.push(String::new());
                }
            },
        }
    }
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["port", port] => settings.port = port.parse().map_err(|_| "Invalid port".to_owned())?,
            ["requirepass", password] => settings.password = Some(password.trim_matches('"').to_owned()),
            ["bind", addresses @ ..] => {
                settings.bind =
                    addresses.iter().filter_map(|ip| ip.trim_start_matches('-').parse().ok()).collect();
            }
            _ => {}
        }
    }
    Ok(settings)
}

async fn say(process: &Process, level: char, text: &str) {
    let date = process.now().to_zoned(jiff::tz::TimeZone::UTC).strftime("%d %b %Y %H:%M:%S.000").to_string();
    let _ = process.write(1, format!("{}:M {date} {level} {text}\n", process.pid)).await;
}

async fn run(process: Arc<Process>) -> Outcome {
    let settings = match settings(&process).await {
        Ok(settings) => settings,
        Err(message) => {
            let _ = process
                .write(2, format!("\n*** FATAL CONFIG FILE ERROR (Redis {VERSION}) ***\n{message}\n"))
                .await;
            return Outcome::Exit(1);
        }
    };
    let mut bind = settings.bind.clone();
    if bind.is_empty() {
        bind.push([0u16; 8].into());
    }
    let mut listeners = Vec::new();
    for ip in bind {
        match process.listen(std::net::SocketAddr::new(ip, settings.port)) {
            Ok((_, listener)) => listeners.push(listener),
            Err(error) => {
                let reason = process.text(error);
                say(
                    &process,
                    '#',
                    &format!(
                        "Warning: Could not create server TCP listening socket *:{}: bind: {reason}",
                        settings.port
                    ),
                )
                .await;
                say(&process, '#', &format!("Failed listening on port {} (tcp), aborting.", settings.port))
                    .await;
                return Outcome::Exit(1);
            }
        }
    }
    say(&process, '*', "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo").await;
    say(
        &process,
        '*',
        &format!(
            "Redis version={VERSION}, bits=64, commit=00000000, modified=0, pid={}, just started",
            process.pid
        ),
    )
    .await;
    say(&process, '*', &format!("Running mode=standalone, port={}.", settings.port)).await;
    say(&process, '*', "Server initialized").await;
    say(&process, '*', "Ready to accept connections tcp").await;
    let store = Mutex::new(Store::new(settings.port));
    let mut stop = signalled(&process, &[Signal::INT, Signal::TERM]);
    let mut connections = FuturesUnordered::new();
    loop {
        let event = poll_fn(|cx| {
            if let Poll::Ready(signal) = stop.as_mut().poll(cx) {
                return Poll::Ready(Err(signal));
            }
            for listener in &listeners {
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
                if let Ok(wire) = Wire::accepted(&process, stream) {
                    connections.push(serve(wire, &store, settings.password.as_deref()));
                }
            }
            Ok(None) => {}
            Err(signal) => {
                say(&process, '#', &format!("Received SIG{} scheduling shutdown...", signal.name())).await;
                say(&process, '*', "User requested shutdown...").await;
                say(&process, '#', "Redis is now ready to exit, bye bye...").await;
                return Outcome::Exit(0);
            }
        }
    }
}

async fn serve(mut wire: Wire, store: &Mutex<Store>, password: Option<&str>) {
    let mut known = password.is_none();
    while let Ok(Some(request)) = protocol::read_request(&mut wire).await {
        let request = match request {
            Ok(words) if words.is_empty() => continue,
            Ok(words) => words,
            Err(message) => {
                // Nothing that follows can be understood.
                let _ = wire.write(Reply::Error(format!("ERR Protocol error: {message}")).encode()).await;
                return;
            }
        };
        let name = String::from_utf8_lossy(&request[0]).to_ascii_uppercase();
        let reply = match name.as_str() {
            "QUIT" => {
                let _ = wire.write(Reply::ok().encode()).await;
                return;
            }
            "AUTH" => match (password, request.last()) {
                (None, _) => Reply::Error("ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?".to_owned()),
                (Some(password), Some(given)) if password.as_bytes() == &given[..] => {
                    known = true;
                    Reply::ok()
                }
                _ => Reply::Error("WRONGPASS invalid username-password pair or user is disabled.".to_owned()),
            },
            _ if !known => Reply::Error("NOAUTH Authentication required.".to_owned()),
            _ => {
                let now = wire.process().container.host.env.clock.uptime();
                lock(store).run(&name, &request[1..], now)
            }
        };
        if wire.write(reply.encode()).await.is_err() {
            return;
        }
    }
}
