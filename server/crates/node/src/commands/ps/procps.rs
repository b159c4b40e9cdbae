//! `ps` of procps, as Debian and Ubuntu have it.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;

use super::tty_name;
use crate::{
    commands::{
        Cx,
        calendar::Zone,
        snapshot::{self, Snapshot},
    },
    kernel::process::Process,
    libc::passwd,
};

const HELP: &str = "
Usage:
 ps [options]

 Try 'ps --help <simple|list|output|threads|misc|all>'
  or 'ps --help <s|l|o|t|m|a>'
 for additional help text.

For more details see ps(1).
";

/// What is asked for.
#[derive(Debug, Default)]
struct Wanted {
    every: bool,
    /// `a`: those of other users too; `x`: those without a terminal too.
    others: bool,
    without_tty: bool,
    pids: Option<BTreeSet<u32>>,
    parents: Option<BTreeSet<u32>>,
    users: Option<Vec<String>>,
    commands: Option<Vec<String>>,
    columns: Vec<(String, String)>,
    full: bool,
    long: bool,
    user_format: bool,
    bsd: bool,
    forest: bool,
    headers: bool,
    wide: bool,
    sort: Option<String>,
}

pub(super) async fn run(mut cx: Cx) -> u8 {
    let wanted = match parse(&cx) {
        Ok(wanted) => wanted,
        Err(message) => {
            let text = format!("error: {message}\n{HELP}");
            cx.complain(text).await;
            return 1;
        }
    };
    let columns = columns(&wanted);
    let zone = cx.zone().await;
    let process = Arc::clone(&cx.process);
    let mut chosen: Vec<Snapshot> =
        Snapshot::all(&process).into_iter().filter(|snapshot| wanted.takes(snapshot, &process)).collect();
    if let Some(key) = &wanted.sort {
        let (key, down) = match key.strip_prefix('-') {
            Some(key) => (key, true),
            None => (key.trim_start_matches('+'), false),
        };
        chosen.sort_by_key(|snapshot| sort_key(snapshot, key));
        if down {
            chosen.reverse();
        }
    }
    let width = match process.file(1).ok().as_ref().and_then(|file| file.terminal()) {
        Some(tty) if !wanted.wide => usize::from(tty.size().columns).max(20),
        _ => usize::MAX,
    };
    if wanted.headers && columns.iter().any(|column| !column.header.is_empty()) {
        let header = row(&columns, |column| column.header.clone(), |_| 0, width);
        cx.put(header);
    }
    let found = !chosen.is_empty();
    for snapshot in &chosen {
        let depth = if wanted.forest { depth(snapshot, &chosen) } else { 0 };
        let text = |column: &Column| value(&column.name, snapshot, &process, &zone, &wanted);
        let line = row(&columns, text, |_| depth, width);
        cx.put(line);
        cx.process.work(5).await;
    }
    cx.finish(u8::from(!found)).await
}

fn parse(cx: &Cx) -> Result<Wanted, String> {
    let mut wanted = Wanted { headers: true, ..Wanted::default() };
    let args: Vec<String> = cx.args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if let Some(long) = arg.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            };
            let mut value =
                || value.clone().or_else(|| args.next().cloned()).ok_or("list of options must follow");
            match name {
                "no-headers" | "no-heading" | "noheader" => wanted.headers = false,
                "forest" => wanted.forest = true,
                "sort" => wanted.sort = Some(value()?),
                "pid" => wanted.pids = Some(numbers(&value()?)?),
                "ppid" => wanted.parents = Some(numbers(&value()?)?),
                "user" | "User" => wanted.users = Some(list(&value()?)),
                "format" => wanted.add_columns(&value()?)?,
                "headers" | "cols" | "columns" | "width" | "rows" | "lines" => {}
                _ => return Err("unknown gnu long option".to_owned()),
            }
            continue;
        }
        let (letters, dash) = match arg.strip_prefix('-') {
            Some(letters) => (letters, true),
            None => (arg.as_str(), false),
        };
        if !dash && letters.bytes().all(|byte| byte.is_ascii_digit() || byte == b',') {
            wanted.pids.get_or_insert_default().extend(numbers(letters)?);
            wanted.bsd = true;
            continue;
        }
        wanted.bsd |= !dash;
        let mut rest = letters;
        while let Some(letter) = rest.chars().next() {
            rest = &rest[letter.len_utf8()..];
            let mut value = || {
                let own = std::mem::take(&mut rest).trim_start_matches('=');
                let value = if own.is_empty() { args.next().cloned() } else { Some(own.to_owned()) };
                value.ok_or("list of process IDs must follow")
            };
            match (letter, dash) {
                ('e' | 'A', true) => wanted.every = true,
                ('a', true) | ('d', true) => {
                    wanted.others = true;
                    wanted.without_tty = letter == 'd';
                }
                ('a', false) => wanted.others = true,
                ('x', _) => wanted.without_tty = true,
                ('f', true) | ('F', true) => wanted.full = true,
                ('f', false) | ('H', _) => wanted.forest = true,
                ('l' | 'j' | 'v' | 's', _) => wanted.long = true,
                ('u', false) => wanted.user_format = true,
                ('u' | 'U', _) => wanted.users = Some(list(&value()?)),
                ('w' | 'L' | 'T' | 'm' | 'c' | 'e' | 'n' | 'N' | 'M' | 'y' | 'g' | 'r' | 'S' | 'Z', _) => {
                    wanted.wide |= letter == 'w';
                }
                ('o' | 'O', _) => wanted.add_columns(&value()?)?,
                ('p', _) => wanted.pids.get_or_insert_default().extend(numbers(&value()?)?),
                ('C', _) => wanted.commands = Some(list(&value()?)),
                ('t' | 'G', _) => drop(value()?),
                ('h', false) => wanted.headers = false,
                ('k', false) => wanted.sort = Some(value()?),
                ('V', _) => return Err("unsupported option".to_owned()),
                _ if dash => return Err("unsupported SysV option".to_owned()),
                _ => return Err("unsupported option (BSD syntax)".to_owned()),
            }
        }
    }
    Ok(wanted)
}

