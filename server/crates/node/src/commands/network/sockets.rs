//! `netstat` and `ss`: the sockets that are open.

use std::net::SocketAddr;

use crate::{
    commands::Cx,
    kernel::{
        fs::FileObject,
        net::{SocketRow, SocketState},
        process::Process,
    },
    libc::getopt::{OptSpec, Opts},
};

const NETSTAT: OptSpec = OptSpec {
    short: "lantuxwreWpcsiM46",
    long: &[
        ("listening", b'l'),
        ("all", b'a'),
        ("numeric", b'n'),
        ("tcp", b't'),
        ("udp", b'u'),
        ("raw", b'w'),
        ("unix", b'x'),
        ("route", b'r'),
        ("extend", b'e'),
        ("wide", b'W'),
        ("program", b'p'),
        ("programs", b'p'),
        ("interfaces", b'i'),
        ("statistics", b's'),
    ],
};
const NETSTAT_USAGE: &str = "[-ral] [-tuwx] [-enWp]\n\nDisplay networking information\n\n\
\t-r\tRouting table\n\
\t-a\tAll sockets\n\
\t-l\tListening sockets\n\
\t\tElse: connected sockets\n\
\t-t\tTCP sockets\n\
\t-u\tUDP sockets\n\
\t-w\tRaw sockets\n\
\t-x\tUnix sockets\n\
\t\tElse: all socket types\n\
\t-e\tOther/more information\n\
\t-n\tDon't resolve names\n\
\t-W\tWide display\n\
\t-p\tShow PID/program name for sockets";

/// How much of a program's name is shown with its number.
const PROGRAM_WIDTH: usize = 19;

/// The state as a table shows it.
fn state_name(state: SocketState, ss: bool) -> &'static str {
    match (state, ss) {
        (SocketState::Listen, _) => "LISTEN",
        (SocketState::Established, false) => "ESTABLISHED",
        (SocketState::Established, true) => "ESTAB",
        (SocketState::CloseWait, false) => "CLOSE_WAIT",
        (SocketState::CloseWait, true) => "CLOSE-WAIT",
        (SocketState::FinWait2, false) => "FIN_WAIT2",
        (SocketState::FinWait2, true) => "FIN-WAIT-2",
        (SocketState::LastAck, false) => "LAST_ACK",
        (SocketState::LastAck, true) => "LAST-ACK",
        (SocketState::None, false) => "",
        (SocketState::None, true) => "UNCONN",
    }
}

/// A process that has a socket open: its number, its name, its descriptor.
struct Owner {
    pid: u32,
    /// The first word of its command line.
    title: String,
    comm: String,
    fd: u32,
}

