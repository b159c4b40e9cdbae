//! `socat`: relays bytes between two addresses, such as a port that it listens at and a server elsewhere.

mod address;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures::future::{Either, select};

use self::address::Address;
use super::connect::{FamilyWanted, addresses, port};
use crate::{
    commands::Cx,
    http::within,
    kernel::{
        errno::Errno,
        fs::{FileObject, OpenFile, OpenFlags},
        net::{Listener, Stream},
        process::{Outcome, Process},
    },
    libc::getopt::OptSpec,
};

const SPEC: OptSpec = OptSpec { short: "Vh?dDvxuUsT:t:b:46l:L:W:r:R:", long: &[] };
/// How long the other direction may go on after one has ended, where `-t` does not say.
const LINGER: Duration = Duration::from_millis(500);
/// How much is read at once.
const BLOCK: usize = 8192;
const VERSION: &str =
    "socat by Gerhard Rieger and contributors - see www.dest-unreach.org\nsocat version 1.8.0.3\n";

/// What to do between the addresses.
#[derive(Clone, Copy, Debug)]
struct Plan {
    /// How much is told: errors only, warnings, notices.
    told: usize,
    /// Whether bytes go from the first address to the second, and back.
    forth: bool,
    back: bool,
    linger: Duration,
    /// After how much silence it ends.
    silence: Option<Duration>,
}

/// One side: what is read from and what is written to.
#[derive(Debug, Default)]
struct End {
    input: Option<Arc<OpenFile>>,
    output: Option<Arc<OpenFile>>,
}

/// What an address became.
enum Opened {
    End(End),
    Command(Vec<String>),
    Listener(Arc<Listener>, bool),
}

/// Runs `socat`.
pub(super) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, "[options] <bi-address> <bi-address>").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.has(b'V') {
        cx.put(VERSION);
        return cx.finish(0).await;
    }
    if opts.has(b'h') || opts.has(b'?') {
        cx.put(VERSION);
        cx.put("Usage:\nsocat [options] <bi-address> <bi-address>\n");
        return cx.finish(0).await;
    }
    let seconds = |letter| {
        let text = std::str::from_utf8(opts.value(letter)?).ok()?;
        Some(crate::env::seconds(text.parse().ok()?))
    };
    // Nothing is waited for where bytes go one way only.
    let one_way = opts.has(b'u') || opts.has(b'U');
    let plan = Plan {
        told: opts.given.iter().filter(|(letter, _)| *letter == b'd').count(),
        forth: !opts.has(b'U'),
        back: !opts.has(b'u'),
        linger: if one_way { Duration::ZERO } else { seconds(b't').unwrap_or(LINGER) },
        silence: seconds(b'T').filter(|time| !time.is_zero()),
    };
    let process = Arc::clone(&cx.process);
    let [first, second] = opts.operands.as_slice() else {
        let message = format!(
            "exactly 2 addresses required (there are {}); use option \"-h\" for help",
            opts.operands.len()
        );
        tell(&process, 'E', &message).await;
        return 1;
    };
    let mut parsed = Vec::new();
    for text in [first, second] {
        match Address::parse(&String::from_utf8_lossy(text)) {
            Ok(address) => parsed.push(address),
            Err(error) => {
                tell(&process, 'E', &error.to_string()).await;
                return 1;
            }
        }
    }
    let [first, second] = parsed.as_slice() else { return 1 };
    match relay(&process, plan, first, second).await {
        Ok(()) => 0,
        Err(message) => {
            tell(&process, 'E', &message).await;
            1
        }
    }
}

/// Prints a line as socat logs it.
async fn tell(process: &Process, level: char, message: &str) {
    let now = process.now().strftime("%Y/%m/%d %H:%M:%S").to_string();
    // A log that nobody reads is no error.
    let _ = process.write(2, format!("{now} socat[{}] {level} {message}\n", process.pid)).await;
}

async fn notice(process: &Process, plan: Plan, message: &str) {
    if plan.told >= 2 {
        tell(process, 'N', message).await;
    }
}