fn list(text: &str) -> Vec<String> {
    text.split([',', ' ']).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn numbers(text: &str) -> Result<BTreeSet<u32>, String> {
    let parsed: Result<_, _> = list(text).iter().map(|part| part.parse()).collect();
    parsed.map_err(|_| "process ID list syntax error".to_owned())
}

impl Wanted {
    fn add_columns(&mut self, text: &str) -> Result<(), String> {
        let (names, header) = match text.split_once('=') {
            Some((names, header)) => (names, Some(header)),
            None => (text, None),
        };
        let names = list(names);
        for (index, name) in names.iter().enumerate() {
            let Some(spec) = COLUMNS.iter().find(|spec| spec.names.contains(&name.as_str())) else {
                return Err(format!("unknown user-defined format specifier \"{name}\""));
            };
            let last = index + 1 == names.len();
            // A header for several columns at once is one for the last; `pid=,cmd=` is a list of them.
            let own = match header {
                Some(header) if last => header.split_once(',').map_or(header, |(own, _)| own).to_owned(),
                _ => spec.header.to_owned(),
            };
            self.columns.push((name.clone(), own));
        }
        match header.and_then(|header| header.split_once(',')) {
            Some((_, more)) => self.add_columns(more),
            None => Ok(()),
        }
    }

    fn takes(&self, snapshot: &Snapshot, viewer: &Process) -> bool {
        if let Some(pids) = &self.pids {
            return pids.contains(&snapshot.pid);
        }
        if let Some(parents) = &self.parents {
            return parents.contains(&snapshot.ppid);
        }
        if let Some(commands) = &self.commands {
            return commands.contains(&snapshot.comm);
        }
        if let Some(users) = &self.users {
            return users
                .iter()
                .any(|user| *user == snapshot.user(viewer) || *user == snapshot.uid.to_string());
        }
        if self.every || (self.others && self.without_tty) {
            return true;
        }
        let own = viewer.lock();
        let same_user = own.creds.uid == snapshot.uid;
        let same_tty = own.tty.as_ref().map(|tty| tty.number()) == snapshot.tty;
        drop(own);
        if self.without_tty {
            return same_user;
        }
        if self.others {
            return snapshot.tty.is_some() && (self.bsd || snapshot.session != snapshot.pid);
        }
        same_user && (if self.bsd { snapshot.tty.is_some() } else { same_tty })
    }
}

/// What a column is called, and how it is laid out.
#[derive(Debug)]
struct Spec {
    names: &'static [&'static str],
    header: &'static str,
    width: usize,
    right: bool,
}

const fn spec(names: &'static [&'static str], header: &'static str, width: usize, right: bool) -> Spec {
    Spec { names, header, width, right }
}

