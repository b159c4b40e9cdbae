//! Programs that use memory and processor time, to see what limits do: `stress` (as in `polinux/stress`) and the one of
//! `vish/stress`.

use std::{sync::Arc, time::Duration};

use crate::{
    env::BoxFuture,
    kernel::{
        process::{Outcome, Process},
        signal::Signal,
    },
};

const MIB: u64 = 1 << 20;
/// How much is written between two looks at the clock.
const CHUNK: u64 = 4 * MIB;
/// The most workers of a kind.
const MAX_WORKERS: u64 = 1024;

/// What a worker does, until somebody ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hog {
    /// Computes.
    Processor,
    /// Writes buffers out.
    Io,
    /// Takes memory, holds it for so many seconds (0: for ever; `None`: not at all), gives it back, and again.
    Memory { bytes: u64, hold: Option<u64> },
}

/// What `stress` was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    processors: u64,
    io: u64,
    memory: u64,
    disks: u64,
    bytes: Option<u64>,
    hold: Option<u64>,
    keep: bool,
    timeout: Option<u64>,
    quiet: bool,
    dry: bool,
}

const USAGE: &str = "\
`stress' imposes certain types of compute stress on your system

Usage: stress [OPTION [ARG]] ...
 -?, --help         show this help statement
     --version      show version statement
 -v, --verbose      be verbose
 -q, --quiet        be quiet
 -n, --dry-run      show what would have been done
 -t, --timeout N    timeout after N seconds
     --backoff N    wait factor of N microseconds before work starts
 -c, --cpu N        spawn N workers spinning on sqrt()
 -i, --io N         spawn N workers spinning on sync()
 -m, --vm N         spawn N workers spinning on malloc()/free()
     --vm-bytes B   malloc B bytes per vm worker (default is 256MB)
     --vm-stride B  touch a byte every B bytes (default is 4096)
     --vm-hang N    sleep N secs before free (default none, 0 is inf)
     --vm-keep      redirty memory instead of freeing and reallocating
 -d, --hdd N        spawn N workers spinning on write()/unlink()
     --hdd-bytes B  write B bytes per hdd worker (default is 1GB)

Numbers may be suffixed with s,m,h,d,y (time) or B,K,M,G (size).
";

/// A number with a suffix for a time or a size.
fn number(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" | "s" | "S" | "b" | "B" => 1,
        "m" => 60,
        "h" | "H" => 3600,
        "d" | "D" => 86_400,
        "y" | "Y" => 31_536_000,
        "k" | "K" => 1 << 10,
        "M" => MIB,
        "g" | "G" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

impl Asked {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut asked = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let (name, joined) = match arg.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value)),
                _ => (arg.as_str(), None),
            };
            let mut value = || {
                let text = joined.or_else(|| args.next().map(String::as_str));
                let text = text.ok_or_else(|| format!("missing argument to option '{name}'"))?;
                number(text).ok_or_else(|| format!("incorrect argument to option '{name}': {text}"))
            };
            match name {
                "-c" | "--cpu" => asked.processors = value()?,
                "-i" | "--io" => asked.io = value()?,
                "-m" | "--vm" => asked.memory = value()?,
                "-d" | "--hdd" => asked.disks = value()?,
                "--vm-bytes" => asked.bytes = Some(value()?),
                "--vm-hang" => asked.hold = Some(value()?),
                "-t" | "--timeout" => asked.timeout = Some(value()?),
                "--vm-stride" | "--hdd-bytes" | "--backoff" => _ = value()?,
                "--vm-keep" => asked.keep = true,
                "-q" | "--quiet" => asked.quiet = true,
                "-n" | "--dry-run" => asked.dry = true,
                "-v" | "--verbose" | "--hdd-noclean" => {}
                _ => return Err(format!("unrecognized option: {arg}")),
            }
        }
        Ok(asked)
    }

    fn hogs(&self) -> Vec<Hog> {
        let hold = if self.keep { Some(0) } else { self.hold };
        let memory = Hog::Memory { bytes: self.bytes.unwrap_or(256 * MIB), hold };
        let kinds =
            [(self.processors, Hog::Processor), (self.io + self.disks, Hog::Io), (self.memory, memory)];
        let some = |(count, hog): (u64, Hog)| (0..count.min(MAX_WORKERS)).map(move |_| hog);
        kinds.into_iter().flat_map(some).collect()
    }
}

fn arguments(process: &Process) -> Vec<String> {
    process.argv().iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect()
}

async fn work(process: Arc<Process>, hog: Hog) -> Outcome {
    loop {
        match hog {
            Hog::Processor | Hog::Io => process.work(100).await,
            Hog::Memory { bytes, hold } => {
                take(&process, bytes, CHUNK, Duration::ZERO).await;
                match hold {
                    Some(0) => std::future::pending().await,
                    Some(seconds) => process.sleep(Duration::from_secs(seconds)).await,
                    None => {}
                }
                let _ = process.claim(0);
            }
        }
    }
}

/// Takes memory a chunk at a time, with a rest after each.
async fn take(process: &Process, bytes: u64, chunk: u64, rest: Duration) {
    let mut taken = 0;
    while taken < bytes {
        taken = bytes.min(taken + chunk.max(4096));
        // Past the limit the container is killed, and this with it.
        let _ = process.claim(taken);
        process.work(u32::try_from(chunk >> 12).unwrap_or(u32::MAX).max(1)).await;
        if !rest.is_zero() {
            process.sleep(rest).await;
        }
    }
}

