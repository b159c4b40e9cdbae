//! `crond` and `crontab`, as busybox has them: jobs that run on the minute, by the container's clock.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::civil::DateTime;

use super::{Cx, calendar::Zone, processes};
use crate::{
    kernel::{
        fs::OpenFlags,
        process::{Outcome, Process},
    },
    libc::{getopt::OptSpec, passwd},
};

/// Where the tables are.
const SPOOL: &[u8] = b"/var/spool/cron/crontabs";
/// The longest table.
const MAX_TABLE: usize = 256 << 10;
/// How many jobs one table has at most.
const MAX_JOBS: usize = 256;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// When a job runs, and what it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Job {
    /// Bits of the minutes, hours, days, months and days of the week that fit.
    fields: [u64; 5],
    /// Whether the days of the month or of the week are told: where both are, one that fits is enough.
    any_day: bool,
    command: Bytes,
}

impl Job {
    /// Reads a line of a table; `None` for one that is no job.
    fn parse(line: &[u8]) -> Option<Self> {
        let text = line.trim_ascii();
        if text.is_empty() || text.starts_with(b"#") {
            return None;
        }
        let special = [
            (&b"@hourly"[..], "0 * * * *"),
            (b"@daily", "0 0 * * *"),
            (b"@midnight", "0 0 * * *"),
            (b"@weekly", "0 0 * * 0"),
            (b"@monthly", "0 0 1 * *"),
            (b"@yearly", "0 0 1 1 *"),
            (b"@annually", "0 0 1 1 *"),
        ];
        if let Some((rest, times)) = special.iter().find_map(|(name, times)| {
            let rest = text.strip_prefix(*name)?;
            rest.first().is_some_and(u8::is_ascii_whitespace).then_some((rest, *times))
        }) {
            return Self::parse(&[times.as_bytes(), rest].concat());
        }
        let mut rest = text;
        let mut fields = [0; 5];
        let mut stars = [false; 5];
        let ranges = [(0, 59, &[][..]), (0, 23, &[]), (1, 31, &[]), (1, 12, &MONTHS[..]), (0, 7, &DAYS)];
        for (index, (first, last, names)) in ranges.into_iter().enumerate() {
            let len = rest.iter().position(u8::is_ascii_whitespace)?;
            let field = std::str::from_utf8(&rest[..len]).ok()?;
            stars[index] = field == "*";
            fields[index] = parse_field(field, first, last, names)?;
            rest = rest[len..].trim_ascii_start();
        }
        // Sunday is 0 and 7.
        if fields[4] & (1 << 7) != 0 {
            fields[4] |= 1;
        }
        let command = Bytes::copy_from_slice(rest);
        (!rest.is_empty()).then_some(Self { fields, any_day: !stars[2] && !stars[4], command })
    }

    fn is_due(&self, time: DateTime) -> bool {
        let fits = |index: usize, value: i8| self.fields[index] & (1 << value) != 0;
        let day = fits(2, time.day());
        let weekday = fits(4, time.weekday().to_sunday_zero_offset());
        fits(0, time.minute())
            && fits(1, time.hour())
            && fits(3, time.month())
            && if self.any_day { day || weekday } else { day && weekday }
    }
}

/// The values that a field such as `*/5` or `1-3,7` or `mon-fri` allows, as bits.
fn parse_field(text: &str, first: u32, last: u32, names: &[&str]) -> Option<u64> {
    let value = |text: &str| -> Option<u32> {
        let lower = text.to_ascii_lowercase();
        let offset = if names.len() == 12 { 1 } else { 0 };
        let named = names.iter().position(|name| *name == lower).and_then(|index| u32::try_from(index).ok());
        named
            .map(|index| index + offset)
            .or_else(|| text.parse().ok())
            .filter(|value| (first..=last).contains(value))
    };
    let mut bits = 0;
    for item in text.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step: &usize| *step > 0)?),
            None => (item, 1),
        };
        let (from, to) = match (range, range.split_once('-')) {
            ("*", _) => (first, last),
            (_, Some((from, to))) => (value(from)?, value(to)?),
            (only, None) => (value(only)?, if item.contains('/') { last } else { value(only)? }),
        };
        for number in (from..=to).step_by(step) {
            bits |= 1 << number;
        }
    }
    (bits != 0).then_some(bits)
}

