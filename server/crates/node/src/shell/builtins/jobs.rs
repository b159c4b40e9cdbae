//! Jobs: `jobs`, `wait`, `fg`, `bg`, `disown`.

use bytes::Bytes;

use super::{Effect, illegal_number, show_usage};
use crate::{
    kernel::signal::Signal,
    shell::{
        Dialect,
        arith::name_len,
        jobs::{Job, JobState, Jobs},
        state::Shell,
    },
};

/// The process that an operand means: a number, or a job's.
fn process_of(shell: &mut Shell, operand: &Bytes) -> Option<u32> {
    if operand.starts_with(b"%") {
        return match shell.jobs.find(operand) {
            Some(job) => job.pids.last().copied(),
            None => {
                let shown = String::from_utf8_lossy(operand).into_owned();
                let message = match shell.dialect {
                    Dialect::Dash => format!("No such job: {shown}"),
                    _ => format!("{shown}: no such job"),
                };
                shell.complain(&message);
                None
            }
        };
    }
    let pid = std::str::from_utf8(operand).ok().and_then(|text| text.parse().ok());
    if pid.is_none() {
        if shell.dialect.is_bash() {
            let shown = String::from_utf8_lossy(operand).into_owned();
            shell.complain(&format!("`{shown}': not a pid or valid job spec"));
        } else {
            illegal_number(shell, operand);
        }
    }
    pid
}

pub(super) async fn wait(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let Waiting { any, name, operands } = match Waiting::of(shell, &args[1..]) {
        Ok(waiting) => waiting,
        Err(effect) => return effect,
    };
    if let Some(name) = &name {
        // Nobody holds on to what it was.
        let _ = shell.variables.unset(name);
    }
    let tell = |shell: &mut Shell, pid: u32| {
        if let Some(name) = &name {
            // A name that cannot be set has been told of.
            let _ = shell.assign(name, pid.to_string().into());
        }
    };
    if any && !operands.is_empty() {
        let pids: Vec<u32> = operands.iter().filter_map(|operand| process_of(shell, operand)).collect();
        if pids.is_empty() {
            return Effect::Status(127);
        }
        loop {
            for pid in &pids {
                if let Some(status) = shell.jobs.take_status(*pid, shell.dialect) {
                    tell(shell, *pid);
                    return Effect::Status(status);
                }
            }
            match shell.wait_or_signal(None).await {
                None => return Effect::Status(interrupted(shell)),
                Some(Ok((pid, status))) => shell.jobs.note(pid, status),
                Some(Err(_)) => return Effect::Status(127),
            }
        }
    }
    if operands.is_empty() {
        loop {
            match shell.wait_or_signal(None).await {
                None => return Effect::Status(interrupted(shell)),
                Some(Ok((pid, status))) => {
                    shell.jobs.note(pid, status);
                    if any {
                        shell.jobs.take_status(pid, shell.dialect);
                    }
                    shell.jobs.forget_status(pid);
                    if any {
                        tell(shell, pid);
                        return Effect::Status(status);
                    }
                }
                Some(Err(_)) => {
                    if shell.dialect.is_bash() {
                        shell.jobs.take_done();
                    }
                    return Effect::Status(if any { 127 } else { 0 });
                }
            }
        }
    }
    let mut last = 0;
    for operand in &operands {
        let Some(pid) = process_of(shell, operand) else {
            last = if shell.dialect.is_bash() { 127 } else { 2 };
            continue;
        };
        if let Some(status) = shell.jobs.take_status(pid, shell.dialect) {
            tell(shell, pid);
            last = status;
            continue;
        }
        last = match shell.wait_or_signal(Some(pid)).await {
            None => return Effect::Status(interrupted(shell)),
            Some(Ok((pid, status))) => {
                shell.jobs.note(pid, status);
                shell.jobs.take_status(pid, shell.dialect);
                tell(shell, pid);
                status
            }
            Some(Err(_)) => {
                if shell.dialect.is_bash() {
                    shell.complain(&format!("pid {pid} is not a child of this shell"));
                }
                127
            }
        };
    }
    Effect::Status(last)
}

/// What `wait` is to wait for.
struct Waiting {
    /// `-n`: the next one that ends.
    any: bool,
    /// `-p NAME`: the variable that is set to the process.
    name: Option<Bytes>,
    operands: Vec<Bytes>,
}

