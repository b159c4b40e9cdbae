//! `seq`: numbers in a row.

use bytes::Bytes;

use super::super::{Cx, printf};
use crate::libc::getopt::OptSpec;

const USAGE: &str = "[-w] [-s SEP] [FIRST [INC]] LAST";

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    if cx.is_gnu() {
        end_options_before_number(&mut cx.args);
    }
    let spec =
        OptSpec { short: "+ws:f:", long: &[("equal-width", b'w'), ("separator=", b's'), ("format=", b'f')] };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() || opts.operands.len() > 3 {
        if cx.is_gnu() {
            let message = match opts.operands.get(3) {
                Some(extra) => format!("extra operand '{}'", String::from_utf8_lossy(extra)),
                None => "missing operand".to_owned(),
            };
            cx.error(message).await;
        }
        return cx.bad_usage(USAGE).await;
    }
    let mut numbers = Vec::new();
    let (mut precision, mut whole) = (0, 0);
    for (index, operand) in opts.operands.iter().enumerate() {
        let text = String::from_utf8_lossy(operand).into_owned();
        match text.trim_start().trim_start_matches('+').parse::<f64>() {
            Ok(number) if number.is_finite() => numbers.push(number),
            _ => {
                if cx.is_gnu() {
                    cx.error(format!("invalid floating point argument: '{text}'")).await;
                }
                return cx.bad_usage(USAGE).await;
            }
        }
        let is_last = index + 1 == opts.operands.len();
        let digits = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        // The precision of the last one does not count.
        if !is_last {
            precision = precision.max(digits.min(100));
        }
        // Zeros that it is written with count, and the increment's too in busybox's.
        if index != 1 || is_last || !cx.is_gnu() {
            whole = whole.max(text.split('.').next().unwrap_or_default().len());
        }
    }
    let (first, step, last) = match numbers[..] {
        [last] => (1.0, 1.0, last),
        [first, last] => (first, 1.0, last),
        [first, step, last] => (first, step, last),
        _ => return 1,
    };
    if step == 0.0 && cx.is_gnu() {
        cx.error(format!("invalid Zero increment value: '{}'", String::from_utf8_lossy(&opts.operands[1])))
            .await;
        return cx.bad_usage(USAGE).await;
    }
    let separator = opts.value(b's').cloned().unwrap_or_else(|| "\n".into());
    let plain = |value: f64| format!("{value:.precision$}");
    let written = whole + if precision > 0 { 1 + precision } else { 0 };
    let width = if opts.has(b'w') { written.max(plain(first).len()).max(plain(last).len()) } else { 0 };
    let format = opts.value(b'f').filter(|_| cx.is_gnu()).cloned();
    // A little tolerance for what binary fractions lose.
    let count = if step == 0.0 { f64::INFINITY } else { ((last - first) / step + 1e-10).floor() };
    let mut index = 0.0;
    while index <= count && (step == 0.0 && first <= last || step != 0.0) {
        if index > 0.0 {
            cx.put(&separator);
        }
        let value = first + index * step;
        match &format {
            Some(format) => {
                let arg = value.to_string().into();
                let printed = printf::render(format, &[arg], cx.flavor.into());
                cx.put(printed.out);
            }
            None => cx.put(padded(&plain(value), width)),
        }
        index += 1.0;
        if cx.process.tick(1) {
            cx.process.pause().await;
        }
        if !cx.drain().await {
            return cx.finish(1).await;
        }
    }
    if index > 0.0 {
        cx.put("\n");
    }
    cx.finish(0).await
}

/// Negative numbers are no options: what is one where options stand ends them. (For busybox they are.)
fn end_options_before_number(args: &mut Vec<Bytes>) {
    let is_number =
        |arg: &[u8]| arg.len() > 1 && arg[0] == b'-' && (arg[1].is_ascii_digit() || arg[1] == b'.');
    let mut at = 0;
    while let Some(arg) = args.get(at).filter(|arg| arg.starts_with(b"-") && *arg != "--") {
        if is_number(arg) {
            args.insert(at, Bytes::from_static(b"--"));
            return;
        }
        at += if matches!(&**arg, b"-s" | b"-f" | b"--separator" | b"--format") { 2 } else { 1 };
    }
}

/// Zeros before the digits, after the sign.
fn padded(text: &str, width: usize) -> String {
    match text.strip_prefix('-') {
        Some(digits) => format!("-{digits:0>0$}", width.saturating_sub(1)),
        None => format!("{text:0>width$}"),
    }
}
