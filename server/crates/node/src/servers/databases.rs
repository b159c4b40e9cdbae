//! Databases as far as readiness goes: `postgres` and `mysqld` demand their settings, prepare their directories, log,
//! listen and greet, and their clients find out whether they do. SQL is not simulated, and they say so.

use std::{sync::Arc, time::Duration};

use super::listening::{listen_everywhere, serve_connections, signalled};
use crate::{
    env::BoxFuture,
    http::{Wire, within},
    kernel::{
        fs::OpenFlags,
        process::{Outcome, Process},
        signal::Signal,
    },
};

const POSTGRES_PORT: u16 = 5432;
pub(super) const MYSQL_PORT: u16 = 3306;
/// How long preparing an empty directory takes.
const PREPARING: Duration = Duration::from_millis(1500);
/// The longest message that is read.
const MAX_MESSAGE: usize = 64 * 1024;

pub(super) fn var(process: &Process, name: &str) -> Option<String> {
    let value = String::from_utf8_lossy(&process.var(name)?).into_owned();
    (!value.is_empty()).then_some(value)
}

/// The value of `-X value`, `-Xvalue`, `--long value` or `--long=value`.
pub(super) fn option(process: &Process, short: &str, long: &str) -> Option<String> {
    let argv = process.argv();
    let mut args = argv.iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned());
    while let Some(arg) = args.next() {
        if arg == short || arg == long {
            return args.next();
        }
        if let Some(value) = arg.strip_prefix(long).and_then(|rest| rest.strip_prefix('=')) {
            return Some(value.to_owned());
        }
        if let Some(value) =
            arg.strip_prefix(short).filter(|value| !value.is_empty() && !arg.starts_with("--"))
        {
            return Some(value.to_owned());
        }
    }
    None
}

/// Prepares a directory of data once; `false` where that cannot be done.
pub(super) async fn prepare(process: &Process, directory: &str, mark: &str) -> Option<bool> {
    let path = format!("{directory}/{mark}");
    if process.stat(path.as_bytes(), true).is_ok() {
        return Some(false);
    }
    let mut at = String::new();
    for part in directory.split('/').filter(|part| !part.is_empty()) {
        at.push('/');
        at.push_str(part);
        let _ = process.mkdir(at.as_bytes(), 0o700);
    }
    let file = process.open_file(path.as_bytes(), OpenFlags::WRITE, 0o600).await.ok()?;
    process.write_file(&file, "17\n".into()).await.ok()?;
    process.sleep(PREPARING).await;
    Some(true)
}

pub(super) fn postgres_main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(postgres(process))
}

async fn pg_log(process: &Process, message: &str) {
    let stamp = process.now().strftime("%Y-%m-%d %H:%M:%S.%3f UTC");
    let _ = process.write(2, format!("{stamp} [{}] LOG:  {message}\n", process.pid)).await;
}

