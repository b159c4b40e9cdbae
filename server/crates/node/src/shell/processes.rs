//! Processes of a script: pipelines, subshells, substitutions, the background, and waiting for all of them.

use std::{future::poll_fn, sync::Arc, task::Poll};

use bytes::{Bytes, BytesMut};

use super::{
    Dialect,
    ast::{Block, Command, Pipeline, Timing},
    expand::MAX_WORD,
    frames::{Frame, List, Saved, Stages},
    jobs::JobState,
    machine::Flow,
    state::Shell,
};
use crate::{
    kernel::{
        errno::Errno,
        fs::{OpenFile, OpenFlags},
        process::{ChildEvent, Disposition, Process},
        signal::Signal,
    },
    runtime::ExitStatus,
};

/// The processes of a pipeline, and what they print where nobody among them reads it.
type Started = (Vec<Arc<Process>>, Option<Arc<OpenFile>>);

impl Shell {
    /// A subshell in a new process that does not run yet.
    pub(super) fn fork(&mut self) -> Result<Shell, Flow> {
        match self.fork_process() {
            Ok(child) => {
                for fd in &self.coprocs {
                    // It may be closed by now.
                    let _ = child.close(*fd);
                }
                Ok(self.subshell(child))
            }
            Err(errno) => Err(self.cannot_fork(errno)),
        }
    }

    /// A new process. What an interactive shell ignores for its own sake does not stay ignored in it.
    pub(super) fn fork_process(&self) -> Result<Arc<Process>, Errno> {
        let child = self.process.fork()?;
        if self.options.interactive {
            for signal in [Signal::INT, Signal::QUIT, Signal::TERM, Signal::TSTP, Signal::TTIN, Signal::TTOU]
            {
                if !self.traps.ignores(signal) {
                    child.set_disposition(signal, Disposition::Default);
                }
            }
        }
        Ok(child)
    }

    /// Runs what is on its stack as a process of its own.
    pub(super) fn start(mut self) -> Arc<Process> {
        let process = Arc::clone(&self.process);
        process.start(Box::pin(async move { self.run().await }));
        process
    }

    /// `( ... )`
    pub(super) async fn subshell_command(&mut self, block: &Block) -> Flow {
        if self.dialect == Dialect::Ash && self.is_last_command(&[]) {
            // What it changes is seen by nobody.
            return self.enter(Frame::List(List::new(Arc::clone(block))));
        }
        let mut child = match self.fork() {
            Ok(child) => child,
            Err(flow) => return flow,
        };
        child.jobs.forget_outer();
        child.frames.push(Frame::List(List::new(Arc::clone(block))));
        self.lead_group(&child.process, child.process.pid, true);
        let process = child.start();
        self.status = self.wait_foreground(&process, &[]).await;
        Flow::On
    }

    /// Commands side by side.
    pub(super) async fn pipeline(&mut self, pipeline: &Pipeline) -> Flow {
        let started = self.process.container.host.env.clock.uptime();
        let here = self.shopts.is_on("lastpipe") && !self.options.monitor && pipeline.commands.len() > 1;
        let (children, output) = match self.start_pipeline(&pipeline.commands, here) {
            Ok(started) => started,
            Err(flow) => return flow,
        };
        let stages = Stages { children, started, timed: pipeline.timed };
        let (Some(last), Some(output)) = (pipeline.commands.last(), output) else {
            return self.join(stages, None).await;
        };
        let process = Arc::clone(&self.process);
        let saved = Saved { fd: 0, file: self.put(&process, 0, Some(output)) };
        self.frames.push(Frame::Pipeline(stages));
        self.frames.push(Frame::Redirect(vec![saved]));
        self.enter(Frame::Command(Arc::clone(last)))
    }

    /// Waits for the commands of a pipeline; the last of them may have run here and ended with a status.
    pub(super) async fn join(&mut self, stages: Stages, here: Option<u8>) -> Flow {
        let Stages { children, started, timed } = stages;
        let mut statuses = Vec::with_capacity(children.len() + 1);
        for child in &children {
            statuses.push(self.wait_foreground(child, &[]).await);
        }
        statuses.extend(here);
        let failed = statuses.iter().rev().find(|status| **status != 0);
        self.status = match failed {
            Some(status) if self.options.pipefail => *status,
            _ => statuses.last().copied().unwrap_or(0),
        };
        if let Some(timing) = timed {
            let elapsed = self.process.container.host.env.clock.uptime().saturating_sub(started);
            let report = self.time_report(elapsed, timing);
            self.errors.extend_from_slice(report.as_bytes());
        }
        self.pipe_statuses = statuses;
        self.check_failure()
    }