/// Opens both addresses and passes on what comes; for each connection anew where the first one forks.
async fn relay(process: &Arc<Process>, plan: Plan, first: &Address, second: &Address) -> Result<(), String> {
    let opened = open(process, plan, first).await?;
    let Opened::Listener(listener, fork) = opened else {
        let second = settled(process, plan, open(process, plan, second).await?).await?;
        return connected(process, plan, opened, second).await;
    };
    loop {
        let stream = accept(process, plan, &listener).await;
        while process.reap().is_some() {}
        if !fork {
            let first = Opened::End(end_of(stream));
            drop(listener);
            let second = settled(process, plan, open(process, plan, second).await?).await?;
            return connected(process, plan, first, second).await;
        }
        let child = match process.fork() {
            Ok(child) => child,
            Err(errno) => {
                tell(process, 'E', &format!("fork(): {}", process.text(errno))).await;
                continue;
            }
        };
        notice(process, plan, &format!("forked off child process {}", child.pid)).await;
        let (own, second) = (Arc::clone(&child), second.clone());
        child.start(Box::pin(async move {
            let served = async {
                let second = settled(&own, plan, open(&own, plan, &second).await?).await?;
                connected(&own, plan, Opened::End(end_of(stream)), second).await
            };
            match served.await {
                Ok(()) => Outcome::Exit(0),
                Err(message) => {
                    tell(&own, 'E', &message).await;
                    Outcome::Exit(1)
                }
            }
        }));
    }
}

async fn accept(process: &Process, plan: Plan, listener: &Listener) -> Arc<Stream> {
    let stream = listener.accept().await;
    let said = format!("accepting connection from {} on {}", shown(stream.peer), shown(stream.local));
    notice(process, plan, &said).await;
    stream
}

/// What is relayed from: a listener has taken its one connection.
async fn settled(process: &Process, plan: Plan, opened: Opened) -> Result<Opened, String> {
    Ok(match opened {
        Opened::Listener(listener, _) => Opened::End(end_of(accept(process, plan, &listener).await)),
        other => other,
    })
}

/// An address as socat's messages show it.
fn shown(at: SocketAddr) -> String {
    format!("AF={} {at}", if at.is_ipv4() { 2 } else { 10 })
}

fn end_of(stream: Arc<Stream>) -> End {
    let flags = OpenFlags::READ_WRITE;
    let name = format!("socket:[{}]", stream.id);
    let file = OpenFile::new(FileObject::Stream(stream), flags, name.into_bytes());
    End { input: Some(Arc::clone(&file)), output: Some(file) }
}

async fn open(process: &Arc<Process>, plan: Plan, address: &Address) -> Result<Opened, String> {
    let says = |errno: Errno| process.text(errno);
    Ok(match address {
        Address::Standard { reads, writes } => {
            let file = |fd| process.file(fd).map_err(says);
            Opened::End(End {
                input: reads.then(|| file(0)).transpose()?,
                output: writes.then(|| file(1)).transpose()?,
            })
        }
        Address::Descriptor(number) => {
            let file = process.file(*number).map_err(|errno| format!("FD:{number}: {}", says(errno)))?;
            Opened::End(End { input: Some(Arc::clone(&file)), output: Some(file) })
        }
        Address::Listen { port: text, bind, fork } => {
            let port = port_number(process, text).await?;
            let ip = match bind {
                Some(host) => {
                    resolved(process, host, text).await?.first().copied().unwrap_or([0_u8; 4].into())
                }
                None => [0_u8; 4].into(),
            };
            let at = SocketAddr::new(ip, port);
            let (_, listener) = process
                .listen(at)
                .map_err(|errno| format!("bind(5, {{{}}}, 16): {}", shown(at), says(errno)))?;
            notice(process, plan, &format!("listening on {}", shown(listener.local))).await;
            Opened::Listener(listener, *fork)
        }
        Address::Connect { host, port: text } => {
            let port = port_number(process, text).await?;
            let mut failed = String::new();
            for ip in resolved(process, host, text).await? {
                let at = SocketAddr::new(ip, port);
                notice(process, plan, &format!("opening connection to {}", shown(at))).await;
                match process.container.fabric.connect(&process.container.net, at).await {
                    Ok(stream) => return Ok(Opened::End(end_of(stream))),
                    Err(errno) => failed = format!("connect(5, {}, 16): {}", shown(at), says(errno)),
                }
            }
            return Err(failed);
        }
        Address::File { path, create, append } => {
            let flags = OpenFlags {
                read: true,
                write: true,
                create: *create,
                append: *append,
                ..OpenFlags::default()
            };
            let reading = OpenFlags { read: true, ..OpenFlags::default() };
            let mut opened = process.open_file(path.as_bytes(), flags, 0o666).await;
            if matches!(opened, Err(Errno::EACCES | Errno::EROFS)) {
                opened = process.open_file(path.as_bytes(), reading, 0).await;
            }
            let file = opened.map_err(|errno| format!("open(\"{path}\"): {}", says(errno)))?;
            Opened::End(End { input: Some(Arc::clone(&file)), output: Some(file) })
        }
        Address::Command(words) => Opened::Command(words.clone()),
    })
}

