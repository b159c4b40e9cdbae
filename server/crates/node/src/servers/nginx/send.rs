//! What goes to the client: an answer's head and its body.

use std::{future::poll_fn, time::Duration};

use bytes::Bytes;

use super::{
    request::Request,
    response::{Content, Response},
    settings::LogLevel,
    worker::Worker,
};
use crate::{
    http::{Body, Wire, http_date, reason},
    kernel::{
        errno::Errno,
        fs::{OpenFile, SeekFrom},
        process::Process,
    },
    servers::forward::relay_both,
};

/// Sends an answer; `true` where the connection stays open.
pub(super) async fn send(
    worker: &Worker,
    wire: &mut Wire,
    request: &mut Request,
    mut response: Response,
    stays: bool,
) -> Result<bool, Errno> {
    let to_head = request.head.method == "HEAD";
    let bodiless = to_head || matches!(response.status, 204 | 304) || response.status < 200;
    let len = response.len();
    let chunked = len.is_none() && request.head.minor > 0 && !bodiless && response.status != 101;
    let stays = stays && (len.is_some() || chunked || bodiless);
    let head = head_text(worker, request, &mut response, chunked, stays);
    request.status = response.status;
    request.bytes_sent += head.len() as u64;
    if bodiless && !matches!(response.content, Content::Tunnel(_)) {
        wire.write(head).await?;
        return Ok(stays);
    }
    match response.content {
        Content::Bytes(body) => {
            request.body_bytes_sent = body.len() as u64;
            wire.write([head.as_bytes(), &body].concat()).await?;
        }
        Content::File { file, from, len } => {
            wire.write(head).await?;
            send_file(worker, wire, request, &file, from, len).await?;
        }
        Content::Stream { wire: mut upstream, mut body, .. } => {
            wire.write(head).await?;
            let complete = relay(worker, wire, request, &mut upstream, &mut body, chunked).await?;
            request.bytes_sent += request.body_bytes_sent;
            return Ok(stays && complete);
        }
        Content::Tunnel(upstream) => {
            wire.write(head).await?;
            request.body_bytes_sent =
                relay_both(&worker.process, wire, *upstream, Duration::from_secs(60)).await;
            return Ok(false);
        }
    }
    request.bytes_sent += request.body_bytes_sent;
    Ok(stays)
}

async fn send_file(
    worker: &Worker,
    wire: &Wire,
    request: &mut Request,
    file: &OpenFile,
    from: u64,
    len: u64,
) -> Result<(), Errno> {
    file.seek(SeekFrom::Start(from))?;
    let mut left = len;
    while left > 0 {
        let max = usize::try_from(left).unwrap_or(usize::MAX).min(Process::READ_SIZE);
        let bytes = poll_fn(|cx| file.poll_read(cx, max)).await?;
        if bytes.is_empty() {
            // The file was cut meanwhile: the client finds too few bytes.
            let message = format!("file was truncated: {left} bytes are missing");
            worker.complain(request, LogLevel::Alert, &message, None).await;
            return Err(Errno::EIO);
        }
        left -= bytes.len() as u64;
        request.body_bytes_sent += bytes.len() as u64;
        wire.write(bytes).await?;
    }
    Ok(())
}

/// Passes a body on as it comes; `false` where it ended too early.
async fn relay(
    worker: &Worker,
    wire: &Wire,
    request: &mut Request,
    upstream: &mut Wire,
    body: &mut Body,
    chunked: bool,
) -> Result<bool, Errno> {
    loop {
        match body.next(upstream).await {
            Ok(Some(bytes)) => {
                request.body_bytes_sent += bytes.len() as u64;
                if let Some(last) = request.tries.last_mut() {
                    last.length += bytes.len() as u64;
                }
                let bytes = if chunked {
                    let size = format!("{:x}\r\n", bytes.len());
                    Bytes::from([size.as_bytes(), &bytes, b"\r\n"].concat())
                } else {
                    bytes
                };
                wire.write(bytes).await?;
            }
            Ok(None) => {
                if chunked {
                    wire.write("0\r\n\r\n").await?;
                }
                return Ok(true);
            }
            Err(error) => {
                let message = match error {
                    Errno::ECONNRESET => {
                        "upstream prematurely closed connection while reading upstream".to_owned()
                    }
                    _ => "upstream sent invalid chunked response while reading upstream".to_owned(),
                };
                worker.complain(request, LogLevel::Error, &message, None).await;
                return Ok(false);
            }
        }
    }
}

/// The head, with the fields in nginx's order.
fn head_text(
    worker: &Worker,
    request: &mut Request,
    response: &mut Response,
    chunked: bool,
    stays: bool,
) -> String {
    let words = response.reason.clone().filter(|words| !words.is_empty());
    let words = words.unwrap_or_else(|| match response.status {
        308 => "Permanent Redirect".to_owned(),
        status => reason(status).to_owned(),
    });
    let mut text = format!("HTTP/1.1 {} {words}\r\n", response.status);
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: String| fields.push((name.to_owned(), value));
    if response.status == 101 {
        for (name, value) in response.headers.iter() {
            add(name, value.to_owned());
        }
    } else {
        if response.headers.get("server").is_none() {
            add("Server", worker.name_shown(&request.location.options));
        }
        if response.headers.get("date").is_none() {
            add("Date", http_date(worker.process.now()));
        }
        if let Some(kind) = &response.content_type {
            let charset = request.location.options.charset.as_ref().filter(|_| {
                (kind.starts_with("text/") || kind == "application/javascript" || kind.ends_with("json"))
                    && !kind.contains("charset")
            });
            add("Content-Type", charset.map_or(kind.clone(), |charset| format!("{kind}; charset={charset}")));
        }
        if let Some(len) = response.len()
            && !matches!(response.status, 204 | 304)
        {
            add("Content-Length", len.to_string());
        }
        if let Some(modified) = response.last_modified {
            add("Last-Modified", http_date(modified));
        }
        if let Some(location) = &response.location {
            add("Location", location.clone());
        }
        if chunked {
            add("Transfer-Encoding", "chunked".to_owned());
        }
        add("Connection", if stays { "keep-alive" } else { "close" }.to_owned());
        if let Some(etag) = &response.etag {
            add("ETag", etag.clone());
        }
        for (name, value) in response.headers.iter() {
            add(name, value.to_owned());
        }
        if response.ranges && response.status == 200 {
            add("Accept-Ranges", "bytes".to_owned());
        }
    }
    for (name, value) in &fields {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    request.sent_headers = fields;
    text + "\r\n"
}
