//! `curl`: transfers over HTTP.

mod connection;
mod options;
mod output;
mod receive;
mod request;
mod transfer;

use options::{Parsed, Plan};

use crate::commands::Cx;

/// Runs `curl`.
pub(super) async fn run(mut cx: Cx) -> u8 {
    let args: Vec<String> = cx.args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let plan = match options::parse(&cx, &args).await {
        Ok(Parsed::Plan(plan)) => plan,
        Ok(Parsed::Text(text)) => {
            cx.put(text);
            return cx.finish(0).await;
        }
        Err((code, message)) => {
            cx.complain(format!("curl: {message}\n")).await;
            return code;
        }
    };
    let mut code = 0;
    for (index, url) in plan.urls.iter().enumerate() {
        code = one(&mut cx, &plan, url, index).await;
    }
    cx.finish(code).await
}

/// Fetches one URL, again where that is asked for.
async fn one(cx: &mut Cx, plan: &Plan, url: &str, index: usize) -> u8 {
    let mut wait = plan.retry_delay.unwrap_or(std::time::Duration::from_secs(1));
    let mut left = plan.retries;
    loop {
        let result = transfer::run(cx, plan, url, index).await;
        let retryable = match &result.error {
            Some(error) => error.transient || plan.retry_all || (plan.retry_refused && error.code == 7),
            None => matches!(result.status, 408 | 429 | 500 | 502 | 503 | 504),
        };
        if !retryable || left == 0 {
            output::finish(cx, plan, &result).await;
            return result.error.map_or(0, |error| error.code);
        }
        if let Some(error) = &result.error
            && !plan.silent
        {
            cx.complain(format!("curl: ({}) {}\n", error.code, error.message)).await;
        }
        if !plan.silent {
            let reason = match (&result.error, result.status) {
                (Some(error), _) if error.code == 7 => "connection refused".to_owned(),
                (Some(_), _) => "timeout".to_owned(),
                (None, status) => format!("HTTP error {status}"),
            };
            let line = format!(
                "Warning: Problem: {reason}. Will retry in {} second{}. {left} retr{} left.\n",
                wait.as_secs(),
                if wait.as_secs() == 1 { "" } else { "s" },
                if left == 1 { "y" } else { "ies" },
            );
            cx.complain(line).await;
        }
        left -= 1;
        cx.process.sleep(wait).await;
        if plan.retry_delay.is_none() {
            wait = (wait * 2).min(std::time::Duration::from_secs(600));
        }
    }
}
