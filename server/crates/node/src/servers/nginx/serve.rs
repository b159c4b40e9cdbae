//! How a request is answered: rewrites, the location, access, content, and the pages for errors.

use std::{collections::HashMap, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    files, limits, proxy,
    request::{Request, normalize},
    response::{Content, Response},
    settings::{AccessRule, Condition, ErrorPage, Groups, Handler, Location, LogLevel, Op, RewriteFlag},
    variables::fill,
    worker::Worker,
};
use crate::libc::crypt;

/// How often the location of a request may change.
pub(super) const MAX_CHANGES: u32 = 10;

/// What comes out of a phase.
#[derive(Debug)]
pub(super) enum Step {
    /// An answer.
    Done(Response),
    /// The page for a status, the configured one if there is one.
    Status(u16),
    /// A redirect to a path of this server, or to a whole URL.
    Redirect { code: u16, location: String },
    /// The same request at another path.
    Internal { uri: String, args: Option<String> },
    /// The same request in a named location.
    Named(String),
    /// The next phase.
    Next,
}

/// Answers a request.
pub(super) async fn answer(worker: &Worker, request: &mut Request) -> Response {
    let mut step = run(worker, request, true).await;
    loop {
        step = match step {
            Step::Done(mut response) => {
                if let Some(status) = request.error_status
                    && response.status == 200
                {
                    response.status = status;
                    response.last_modified = None;
                    response.etag = None;
                    response.ranges = false;
                }
                return response;
            }
            Step::Next => Step::Status(404),
            Step::Redirect { code, location } => return redirect(worker, request, code, &location),
            Step::Internal { uri, args } => internal(worker, request, uri, args).await,
            Step::Named(name) => named(worker, request, &name).await,
            Step::Status(444) => return Response::empty(444),
            Step::Status(status) => match error_page(worker, request, status) {
                Some(step) => step,
                None => return page(worker, request, status),
            },
        };
    }
}

/// The page that the server has for a status.
fn page(worker: &Worker, request: &Request, status: u16) -> Response {
    let mut response = Response::page(status, &worker.name_shown(&request.location.options));
    if status == 401
        && let Some((realm, _)) = &request.location.options.auth_basic
    {
        let realm = fill(worker, request, realm);
        response.headers.push("WWW-Authenticate", format!("Basic realm=\"{realm}\""));
    }
    response
}

fn redirect(worker: &Worker, request: &Request, code: u16, location: &str) -> Response {
    let options = &request.location.options;
    let mut response = Response::page(code, &worker.name_shown(options));
    let location = if location.starts_with('/') && options.absolute_redirect {
        let host = if options.server_name_in_redirect { request.server.name() } else { request.host.clone() };
        let port = request.local.port();
        let port = if options.port_in_redirect && port != 80 { format!(":{port}") } else { String::new() };
        format!("http://{host}{port}{location}")
    } else {
        location.to_owned()
    };
    response.location = Some(location);
    response
}

/// The configured page for a status, if there is one and it is not being made already.
fn error_page(worker: &Worker, request: &mut Request, status: u16) -> Option<Step> {
    let options = Arc::clone(&request.location);
    let options = &options.options;
    if request.in_error_page && !options.recursive_error_pages {
        request.error_status = None;
        return None;
    }
    let ErrorPage { answer, target, .. } =
        options.error_pages.iter().find(|page| page.codes.contains(&status))?;
    request.in_error_page = true;
    request.error_status = match answer {
        None => Some(status),
        Some(0) => None,
        Some(code) => Some(*code),
    };
    let target = fill(worker, request, target);
    if let Some(name) = target.strip_prefix('@') {
        return Some(Step::Named(format!("@{name}")));
    }
    if target.starts_with('/') {
        // What is shown is fetched, whatever was asked for.
        if request.head.method != "HEAD" {
            request.head.method = "GET".to_owned();
        }
        let (uri, args) = match target.split_once('?') {
            Some((uri, args)) => (uri.to_owned(), args.to_owned()),
            None => (target, request.args.clone()),
        };
        return Some(Step::Internal { uri, args: Some(args) });
    }
    let code = match answer {
        Some(code @ (301 | 302 | 303 | 307 | 308)) => *code,
        _ => 302,
    };
    request.error_status = None;
    Some(Step::Redirect { code, location: target })
}

async fn internal(worker: &Worker, request: &mut Request, uri: String, args: Option<String>) -> Step {
    if request.changes_left == 0 {
        let message =
            format!("rewrite or internal redirection cycle while internally redirecting to \"{uri}\"");
        worker.complain(request, LogLevel::Error, &message, None).await;
        request.in_error_page = true;
        return Step::Status(500);
    }
    request.changes_left -= 1;
    request.uri = uri;
    request.unparsed = None;
    if let Some(args) = args {
        request.args = args;
    }
    request.internal = true;
    run(worker, request, true).await
}

