//! `touch`: makes empty files and sets times.

use super::shown;
use crate::{
    commands::{Cx, date},
    kernel::{
        errno::Errno,
        fs::{OpenFlags, SetTimes},
    },
    libc::getopt::OptSpec,
};

const SPEC: OptSpec = OptSpec {
    short: "chamfd:t:r:",
    long: &[
        ("no-create", b'c'),
        ("no-dereference", b'h'),
        ("date=", b'd'),
        ("reference=", b'r'),
        ("time=", b'T'),
    ],
};

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let usage = "[-cham] [-d DATE] [-t DATE] [-r FILE] FILE...";
    let opts = match cx.opts(SPEC, usage).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() {
        if cx.is_gnu() {
            cx.error("missing file operand").await;
        }
        return cx.bad_usage(usage).await;
    }
    let now = cx.process.now();
    let (mut accessed, mut modified) = (now, now);
    if let Some(path) = opts.value(b'r') {
        match cx.process.stat(path, true) {
            Ok(stat) => (accessed, modified) = (stat.accessed, stat.modified),
            Err(errno) => {
                let (shown, text) = (shown(path), cx.text(errno));
                match cx.is_gnu() {
                    true => cx.error(format!("failed to get attributes of '{shown}': {text}")).await,
                    false => cx.error(format!("{shown}: {text}")).await,
                }
                return 1;
            }
        }
    }
    for (letter, value) in &opts.given {
        let (b'd' | b't', Some(value)) = (letter, value) else { continue };
        let zone = cx.zone().await;
        let text = shown(value);
        let parsed = match (letter, cx.is_gnu()) {
            (b't', _) => date::packed(&text, zone.at(now).civil)
                .filter(|_| text.len() >= 8)
                .and_then(|civil| zone.when(civil)),
            (_, true) => date::gnu(&text, &zone, now),
            (_, false) => date::busybox(&text, &zone, now),
        };
        match parsed {
            Some(time) => (accessed, modified) = (time, time),
            None => {
                let message = match cx.is_gnu() {
                    true => format!("invalid date format '{text}'"),
                    false => format!("invalid date '{text}'"),
                };
                cx.error(message).await;
                return 1;
            }
        }
    }
    let only = opts.last_of(b"am");
    let both = only.is_none() || (opts.has(b'a') && opts.has(b'm'));
    let times = SetTimes {
        accessed: (both || only == Some(b'a')).then_some(accessed),
        modified: (both || only == Some(b'm')).then_some(modified),
    };
    let mut code = 0;
    for path in &opts.operands {
        let mut touched = cx.process.set_times(path, times, !opts.has(b'h'));
        if touched == Err(Errno::ENOENT) {
            if opts.has(b'c') || opts.has(b'h') {
                continue;
            }
            let flags = OpenFlags { write: true, create: true, ..OpenFlags::default() };
            touched = match cx.process.open_file(path, flags, 0o666).await {
                Ok(_) => cx.process.set_times(path, times, true),
                Err(errno) => Err(errno),
            };
        }
        if let Err(errno) = touched {
            let (shown, text) = (shown(path), cx.text(errno));
            match cx.is_gnu() {
                true => cx.error(format!("cannot touch '{shown}': {text}")).await,
                false => cx.error(format!("{shown}: {text}")).await,
            }
            code = 1;
        }
    }
    code
}
