//! What is said beside a process's own streams: the terminal's size, and how the command ended.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::node_agent::TerminalSize;

/// What the client says of its terminal.
#[derive(Deserialize)]
pub(crate) struct Size {
    #[serde(rename = "Width")]
    width: u16,
    #[serde(rename = "Height")]
    height: u16,
}

impl From<Size> for TerminalSize {
    fn from(size: Size) -> Self {
        Self { width: size.width, height: size.height }
    }
}

/// The status of a process's end: its exit code, or why it could not run.
pub(crate) fn status(exit: &Result<i32, String>) -> Value {
    match exit {
        Ok(0) => json!({ "metadata": {}, "status": "Success" }),
        Ok(code) => json!({
            "metadata": {},
            "status": "Failure",
            "message": format!("command terminated with non-zero exit code: error executing command, exit code {code}"),
            "reason": "NonZeroExitCode",
            "details": { "causes": [{ "reason": "ExitCode", "message": code.to_string() }] },
        }),
        Err(why) => json!({
            "metadata": {},
            "status": "Failure",
            "message": format!("Internal error occurred: {why}"),
            "reason": "InternalError",
            "details": { "causes": [{ "message": why }] },
            "code": 500,
        }),
    }
}
