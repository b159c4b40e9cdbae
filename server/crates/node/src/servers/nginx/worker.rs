//! A worker: accepts connections, reads requests, sends answers, writes logs.

use std::{
    collections::HashMap,
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};

use super::{
    filter,
    logger::Logs,
    request::Request,
    response::{Content, Response},
    serve::{self, MAX_CHANGES},
    settings::{LogLevel, Options, Server, ServerName, Settings, Upstream},
    stream, variables,
};
use crate::{
    http::{Body, BodyKind, HeadError, Wire, WireError, http_date, reason, within},
    kernel::{
        errno::Errno,
        fs::SeekFrom,
        net::{Listener, Stream},
        process::{Fd, Outcome, Process},
        signal::Signal,
        wait::{WaitQueue, lock},
    },
    servers::forward::relay_both,
};

/// How long a client may take for the head of its request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest body that is taken whatever the configuration allows: bodies are kept in memory.
const MAX_BODY: u64 = 64 << 20;
/// The most connections of a worker: `worker_connections`.
const MAX_CONNECTIONS: usize = 1024;

/// What all connections of a worker share.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) process: Arc<Process>,
    pub(super) settings: Arc<Settings>,
    pub(super) version: &'static str,
    pub(super) logs: tokio::sync::RwLock<Logs>,
    pub(super) counters: Arc<Counters>,
    leaving: Mutex<(bool, WaitQueue)>,
}

/// Numbers for `stub_status`, common to all workers.
#[derive(Debug, Default)]
pub(super) struct Counters {
    accepted: AtomicU64,
    requests: AtomicU64,
    active: AtomicU64,
    reading: AtomicU64,
    writing: AtomicU64,
}

/// A socket that a worker accepts from.
#[derive(Clone, Debug)]
pub(super) struct Socket {
    pub(super) fd: Fd,
    pub(super) listener: Arc<Listener>,
    pub(super) purpose: Purpose,
}

/// Who answers at a socket.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// HTTP.
    Http,
    /// A server of the block `stream`, by its number.
    Stream(usize),
}

/// What a worker waits for.
enum Event {
    Accepted(Arc<Stream>, Purpose),
    Closed,
    Signal,
}

impl Worker {
    pub(super) fn new(
        process: Arc<Process>,
        settings: Arc<Settings>,
        version: &'static str,
        logs: Logs,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            process,
            settings,
            version,
            logs: tokio::sync::RwLock::new(logs),
            counters,
            leaving: Mutex::default(),
        }
    }

    /// Time on the node's clock.
    pub(super) fn uptime(&self) -> Duration {
        self.process.container.host.env.clock.uptime()
    }

    pub(super) fn hostname(&self) -> String {
        String::from_utf8_lossy(&lock(&self.process.container.hostname)).into_owned()
    }

    pub(super) fn active_connections(&self) -> u64 {
        self.counters.active.load(Ordering::Relaxed)
    }

    /// What it calls itself.
    pub(super) fn name_shown(&self, options: &Options) -> String {
        if options.server_tokens { format!("nginx/{}", self.version) } else { "nginx".to_owned() }
    }

    /// The upstream of this name.
    pub(super) fn upstream_named(&self, name: &str) -> Option<Arc<Upstream>> {
        self.settings.upstreams.get(name).cloned()
    }

    /// What `stub_status` shows.
    pub(super) fn status_page(&self) -> String {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.counters;
        let (active, reading, writing) =
            (count(&counters.active), count(&counters.reading), count(&counters.writing));
        format!(
            "Active connections: {active} \nserver accepts handled requests\n {accepted} {accepted} {} \n\
             Reading: {reading} Writing: {writing} Waiting: {} \n",
            count(&counters.requests),
            active.saturating_sub(reading + writing),
            accepted = count(&counters.accepted),
        )
    }

    /// Says something about a request in the log of errors.
    pub(super) async fn complain(
        &self,
        request: &Request,
        level: LogLevel,
        text: &str,
        upstream: Option<&str>,
    ) {
        let targets = request.location.options.error_log.as_ref().unwrap_or(&self.settings.error_log);
        let text = format!("*{} {text}{}", request.connection, request.in_words(upstream));
        self.logs.read().await.message(&self.process, targets, level, &text).await;
    }

    /// Says something in the log of errors.
    pub(super) async fn say(&self, level: LogLevel, text: &str) {
        self.logs.read().await.message(&self.process, &self.settings.error_log, level, text).await;
    }

    /// Completes when the worker is about to leave.
    async fn left(&self) {
        poll_fn(|cx| {
            let mut leaving = lock(&self.leaving);
            if leaving.0 {
                return Poll::Ready(());
            }
            leaving.1.register(cx);
            Poll::Pending
        })
        .await;
    }

    fn is_leaving(&self) -> bool {
        lock(&self.leaving).0
    }

    fn leave(&self) {
        let mut leaving = lock(&self.leaving);
        leaving.0 = true;
        leaving.1.wake();
    }
}

