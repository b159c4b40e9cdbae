//! `top`: processes, again and again.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};

use crate::{
    commands::{
        Cx, number,
        snapshot::{self, Snapshot},
    },
    kernel::process::Process,
    libc::getopt::OptSpec,
};

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec { short: "bcn:d:mHp:u:o:", long: &[] };
    let opts = match cx.opts(spec, "[-b] [-n COUNT] [-d SECONDS]").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut rounds = u64::MAX;
    if let Some(text) = opts.value(b'n') {
        match number::parse(text) {
            Some(value) => rounds = value,
            None => return cx.bad_number(text).await,
        }
    }
    let mut interval = Duration::from_secs(if cx.is_gnu() { 3 } else { 5 });
    if let Some(text) = opts.value(b'd') {
        match number::parse_duration(text) {
            Some(value) => interval = value.max(Duration::from_millis(100)),
            None => return cx.bad_number(text).await,
        }
    }
    let terminal = cx.process.file(1).ok().and_then(|file| file.terminal().cloned());
    let screen = terminal.filter(|_| !opts.has(b'b'));
    let keyboard = cx.process.file(0).ok().filter(|file| file.terminal().is_some() && screen.is_some());
    let before = keyboard.as_ref().and_then(|file| file.terminal()).map(|tty| tty.termios());
    if let (Some(tty), Some(before)) = (keyboard.as_ref().and_then(|file| file.terminal()), before) {
        let mut raw = before.raw();
        raw.isig = true;
        tty.set_termios(raw);
    }
    let mut last: Vec<(u32, u64)> = Vec::new();
    let code = loop {
        let (width, height) = screen.as_ref().map_or((usize::MAX, usize::MAX), |tty| {
            (usize::from(tty.size().columns).max(20), usize::from(tty.size().rows).max(8))
        });
        if screen.is_some() {
            cx.put("\x1b[H\x1b[J");
        }
        let lines = page(&cx, &last, interval).await;
        last = Snapshot::all(&cx.process).iter().map(|process| (process.pid, process.cpu_nanos)).collect();
        for (index, line) in lines.iter().take(height - 1).enumerate() {
            let shown: String = line.chars().take(width).collect();
            let header = shown.trim_start().starts_with("PID") && screen.is_some();
            cx.put(if index > 0 && screen.is_some() { "\r\n" } else { "" });
            cx.put(if header { format!("\x1b[7m{shown}\x1b[m") } else { shown });
            if screen.is_none() {
                cx.put("\n");
            }
        }
        if !cx.flush().await {
            break 1;
        }
        rounds = rounds.saturating_sub(1);
        if rounds == 0 {
            break 0;
        }
        if quit_pressed(&cx, keyboard.as_deref(), interval).await {
            break 0;
        }
        if screen.is_none() {
            cx.put("\n");
        }
    };
    if let (Some(tty), Some(before)) = (keyboard.as_ref().and_then(|file| file.terminal()), before) {
        tty.set_termios(before);
        cx.put("\r\n");
    }
    cx.finish(code).await
}

/// Waits for the next round; whether `q` was pressed meanwhile.
async fn quit_pressed(cx: &Cx, keyboard: Option<&crate::kernel::fs::OpenFile>, interval: Duration) -> bool {
    let mut timer = cx.process.container.host.env.sleep(interval);
    poll_fn(|task| {
        if let Some(file) = keyboard
            && let Poll::Ready(read) = file.poll_read(task, Process::READ_SIZE)
        {
            match read {
                Ok(bytes)
                    if !bytes.is_empty() && !bytes.iter().any(|byte| matches!(byte, b'q' | b'Q' | 3)) =>
                {
                    return Poll::Ready(false);
                }
                _ => return Poll::Ready(true),
            }
        }
        timer.as_mut().poll(task).map(|()| false)
    })
    .await
}

