//! `nc`: connects, or listens, and passes on what it reads (busybox's, OpenBSD's and traditional netcat's options).

mod udp;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures::future::{Either, select};

use crate::{
    commands::{
        Cx,
        network::connect::{FamilyWanted, addresses, busybox_address, first_of, port},
    },
    http::{Wire, within},
    kernel::{errno::Errno, fs::FileObject, fs::OpenFile, fs::OpenFlags},
    libc::{getopt::OptSpec, resolver::ResolveError},
};

const SPEC: OptSpec = OptSpec {
    short: "lp:zvw:e:nukhq:i:s:Nd46c:tCFx:X:U",
    long: &[("listen", b'l'), ("verbose", b'v'), ("exec=", b'e'), ("wait=", b'w')],
};
const USAGE: &str = "[OPTIONS] HOST PORT  - connect\n\
       nc [OPTIONS] -l -p PORT [HOST] [PORT]  - listen\n\n\
\t-e PROG\tRun PROG after connect (must be last)\n\
\t-l\tListen mode, for inbound connects\n\
\t-p PORT\tLocal port\n\
\t-w SEC\tTimeout for connects and final net reads\n\
\t-u\tUDP mode\n\
\t-z\tZero-I/O mode: scan ports\n\
\t-v\tVerbose";

/// What the options say.
struct Plan {
    verbose: bool,
    scan: bool,
    keep: bool,
    timeout: Option<Duration>,
    /// A command that the connection becomes the standard streams of.
    command: Option<Vec<Bytes>>,
    /// Whether the connection is closed at the end of the input.
    close_at_end: bool,
    no_input: bool,
    numeric: bool,
    local_port: Option<u16>,
    wanted: FamilyWanted,
}

/// Runs `nc`.
pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    // Everything after `-e` belongs to the command, for busybox.
    let cut = cx.args.iter().position(|arg| &**arg == b"-e").filter(|_| !cx.is_gnu());
    let command: Option<Vec<Bytes>> = cut.map(|at| cx.args.drain(at..).skip(1).collect());
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let seconds = opts.value(b'w').and_then(|value| std::str::from_utf8(value).ok()?.parse::<u64>().ok());
    let shell = |text: &Bytes| vec![Bytes::from_static(b"/bin/sh"), Bytes::from_static(b"-c"), text.clone()];
    let plan = Plan {
        verbose: opts.has(b'v'),
        scan: opts.has(b'z'),
        keep: opts.has(b'k'),
        timeout: seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs),
        command: command
            .or_else(|| opts.value(b'e').map(|program| vec![program.clone()]))
            .or_else(|| opts.value(b'c').map(shell)),
        close_at_end: opts.has(b'N') || opts.value(b'q').is_some_and(|value| &**value != b"-1"),
        no_input: opts.has(b'd'),
        numeric: opts.has(b'n'),
        local_port: opts.value(b'p').and_then(|value| std::str::from_utf8(value).ok()?.parse().ok()),
        wanted: match opts.last_of(b"46") {
            Some(b'4') => FamilyWanted::V4,
            Some(b'6') => FamilyWanted::V6,
            _ => FamilyWanted::Any,
        },
    };
    let words: Vec<String> =
        opts.operands.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    let local = opts.value(b'p').map(|value| String::from_utf8_lossy(value).into_owned());
    if opts.has(b'l') {
        let (host, text) = match (words.as_slice(), local) {
            ([], Some(text)) => (None, text),
            ([host], Some(text)) => (Some(host.clone()), text),
            ([text], None) => (None, text.clone()),
            ([host, text], None) => (Some(host.clone()), text.clone()),
            _ => return cx.bad_usage(USAGE).await,
        };
        return match opts.has(b'u') {
            true => udp::listen(&mut cx, &plan, host.as_deref(), &text).await,
            false => listen(&mut cx, &plan, host.as_deref(), &text).await,
        };
    }
    match words.as_slice() {
        [host, ports @ ..] if !ports.is_empty() => {
            let mut code = 0;
            for text in expand(ports) {
                code = match opts.has(b'u') {
                    true => udp::connect(&mut cx, &plan, host, &text).await,
                    false => connect(&mut cx, &plan, host, &text).await,
                };
            }
            code
        }
        _ => cx.bad_usage(USAGE).await,
    }
}

/// Ports, with ranges such as `80-82` written out.
fn expand(ports: &[String]) -> Vec<String> {
    let range = |text: &String| {
        let (first, last) = text.split_once('-')?;
        let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
        Some((first..=last).map(|port| port.to_string()).collect::<Vec<_>>())
    };
    ports.iter().flat_map(|text| range(text).unwrap_or_else(|| vec![text.clone()])).collect()
}

async fn bad_port(cx: &mut Cx, text: &str) -> u8 {
    let message =
        if cx.is_gnu() { format!("port number invalid: {text}") } else { format!("bad port '{text}'") };
    cx.error(message).await;
    1
}

