//! Lines of the logs of requests.

use super::{request::Request, variables, worker::Worker};

/// Logs a request that was answered.
pub(super) async fn write(worker: &Worker, request: &Request) {
    for log in &request.location.options.access_logs {
        if let Some(condition) = &log.condition
            && matches!(variables::fill(worker, request, condition).as_str(), "" | "0")
        {
            continue;
        }
        let line = log.format.line.fill(
            |name| {
                let value = variables::value(worker, request, name);
                if log.format.escape_json {
                    let quoted = serde_json::Value::from(value).to_string();
                    quoted[1..quoted.len() - 1].to_owned()
                } else if value.is_empty() {
                    "-".to_owned()
                } else {
                    escape(&value)
                }
            },
            |_| String::new(),
        );
        worker.logs.read().await.write(&worker.process, &log.file, line + "\n").await;
    }
}

/// As logs show what could break their lines.
fn escape(value: &str) -> String {
    value.chars().fold(String::new(), |mut out, c| {
        match c {
            '"' | '\\' => out.push_str(&format!("\\x{:02X}", c as u32)),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => out.push_str(&format!("\\x{:02X}", c as u32)),
            c => out.push(c),
        }
        out
    })
}
