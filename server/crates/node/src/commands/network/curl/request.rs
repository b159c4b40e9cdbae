//! What `curl` asks.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    options::{Plan, VERSION},
    output::Meter,
};
use crate::{
    commands::Cx,
    http::{Headers, Url},
};

/// The request, and how long its head is.
pub(super) fn request_text(plan: &Plan, url: &Url, method: &str, body: Option<&[u8]>) -> (usize, Vec<u8>) {
    let named = |name: &str| {
        plan.headers.iter().find(|header| {
            header.split([':', ';']).next().is_some_and(|known| known.trim().eq_ignore_ascii_case(name))
        })
    };
    let mut headers = Headers::default();
    if named("host").is_none() {
        headers.push("Host", url.authority());
    }
    if let Some(user) = plan.user.as_ref().or(url.user.as_ref()) {
        let user = if user.contains(':') { user.clone() } else { format!("{user}:") };
        headers.push("Authorization", format!("Basic {}", STANDARD.encode(user)));
    }
    if let Some(token) = &plan.bearer {
        headers.push("Authorization", format!("Bearer {token}"));
    }
    if let Some(range) = &plan.range {
        headers.push("Range", format!("bytes={range}"));
    }
    if named("user-agent").is_none() {
        let agent = plan.agent.clone().unwrap_or_else(|| format!("curl/{VERSION}"));
        if !agent.is_empty() {
            headers.push("User-Agent", agent);
        }
    }
    if named("accept").is_none() {
        headers.push("Accept", "*/*");
    }
    if plan.compressed {
        headers.push("Accept-Encoding", "identity");
    }
    if let Some(referer) = &plan.referer {
        headers.push("Referer", referer.clone());
    }
    if let Some(cookie) = &plan.cookie {
        headers.push("Cookie", cookie.clone());
    }
    for header in &plan.headers {
        match header.split_once(':') {
            // `Name:` keeps the field off.
            Some((_, value)) if value.trim().is_empty() => {}
            Some((name, value)) => headers.push(name.trim(), value.trim()),
            None => {
                if let Some(name) = header.strip_suffix(';') {
                    headers.push(name, "");
                }
            }
        }
    }
    if let Some(body) = body {
        if named("content-length").is_none() {
            headers.push("Content-Length", body.len().to_string());
        }
        if named("content-type").is_none() && plan.upload.is_none() {
            let kind =
                plan.content_type.clone().unwrap_or_else(|| "application/x-www-form-urlencoded".to_owned());
            headers.push("Content-Type", kind);
        }
    }
    let target = if plan.proxy.is_some() {
        format!("http://{}{}", url.authority(), url.target)
    } else {
        url.target.clone()
    };
    let head = format!("{method} {target} HTTP/1.{}\r\n{}\r\n", plan.http_minor, headers.text());
    let mut bytes = head.into_bytes();
    let len = bytes.len();
    bytes.extend_from_slice(body.unwrap_or_default());
    (len, bytes)
}

/// Shows the head of a request, where that was asked for.
pub(super) async fn verbose_request(cx: &mut Cx, plan: &Plan, meter: &mut Meter, head: &[u8]) {
    if plan.verbose {
        meter.interrupt(cx).await;
        let text = String::from_utf8_lossy(head).into_owned();
        let lines: String =
            text.trim_end_matches("\r\n").split("\r\n").map(|line| format!("> {line}\n")).collect();
        cx.complain(format!("{lines}> \n")).await;
    }
}
