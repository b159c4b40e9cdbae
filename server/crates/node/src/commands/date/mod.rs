//! `date`: prints the date.

pub(super) mod cal;
mod parse;

pub(super) use parse::{busybox, gnu, packed};

use super::{Cx, calendar::Zone};
use crate::libc::getopt::OptSpec;

const SPEC: OptSpec = OptSpec {
    short: "uRd:r:s:D:I::",
    long: &[
        ("utc", b'u'),
        ("universal", b'u'),
        ("rfc-2822", b'R'),
        ("rfc-email", b'R'),
        ("date=", b'd'),
        ("reference=", b'r'),
        ("set=", b's'),
        ("iso-8601==", b'I'),
        ("rfc-3339=", b'3'),
    ],
};
const USAGE: &str = "[OPTIONS] [+FMT] [[-s] TIME]";

pub(super) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut format = None;
    let mut set = opts.value(b's').cloned();
    for operand in &opts.operands {
        match operand.strip_prefix(b"+") {
            Some(text) if format.is_none() => format = Some(text.to_vec()),
            Some(_) if cx.is_gnu() => {
                cx.error(format!("extra operand '{}'", String::from_utf8_lossy(operand))).await;
                return cx.bad_usage(USAGE).await;
            }
            None if set.is_none() && !opts.has(b'd') => set = Some(operand.clone()),
            _ => return cx.bad_usage(USAGE).await,
        }
    }
    let zone = if opts.has(b'u') { Zone::utc() } else { cx.zone().await };
    let now = cx.process.now();
    let time = if let Some(path) = opts.value(b'r') {
        match cx.process.stat(path, true) {
            Ok(stat) => stat.modified,
            Err(errno) => {
                cx.file_error(path, errno).await;
                return 1;
            }
        }
    } else if let Some(text) = opts.value(b'd').or(set.as_ref()) {
        let shown = String::from_utf8_lossy(text).into_owned();
        let parsed = match opts.value(b'D') {
            Some(format) => parse::by_format(&shown, &String::from_utf8_lossy(format), &zone, now),
            None if cx.is_gnu() => parse::gnu(&shown, &zone, now),
            None => parse::busybox(&shown, &zone, now),
        };
        match parsed {
            Some(time) => time,
            None => {
                cx.error(format!("invalid date '{shown}'")).await;
                return 1;
            }
        }
    } else {
        now
    };
    if set.is_some() {
        // No container may set the node's clock.
        let message = match cx.is_gnu() {
            true => "cannot set date: Operation not permitted",
            false => "can't set date: Operation not permitted",
        };
        cx.error(message).await;
        if cx.is_gnu() && format.is_none() {
            format = None;
        }
    }
    let format = match (format, opts.value(b'I'), opts.value(b'3')) {
        (Some(format), ..) => format,
        (None, ..) if opts.has(b'R') => b"%a, %d %b %Y %H:%M:%S %z".to_vec(),
        (None, None, None) if opts.has(b'I') => b"%Y-%m-%d".to_vec(),
        (None, Some(precision), _) => match iso_format(precision) {
            Some(format) => format.to_vec(),
            None if cx.is_gnu() => {
                let shown = String::from_utf8_lossy(precision).into_owned();
                cx.error(format!("invalid argument '{shown}' for '--iso-8601'")).await;
                return cx.bad_usage(USAGE).await;
            }
            None => return cx.bad_usage(USAGE).await,
        },
        (None, None, Some(precision)) => match &**precision {
            b"date" => b"%Y-%m-%d".to_vec(),
            b"ns" => b"%Y-%m-%d %H:%M:%S.%N%:z".to_vec(),
            _ => b"%Y-%m-%d %H:%M:%S%:z".to_vec(),
        },
        (None, None, None) => b"%a %b %e %H:%M:%S %Z %Y".to_vec(),
    };
    let text = zone.at(time).format(&format, cx.is_gnu());
    cx.put(text);
    cx.put("\n");
    cx.finish(u8::from(set.is_some())).await
}

fn iso_format(precision: &[u8]) -> Option<&'static [u8]> {
    let full = ["date", "hours", "minutes", "seconds", "ns"];
    let fits = |name: &&&str| !precision.is_empty() && name.as_bytes().starts_with(precision);
    Some(match *full.iter().find(fits)? {
        "date" => b"%Y-%m-%d",
        "hours" => b"%Y-%m-%dT%H%:z",
        "minutes" => b"%Y-%m-%dT%H:%M%:z",
        "seconds" => b"%Y-%m-%dT%H:%M:%S%:z",
        _ => b"%Y-%m-%dT%H:%M:%S,%N%:z",
    })
}
