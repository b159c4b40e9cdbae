//! `timeout`: ends a program that takes too long.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};

use super::{exec, spawn};
use crate::{
    commands::{Cx, number},
    kernel::{
        process::{ChildEvent, Outcome, Process},
        signal::Signal,
    },
    libc::getopt::{OptSpec, Opts},
};

const USAGE: &str = "[-s SIG] [-k KILL_SECS] SECS PROG ARGS";

/// What is asked for.
#[derive(Clone, Copy, Debug)]
struct Limit {
    after: Duration,
    signal: Signal,
    /// How long after that it is killed.
    kill_after: Option<Duration>,
}

pub(in crate::commands) async fn run(mut cx: Cx) -> Outcome {
    let spec = OptSpec {
        short: "+s:k:t:v",
        long: &[
            ("signal=", b's'),
            ("kill-after=", b'k'),
            ("preserve-status", b'p'),
            ("foreground", b'f'),
            ("verbose", b'v'),
        ],
    };
    let failure = if cx.is_gnu() { 125 } else { 1 };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return Outcome::Exit(if code == 1 { failure } else { code }),
    };
    let mut words = opts.operands.clone();
    if words.len() < 2 {
        if cx.is_gnu() {
            cx.complain("Try 'timeout --help' for more information.\n").await;
            return Outcome::Exit(125);
        }
        return Outcome::Exit(cx.bad_usage(USAGE).await);
    }
    let after = words.remove(0);
    let limit = match parse(&mut cx, &opts, &after).await {
        Ok(limit) => limit,
        Err(code) => return Outcome::Exit(if cx.is_gnu() { 125 } else { code }),
    };
    if cx.is_gnu() {
        return Outcome::Exit(supervise(&mut cx, &words, limit, opts.has(b'p'), opts.has(b'v')).await);
    }
    // busybox's becomes the program, and leaves a child behind that watches it.
    if let Ok(guard) = cx.process.fork() {
        guard.start(Box::pin(watch(Arc::clone(&cx.process), Arc::clone(&guard), limit)));
    }
    exec(&mut cx, &words, None).await
}

async fn parse(cx: &mut Cx, opts: &Opts, after: &[u8]) -> Result<Limit, u8> {
    let mut signal = Signal::TERM;
    if let Some(name) = opts.value(b's') {
        let name = String::from_utf8_lossy(name).into_owned();
        match Signal::parse(&name) {
            Some(parsed) => signal = parsed,
            None => {
                let message = match cx.is_gnu() {
                    true => format!("'{name}': invalid signal"),
                    false => format!("bad signal name '{name}'"),
                };
                cx.error(message).await;
                return Err(1);
            }
        }
    }
    let mut durations = [None, None];
    for (index, text) in [Some(after), opts.value(b'k').map(|text| &text[..])].into_iter().enumerate() {
        let Some(text) = text else { continue };
        match number::parse_duration(text) {
            Some(duration) => durations[index] = Some(duration),
            None if cx.is_gnu() => {
                cx.error(format!("invalid time interval '{}'", String::from_utf8_lossy(text))).await;
                cx.bad_usage(USAGE).await;
                return Err(125);
            }
            None => return Err(cx.bad_number(text).await),
        }
    }
    // No limit at all is 0.
    let after = durations[0].filter(|after| !after.is_zero()).unwrap_or(Duration::MAX);
    Ok(Limit { after, signal, kill_after: durations[1] })
}

/// Watches the process that started it until that ends or its time is over.
async fn watch(watched: Arc<Process>, own: Arc<Process>, limit: Limit) -> Outcome {
    // It holds no pipe open that others wait for the end of.
    for fd in 0..3 {
        let _ = own.close(fd);
    }
    let exit = watched.exit_waiter();
    let mut ended = Box::pin(async move { exit.wait().await });
    for (duration, signal) in [(Some(limit.after), limit.signal), (limit.kill_after, Signal::KILL)] {
        let Some(duration) = duration else { break };
        let mut timer = own.container.host.env.sleep(duration);
        let gone = poll_fn(|task| {
            if ended.as_mut().poll(task).is_ready() {
                return Poll::Ready(true);
            }
            timer.as_mut().poll(task).map(|()| false)
        })
        .await;
        if gone {
            break;
        }
        watched.signal(signal);
    }
    Outcome::Exit(0)
}

/// GNU's: the program is a child.
async fn supervise(cx: &mut Cx, words: &[bytes::Bytes], limit: Limit, preserve: bool, verbose: bool) -> u8 {
    let child = match spawn(cx, words, |_| {}).await {
        Ok(child) => child,
        Err(code) => return code,
    };
    let mut timed_out = false;
    let mut steps = vec![(Some(limit.after), limit.signal), (limit.kill_after, Signal::KILL)].into_iter();
    let mut next = steps.next();
    loop {
        let mut timer = match next {
            Some((Some(duration), _)) => cx.process.container.host.env.sleep(duration),
            _ => Box::pin(std::future::pending()),
        };
        let event = poll_fn(|task| {
            if let Poll::Ready(event) = cx.process.poll_child(task, Some(child.pid), false) {
                return Poll::Ready(Some(event));
            }
            timer.as_mut().poll(task).map(|()| None)
        })
        .await;
        match event {
            Some(Ok((_, ChildEvent::Exited(status)))) => {
                let code = u8::try_from(status.code()).unwrap_or(255);
                return match (timed_out, preserve, code) {
                    (true, false, 137) => 137,
                    (true, false, _) => 124,
                    _ => code,
                };
            }
            Some(_) => return 125,
            None => {
                let Some((_, signal)) = next else { continue };
                timed_out = true;
                if verbose {
                    let name = String::from_utf8_lossy(&words[0]).into_owned();
                    cx.error(format!("sending signal {} to command '{name}'", signal.name())).await;
                }
                child.signal(signal);
                child.signal(Signal::CONT);
                next = steps.next();
            }
        }
    }
}