async fn page(cx: &Cx, last: &[(u32, u64)], interval: Duration) -> Vec<String> {
    let process = Arc::clone(&cx.process);
    let mut all = Snapshot::all(&process);
    let (total, free, available) = snapshot::memory(&process);
    let span = if last.is_empty() { Duration::from_secs(1) } else { interval };
    let share = |snapshot: &Snapshot| {
        let before =
            last.iter().find(|(pid, _)| *pid == snapshot.pid).map_or(snapshot.cpu_nanos, |(_, nanos)| *nanos);
        snapshot.cpu_nanos.saturating_sub(before) as f64 * 100.0 / span.as_nanos() as f64
    };
    all.sort_by(|a, b| share(b).total_cmp(&share(a)).then(a.pid.cmp(&b.pid)));
    let busy: f64 = all.iter().map(share).sum::<f64>().min(100.0);
    let running = all.iter().filter(|snapshot| snapshot.state == 'R').count();
    let zombies = all.iter().filter(|snapshot| snapshot.state == 'Z').count();
    let count = all.len();
    if !cx.is_gnu() {
        let mut lines = vec![
            format!(
                "Mem: {}K used, {}K free, 4096K shrd, 128K buff, {}K cached",
                (total - free) / 1024,
                free / 1024,
                (available - free) / 1024
            ),
            format!(
                "CPU: {busy:>3.0}% usr   0% sys   0% nic {:>3.0}% idle   0% io   0% irq   0% sirq",
                100.0 - busy
            ),
            format!("Load average: {} {running}/{count} {}", process.container.host.load(), process.pid),
            "  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND".to_owned(),
        ];
        lines.extend(all.iter().map(|snapshot| {
            let user: String = snapshot.user(&process).chars().take(8).collect();
            let vsz = snapshot.virtual_kib();
            format!(
                "{:>5} {:>5} {user:<8} {:<4} {vsz:>5} {:>3.0}%   0 {:>3.0}% {}",
                snapshot.pid,
                snapshot.ppid,
                snapshot.state,
                vsz as f64 * 102_400.0 / total as f64,
                share(snapshot),
                snapshot.command_line()
            )
        }));
        return lines;
    }
    let zone = cx.zone().await;
    let clock = zone.at(process.now()).format(b"%H:%M:%S", false);
    let uptime = snapshot::uptime(&process) as u64;
    let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
    let mut lines = vec![
        format!(
            "top - {} up {:>2}:{:02},  0 users,  load average: {}",
            String::from_utf8_lossy(&clock),
            uptime / 3600,
            uptime / 60 % 60,
            snapshot::load(&process)
        ),
        format!(
            "Tasks: {count:>3} total, {running:>3} running, {:>3} sleeping,   0 stopped, {zombies:>3} zombie",
            count - running - zombies
        ),
        format!(
            "%Cpu(s): {busy:>4.1} us,  0.0 sy,  0.0 ni, {:>4.1} id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st",
            100.0 - busy
        ),
        format!(
            "MiB Mem : {:>8.1} total, {:>8.1} free, {:>8.1} used, {:>8.1} buff/cache",
            mib(total),
            mib(free),
            mib(total - available),
            mib(available - free)
        ),
        format!(
            "MiB Swap: {:>8.1} total, {:>8.1} free, {:>8.1} used. {:>8.1} avail Mem",
            0.0,
            0.0,
            0.0,
            mib(available)
        ),
        String::new(),
        "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND".to_owned(),
    ];
    lines.extend(all.iter().map(|snapshot| {
        let user: String = snapshot.user(&process).chars().take(8).collect();
        let hundredths = snapshot.cpu_nanos / 10_000_000;
        format!(
            "{:>7} {user:<8}  20   0 {:>7} {:>6} {:>6} {} {:>5.1} {:>5.1} {:>9} {}",
            snapshot.pid,
            snapshot.virtual_kib(),
            snapshot.memory / 1024,
            snapshot.memory / 2048,
            snapshot.state,
            share(snapshot),
            snapshot.memory as f64 * 100.0 / total as f64,
            format!("{}:{:02}.{:02}", hundredths / 6000, hundredths / 100 % 60, hundredths % 100),
            snapshot.comm
        )
    }));
    lines
}