async fn named(worker: &Worker, request: &mut Request, name: &str) -> Step {
    let location = request.server.locations.named(name);
    let Some(location) = location.filter(|_| request.changes_left > 0) else {
        let message = format!("could not find named location \"{name}\"");
        worker.complain(request, LogLevel::Error, &message, None).await;
        return Step::Status(500);
    };
    request.changes_left -= 1;
    request.internal = true;
    request.location = location;
    match rewrite(worker, request).await {
        Step::Next => content(worker, request).await,
        step => step,
    }
}

/// All phases, from the server's rewrites on.
async fn run(worker: &Worker, request: &mut Request, server_script: bool) -> Step {
    request.location = Arc::clone(&request.server.outside);
    if server_script {
        let server = Arc::clone(&request.server);
        let mut changed = false;
        match script(worker, request, &server.script, &mut changed).await {
            Flow::Step(step) => return *step,
            Flow::On | Flow::Stop { .. } => {}
        }
    }
    if !find_location(request) {
        return Step::Status(404);
    }
    if request.location.options.internal && !request.internal {
        return Step::Status(404);
    }
    match rewrite(worker, request).await {
        Step::Next => content(worker, request).await,
        step => step,
    }
}

/// Finds the location of the path; where there is none, what holds outside of all stays. `false` is never an error.
fn find_location(request: &mut Request) -> bool {
    if let Some(found) = request.server.locations.find(&request.uri) {
        request.location = found.location;
        if let Some(groups) = found.groups {
            let named = groups.named.clone();
            request.groups = groups;
            remember(&mut request.variables, named);
        }
    }
    true
}

/// Named groups stay known after the next match.
fn remember(variables: &mut HashMap<String, String>, named: Vec<(String, String)>) {
    variables.extend(named);
}

/// The location's rewrites; they may lead to another location.
async fn rewrite(worker: &Worker, request: &mut Request) -> Step {
    loop {
        let location = Arc::clone(&request.location);
        let mut changed = false;
        match script(worker, request, &location.script, &mut changed).await {
            Flow::Step(step) => return *step,
            Flow::Stop { search: false } => return Step::Next,
            Flow::On | Flow::Stop { search: true } if !changed => return Step::Next,
            Flow::On | Flow::Stop { search: true } => {}
        }
        if request.changes_left == 0 {
            let message =
                format!("rewrite or internal redirection cycle while processing \"{}\"", request.uri);
            worker.complain(request, LogLevel::Error, &message, None).await;
            return Step::Status(500);
        }
        request.changes_left -= 1;
        request.location = Arc::clone(&request.server.outside);
        find_location(request);
    }
}

/// How steps of a script end.
enum Flow {
    On,
    /// No further steps; whether another location is looked for.
    Stop {
        search: bool,
    },
    Step(Box<Step>),
}

/// Runs the steps of a script.
fn script<'a>(
    worker: &'a Worker,
    request: &'a mut Request,
    ops: &'a [Op],
    changed: &'a mut bool,
) -> futures::future::BoxFuture<'a, Flow> {
    Box::pin(async move {
        for op in ops {
            worker.process.work(1).await;
            match op {
                Op::Set { name, value } => {
                    let value = fill(worker, request, value);
                    request.variables.insert(name.clone(), value);
                }
                Op::Break => return Flow::Stop { search: false },
                Op::Return { code, text } => {
                    return Flow::Step(Box::new(returned(worker, request, *code, text.as_ref())));
                }
                Op::Rewrite { regex, target, flag } => {
                    let Some(groups) = Groups::of(regex, &request.uri) else { continue };
                    request.groups = groups;
                    let target_text = fill(worker, request, target);
                    match rewritten(request, target_text, *flag, changed) {
                        Flow::On => {}
                        flow => return flow,
                    }
                }
                Op::If { condition, then, location } => {
                    if !holds(worker, request, condition) {
                        continue;
                    }
                    if let Some(location) = location {
                        request.location = Arc::clone(location);
                    }
                    match script(worker, request, then, changed).await {
                        Flow::On => {}
                        flow => return flow,
                    }
                }
            }
        }
        Flow::On
    })
}

