//! One transfer of `curl`: from a URL to bytes, or to an error with its number.

use std::{net::IpAddr, net::SocketAddr, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures::future::{Either, select};

use super::{
    options::{Output, Plan, VERSION},
    output::{Meter, Times},
};
use crate::{
    commands::{
        Cx,
        network::connect::{FamilyWanted, addresses},
    },
    http::{Body, BodyKind, Headers, ResponseHead, TlsError, Trust, Url, UrlError, Wire, WireError, within},
    kernel::{errno::Errno, fs::OpenFlags, process::Fd},
};

/// How long a connection is waited for when nothing is said.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(300);

/// The largest file of authorities.
const MAX_AUTHORITIES: usize = 4 << 20;

/// Why a transfer failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// curl's exit code.
    pub(super) code: u8,
    pub(super) message: String,
    /// Whether it may go better another time.
    pub(super) transient: bool,
}

fn failure(code: u8, message: impl Into<String>) -> Failure {
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

fn uptime(cx: &Cx) -> Duration {
    cx.process.container.host.env.clock.uptime()
}

async fn note(cx: &mut Cx, plan: &Plan, meter: &mut Meter, text: impl AsRef<str> + Send) {
    if plan.verbose {
        meter.interrupt(cx).await;
        let line = format!("* {}\n", text.as_ref());
        cx.complain(line).await;
    }
}

fn parse_url(text: &str) -> Result<Url, Failure> {
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

async fn connect(
    cx: &mut Cx,
    plan: &Plan,
    url: &Url,
    transfer: &mut Transfer,
    meter: &mut Meter,
    start: Duration,
) -> Result<Wire, Failure> {
    let mut host = url.host.clone();
    let mut port = url.port_or_default();
    for entry in &plan.connect_to {
        let parts: Vec<&str> = entry.split(':').collect();
        if let [from, from_port, to, to_port] = parts.as_slice()
            && (from.is_empty() || *from == host)
            && (from_port.is_empty() || from_port.parse() == Ok(port))
        {
            if !to.is_empty() {
                host = (*to).to_owned();
            }
            port = to_port.parse().unwrap_or(port);
            break;
        }
    }
    if let Some(proxy) = &plan.proxy {
        let proxy = parse_url(proxy)?;
        port = proxy.port.unwrap_or(1080);
        host = proxy.host;
    }
    let found = match plan.resolve.get(&(host.to_ascii_lowercase(), port)) {
        Some(found) => found.clone(),
        None => {
            let found = addresses(&cx.process.clone(), &host, plan.wanted).await;
            found.map_err(|_| failure(6, format!("Could not resolve host: {host}")))?
        }
    };
    transfer.times.resolved = uptime(cx).saturating_sub(start);
    describe_addresses(cx, plan, meter, &host, port, &found).await;
    let began = uptime(cx);
    let process = Arc::clone(&cx.process);
    let mut last = Errno::ECONNREFUSED;
    let limit = plan.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
    for ip in &found {
        let address = SocketAddr::new(*ip, port);
        note(cx, plan, meter, format!("  Trying {address}...")).await;
        let left = limit.saturating_sub(uptime(cx).saturating_sub(began));
        match within(&process, Some(left), Wire::connect(&process, address)).await {
            Some(Ok(wire)) => {
                transfer.remote = Some(address);
                transfer.local = Some(wire.stream.local);
                transfer.connects += 1;
                transfer.times.connected = uptime(cx).saturating_sub(start);
                note(cx, plan, meter, format!("Connected to {host} ({ip}) port {port}")).await;
                note(cx, plan, meter, "using HTTP/1.x".to_owned()).await;
                return Ok(wire);
            }
            Some(Err(errno)) => {
                last = errno;
                let reason = cx.text(errno);
                note(
                    cx,
                    plan,
                    meter,
                    format!("connect to {ip} port {port} from {} failed: {reason}", from_text(ip)),
                )
                .await;
            }
            None => {
                let millis = uptime(cx).saturating_sub(began).as_millis();
                let message = format!("Connection timed out after {millis} milliseconds");
                return Err(Failure { transient: true, ..failure(28, message) });
            }
        }
    }
    let millis = uptime(cx).saturating_sub(began).as_millis();
    let (code, reason) = match last {
        Errno::ETIMEDOUT => (28, "Could not connect to server"),
        _ => (7, "Could not connect to server"),
    };
    note(cx, plan, meter, format!("Failed to connect to {host} port {port} after {millis} ms: {reason}"))
        .await;
    note(cx, plan, meter, "closing connection #0").await;
    Err(Failure {
        transient: code == 28,
        ..failure(code, format!("Failed to connect to {host} port {port} after {millis} ms: {reason}"))
    })
}

/// The side that a failed attempt came from: its port is not known any more.
fn from_text(ip: &IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) if ip.is_loopback() => "127.0.0.1 port 0".to_owned(),
        IpAddr::V4(_) => "0.0.0.0 port 0".to_owned(),
        IpAddr::V6(_) => ":: port 0".to_owned(),
    }
}

