//! `proxy_pass`: requests that other servers answer.

use std::{sync::Arc, time::Duration};

use super::{
    request::{Request, Try},
    response::{Content, Response},
    serve::Step,
    settings::{LogLevel, Proxy, ProxyTarget, Upstream, split_host},
    variables::fill,
    worker::Worker,
};
use crate::{
    http::{Body, BodyKind, HeadError, Headers, ResponseHead, Wire, WireError, encode_path, within},
    kernel::errno::Errno,
    libc::resolver,
};

/// Fields of answers that belong to one connection, or that nginx says itself.
const NOT_PASSED: [&str; 9] = [
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "content-type",
    "last-modified",
    "date",
    "server",
    "location",
];

/// Where one request goes.
struct Goal {
    upstream: Arc<Upstream>,
    host: String,
    port: u16,
    tls: bool,
    /// Path and query.
    target: String,
}

/// Why a server did not answer.
enum Failure {
    Connect(Errno),
    ConnectTimeout,
    Send(Errno),
    ReadTimeout,
    Closed,
    Reset(Errno),
    Invalid,
}

impl Failure {
    fn status(&self) -> u16 {
        match self {
            Self::ConnectTimeout | Self::ReadTimeout => 504,
            Self::Connect(Errno::ETIMEDOUT) => 504,
            _ => 502,
        }
    }

    /// The message in the log of errors.
    fn message(&self, worker: &Worker) -> String {
        let text = |errno: &Errno| format!("({}: {})", errno.number(), worker.process.text(*errno));
        let timed_out = text(&Errno::ETIMEDOUT);
        match self {
            Self::Connect(errno @ (Errno::EHOSTUNREACH | Errno::ENETUNREACH | Errno::ECONNREFUSED)) => {
                format!("connect() failed {} while connecting to upstream", text(errno))
            }
            Self::Connect(errno) => format!("connect() failed {} while connecting to upstream", text(errno)),
            Self::ConnectTimeout => format!("upstream timed out {timed_out} while connecting to upstream"),
            Self::Send(errno) => format!("send() failed {} while sending request to upstream", text(errno)),
            Self::ReadTimeout => {
                format!("upstream timed out {timed_out} while reading response header from upstream")
            }
            Self::Closed => {
                "upstream prematurely closed connection while reading response header from upstream"
                    .to_owned()
            }
            Self::Reset(errno) => {
                format!("recv() failed {} while reading response header from upstream", text(errno))
            }
            Self::Invalid => {
                "upstream sent invalid header while reading response header from upstream".to_owned()
            }
        }
    }
}

/// Has another server answer.
pub(super) async fn pass(worker: &Worker, request: &mut Request, proxy: &Proxy) -> Step {
    let goal = match goal(worker, request, proxy).await {
        Ok(goal) => goal,
        Err(status) => return Step::Status(status),
    };
    request.proxy_host.clone_from(&goal.host);
    request.proxy_port = goal.port;
    let url =
        |address: &str| format!("{}://{address}{}", if goal.tls { "https" } else { "http" }, goal.target);
    let key = goal.upstream.hash_key().map(|key| fill(worker, request, key)).unwrap_or_default();
    let mut tried = Vec::new();
    loop {
        let now = worker.uptime();
        let Some(index) = goal.upstream.choose(&tried, request.client.ip(), &key, now) else {
            if let Some(last) =
                request.tries.last().and_then(|last| last.status).filter(|_| !tried.is_empty())
            {
                return Step::Status(last);
            }
            let upstream = url(&goal.upstream.name);
            let message = "no live upstreams while connecting to upstream";
            worker.complain(request, LogLevel::Error, message, Some(&upstream)).await;
            request.tries.push(Try {
                address: goal.upstream.name.clone(),
                status: Some(502),
                ..Try::default()
            });
            return Step::Status(502);
        };
        tried.push(index);
        let Some(peer) = goal.upstream.peers.get(index) else { return Step::Status(500) };
        let address = peer.address;
        let result = exchange(worker, request, proxy, &goal, address).await;
        let seconds = worker.uptime().saturating_sub(now).as_secs_f64();
        let mut attempt = Try { address: address.to_string(), seconds, ..Try::default() };
        let tries_left = proxy.next_upstream.tries == 0 || (tried.len() as u64) < proxy.next_upstream.tries;
        match result {
            Ok((head, wire)) => {
                let next = proxy.next_upstream.statuses.contains(&head.status)
                    && tries_left
                    && tried.len() < goal.upstream.peers.len();
                goal.upstream.done(index, next, worker.uptime());
                attempt.status = Some(head.status);
                request.tries.push(attempt);
                if next {
                    continue;
                }
                return respond(worker, request, proxy, head, wire);
            }
            Err(failure) => {
                goal.upstream.done(index, true, worker.uptime());
                attempt.status = Some(failure.status());
                request.tries.push(attempt);
                let message = failure.message(worker);
                let upstream = url(&address.to_string());
                worker.complain(request, LogLevel::Error, &message, Some(&upstream)).await;
                let next = match failure {
                    Failure::ConnectTimeout | Failure::ReadTimeout => proxy.next_upstream.timeout,
                    Failure::Invalid => proxy.next_upstream.invalid_header,
                    _ => proxy.next_upstream.error,
                };
                let repeatable = !matches!(request.head.method.as_str(), "POST" | "PATCH" | "LOCK")
                    || matches!(failure, Failure::Connect(_) | Failure::ConnectTimeout);
                if !next || !repeatable || !tries_left {
                    return Step::Status(failure.status());
                }
            }
        }
    }
}