/// The addresses of a host; where there is none, that is said, and the error is the exit code.
async fn addresses_of(cx: &mut Cx, plan: &Plan, host: &str, port: &str) -> Result<Vec<IpAddr>, u8> {
    let process = Arc::clone(&cx.process);
    let found = if cx.is_gnu() {
        addresses(&process, host, plan.wanted).await
    } else {
        busybox_address(&process, host).await.map(|ip| vec![ip])
    };
    let error = match found {
        Ok(found) => return Ok(found),
        Err(error) => error,
    };
    let message = if cx.is_gnu() {
        let kind = if error == ResolveError::NoName {
            "Name or service not known"
        } else {
            "Temporary failure in name resolution"
        };
        format!("getaddrinfo for host \"{host}\" port {port}: {kind}")
    } else {
        format!("bad address '{host}'")
    };
    cx.error(message).await;
    Err(1)
}

/// The first address of a host.
async fn address_of(cx: &mut Cx, plan: &Plan, host: &str, port: &str) -> Result<IpAddr, u8> {
    addresses_of(cx, plan, host, port).await?.into_iter().next().ok_or(1)
}

async fn connect(cx: &mut Cx, plan: &Plan, host: &str, text: &str) -> u8 {
    let process = Arc::clone(&cx.process);
    let Some(port) = port(&process, text).await else {
        return bad_port(cx, text).await;
    };
    let found = match addresses_of(cx, plan, host, text).await {
        Ok(found) => found,
        Err(code) => return code,
    };
    let service = service_name(cx, port, "tcp").await;
    let attempt = within(&process, plan.timeout, first_of(&process, &found, port)).await;
    let (wire, ip) = match attempt {
        Some(Ok(connected)) => connected,
        failed => {
            let (errno, ip) = match failed {
                Some(Err((errno, ip))) => (errno, ip),
                _ => (Errno::ETIMEDOUT, found.first().copied()),
            };
            return refused(cx, plan, host, (ip, port), errno, attempt_timed_out(plan, errno)).await;
        }
    };
    if plan.verbose {
        let message = if cx.is_gnu() {
            let shown = if host.parse::<std::net::IpAddr>().is_ok() || plan.numeric {
                String::new()
            } else {
                format!(" ({ip})")
            };
            format!("Connection to {host}{shown} {port} port [tcp/{service}] succeeded!\n")
        } else {
            format!("{host} ({}) open\n", SocketAddr::new(ip, port))
        };
        cx.complain(message).await;
    }
    if plan.scan {
        return 0;
    }
    talk(cx, plan, wire).await
}

fn attempt_timed_out(plan: &Plan, errno: Errno) -> bool {
    plan.timeout.is_some() && errno == Errno::ETIMEDOUT
}

async fn refused(
    cx: &mut Cx,
    plan: &Plan,
    host: &str,
    (ip, port): (Option<std::net::IpAddr>, u16),
    errno: Errno,
    timed_out: bool,
) -> u8 {
    let reason = cx.text(errno);
    let shown = ip.map_or_else(|| host.to_owned(), |ip| SocketAddr::new(ip, port).to_string());
    if cx.is_gnu() {
        if plan.verbose {
            let address =
                ip.filter(|ip| ip.to_string() != host).map_or(String::new(), |ip| format!(" ({ip})"));
            let reason = if timed_out { "Operation now in progress" } else { reason };
            cx.error(format!("connect to {host}{address} port {port} (tcp) failed: {reason}")).await;
        }
    } else if timed_out {
        cx.error("timed out").await;
    } else if !plan.scan || plan.verbose {
        cx.error(format!("{host} ({shown}): {reason}")).await;
    }
    1
}

async fn service_name(cx: &Cx, port: u16, protocol: &str) -> String {
    let text = cx.process.read_file(b"/etc/services", 1 << 20).await.unwrap_or_default();
    let wanted = format!("{port}/{protocol}");
    String::from_utf8_lossy(&text)
        .lines()
        .find_map(|line| {
            let mut words = line.split_whitespace();
            let name = words.next()?;
            (words.next()? == wanted).then(|| name.to_owned())
        })
        .unwrap_or_else(|| "*".to_owned())
}

/// Where to listen; where that is nowhere, it is said, and the error is the exit code.
async fn local_address(cx: &mut Cx, plan: &Plan, host: Option<&str>, text: &str) -> Result<SocketAddr, u8> {
    let process = Arc::clone(&cx.process);
    let Some(port) = port(&process, text).await else {
        return Err(bad_port(cx, text).await);
    };
    let ip = match host {
        Some(host) => address_of(cx, plan, host, text).await?,
        // busybox listens at [::], which takes IPv4 too.
        None if cx.is_gnu() => [0u8; 4].into(),
        None => [0u16; 8].into(),
    };
    Ok(SocketAddr::new(ip, port))
}

