//! MariaDB as far as readiness goes: see [`super::databases`], which it shares the protocol with.

use std::sync::Arc;

use super::{
    databases::{MYSQL_PORT, entrypoint_note, mysql_session, option, prepare, var},
    listening::{listen_everywhere, serve_connections, signalled},
};
use crate::{
    env::BoxFuture,
    kernel::{
        process::{Outcome, Process},
        signal::Signal,
    },
};

const DATA: &str = "/var/lib/mysql";

pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process))
}

async fn log(process: &Process, level: &str, message: &str) {
    let stamp = process.now().strftime("%Y-%m-%d %-H:%M:%S");
    let _ = process.write(2, format!("{stamp} 0 [{level}] {message}\n")).await;
}

async fn run(process: Arc<Process>) -> Outcome {
    let release = var(&process, "MARIADB_VERSION").unwrap_or_else(|| "1:11.8.3+maria~ubu2404".to_owned());
    let bare = release.trim_start_matches("1:").split('+').next().unwrap_or_default().to_owned();
    let version = format!("{bare}-MariaDB-ubu2404");
    let started = format!("Entrypoint script for MariaDB Server {release} started.");
    entrypoint_note(&process, "Note", &started).await;
    let named = ["ROOT_PASSWORD", "ROOT_PASSWORD_HASH", "ALLOW_EMPTY_ROOT_PASSWORD", "RANDOM_ROOT_PASSWORD"];
    let older = ["MYSQL_ROOT_PASSWORD", "MYSQL_ALLOW_EMPTY_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD"];
    let has_password = named.iter().any(|name| {
        var(&process, &format!("MARIADB_{name}")).or(var(&process, &format!("MARIADB_{name}_FILE"))).is_some()
    }) || older.iter().any(|name| var(&process, name).is_some());
    let initialized = process.stat(b"/var/lib/mysql/ibdata1", true).is_ok();
    if !initialized && !has_password {
        entrypoint_note(
            &process,
            "ERROR",
            "Database is uninitialized and password option is not specified\n\tYou need to specify one of MARIADB_ROOT_PASSWORD, \
             MARIADB_ROOT_PASSWORD_HASH, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD and MARIADB_RANDOM_ROOT_PASSWORD",
        )
        .await;
        return Outcome::Exit(1);
    }
    if !initialized {
        entrypoint_note(&process, "Note", "Initializing database files").await;
    }
    match prepare(&process, DATA, "ibdata1").await {
        Some(true) => {
            entrypoint_note(&process, "Note", "Database files initialized").await;
            entrypoint_note(&process, "Note", "MariaDB init process done. Ready for start up.").await;
        }
        Some(false) => {}
        None => {
            let text = format!(
                "Can't create test file '{DATA}/{}.lower-test' (Errcode: 13 \"Permission denied\")",
                process.pid
            );
            log(&process, "Warning", &text).await;
            log(&process, "ERROR", "Aborting").await;
            return Outcome::Exit(1);
        }
    }
    log(&process, "Note", &format!("Starting MariaDB {version} as process {}", process.pid)).await;
    let port = option(&process, "-P", "--port").and_then(|port| port.parse().ok()).unwrap_or(MYSQL_PORT);
    let listener = match listen_everywhere(&process, port, true) {
        Ok(listener) => listener,
        Err(errno) => {
            let text = format!(
                "Can't start server: Bind on TCP/IP port. Got error: {}: {}",
                errno.number(),
                process.text(errno)
            );
            log(&process, "ERROR", &text).await;
            let text = format!("Do you already have another server running on port: {port} ?");
            log(&process, "ERROR", &text).await;
            log(&process, "ERROR", "Aborting").await;
            return Outcome::Exit(1);
        }
    };
    log(&process, "Note", "Server socket created on IP: '0.0.0.0'.").await;
    log(&process, "Note", "Server socket created on IP: '::'.").await;
    let ready = format!(
        "mariadbd: ready for connections.\nVersion: '{version}'  socket: '/run/mysqld/mysqld.sock'  port: {port}  mariadb.org binary distribution"
    );
    log(&process, "Note", &ready).await;
    let stop = signalled(&process, &[Signal::TERM, Signal::QUIT]);
    let shown = format!("5.5.5-{version}");
    serve_connections(&process, &listener, async { _ = stop.await }, |wire| mysql_session(wire, &shown))
        .await;
    log(&process, "Note", "mariadbd (initiated by: unknown): Normal shutdown").await;
    log(&process, "Note", "mariadbd: Shutdown complete").await;
    Outcome::Exit(0)
}
