//! One transfer of `curl`: from a URL to bytes, or to an error with its number.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use super::{
    connection::{connect, secure},
    options::Plan,
    output::{Meter, Times},
    receive::{headers_arrived, local_file, read_head, receive, talk},
    request::{request_text, verbose_request},
};
use crate::{
    commands::Cx,
    http::{Body, BodyKind, Url, UrlError, within},
};

/// Why a transfer failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// curl's exit code.
    pub(super) code: u8,
    pub(super) message: String,
    /// Whether it may go better another time.
    pub(super) transient: bool,
}

pub(super) fn failure(code: u8, message: impl Into<String>) -> Failure {
    Failure { code, message: message.into(), transient: false }
}

/// What came of a transfer.
#[derive(Debug, Default)]
pub(super) struct Transfer {
    pub(super) error: Option<Failure>,
    pub(super) status: u16,
    pub(super) url: String,
    pub(super) scheme: String,
    pub(super) method: String,
    pub(super) content_type: String,
    pub(super) redirects: u32,
    pub(super) redirect_url: String,
    pub(super) downloaded: u64,
    pub(super) uploaded: u64,
    pub(super) header_bytes: u64,
    pub(super) request_bytes: u64,
    pub(super) remote: Option<SocketAddr>,
    pub(super) local: Option<SocketAddr>,
    pub(super) http_minor: u8,
    pub(super) connects: u32,
    pub(super) times: Times,
    pub(super) headers: Vec<(String, String)>,
    pub(super) output: Option<String>,
}

/// Fetches a URL.
pub(super) async fn run(cx: &mut Cx, plan: &Plan, text: &str, index: usize) -> Transfer {
    let mut transfer = Transfer { url: text.to_owned(), ..Transfer::default() };
    let start = uptime(cx);
    let mut meter = Meter::new(cx, plan, index);
    meter.begin(cx).await;
    let process = Arc::clone(&cx.process);
    let result = {
        let work = steps(cx, plan, text, index, &mut transfer, &mut meter, start);
        within(&process, plan.max_time, work).await
    };
    let elapsed = uptime(cx).saturating_sub(start);
    transfer.times.total = elapsed;
    transfer.error = match result {
        Some(result) => result.err(),
        None => {
            let millis = elapsed.as_millis();
            let message = if transfer.remote.is_none() {
                format!("Connection timed out after {millis} milliseconds")
            } else {
                format!(
                    "Operation timed out after {millis} milliseconds with {} bytes received",
                    transfer.downloaded
                )
            };
            Some(Failure { transient: true, ..failure(28, message) })
        }
    };
    meter.end(cx, &transfer).await;
    transfer
}

pub(super) fn uptime(cx: &Cx) -> Duration {
    cx.process.container.host.env.clock.uptime()
}

/// Says what goes on, where that was asked for.
pub(super) async fn note(cx: &mut Cx, plan: &Plan, meter: &mut Meter, text: impl AsRef<str> + Send) {
    if plan.verbose {
        meter.interrupt(cx).await;
        let line = format!("* {}\n", text.as_ref());
        cx.complain(line).await;
    }
}

pub(super) fn parse_url(text: &str) -> Result<Url, Failure> {
    Url::parse(text).map_err(|error| match error {
        UrlError::NoHost => failure(3, "URL rejected: No host part in the URL"),
        UrlError::BadPort => {
            failure(3, "URL rejected: Port number was not a decimal number between 0 and 65535")
        }
        UrlError::BadHost => failure(3, "URL rejected: Malformed input to a URL function"),
    })
}

