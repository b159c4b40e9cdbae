//! This process's own terminal, while a container has it.

use std::io;

use podlab_node::{TerminalControl, WindowSize};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// The terminal in raw mode: every key goes to the container's own terminal, Ctrl-C too. Ends with the value.
pub(super) struct Raw(Termios);

impl Raw {
    /// Enters raw mode, where standard input is a terminal.
    pub(super) fn enter() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &raw).ok()?;
        Some(Self(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// The terminal's size, where there is one.
pub(super) fn size() -> Option<WindowSize> {
    let size = tcgetwinsize(io::stdout()).ok().filter(|size| size.ws_col > 0)?;
    Some(WindowSize { columns: size.ws_col, rows: size.ws_row })
}

/// Tells the container's terminal when this one's size changes.
pub(super) async fn follow_size(control: TerminalControl) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut changed) = signal(SignalKind::window_change()) else { return };
    while changed.recv().await.is_some() {
        if let Some(size) = size() {
            control.resize(size);
        }
    }
}
