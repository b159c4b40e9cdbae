//! Grafana: its health.

use std::time::Duration;

use super::{Service, not_simulated, stamp, version};
use crate::{
    kernel::{errno::Errno, process::Process},
    servers::listening::{Answer, Request},
};

pub(super) const SERVICE: Service = Service {
    name: "grafana",
    memory: 90 << 20,
    ports: &[3000],
    starting: Duration::from_millis(700),
    greeting,
    ready,
    taken,
    farewell,
    answer: Some(answer),
    exit_code: 0,
};

fn line(process: &Process, logger: &str, text: &str) -> String {
    format!("logger={logger} t={} level=info {text}\n", stamp(process, "%Y-%m-%dT%H:%M:%S%.9fZ"))
}

fn greeting(process: &Process) -> String {
    let version = version(process, "GRAFANA_VERSION", "12.2.1");
    line(process, "settings", &format!("msg=\"Starting Grafana\" version={version}"))
}

fn ready(process: &Process) -> String {
    line(process, "http.server", "msg=\"HTTP Server Listen\" address=[::]:3000 protocol=http subUrl= socket=")
}

fn taken(process: &Process, port: u16, errno: Errno) -> String {
    format!(
        "Error: failed to open listener on address 0.0.0.0:{port}: listen tcp 0.0.0.0:{port}: bind: {}\n",
        process.text(errno).to_lowercase()
    )
}

fn farewell(process: &Process) -> String {
    line(process, "server", "msg=\"Shutdown started\" reason=\"System signal: terminated\"")
}

fn answer(process: &Process, request: &Request) -> Answer {
    match request.path() {
        "/api/health" => {
            let version = version(process, "GRAFANA_VERSION", "12.2.1");
            let text = format!("{{\n  \"database\": \"ok\",\n  \"version\": \"{version}\"\n}}");
            Answer::new(200, "application/json; charset=UTF-8", text)
        }
        "/healthz" => Answer::new(200, "text/plain; charset=utf-8", "Ok"),
        "/" => Answer::new(302, "text/html; charset=utf-8", "<a href=\"/login\">Found</a>.\n\n")
            .with("Location", "/login"),
        _ => not_simulated("Grafana"),
    }
}
