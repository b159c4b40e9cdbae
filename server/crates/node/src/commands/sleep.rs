//! `sleep`, `usleep`: waits.

use std::{sync::Arc, time::Duration};

use super::{Cx, number};
use crate::libc::getopt::OptSpec;

pub(super) async fn run(cx: Cx) -> u8 {
    let process = Arc::clone(&cx.process);
    // What most programs wait in takes little room while they do.
    match Box::pin(duration(cx)).await {
        Ok(duration) => {
            process.sleep(duration).await;
            0
        }
        Err(code) => code,
    }
}

/// How long to wait; an exit code where that is not said well.
async fn duration(mut cx: Cx) -> Result<Duration, u8> {
    let opts = match cx.opts(OptSpec { short: "", long: &[] }, "[N]...").await {
        Ok(opts) => opts,
        Err(code) => return Err(code),
    };
    if opts.operands.is_empty() {
        if cx.is_gnu() {
            cx.error("missing operand").await;
        }
        return Err(cx.bad_usage("[N]...").await);
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
            None => return Err(cx.bad_number(operand).await),
        }
    }
    if bad {
        return Err(cx.bad_usage("NUMBER[SUFFIX]...").await);
    }
    Ok(total)
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