async fn postgres(process: Arc<Process>) -> Outcome {
    let version = var(&process, "PG_VERSION").unwrap_or_else(|| "17.6".to_owned());
    let data = var(&process, "PGDATA").unwrap_or_else(|| "/var/lib/postgresql/data".to_owned());
    let initialized = process.stat(format!("{data}/PG_VERSION").as_bytes(), true).is_ok();
    let trusts = var(&process, "POSTGRES_HOST_AUTH_METHOD").as_deref() == Some("trust");
    let password = var(&process, "POSTGRES_PASSWORD").or(var(&process, "POSTGRES_PASSWORD_FILE"));
    if !initialized && password.is_none() && !trusts {
        let text = "Error: Database is uninitialized and superuser password is not specified.\n       \
                    You must specify POSTGRES_PASSWORD to a non-empty value for the\n       \
                    superuser. For example, \"-e POSTGRES_PASSWORD=password\" on \"docker run\".\n\n       \
                    You may also use \"POSTGRES_HOST_AUTH_METHOD=trust\" to allow all\n       \
                    connections without a password. This is *not* recommended.\n\n       \
                    See PostgreSQL documentation about \"trust\":\n       \
                    https://www.postgresql.org/docs/current/auth-trust.html\n";
        let _ = process.write(2, text).await;
        return Outcome::Exit(1);
    }
    match prepare(&process, &data, "PG_VERSION").await {
        Some(true) => {
            let text = "The files belonging to this database system will be owned by user \"postgres\".\nThis user must also own the \
                        server process.\n\nPostgreSQL init process complete; ready for start up.\n\n";
            let _ = process.write(1, text).await;
        }
        Some(false) => {
            let text =
                "\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n\n";
            let _ = process.write(1, text).await;
        }
        None => {
            let _ = process
                .write(
                    2,
                    format!("initdb: error: could not create directory \"{data}\": Permission denied\n"),
                )
                .await;
            return Outcome::Exit(1);
        }
    }
    let port = option(&process, "-p", "--port").and_then(|port| port.parse().ok()).unwrap_or(POSTGRES_PORT);
    pg_log(&process, &format!("starting PostgreSQL {version} (Debian {version}-1.pgdg13+1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 14.2.0-19) 14.2.0, 64-bit")).await;
    let listener = match listen_everywhere(&process, port, true) {
        Ok(listener) => listener,
        Err(errno) => {
            let reason = process.text(errno);
            pg_log(&process, &format!("could not bind IPv4 address \"0.0.0.0\": {reason}")).await;
            let stamp = process.now().strftime("%Y-%m-%d %H:%M:%S.%3f UTC");
            let text = format!("{stamp} [{}] FATAL:  could not create any TCP/IP sockets\n", process.pid);
            let _ = process.write(2, text).await;
            return Outcome::Exit(1);
        }
    };
    pg_log(&process, &format!("listening on IPv4 address \"0.0.0.0\", port {port}")).await;
    pg_log(&process, &format!("listening on IPv6 address \"::\", port {port}")).await;
    pg_log(&process, "database system is ready to accept connections").await;
    let stop = signalled(&process, &[Signal::INT, Signal::TERM, Signal::QUIT]);
    serve_connections(
        &process,
        &listener,
        async {
            let _ = stop.await;
        },
        postgres_session,
    )
    .await;
    pg_log(&process, "received fast shutdown request").await;
    pg_log(&process, "database system is shut down").await;
    Outcome::Exit(0)
}

/// Answers what a client sends first: whoever wants to log in is told that there is no SQL here.
async fn postgres_session(mut wire: Wire) {
    loop {
        while wire.buffered().len() < 8 {
            if !matches!(wire.fill().await, Ok(true)) {
                return;
            }
        }
        let number = |at: usize| {
            wire.buffered().get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes)
        };
        let len = number(0).and_then(|len| usize::try_from(len).ok()).unwrap_or(0);
        let code = number(4).unwrap_or(0);
        if !(8..=MAX_MESSAGE).contains(&len) {
            return;
        }
        while wire.buffered().len() < len {
            if !matches!(wire.fill().await, Ok(true)) {
                return;
            }
        }
        wire.skip(len);
        // A request for TLS is declined; the client goes on without.
        if code == 80_877_103 {
            if wire.write("N").await.is_err() {
                return;
            }
            continue;
        }
        let fields = "SFATAL\0VFATAL\0C0A000\0MSQL is not simulated by podlab: this server only tells that it is ready\0\0";
        let mut message = vec![b'E'];
        message.extend_from_slice(&u32::try_from(fields.len() + 4).unwrap_or(4).to_be_bytes());
        message.extend_from_slice(fields.as_bytes());
        let _ = wire.write(message).await;
        return;
    }
}