async fn describe_addresses(
    cx: &mut Cx,
    plan: &Plan,
    meter: &mut Meter,
    host: &str,
    port: u16,
    found: &[IpAddr],
) {
    if host.parse::<IpAddr>().is_ok() || !plan.verbose {
        return;
    }
    let list = |wanted: FamilyWanted| {
        let list: Vec<String> = found.iter().filter(|ip| wanted.wants(ip)).map(IpAddr::to_string).collect();
        if list.is_empty() { "(none)".to_owned() } else { list.join(", ") }
    };
    note(cx, plan, meter, format!("Host {host}:{port} was resolved.")).await;
    note(cx, plan, meter, format!("IPv6: {}", list(FamilyWanted::V6))).await;
    note(cx, plan, meter, format!("IPv4: {}", list(FamilyWanted::V4))).await;
}

/// Begins TLS.
async fn secure(
    cx: &mut Cx,
    plan: &Plan,
    meter: &mut Meter,
    host: &str,
    wire: &mut Wire,
) -> Result<(), Failure> {
    let trust = match &plan.authorities {
        _ if plan.insecure => Trust::Anybody,
        Some(path) => {
            let text = cx.process.read_file(path.as_bytes(), MAX_AUTHORITIES).await.ok();
            let trust = text.as_deref().and_then(Trust::of_pem);
            trust.ok_or_else(|| failure(77, format!("error adding trust anchors from file: {path}")))?
        }
        None => Trust::Nobody,
    };
    note(cx, plan, meter, "TLSv1.3 (OUT), TLS handshake, Client hello (1):").await;
    let Err(error) = wire.start_tls(host, &trust).await else {
        note(cx, plan, meter, "TLSv1.3 (OUT), TLS handshake, Finished (20):").await;
        return Ok(());
    };
    Err(match error {
        TlsError::NotTls => {
            failure(35, "TLS connect error: error:0A00010B:SSL routines::wrong version number")
        }
        TlsError::UnknownAuthority => failure(
            60,
            format!("SSL certificate problem: unable to get local issuer certificate\n{DISTRUST}"),
        ),
        TlsError::Expired => {
            failure(60, format!("SSL certificate problem: certificate has expired\n{DISTRUST}"))
        }
        TlsError::WrongHost => failure(
            60,
            format!(
                "SSL: no alternative certificate subject name matches target host name '{host}'\n{DISTRUST}"
            ),
        ),
        TlsError::Gone(_) | TlsError::Refused => {
            failure(35, "TLS connect error: error:00000000:lib(0)::reason(0)")
        }
    })
}

/// What curl says to whoever cannot know that the server is the right one.
const DISTRUST: &str = "More details here: https://curl.se/docs/sslcerts.html

curl failed to verify the legitimacy of the server and therefore could not
establish a secure connection to it. To learn more about this situation and
how to fix it, please visit the webpage mentioned above.";

