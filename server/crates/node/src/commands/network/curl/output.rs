//! What `curl` shows besides content: its progress, its errors, and what `--write-out` asks for.

use std::time::Duration;

use super::{options::Plan, transfer::Transfer};
use crate::commands::Cx;

/// When things happened, since the beginning.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) resolved: Duration,
    pub(super) connected: Duration,
    pub(super) first_byte: Duration,
    pub(super) total: Duration,
}

/// The table with the progress of a transfer.
#[derive(Debug)]
pub(super) struct Meter {
    shown: bool,
    /// Whether the cursor stands behind a line of the table.
    open_line: bool,
    expected: Option<u64>,
}

const HEAD: &str = "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current
                                 Dload  Upload   Total   Spent    Left  Speed\n";

impl Meter {
    /// A table, if this transfer has one: not where content goes to a terminal.
    pub(super) fn new(cx: &Cx, plan: &Plan, index: usize) -> Self {
        let to_file = plan.outputs.get(index).is_some();
        let shown = !plan.silent && !plan.no_progress && (to_file || !cx.process.is_terminal(1));
        Self { shown, open_line: false, expected: None }
    }

    /// How much is to come.
    pub(super) fn expect(&mut self, length: u64) {
        self.expected = Some(length);
    }

    /// Shows the head of the table.
    pub(super) async fn begin(&mut self, cx: &Cx) {
        if self.shown {
            let line = row(0, None, 0, 0, 0);
            // Nobody can be told that nobody can be told.
            let _ = cx.process.write(2, format!("{HEAD}\r{line}")).await;
            self.open_line = true;
        }
    }

    /// Begins a new line, if something else is about to be shown.
    pub(super) async fn interrupt(&mut self, cx: &Cx) {
        // curl writes right behind the table's line; only its first text would show that.
        let _ = cx;
        self.open_line = false;
    }

    /// Shows how it ended.
    pub(super) async fn end(&mut self, cx: &mut Cx, transfer: &Transfer) {
        cx.flush().await;
        if !self.shown {
            return;
        }
        let seconds = transfer.times.total.as_secs_f64().max(0.001);
        let speed = (transfer.downloaded as f64 / seconds) as u64;
        let upload_speed = (transfer.uploaded as f64 / seconds) as u64;
        let line = row(transfer.downloaded, self.expected, transfer.uploaded, speed, upload_speed);
        cx.complain(format!("\r{line}\n")).await;
    }
}

/// A number in five columns: `  615`, `9765k`, `12.3M`.
fn short(number: u64) -> String {
    match number {
        0..100_000 => format!("{number:>5}"),
        100_000..10_240_000 => format!("{:>4}k", number / 1024),
        _ => format!("{:>4.1}M", number as f64 / 1_048_576.0),
    }
}

fn row(downloaded: u64, expected: Option<u64>, uploaded: u64, speed: u64, upload_speed: u64) -> String {
    let total = expected.unwrap_or(downloaded) + uploaded;
    let percent = |part: u64, whole: Option<u64>| match whole {
        Some(whole) if whole > 0 => part * 100 / whole,
        _ => 0,
    };
    let received = percent(downloaded, expected);
    let sent = if uploaded > 0 { 100 } else { 0 };
    let all = if total > 0 { percent(downloaded + uploaded, Some(total)) } else { 0 };
    format!(
        "{all:>3} {} {received:>4} {} {sent:>4} {} {:>6} {:>6} --:--:-- --:--:-- --:--:-- {}",
        short(total),
        short(downloaded),
        short(uploaded),
        short(speed),
        short(upload_speed),
        short(speed),
    )
}

/// Says what went wrong, and what was asked to be told.
pub(super) async fn finish(cx: &mut Cx, plan: &Plan, transfer: &Transfer) {
    if let Some(error) = &transfer.error
        && (!plan.silent || plan.show_error)
    {
        cx.complain(format!("curl: ({}) {}\n", error.code, error.message)).await;
    }
    if let Some(format) = &plan.write_out {
        let (out, err) = write_out(format, transfer);
        cx.put(out);
        cx.flush().await;
        if !err.is_empty() {
            cx.complain(err).await;
        }
    }
}