pub(super) fn pg_isready_main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(async move {
        let host = option(&process, "-h", "--host").or(var(&process, "PGHOST"));
        let port =
            option(&process, "-p", "--port").or(var(&process, "PGPORT")).and_then(|port| port.parse().ok());
        let port = port.unwrap_or(POSTGRES_PORT);
        let shown = host.clone().unwrap_or_else(|| "/var/run/postgresql".to_owned());
        let to = super::forward::addresses(&process, host.as_deref().unwrap_or("localhost"), port).await;
        let mut found = None;
        for address in to {
            if let Some(Ok(wire)) =
                within(&process, Some(Duration::from_secs(3)), Wire::connect(&process, address)).await
            {
                found = Some(wire);
                break;
            }
        }
        let (text, code) = match found {
            None => ("no response", 2),
            Some(mut wire) => {
                let body = b"\0\x03\0\0user\0postgres\0\0";
                let mut message = u32::try_from(body.len() + 4).unwrap_or(0).to_be_bytes().to_vec();
                message.extend_from_slice(body);
                let sent = wire.write(message).await.is_ok();
                let answered = within(&process, Some(Duration::from_secs(3)), wire.read()).await;
                match answered {
                    // Any answer, a refusal too, means that it takes connections.
                    Some(Ok(bytes)) if sent && matches!(bytes.first(), Some(b'R' | b'E')) => {
                        ("accepting connections", 0)
                    }
                    _ => ("no response", 2),
                }
            }
        };
        let quiet = process.argv().iter().any(|arg| matches!(&**arg, b"-q" | b"--quiet"));
        if !quiet {
            let _ = process.write(1, format!("{shown}:{port} - {text}\n")).await;
        }
        Outcome::Exit(code)
    })
}

pub(super) fn mysqld_main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(mysqld(process))
}

pub(super) async fn entrypoint_note(process: &Process, level: &str, message: &str) {
    let stamp = process.now().strftime("%Y-%m-%d %H:%M:%S+00:00");
    let _ = process.write(1, format!("{stamp} [{level}] [Entrypoint]: {message}\n")).await;
}

async fn mysql_log(process: &Process, code: &str, message: &str) {
    let stamp = process.now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ");
    let _ = process.write(2, format!("{stamp} 0 [System] [{code}] [Server] {message}\n")).await;
}

async fn mysqld(process: Arc<Process>) -> Outcome {
    let version = var(&process, "MYSQL_VERSION").unwrap_or_else(|| "8.4.7".to_owned());
    entrypoint_note(
        &process,
        "Note",
        &format!("Entrypoint script for MySQL Server {version}-1.el9 started."),
    )
    .await;
    let data = "/var/lib/mysql";
    let initialized = process.stat(b"/var/lib/mysql/ibdata1", true).is_ok();
    let named = [
        "MYSQL_ROOT_PASSWORD",
        "MYSQL_ROOT_PASSWORD_FILE",
        "MYSQL_ALLOW_EMPTY_PASSWORD",
        "MYSQL_RANDOM_ROOT_PASSWORD",
    ];
    if !initialized && !named.iter().any(|name| var(&process, name).is_some()) {
        entrypoint_note(
            &process,
            "ERROR",
            "Database is uninitialized and password option is not specified\n    You need to specify one of the following as an \
             environment variable:\n    - MYSQL_ROOT_PASSWORD\n    - MYSQL_ALLOW_EMPTY_PASSWORD\n    - MYSQL_RANDOM_ROOT_PASSWORD",
        )
        .await;
        return Outcome::Exit(1);
    }
    if !initialized {
        entrypoint_note(&process, "Note", "Initializing database files").await;
    }
    match prepare(&process, data, "ibdata1").await {
        Some(true) => entrypoint_note(&process, "Note", "MySQL init process done. Ready for start up.").await,
        Some(false) => {}
        None => {
            let _ = process
                .write(
                    2,
                    format!("mysqld: Can't create directory '{data}/' (OS errno 13 - Permission denied)\n"),
                )
                .await;
            return Outcome::Exit(1);
        }
    }
    mysql_log(&process, "MY-015015", "MySQL Server - start.").await;
    let port = option(&process, "-P", "--port").and_then(|port| port.parse().ok()).unwrap_or(MYSQL_PORT);
    let listener = match listen_everywhere(&process, port, true) {
        Ok(listener) => listener,
        Err(errno) => {
            let stamp = process.now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
            let reason = process.text(errno);
            let text = format!(
                "{stamp} 0 [ERROR] [MY-010262] [Server] Can't start server: Bind on TCP/IP port: {reason}\n\
                 {stamp} 0 [ERROR] [MY-010119] [Server] Aborting\n"
            );
            let _ = process.write(2, text).await;
            return Outcome::Exit(1);
        }
    };
    mysql_log(
        &process,
        "MY-010931",
        &format!("/usr/sbin/mysqld: ready for connections. Version: '{version}'  socket: '/var/run/mysqld/mysqld.sock'  port: {port}  MySQL Community Server - GPL."),
    )
    .await;
    let stop = signalled(&process, &[Signal::TERM, Signal::QUIT]);
    serve_connections(
        &process,
        &listener,
        async {
            let _ = stop.await;
        },
        |wire| mysql_session(wire, &version),
    )
    .await;
    mysql_log(
        &process,
        "MY-013172",
        &format!("Received SHUTDOWN from user <via user signal>. Shutting down mysqld (Version: {version})."),
    )
    .await;
    mysql_log(
        &process,
        "MY-010910",
        &format!("/usr/sbin/mysqld: Shutdown complete (mysqld {version})  MySQL Community Server - GPL."),
    )
    .await;
    Outcome::Exit(0)
}