/// `crontab`: shows, replaces, removes or edits a user's table.
pub(super) async fn crontab(mut cx: Cx) -> Outcome {
    let usage = "[-c DIR] [-u USER] [-ler]|[FILE]";
    let opts = match cx.opts(OptSpec { short: "c:u:ler", long: &[] }, usage).await {
        Ok(opts) => opts,
        Err(code) => return Outcome::Exit(code),
    };
    let uid = cx.process.creds().uid;
    let user = opts.value(b'u').cloned().unwrap_or_else(|| passwd::user_text(&cx.process, uid).into());
    let spool = opts.value(b'c').cloned().unwrap_or(Bytes::from_static(SPOOL));
    let path: Bytes = [&spool[..], b"/", &user].concat().into();
    let shown = String::from_utf8_lossy(&user).into_owned();
    if opts.has(b'l') {
        let file = match cx.process.open_file(&path, OpenFlags::READ, 0).await {
            Ok(file) => file,
            Err(errno) => {
                let text = cx.text(errno);
                cx.error(format!("can't open '{shown}': {text}")).await;
                return Outcome::Exit(1);
            }
        };
        let text = cx.read_all(&file).await.unwrap_or_default();
        cx.put(text);
        return Outcome::Exit(cx.finish(0).await);
    }
    if opts.has(b'r') {
        // That there was none is no fault.
        let _ = cx.process.unlink(&path);
        return Outcome::Exit(0);
    }
    make_spool(&cx.process, &spool);
    if opts.has(b'e') {
        let editor = ["VISUAL", "EDITOR"].iter().find_map(|name| cx.process.var(name));
        let argv = [editor.unwrap_or(Bytes::from_static(b"vi")), path];
        return processes::exec(&mut cx, &argv, None).await;
    }
    let Some(source) = opts.operands.first().cloned() else {
        return Outcome::Exit(cx.bad_usage(usage).await);
    };
    let text = match cx.open(&source).await {
        Ok(file) => cx.read_all(&file).await,
        Err(errno) => Err(errno),
    };
    let text = match text {
        Ok(text) if text.len() <= MAX_TABLE => text,
        Ok(_) => {
            cx.error("the table is too long").await;
            return Outcome::Exit(1);
        }
        Err(errno) => {
            cx.open_error(&source, errno).await;
            return Outcome::Exit(1);
        }
    };
    let written = match cx.process.open_file(&path, OpenFlags::WRITE, 0o600).await {
        Ok(file) => cx.process.write_file(&file, text.into()).await,
        Err(errno) => Err(errno),
    };
    if let Err(errno) = written {
        let text = cx.text(errno);
        cx.error(format!("can't create '{shown}': {text}")).await;
        return Outcome::Exit(1);
    }
    Outcome::Exit(0)
}

fn make_spool(process: &Process, spool: &[u8]) {
    let mut at = 0;
    while at < spool.len() {
        let next =
            spool[at + 1..].iter().position(|byte| *byte == b'/').map_or(spool.len(), |len| at + 1 + len);
        // It may be there already.
        let _ = process.mkdir(&spool[..next], 0o755);
        at = next;
    }
}

/// `crond`: runs the jobs of all tables.
pub(super) async fn crond(mut cx: Cx) -> u8 {
    let spec = OptSpec { short: "l:d:L:fbSc:", long: &[] };
    let opts = match cx.opts(spec, "[-fbS] [-l N] [-d N] [-L LOGFILE] [-c DIR]").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let spool = opts.value(b'c').cloned().unwrap_or(Bytes::from_static(SPOOL));
    // Without a file (or -d) it logs to the system's log, which no container here has.
    let log = match opts.value(b'L') {
        Some(path) => match cx.process.open_file(path, OpenFlags::APPEND, 0o666).await {
            Ok(file) => Some(file),
            Err(errno) => {
                cx.open_error(&path.clone(), errno).await;
                return 1;
            }
        },
        None if opts.has(b'd') => cx.process.file(2).ok(),
        None => None,
    };
    let level = opts
        .value(b'd')
        .or(opts.value(b'l'))
        .map_or("8".to_owned(), |text| String::from_utf8_lossy(text).into_owned());
    let started = format!("crond (busybox 1.37.0) started, log level {level}");
    if opts.has(b'f') || opts.has(b'd') {
        let process = Arc::clone(&cx.process);
        serve(process, spool, log, started).await;
        return 0;
    }
    match cx.process.fork() {
        Ok(daemon) => {
            let process = Arc::clone(&daemon);
            daemon.start(Box::pin(async move {
                serve(process, spool, log, started).await;
                Outcome::Exit(0)
            }));
            0
        }
        Err(errno) => {
            let text = cx.text(errno);
            cx.error(format!("can't fork: {text}")).await;
            1
        }
    }
}

type Log = Option<Arc<crate::kernel::fs::OpenFile>>;

async fn note(process: &Process, log: &Log, message: &str) {
    if let Some(log) = log {
        let _ = process.write_file(log, format!("crond: {message}\n").into()).await;
    }
}