fn rewritten(request: &mut Request, target: String, flag: RewriteFlag, changed: &mut bool) -> Flow {
    let whole = ["http://", "https://"].iter().any(|start| target.starts_with(start));
    // A question mark at the end keeps the old query off.
    let target = match target.strip_suffix('?') {
        Some(bare) => bare.to_owned(),
        None if request.args.is_empty() => target,
        None if target.contains('?') => format!("{target}&{}", request.args),
        None => format!("{target}?{}", request.args),
    };
    if whole || matches!(flag, RewriteFlag::Redirect | RewriteFlag::Permanent) {
        let code = if flag == RewriteFlag::Permanent { 301 } else { 302 };
        return Flow::Step(Box::new(Step::Redirect { code, location: target }));
    }
    let (uri, args) = target.split_once('?').unwrap_or((&target, ""));
    request.uri = uri.to_owned();
    request.args = args.to_owned();
    request.unparsed = None;
    *changed = true;
    match flag {
        RewriteFlag::Last => Flow::Stop { search: true },
        RewriteFlag::Break => Flow::Stop { search: false },
        _ => Flow::On,
    }
}

fn returned(worker: &Worker, request: &Request, code: u16, text: Option<&super::template::Template>) -> Step {
    let text = text.map(|text| fill(worker, request, text));
    match (code, text) {
        (301 | 302 | 303 | 307 | 308, Some(location)) => Step::Redirect { code, location },
        (0, text) => Step::Done(text_answer(request, 200, text.unwrap_or_default())),
        (code, Some(text)) => Step::Done(text_answer(request, code, text)),
        (200 | 204, None) => Step::Done(text_answer(request, code, String::new())),
        (code, None) => Step::Status(code),
    }
}

fn text_answer(request: &Request, code: u16, text: String) -> Response {
    let kind = files::content_type(request, &request.uri);
    if text.is_empty() && code == 204 {
        return Response::empty(code);
    }
    Response::text(code, &kind, text)
}

fn holds(worker: &Worker, request: &mut Request, condition: &Condition) -> bool {
    match condition {
        Condition::True(text) => !matches!(fill(worker, request, text).as_str(), "" | "0"),
        Condition::Equals { left, right, not } => {
            (fill(worker, request, left) == fill(worker, request, right)) != *not
        }
        Condition::Matches { text, regex, not } => match Groups::of(regex, &fill(worker, request, text)) {
            Some(groups) => {
                let named = groups.named.clone();
                request.groups = groups;
                remember(&mut request.variables, named);
                !*not
            }
            None => *not,
        },
        Condition::File { kind, path, not } => {
            let path = fill(worker, request, path);
            let found = match kind {
                b'f' => files::exists(worker, &path, false),
                b'd' => files::exists(worker, &path, true),
                b'x' => worker.process.access(path.as_bytes(), crate::kernel::creds::EXECUTE).is_ok(),
                _ => worker.process.stat(path.as_bytes(), true).is_ok(),
            };
            found != *not
        }
    }
}

/// Whether rules allow an address: the first that fits decides.
fn allowed(rules: &[AccessRule], client: std::net::IpAddr) -> bool {
    let fits = |rule: &&AccessRule| rule.range.is_none_or(|range| crate::network::in_range(client, range));
    rules.iter().find(fits).is_none_or(|rule| rule.allow)
}

async fn may_enter(worker: &Worker, request: &mut Request) -> Option<u16> {
    let location = Arc::clone(&request.location);
    let options = &location.options;
    if let Some((methods, rules)) = &options.limit_except
        && !methods.contains(&request.head.method)
        && !allowed(rules, request.client.ip())
    {
        worker.complain(request, LogLevel::Error, "access forbidden by rule", None).await;
        return Some(403);
    }
    let by_address = allowed(&options.access, request.client.ip());
    let has_rules = !options.access.is_empty();
    let Some((_, file)) = &options.auth_basic else {
        if by_address {
            return None;
        }
        worker.complain(request, LogLevel::Error, "access forbidden by rule", None).await;
        return Some(403);
    };
    if options.satisfy_any && has_rules && by_address {
        return None;
    }
    if !by_address && !options.satisfy_any {
        worker.complain(request, LogLevel::Error, "access forbidden by rule", None).await;
        return Some(403);
    }
    authenticate(worker, request, file).await
}

/// Checks name and password (RFC 7617) against a file of `name:hash` lines.
async fn authenticate(worker: &Worker, request: &mut Request, file: &str) -> Option<u16> {
    let given = request.head.headers.get("authorization").and_then(|value| {
        let encoded = value.strip_prefix("Basic ")?;
        let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (name, password) = text.split_once(':')?;
        Some((name.to_owned(), password.to_owned()))
    });
    let Some((name, password)) = given else {
        let message = "no user/password was provided for basic authentication";
        worker.complain(request, LogLevel::Error, message, None).await;
        return Some(401);
    };
    let path = if file.starts_with('/') { file.to_owned() } else { format!("/etc/nginx/{file}") };
    let text = match worker.process.read_file(path.as_bytes(), 1 << 20).await {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(error) => {
            let message =
                format!("open() \"{path}\" failed ({}: {})", error.number(), worker.process.text(error));
            worker.complain(request, LogLevel::Crit, &message, None).await;
            return Some(403);
        }
    };
    let hash = text.lines().find_map(|line| {
        let (known, rest) = line.split_once(':')?;
        (known == name).then(|| rest.split(':').next().unwrap_or_default().to_owned())
    });
    let Some(hash) = hash else {
        let message = format!("user \"{name}\" was not found in \"{path}\"");
        worker.complain(request, LogLevel::Error, &message, None).await;
        return Some(401);
    };
    request.remote_user.clone_from(&name);
    worker.process.work(crypt::work(&hash)).await;
    if crypt::verify(&password, &hash) {
        return None;
    }
    worker.complain(request, LogLevel::Error, &format!("user \"{name}\": password mismatch"), None).await;
    Some(401)
}

