//! A terminal's settings (`termios(3)`), as far as anything here heeds them.

/// How a terminal treats what is typed and printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Termios {
    /// A carriage return that is typed becomes a newline.
    pub(crate) icrnl: bool,
    /// A newline that is printed becomes carriage return and newline.
    pub(crate) onlcr: bool,
    /// Output is processed at all.
    pub(crate) opost: bool,
    /// The control characters below raise signals.
    pub(crate) isig: bool,
    /// Input comes line by line and can be edited until then.
    pub(crate) icanon: bool,
    /// What is typed is shown.
    pub(crate) echo: bool,
    /// Ctrl-C (0 for none).
    pub(crate) intr: u8,
    /// Ctrl-\.
    pub(crate) quit: u8,
    /// Backspace.
    pub(crate) erase: u8,
    /// Ctrl-U.
    pub(crate) kill: u8,
    /// Ctrl-D.
    pub(crate) eof: u8,
    /// Ctrl-Z.
    pub(crate) susp: u8,
    /// Ctrl-W.
    pub(crate) werase: u8,
}

impl Default for Termios {
    fn default() -> Self {
        Self {
            icrnl: true,
            onlcr: true,
            opost: true,
            isig: true,
            icanon: true,
            echo: true,
            intr: 3,
            quit: 28,
            erase: 127,
            kill: 21,
            eof: 4,
            susp: 26,
            werase: 23,
        }
    }
}

impl Termios {
    /// What line editors and full-screen programs ask for: every key at once, nothing shown; output is still
    /// processed.
    pub(crate) fn raw(self) -> Self {
        Self { icrnl: false, isig: false, icanon: false, echo: false, ..self }
    }
}
