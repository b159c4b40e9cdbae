//! `taskset`, `ionice`, `renice`: on which processors and how urgently a process runs. The node shares its time evenly, so
//! that these tell what holds everywhere, and change nothing.

use bytes::Bytes;

use super::exec;
use crate::{
    commands::{Cx, number},
    kernel::{errno::Errno, process::Outcome, procfs::machine},
    libc::getopt::OptSpec,
};

const TASKSET: &str = "[-ap] [HEXMASK | -c LIST] { PID | PROG ARGS }

Set or get CPU affinity

	-p	Operate on PID
	-a	Operate on all threads
	-c	Affinity is a list, not mask";
const IONICE: &str = "[-c 1-3] [-n 0-7] [-t] { -p PID | PROG ARGS }

Change I/O priority and class

	-c N	Class. 1:realtime 2:best-effort 3:idle
	-n N	Priority
	-t	Ignore errors";
const RENICE: &str = "[-n] PRIORITY [[-p|g|u] ID...]...

Change scheduling priority of a running process

	-n	Add PRIORITY to current nice value
		Without -n, nice value is set to PRIORITY
	-p	Process ids (default)
	-g	Process group ids
	-u	Process user names";

/// Whether there is a process of this number.
fn exists(cx: &Cx, pid: u32) -> bool {
    pid == 0 || cx.process.kill(i64::from(pid), None).is_ok()
}

/// `taskset`: tells that a process runs on all processors, or runs a program.
pub(in crate::commands) async fn taskset(mut cx: Cx) -> Outcome {
    let spec = OptSpec { short: "+apc", long: &[("pid", b'p'), ("cpu-list", b'c'), ("all-tasks", b'a')] };
    let opts = match cx.opts(spec, TASKSET).await {
        Ok(opts) => opts,
        Err(code) => return Outcome::Exit(code),
    };
    let count = machine::processors(&cx.process.container.host).clamp(1, 64);
    let as_list = opts.has(b'c');
    let all = match (as_list, count) {
        (true, 1) => "0".to_owned(),
        (true, _) => format!("0-{}", count - 1),
        (false, _) => format!("{:x}", u64::MAX >> (64 - count)),
    };
    let fits = |text: &Bytes| {
        let text = String::from_utf8_lossy(text);
        match as_list {
            true => text.split([',', '-']).all(|part| part.parse::<u64>().is_ok()),
            false => u64::from_str_radix(text.trim_start_matches("0x"), 16).is_ok_and(|mask| mask > 0),
        }
    };
    let (given, rest) = match (&opts.operands[..], opts.has(b'p')) {
        ([pid], true) => (None, std::slice::from_ref(pid)),
        ([given, rest @ ..], _) if !rest.is_empty() => (Some(given), rest),
        _ => return Outcome::Exit(cx.bad_usage(TASKSET).await),
    };
    if let Some(given) = given.filter(|given| !fits(given)) {
        let (what, shown) =
            (if as_list { "list" } else { "mask" }, String::from_utf8_lossy(given).into_owned());
        match cx.is_gnu() {
            true => cx.error(format!("failed to parse CPU {what}: {shown}")).await,
            false => cx.error(format!("bad affinity '{shown}'")).await,
        }
        return Outcome::Exit(1);
    }
    if !opts.has(b'p') {
        return exec(&mut cx, rest, None).await;
    }
    let Some(pid) = rest.first().and_then(|text| number::parse::<u32>(text)) else {
        let text = rest.first().cloned().unwrap_or_default();
        return Outcome::Exit(cx.bad_number(&text).await);
    };
    if !exists(&cx, pid) {
        let text = cx.text(Errno::ESRCH);
        let verb = if given.is_some() { "set" } else { "get" };
        match cx.is_gnu() {
            true => cx.error(format!("failed to {verb} pid {pid}'s affinity: {text}")).await,
            false => cx.error(format!("can't {verb} pid {pid}'s affinity: {text}")).await,
        }
        return Outcome::Exit(1);
    }
    let what = if as_list { "list" } else { "mask" };
    cx.put(format!("pid {pid}'s current affinity {what}: {all}\n"));
    if let Some(given) = given {
        cx.put(format!("pid {pid}'s new affinity {what}: {}\n", String::from_utf8_lossy(given)));
    }
    Outcome::Exit(cx.finish(0).await)
}

/// `ionice`: tells that no process has a class of its own, or runs a program.
pub(in crate::commands) async fn ionice(mut cx: Cx) -> Outcome {
    let spec = OptSpec {
        short: "+n:c:p:tu:P:",
        long: &[("class=", b'c'), ("classdata=", b'n'), ("pid=", b'p'), ("ignore", b't')],
    };
    let opts = match cx.opts(spec, IONICE).await {
        Ok(opts) => opts,
        Err(code) => return Outcome::Exit(code),
    };
    if let Some(pid) = opts.value(b'p') {
        let known = number::parse::<u32>(pid).filter(|pid| exists(&cx, *pid));
        if known.is_none() {
            let text = cx.text(Errno::ESRCH);
            match cx.is_gnu() {
                true => cx.error(format!("ioprio_get failed: {text}")).await,
                false => cx.error(format!("ioprio_get: {text}")).await,
            }
            return Outcome::Exit(1);
        }
    } else if !opts.operands.is_empty() {
        return exec(&mut cx, &opts.operands, None).await;
    }
    if !opts.has(b'c') && !opts.has(b'n') {
        cx.put("none: prio 0\n");
    }
    Outcome::Exit(cx.finish(0).await)
}

/// `renice`: a process is no more urgent than others here, whatever it is told.
pub(in crate::commands) async fn renice(mut cx: Cx) -> u8 {
    let mut args = std::mem::take(&mut cx.args).into_iter();
    let mut priority = None;
    let mut code = 0;
    for arg in args.by_ref() {
        match &arg[..] {
            b"-n" | b"--priority" | b"--relative" => {}
            _ => {
                priority = number::parse::<i64>(&arg).or_else(|| number::parse(arg.strip_prefix(b"+")?));
                break;
            }
        }
    }
    let ids: Vec<Bytes> = args.collect();
    let Some(priority) = priority.filter(|_| !ids.is_empty()) else { return cx.bad_usage(RENICE).await };
    for id in ids.iter().filter(|id| !id.starts_with(b"-")) {
        let Some(pid) = number::parse::<u32>(id) else {
            let shown = String::from_utf8_lossy(id).into_owned();
            match cx.is_gnu() {
                true => cx.error(format!("bad process ID value: {shown}")).await,
                false => cx.error(format!("invalid number '{shown}'")).await,
            }
            code = 1;
            continue;
        };
        if !exists(&cx, pid) {
            let text = cx.text(Errno::ESRCH);
            match cx.is_gnu() {
                true => cx.error(format!("failed to get priority for {pid} (process ID): {text}")).await,
                false => cx.error(format!("setpriority: {text}")).await,
            }
            code = 1;
            continue;
        }
        if cx.is_gnu() {
            cx.put(format!("{pid} (process ID) old priority 0, new priority {}\n", priority.clamp(-20, 19)));
        }
    }
    cx.finish(code).await
}