/// Access, `try_files`, and what makes the content.
async fn content(worker: &Worker, request: &mut Request) -> Step {
    if let Some(status) = limits::check(worker, request).await {
        return Step::Status(status);
    }
    if let Some(status) = may_enter(worker, request).await {
        return Step::Status(status);
    }
    let limit = request.location.options.client_max_body_size;
    let length = request.head.headers.get("content-length").and_then(|length| length.parse::<u64>().ok());
    if limit > 0 && length.unwrap_or(request.body.len() as u64) > limit {
        let length = length.unwrap_or(request.body.len() as u64);
        let message = format!("client intended to send too large body: {length} bytes");
        worker.complain(request, LogLevel::Error, &message, None).await;
        return Step::Status(413);
    }
    let location = Arc::clone(&request.location);
    match try_files(worker, request, &location) {
        Step::Next => {}
        step => return step,
    }
    match &location.handler {
        Handler::Files => files::serve(worker, request).await,
        Handler::Proxy(proxy) => proxy::pass(worker, request, proxy).await,
        Handler::StubStatus if matches!(request.head.method.as_str(), "GET" | "HEAD") => {
            Step::Done(Response::text(200, "text/plain", worker.status_page()))
        }
        Handler::StubStatus => Step::Status(405),
        Handler::EmptyGif => {
            const GIF: &[u8] =
                b"GIF89a\x01\x00\x01\x00\x80\x01\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x01\x00,\
                                 \x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02L\x01\x00;";
            Step::Done(Response::text(200, "image/gif", GIF))
        }
        Handler::Unsupported(name) => {
            let message = format!("\"{name}\" is not simulated by podlab's nginx");
            worker.complain(request, LogLevel::Error, &message, None).await;
            Step::Status(502)
        }
    }
}

fn try_files(worker: &Worker, request: &mut Request, location: &Location) -> Step {
    let Some((last, candidates)) = location.options.try_files.split_last() else { return Step::Next };
    for candidate in candidates {
        let uri = fill(worker, request, candidate);
        let (uri, directory) = match uri.strip_suffix('/') {
            Some(bare) => (bare.to_owned(), true),
            None => (uri, false),
        };
        let path = files::map_path(worker, request, &uri);
        if files::exists(worker, &path, directory) {
            request.uri = if directory { format!("{uri}/") } else { uri };
            request.unparsed = None;
            return Step::Next;
        }
    }
    let fallback = fill(worker, request, last);
    if let Some(code) = fallback.strip_prefix('=') {
        return Step::Status(code.parse().unwrap_or(404));
    }
    if fallback.starts_with('@') {
        return Step::Named(fallback);
    }
    match fallback.split_once('?') {
        Some((uri, args)) => Step::Internal { uri: uri.to_owned(), args: Some(args.to_owned()) },
        None => Step::Internal { uri: fallback, args: None },
    }
}

/// The path of a target as it was sent: `None` where it cannot be used.
pub(super) fn parse_target(target: &str, merge_slashes: bool) -> Option<(String, String, Option<String>)> {
    // A proxy would be sent whole URLs; the host in them counts.
    let (host, target) = match target.split_once("://") {
        Some(("http" | "https", rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            (Some(rest[..end].to_owned()), if end < rest.len() { &rest[end..] } else { "/" })
        }
        _ => (None, target),
    };
    let target = target.split('#').next().unwrap_or("/");
    let (path, args) = target.split_once('?').unwrap_or((target, ""));
    Some((normalize(path, merge_slashes)?, args.to_owned(), host))
}

/// Whether a response may be changed by filters: its whole content is at hand.
pub(super) fn is_small(response: &Response) -> bool {
    const MAX_FILTERED: u64 = 4 << 20;
    match &response.content {
        Content::Bytes(_) => true,
        Content::File { len, .. } => *len <= MAX_FILTERED,
        Content::Stream { len, .. } => len.is_some_and(|len| len <= MAX_FILTERED),
        Content::Tunnel(_) => false,
    }
}
