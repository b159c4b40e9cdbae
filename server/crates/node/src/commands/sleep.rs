//! `sleep`, `usleep`: waits.

use std::time::Duration;

use super::{Cx, number};
use crate::libc::getopt::OptSpec;

pub(super) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "", long: &[] }, "[N]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() {
        if cx.is_gnu() {
            cx.error("missing operand").await;
        }
        return cx.bad_usage("[N]...").await;
    }
    let mut total = Duration::ZERO;
    let mut bad = false;
    for operand in &opts.operands {
        match number::parse_duration(operand) {
            Some(duration) => total = total.saturating_add(duration),
            None if cx.is_gnu() => {
                cx.error(format!("invalid time interval '{}'", String::from_utf8_lossy(operand))).await;
                bad = true;
            }
            None => return cx.bad_number(operand).await,
        }
    }
    if bad {
        return cx.bad_usage("NUMBER[SUFFIX]...").await;
    }
    cx.process.sleep(total).await;
    0
}

/// `usleep`: microseconds.
pub(super) async fn usleep(mut cx: Cx) -> u8 {
    let Some(operand) = cx.args.first().cloned() else { return cx.bad_usage("N").await };
    match number::parse(&operand) {
        Some(micros) => {
            cx.process.sleep(Duration::from_micros(micros)).await;
            0
        }
        None => cx.bad_number(&operand).await,
    }
}
