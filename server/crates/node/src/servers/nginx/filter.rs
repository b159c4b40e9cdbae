//! What is done to answers before they are sent: fields added, texts replaced.

use std::future::poll_fn;

use bytes::Bytes;

use super::{
    request::Request,
    response::{Content, Response},
    serve::is_small,
    variables::fill,
    worker::Worker,
};
use crate::{
    http::http_date,
    kernel::{fs::SeekFrom, process::Process},
};

/// Statuses for which `add_header` without `always` works.
const USUAL: [u16; 10] = [200, 201, 204, 206, 301, 302, 303, 304, 307, 308];

/// Applies what the location says.
pub(super) async fn apply(worker: &Worker, request: &Request, mut response: Response) -> Response {
    let options = &request.location.options;
    if !options.sub_filters.is_empty()
        && response.content_type.as_deref() == Some("text/html")
        && is_small(&response)
    {
        substitute(worker, request, &mut response).await;
    }
    if let Some(expires) = &options.expires
        && USUAL.contains(&response.status)
    {
        add_expiry(worker, expires, &mut response);
    }
    for header in &options.add_headers {
        if header.always || USUAL.contains(&response.status) {
            let value = fill(worker, request, &header.value);
            if !value.is_empty() {
                response.headers.push(header.name.clone(), value);
            }
        }
    }
    compress(request, &mut response).await;
    response
}

/// The whole content, where it can be had.
async fn whole(response: &mut Response) -> Option<Bytes> {
    match &mut response.content {
        Content::Bytes(bytes) => Some(bytes.clone()),
        Content::File { file, from, len } => {
            file.seek(SeekFrom::Start(*from)).ok()?;
            let mut all = Vec::new();
            while (all.len() as u64) < *len {
                let bytes = poll_fn(|cx| file.poll_read(cx, Process::READ_SIZE)).await.ok()?;
                if bytes.is_empty() {
                    break;
                }
                all.extend_from_slice(&bytes);
            }
            all.truncate(usize::try_from(*len).ok()?);
            Some(all.into())
        }
        Content::Stream { wire, body, .. } => body.all(wire, 8 << 20).await.ok().map(Bytes::from),
        Content::Tunnel(_) => None,
    }
}

async fn substitute(worker: &Worker, request: &Request, response: &mut Response) {
    let Some(bytes) = whole(response).await else { return };
    let options = &request.location.options;
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    for (search, replacement) in &options.sub_filters {
        let (search, replacement) = (fill(worker, request, search), fill(worker, request, replacement));
        if search.is_empty() {
            continue;
        }
        text = if options.sub_filter_once {
            text.replacen(&search, &replacement, 1)
        } else {
            text.replace(&search, &replacement)
        };
    }
    response.content = Content::Bytes(text.into());
    response.last_modified = None;
    response.etag = None;
    response.ranges = false;
}

fn add_expiry(worker: &Worker, expires: &str, response: &mut Response) {
    let (field, control) = match expires {
        "epoch" => ("Thu, 01 Jan 1970 00:00:01 GMT".to_owned(), "no-cache".to_owned()),
        "max" => ("Thu, 31 Dec 2037 23:55:55 GMT".to_owned(), "max-age=315360000".to_owned()),
        time => {
            let (negative, digits) = match time.strip_prefix('-') {
                Some(digits) => (true, digits),
                None => (false, time),
            };
            let Some(duration) = super::config::value::time(digits) else { return };
            let now = worker.process.now();
            let at = if negative { now.checked_sub(duration) } else { now.checked_add(duration) };
            let control =
                if negative { "no-cache".to_owned() } else { format!("max-age={}", duration.as_secs()) };
            (http_date(at.unwrap_or(now)), control)
        }
    };
    response.headers.push("Expires", field);
    response.headers.push("Cache-Control", control);
}

/// Compresses the content where both sides want that.
async fn compress(request: &Request, response: &mut Response) {
    let gzip = &request.location.options.gzip;
    let kind =
        response.content_type.as_deref().unwrap_or_default().split(';').next().unwrap_or_default().to_owned();
    let wanted = gzip.on
        && (kind == "text/html" || gzip.types.iter().any(|known| *known == kind || known == "*"))
        && matches!(response.status, 200 | 403 | 404)
        && response.headers.get("content-encoding").is_none()
        && response.len().is_none_or(|len| len >= gzip.min_length)
        && (gzip.proxied || request.head.headers.get("via").is_none())
        && is_small(response);
    if !wanted {
        return;
    }
    if gzip.vary {
        response.headers.push("Vary", "Accept-Encoding");
    }
    let accepted = request.head.minor > 0 && request.head.headers.has_word("accept-encoding", "gzip");
    if !accepted {
        return;
    }
    let Some(bytes) = whole(response).await else { return };
    response.content = Content::Bytes(gzipped(&bytes).into());
    response.headers.push("Content-Encoding", "gzip");
    response.etag = response.etag.take().map(|etag| format!("W/{etag}"));
    response.ranges = false;
}

/// A gzip file (RFC 1952) with this content.
fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    out.extend(miniz_oxide::deflate::compress_to_vec(bytes, 1));
    out.extend(crc32(bytes).to_le_bytes());
    out.extend(u32::try_from(bytes.len() & 0xffff_ffff).unwrap_or(0).to_le_bytes());
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}