async fn port_number(process: &Process, text: &str) -> Result<u16, String> {
    port(process, text).await.ok_or_else(|| format!("service/port \"{text}\" not found"))
}

async fn resolved(process: &Process, host: &str, port: &str) -> Result<Vec<IpAddr>, String> {
    let found = addresses(process, host, FamilyWanted::Any).await;
    found.map_err(|error| {
        let reason = error.text(process.container.libc);
        format!("getaddrinfo(\"{host}\", \"{port}\", {{0,0,1,6}}, {{}}): {reason}")
    })
}

/// Relays between two sides that are open; a command has the other side as its standard input and output.
async fn connected(process: &Arc<Process>, plan: Plan, first: Opened, second: Opened) -> Result<(), String> {
    match (first, second) {
        (Opened::End(first), Opened::End(second)) => {
            notice(process, plan, "starting data transfer loop").await;
            pass_on(process, plan, &first, &second).await.map_err(|errno| process.text(errno).to_owned())?;
            notice(process, plan, "exiting with status 0").await;
            Ok(())
        }
        (Opened::End(end), Opened::Command(words)) | (Opened::Command(words), Opened::End(end)) => {
            run_command(process, &words, &end).await
        }
        _ => Err("one of the two addresses must not be a command".to_owned()),
    }
}

async fn run_command(process: &Arc<Process>, words: &[String], end: &End) -> Result<(), String> {
    let argv: Arc<[Bytes]> = words.iter().map(|word| Bytes::copy_from_slice(word.as_bytes())).collect();
    let name = argv.first().cloned().unwrap_or_default();
    let search = process.var("PATH").unwrap_or_default();
    let failed = |errno| format!("execvp(\"{}\"): {}", String::from_utf8_lossy(&name), process.text(errno));
    let executable = process.search(&name, &search, argv).map_err(failed)?;
    let child = process.fork().map_err(failed)?;
    for (fd, file) in [(0, &end.input), (1, &end.output)] {
        if let Some(file) = file {
            // Small numbers are always free to be replaced.
            let _ = child.put(fd, Arc::clone(file));
        }
    }
    let pid = child.pid;
    child.start_program(&executable, process.env());
    drop(child);
    process.wait_for(pid).await.map(|_| ()).map_err(failed)
}

/// Passes bytes on in both directions, until both have ended or the second has taken too long after the first.
async fn pass_on(process: &Arc<Process>, plan: Plan, first: &End, second: &End) -> Result<(), Errno> {
    let forth =
        Box::pin(copy(process, plan, first.input.as_ref().filter(|_| plan.forth), second.output.as_ref()));
    let back =
        Box::pin(copy(process, plan, second.input.as_ref().filter(|_| plan.back), first.output.as_ref()));
    match select(forth, back).await {
        Either::Left((ended, rest)) | Either::Right((ended, rest)) => {
            ended?;
            // An end of silence is no error.
            within(process, Some(plan.linger), rest).await.unwrap_or(Ok(()))
        }
    }
}

/// Copies one direction to its end, and says so to the other side.
async fn copy(
    process: &Process,
    plan: Plan,
    from: Option<&Arc<OpenFile>>,
    to: Option<&Arc<OpenFile>>,
) -> Result<(), Errno> {
    let (Some(from), Some(to)) = (from, to) else { return std::future::pending().await };
    loop {
        let read = std::future::poll_fn(|cx| from.poll_read(cx, BLOCK));
        let Some(bytes) = within(process, plan.silence, read).await else { return Ok(()) };
        let bytes = bytes?;
        if bytes.is_empty() {
            break;
        }
        process.work(1).await;
        process.write_file(to, bytes).await?;
    }
    if let FileObject::Stream(stream) = &to.object {
        stream.shutdown();
    }
    Ok(())
}
