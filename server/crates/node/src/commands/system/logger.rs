//! `logger`: sends a line to the system's log. No container here runs a log daemon, so that nobody keeps it; with `-s` it
//! is shown on standard error too.

use bytes::Bytes;

use super::super::{Cx, Lines};
use crate::libc::{getopt::OptSpec, passwd};

const USAGE: &str = "[-s] [-t TAG] [-p PRIO] [MESSAGE]";

/// Facilities of syslog by their numbers.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "",
    "", "", "", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];
/// Levels of syslog by their numbers, and other names of some.
const LEVELS: [(&str, usize); 11] = [
    ("emerg", 0),
    ("alert", 1),
    ("crit", 2),
    ("err", 3),
    ("error", 3),
    ("warning", 4),
    ("warn", 4),
    ("notice", 5),
    ("info", 6),
    ("debug", 7),
    ("panic", 0),
];

/// The number of a priority such as `user.notice`; what is unknown is returned.
fn priority(text: &str) -> Result<usize, &str> {
    let (facility, level) = text.split_once('.').unwrap_or(("user", text));
    let facility =
        FACILITIES.iter().position(|name| *name == facility && !name.is_empty()).ok_or(facility)?;
    let (_, level) = LEVELS.iter().find(|(name, _)| *name == level).ok_or(level)?;
    Ok(facility * 8 + level)
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "+st:p:if:n:u:e",
        long: &[("stderr", b's'), ("tag=", b't'), ("priority=", b'p'), ("id", b'i'), ("file=", b'f')],
    };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let uid = cx.process.creds().uid;
    let tag = opts
        .value(b't')
        .map_or_else(|| passwd::user_text(&cx.process, uid), |tag| String::from_utf8_lossy(tag).into_owned());
    let given =
        opts.value(b'p').map_or("user.notice".to_owned(), |text| String::from_utf8_lossy(text).into_owned());
    let priority = match priority(&given) {
        Ok(priority) => priority,
        Err(unknown) => {
            let message = if cx.is_gnu() {
                format!("unknown priority name: {given}")
            } else {
                format!("unknown priority name: {unknown}")
            };
            cx.error(message).await;
            return 1;
        }
    };
    let time = cx.zone().await.at(cx.process.now()).format(b"%b %e %H:%M:%S", false);
    let pid = if opts.has(b'i') { format!("[{}]", cx.process.pid) } else { String::new() };
    let head = if cx.is_gnu() {
        format!("<{priority}>{} {tag}{pid}: ", String::from_utf8_lossy(&time))
    } else {
        format!("{tag}{pid}: ")
    };
    let show = |line: &[u8]| Bytes::from([head.as_bytes(), line, b"\n"].concat());
    if !opts.operands.is_empty() && !opts.has(b'f') {
        if opts.has(b's') {
            let line = show(&opts.operands.join(&b' '));
            cx.complain(line).await;
        }
        return 0;
    }
    let path = opts.value(b'f').cloned().unwrap_or(Bytes::from_static(b"-"));
    let file = match cx.open(&path).await {
        Ok(file) => file,
        Err(errno) => {
            cx.file_error(&path, errno).await;
            return 1;
        }
    };
    let mut lines = Lines::new(file);
    while let Ok(Some(line)) = lines.next(&mut cx).await {
        if opts.has(b's') && !line.text.is_empty() {
            cx.complain(show(&line.text)).await;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::priority;

    #[test]
    fn priorities_are_those_of_syslog() {
        assert_eq!(priority("user.notice"), Ok(13));
        assert_eq!(priority("err"), Ok(11));
        assert_eq!(priority("local7.debug"), Ok(191));
        assert_eq!(priority("nope.err"), Err("nope"));
    }
}
