//! `time`: how long a program takes.

use super::{spawn, wait};
use crate::{commands::Cx, libc::getopt::OptSpec};

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let usage = "[-vpa] [-o FILE] PROG ARGS";
    let opts = match cx.opts(OptSpec { short: "+vpaf:o:", long: &[] }, usage).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() {
        return cx.bad_usage(usage).await;
    }
    let clock = std::sync::Arc::clone(&cx.process.container.host.env.clock);
    let start = clock.uptime();
    let (code, cpu) = match spawn(&mut cx, &opts.operands, |_| {}).await {
        Ok(child) => (wait(&cx, &child).await, child.cpu_nanos()),
        Err(code) => (code, 0),
    };
    let real = clock.uptime().saturating_sub(start).as_secs_f64();
    let user = cpu as f64 / 1e9;
    let minutes = |seconds: f64| format!("{}m {:.2}s", (seconds / 60.0) as u64, seconds % 60.0);
    let mut text = String::new();
    if code != 0 {
        text = format!("Command exited with non-zero status {code}\n");
    }
    text += &match opts.has(b'p') {
        true => format!("real {real:.2}\nuser {user:.2}\nsys 0.00\n"),
        false => format!("real\t{}\nuser\t{}\nsys\t{}\n", minutes(real), minutes(user), minutes(0.0)),
    };
    cx.complain(text).await;
    code
}
