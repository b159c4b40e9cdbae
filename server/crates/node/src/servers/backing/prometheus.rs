//! Prometheus: its health; scraping and queries are not simulated.

use std::time::Duration;

use super::{Service, not_simulated, stamp, version};
use crate::{
    kernel::{errno::Errno, process::Process},
    servers::listening::{Answer, Request},
};

pub(super) const SERVICE: Service = Service {
    name: "prometheus",
    memory: 44 << 20,
    ports: &[9090],
    starting: Duration::from_millis(150),
    greeting,
    ready,
    taken,
    farewell,
    answer: Some(answer),
    exit_code: 0,
};

fn line(process: &Process, level: &str, text: &str) -> String {
    format!("time={} level={level} {text}\n", stamp(process, "%Y-%m-%dT%H:%M:%S%.3fZ"))
}

fn greeting(process: &Process) -> String {
    let version = version(process, "PROMETHEUS_VERSION", "3.7.3");
    line(
        process,
        "INFO",
        &format!(
            "msg=\"Starting Prometheus Server\" mode=server version=\"(version={version}, branch=HEAD)\""
        ),
    )
}

fn ready(process: &Process) -> String {
    line(process, "INFO", "msg=\"Listening on\" address=[::]:9090")
        + &line(process, "INFO", "msg=\"Server is ready to receive web requests.\"")
}

fn taken(process: &Process, port: u16, errno: Errno) -> String {
    let reason = process.text(errno).to_lowercase();
    line(
        process,
        "ERROR",
        &format!("msg=\"Unable to start web listener\" err=\"listen tcp 0.0.0.0:{port}: bind: {reason}\""),
    )
}

fn farewell(process: &Process) -> String {
    line(process, "WARN", "msg=\"Received an OS signal, exiting gracefully...\" signal=terminated")
        + &line(process, "INFO", "msg=\"See you next time!\"")
}

fn answer(_: &Process, request: &Request) -> Answer {
    let plain = |text: &str| Answer::new(200, "text/plain; charset=utf-8", text.to_owned());
    match request.path() {
        "/-/healthy" => plain("Prometheus Server is Healthy.\n"),
        "/-/ready" => plain("Prometheus Server is Ready.\n"),
        "/" => Answer::new(302, "text/html; charset=utf-8", "<a href=\"/query\">Found</a>.\n\n")
            .with("Location", "/query"),
        _ => not_simulated("Prometheus"),
    }
}
