//! `httpbin`: says as JSON what it was asked, and answers as it is asked to. Of its many addresses those are here that tell about
//! a request, that answer with a status or late, and that redirect or want a password. `go-httpbin` is the same in Go: with lists
//! where a name may come more than once.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::{
    listening::{Answer, Request, listen_everywhere, serve, signalled},
    samples::option,
};
use crate::{
    env::{self, BoxFuture},
    http::{decode_percent, http_date},
    kernel::{
        process::{Outcome, Process},
        signal::Signal,
    },
};

const HTML: &str = "text/html; charset=utf-8";
/// The longest delay.
const MAX_DELAY: f64 = 10.0;

pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process))
}

/// Whose manner it answers in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    Flask,
    Go,
}

async fn say(process: &Process, text: &str) {
    let stamp = process.now().strftime("%Y-%m-%d %H:%M:%S +0000");
    let _ = process.write(2, format!("[{stamp}] [{}] [INFO] {text}\n", process.pid)).await;
}

/// Writes a line of `go-httpbin`'s log.
async fn log(process: &Process, text: &str) {
    let time = process.now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
    let _ = process.write(1, format!("time={time} level=INFO msg={text}\n")).await;
}

async fn run(process: Arc<Process>) -> Outcome {
    if process.program().is_some_and(|program| program.name == "go-httpbin") {
        return run_go(process).await;
    }
    say(&process, "Starting gunicorn 19.9.0").await;
    let listener = match listen_everywhere(&process, 80, false) {
        Ok(listener) => listener,
        Err(_) => {
            say(&process, "Connection in use: ('0.0.0.0', 80)").await;
            return Outcome::Exit(1);
        }
    };
    say(&process, &format!("Listening at: http://0.0.0.0:80 ({})", process.pid)).await;
    say(&process, "Using worker: gevent").await;
    let mut stop = signalled(&process, &[Signal::TERM, Signal::INT]);
    let mut name = "term";
    let stopped = async {
        if stop.as_mut().await == Signal::INT {
            name = "int";
        }
    };
    serve(&process, &listener, stopped, |request| answer(&process, request, Voice::Flask)).await;
    say(&process, &format!("Handling signal: {name}")).await;
    say(&process, "Shutting down: Master").await;
    Outcome::Exit(0)
}

async fn run_go(process: Arc<Process>) -> Outcome {
    let args: Vec<String> =
        process.argv().iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let variable = process.var("PORT").map(|text| String::from_utf8_lossy(&text).into_owned());
    let port = option(&args, "port").or(variable).and_then(|text| text.parse().ok()).unwrap_or(8080);
    let listener = match listen_everywhere(&process, port, true) {
        Ok(listener) => listener,
        Err(errno) => {
            let reason = process.text(errno).to_lowercase();
            let text = format!("error: listen tcp :{port}: bind: {reason}\n");
            let _ = process.write(2, text).await;
            return Outcome::Exit(1);
        }
    };
    log(&process, &format!("\"go-httpbin listening on http://0.0.0.0:{port}\"")).await;
    let stop = signalled(&process, &[Signal::TERM, Signal::INT]);
    serve(&process, &listener, async { _ = stop.await }, async |request| {
        let head = &request.head;
        let agent = head.headers.get("user-agent").unwrap_or_default().to_owned();
        let (method, target, ip) = (head.method.clone(), head.target.clone(), request.peer.ip());
        let answer = answer(&process, request, Voice::Go).await;
        let (status, size) = (answer.head.status, answer.body.len());
        let text = format!(
            "\"{status} {method} {target} 0.1ms\" status={status} method={method} uri={target} size_bytes={size} \
             duration_ms=0.1 user_agent={agent} client_ip={ip}"
        );
        log(&process, &text).await;
        answer
    })
    .await;
    Outcome::Exit(0)
}