impl Waiting {
    /// Only bash takes options.
    fn of(shell: &mut Shell, args: &[Bytes]) -> Result<Self, Effect> {
        let mut waiting = Self { any: false, name: None, operands: Vec::new() };
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            if arg == "--" || !arg.starts_with(b"-") || !shell.dialect.is_bash() {
                waiting.operands.extend(Some(arg).filter(|arg| *arg != "--").cloned());
                waiting.operands.extend(rest.cloned());
                break;
            }
            for (at, letter) in arg.iter().enumerate().skip(1) {
                match letter {
                    b'n' => waiting.any = true,
                    b'f' => {}
                    b'p' => {
                        let attached = Some(arg.slice(at + 1..)).filter(|name| !name.is_empty());
                        let Some(name) = attached.or_else(|| rest.next().cloned()) else {
                            shell.complain("-p: option requires an argument");
                            return Err(Effect::Status(2));
                        };
                        if name_len(&name) != name.len() || name.is_empty() {
                            shell.complain(&format!(
                                "`{}': not a valid identifier",
                                String::from_utf8_lossy(&name)
                            ));
                            return Err(Effect::Status(1));
                        }
                        waiting.name = Some(name);
                        break;
                    }
                    _ if letter.is_ascii_digit() => {
                        shell.complain(&format!(
                            "`{}': not a pid or valid job spec",
                            String::from_utf8_lossy(arg)
                        ));
                        return Err(Effect::Status(1));
                    }
                    other => {
                        shell.complain(&format!("-{}: invalid option", char::from(*other)));
                        return Err(show_usage(shell, b"wait", "wait [-fn] [-p var] [id ...]"));
                    }
                }
            }
        }
        Ok(waiting)
    }
}

/// The status of a `wait` that a signal ended: the lowest that is pending.
fn interrupted(shell: &Shell) -> u8 {
    let [pending, ..] = shell.process.signal_sets();
    128 + u8::try_from(pending.trailing_zeros() + 1).unwrap_or(0)
}

pub(super) fn jobs(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let letter = args.get(1).and_then(|arg| arg.strip_prefix(b"-")).and_then(|rest| rest.first().copied());
    // Dash's subshells know nothing of the jobs around them.
    let told = if shell.dialect == Dialect::Dash { shell.jobs.all() } else { shell.jobs.told() };
    let wanted = &args[1 + usize::from(letter.is_some())..];
    let mut numbers = Vec::with_capacity(wanted.len());
    for spec in wanted {
        let Some(job) = Jobs::find_in(told, spec) else {
            let shown = String::from_utf8_lossy(spec).into_owned();
            shell.complain(&match shell.dialect {
                Dialect::Dash => format!("No such job: {shown}"),
                _ => format!("{shown}: no such job"),
            });
            return if shell.dialect.is_bash() { Effect::Status(1) } else { Effect::Fatal(2) };
        };
        numbers.push(job.number);
    }
    let all = told.to_vec();
    let mut lines: Vec<String> = Vec::with_capacity(all.len());
    for (index, job) in all.iter().enumerate() {
        if !numbers.is_empty() && !numbers.contains(&job.number) {
            continue;
        }
        // A script of bash is told of an end when a command has run.
        if shell.dialect.is_bash() && !shell.options.interactive && matches!(job.state, JobState::Done(_)) {
            continue;
        }
        lines.push(match letter {
            Some(b'p') => format!("{}\n", job.pids.first().copied().unwrap_or(0)),
            _ => {
                // In ash and dash those that are done are forgotten as they are shown, from the last one on.
                let later = &all[index + 1..];
                let gone = |job: &&Job| !shell.dialect.is_bash() && matches!(job.state, JobState::Done(_));
                let mark = Mark::of(0, later.iter().filter(|job| !gone(job)).count() + 1);
                line(job, mark, letter == Some(b'l'), shell.dialect)
            }
        });
    }
    if !shell.dialect.is_bash() {
        // The latest comes first there.
        lines.reverse();
    }
    shell.output.extend_from_slice(lines.concat().as_bytes());
    if numbers.is_empty() {
        shell.jobs.take_done();
    }
    Effect::Status(0)
}

/// What `%%` and `%-` lead to is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Current,
    Previous,
    Other,
}

impl Mark {
    /// The mark of one of `count` jobs.
    pub(crate) fn of(index: usize, count: usize) -> Self {
        match count - index {
            1 => Self::Current,
            2 => Self::Previous,
            _ => Self::Other,
        }
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Current => "+",
            Self::Previous => "-",
            Self::Other => " ",
        })
    }
}