/// Fills in `--write-out`: what goes to standard output, and what to standard error.
fn write_out(format: &str, transfer: &Transfer) -> (String, String) {
    let mut outs = [String::new(), String::new()];
    let mut to = 0;
    let mut rest = format;
    while let Some(c) = rest.chars().next() {
        let out = &mut outs[to];
        if let Some(after) = rest.strip_prefix("%{") {
            let Some((name, after)) = after.split_once('}') else {
                out.push_str(rest);
                break;
            };
            match name {
                "stderr" => to = 1,
                "stdout" => to = 0,
                _ => match name.strip_prefix("header{") {
                    Some(_) => {}
                    None => outs[to].push_str(&variable(name, transfer)),
                },
            }
            rest = after;
        } else if let Some(after) = rest.strip_prefix("%header{") {
            let Some((name, after)) = after.split_once('}') else { break };
            let value = transfer.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            out.push_str(value.map_or("", |(_, value)| value));
            rest = after;
        } else if let Some(after) = rest.strip_prefix("%%") {
            out.push('%');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("\\n") {
            out.push('\n');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("\\t") {
            out.push('\t');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("\\r") {
            out.push('\r');
            rest = after;
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    let [out, err] = outs;
    (out, err)
}

fn variable(name: &str, transfer: &Transfer) -> String {
    let time = |time: Duration| format!("{:.6}", time.as_secs_f64());
    let address = |address: Option<std::net::SocketAddr>| {
        address.map_or(String::new(), |address| address.ip().to_string())
    };
    let port =
        |address: Option<std::net::SocketAddr>| address.map_or(0, |address| address.port()).to_string();
    let seconds = transfer.times.total.as_secs_f64().max(0.000_001);
    match name {
        "http_code" | "response_code" => format!("{:03}", transfer.status),
        "http_connect" => "000".to_owned(),
        "url_effective" | "url" => transfer.url.clone(),
        "method" => transfer.method.clone(),
        "scheme" => transfer.scheme.clone(),
        "content_type" => transfer.content_type.clone(),
        "num_redirects" => transfer.redirects.to_string(),
        "redirect_url" => transfer.redirect_url.clone(),
        "size_download" => transfer.downloaded.to_string(),
        "size_upload" => transfer.uploaded.to_string(),
        "size_header" => transfer.header_bytes.to_string(),
        "size_request" => transfer.request_bytes.to_string(),
        "speed_download" => ((transfer.downloaded as f64 / seconds) as u64).to_string(),
        "speed_upload" => ((transfer.uploaded as f64 / seconds) as u64).to_string(),
        "num_connects" => transfer.connects.to_string(),
        "num_headers" => transfer.headers.len().to_string(),
        "remote_ip" => address(transfer.remote),
        "remote_port" => port(transfer.remote),
        "local_ip" => address(transfer.local),
        "local_port" => port(transfer.local),
        "http_version" => if transfer.http_minor == 0 { "1" } else { "1.1" }.to_owned(),
        "filename_effective" => transfer.output.clone().unwrap_or_default(),
        "exitcode" => transfer.error.as_ref().map_or(0, |error| error.code).to_string(),
        "errormsg" => transfer.error.as_ref().map_or(String::new(), |error| error.message.clone()),
        "ssl_verify_result" => "0".to_owned(),
        "time_namelookup" => time(transfer.times.resolved),
        "time_connect" | "time_pretransfer" => time(transfer.times.connected),
        "time_starttransfer" => time(transfer.times.first_byte),
        "time_appconnect" | "time_redirect" => time(Duration::ZERO),
        "time_total" => time(transfer.times.total),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Transfer, row, write_out};

    #[test]
    fn what_is_asked_for_is_written_out() {
        let transfer = Transfer { status: 200, downloaded: 5, ..Transfer::default() };
        let (out, err) = write_out("%{http_code} %{size_download}%%\\n%{stderr}x", &transfer);
        assert_eq!((out.as_str(), err.as_str()), ("200 5%\n", "x"));
        assert_eq!(write_out("%{", &transfer).0, "%{");
    }

    #[test]
    fn the_table_is_as_wide_as_its_head() {
        assert_eq!(
            row(615, Some(615), 0, 601_000, 0),
            "100   615  100   615    0     0   586k      0 --:--:-- --:--:-- --:--:--  586k"
        );
    }
}