/// Who has a socket open, as far as the viewer may look into others' files.
fn owners(viewer: &Process, socket: u64) -> Vec<Owner> {
    let creds = viewer.creds();
    let mut owners = Vec::new();
    for process in viewer.pids.all() {
        let state = process.lock();
        if creds.uid != 0 && creds.uid != state.creds.uid {
            continue;
        }
        let id = |object: &FileObject| match object {
            FileObject::Listener(listener) => Some(listener.id),
            FileObject::Stream(stream) => Some(stream.id),
            FileObject::Udp(udp) => Some(udp.id),
            _ => None,
        };
        let Some((fd, _)) = state.fds.iter().find(|(_, file)| id(&file.object) == Some(socket)) else {
            continue;
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let title = state.argv.first().map_or_else(String::new, |arg| text(arg));
        let title = if title.contains(": ") {
            title
        } else {
            title.rsplit('/').next().unwrap_or_default().to_owned()
        };
        owners.push(Owner { pid: process.pid, title, comm: text(&state.comm), fd });
    }
    owners
}

/// Sockets that the options ask for.
fn rows(cx: &Cx, opts: &Opts) -> Vec<SocketRow> {
    let (tcp, udp) = (opts.has(b't'), opts.has(b'u'));
    let any_kind = !tcp && !udp && !opts.has(b'x') && !opts.has(b'w');
    let (all, listening) = (opts.has(b'a'), opts.has(b'l'));
    let mut rows = cx.process.container.net.sockets();
    rows.retain(|row| {
        let kind = any_kind || (row.udp && udp) || (!row.udp && tcp);
        let waits = matches!(row.state, SocketState::Listen | SocketState::None);
        let family = match opts.last_of(b"46") {
            Some(b'4') => row.local.is_ipv4(),
            Some(b'6') => row.local.is_ipv6(),
            _ => true,
        };
        kind && family && (all || waits == listening)
    });
    rows.sort_by_key(|row| (row.udp, row.local.is_ipv6(), row.state != SocketState::Listen, row.id));
    rows
}

fn address(address: SocketAddr, any_port: bool) -> String {
    let port = if any_port { "*".to_owned() } else { address.port().to_string() };
    format!("{}:{port}", address.ip())
}

fn peer(row: &SocketRow) -> String {
    match row.peer {
        Some(peer) => address(peer, false),
        None if row.local.is_ipv6() => ":::*".to_owned(),
        None => "0.0.0.0:*".to_owned(),
    }
}

/// Runs `netstat`.
pub(super) async fn netstat(mut cx: Cx) -> u8 {
    let opts = match cx.opts(NETSTAT, NETSTAT_USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.has(b'r') {
        let table = super::interfaces::kernel_routes(&cx);
        cx.put(table);
        return cx.finish(0).await;
    }
    if opts.has(b'i') {
        let table = super::interfaces::interface_table(&cx);
        cx.put(table);
        return cx.finish(0).await;
    }
    let which = match (opts.has(b'a'), opts.has(b'l')) {
        (true, _) => "servers and established",
        (false, true) => "only servers",
        (false, false) => "w/o servers",
    };
    let program = opts.has(b'p');
    let title = if program { "PID/Program name    " } else { "" };
    let sockets = !opts.has(b'x') || opts.has(b't') || opts.has(b'u');
    if sockets {
        cx.put(format!(
            "Active Internet connections ({which})\nProto Recv-Q Send-Q {:<23} {:<23} State       {title}\n",
            "Local Address", "Foreign Address"
        ));
        for row in rows(&cx, &opts) {
            cx.process.work(5).await;
            let proto = match (row.udp, row.local.is_ipv6() && cx.is_gnu()) {
                (false, false) => "tcp",
                (false, true) => "tcp6",
                (true, false) => "udp",
                (true, true) => "udp6",
            };
            let mut line = format!(
                "{proto:<4}  {:>6} {:>6} {:<23} {:<23} {:<11}",
                0,
                0,
                address(row.local, false),
                peer(&row),
                state_name(row.state, false)
            );
            line.push(' ');
            if program {
                let owner = owners(&cx.process, row.id).into_iter().next();
                let text =
                    owner.map_or_else(|| "-".to_owned(), |owner| format!("{}/{}", owner.pid, owner.title));
                let text: String = text.chars().take(PROGRAM_WIDTH).collect();
                line.push_str(&if cx.is_gnu() { format!("{text:<20}") } else { text });
            }
            cx.put(line + "\n");
        }
    }
    let unix = opts.has(b'x') || !(opts.has(b't') || opts.has(b'u') || opts.has(b'w'));
    if unix {
        let which = if opts.has(b'a') {
            "servers and established"
        } else if opts.has(b'l') {
            "only servers"
        } else {
            "w/o servers"
        };
        cx.put(format!(
            "Active UNIX domain sockets ({which})\nProto RefCnt Flags       Type       State         I-Node {}Path\n",
            if program { "PID/Program name    " } else { "" }
        ));
    }
    cx.finish(0).await
}

const SS: OptSpec = OptSpec {
    short: "hVntlauxpeomis460HrO",
    long: &[
        ("numeric", b'n'),
        ("listening", b'l'),
        ("all", b'a'),
        ("tcp", b't'),
        ("udp", b'u'),
        ("unix", b'x'),
        ("processes", b'p'),
        ("summary", b's'),
        ("ipv4", b'4'),
        ("ipv6", b'6'),
        ("no-header", b'H'),
    ],
};
const SS_USAGE: &str = "[ OPTIONS ]\n       ss [ OPTIONS ] [ FILTER ]";

/// Runs `ss`.
pub(super) async fn ss(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SS, SS_USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.has(b's') {
        let rows = cx.process.container.net.sockets();
        let tcp = rows.iter().filter(|row| !row.udp).count();
        let established = rows.iter().filter(|row| row.state == SocketState::Established).count();
        cx.put(format!(
            "Total: {}\nTCP:   {tcp} (estab {established}, closed 0, orphaned 0, timewait 0)\n\n",
            rows.len()
        ));
        return cx.finish(0).await;
    }
    let only_one = opts.has(b't') != opts.has(b'u');
    let mut table = vec![if only_one { Vec::new() } else { vec!["Netid".to_owned()] }];
    table[0].extend(
        ["State", "Recv-Q", "Send-Q", "Local Address", "Port", "Peer Address", "Port", "Process"]
            .map(str::to_owned),
    );
    for row in rows(&cx, &opts) {
        cx.process.work(5).await;
        let mut line =
            if only_one { Vec::new() } else { vec![if row.udp { "udp" } else { "tcp" }.to_owned()] };
        let host = |address: SocketAddr| match address.ip() {
            ip if ip.is_ipv6() => format!("[{ip}]"),
            ip => ip.to_string(),
        };
        let backlog = if row.state == SocketState::Listen { "511" } else { "0" };
        line.extend([state_name(row.state, true).to_owned(), "0".to_owned(), backlog.to_owned()]);
        line.extend([host(row.local), row.local.port().to_string()]);
        match row.peer {
            Some(peer) => line.extend([host(peer), peer.port().to_string()]),
            None => {
                line.extend([if row.local.is_ipv6() { "[::]" } else { "0.0.0.0" }.to_owned(), "*".to_owned()])
            }
        }
        let users: Vec<String> = if opts.has(b'p') {
            let text = |owner: &Owner| format!("(\"{}\",pid={},fd={})", owner.comm, owner.pid, owner.fd);
            owners(&cx.process, row.id).iter().map(text).collect()
        } else {
            Vec::new()
        };
        line.push(if users.is_empty() { String::new() } else { format!("users:({})", users.join(",")) });
        table.push(line);
    }
    if opts.has(b'H') {
        table.remove(0);
    }
    let text = aligned(&table, only_one);
    cx.put(text);
    cx.finish(0).await
}

/// Columns as wide as what is in them; addresses to the right, ports to the left of the colon between them.
fn aligned(table: &[Vec<String>], only_one: bool) -> String {
    let columns = table.first().map_or(0, Vec::len);
    let width =
        |column: usize| table.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let first = usize::from(!only_one);
    let mut out = String::new();
    for row in table {
        let mut line = String::new();
        for (column, text) in row.iter().enumerate() {
            let width = widths.get(column).copied().unwrap_or(0);
            if column == first + 3 || column == first + 5 {
                line.push_str(&format!("{text:>width$}:"));
            } else {
                line.push_str(&format!("{text:<width$} "));
            }
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}