/// `stress`.
pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(async move {
        let args = arguments(&process);
        let is_one = |names: &[&str]| args.iter().any(|arg| names.contains(&arg.as_str()));
        if args.is_empty() || is_one(&["-?", "--help"]) {
            let _ = process.write(1, USAGE).await;
            return Outcome::Exit(u8::from(args.is_empty()));
        }
        if is_one(&["--version"]) {
            let _ = process.write(1, "stress 1.0.4\n").await;
            return Outcome::Exit(0);
        }
        let pid = process.pid;
        let asked = match Asked::parse(&args) {
            Ok(asked) => asked,
            Err(message) => {
                let _ = process.write(2, format!("stress: FAIL: [{pid}] (244) {message}\n")).await;
                return Outcome::Exit(1);
            }
        };
        let (started, hogs) = (process.container.host.env.clock.uptime(), asked.hogs());
        if !asked.quiet {
            let line = format!(
                "stress: info: [{pid}] dispatching hogs: {} cpu, {} io, {} vm, {} hdd\n",
                asked.processors, asked.io, asked.memory, asked.disks
            );
            let _ = process.write(1, line).await;
        }
        let mut workers = Vec::new();
        for hog in hogs.into_iter().filter(|_| !asked.dry) {
            let Ok(child) = process.fork() else {
                let line =
                    format!("stress: FAIL: [{pid}] (398) fork failed: Resource temporarily unavailable\n");
                let _ = process.write(2, line).await;
                return Outcome::Exit(1);
            };
            child.start(Box::pin(work(Arc::clone(&child), hog)));
            workers.push(child);
        }
        match asked.timeout {
            Some(seconds) if !workers.is_empty() => {
                process.sleep(Duration::from_secs(seconds)).await;
                workers.iter().for_each(|worker| worker.signal(Signal::KILL));
            }
            _ => {}
        }
        for worker in &workers {
            let _ = process.wait_for(worker.pid).await;
        }
        if !asked.quiet {
            let took = process.container.host.env.clock.uptime().saturating_sub(started).as_secs();
            let line = format!("stress: info: [{pid}] successful run completed in {took}s\n");
            let _ = process.write(1, line).await;
        }
        Outcome::Exit(0)
    })
}

/// The `stress` of `vish/stress`: options in the manner of Go, memory that is never given back.
pub(super) fn go_main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(async move {
        let args = arguments(&process);
        let option = |name: &str| super::samples::option(&args, name);
        let size = |name: &str, default: &str| {
            let text = option(name).unwrap_or_else(|| default.to_owned());
            let bytes = quantity(&text);
            (text, bytes)
        };
        let (total_text, total) = size("mem-total", "0");
        let (chunk_text, chunk) = size("mem-alloc-size", "4Ki");
        let rest = option("mem-alloc-sleep").unwrap_or_else(|| "1ms".to_owned());
        let (Some(total), Some(chunk), Some(pause)) = (total, chunk, duration(&rest)) else {
            let _ = process.write(2, "stress: an option has a value that is no quantity\n").await;
            return Outcome::Exit(255);
        };
        let processors = option("cpus").and_then(|count| count.parse::<u64>().ok()).unwrap_or(0);
        let log = |line: u32, text: String| {
            let stamp = process.now().strftime("%m%d %H:%M:%S%.6f").to_string();
            process.write(2, format!("I{stamp}{:>8} main.go:{line}] {text}\n", process.pid))
        };
        let text = format!(
            "Allocating \"{total_text}\" memory, in \"{chunk_text}\" chunks, with a {rest} sleep between allocations"
        );
        let _ = log(26, text).await;
        for _ in 0..processors.min(MAX_WORKERS) {
            let _ = log(39, "Spawning a thread to consume CPU".to_owned()).await;
            if let Ok(child) = process.fork() {
                child.start(Box::pin(work(Arc::clone(&child), Hog::Processor)));
            }
        }
        take(&process, total, chunk, pause).await;
        let _ = log(29, format!("Allocated \"{total_text}\" memory")).await;
        std::future::pending().await
    })
}

/// A quantity of Kubernetes, in bytes.
fn quantity(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" => 1,
        "k" => 1000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => MIB,
        "Gi" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// A duration as Go writes it, of one unit.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let count: u64 = digits.parse().ok()?;
    Some(match &text[digits.len()..] {
        "" if count == 0 => Duration::ZERO,
        "us" => Duration::from_micros(count),
        "ms" => Duration::from_millis(count),
        "s" => Duration::from_secs(count),
        "m" => Duration::from_secs(count.checked_mul(60)?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_say_what_is_started() {
        let words: Vec<String> =
            ["--vm", "1", "--vm-bytes", "150M", "--vm-hang", "1", "-c2"].map(str::to_owned).to_vec();
        assert_eq!(Asked::parse(&words), Err("unrecognized option: -c2".to_owned()));
        let asked = Asked::parse(&words[..6]).unwrap();
        assert_eq!(asked.hogs(), [Hog::Memory { bytes: 150 * MIB, hold: Some(1) }]);
    }

    #[test]
    fn quantities_and_durations() {
        assert_eq!(quantity("150Mi"), Some(150 * MIB));
        assert_eq!((quantity("x"), quantity("99999999999999999999Gi")), (None, None));
        assert_eq!(duration("10ms"), Some(Duration::from_millis(10)));
    }
}
