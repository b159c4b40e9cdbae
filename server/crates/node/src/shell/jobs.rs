//! Background jobs: what `&`, `jobs`, `wait` and `$!` know.

use std::collections::VecDeque;

use bytes::Bytes;

use super::Dialect;

/// How many ended processes are remembered for a later `wait`: what POSIX demands of `CHILD_MAX` at least.
const REMEMBERED: usize = 64;

/// A pipeline in the background.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) number: u32,
    /// Its processes.
    pub(crate) pids: Vec<u32>,
    pub(crate) group: u32,
    pub(crate) text: Bytes,
    pub(crate) state: JobState,
    /// Its state has not been told yet.
    pub(crate) news: bool,
    /// Somebody has waited for it: it goes with the next job.
    awaited: bool,
}

/// What a job is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobState {
    Running,
    Stopped,
    /// With the status of its last process.
    Done(u8),
}

/// The jobs of a shell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jobs {
    jobs: Vec<Job>,
    /// Those of the shell that this one is a part of: `jobs` tells of them, as in `kill $(jobs -p)`.
    outer: Vec<Job>,
    /// `$!`
    pub(crate) last: Option<u32>,
    /// How processes ended, and whether somebody has waited for them.
    ended: VecDeque<(u32, u8, bool)>,
}

impl Jobs {
    /// Notes a new job; returns its number.
    pub(crate) fn add(&mut self, pids: Vec<u32>, group: u32, text: Bytes) -> u32 {
        self.ended.retain(|(.., awaited)| !awaited);
        self.jobs.retain(|job| !job.awaited);
        let number = self.jobs.iter().map(|job| job.number).max().unwrap_or(0) + 1;
        self.last = pids.last().copied();
        self.jobs.push(Job {
            number,
            pids,
            group,
            text,
            state: JobState::Running,
            news: false,
            awaited: false,
        });
        number
    }

    /// Notes how a process ended.
    pub(crate) fn note(&mut self, pid: u32, status: u8) {
        for job in &mut self.jobs {
            if job.pids.last() == Some(&pid) {
                job.state = JobState::Done(status);
                job.news = true;
            }
        }
        self.ended.push_back((pid, status, false));
        if self.ended.len() > REMEMBERED {
            self.ended.pop_front();
        }
    }

    /// How a process ended, if that is known. Its job is forgotten then (in ash and dash with the next job, so that `jobs`
    /// shows it); the status may be asked for again until there is a new job.
    pub(crate) fn take_status(&mut self, pid: u32, dialect: Dialect) -> Option<u8> {
        let (_, status, awaited) = self.ended.iter_mut().find(|(known, ..)| *known == pid)?;
        *awaited = true;
        for job in self.jobs.iter_mut().filter(|job| job.pids.last() == Some(&pid)) {
            job.awaited = true;
        }
        if dialect.is_bash() {
            self.jobs.retain(|job| !job.awaited);
        }
        Some(*status)
    }

    /// Forgets how a process ended, but not its job.
    pub(crate) fn forget_status(&mut self, pid: u32) {
        self.ended.retain(|(known, ..)| *known != pid);
    }

    /// The job that `%spec` means: a number, `%%`, `%+`, `%-`, or the start of its text.
    pub(crate) fn find(&self, spec: &[u8]) -> Option<&Job> {
        Self::find_in(&self.jobs, spec)
    }

    /// The job of some that `%spec` means.
    pub(crate) fn find_in<'a>(jobs: &'a [Job], spec: &[u8]) -> Option<&'a Job> {
        let spec = spec.strip_prefix(b"%").unwrap_or(spec);
        match spec {
            b"" | b"%" | b"+" => jobs.last(),
            b"-" => jobs.iter().rev().nth(1).or(jobs.last()),
            _ => match std::str::from_utf8(spec).ok().and_then(|text| text.parse::<u32>().ok()) {
                Some(number) => jobs.iter().find(|job| job.number == number),
                None => jobs.iter().find(|job| job.text.starts_with(spec)),
            },
        }
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.number == number)
    }

    /// Whether a job runs, for all that is known.
    pub(crate) fn any_running(&self) -> bool {
        self.jobs.iter().any(|job| job.state == JobState::Running)
    }

    /// All jobs.
    pub(crate) fn all(&self) -> &[Job] {
        &self.jobs
    }

    /// The jobs that `jobs` tells of.
    pub(crate) fn told(&self) -> &[Job] {
        if self.jobs.is_empty() { &self.outer } else { &self.jobs }
    }

    /// Forgets the jobs of the shell around this one.
    pub(crate) fn forget_outer(&mut self) {
        self.outer = Vec::new();
    }

    /// Jobs that have ended and not been told of; they are forgotten.
    pub(crate) fn take_done(&mut self) -> Vec<Job> {
        let is_done = |job: &mut Job| matches!(job.state, JobState::Done(_));
        self.jobs.extract_if(.., is_done).collect()
    }

    /// Forgets a job.
    pub(crate) fn remove(&mut self, number: u32) {
        self.jobs.retain(|job| job.number != number);
    }

    /// What a subshell knows: the number in `$!`, and what `jobs` tells.
    pub(crate) fn in_subshell(&self) -> Self {
        Self { last: self.last, outer: self.jobs.clone(), ..Self::default() }
    }
}