/// Runs a worker until it is told to end.
pub(super) async fn run(worker: Arc<Worker>, mut sockets: Vec<Socket>) -> Outcome {
    let mut connections: FuturesUnordered<BoxFuture<'_, ()>> = FuturesUnordered::new();
    let mut deadline: Option<crate::env::BoxFuture<()>> = None;
    loop {
        let event = poll_fn(|cx| {
            if worker.process.poll_signalled(cx).is_ready() {
                return Poll::Ready(Event::Signal);
            }
            if connections.len() < MAX_CONNECTIONS {
                for socket in &sockets {
                    if let Poll::Ready(stream) = socket.listener.poll_accept(cx) {
                        return Poll::Ready(Event::Accepted(stream, socket.purpose.clone()));
                    }
                }
            }
            if deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(cx).is_ready()) {
                connections.clear();
                return Poll::Ready(Event::Closed);
            }
            match connections.poll_next_unpin(cx) {
                Poll::Ready(Some(())) => Poll::Ready(Event::Closed),
                Poll::Ready(None) | Poll::Pending => Poll::Pending,
            }
        });
        match event.await {
            Event::Accepted(stream, purpose) => {
                let worker = &worker;
                connections.push(match purpose {
                    Purpose::Http => Box::pin(connection(worker, stream)),
                    Purpose::Stream(number) => Box::pin(stream::connection(worker, stream, number)),
                });
            }
            Event::Closed => {}
            Event::Signal => match worker.process.take_signal() {
                Some(Signal::TERM | Signal::INT) => {
                    worker.say(LogLevel::Notice, "exiting").await;
                    worker.say(LogLevel::Notice, "exit").await;
                    return Outcome::Exit(0);
                }
                Some(Signal::QUIT | Signal::WINCH) => {
                    worker.say(LogLevel::Notice, "gracefully shutting down").await;
                    worker.leave();
                    for socket in std::mem::take(&mut sockets) {
                        // The number is the worker's own copy.
                        let _ = worker.process.close(socket.fd);
                    }
                    deadline = worker
                        .settings
                        .shutdown_timeout
                        .map(|limit| worker.process.container.host.env.sleep(limit));
                }
                Some(Signal::USR1) => {
                    worker.say(LogLevel::Notice, "reopening logs").await;
                    worker.logs.write().await.reopen(&worker.process).await;
                }
                _ => {}
            },
        }
        if worker.is_leaving() && connections.is_empty() {
            worker.say(LogLevel::Notice, "exiting").await;
            worker.say(LogLevel::Notice, "exit").await;
            return Outcome::Exit(0);
        }
    }
}

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

async fn connection(worker: &Worker, stream: Arc<Stream>) {
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
    head: crate::http::RequestHead,
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
    log(worker, &request).await;
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

/// Sends an answer; `true` where the connection stays open.
async fn send(
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
    file: &crate::kernel::fs::OpenFile,
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

async fn log(worker: &Worker, request: &Request) {
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

/// Whether a server answers to a name, how well, and what its regular expression's groups matched.
pub(super) fn fits(server: &Server, host: &str) -> Option<(u8, usize, super::settings::Groups)> {
    let none = super::settings::Groups::default;
    server
        .names
        .iter()
        .filter_map(|name| match name {
            ServerName::Exact(exact) if exact == host => Some((4, 0, none())),
            ServerName::SuffixOrSelf(suffix) if suffix.get(1..) == Some(host) => Some((4, 0, none())),
            ServerName::Suffix(suffix) | ServerName::SuffixOrSelf(suffix)
                if host.ends_with(suffix.as_str()) =>
            {
                Some((3, suffix.len(), none()))
            }
            ServerName::Prefix(prefix) if host.starts_with(prefix.as_str()) => {
                Some((2, prefix.len(), none()))
            }
            ServerName::Regex(regex) => super::settings::Groups::of(regex, host).map(|groups| (1, 0, groups)),
            _ => None,
        })
        .max_by_key(|(rank, len, _)| (*rank, *len))
}