/// The length and the number of a message of MySQL's protocol, and its text.
fn mysql_packet(number: u8, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap_or(0).to_le_bytes();
    [&[len[0], len[1], len[2], number], payload].concat()
}

/// Greets; whoever wants to log in is told that there is no SQL here.
pub(super) async fn mysql_session(mut wire: Wire, version: &str) {
    let mut greeting = vec![10];
    greeting.extend_from_slice(version.as_bytes());
    // Connection number, challenge, capabilities (protocol 4.1, plugins), character set, state, challenge.
    greeting.extend_from_slice(b"\0\x08\0\0\0podlab01\0\xff\xf7\xff\x02\0\xff\xdf\x15\0\0\0\0\0\0\0\0\0\0podlab012345\0caching_sha2_password\0");
    if wire.write(mysql_packet(0, &greeting)).await.is_err() {
        return;
    }
    if matches!(wire.fill().await, Ok(true)) {
        let mut refusal = b"\xff\x15\x04#28000".to_vec();
        refusal.extend_from_slice(b"SQL is not simulated by podlab: this server only tells that it is ready");
        let _ = wire.write(mysql_packet(2, &refusal)).await;
    }
}

pub(super) fn mysqladmin_main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(async move {
        if !process.argv().iter().any(|arg| &**arg == b"ping") {
            let _ = process.write(2, "mysqladmin: podlab simulates \"ping\" only\n").await;
            return Outcome::Exit(1);
        }
        let host = option(&process, "-h", "--host").unwrap_or_else(|| "localhost".to_owned());
        let port = option(&process, "-P", "--port").and_then(|port| port.parse().ok()).unwrap_or(MYSQL_PORT);
        for address in super::forward::addresses(&process, &host, port).await {
            if let Some(Ok(mut wire)) =
                within(&process, Some(Duration::from_secs(5)), Wire::connect(&process, address)).await
                && matches!(within(&process, Some(Duration::from_secs(5)), wire.fill()).await, Some(Ok(true)))
            {
                let _ = process.write(1, "mysqld is alive\n").await;
                return Outcome::Exit(0);
            }
        }
        let text = if host == "localhost" {
            "mysqladmin: connect to server at 'localhost' failed\nerror: 'Can't connect to local MySQL server through socket \
             '/var/run/mysqld/mysqld.sock' (2)'\nCheck that mysqld is running and that the socket: '/var/run/mysqld/mysqld.sock' exists!\n"
                .to_owned()
        } else {
            format!(
                "mysqladmin: connect to server at '{host}' failed\nerror: 'Can't connect to MySQL server on '{host}:{port}' (111)'\n\
                 Check that mysqld is running on {host} and that the port is {port}.\nYou can check this by doing 'telnet {host} {port}'\n"
            )
        };
        let _ = process.write(2, text).await;
        Outcome::Exit(1)
    })
}
