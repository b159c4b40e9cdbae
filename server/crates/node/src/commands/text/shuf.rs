//! `shuf`: lines in a random order.

use super::{
    super::{Cx, Lines, number},
    open_input,
};
use crate::libc::getopt::OptSpec;

/// The most numbers of a range.
const MAX_RANGE: u64 = 1 << 20;

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "ei:n:o:zr",
        long: &[("echo", b'e'), ("input-range=", b'i'), ("head-count=", b'n'), ("repeat", b'r')],
    };
    let opts = match cx.opts(spec, "[-n NUM] [-o FILE] [-z] [FILE | -e [ARG...] | -i L-H]").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut most = u64::MAX;
    if let Some(text) = opts.value(b'n') {
        match number::parse(text) {
            Some(value) => most = value,
            None if cx.is_gnu() => {
                cx.error(format!("invalid line count: '{}'", String::from_utf8_lossy(text))).await;
                return 1;
            }
            None => return cx.bad_number(text).await,
        }
    }
    let mut all: Vec<bytes::Bytes> = Vec::new();
    if opts.has(b'e') {
        all.clone_from(&opts.operands);
    } else if let Some(range) = opts.value(b'i') {
        let text = String::from_utf8_lossy(range).into_owned();
        let parsed = text
            .split_once('-')
            .and_then(|(low, high)| Some((low.parse::<u64>().ok()?, high.parse::<u64>().ok()?)));
        match parsed {
            Some((low, high)) if low <= high && high - low < MAX_RANGE => {
                all.extend((low..=high).map(|number| number.to_string().into()));
            }
            _ => {
                match cx.is_gnu() {
                    true => cx.error(format!("invalid input range: '{text}'")).await,
                    false => cx.error(format!("bad range '{text}'")).await,
                }
                return 1;
            }
        }
    } else {
        let path = opts.operands.first().cloned().unwrap_or_else(|| "-".into());
        let Some(file) = open_input(&mut cx, &path).await else { return 1 };
        let mut lines = Lines::new(file);
        let mut held = 0;
        while let Ok(Some(line)) = lines.next(&mut cx).await {
            held += line.text.len() as u64 + 64;
            all.push(line.text);
            if held > 1 << 20
                && let Err(errno) = cx.process.hold(held)
            {
                let text = cx.text(errno);
                cx.error(text).await;
                return 1;
            }
        }
    }
    let end = if opts.has(b'z') { "\0" } else { "\n" };
    let mut printed = 0;
    if opts.has(b'r') && !all.is_empty() {
        while printed < most {
            let index = (cx.process.random() % all.len() as u64) as usize;
            cx.put(&all[index]);
            cx.put(end);
            printed += 1;
            cx.process.work(1).await;
            if !cx.drain().await {
                break;
            }
        }
        return cx.finish(0).await;
    }
    while !all.is_empty() && printed < most {
        let index = (cx.process.random() % all.len() as u64) as usize;
        let line = all.swap_remove(index);
        cx.put(line);
        cx.put(end);
        printed += 1;
        if !cx.drain().await {
            break;
        }
    }
    cx.finish(0).await
}
