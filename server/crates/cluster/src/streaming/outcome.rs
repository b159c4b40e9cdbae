//! How a command ended, as the error channel tells it.

use serde_json::{Value, json};

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
