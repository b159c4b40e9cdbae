//! Tomcat without applications: it starts and finds nothing, as the image does. Applications are not simulated.

use std::time::Duration;

use super::{Service, stamp, version};
use crate::{
    kernel::{errno::Errno, process::Process},
    servers::listening::{Answer, Request},
};

pub(super) const SERVICE: Service = Service {
    name: "catalina.sh",
    memory: 96 << 20,
    ports: &[8080],
    starting: Duration::from_millis(600),
    greeting,
    ready,
    taken,
    farewell,
    answer: Some(answer),
    exit_code: 143,
};

fn line(process: &Process, place: &str, text: &str) -> String {
    format!("{} INFO [main] {place} {text}\n", stamp(process, "%d-%b-%Y %H:%M:%S%.3f"))
}

fn greeting(process: &Process) -> String {
    let version = version(process, "TOMCAT_VERSION", "11.0.13");
    let listener = "org.apache.catalina.startup.VersionLoggerListener.log";
    line(process, listener, &format!("Server version name:   Apache Tomcat/{version}"))
        + &line(
            process,
            "org.apache.coyote.AbstractProtocol.init",
            "Initializing ProtocolHandler [\"http-nio-8080\"]",
        )
        + &line(
            process,
            "org.apache.catalina.core.StandardService.startInternal",
            "Starting service [Catalina]",
        )
}

fn ready(process: &Process) -> String {
    line(process, "org.apache.coyote.AbstractProtocol.start", "Starting ProtocolHandler [\"http-nio-8080\"]")
        + &line(process, "org.apache.catalina.startup.Catalina.start", "Server startup in [612] milliseconds")
}

fn taken(process: &Process, port: u16, errno: Errno) -> String {
    let reason = process.text(errno);
    format!(
        "java.net.BindException: {reason}: Failed to initialize component [Connector[\"http-nio-{port}\"]]\n"
    )
}

fn farewell(process: &Process) -> String {
    line(process, "org.apache.coyote.AbstractProtocol.pause", "Pausing ProtocolHandler [\"http-nio-8080\"]")
        + &line(
            process,
            "org.apache.catalina.core.StandardService.stopInternal",
            "Stopping service [Catalina]",
        )
}

/// The page of an error.
fn error(status: u16, reason: &str) -> Answer {
    let title = format!("HTTP Status {status} – {reason}");
    let body = format!(
        "<!doctype html><html lang=\"en\"><head><title>{title}</title><style type=\"text/css\">body \
         {{font-family:Tahoma,Arial,sans-serif;}} h1, h2, h3, b {{color:white;background-color:#525D76;}} h1 {{font-size:22px;}} h2 \
         {{font-size:16px;}} h3 {{font-size:14px;}} p {{font-size:12px;}} a {{color:black;}} .line \
         {{height:1px;background-color:#525D76;border:none;}}</style></head><body><h1>{title}</h1></body></html>"
    );
    Answer::new(status, "text/html;charset=utf-8", body).with("Content-Language", "en")
}

fn answer(_: &Process, request: &Request) -> Answer {
    match request.head.method.as_str() {
        "GET" | "HEAD" => error(404, "Not Found"),
        _ => error(405, "Method Not Allowed"),
    }
}
