//! `watch`: runs a program again and again and shows what it prints.

use std::{future::poll_fn, time::Duration};

use bytes::Bytes;

use super::{spawn, wait};
use crate::{
    commands::{Cx, number},
    kernel::process::Process,
    libc::getopt::OptSpec,
};

/// The most of one run that is shown.
const MAX_OUTPUT: usize = 256 * 1024;

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "+n:tdecgx",
        long: &[
            ("interval=", b'n'),
            ("no-title", b't'),
            ("differences", b'd'),
            ("errexit", b'e'),
            ("chgexit", b'g'),
            ("exec", b'x'),
        ],
    };
    let usage = "[-n SEC] [-t] PROG ARGS";
    let opts = match cx.opts(spec, usage).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() {
        return cx.bad_usage(usage).await;
    }
    let interval = match opts.value(b'n') {
        None => Duration::from_secs(2),
        Some(text) => match number::parse_duration(text) {
            Some(interval) => interval.max(Duration::from_millis(100)),
            None => return cx.bad_number(text).await,
        },
    };
    let command = opts.operands.join(&b' ');
    let argv = [Bytes::from_static(b"/bin/sh"), Bytes::from_static(b"-c"), command.clone().into()];
    let mut before: Option<Vec<u8>> = None;
    loop {
        let (width, height) = match cx.process.file(1).ok().as_ref().and_then(|file| file.terminal()) {
            Some(tty) => (usize::from(tty.size().columns).max(20), usize::from(tty.size().rows).max(4)),
            None => (80, 25),
        };
        let (reader, writer) = cx.process.pipe();
        let child = spawn(&mut cx, &argv, |child| {
            let _ = (child.put(1, std::sync::Arc::clone(&writer)), child.put(2, writer));
        })
        .await;
        let child = match child {
            Ok(child) => child,
            Err(code) => return code,
        };
        let mut output = Vec::new();
        while let Ok(bytes) = poll_fn(|task| reader.poll_read(task, Process::READ_SIZE)).await {
            if bytes.is_empty() {
                break;
            }
            output.extend_from_slice(&bytes);
            output.truncate(MAX_OUTPUT);
            cx.process.work(1).await;
        }
        let code = wait(&cx, &child).await;
        cx.put("\x1b[H\x1b[J");
        let mut room = height;
        if !opts.has(b't') {
            let zone = cx.zone().await;
            let date = zone.at(cx.process.now()).format(b"%a %b %e %H:%M:%S %Y", false);
            let left = format!("Every {:.1}s: {}", interval.as_secs_f64(), String::from_utf8_lossy(&command));
            let date = String::from_utf8_lossy(&date).into_owned();
            let pad = width.saturating_sub(left.chars().count() + date.len()).max(1);
            cx.put(format!("{left}{}{date}\n\n", " ".repeat(pad)));
            room = room.saturating_sub(2);
        }
        // Busybox lets what is too long for the screen go by.
        let room = if cx.is_gnu() { room } else { usize::MAX };
        let lines: Vec<&[u8]> = output.split_inclusive(|byte| *byte == b'\n').take(room).collect();
        cx.put(lines.concat());
        if !cx.flush().await {
            return 1;
        }
        if opts.has(b'e') && code != 0
            || opts.has(b'g') && before.as_ref().is_some_and(|before| *before != output)
        {
            return 0;
        }
        before = Some(output);
        cx.process.sleep(interval).await;
    }
}
