//! `pgrep`, `pkill`, `pidof`: processes by their names.

use crate::{
    commands::{Cx, snapshot::Snapshot},
    kernel::signal::Signal,
    libc::{
        getopt::OptSpec,
        regex::{Regex, Syntax},
    },
};

const SPEC: OptSpec = OptSpec {
    short: "lfxnovacs:P:u:d:0123456789",
    long: &[
        ("full", b'f'),
        ("exact", b'x'),
        ("newest", b'n'),
        ("oldest", b'o'),
        ("list-name", b'l'),
        ("list-full", b'a'),
        ("count", b'c'),
        ("parent=", b'P'),
        ("euid=", b'u'),
        ("inverse", b'v'),
    ],
};

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let kills = cx.name == "pkill";
    let usage = if kills {
        "[-l|-SIGNAL] [-xfvno] [-s SID|-P PPID|PATTERN]"
    } else {
        "[-flanovx] [-s SID|-P PPID|PATTERN]"
    };
    let mut signal = Signal::TERM;
    if kills && let Some(at) = cx.args.iter().position(|arg| arg.len() > 1 && arg[0] == b'-') {
        let name = String::from_utf8_lossy(&cx.args[at][1..]).into_owned();
        // Letters alone are options; a name or number is a signal.
        if (name.len() > 1 || name.parse::<u8>().is_ok())
            && let Some(parsed) = Signal::parse(name.strip_prefix("-signal=").unwrap_or(&name))
        {
            signal = parsed;
            cx.args.remove(at);
        }
    }
    let opts = match cx.opts(SPEC, usage).await {
        Ok(opts) => opts,
        Err(code) => return code + u8::from(code == 1),
    };
    let number =
        |letter: u8| opts.value(letter).and_then(|text| std::str::from_utf8(text).ok()?.parse::<u32>().ok());
    let (parent, session) = (number(b'P'), number(b's').filter(|_| !kills || !cx.is_gnu()));
    let pattern = opts.operands.first().cloned();
    if pattern.is_none() && parent.is_none() && session.is_none() && opts.value(b'u').is_none() {
        if cx.is_gnu() {
            cx.error("no matching criteria specified").await;
            cx.bad_usage(usage).await;
            return 2;
        }
        return cx.bad_usage(usage).await;
    }
    let regex = match pattern.map(|pattern| {
        let pattern = if opts.has(b'x') { [b"^(", &pattern[..], b")$"].concat() } else { pattern.to_vec() };
        Regex::new(&pattern, Syntax::extended())
    }) {
        None => None,
        Some(Ok(regex)) => Some(regex),
        Some(Err(error)) => {
            cx.error(error.to_string()).await;
            return 2;
        }
    };
    let fits = |snapshot: &Snapshot| {
        let text = if opts.has(b'f') { snapshot.command_line() } else { snapshot.comm.clone() };
        regex.as_ref().is_none_or(|regex| regex.is_match(text.as_bytes()))
            && parent.is_none_or(|parent| snapshot.ppid == parent)
            && session.is_none_or(|session| snapshot.session == session)
            && opts.value(b'u').is_none_or(|user| snapshot.user(&cx.process).as_bytes() == &user[..])
    };
    let mut found: Vec<Snapshot> = Snapshot::all(&cx.process)
        .into_iter()
        .filter(|snapshot| snapshot.pid != cx.process.pid && fits(snapshot) != opts.has(b'v'))
        .collect();
    if opts.has(b'n') {
        found = found.pop().into_iter().collect();
    } else if opts.has(b'o') {
        found.truncate(1);
    }
    if opts.has(b'c') && cx.is_gnu() && !kills {
        cx.put(format!("{}\n", found.len()));
        return cx.finish(u8::from(found.is_empty())).await;
    }
    for snapshot in &found {
        if kills {
            if cx.process.kill(i64::from(snapshot.pid), Some(signal)).is_err() {
                let text = cx.text(crate::kernel::errno::Errno::EPERM);
                cx.error(format!("killing pid {} failed: {text}", snapshot.pid)).await;
            }
        } else if opts.has(b'a') || (opts.has(b'l') && opts.has(b'f')) {
            cx.put(format!("{} {}\n", snapshot.pid, snapshot.command_line()));
        } else if opts.has(b'l') {
            cx.put(format!("{} {}\n", snapshot.pid, snapshot.comm));
        } else {
            cx.put(format!("{}\n", snapshot.pid));
        }
    }
    cx.finish(u8::from(found.is_empty())).await
}

pub(in crate::commands) async fn pidof(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "so:x", long: &[] }, "[-s] [-o PID] [NAME]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let omitted: Vec<u32> = opts
        .values(b'o')
        .filter_map(|text| {
            if *text == "%PPID" {
                Some(cx.process.parent_pid())
            } else {
                std::str::from_utf8(text).ok()?.parse().ok()
            }
        })
        .collect();
    let mut pids = Vec::new();
    for name in &opts.operands {
        let name = String::from_utf8_lossy(name);
        let name = name.rsplit('/').next().unwrap_or_default();
        let all = Snapshot::all(&cx.process);
        let found = all.iter().rev().filter(|snapshot| {
            (snapshot.comm == name || snapshot.argv0_name() == name)
                && snapshot.state != 'Z'
                && !omitted.contains(&snapshot.pid)
        });
        pids.extend(found.map(|snapshot| snapshot.pid.to_string()));
    }
    if opts.has(b's') {
        pids.truncate(1);
    }
    if pids.is_empty() {
        return 1;
    }
    cx.put(pids.join(" ") + "\n");
    cx.finish(0).await
}