/// As Go writes JSON here: keys in order.
fn as_go_json(status: u16, value: &Value) -> Answer {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    Answer::new(status, "application/json; charset=utf-8", text + "\n")
}

/// As Flask writes JSON here: keys in order, a blank after each comma.
fn as_json(status: u16, value: &Value, voice: Voice) -> Answer {
    if voice == Voice::Go {
        return as_go_json(status, value);
    }
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    // Line breaks within texts are escaped: what follows a comma is the end of a line.
    Answer::new(status, "application/json", text.replace(",\n", ", \n") + "\n")
}

/// Pairs of a query or a form; a name with many values has a list.
fn pairs(text: &str, voice: Voice) -> Value {
    let mut all: IndexMap<String, Vec<String>> = IndexMap::new();
    let decoded = |text: &str| String::from_utf8_lossy(&decode_percent(&text.replace('+', " "))).into_owned();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        all.entry(decoded(name)).or_default().push(decoded(value));
    }
    let value = |values: Vec<String>| match values.as_slice() {
        [only] if voice == Voice::Flask => json!(only),
        many => json!(many),
    };
    Value::Object(all.into_iter().map(|(name, values)| (name, value(values))).collect())
}

/// What is known of a request.
fn described(request: &Request, voice: Voice) -> Map<String, Value> {
    let head = &request.head;
    let headers: Map<String, Value> = head
        .headers
        .iter()
        .map(|(name, value)| {
            let words: Vec<String> = name
                .split('-')
                .map(|word| {
                    let mut word = word.to_ascii_lowercase();
                    if let Some(first) = word.get_mut(..1) {
                        first.make_ascii_uppercase();
                    }
                    word
                })
                .collect();
            (words.join("-"), if voice == Voice::Go { json!([value]) } else { json!(value) })
        })
        .collect();
    let is_form =
        head.headers.get("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form"));
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let host = head.headers.get("host").unwrap_or_default();
    let query = head.target.split_once('?').map_or("", |(_, query)| query);
    let Value::Object(described) = json!({
        "args": pairs(query, voice),
        "data": if is_form { "" } else { &body },
        "files": {},
        "form": if is_form { pairs(&body, voice) } else { json!({}) },
        "headers": headers,
        "json": serde_json::from_str::<Value>(&body).unwrap_or(Value::Null),
        "method": head.method,
        "origin": request.peer.ip().to_string(),
        "url": format!("http://{host}{}", head.target),
    }) else {
        return Map::new();
    };
    described
}

fn only(described: &Map<String, Value>, keys: &[&str], voice: Voice) -> Answer {
    let chosen: Map<String, Value> =
        keys.iter().filter_map(|key| Some(((*key).to_owned(), described.get(*key)?.clone()))).collect();
    as_json(200, &Value::Object(chosen), voice)
}