/// A job as `jobs` shows it.
pub(crate) fn line(job: &Job, mark: Mark, pids: bool, dialect: Dialect) -> String {
    let gap = if dialect == Dialect::Dash { " " } else { "" };
    let mark = format!("{gap}{mark}");
    let state = match job.state {
        JobState::Running => "Running".to_owned(),
        JobState::Stopped => "Stopped".to_owned(),
        JobState::Done(0) => "Done".to_owned(),
        JobState::Done(code) if code > 128 => {
            Signal::from_number(code - 128).map_or("Done", Signal::description).to_owned()
        }
        JobState::Done(code) if dialect.is_bash() => format!("Exit {code}"),
        JobState::Done(code) => format!("Done({code})"),
    };
    let pid = if pids {
        format!(
            "{:>width$} ",
            job.pids.first().copied().unwrap_or(0),
            width = if dialect.is_bash() { 5 } else { 0 }
        )
    } else {
        String::new()
    };
    let text = String::from_utf8_lossy(&job.text);
    let ampersand = if dialect.is_bash() && job.state == JobState::Running { " &" } else { "" };
    let between = if dialect == Dialect::Dash || (pids && dialect.is_bash()) { " " } else { "  " };
    let start = format!("[{}]{mark}{between}{pid}", job.number);
    match dialect {
        Dialect::Bash => format!("{start}{state:<23} {text}{ampersand}\n"),
        // The commands stand below each other.
        _ => format!("{:<32} {text}\n", start + &state),
    }
}

/// The job that an operand means, the current one without.
fn job(shell: &mut Shell, args: &[Bytes]) -> Option<Job> {
    let spec = args.get(1).cloned().unwrap_or(Bytes::from_static(b"%%"));
    let found = shell.jobs.find(&spec).cloned();
    if found.is_none() {
        let shown =
            if args.len() > 1 { String::from_utf8_lossy(&spec).into_owned() } else { "current".to_owned() };
        let message = match shell.dialect {
            Dialect::Bash => format!("{shown}: no such job"),
            _ => format!("No {shown} job").replace("No %", "No such job: %"),
        };
        shell.complain(&message);
    }
    found
}

/// Where jobs are not told apart, none can be moved.
fn has_job_control(shell: &mut Shell) -> bool {
    let has = shell.options.monitor || !shell.dialect.is_bash();
    if !has {
        shell.complain("no job control");
    }
    has
}

pub(super) async fn foreground(shell: &mut Shell, args: &[Bytes]) -> Effect {
    if !has_job_control(shell) {
        return Effect::Status(1);
    }
    let Some(job) = job(shell, args) else {
        return Effect::Status(if shell.dialect.is_bash() { 1 } else { 2 });
    };
    let process = std::sync::Arc::clone(&shell.process);
    let _ = process.write(1, [&job.text[..], b"\n"].concat()).await;
    shell.jobs.remove(job.number);
    if let Some(tty) = process.tty().filter(|_| shell.options.monitor) {
        tty.set_foreground(job.group);
    }
    process.pids.signal_group(job.group, Signal::CONT);
    let mut status = 0;
    for pid in job.pids {
        match process.pids.get(pid) {
            Some(child) => status = shell.wait_foreground(&child, std::slice::from_ref(&job.text)).await,
            None => status = shell.jobs.take_status(pid, shell.dialect).unwrap_or(0),
        }
    }
    Effect::Status(status)
}

pub(super) async fn background(shell: &mut Shell, args: &[Bytes]) -> Effect {
    if !has_job_control(shell) {
        return Effect::Status(1);
    }
    let Some(found) = job(shell, args) else {
        return Effect::Status(if shell.dialect.is_bash() { 1 } else { 2 });
    };
    shell.process.pids.signal_group(found.group, Signal::CONT);
    if let Some(job) = shell.jobs.get_mut(found.number) {
        job.state = JobState::Running;
    }
    let text = String::from_utf8_lossy(&found.text);
    let all = shell.jobs.all();
    let index = all.iter().position(|job| job.number == found.number).unwrap_or(0);
    let line = match shell.dialect {
        Dialect::Bash => match Mark::of(index, all.len()) {
            mark @ (Mark::Current | Mark::Previous) if !shell.options.posix => {
                format!("[{}]{mark} {text} &\n", found.number)
            }
            _ => format!("[{}] {text} &\n", found.number),
        },
        _ => format!("[{}] {text}\n", found.number),
    };
    shell.output.extend_from_slice(line.as_bytes());
    Effect::Status(0)
}

pub(super) fn disown(shell: &mut Shell, args: &[Bytes]) -> Effect {
    if args.get(1).is_some_and(|arg| arg == "-a") {
        let all: Vec<u32> = shell.jobs.all().iter().map(|job| job.number).collect();
        for number in all {
            shell.jobs.remove(number);
        }
        return Effect::Status(0);
    }
    match job(shell, args) {
        Some(job) => {
            shell.jobs.remove(job.number);
            Effect::Status(0)
        }
        None => Effect::Status(1),
    }
}
