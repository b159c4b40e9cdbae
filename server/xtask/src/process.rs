//! Running other programs, with errors that name the command.

use std::process::{Command, Stdio};

use crate::Result;

/// Runs `command` with this terminal's output; an error names it and says what it returned.
pub(crate) fn run(command: &mut Command) -> Result {
    let shown = show(command);
    let status = command.status().map_err(|e| format!("`{shown}` could not be started: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` failed ({status})")) }
}

/// Runs `command` silently and returns what it printed, without the last line break.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = show(command);
    let output =
        command.stdin(Stdio::null()).output().map_err(|e| format!("`{shown}` could not be started: {e}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_string())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("`{shown}` failed ({}): {}", output.status, said.trim_end()))
    }
}

/// Whether `program` is on the PATH and answers `--version`.
pub(crate) fn answers(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
