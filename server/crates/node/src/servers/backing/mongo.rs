//! `mongod` and `mongosh`: whether the database answers a ping.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{Service, hostname, version};
use crate::{
    env::BoxFuture,
    kernel::{
        errno::Errno,
        process::{Outcome, Process},
    },
};

const PORT: u16 = 27017;

pub(super) const SERVICE: Service = Service {
    name: "mongod",
    memory: 92 << 20,
    ports: &[PORT],
    starting: Duration::from_millis(400),
    greeting,
    ready,
    taken,
    farewell,
    answer: None,
    exit_code: 0,
};

fn line(
    process: &Process,
    component: &str,
    id: u32,
    context: &str,
    message: &str,
    attributes: &Value,
) -> String {
    let date = super::stamp(process, "%Y-%m-%dT%H:%M:%S%.3f+00:00");
    let component = format!("\"{component}\",");
    let attributes = match attributes {
        Value::Null => String::new(),
        given => format!(",\"attr\":{given}"),
    };
    format!(
        "{{\"t\":{{\"$date\":\"{date}\"}},\"s\":\"I\",  \"c\":{component:<11}\"id\":{id},   \"ctx\":\"{context}\",\"msg\":\
         \"{message}\"{attributes}}}\n"
    )
}

fn greeting(process: &Process) -> String {
    let start = json!({"pid": process.pid, "port": PORT, "dbPath": "/data/db", "architecture": "64-bit", "host": hostname(process)});
    let build = json!({"buildInfo": {"version": version(process, "MONGO_VERSION", "8.0.15")}});
    line(process, "CONTROL", 4_615_611, "initandlisten", "MongoDB starting", &start)
        + &line(process, "CONTROL", 23403, "initandlisten", "Build Info", &build)
}

fn ready(process: &Process) -> String {
    line(process, "NETWORK", 23015, "listener", "Listening on", &json!({"address": "0.0.0.0"}))
        + &line(
            process,
            "NETWORK",
            23016,
            "listener",
            "Waiting for connections",
            &json!({"port": PORT, "ssl": "off"}),
        )
}

fn taken(process: &Process, _: u16, errno: Errno) -> String {
    line(
        process,
        "CONTROL",
        20568,
        "initandlisten",
        "Error setting up listener",
        &json!({"error": {"code": 9001, "codeName": "SocketException", "errmsg": process.text(errno)}}),
    )
}

fn farewell(process: &Process) -> String {
    line(
        process,
        "CONTROL",
        23377,
        "SignalHandler",
        "Received signal",
        &json!({"signal": 15, "error": "Terminated"}),
    ) + &line(process, "CONTROL", 23138, "SignalHandler", "Shutting down", &json!({"exitCode": 0}))
}

/// Runs `mongosh`, and `mongo` before it.
pub(in crate::servers) fn shell_main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(async move { Outcome::Exit(shell(&process).await) })
}

async fn shell(process: &Arc<Process>) -> u8 {
    let (mut host, mut port, mut expression) = ("127.0.0.1".to_owned(), PORT, None);
    let argv = process.argv();
    let mut args = argv.iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned());
    while let Some(arg) = args.next() {
        let (name, mut value) = match arg.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
            _ => (arg, None),
        };
        match name.as_str() {
            "--eval" => expression = value.take().or_else(|| args.next()),
            "--host" => host = value.take().or_else(|| args.next()).unwrap_or(host),
            "--port" => {
                port = value.take().or_else(|| args.next()).and_then(|port| port.parse().ok()).unwrap_or(port)
            }
            "--version" => {
                let _ = process.write(1, "2.5.8\n").await;
                return 0;
            }
            name if name.starts_with('-') => {}
            address => {
                let bare = address.trim_start_matches("mongodb://").split('/').next().unwrap_or_default();
                if address.contains("://") || address.contains(':') {
                    let (name, number) = bare.split_once(':').unwrap_or((bare, ""));
                    host = name.to_owned();
                    port = number.parse().unwrap_or(PORT);
                }
            }
        }
    }
    let shown = if host == "localhost" { "127.0.0.1" } else { &host };
    let reached = match crate::libc::resolver::resolve(process, &host).await {
        Ok(found) => match found.last() {
            Some(ip) => process.connect((*ip, port).into()).await.map(drop).map_err(|errno| match errno {
                Errno::ECONNREFUSED => format!("connect ECONNREFUSED {ip}:{port}"),
                other => format!("connect {} {ip}:{port}", other.name()),
            }),
            None => Err(format!("getaddrinfo ENOTFOUND {shown}")),
        },
        Err(_) => Err(format!("getaddrinfo ENOTFOUND {shown}")),
    };
    if let Err(why) = reached {
        let _ = process.write(2, format!("MongoNetworkError: {why}\n")).await;
        return 1;
    }
    let asked: String =
        expression.unwrap_or_default().chars().filter(|c| !matches!(c, ' ' | '"' | '\'' | ';')).collect();
    let asked = asked.strip_prefix("printjson(").and_then(|inner| inner.strip_suffix(')')).unwrap_or(&asked);
    let (asked, field) = asked.strip_suffix(".ok").map_or((asked, false), |asked| (asked, true));
    let pings = [
        "db.runCommand(ping)",
        "db.adminCommand(ping)",
        "db.runCommand({ping:1})",
        "db.adminCommand({ping:1})",
    ];
    if pings.contains(&asked) {
        let _ = process.write(1, if field { "1\n" } else { "{ ok: 1 }\n" }).await;
        return 0;
    }
    let _ = process
        .write(2, "mongosh: podlab does not simulate MongoDB's queries: there is db.runCommand(\"ping\")\n")
        .await;
    1
}
