//! busybox's `ps`.

use crate::{
    commands::{Cx, snapshot::Snapshot},
    kernel::process::Process,
    libc::{getopt::OptSpec, passwd},
};

const USAGE: &str = "[-o COL1,COL2=HEADER] [-T]";

/// A column: its name, its header, its width.
type Column = (&'static str, &'static str, usize);

const COLUMNS: &[Column] = &[
    ("user", "USER", 8),
    ("group", "GROUP", 8),
    ("comm", "COMMAND", 16),
    ("args", "COMMAND", 256),
    ("pid", "PID", 5),
    ("ppid", "PPID", 5),
    ("pgid", "PGID", 5),
    ("etime", "ELAPSED", 7),
    ("nice", "NI", 5),
    ("rgroup", "RGROUP", 8),
    ("ruser", "RUSER", 8),
    ("time", "TIME", 5),
    ("tty", "TT", 6),
    ("vsz", "VSZ", 4),
    ("sid", "SID", 5),
    ("stat", "STAT", 4),
    ("rss", "RSS", 4),
];

pub(super) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "Zo:aAdeflT", long: &[] }, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut columns: Vec<(Column, String)> = Vec::new();
    for list in opts.values(b'o') {
        let list = String::from_utf8_lossy(list).into_owned();
        let (list, header) = match list.split_once('=') {
            Some((list, header)) => (list.to_owned(), Some(header.to_owned())),
            None => (list, None),
        };
        let names: Vec<&str> = list.split([',', ' ']).filter(|name| !name.is_empty()).collect();
        for (index, name) in names.iter().enumerate() {
            let Some(column) = COLUMNS.iter().find(|(known, ..)| known == name) else {
                let all: Vec<&str> = COLUMNS.iter().map(|(name, ..)| *name).collect();
                cx.error(format!("bad -o argument '{name}', supported arguments: {}", all.join(","))).await;
                return 1;
            };
            let own = header.clone().filter(|_| index + 1 == names.len());
            columns.push((*column, own.unwrap_or_else(|| column.1.to_owned())));
        }
    }
    if columns.is_empty() {
        let default = ["pid", "user", "time", "args"];
        let found = default.iter().filter_map(|name| COLUMNS.iter().find(|(known, ..)| known == name));
        columns = found.map(|column| (*column, column.1.to_owned())).collect();
    }
    let columns: Vec<(Column, String)> = columns
        .into_iter()
        .map(|((name, header, width), shown)| {
            ((name, header, width.max(if width < 256 { shown.len() } else { 0 })), shown)
        })
        .collect();
    if columns.iter().any(|(_, header)| !header.is_empty()) {
        line(&mut cx, &columns, |(_, header), _| header.clone());
    }
    let process = std::sync::Arc::clone(&cx.process);
    for snapshot in Snapshot::all(&cx.process) {
        line(&mut cx, &columns, |((name, ..), _), width| value(name, &snapshot, &process, width));
        cx.process.work(5).await;
    }
    cx.finish(0).await
}

fn line(cx: &mut Cx, columns: &[(Column, String)], text: impl Fn(&(Column, String), usize) -> String) {
    let mut out = String::new();
    for (index, column) in columns.iter().enumerate() {
        let width = column.0.2;
        let text = text(column, width);
        if index + 1 == columns.len() {
            out += &text;
        } else {
            out += &format!("{text:<width$} ");
        }
    }
    cx.put(out.trim_end_matches(' '));
    cx.put("\n");
}

fn value(column: &str, snapshot: &Snapshot, viewer: &Process, width: usize) -> String {
    let number = |value: u32| format!("{value:>width$}");
    match column {
        "user" | "ruser" => snapshot.user(viewer).chars().take(8).collect(),
        "group" | "rgroup" => passwd::group_text(viewer, snapshot.gid).chars().take(8).collect(),
        "comm" => snapshot.comm.clone(),
        "args" => {
            let line = snapshot.command_line();
            let same = snapshot.argv.is_empty() || snapshot.argv0_name().starts_with(&snapshot.comm);
            if same { line } else { format!("{{{}}} {line}", snapshot.comm) }
        }
        "pid" => number(snapshot.pid),
        "ppid" => number(snapshot.ppid),
        "pgid" => number(snapshot.group),
        "sid" => number(snapshot.session),
        "nice" => number(0),
        "time" => format!("{:>width$}", minutes(snapshot.cpu_seconds())),
        "etime" => format!("{:>width$}", minutes(snapshot.age)),
        "tty" => snapshot.tty.map_or_else(|| "?".to_owned(), |tty| format!("136,{tty}")),
        "vsz" => format!("{:>4}", short_kib(snapshot.virtual_kib())),
        "rss" => format!("{:>4}", short_kib(snapshot.memory / 1024)),
        _ => snapshot.state_letters().trim_end_matches(['s', '+']).to_owned(),
    }
}

/// `1:05`, and from 100 minutes on `1h40`.
fn minutes(seconds: u64) -> String {
    let (minutes, rest) = (seconds / 60, seconds % 60);
    match minutes {
        0..100 => format!("{minutes}:{rest:02}"),
        100..6000 => format!("{}h{:02}", minutes / 60, minutes % 60),
        _ => format!("{}d{:02}", minutes / 1440, minutes / 60 % 24),
    }
}

/// An amount of memory in four characters.
pub(crate) fn short_kib(kib: u64) -> String {
    if kib < 10_000 {
        return kib.to_string();
    }
    let (mut value, mut unit) = (kib as f64 / 1024.0, 'm');
    if value >= 1000.0 {
        (value, unit) = (value / 1024.0, 'g');
    }
    if value < 10.0 { format!("{value:.1}{unit}") } else { format!("{value:.0}{unit}") }
}
