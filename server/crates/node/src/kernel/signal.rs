//! Signals: names, numbers and what they do to a process that has not said otherwise (`signal(7)`, Linux on x86-64).

use std::fmt;

/// A signal, by its Linux number (1 to 64).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(u8);

/// What a signal does by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DefaultAction {
    Terminate,
    Ignore,
    Stop,
    Continue,
}

/// Names in the order of their numbers, from 1.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
    "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
    "VTALRM", "PROF", "WINCH", "POLL", "PWR", "SYS",
];

impl Signal {
    /// The terminal's line was lost, or: read your configuration again.
    pub const HUP: Self = Self(1);
    /// Ctrl-C.
    pub const INT: Self = Self(2);
    /// Ctrl-\, or: stop gracefully.
    pub const QUIT: Self = Self(3);
    /// An invalid instruction.
    pub const ABRT: Self = Self(6);
    /// Ends a process that cannot object.
    pub const KILL: Self = Self(9);
    /// For the program to define.
    pub const USR1: Self = Self(10);
    /// An invalid address.
    pub const SEGV: Self = Self(11);
    /// For the program to define.
    pub const USR2: Self = Self(12);
    /// A write that nobody can read.
    pub const PIPE: Self = Self(13);
    /// A timer.
    pub const ALRM: Self = Self(14);
    /// Please end.
    pub const TERM: Self = Self(15);
    /// A child changed its state.
    pub const CHLD: Self = Self(17);
    /// Go on after a stop.
    pub const CONT: Self = Self(18);
    /// Stops a process that cannot object.
    pub const STOP: Self = Self(19);
    /// Ctrl-Z.
    pub const TSTP: Self = Self(20);
    /// A background process reads from its terminal.
    pub const TTIN: Self = Self(21);
    /// A background process writes to its terminal.
    pub const TTOU: Self = Self(22);
    /// The window's size changed.
    pub const WINCH: Self = Self(28);

    /// The signal of this number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        (1..=64).contains(&number).then_some(Self(number))
    }

    /// The signal called this, with or without `SIG`, in any case, or by its number: `TERM`, `SIGTERM`, `term`, `15`.
    pub fn parse(name: &str) -> Option<Self> {
        if let Ok(number) = name.parse() {
            return Self::from_number(number);
        }
        let upper = name.to_ascii_uppercase();
        let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
        let position = match bare {
            "IOT" => Some(5),
            "CLD" => Some(16),
            "IO" => Some(28),
            _ => NAMES.iter().position(|known| *known == bare),
        };
        if let Some(position) = position {
            return Self::from_number(u8::try_from(position + 1).ok()?);
        }
        match bare {
            "RTMIN" => Some(Self(34)),
            "RTMAX" => Some(Self(64)),
            _ => {
                let offset = bare.strip_prefix("RTMIN+").and_then(|text| text.parse::<u8>().ok())?;
                (offset <= 30).then(|| Self(34 + offset))
            }
        }
    }

    /// Its number.
    pub fn number(self) -> u8 {
        self.0
    }

    /// Its name without `SIG`, or its number where it has none.
    pub fn name(self) -> String {
        match NAMES.get(usize::from(self.0) - 1) {
            Some(name) => (*name).to_owned(),
            None if self.0 == 34 => "RTMIN".to_owned(),
            None if self.0 == 64 => "RTMAX".to_owned(),
            None => self.0.to_string(),
        }
    }

    /// What `strsignal` says of it.
    pub(crate) fn description(self) -> &'static str {
        match self.0 {
            1 => "Hangup",
            2 => "Interrupt",
            3 => "Quit",
            4 => "Illegal instruction",
            5 => "Trace/breakpoint trap",
            6 => "Aborted",
            7 => "Bus error",
            8 => "Floating point exception",
            9 => "Killed",
            10 => "User defined signal 1",
            11 => "Segmentation fault",
            12 => "User defined signal 2",
            13 => "Broken pipe",
            14 => "Alarm clock",
            15 => "Terminated",
            16 => "Stack fault",
            17 => "Child exited",
            18 => "Continued",
            19 => "Stopped (signal)",
            20 => "Stopped",
            21 => "Stopped (tty input)",
            22 => "Stopped (tty output)",
            23 => "Urgent I/O condition",
            24 => "CPU time limit exceeded",
            25 => "File size limit exceeded",
            26 => "Virtual timer expired",
            27 => "Profiling timer expired",
            28 => "Window changed",
            29 => "I/O possible",
            30 => "Power failure",
            31 => "Bad system call",
            _ => "Real-time signal",
        }
    }

    /// What it does to a process that has not said otherwise.
    pub(crate) fn default_action(self) -> DefaultAction {
        match self {
            Self::CHLD | Self::WINCH | Self(23) => DefaultAction::Ignore,
            Self::CONT => DefaultAction::Continue,
            Self::STOP | Self::TSTP | Self::TTIN | Self::TTOU => DefaultAction::Stop,
            _ => DefaultAction::Terminate,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIG{}", self.name())
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIG{}", self.name())
    }
}