async fn answer(process: &Process, request: Request, voice: Voice) -> Answer {
    let described = described(&request, voice);
    let only = |keys: &[&str]| only(&described, keys, voice);
    let as_json = |status, value: &Value| as_json(status, value, voice);
    let method = request.head.method.as_str();
    let path = request.path().to_owned();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    if voice == Voice::Go {
        // It says how it was asked.
        if let (_, ["get"] | ["post"] | ["put"] | ["patch"] | ["delete"]) = (method, parts.as_slice())
            && parts[0].eq_ignore_ascii_case(method)
        {
            let keys = match method {
                "GET" => &["args", "headers", "method", "origin", "url"][..],
                _ => &["args", "data", "files", "form", "headers", "json", "method", "origin", "url"],
            };
            return only(keys)
                .with("Date", http_date(process.now()))
                .with("Access-Control-Allow-Origin", "*");
        }
    }
    let with_body = ["args", "data", "files", "form", "headers", "json", "origin", "url"];
    let all = ["args", "data", "files", "form", "headers", "json", "method", "origin", "url"];
    let answer = match (method, parts.as_slice()) {
        ("GET" | "HEAD", ["get"]) => only(&["args", "headers", "origin", "url"]),
        ("POST", ["post"]) | ("PUT", ["put"]) | ("PATCH", ["patch"]) | ("DELETE", ["delete"]) => {
            only(&with_body)
        }
        (_, ["anything", ..]) => only(&all),
        (_, ["get" | "post" | "put" | "patch" | "delete"]) => Answer::new(
            405,
            "text/html",
            "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<title>405 Method Not Allowed</title>\n\
             <h1>Method Not Allowed</h1>\n<p>The method is not allowed for the requested URL.</p>\n",
        ),
        ("GET", ["headers"]) => only(&["headers"]),
        ("GET", ["ip"]) => only(&["origin"]),
        ("GET", ["user-agent"]) => {
            as_json(200, &json!({"user-agent": request.head.headers.get("user-agent")}))
        }
        ("GET", ["uuid"]) => {
            let (high, low) = (process.random(), process.random());
            let text = format!(
                "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
                high >> 32,
                (high >> 16) & 0xffff,
                high & 0xfff,
                low >> 52,
                low & 0xffff_ffff_ffff
            );
            as_json(200, &json!({"uuid": text}))
        }
        (_, ["status", code]) => match code.parse::<u16>() {
            Ok(code @ 100..=599) => status(code),
            _ => Answer::new(400, HTML, "Invalid status code"),
        },
        (_, ["delay", seconds]) => {
            let delay = seconds.parse::<f64>().unwrap_or(0.0).min(MAX_DELAY);
            process.sleep(env::seconds(delay)).await;
            only(&["args", "data", "files", "form", "headers", "origin", "url"])
        }
        (_, ["redirect-to"]) => {
            let to = request.parameter("url").unwrap_or_default();
            Answer::new(302, HTML, "").with("Location", to)
        }
        ("GET", ["basic-auth", user, password]) => {
            let wanted = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
            match request.head.headers.get("authorization") {
                Some(given) if given == wanted => as_json(200, &json!({"authenticated": true, "user": user})),
                _ => status(401),
            }
        }
        ("GET", ["base64", text]) => {
            let decoded = STANDARD.decode(text).unwrap_or_else(|_| b"Incorrect Base64 data".to_vec());
            Answer::new(200, HTML, decoded)
        }
        ("GET" | "HEAD", [""]) => Answer::new(
            200,
            HTML,
            "<!DOCTYPE html>\n<html lang=\"en\">\n\n<head>\n    <meta charset=\"UTF-8\">\n    <title>httpbin.org</title>\n</head>\n</html>",
        ),
        _ => Answer::new(
            404,
            "text/html",
            "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n\
             <p>The requested URL was not found on the server.  If you entered the URL manually please check your spelling and \
             try again.</p>\n",
        ),
    };
    let answer = if voice == Voice::Flask { answer.with("Server", "gunicorn/19.9.0") } else { answer };
    answer
        .with("Date", http_date(process.now()))
        .with("Access-Control-Allow-Origin", "*")
        .with("Access-Control-Allow-Credentials", "true")
}

/// An answer of a status, with what goes with it.
fn status(code: u16) -> Answer {
    let answer = Answer::new(code, HTML, "");
    match code {
        301 | 302 | 303 | 305 | 307 => answer.with("Location", "/redirect/1"),
        401 => answer.with("WWW-Authenticate", "Basic realm=\"Fake Realm\""),
        _ => answer,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Voice, pairs};

    #[test]
    fn a_name_with_many_values_has_a_list() {
        let query = "a=1&b=x%20y&a=2&c";
        assert_eq!(pairs(query, Voice::Flask), json!({"a": ["1", "2"], "b": "x y", "c": ""}));
        assert_eq!(pairs(query, Voice::Go), json!({"a": ["1", "2"], "b": ["x y"], "c": [""]}));
    }
}
