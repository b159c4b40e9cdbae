//! `free`, `uptime`: the machine's memory and how long it has run.

use crate::{
    commands::{Cx, number, snapshot},
    libc::getopt::OptSpec,
};

pub(in crate::commands) async fn free(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "bkmghtws:c:l",
        long: &[
            ("bytes", b'b'),
            ("kibi", b'k'),
            ("mebi", b'm'),
            ("gibi", b'g'),
            ("human", b'h'),
            ("wide", b'w'),
            ("total", b't'),
        ],
    };
    let opts = match cx.opts(spec, "[-bkmgh]").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let (total, free, available) = snapshot::memory(&cx.process);
    let (used, cached) = (total - available, available - free);
    let gnu = cx.is_gnu();
    let unit = opts.last_of(b"bkmgh").unwrap_or(b'k');
    let show = |bytes: u64| match unit {
        b'b' => bytes.to_string(),
        b'm' => (bytes >> 20).to_string(),
        b'g' => (bytes >> 30).to_string(),
        b'h' if gnu => {
            let text = number::human_gnu(bytes);
            if text.ends_with(|c: char| c.is_ascii_digit()) { text + "B" } else { text + "i" }
        }
        b'h' => number::human(bytes),
        _ => (bytes >> 10).to_string(),
    };
    let row = |name: &str, values: &[u64]| {
        values.iter().fold(format!("{name:<8}"), |row, value| format!("{row}{:>12}", show(*value))) + "\n"
    };
    let shared = 4 << 20;
    if gnu {
        cx.put("               total        used        free      shared  buff/cache   available\n");
    } else {
        cx.put("              total        used        free      shared  buff/cache   available\n");
    }
    let lead = if gnu { "Mem:    " } else { "Mem:   " };
    let text = row(lead, &[total, used, free, shared, cached, available]);
    cx.put(if gnu { text } else { text.replacen("Mem:    ", "Mem:   ", 1) });
    let swap = row("Swap:   ", &[0, 0, 0]);
    cx.put(if gnu { swap } else { swap.replacen("Swap:   ", "Swap:  ", 1) });
    if opts.has(b't') {
        cx.put(row("Total:  ", &[total, used, free]));
    }
    cx.finish(0).await
}

pub(in crate::commands) async fn uptime(mut cx: Cx) -> u8 {
    let spec = OptSpec { short: "psV", long: &[("pretty", b'p'), ("since", b's')] };
    let opts = match cx.opts(spec, "").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let up = snapshot::uptime(&cx.process) as u64;
    let now = cx.process.now();
    let zone = cx.zone().await;
    if opts.has(b's') {
        let since =
            jiff::Timestamp::from_second(now.as_second() - i64::try_from(up).unwrap_or(0)).unwrap_or(now);
        let text = zone.at(since).format(b"%Y-%m-%d %H:%M:%S\n", false);
        cx.put(text);
        return cx.finish(0).await;
    }
    let (days, hours, minutes) = (up / 86400, up / 3600 % 24, up / 60 % 60);
    if opts.has(b'p') {
        let mut parts = Vec::new();
        for (count, word) in [(days, "day"), (hours, "hour"), (minutes, "minute")] {
            if count > 0 {
                parts.push(plural(count, word));
            }
        }
        cx.put(format!("up {}\n", parts.join(", ")));
        return cx.finish(0).await;
    }
    let line = up_line(&mut cx).await;
    cx.put(line);
    cx.finish(0).await
}

/// A count and its word, in the plural where there are several.
fn plural(count: u64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// How long the system is up, as `uptime` and `w` say it.
pub(super) async fn up_line(cx: &mut Cx) -> String {
    let up = snapshot::uptime(&cx.process) as u64;
    let (days, hours, minutes) = (up / 86400, up / 3600 % 24, up / 60 % 60);
    let now = cx.process.now();
    let clock = cx.zone().await.at(now).format(b"%H:%M:%S", false);
    let mut text = format!(" {} up ", String::from_utf8_lossy(&clock));
    if days > 0 {
        text += &format!("{}, ", plural(days, "day"));
    }
    text += &match hours {
        0 => format!("{minutes} min"),
        _ => format!("{hours:>2}:{minutes:02}"),
    };
    text += &format!(",  0 users,  load average: {}\n", snapshot::load(&cx.process));
    text
}