const COLUMNS: &[Spec] = &[
    spec(&["pid"], "PID", 7, true),
    spec(&["ppid"], "PPID", 7, true),
    spec(&["pgid", "pgrp"], "PGID", 7, true),
    spec(&["sid", "sess", "session"], "SID", 7, true),
    spec(&["tty", "tt", "tname"], "TTY", 8, false),
    spec(&["time", "cputime"], "TIME", 8, true),
    spec(&["bsdtime"], "TIME", 6, true),
    spec(&["etime"], "ELAPSED", 11, true),
    spec(&["etimes"], "ELAPSED", 7, true),
    spec(&["cmd", "args", "command"], "CMD", 27, false),
    spec(&["comm", "ucmd", "ucomm"], "COMMAND", 15, false),
    spec(&["user", "euser", "ruser", "uname"], "USER", 8, false),
    spec(&["group", "egroup", "rgroup"], "GROUP", 8, false),
    spec(&["uid", "euid", "ruid"], "UID", 5, true),
    spec(&["gid", "egid", "rgid"], "GID", 5, true),
    spec(&["%cpu", "pcpu"], "%CPU", 4, true),
    spec(&["%mem", "pmem"], "%MEM", 4, true),
    spec(&["c"], "C", 2, true),
    spec(&["vsz", "vsize"], "VSZ", 6, true),
    spec(&["rss", "rssize", "rsz"], "RSS", 5, true),
    spec(&["stat"], "STAT", 4, false),
    spec(&["s", "state"], "S", 1, false),
    spec(&["start"], "STARTED", 8, true),
    spec(&["bsdstart"], "START", 6, true),
    spec(&["start_time", "stime"], "START", 5, true),
    spec(&["lstart"], "STARTED", 24, true),
    spec(&["ni", "nice"], "NI", 3, true),
    spec(&["pri"], "PRI", 3, true),
    spec(&["f", "flags"], "F", 1, true),
    spec(&["addr"], "ADDR", 4, false),
    spec(&["sz"], "SZ", 5, true),
    spec(&["wchan"], "WCHAN", 6, false),
    spec(&["nlwp", "thcount"], "NLWP", 4, true),
    spec(&["psr"], "PSR", 3, true),
];

#[derive(Debug)]
struct Column {
    name: String,
    header: String,
    width: usize,
    right: bool,
}

fn columns(wanted: &Wanted) -> Vec<Column> {
    let named = |name: &str, header: Option<&str>| {
        let spec = COLUMNS.iter().find(|spec| spec.names.contains(&name)).unwrap_or(&COLUMNS[0]);
        let header = header.unwrap_or(spec.header).to_owned();
        let width = spec.width.max(header.len());
        Column { name: name.to_owned(), header, width, right: spec.right }
    };
    if !wanted.columns.is_empty() {
        return wanted.columns.iter().map(|(name, header)| named(name, Some(header))).collect();
    }
    let layout: &[(&str, Option<&str>)] = if wanted.user_format {
        &[
            ("user", None),
            ("pid", None),
            ("%cpu", None),
            ("%mem", None),
            ("vsz", None),
            ("rss", None),
            ("tty", None),
            ("stat", None),
            ("stime", None),
            ("bsdtime", None),
            ("cmd", Some("COMMAND")),
        ]
    } else if wanted.full {
        &[
            ("user", Some("UID")),
            ("pid", None),
            ("ppid", None),
            ("c", None),
            ("stime", Some("STIME")),
            ("tty", None),
            ("time", None),
            ("cmd", None),
        ]
    } else if wanted.long {
        &[
            ("f", None),
            ("s", None),
            ("uid", None),
            ("pid", None),
            ("ppid", None),
            ("c", None),
            ("pri", None),
            ("ni", None),
            ("addr", None),
            ("sz", None),
            ("wchan", None),
            ("tty", None),
            ("time", None),
            ("comm", Some("CMD")),
        ]
    } else if wanted.bsd {
        &[("pid", None), ("tty", None), ("stat", None), ("bsdtime", None), ("cmd", Some("COMMAND"))]
    } else {
        &[("pid", None), ("tty", None), ("time", None), ("comm", Some("CMD"))]
    };
    layout.iter().map(|(name, header)| named(name, *header)).collect()
}

fn row(
    columns: &[Column],
    text: impl Fn(&Column) -> String,
    depth: impl Fn(&Column) -> usize,
    width: usize,
) -> String {
    let mut out = String::new();
    for (index, column) in columns.iter().enumerate() {
        let mut text = text(column);
        if matches!(column.name.as_str(), "cmd" | "args" | "command" | "comm") && depth(column) > 0 {
            text = format!("{} \\_ {text}", "    ".repeat(depth(column) - 1));
        }
        let last = index + 1 == columns.len();
        match (column.right, last) {
            (true, _) => out += &format!("{text:>0$}", column.width),
            (false, true) => out += &text,
            (false, false) => out += &format!("{text:<0$}", column.width),
        }
        if !last {
            out.push(' ');
        }
    }
    let mut line: String = out.chars().take(width).collect();
    line.push('\n');
    line
}

