//! `df`: how full file systems are.

use std::sync::Arc;

use crate::{
    commands::{Cx, number},
    kernel::fs::{FsKind, Mount},
    libc::getopt::OptSpec,
};

const SPEC: OptSpec = OptSpec {
    short: "PkmhTat:iB:H",
    long: &[
        ("portability", b'P'),
        ("human-readable", b'h'),
        ("print-type", b'T'),
        ("all", b'a'),
        ("type=", b't'),
        ("inodes", b'i'),
        ("block-size=", b'B'),
        ("si", b'H'),
    ],
};

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, "[-PkmhTai] [-B SIZE] [-t TYPE] [FILESYSTEM]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut code = 0;
    let mut mounts: Vec<Arc<Mount>> = Vec::new();
    if opts.operands.is_empty() {
        for mount in cx.process.container.mounts.all() {
            let real = !matches!(
                mount.root.fs.kind,
                FsKind::Proc | FsKind::Sysfs | FsKind::Cgroup2 | FsKind::Devpts | FsKind::Mqueue
            );
            if real || opts.has(b'a') {
                mounts.push(mount);
            }
        }
    }
    for path in &opts.operands {
        match cx.process.place(path, true) {
            Ok(place) => mounts.push(place.mount),
            Err(errno) => {
                let (shown, text) = (String::from_utf8_lossy(path).into_owned(), cx.text(errno));
                match cx.is_gnu() {
                    true => cx.error(format!("{shown}: {text}")).await,
                    false => cx.error(format!("{shown}: can't find mount point")).await,
                }
                code = 1;
            }
        }
    }
    if let Some(kind) = opts.value(b't') {
        mounts.retain(|mount| mount.root.fs.kind.name().as_bytes() == &kind[..]);
    }
    if mounts.is_empty() && cx.is_gnu() {
        if code == 0 {
            cx.error("no file systems processed").await;
        }
        return cx.finish(1).await;
    }
    let human = opts.has(b'h') || opts.has(b'H');
    let block = if opts.last_of(b"km") == Some(b'm') { 1 << 20 } else { 1024 };
    let unit = match (human, block, opts.has(b'i')) {
        (_, _, true) => "Inodes",
        (true, ..) => "Size",
        (_, 1024, _) if opts.has(b'P') && cx.is_gnu() => "1024-blocks",
        (_, 1024, _) if opts.has(b'P') => "1024-blocks",
        (_, 1024, _) => "1K-blocks",
        _ => "1M-blocks",
    };
    let rows: Vec<[String; 7]> =
        mounts.iter().map(|mount| row(&cx, mount, human, block, opts.has(b'i'))).collect();
    let text = if cx.is_gnu() {
        let used = if opts.has(b'i') {
            ["IUsed", "IFree", "IUse%"]
        } else {
            [
                "Used",
                if human { "Avail" } else { "Available" },
                if opts.has(b'P') { "Capacity" } else { "Use%" },
            ]
        };
        aligned(unit, used, &rows, opts.has(b'T'))
    } else {
        fixed(unit, &rows, human, opts.has(b'T'), opts.has(b'P'))
    };
    cx.put(text);
    cx.finish(code).await
}

/// Source, type, size, used, available, percentage, place.
fn row(cx: &Cx, mount: &Mount, human: bool, block: u64, inodes: bool) -> [String; 7] {
    let fs = &mount.root.fs;
    let disk = matches!(fs.kind, FsKind::Overlay | FsKind::Ext4);
    let host = &cx.process.container.host;
    let (size, used, left) = if inodes {
        let size = if disk { host.disk.limit() / 16384 } else { fs.space.limit() / 4096 };
        (size, fs.inodes(), size.saturating_sub(fs.inodes()))
    } else if disk {
        // It is the node's disk, whatever part of it the volume may use.
        (host.disk.limit(), host.disk.used(), fs.space.left())
    } else {
        (fs.space.limit(), fs.space.used(), fs.space.left())
    };
    let show = |amount: u64| match (inodes, human, cx.is_gnu()) {
        (true, ..) => amount.to_string(),
        (_, true, true) => number::human_gnu(amount),
        (_, true, false) => number::human(amount),
        _ => amount.div_ceil(block).to_string(),
    };
    let whole = used + left;
    let percent = if whole == 0 { "0%".to_owned() } else { format!("{}%", (used * 100).div_ceil(whole)) };
    let path = String::from_utf8_lossy(&mount.path).into_owned();
    [mount.source.to_string(), fs.kind.name().to_owned(), show(size), show(used), show(left), percent, path]
}

/// GNU's: columns as wide as they have to be.
fn aligned(unit: &str, names: [&str; 3], rows: &[[String; 7]], types: bool) -> String {
    let header = ["Filesystem", "Type", unit, names[0], names[1], names[2], "Mounted on"].map(str::to_owned);
    let all: Vec<&[String; 7]> = std::iter::once(&header).chain(rows).collect();
    let width = |column: usize| all.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(|column| width(column).max([14, 4, 5, 5, 5, 4, 0][column])).collect();
    let mut out = String::new();
    for row in all {
        out += &format!("{:<1$}", row[0], widths[0]);
        if types {
            out += &format!(" {:<1$}", row[1], widths[1]);
        }
        for column in 2..6 {
            out += &format!(" {:>1$}", row[column], widths[column]);
        }
        out += &format!(" {}\n", row[6]);
    }
    out
}

/// busybox's: fixed columns; a long source has a line of its own.
fn fixed(unit: &str, rows: &[[String; 7]], human: bool, types: bool, posix: bool) -> String {
    let kind = |text: &str| if types { format!(" {text:<10}") } else { String::new() };
    let percent = if posix { "Capacity" } else { "Use%" };
    let mut out = format!(
        "Filesystem           {}{unit:<15}Used Available {percent} Mounted on\n",
        if types { "Type       " } else { "" }
    );
    if human {
        out = format!(
            "Filesystem           {}     {unit:<10}Used Available {percent} Mounted on\n",
            if types { "Type       " } else { "" }
        );
    }
    for row in rows {
        let mut source = row[0].clone();
        if source.len() > 20 && !posix {
            source += "\n                    ";
        }
        out += &format!(
            "{source:<20}{} {:>9} {:>9} {:>9} {:>4} {}\n",
            kind(&row[1]),
            row[2],
            row[3],
            row[4],
            row[5],
            row[6]
        );
    }
    out
}