fn request_text(plan: &Plan, url: &Url, method: &str, body: Option<&[u8]>) -> (usize, Vec<u8>) {
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

async fn verbose_request(cx: &mut Cx, plan: &Plan, meter: &mut Meter, head: &[u8]) {
    if plan.verbose {
        meter.interrupt(cx).await;
        let text = String::from_utf8_lossy(head).into_owned();
        let lines: String =
            text.trim_end_matches("\r\n").split("\r\n").map(|line| format!("> {line}\n")).collect();
        cx.complain(format!("{lines}> \n")).await;
    }
}

async fn read_head(cx: &Cx, wire: &mut Wire) -> Result<ResponseHead, Failure> {
    match wire.response().await {
        Ok(Some(head)) => Ok(head),
        Ok(None) if wire.buffered().is_empty() => Err(failure(52, "Empty reply from server")),
        Ok(None) | Err(WireError::Head(_)) if wire.buffered().starts_with(b"HTTP/") => {
            Err(failure(8, "Weird server reply"))
        }
        Ok(None) | Err(WireError::Head(_)) => Err(failure(1, "Received HTTP/0.9 when not allowed")),
        Err(WireError::Io(errno)) => Err(failure(56, format!("Recv failure: {}", cx.text(errno)))),
    }
}

/// Shows and notes the head of a response.
async fn headers_arrived(
    cx: &mut Cx,
    plan: &Plan,
    meter: &mut Meter,
    transfer: &mut Transfer,
    head: &ResponseHead,
) -> Result<(), Failure> {
    let mut lines = vec![head.status_line()];
    lines.extend(head.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    let text: String = lines.iter().map(|line| format!("{line}\r\n")).collect::<String>() + "\r\n";
    transfer.header_bytes += text.len() as u64;
    if plan.verbose {
        meter.interrupt(cx).await;
        let shown: String = lines.iter().map(|line| format!("< {line}\n")).collect();
        cx.complain(format!("{shown}< \n")).await;
    }
    if plan.include || plan.head {
        // The head goes where the content goes, if that is standard output.
        cx.put(&text);
        cx.flush().await;
    }
    if let Some(path) = &plan.dump_header {
        if path == "-" {
            cx.put(&text);
        } else {
            let fd = create(cx, plan, path).await?;
            let written = cx.process.write(fd, text).await;
            // It was open a moment ago.
            let _ = cx.process.close(fd);
            written.map_err(|_| failure(23, "Failure writing output to destination"))?;
        }
    }
    Ok(())
}

async fn create(cx: &Cx, plan: &Plan, path: &str) -> Result<Fd, Failure> {
    if plan.create_dirs {
        for (at, _) in path.match_indices('/').filter(|(at, _)| *at > 0) {
            // Most of them exist.
            let _ = cx.process.mkdir(&path.as_bytes()[..at], 0o750);
        }
    }
    cx.process.open(path.as_bytes(), OpenFlags::WRITE, 0o666).await.map_err(|errno| {
        failure(23, format!("client returned ERROR on write, 0 bytes passed: {}", cx.text(errno)))
    })
}

#[expect(clippy::too_many_arguments, reason = "one step of a transfer needs all of it")]
async fn receive(
    cx: &mut Cx,
    plan: &Plan,
    index: usize,
    transfer: &mut Transfer,
    meter: &mut Meter,
    (url, method): (&Url, &str),
    head: &ResponseHead,
    wire: &mut Wire,
) -> Result<(), Failure> {
    let path = match plan.outputs.get(index) {
        Some(Output::File(path)) if path == "-" => None,
        Some(Output::File(path)) => Some(path.clone()),
        Some(Output::RemoteName) => match url.path().rsplit('/').next() {
            None | Some("") => {
                return Err(failure(23, "Failed to extract a filename from the URL to use for storage"));
            }
            Some(name) => Some(name.to_owned()),
        },
        None => None,
    };
    transfer.output.clone_from(&path);
    let fd = match &path {
        Some(path) => Some(create(cx, plan, path).await?),
        None => None,
    };
    let kind = BodyKind::of_response(head.status, method == "HEAD" || plan.head, &head.headers);
    if let BodyKind::Length(length) = kind {
        meter.expect(length);
    }
    let mut body = Body::new(kind);
    let result = loop {
        match body.next(wire).await {
            Ok(Some(bytes)) => {
                transfer.downloaded += bytes.len() as u64;
                if plan.verbose && !plan.silent {
                    meter.interrupt(cx).await;
                    cx.complain(format!("{{ [{} bytes data]\n", bytes.len())).await;
                }
                let written = match fd {
                    Some(fd) => cx.process.write(fd, bytes).await.is_ok(),
                    None => cx.write(bytes).await,
                };
                if !written {
                    break Err(failure(23, "Failure writing output to destination"));
                }
            }
            Ok(None) => break Ok(()),
            Err(Errno::ECONNRESET) => {
                let message = match kind {
                    BodyKind::Length(length) => {
                        format!(
                            "end of response with {} bytes missing",
                            length.saturating_sub(transfer.downloaded)
                        )
                    }
                    _ => "transfer closed with outstanding read data remaining".to_owned(),
                };
                break Err(failure(18, message));
            }
            Err(Errno::EINVAL) => break Err(failure(56, "Problem with a chunked-encoded body")),
            Err(errno) => break Err(failure(56, format!("Recv failure: {}", cx.text(errno)))),
        }
    };
    if let Some(fd) = fd {
        // It was open a moment ago.
        let _ = cx.process.close(fd);
    }
    result
}

async fn local_file(cx: &mut Cx, plan: &Plan, path: &str, transfer: &mut Transfer) -> Result<(), Failure> {
    let _ = plan;
    let content = cx.process.read_file(path.as_bytes(), 64 << 20).await;
    let content = content.map_err(|_| failure(37, format!("Could not open file {path}")))?;
    transfer.downloaded = content.len() as u64;
    cx.put(content);
    if cx.flush().await { Ok(()) } else { Err(failure(23, "Failure writing output to destination")) }
}

/// `telnet://`: passes on standard input and what comes back.
async fn talk(cx: &mut Cx, mut wire: Wire, transfer: &mut Transfer) -> Result<(), Failure> {
    let process = Arc::clone(&cx.process);
    let mut open = true;
    loop {
        let event = {
            let from_net = std::pin::pin!(wire.read());
            let from_input = std::pin::pin!(async {
                if open { process.read(0, 4096).await } else { std::future::pending().await }
            });
            match select(from_net, from_input).await {
                Either::Left((read, _)) => Ok(read),
                Either::Right((read, _)) => Err(read),
            }
        };
        match event {
            Ok(Ok(bytes)) if bytes.is_empty() => return Ok(()),
            Ok(Ok(bytes)) => {
                transfer.downloaded += bytes.len() as u64;
                if !cx.write(bytes).await {
                    return Err(failure(23, "Failure writing output to destination"));
                }
            }
            Ok(Err(errno)) => return Err(failure(56, format!("Recv failure: {}", cx.text(errno)))),
            Err(Ok(bytes)) if !bytes.is_empty() => {
                if wire.write(bytes).await.is_err() {
                    return Ok(());
                }
            }
            Err(_) => open = false,
        }
    }
}