async fn goal(worker: &Worker, request: &Request, proxy: &Proxy) -> Result<Goal, u16> {
    let args = |path: String| if request.args.is_empty() { path } else { format!("{path}?{}", request.args) };
    match &proxy.target {
        ProxyTarget::Fixed { upstream, tls, host, port, uri } => {
            let target = match (uri, &request.unparsed) {
                (None, Some(unparsed)) => unparsed.clone(),
                (None, None) => args(encode_path(request.uri.as_bytes())),
                (Some(uri), _) => {
                    let prefix = request.location.matcher.prefix();
                    let rest = request.uri.strip_prefix(prefix).unwrap_or(&request.uri);
                    args(format!("{uri}{}", encode_path(rest.as_bytes())))
                }
            };
            Ok(Goal { upstream: Arc::clone(upstream), host: host.clone(), port: *port, tls: *tls, target })
        }
        ProxyTarget::Computed(template) => {
            let url = fill(worker, request, template);
            let Some((scheme, rest)) =
                url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))
            else {
                worker
                    .complain(request, LogLevel::Error, &format!("invalid URL prefix in \"{url}\""), None)
                    .await;
                return Err(500);
            };
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (authority, uri) = rest.split_at(end);
            let target = match (uri, &request.unparsed) {
                ("", Some(unparsed)) => unparsed.clone(),
                ("", None) => args(encode_path(request.uri.as_bytes())),
                (uri, _) if uri.starts_with('/') => uri.to_owned(),
                (uri, _) => format!("/{uri}"),
            };
            let (host, port) = split_host(authority).ok_or(500u16)?;
            let upstream = match worker.upstream_named(authority) {
                Some(upstream) => upstream,
                None => match resolver::resolve(&worker.process, &host).await {
                    Ok(addresses) => Arc::new(Upstream::of_addresses(authority, &addresses, port)),
                    Err(_) => {
                        let message = format!("{host} could not be resolved (3: Host not found)");
                        worker.complain(request, LogLevel::Error, &message, None).await;
                        return Err(502);
                    }
                },
            };
            Ok(Goal { upstream, host: authority.to_owned(), port, tls: scheme == "https", target })
        }
    }
}

/// Sends the request and reads the head of the answer.
async fn exchange(
    worker: &Worker,
    request: &Request,
    proxy: &Proxy,
    goal: &Goal,
    address: std::net::SocketAddr,
) -> Result<(ResponseHead, Wire), Failure> {
    let process = &worker.process;
    let limit = |time: Duration| Some(time).filter(|time| !time.is_zero());
    let wire = within(process, limit(proxy.connect_timeout), Wire::connect(process, address)).await;
    let mut wire = wire.ok_or(Failure::ConnectTimeout)?.map_err(Failure::Connect)?;
    let text = request_text(worker, request, proxy, goal);
    wire.write(text).await.map_err(Failure::Send)?;
    loop {
        let head = within(process, limit(proxy.read_timeout), wire.response()).await;
        let head = match head.ok_or(Failure::ReadTimeout)? {
            Ok(Some(head)) => head,
            Ok(None) => return Err(Failure::Closed),
            Err(WireError::Io(errno)) => return Err(Failure::Reset(errno)),
            Err(WireError::Head(HeadError::Malformed | HeadError::TooLarge)) => return Err(Failure::Invalid),
        };
        if head.status != 100 {
            return Ok((head, wire));
        }
    }
}

