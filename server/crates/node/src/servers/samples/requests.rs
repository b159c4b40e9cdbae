//! Servers that show whoever asks what they asked.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{PLAIN, var};
use crate::{
    kernel::process::Process,
    servers::listening::{Answer, Request},
};

/// The longest time that an answer is put off, in milliseconds.
const MAX_DELAY: u64 = 60_000;

pub(super) fn described(host: &str, port: u16, request: &Request) -> String {
    let mut fields: Vec<String> = request
        .head
        .headers
        .iter()
        .map(|(name, value)| format!("\t{}={value}\n", name.to_lowercase()))
        .collect();
    fields.sort();
    let query = request.head.target.split_once('?').map_or("", |(_, query)| query);
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let body = if body.is_empty() { "\t-no body in request-".to_owned() } else { body };
    format!(
        "\n\nHostname: {host}\n\nPod Information:\n\t-no pod information available-\n\nServer values:\n\t\
         server_version=nginx: 1.13.3 - lua: 10008\n\nRequest Information:\n\tclient_address={}\n\tmethod={}\n\t\
         real path={}\n\tquery={query}\n\trequest_version=1.{}\n\trequest_scheme=http\n\trequest_uri=http://{}:{}{}\n\n\
         Request Headers:\n{}\nRequest Body:\n{body}\n\n",
        request.peer.ip(),
        request.head.method,
        request.head.target,
        request.head.minor,
        request.head.headers.get("host").unwrap_or_default().split(':').next().unwrap_or_default(),
        port,
        request.head.target,
        fields.concat(),
    )
}

/// A request as text: its line, its fields, a blank line, its body.
pub(super) fn repeated(request: &Request) -> String {
    let head = &request.head;
    let fields: String = head.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let body = String::from_utf8_lossy(&request.body);
    format!("{} {} HTTP/1.{}\n\n{fields}\n{body}", head.method, head.target, head.minor)
}

pub(super) fn who_am_i(process: &Process, port: u16, host: &str, request: &Request) -> Answer {
    let addresses = ["127.0.0.1".to_owned(), "::1".to_owned(), request.local.ip().to_string()];
    let head = &request.head;
    match request.path() {
        "/health" => Answer::new(200, PLAIN, ""),
        "/bench" => Answer::new(200, "text/plain", "1"),
        "/api" => {
            let headers: serde_json::Map<String, serde_json::Value> = head
                .headers
                .iter()
                .filter(|(name, _)| !name.eq_ignore_ascii_case("host"))
                .map(|(name, value)| (name.to_owned(), serde_json::json!([value])))
                .collect();
            let text = serde_json::json!({
                "hostname": host, "ip": addresses, "headers": headers, "url": head.target,
                "host": head.headers.get("host").unwrap_or_default(), "method": head.method.to_string(),
                "remoteAddr": request.peer.to_string(),
            });
            Answer::new(200, "application/json", format!("{text}\n"))
        }
        _ => {
            let name = var(process, "WHOAMI_NAME").map_or_else(String::new, |name| format!("Name: {name}\n"));
            let ips: String = addresses.iter().map(|address| format!("IP: {address}\n")).collect();
            let fields: String = head
                .headers
                .iter()
                .filter(|(name, _)| !name.eq_ignore_ascii_case("host"))
                .map(|(name, value)| format!("{name}: {value}\n"))
                .collect();
            let text = format!(
                "{name}Hostname: {host}\n{ips}RemoteAddr: {}\n{} {} HTTP/1.1\nHost: {}\n{fields}\n",
                request.peer,
                head.method,
                head.target,
                head.headers.get("host").map_or_else(|| port.to_string(), str::to_owned),
            );
            Answer::new(200, PLAIN, text)
        }
    }
}

/// Everything about a request, and about whoever answers; `echo_code`, `echo_body` and `echo_time` in the query say what is
/// answered instead, and when.
pub(super) async fn environment_and_request(process: &Process, request: &Request) -> Answer {
    let head = &request.head;
    if let Some(delay) = request.parameter("echo_time").and_then(|text| text.parse::<u64>().ok()) {
        process.sleep(Duration::from_millis(delay.min(MAX_DELAY))).await;
    }
    let status = request.parameter("echo_code").and_then(|text| text.parse::<u16>().ok());
    let status = status.filter(|status| (200..=599).contains(status)).unwrap_or(200);
    let answer = if let Some(body) = request.parameter("echo_body") {
        Answer::new(status, "application/json; charset=utf-8", json!(body).to_string())
    } else {
        let host = head.headers.get("host").unwrap_or_default();
        let headers: Map<String, Value> =
            head.headers.iter().map(|(name, value)| (name.to_lowercase(), json!(value))).collect();
        let query: Map<String, Value> = head
            .target
            .split_once('?')
            .map_or("", |(_, query)| query)
            .split('&')
            .filter_map(|pair| {
                Some((pair.split('=').next()?.to_owned(), json!(request.parameter(pair.split('=').next()?)?)))
            })
            .collect();
        let environment: Map<String, Value> = process
            .env()
            .iter()
            .filter_map(|entry| {
                let entry = String::from_utf8_lossy(entry).into_owned();
                entry.split_once('=').map(|(name, value)| (name.to_owned(), json!(value)))
            })
            .collect();
        let body = serde_json::from_slice(&request.body).unwrap_or_else(|_| match request.body.is_empty() {
            true => json!({}),
            false => json!(String::from_utf8_lossy(&request.body)),
        });
        let text = json!({
            "host": {
                "hostname": host.split(':').next().unwrap_or_default(),
                "ip": format!("::ffff:{}", request.peer.ip()),
                "ips": [],
            },
            "http": {
                "method": head.method, "baseUrl": "", "originalUrl": head.target, "protocol": "http",
            },
            "request": {
                "params": {"0": request.path()}, "query": query, "cookies": {}, "body": body, "headers": headers,
            },
            "environment": environment,
        });
        Answer::new(status, "application/json; charset=utf-8", text.to_string())
    };
    let line = json!({
        "name": "echo-server", "hostname": var(process, "HOSTNAME"), "level": 30,
        "msg": format!("{} [{}] {}", process.now(), head.method, head.target),
    });
    let _ = process.write(1, format!("{line}\n")).await;
    answer
}