    /// What `time` says, in the way of `TIMEFORMAT` where that is set (bash).
    fn time_report(&self, elapsed: std::time::Duration, timing: Timing) -> String {
        let whole = elapsed.as_secs_f64();
        if timing == Timing::Posix {
            return format!("real {whole:.2}\nuser 0.00\nsys 0.00\n");
        }
        let (minutes, seconds) = (elapsed.as_secs() / 60, whole % 60.0);
        let format = self.variables.text(b"TIMEFORMAT").filter(|_| self.dialect.is_bash());
        let Some(format) = format else {
            return format!("\nreal\t{minutes}m{seconds:.3}s\nuser\t0m0.000s\nsys\t0m0.000s\n");
        };
        if format.is_empty() {
            return String::new();
        }
        let mut report = String::new();
        let text = String::from_utf8_lossy(format).into_owned();
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            if character != '%' {
                report.push(character);
                continue;
            }
            let digits = characters.next_if(char::is_ascii_digit).and_then(|digit| digit.to_digit(10));
            let places = digits.unwrap_or(3).min(3) as usize;
            let long = characters.next_if_eq(&'l').is_some();
            match (characters.next(), long) {
                (Some('R'), false) => report.push_str(&format!("{whole:.places$}")),
                (Some('R'), true) => report.push_str(&format!("{minutes}m{seconds:.places$}s")),
                (Some('U' | 'S'), false) => report.push_str(&format!("{:.places$}", 0.0)),
                (Some('U' | 'S'), true) => report.push_str(&format!("0m{:.places$}s", 0.0)),
                (Some('P'), _) => report.push_str("0.00"),
                (Some('%'), _) => report.push('%'),
                _ => {}
            }
        }
        report.push('\n');
        report
    }

    /// Starts the commands of a pipeline, without the last where that is to run here: then what the others print is returned too.
    fn start_pipeline(&mut self, commands: &[Arc<Command>], last_here: bool) -> Result<Started, Flow> {
        let mut children: Vec<Arc<Process>> = Vec::with_capacity(commands.len());
        let mut input: Option<Arc<OpenFile>> = None;
        let apart = commands.len() - usize::from(last_here);
        for (index, command) in commands.iter().enumerate().take(apart) {
            let mut child = self.fork()?;
            if let Some(input) = input.take() {
                let _ = child.process.put(0, input);
            }
            if index + 1 < commands.len() {
                let (reader, writer) = self.process.pipe();
                let _ = child.process.put(1, writer);
                input = Some(reader);
            }
            let group = children.first().map_or(child.process.pid, |first| first.pid);
            self.lead_group(&child.process, group, true);
            child.frames.push(Frame::Command(Arc::clone(command)));
            children.push(child.start());
        }
        Ok((children, input))
    }

    /// Puts a new process into a group of its own, where jobs are told apart, and lends it the terminal.
    pub(super) fn lead_group(&self, child: &Arc<Process>, group: u32, foreground: bool) {
        if self.options.monitor && !self.subshell {
            child.lock().group = group;
            if foreground && let Some(tty) = self.process.tty() {
                tty.set_foreground(group);
            }
        }
    }

    /// `... &`
    pub(super) fn background(&mut self, block: &Block, item: usize) -> Flow {
        let mut child = match self.fork() {
            Ok(child) => child,
            Err(flow) => return flow,
        };
        if !self.options.monitor {
            child.process.set_disposition(Signal::INT, Disposition::Ignore);
            child.process.set_disposition(Signal::QUIT, Disposition::Ignore);
            if let Ok(null) = self.null() {
                let _ = child.process.put(0, null);
            }
        }
        self.lead_group(&child.process, child.process.pid, false);
        child.frames.push(Frame::List(List::only(Arc::clone(block), item)));
        let process = child.start();
        let text = block.get(item).map_or_else(Bytes::new, |command| command.text.clone());
        // Without job control ash and dash do not keep the text.
        let text = if self.options.monitor || self.dialect.is_bash() { text } else { Bytes::new() };
        let number = self.jobs.add(vec![process.pid], process.pid, text);
        if self.options.interactive && self.dialect.is_bash() {
            self.errors.extend_from_slice(format!("[{number}] {}\n", process.pid).as_bytes());
        }
        self.status = 0;
        Flow::On
    }

    /// `/dev/null`, as long as there is one.
    fn null(&self) -> Result<Arc<OpenFile>, Errno> {
        let open = self.process.open_file(b"/dev/null", OpenFlags::READ, 0);
        // Opening a device never waits.
        match std::pin::pin!(open)
            .as_mut()
            .poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
        {
            Poll::Ready(opened) => opened,
            Poll::Pending => Err(Errno::EAGAIN),
        }
    }

    /// What commands print, without the newlines at its end.
    pub(super) async fn capture(&mut self, block: &Block) -> Result<Bytes, Flow> {
        if block.is_empty() {
            self.substituted = Some(0);
            return Ok(Bytes::new());
        }
        let mut child = self.fork()?;
        child.traps.substitute(self.dialect);
        child.substitution_depth += 1;
        // Here bash knows of the loops around too.
        child.in_outer_loop |= self.in_outer_loop || self.is_in_loop();
        let (reader, writer) = self.process.pipe();
        let _ = child.process.put(1, writer);
        child.frames.push(Frame::List(List::new(Arc::clone(block))));
        let child = child.start();
        let mut output = BytesMut::new();
        let mut warned = false;
        loop {
            let bytes = match poll_fn(|cx| reader.poll_read(cx, Process::READ_SIZE)).await {
                Ok(bytes) => bytes,
                Err(_) => break,
            };
            if bytes.is_empty() {
                break;
            }
            self.process.work(1 + (bytes.len() >> 10) as u32).await;
            if bytes.contains(&0) {
                if self.dialect.is_bash() && !std::mem::replace(&mut warned, true) {
                    self.complain("warning: command substitution: ignored null byte in input");
                }
                output.extend(bytes.iter().filter(|byte| **byte != 0));
            } else {
                output.extend_from_slice(&bytes);
            }
            if output.len() > MAX_WORD
                || (output.len() > 1 << 20 && self.process.hold(output.len() as u64).is_err())
            {
                self.complain("out of memory");
                return Err(Flow::Fatal(2));
            }
        }
        drop(reader);
        let status = self.wait_foreground(&child, &[]).await;
        if self.dialect.is_bash() {
            self.status = status;
        }
        self.substituted = Some(status);
        let end = output.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
        output.truncate(end);
        Ok(output.freeze())
    }

    /// Starts commands whose output (or input) is a pipe, and returns the path to its other end.
    pub(super) fn start_beside(&mut self, block: &Block, output: bool) -> Result<Bytes, Flow> {
        let mut child = self.fork()?;
        let (reader, writer) = self.process.pipe();
        let (own, theirs, fd) = if output { (writer, reader, 0) } else { (reader, writer, 1) };
        let _ = child.process.put(fd, theirs);
        child.frames.push(Frame::List(List::new(Arc::clone(block))));
        let process = child.start();
        self.jobs.last = Some(process.pid);
        match self.process.lock().fds.add(own, 63, false) {
            Ok(fd) => {
                self.beside.push(fd);
                Ok(format!("/dev/fd/{fd}").into())
            }
            Err(_) => Err(Flow::Fatal(2)),
        }
    }

    /// Waits for a child in the foreground; others that end meanwhile are noted.
    pub(super) async fn wait_foreground(&mut self, child: &Arc<Process>, words: &[Bytes]) -> u8 {
        let stops = self.options.monitor && !self.subshell;
        let status = loop {
            match poll_fn(|cx| self.poll_any_child(cx, child.pid, stops)).await {
                Ok((pid, ChildEvent::Exited(status))) if pid == child.pid => break status,
                Ok((pid, ChildEvent::Exited(status))) => self.jobs.note(pid, code(status)),
                Ok((pid, ChildEvent::Stopped)) => {
                    if pid == child.pid {
                        self.take_terminal_back();
                        return self.note_stopped(child, words);
                    }
                }
                Err(_) => {
                    break self
                        .jobs
                        .take_status(child.pid, self.dialect)
                        .map_or(ExitStatus::Code(127), ExitStatus::Code);
                }
            }
        };
        self.take_terminal_back();
        if self.dialect.is_bash() && !self.options.interactive {
            self.tell_of_killed(child.pid, status, words);
        } else {
            self.tell_of_signal(status);
        }
        code(status)
    }

    /// Notes which children have ended, without waiting, so that their numbers are free and nobody takes them for running.
    pub(super) fn note_ended(&mut self) {
        while let Some((pid, status)) = self.process.reap() {
            self.jobs.note(pid, code(status));
        }
    }

    /// The next event of a child: that of `pid` before others'.
    fn poll_any_child(
        &self,
        cx: &std::task::Context<'_>,
        pid: u32,
        stops: bool,
    ) -> Poll<Result<(u32, ChildEvent), Errno>> {
        if let Poll::Ready(Ok(event)) = self.process.poll_child(cx, Some(pid), stops) {
            return Poll::Ready(Ok(event));
        }
        self.process.poll_child(cx, None, false)
    }

    fn take_terminal_back(&self) {
        if self.options.monitor
            && !self.subshell
            && let Some(tty) = self.process.tty()
        {
            tty.set_foreground(self.process.lock().group);
        }
    }

    fn note_stopped(&mut self, child: &Arc<Process>, words: &[Bytes]) -> u8 {
        let text = words.join(&b' ').into();
        let group = child.lock().group;
        let number = self.jobs.add(vec![child.pid], group, text);
        if let Some(job) = self.jobs.get_mut(number) {
            job.state = JobState::Stopped;
            let line = super::builtins::job_line(job, true, self.dialect);
            if self.dialect.is_bash() {
                self.errors.push(b'\n');
            }
            self.errors.extend_from_slice(line.as_bytes());
        }
        128 + Signal::TSTP.number()
    }

    /// Says what signal killed a program that a script of bash ran, and which.
    fn tell_of_killed(&mut self, pid: u32, status: ExitStatus, words: &[Bytes]) {
        let ExitStatus::Signal(signal) = status else { return };
        if signal == Signal::TERM {
            return self.tell_of_signal(status);
        }
        if matches!(signal, Signal::INT | Signal::PIPE) || words.is_empty() {
            return;
        }
        let text = words.join(&b' ');
        let text = String::from_utf8_lossy(&text);
        self.complain(&format!("{pid:>5} {:<23} {text}", signal.description()));
    }

    /// Says what signal killed a command in the foreground, unless it was an everyday one.
    fn tell_of_signal(&mut self, status: ExitStatus) {
        let ExitStatus::Signal(signal) = status else { return };
        if matches!(signal, Signal::INT | Signal::PIPE) {
            if signal == Signal::INT && self.options.interactive {
                self.errors.push(b'\n');
            }
            return;
        }
        let text = signal.description();
        self.errors.extend_from_slice(format!("{text}\n").as_bytes());
    }

    /// Waits for a child (that of a number, or any), until a trapped signal comes (`None`). ash and dash tell of a signal that
    /// killed the one that was asked for.
    pub(crate) async fn wait_or_signal(&mut self, pid: Option<u32>) -> Option<Result<(u32, u8), Errno>> {
        let process = Arc::clone(&self.process);
        let event = poll_fn(|cx| {
            if let Poll::Ready(event) = process.poll_child(cx, pid, false) {
                return Poll::Ready(Some(event));
            }
            process.poll_signalled(cx).map(|()| None)
        })
        .await?;
        if let (Some(_), Ok((_, ChildEvent::Exited(status))), false) = (pid, &event, self.dialect.is_bash()) {
            self.tell_of_signal(*status);
        }
        Some(event.map(|(pid, event)| match event {
            ChildEvent::Exited(status) => (pid, code(status)),
            ChildEvent::Stopped => (pid, 0),
        }))
    }
}

/// The status that a shell shows.
fn code(status: ExitStatus) -> u8 {
    u8::try_from(status.code()).unwrap_or(u8::MAX)
}