async fn serve(process: Arc<Process>, spool: Bytes, log: Log, started: String) {
    note(&process, &log, &started).await;
    loop {
        let now = process.now();
        let seconds = 60 - now.as_second().rem_euclid(60);
        let past = u64::try_from(now.subsec_nanosecond()).unwrap_or(0);
        let wait = Duration::from_secs(seconds.unsigned_abs()).saturating_sub(Duration::from_nanos(past));
        process.sleep(wait).await;
        // Jobs that have ended leave nothing behind.
        while process.reap().is_some() {}
        let time = Zone::of(&process).await.at(process.now()).civil;
        let Ok(tables) = process.list(&spool) else { continue };
        for (user, _) in tables {
            let path = [&spool[..], b"/", &user].concat();
            let Ok(text) = process.read_file(&path, MAX_TABLE).await else { continue };
            run_due(&process, &user, &text, time, &log).await;
        }
    }
}

/// Starts the jobs of a table that are due.
async fn run_due(process: &Arc<Process>, user: &[u8], table: &[u8], time: DateTime, log: &Log) {
    let Some(user) = passwd::user_named(process, user) else { return };
    let mut variables: Vec<Bytes> = Vec::new();
    let mut jobs = 0;
    for line in table.split(|byte| *byte == b'\n') {
        if let Some(variable) = assignment(line) {
            variables.push(variable);
            continue;
        }
        let Some(job) = Job::parse(line) else { continue };
        jobs += 1;
        if jobs > MAX_JOBS || !job.is_due(time) {
            continue;
        }
        let shell = Bytes::from_static(b"/bin/sh");
        let argv = [shell.clone(), Bytes::from_static(b"-c"), job.command.clone()];
        let (Ok(executable), Ok(child)) = (process.executable(&shell, argv.into()), process.fork()) else {
            continue;
        };
        let text = String::from_utf8_lossy(&job.command).into_owned();
        let name = String::from_utf8_lossy(&user.name).into_owned();
        note(process, log, &format!("USER {name} pid {:>3} cmd {text}", child.pid)).await;
        if child.creds().uid != user.uid {
            let mut state = child.lock();
            (state.creds.uid, state.creds.gid) = (user.uid, user.gid);
        }
        let _ = child.chdir(&user.home);
        let mut environment: Vec<Bytes> = process
            .env()
            .iter()
            .filter(|entry| {
                ![&b"USER="[..], b"LOGNAME=", b"HOME=", b"SHELL="].iter().any(|name| entry.starts_with(name))
            })
            .cloned()
            .collect();
        environment.push([b"USER=", &user.name[..]].concat().into());
        environment.push([b"LOGNAME=", &user.name[..]].concat().into());
        environment.push([b"HOME=", &user.home[..]].concat().into());
        environment.push(Bytes::from_static(b"SHELL=/bin/sh"));
        environment.extend(variables.iter().cloned());
        child.start_program(&executable, environment.into());
    }
}

/// `NAME=value` in a table.
fn assignment(line: &[u8]) -> Option<Bytes> {
    let line = line.trim_ascii();
    let at = line.iter().position(|byte| *byte == b'=')?;
    let name = line[..at].trim_ascii();
    let plain = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if !plain || name[0].is_ascii_digit() {
        return None;
    }
    let value = line[at + 1..].trim_ascii();
    let value = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(value);
    Some([name, b"=", value].concat().into())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::{Job, assignment};

    fn due(line: &str, hour: i8, minute: i8) -> bool {
        // A Saturday.
        Job::parse(line.as_bytes()).unwrap().is_due(date(2026, 11, 21).at(hour, minute, 0, 0))
    }

    #[test]
    fn a_job_is_due_when_all_its_fields_fit() {
        assert!(due("* * * * * x", 3, 4));
        assert!(due("*/15 * * * * x", 3, 45) && !due("*/15 * * * * x", 3, 46));
        assert!(due("5-10/5 8,9 * nov sat x", 9, 10) && !due("5-10/5 8,9 * nov sun x", 9, 10));
        assert!(due("@daily x", 0, 0) && !due("@daily x", 0, 1));
        // Where both kinds of days are told, one is enough.
        assert!(due("0 0 1 * 6 x", 0, 0) && due("0 0 21 * 1 x", 0, 0) && !due("0 0 1 * 1 x", 0, 0));
    }

    #[test]
    fn what_is_no_job_is_passed_by() {
        for line in ["", "# note", "* * * * *", "60 * * * * x", "* * * 13 * x", "@nope x", "a b c d e f"] {
            assert_eq!(Job::parse(line.as_bytes()), None, "{line}");
        }
        assert_eq!(assignment(b"PATH = \"/bin\"").unwrap(), "PATH=/bin");
        assert_eq!(assignment(b"* * * * * a=1"), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(line in "[-*/,0-9a-z@# ]{0,40}") {
            let _ = Job::parse(line.as_bytes());
        }
    }
}