fn request_text(worker: &Worker, request: &Request, proxy: &Proxy, goal: &Goal) -> Vec<u8> {
    let method = match &proxy.method {
        Some(method) => fill(worker, request, method),
        None => request.head.method.clone(),
    };
    let body = match &proxy.set_body {
        Some(body) => fill(worker, request, body).into_bytes(),
        None if proxy.pass_body => request.body.clone(),
        None => Vec::new(),
    };
    let mut headers = Headers::default();
    let is_set = |name: &str| proxy.set_headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    for (name, value) in &proxy.set_headers {
        let value = fill(worker, request, value);
        // An empty value keeps the field off.
        if !value.is_empty() {
            headers.push(name.clone(), value);
        }
    }
    let mut own = Headers::default();
    if !is_set("host") {
        own.push("Host", goal.host.clone());
    }
    if !is_set("connection") {
        own.push("Connection", "close");
    }
    for (name, value) in headers.iter() {
        own.push(name, value);
    }
    if !body.is_empty() || request.head.headers.get("content-length").is_some() {
        own.push("Content-Length", body.len().to_string());
    }
    if proxy.pass_headers {
        let dropped = [
            "host",
            "connection",
            "keep-alive",
            "content-length",
            "transfer-encoding",
            "te",
            "upgrade",
            "expect",
        ];
        for (name, value) in request.head.headers.iter() {
            if !dropped.iter().any(|known| name.eq_ignore_ascii_case(known)) && !is_set(name) {
                own.push(name, value);
            }
        }
    }
    let mut text =
        format!("{method} {} HTTP/1.{}\r\n{}\r\n", goal.target, proxy.http_minor, own.text()).into_bytes();
    text.extend_from_slice(&body);
    text
}

/// The answer for the client.
fn respond(
    worker: &Worker,
    request: &mut Request,
    proxy: &Proxy,
    head: ResponseHead,
    mut wire: Wire,
) -> Step {
    request.upstream_headers =
        head.headers.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    if head.status == 101 {
        let mut response = Response::empty(101);
        response.headers = head.headers;
        response.content = Content::Tunnel(Box::new(wire));
        return Step::Done(response);
    }
    if proxy.intercept_errors
        && head.status >= 300
        && request.location.options.error_pages.iter().any(|page| page.codes.contains(&head.status))
    {
        return Step::Status(head.status);
    }
    let kind = BodyKind::of_response(head.status, request.head.method == "HEAD", &head.headers);
    let mut response = Response::empty(head.status);
    response.proxied = true;
    response.reason = Some(head.reason.clone());
    response.content_type = head.headers.get("content-type").map(str::to_owned);
    response.last_modified = head.headers.get("last-modified").and_then(crate::http::parse_http_date);
    response.location =
        head.headers.get("location").map(|location| redirected(worker, request, proxy, location));
    for (name, value) in head.headers.iter() {
        let hidden = proxy.hide_headers.iter().any(|known| name.eq_ignore_ascii_case(known))
            || name.to_ascii_lowercase().starts_with("x-accel-")
            || name.eq_ignore_ascii_case("x-pad");
        let passed = proxy.pass_header.iter().any(|known| name.eq_ignore_ascii_case(known));
        if passed || (!hidden && !NOT_PASSED.iter().any(|known| name.eq_ignore_ascii_case(known))) {
            response.headers.push(name, value);
        }
    }
    let len = match kind {
        BodyKind::Length(len) => Some(len),
        BodyKind::Empty if request.head.method == "HEAD" => {
            head.headers.get("content-length").and_then(|len| len.parse().ok())
        }
        BodyKind::Empty => Some(0),
        BodyKind::Chunked | BodyKind::UntilClose => None,
    };
    if kind == BodyKind::Empty {
        wire.skip(usize::MAX);
    }
    response.content = Content::Stream { wire: Box::new(wire), body: Body::new(kind), len };
    Step::Done(response)
}

fn redirected(worker: &Worker, request: &Request, proxy: &Proxy, location: &str) -> String {
    for (from, to) in &proxy.redirect {
        if let Some(rest) = location.strip_prefix(&fill(worker, request, from)) {
            let target = format!("{}{rest}", fill(worker, request, to));
            if !target.starts_with('/') {
                return target;
            }
            let port = request.local.port();
            let port = if port == 80 { String::new() } else { format!(":{port}") };
            return format!("http://{}{port}{target}", request.host);
        }
    }
    location.to_owned()
}