async fn steps(
    cx: &mut Cx,
    plan: &Plan,
    text: &str,
    index: usize,
    transfer: &mut Transfer,
    meter: &mut Meter,
    start: Duration,
) -> Result<(), Failure> {
    if let Some(path) = text.strip_prefix("file://") {
        return local_file(cx, plan, path, transfer).await;
    }
    let mut url = parse_url(text)?;
    let mut method = plan.method.clone().unwrap_or_else(|| {
        if plan.head {
            "HEAD"
        } else if plan.upload.is_some() {
            "PUT"
        } else if plan.body.is_some() {
            "POST"
        } else {
            "GET"
        }
        .to_owned()
    });
    let mut body = match &plan.upload {
        Some(path) => {
            let path = if path == "-" || path == "." { "/dev/stdin" } else { path };
            let content = cx.process.read_file(path.as_bytes(), 64 << 20).await;
            Some(content.map_err(|_| {
                failure(26, format!("Failed to open/read local data from file/application: {path}"))
            })?)
        }
        None => plan.body.clone(),
    };
    loop {
        transfer.url = shown(&url, text, transfer.redirects);
        transfer.scheme.clone_from(&url.scheme);
        transfer.method.clone_from(&method);
        if url.scheme == "telnet" {
            let wire = connect(cx, plan, &url, transfer, meter, start).await?;
            return talk(cx, wire, transfer).await;
        }
        if !matches!(url.scheme.as_str(), "http" | "https") {
            return Err(failure(1, format!("Protocol \"{}\" not supported", url.scheme)));
        }
        let mut wire = connect(cx, plan, &url, transfer, meter, start).await?;
        if url.scheme == "https" {
            secure(cx, plan, meter, &url.host, &mut wire).await?;
        }
        let request = request_text(plan, &url, &method, body.as_deref());
        let (head_len, sent) = request;
        verbose_request(cx, plan, meter, &sent[..head_len]).await;
        transfer.request_bytes += sent.len() as u64;
        transfer.uploaded = (sent.len() - head_len) as u64;
        wire.write(sent).await.map_err(|errno| failure(55, format!("Send failure: {}", cx.text(errno))))?;
        note(cx, plan, meter, "Request completely sent off").await;
        let head = loop {
            let head = read_head(cx, &mut wire).await?;
            transfer.times.first_byte = uptime(cx).saturating_sub(start);
            headers_arrived(cx, plan, meter, transfer, &head).await?;
            if head.status >= 200 || head.status == 101 {
                break head;
            }
        };
        transfer.status = head.status;
        transfer.http_minor = head.minor;
        transfer.content_type = head.headers.get("content-type").unwrap_or_default().to_owned();
        transfer.headers =
            head.headers.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let location =
            head.headers.get("location").filter(|_| (300..400).contains(&head.status)).map(str::to_owned);
        if let Some(location) = &location {
            let next = url
                .join(location)
                .map_err(|_| failure(3, "URL rejected: Malformed input to a URL function"))?;
            transfer.redirect_url = format!("{}://{}{}", next.scheme, next.authority(), next.target);
            if plan.follow {
                if transfer.redirects >= plan.max_redirects {
                    return Err(failure(47, format!("Maximum ({}) redirects followed", plan.max_redirects)));
                }
                transfer.redirects += 1;
                let kind = BodyKind::of_response(head.status, method == "HEAD", &head.headers);
                // What the redirect says besides is not shown; a body that breaks off does not matter either.
                let _ = Body::new(kind).all(&mut wire, 1 << 20).await;
                note(
                    cx,
                    plan,
                    meter,
                    format!("Issue another request to this URL: '{}'", transfer.redirect_url),
                )
                .await;
                let turns_to_get = plan.method.is_none()
                    && (head.status == 303 || (matches!(head.status, 301 | 302) && method == "POST"));
                if turns_to_get && method != "HEAD" {
                    method = "GET".to_owned();
                    body = None;
                }
                url = next;
                transfer.redirect_url = String::new();
                continue;
            }
        }
        if plan.fail && head.status >= 400 {
            return Err(failure(22, format!("The requested URL returned error: {}", head.status)));
        }
        receive(cx, plan, index, transfer, meter, (&url, &method), &head, &mut wire).await?;
        let left = if head.keeps_alive() { "left intact" } else { "" };
        if left.is_empty() {
            note(cx, plan, meter, "shutting down connection #0").await;
        } else {
            note(cx, plan, meter, format!("Connection #0 to host {} left intact", url.host)).await;
        }
        if plan.fail_with_body && head.status >= 400 {
            return Err(failure(22, format!("The requested URL returned error: {}", head.status)));
        }
        return Ok(());
    }
}

/// The URL as `%{url_effective}` has it.
fn shown(url: &Url, text: &str, redirects: u32) -> String {
    if redirects == 0 {
        let with_scheme =
            if text.contains("://") { text.to_owned() } else { format!("{}://{text}", url.scheme) };
        let rest = with_scheme.split("://").nth(1).unwrap_or_default();
        return if rest.contains(['/', '?']) { with_scheme } else { format!("{with_scheme}/") };
    }
    format!("{}://{}{}", url.scheme, url.authority(), url.target)
}
