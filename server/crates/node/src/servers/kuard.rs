//! `kuard`, the demonstration program of the book "Kubernetes: Up and Running": probes that fail on demand, the file system,
//! the environment and memory over HTTP. The page in the browser, the key generator and the queue are not simulated.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{
    listening::{Answer, Request, listen_everywhere, serve},
    release,
};
use crate::{
    env::BoxFuture,
    http::{decode_percent, http_date},
    kernel::{
        fs::FileType,
        process::{Outcome, Process},
        wait::lock,
    },
};

/// How many answers a probe remembers.
const HISTORY: usize = 20;
/// The largest file that is shown.
const MAX_FILE: usize = 16 << 20;
const PLAIN: &str = "text/plain; charset=utf-8";

/// What a probe has answered, and what it is to answer.
#[derive(Debug, Default)]
struct Probe {
    /// How often it is to fail from now on; for ever if negative.
    fail_next: i64,
    last: u64,
    history: Vec<(u64, jiff::Timestamp, u16)>,
}

impl Probe {
    fn ask(&mut self, now: jiff::Timestamp) -> Answer {
        let (status, text) = match self.fail_next {
            0 => (200, "ok".to_owned()),
            left if left < 0 => (500, "fail, permanent".to_owned()),
            left => {
                self.fail_next = left - 1;
                (500, format!("fail, {} left", self.fail_next))
            }
        };
        self.last += 1;
        self.history.push((self.last, now, status));
        if self.history.len() > HISTORY {
            self.history.remove(0);
        }
        Answer::new(status, "text/plain", text)
    }

    fn status(&self, now: jiff::Timestamp) -> Value {
        let history = self.history.iter().rev().map(|(id, when, code)| {
            let seconds = now.duration_since(*when).as_secs();
            let relative = match seconds {
                0 => "now".to_owned(),
                1 => "1 second ago".to_owned(),
                seconds if seconds < 60 => format!("{seconds} seconds ago"),
                seconds if seconds < 120 => "1 minute ago".to_owned(),
                seconds => format!("{} minutes ago", seconds / 60),
            };
            let shown = when.strftime("%b %e %H:%M:%S").to_string();
            json!({"id": id, "when": shown, "relWhen": relative, "code": code})
        });
        json!({"probePath": "", "failNext": self.fail_next, "history": history.collect::<Vec<_>>()})
    }
}

#[derive(Debug, Default)]
struct Kuard {
    healthy: Mutex<Probe>,
    ready: Mutex<Probe>,
    /// Memory that was asked for and not given back, in bytes.
    leaked: Mutex<u64>,
}

pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process))
}

async fn say(process: &Process, text: &str) {
    let stamp = process.now().strftime("%Y/%m/%d %H:%M:%S");
    let _ = process.write(2, format!("{stamp} {text}\n")).await;
}

const SETTINGS: &str = "Config: 
{
  \"address\": \":8080\",
  \"debug\": false,
  \"debug-sitedata-dir\": \"./sitedata\",
  \"keygen\": {
    \"enable\": false,
    \"exit-code\": 0,
    \"exit-on-complete\": false,
    \"memq-queue\": \"\",
    \"memq-server\": \"\",
    \"num-to-gen\": 0,
    \"time-to-run\": 0
  },
  \"liveness\": {
    \"fail-next\": 0
  },
  \"readiness\": {
    \"fail-next\": 0
  },
  \"tls-address\": \":8443\",
  \"tls-dir\": \"/tls\"
}";

async fn run(process: Arc<Process>) -> Outcome {
    let stars = "*".repeat(70);
    for text in [
        &format!("Starting kuard version: v0.10.0-{}", release(&process)),
        &stars,
        "* WARNING: This server may expose sensitive",
        "* and secret information. Be careful.",
        &stars,
        SETTINGS,
        "Could not find certificates to serve TLS",
        "Serving on HTTP on :8080",
    ] {
        say(&process, text).await;
    }
    let listener = match listen_everywhere(&process, 8080, true) {
        Ok(listener) => listener,
        Err(error) => {
            let reason = process.text(error).to_lowercase();
            say(&process, &format!("listen tcp :8080: bind: {reason}")).await;
            return Outcome::Exit(1);
        }
    };
    let kuard = Kuard::default();
    // Go's runtime takes every signal that would end a program, and ends with 2 where it cannot die of it.
    let stop = super::listening::signalled(
        &process,
        &[crate::kernel::signal::Signal::TERM, crate::kernel::signal::Signal::INT],
    );
    serve(&process, &listener, async { _ = stop.await }, |request| answer(&process, &kuard, request)).await;
    Outcome::Exit(2)
}