fn depth(snapshot: &Snapshot, all: &[Snapshot]) -> usize {
    let mut depth = 0;
    let mut parent = snapshot.ppid;
    while let Some(above) = all.iter().find(|other| other.pid == parent && parent != 0) {
        depth += 1;
        parent = above.ppid;
        if depth > 64 {
            break;
        }
    }
    depth
}

fn sort_key(snapshot: &Snapshot, key: &str) -> u64 {
    match key {
        "%cpu" | "pcpu" | "time" | "cputime" => snapshot.cpu_nanos,
        "%mem" | "pmem" | "rss" | "vsz" => snapshot.memory,
        "ppid" => snapshot.ppid.into(),
        "uid" | "user" => snapshot.uid.into(),
        "start_time" | "start" | "lstart" => u64::try_from(snapshot.started).unwrap_or(0),
        _ => snapshot.pid.into(),
    }
}

fn value(name: &str, snapshot: &Snapshot, viewer: &Process, zone: &Zone, wanted: &Wanted) -> String {
    let started = || zone.at(Timestamp::from_second(snapshot.started).unwrap_or_default());
    let dated =
        |format: &str| String::from_utf8_lossy(&started().format(format.as_bytes(), true)).into_owned();
    let seconds = snapshot.cpu_seconds();
    let percent = |part: u64, whole: u64| format!("{:.1}", part as f64 * 100.0 / whole.max(1) as f64);
    match name {
        "pid" => snapshot.pid.to_string(),
        "ppid" => snapshot.ppid.to_string(),
        "pgid" | "pgrp" => snapshot.group.to_string(),
        "sid" | "sess" | "session" => snapshot.session.to_string(),
        "tty" | "tt" | "tname" => tty_name(snapshot.tty),
        "time" | "cputime" => format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60),
        "bsdtime" => format!("{}:{:02}", seconds / 60, seconds % 60),
        "etime" => elapsed(snapshot.age),
        "etimes" => snapshot.age.to_string(),
        "cmd" | "args" | "command" => {
            if snapshot.state == 'Z' {
                format!("[{}] <defunct>", snapshot.comm)
            } else {
                snapshot.command_line_with('?')
            }
        }
        "comm" | "ucmd" | "ucomm" if snapshot.state == 'Z' => format!("{} <defunct>", snapshot.comm),
        "comm" | "ucmd" | "ucomm" => snapshot.comm.clone(),
        "user" | "euser" | "ruser" | "uname" => {
            let user = snapshot.user(viewer);
            if user.len() <= 8 { user } else { format!("{}+", user.chars().take(7).collect::<String>()) }
        }
        "group" | "egroup" | "rgroup" => passwd::group_text(viewer, snapshot.gid),
        "uid" | "euid" | "ruid" => snapshot.uid.to_string(),
        "gid" | "egid" | "rgid" => snapshot.gid.to_string(),
        "%cpu" | "pcpu" => percent(snapshot.cpu_nanos / 1_000_000, snapshot.age * 1000),
        "%mem" | "pmem" => percent(snapshot.memory, snapshot::memory(viewer).0),
        "c" => (snapshot.cpu_nanos / 10_000_000 / (snapshot.age.max(1))).min(99).to_string(),
        "vsz" | "vsize" => snapshot.virtual_kib().to_string(),
        "rss" | "rssize" | "rsz" => (snapshot.memory / 1024).to_string(),
        "stat" => snapshot.state_letters(),
        "s" | "state" => snapshot.state.to_string(),
        "start" => dated("%H:%M:%S"),
        "lstart" => dated("%a %b %e %H:%M:%S %Y"),
        "start_time" | "stime" | "bsdstart" => dated(if snapshot.age < 86400 { "%H:%M" } else { "%b%d" }),
        "ni" | "nice" => "0".to_owned(),
        "pri" => if wanted.long { "80" } else { "19" }.to_owned(),
        "f" | "flags" => "4".to_owned(),
        "sz" => (snapshot.virtual_kib() / 4).to_string(),
        "nlwp" | "thcount" => "1".to_owned(),
        "psr" => "0".to_owned(),
        _ => "-".to_owned(),
    }
}

fn elapsed(seconds: u64) -> String {
    let (days, hours, minutes, rest) =
        (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes:02}:{rest:02}"),
        (0, _) => format!("{hours:02}:{minutes:02}:{rest:02}"),
        _ => format!("{days}-{hours:02}:{minutes:02}:{rest:02}"),
    }
}