async fn bind_failed(cx: &mut Cx, errno: Errno) -> u8 {
    let reason = cx.text(errno);
    let message = if cx.is_gnu() { reason.to_owned() } else { format!("bind: {reason}") };
    cx.error(message).await;
    1
}

async fn listen(cx: &mut Cx, plan: &Plan, host: Option<&str>, text: &str) -> u8 {
    let process = Arc::clone(&cx.process);
    let at = match local_address(cx, plan, host, text).await {
        Ok(at) => at,
        Err(code) => return code,
    };
    let (fd, listener) = match process.listen(at) {
        Ok(listening) => listening,
        Err(errno) => return bind_failed(cx, errno).await,
    };
    if plan.verbose {
        let message = if cx.is_gnu() {
            format!("Listening on {} {}\n", at.ip(), listener.local.port())
        } else {
            format!("listening on {} ...\n", listener.local)
        };
        cx.complain(message).await;
    }
    loop {
        let Some(stream) = within(&process, plan.timeout.filter(|_| !cx.is_gnu()), listener.accept()).await
        else {
            cx.error("timed out").await;
            return 1;
        };
        if plan.verbose {
            let peer = stream.peer;
            let message = if cx.is_gnu() {
                format!("Connection received on {} {}\n", peer.ip(), peer.port())
            } else {
                format!("connect to {} from {peer} ({peer})\n", stream.local)
            };
            cx.complain(message).await;
        }
        let Ok(wire) = Wire::accepted(&process, stream) else { return 1 };
        if !plan.keep {
            // One connection is enough: the port is free again.
            let _ = process.close(fd);
            drop(listener);
            return talk(cx, plan, wire).await;
        }
        talk(cx, plan, wire).await;
    }
}

/// Passes on what comes from both sides, or lets a command do so.
async fn talk(cx: &mut Cx, plan: &Plan, mut wire: Wire) -> u8 {
    if let Some(command) = &plan.command {
        return run_command(cx, command, &wire).await;
    }
    let process = Arc::clone(&cx.process);
    let input = process.file(0);
    let mut sending = !plan.no_input;
    loop {
        let from_input = std::pin::pin!(async {
            match &input {
                Ok(file) if sending => std::future::poll_fn(|cx| file.poll_read(cx, 16 * 1024)).await,
                _ => std::future::pending().await,
            }
        });
        // With a limit, silence after the end of the input ends it.
        let limit = plan.timeout.filter(|_| !sending || cx.is_gnu());
        let event = {
            let from_net = std::pin::pin!(wire.read());
            match within(&process, limit, select(from_net, from_input)).await {
                Some(Either::Left((read, _))) => (true, read),
                Some(Either::Right((read, _))) => (false, read),
                None => return 0,
            }
        };
        match event {
            (true, Ok(bytes)) if bytes.is_empty() => return 0,
            (true, Ok(bytes)) => {
                if !cx.write(bytes).await {
                    return 1;
                }
            }
            (true, Err(errno)) => {
                let reason = cx.text(errno);
                cx.error(reason).await;
                return 1;
            }
            (false, Ok(bytes)) if !bytes.is_empty() => {
                if wire.write(bytes).await.is_err() {
                    return 1;
                }
            }
            (false, _) => {
                sending = false;
                // OpenBSD's netcat leaves its side open, unless told otherwise; busybox closes it.
                if !cx.is_gnu() || plan.close_at_end {
                    wire.stream.shutdown();
                }
            }
        }
    }
}

async fn run_command(cx: &mut Cx, command: &[Bytes], wire: &Wire) -> u8 {
    let process = &cx.process;
    let search = process.var("PATH").unwrap_or_default();
    let Some(name) = command.first() else { return 1 };
    let argv: Arc<[Bytes]> = command.to_vec().into();
    let executable = match process.search(name, &search, argv) {
        Ok(executable) => executable,
        Err(errno) => {
            let message = format!("can't execute '{}': {}", String::from_utf8_lossy(name), cx.text(errno));
            cx.error(message).await;
            return 127;
        }
    };
    let Ok(child) = process.fork() else { return 1 };
    let flags = OpenFlags { read: true, write: true, ..OpenFlags::default() };
    let name = format!("socket:[{}]", wire.stream.id);
    let file = OpenFile::new(FileObject::Stream(Arc::clone(&wire.stream)), flags, name.into_bytes());
    for fd in 0..3 {
        // Small numbers are always free to be replaced.
        let _ = child.put(fd, Arc::clone(&file));
    }
    let pid = child.pid;
    let env = process.env();
    child.start_program(&executable, env);
    drop(child);
    match process.wait_for(pid).await {
        Ok(status) => u8::try_from(status.code()).unwrap_or(1),
        Err(_) => 1,
    }
}