async fn answer(process: &Process, kuard: &Kuard, request: Request) -> Answer {
    say(process, &format!("{} {} {}", request.peer, request.head.method, request.head.target)).await;
    // Everything is there under three prefixes too, for the examples of Ingresses.
    let path = ["/a/", "/b/", "/c/"]
        .into_iter()
        .find(|prefix| request.path().starts_with(prefix))
        .map_or(request.path(), |_| &request.path()[2..]);
    let now = process.now();
    let answer = match (request.head.method.as_str(), path) {
        ("GET" | "HEAD", "/") => Answer::new(200, "text/html", page(process, &request)),
        ("GET", "/healthy") => lock(&kuard.healthy).ask(now),
        ("GET", "/ready") => lock(&kuard.ready).ask(now),
        (method, "/healthy/api") => probe_api(&kuard.healthy, method, &request, now),
        (method, "/ready/api") => probe_api(&kuard.ready, method, &request, now),
        ("GET", "/env/api") => {
            let argv: Vec<String> =
                process.argv().iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
            let env: serde_json::Map<String, Value> = process
                .env()
                .iter()
                .filter_map(|entry| {
                    let text = String::from_utf8_lossy(entry).into_owned();
                    let (name, value) = text.split_once('=')?;
                    Some((name.to_owned(), json!(value)))
                })
                .collect();
            as_json(&json!({"commandLine": argv, "env": env}))
        }
        ("POST", "/mem/api/alloc") => match request.parameter("size").map(|size| size.parse::<u64>()) {
            None => Answer::new(400, PLAIN, "size not specified\n"),
            Some(Err(_)) => Answer::new(400, PLAIN, "bad size param\n"),
            Some(Ok(size)) => {
                let leaked = {
                    let mut leaked = lock(&kuard.leaked);
                    *leaked = leaked.saturating_add(size);
                    *leaked
                };
                // Past the container's limit this is its end.
                let _ = process.claim(leaked);
                Answer::new(200, PLAIN, "")
            }
        },
        ("POST", "/mem/api/clear") => {
            *lock(&kuard.leaked) = 0;
            let _ = process.claim(0);
            Answer::new(200, PLAIN, "")
        }
        ("GET", path) if path.starts_with("/fs/") => files(process, &path[3..]).await,
        _ => Answer::new(404, PLAIN, "404 page not found\n"),
    };
    answer.with("Date", http_date(now))
}

fn as_json(value: &Value) -> Answer {
    Answer::new(200, "application/json", format!("{value}\n"))
        .with("Cache-Control", "no-cache, private, max-age=0")
        .with("Expires", "Thu, 01 Jan 1970 00:00:00 UTC")
        .with("Pragma", "no-cache")
}

fn probe_api(probe: &Mutex<Probe>, method: &str, request: &Request, now: jiff::Timestamp) -> Answer {
    let mut probe = lock(probe);
    match method {
        "GET" => as_json(&probe.status(now)),
        "PUT" => match serde_json::from_slice::<Value>(&request.body) {
            Ok(wanted) => {
                probe.fail_next = wanted.get("failNext").and_then(Value::as_i64).unwrap_or(0);
                as_json(&probe.status(now))
            }
            Err(_) => Answer::new(400, PLAIN, "unexpected EOF\n"),
        },
        _ => Answer::new(405, PLAIN, "Method Not Allowed\n"),
    }
}

/// The page, whose script shows what it finds in `pageContext`.
fn page(process: &Process, request: &Request) -> String {
    let head = &request.head;
    let fields: String = head.headers.iter().map(|(name, value)| format!("\r\n{name}: {value}")).collect();
    let context = json!({
        "urlBase": "",
        "hostname": String::from_utf8_lossy(&lock(&process.container.hostname)),
        "addrs": [request.local.ip().to_string()],
        "version": format!("v0.10.0-{}", release(process)),
        "requestDump": format!("{} {} HTTP/1.{}{fields}", head.method, head.target, head.minor),
        "requestProto": format!("HTTP/1.{}", head.minor),
        "requestAddr": request.peer.to_string(),
    });
    format!(
        "<!doctype html>\n\n<html lang=\"en\">\n<head>\n  <meta charset=\"utf-8\">\n\n  <title>KUAR Demo</title>\n\n  <script>\n\
         var pageContext = {context}\n  </script>\n</head>\n\n<body>\n  <div id=\"root\"></div>\n</body>\n</html>\n"
    )
}

/// A file, or what is in a directory.
async fn files(process: &Process, path: &str) -> Answer {
    let path = decode_percent(path);
    match process.stat(&path, true).map(|stat| stat.file_type) {
        Ok(FileType::Directory) => {
            let names = process.list(&path).unwrap_or_default();
            let mut shown: Vec<String> = names
                .into_iter()
                .map(|(name, kind)| {
                    let slash = if kind == FileType::Directory { "/" } else { "" };
                    format!("{}{slash}", String::from_utf8_lossy(&name))
                })
                .filter(|name| !matches!(name.as_str(), "./" | "../"))
                .collect();
            shown.sort();
            let lines: String = shown.iter().map(|name| format!("<a href=\"{name}\">{name}</a>\n")).collect();
            Answer::new(200, "text/html; charset=utf-8", format!("<pre>\n{lines}</pre>\n"))
        }
        Ok(_) => match process.read_file(&path, MAX_FILE).await {
            Ok(content) => Answer::new(200, PLAIN, content),
            Err(_) => Answer::new(403, PLAIN, "403 Forbidden\n"),
        },
        Err(_) => Answer::new(404, PLAIN, "404 page not found\n"),
    }
}
