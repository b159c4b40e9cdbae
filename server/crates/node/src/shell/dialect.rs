//! Which shell it is: what it understands beyond POSIX, and its words for errors.

/// A shell that images have as `/bin/sh` or `/bin/bash`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// busybox's shell.
    #[default]
    Ash,
    /// Debian's `/bin/sh`.
    Dash,
    Bash,
}

impl Dialect {
    pub(crate) fn is_bash(self) -> bool {
        self == Self::Bash
    }

    /// `[[ ]]`, `&>`, `function`, `<()`, `${x:1:2}`, `${x/a/b}`, `$'...'`: bash's, some of which ash has too.
    pub(crate) fn has_bashisms(self) -> bool {
        self != Self::Dash
    }

    /// Whether lines can be edited beyond what terminals do; Debian's dash leaves it to them.
    pub(crate) fn edits_lines(self) -> bool {
        self != Self::Dash
    }
}
