//! A client's connection: one request after the other, each read, answered and logged.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    access_log, filter,
    request::Request,
    response::{Content, Response},
    send::send,
    serve::{self, MAX_CHANGES},
    settings::LogLevel,
    variables,
    worker::Worker,
};
use crate::{
    http::{Body, BodyKind, HeadError, RequestHead, Wire, WireError, http_date, within},
    kernel::{errno::Errno, net::Stream},
};

/// How long a client may take for the head of its request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest body that is taken whatever the configuration allows: bodies are kept in memory.
const MAX_BODY: u64 = 64 << 20;

/// Counts as long as it is there.
struct Counted<'a>(&'a AtomicU64);

impl<'a> Counted<'a> {
    fn new(counter: &'a AtomicU64) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Serves a connection until the client goes, or the worker leaves.
pub(super) async fn serve(worker: &Worker, stream: Arc<Stream>) {
    let number = worker.counters.accepted.fetch_add(1, Ordering::Relaxed) + 1;
    let _active = Counted::new(&worker.counters.active);
    let mut wire = match Wire::accepted(&worker.process, stream) {
        Ok(wire) => wire,
        Err(error) => {
            let message = format!("accept4() failed ({}: {})", error.number(), worker.process.text(error));
            return worker.say(LogLevel::Crit, &message).await;
        }
    };
    let Some(listen) = worker.settings.listen_of(wire.stream.local) else { return };
    if listen.tls {
        // TLS is not simulated: a client that begins it finds the connection closed.
        return;
    }
    let mut requests = 0;
    let mut patience = HEADER_TIMEOUT;
    loop {
        let read = {
            let idle = requests > 0;
            let head = within(&worker.process, Some(patience), wire.request());
            if idle {
                // A connection that waits for another request need not be waited for.
                match futures::future::select(std::pin::pin!(head), std::pin::pin!(worker.left())).await {
                    futures::future::Either::Left((read, _)) => read,
                    futures::future::Either::Right(_) => return,
                }
            } else {
                head.await
            }
        };
        let head = match read {
            Some(Ok(Some(head))) => head,
            Some(Err(WireError::Head(error))) => return refuse(worker, &wire, number, error).await,
            // The client was too slow, or has gone.
            None | Some(Ok(None) | Err(WireError::Io(_))) => return,
        };
        requests += 1;
        worker.counters.requests.fetch_add(1, Ordering::Relaxed);
        match serve_one(worker, &mut wire, head, number, requests).await {
            Ok(Some(keep)) => patience = keep,
            // Who went away needs no answer.
            Ok(None) | Err(_) => return,
        }
    }
}

/// Answers what is no request.
async fn refuse(worker: &Worker, wire: &Wire, number: u64, error: HeadError) {
    let Some(server) = worker.settings.default_server(wire.stream.local) else { return };
    let options = &server.outside.options;
    let status = match error {
        HeadError::Malformed => 400,
        HeadError::TooLarge => 494,
    };
    let page = Response::page(status, &worker.name_shown(options));
    let Content::Bytes(body) = &page.content else { return };
    let text = format!(
        "HTTP/1.1 400 Bad Request\r\nServer: {}\r\nDate: {}\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        worker.name_shown(options),
        http_date(worker.process.now()),
        body.len()
    );
    let _ = wire.write([text.as_bytes(), body].concat()).await;
    let first = wire.buffered().split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first).trim_end().replace('"', "\\x22");
    let message = format!(
        "*{number} client sent invalid request while reading client request line, client: {}, server: {}, request: \"{first}\"",
        wire.stream.peer.ip(),
        server.name()
    );
    worker.say(LogLevel::Info, &message).await;
    for log in &options.access_logs {
        let line = format!(
            "{} - - [{}] \"{first}\" {} {} \"-\" \"-\"{}\n",
            wire.stream.peer.ip(),
            variables::log_date(worker.process.now()),
            400,
            body.len(),
            if log.format.line.variables().any(|name| name == "http_x_forwarded_for") {
                " \"-\""
            } else {
                ""
            }
        );
        worker.logs.read().await.write(&worker.process, &log.file, line).await;
    }
}

/// Serves one request; says how long to wait for the next one, if there may be one.
async fn serve_one(
    worker: &Worker,
    wire: &mut Wire,
    head: RequestHead,
    number: u64,
    requests: u64,
) -> Result<Option<Duration>, Errno> {
    let _writing = Counted::new(&worker.counters.writing);
    let local = wire.stream.local;
    let host_field = head.headers.get("host").unwrap_or_default().to_owned();
    let parsed = serve::parse_target(&head.target, true);
    let host_text = match &parsed {
        Some((_, _, Some(host))) => host.clone(),
        _ => host_field,
    };
    let host = host_without_port(&host_text);
    let Some((server, named)) = worker.settings.server_for(local, &host) else { return Ok(None) };
    let merged = server.merge_slashes;
    let parsed = if merged { parsed } else { serve::parse_target(&head.target, false) };
    let valid = parsed.is_some() && (head.minor == 0 || head.headers.get("host").is_some());
    let (uri, args, _) = parsed.unwrap_or(("/".to_owned(), String::new(), None));
    let keeps_alive = head.keeps_alive();
    let unparsed = head.target.starts_with('/').then(|| head.target.clone());
    let length = head.target.len() + head.headers.text().len() + head.method.len() + 14;
    let mut request = Request {
        uri,
        args,
        unparsed,
        host: if host.is_empty() { server.name() } else { host },
        location: Arc::clone(&server.outside),
        server,
        groups: named.clone(),
        variables: named.named.into_iter().collect::<HashMap<_, _>>(),
        internal: false,
        changes_left: MAX_CHANGES,
        error_status: None,
        in_error_page: false,
        client: wire.stream.peer,
        local,
        connection: number,
        connection_requests: requests,
        started: worker.uptime(),
        length,
        remote_user: String::new(),
        id: worker.process.random(),
        is_limited: false,
        places: Vec::new(),
        tries: Vec::new(),
        proxy_host: String::new(),
        proxy_port: 80,
        upstream_headers: Vec::new(),
        status: 0,
        bytes_sent: 0,
        body_bytes_sent: 0,
        sent_headers: Vec::new(),
        body: Vec::new(),
        head,
    };
    let body_read = if valid { read_body(wire, &mut request).await? } else { false };
    let response = if valid {
        let response = serve::answer(worker, &mut request).await;
        filter::apply(worker, &request, response).await
    } else {
        Response::page(400, &worker.name_shown(&request.location.options))
    };
    let keep = request.location.options.keepalive_timeout;
    let stays = valid && keeps_alive && body_read && !keep.is_zero() && !worker.is_leaving();
    let result = if response.status == 444 {
        Err(Errno::ECONNRESET)
    } else {
        send(worker, wire, &mut request, response, stays).await
    };
    request.length += request.body.len();
    access_log::write(worker, &request).await;
    result.map(|stays| stays.then_some(keep))
}

fn host_without_port(text: &str) -> String {
    let host = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next().map_or(String::new(), |inner| format!("[{inner}]")),
        None => text.split(':').next().unwrap_or_default().to_owned(),
    };
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// Reads the body, as long as it may be; `false` where the connection cannot be used any further.
async fn read_body(wire: &mut Wire, request: &mut Request) -> Result<bool, Errno> {
    let Some(kind) = BodyKind::of_request(&request.head.headers) else { return Ok(false) };
    if kind == BodyKind::Empty {
        return Ok(true);
    }
    let limit = request.server.largest_body().min(MAX_BODY);
    if let BodyKind::Length(length) = kind
        && length > limit
    {
        return Ok(false);
    }
    if request.head.headers.has_word("expect", "100-continue") {
        wire.write("HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    match Body::new(kind).all(wire, usize::try_from(limit).unwrap_or(usize::MAX)).await {
        Ok(body) => {
            request.body = body;
            Ok(true)
        }
        Err(Errno::EFBIG) => Ok(false),
        Err(error) => Err(error),
    }
}
