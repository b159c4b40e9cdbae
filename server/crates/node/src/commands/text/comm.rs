//! `comm`: lines that two sorted files have, each or both.

use std::cmp::Ordering;

use super::{
    super::{Cx, Lines},
    open_input,
};
use crate::libc::getopt::OptSpec;

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "123z",
        long: &[("output-delimiter=", b'd'), ("check-order", b'c'), ("nocheck-order", b'n')],
    };
    let usage = "[-123] FILE1 FILE2";
    let opts = match cx.opts(spec, usage).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let [first, second] = &opts.operands[..] else {
        if cx.is_gnu() {
            let message = match opts.operands.first() {
                Some(only) if opts.operands.len() == 1 => {
                    format!("missing operand after '{}'", String::from_utf8_lossy(only))
                }
                _ => "missing operand".to_owned(),
            };
            cx.error(message).await;
        }
        return cx.bad_usage(usage).await;
    };
    let mut inputs = Vec::new();
    for path in [first, second] {
        let Some(file) = open_input(&mut cx, path).await else { return 1 };
        inputs.push(Lines::new(file));
    }
    let (Some(mut right), Some(mut left)) = (inputs.pop(), inputs.pop()) else { return 1 };
    let delimiter = opts.value(b'd').cloned().unwrap_or_else(|| "\t".into());
    let indent = |column: u8| -> usize { (b'1'..column).filter(|before| !opts.has(*before)).count() };
    let mut a = left.next(&mut cx).await.ok().flatten();
    let mut b = right.next(&mut cx).await.ok().flatten();
    loop {
        let order = match (&a, &b) {
            (None, None) => return cx.finish(0).await,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a.text.cmp(&b.text),
        };
        let (column, line) = match order {
            Ordering::Less => (b'1', &a),
            Ordering::Greater => (b'2', &b),
            Ordering::Equal => (b'3', &a),
        };
        if !opts.has(column)
            && let Some(line) = line
        {
            for _ in 0..indent(column) {
                cx.put(&delimiter);
            }
            cx.put(&line.text);
            cx.put("\n");
        }
        if order.is_le() {
            a = left.next(&mut cx).await.ok().flatten();
        }
        if order.is_ge() {
            b = right.next(&mut cx).await.ok().flatten();
        }
        cx.process.work(1).await;
        if !cx.drain().await {
            return cx.finish(1).await;
        }
    }
}
