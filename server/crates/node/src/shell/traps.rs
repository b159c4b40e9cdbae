//! What `trap` sets: commands to run on signals and at the end.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use super::{Dialect, options::Options};
use crate::kernel::{
    process::{Disposition, Process},
    signal::Signal,
};

/// What a trap waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// The shell's end.
    Exit,
    Signal(Signal),
    /// A command that failed (bash).
    Error,
    /// Before each command (bash).
    Debug,
    /// After a function or a file that was read (bash).
    Return,
}

impl Event {
    /// The event of this name or number.
    pub(crate) fn parse(name: &[u8], bash: bool) -> Option<Self> {
        let name = std::str::from_utf8(name).ok()?;
        match name {
            "0" | "EXIT" | "exit" => Some(Self::Exit),
            "ERR" if bash => Some(Self::Error),
            "DEBUG" if bash => Some(Self::Debug),
            "RETURN" if bash => Some(Self::Return),
            _ => Signal::parse(name).map(Self::Signal),
        }
    }

    /// Its name as `trap` prints it.
    pub(crate) fn name(self, bash: bool) -> String {
        match self {
            Self::Exit => "EXIT".to_owned(),
            Self::Error => "ERR".to_owned(),
            Self::Debug => "DEBUG".to_owned(),
            Self::Return => "RETURN".to_owned(),
            Self::Signal(signal) if bash => format!("SIG{}", signal.name()),
            Self::Signal(signal) => signal.name(),
        }
    }
}

/// The traps of a shell. An empty command means that the signal is ignored.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traps {
    actions: BTreeMap<Event, Bytes>,
    /// What the parent's were, for `trap` without operands in a subshell.
    inherited: Option<Arc<BTreeMap<Event, Bytes>>>,
    shows_inherited: bool,
}

impl Traps {
    pub(crate) fn get(&self, event: Event) -> Option<&Bytes> {
        self.actions.get(&event)
    }

    /// Whether anything is to be run, at the end or on a signal.
    pub(crate) fn has_actions(&self) -> bool {
        self.actions.values().any(|action| !action.is_empty())
    }

    /// Whether a signal is ignored because a script said so.
    pub(crate) fn ignores(&self, signal: Signal) -> bool {
        self.actions.get(&Event::Signal(signal)).is_some_and(|action| action.is_empty())
    }

    /// Forgets all of them.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// All of them, for showing.
    pub(crate) fn shown(&self) -> impl Iterator<Item = (&Event, &Bytes)> {
        self.inherited.as_deref().filter(|_| self.shows_inherited).unwrap_or(&self.actions).iter()
    }

    /// Sets or (`None`) takes away an action, and tells the process.
    pub(crate) fn set(&mut self, process: &Process, event: Event, action: Option<Bytes>, interactive: bool) {
        self.inherited = None;
        if let Event::Signal(signal) = event {
            let disposition = match &action {
                Some(action) if action.is_empty() => Disposition::Ignore,
                Some(_) => Disposition::Catch,
                None if interactive && signal == Signal::INT => Disposition::Catch,
                None if interactive && signal == Signal::TERM => Disposition::Ignore,
                None => Disposition::Default,
            };
            process.set_disposition(signal, disposition);
        }
        match action {
            Some(action) => drop(self.actions.insert(event, action)),
            None => drop(self.actions.remove(&event)),
        }
    }

    /// Has `trap` without operands tell what the parent's traps are, where shells do so: in bash in every subshell, in ash in
    /// command substitutions only.
    pub(crate) fn substitute(&mut self, dialect: Dialect) {
        if dialect == Dialect::Ash {
            self.shows_inherited = true;
        }
    }

    /// What a subshell keeps: signals that are ignored. Those that were caught take their default effect there.
    pub(crate) fn in_subshell(&self, process: &Process, dialect: Dialect, options: &Options) -> Self {
        let mut kept = Self { shows_inherited: dialect.is_bash(), ..Self::default() };
        for (event, action) in &self.actions {
            let inherited = match event {
                Event::Error => options.errtrace,
                Event::Debug | Event::Return => options.functrace,
                _ => false,
            };
            if inherited {
                kept.actions.insert(*event, action.clone());
            }
            if let Event::Signal(signal) = event {
                if action.is_empty() {
                    kept.actions.insert(*event, Bytes::new());
                } else {
                    process.set_disposition(*signal, Disposition::Default);
                }
            }
        }
        kept.inherited = Some(match &self.inherited {
            Some(inherited) => Arc::clone(inherited),
            None => Arc::new(self.actions.clone()),
        });
        kept
    }
}
