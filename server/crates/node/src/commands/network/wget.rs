//! `wget`: fetches over HTTP, in busybox's and in GNU's words.

use std::{net::IpAddr, net::SocketAddr, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::tz::TimeZone;

use super::connect::busybox_address;
use crate::{
    commands::Cx,
    http::{Body, BodyKind, Headers, ResponseHead, TlsError, Trust, Url, UrlError, Wire, WireError, within},
    kernel::{errno::Errno, fs::OpenFlags, process::Fd},
    libc::{getopt::OptSpec, getopt::Opts, resolver, resolver::ResolveError},
};

const SPEC: OptSpec = OptSpec {
    short: "cqSO:o:P:T:t:U:Y:Nn:i:kdvrp:e:w:4:6:b",
    long: &[
        ("spider", b'\x01'),
        ("header=", b'\x02'),
        ("post-data=", b'\x03'),
        ("post-file=", b'\x04'),
        ("no-check-certificate", b'\x05'),
        ("quiet", b'q'),
        ("server-response", b'S'),
        ("output-document=", b'O'),
        ("output-file=", b'o'),
        ("directory-prefix=", b'P'),
        ("timeout=", b'T'),
        ("tries=", b't'),
        ("user-agent=", b'U'),
        ("continue", b'c'),
        ("no-verbose", b'\x06'),
        ("method=", b'\x07'),
        ("body-data=", b'\x08'),
        ("content-on-error", b'\x09'),
        ("connect-timeout=", b'\x0a'),
        ("read-timeout=", b'\x0b'),
        ("show-progress", b'\x0c'),
        ("progress=", b'\x0d'),
        ("user=", b'\x0e'),
        ("password=", b'\x0f'),
        ("waitretry=", b'\x10'),
        ("retry-connrefused", b'\x11'),
        ("max-redirect=", b'\x12'),
        ("proxy=", b'Y'),
    ],
};
const USAGE: &str = "[-cqS] [--spider] [-O FILE] [-o LOGFILE] [--header STR]\n\
\t[--post-data STR | --post-file FILE] [-Y on/off]\n\
\t[-P DIR] [-U AGENT] [-T SEC] URL...\n\n\
Retrieve files via HTTP or FTP\n\n\
\t--spider\tOnly check URL existence: $? is 0 if exists\n\
\t--header STR\tAdd STR (of form 'header: value') to headers\n\
\t--post-data STR\tSend STR using POST method\n\
\t--post-file FILE\tSend FILE using POST method\n\
\t-c\t\tContinue retrieval of aborted transfer\n\
\t-q\t\tQuiet\n\
\t-P DIR\t\tSave to DIR (default .)\n\
\t-S    \t\tShow server response\n\
\t-T SEC\t\tNetwork read timeout is SEC seconds\n\
\t-O FILE\t\tSave to FILE ('-' for stdout)\n\
\t-o LOGFILE\tLog messages to FILE\n\
\t-U STR\t\tUse STR for User-Agent header\n\
\t-Y on/off\tUse proxy";

/// How many redirects are followed.
const MAX_REDIRECTS: u32 = 20;
/// How long GNU's waits for anything.
const GNU_TIMEOUT: Duration = Duration::from_secs(900);

/// What the options say.
struct Plan {
    quiet: bool,
    terse: bool,
    spider: bool,
    show_response: bool,
    output: Option<String>,
    directory: Option<String>,
    headers: Vec<String>,
    agent: Option<String>,
    method: Option<String>,
    body: Option<Vec<u8>>,
    timeout: Option<Duration>,
    tries: u32,
    retry_refused: bool,
    user: Option<String>,
    content_on_error: bool,
    checks_certificate: bool,
}

/// Why nothing was fetched, and with which exit code. The message was said.
struct Failed(u8);

/// Runs `wget`.
pub(super) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() {
        if cx.is_gnu() {
            cx.complain("wget: missing URL\nUsage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.\n").await;
            return 1;
        }
        return cx.bad_usage(USAGE).await;
    }
    let plan = match plan(&mut cx, &opts).await {
        Ok(plan) => plan,
        Err(code) => return code,
    };
    let mut code = 0;
    for operand in opts.operands {
        let text = String::from_utf8_lossy(&operand).into_owned();
        if let Err(Failed(failed)) = fetch(&mut cx, &plan, &text).await {
            code = failed;
            if !cx.is_gnu() {
                break;
            }
        }
    }
    cx.finish(code).await
}

async fn plan(cx: &mut Cx, opts: &Opts) -> Result<Plan, u8> {
    let text = |letter: u8| opts.value(letter).map(|value| String::from_utf8_lossy(value).into_owned());
    let seconds = |letter: u8| {
        text(letter)
            .and_then(|value| value.parse::<f64>().ok())
            .filter(|value| value.is_finite() && *value >= 0.0)
    };
    let mut body = text(3).or(text(8)).map(String::into_bytes);
    if let Some(path) = opts.value(4) {
        match cx.process.read_file(path, 16 << 20).await {
            Ok(content) => body = Some(content),
            Err(errno) => {
                cx.open_error(path, errno).await;
                return Err(1);
            }
        }
    }
    let timeout = seconds(b'T')
        .or(seconds(10))
        .or(seconds(11))
        .filter(|value| *value > 0.0)
        .map(Duration::from_secs_f64);
    let user = text(14).map(|user| format!("{user}:{}", text(15).unwrap_or_default()));
    Ok(Plan {
        quiet: opts.has(b'q'),
        terse: opts.has(6) || opts.values(b'n').any(|value| &**value == b"v"),
        spider: opts.has(1),
        show_response: opts.has(b'S'),
        output: text(b'O'),
        directory: text(b'P'),
        headers: opts.values(2).map(|value| String::from_utf8_lossy(value).into_owned()).collect(),
        agent: text(b'U'),
        method: text(7),
        body,
        timeout: if cx.is_gnu() {
            Some(timeout.unwrap_or(GNU_TIMEOUT))
        } else {
            timeout.or(Some(GNU_TIMEOUT))
        },
        tries: text(b't').and_then(|value| value.parse().ok()).unwrap_or(20),
        retry_refused: opts.has(17),
        user,
        content_on_error: opts.has(9),
        checks_certificate: !opts.has(5),
    })
}

/// Says what goes on, unless told to be quiet.
async fn say(cx: &mut Cx, plan: &Plan, text: impl AsRef<str> + Send) {
    if !plan.quiet && !plan.terse {
        cx.complain(text.as_ref().to_owned()).await;
    }
}

fn now(cx: &Cx) -> String {
    cx.process.now().to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

async fn fail(cx: &mut Cx, message: impl AsRef<str> + Send, code: u8) -> Failed {
    cx.error(message).await;
    Failed(if cx.is_gnu() { code } else { 1 })
}

async fn fetch(cx: &mut Cx, plan: &Plan, text: &str) -> Result<(), Failed> {
    let mut url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => {
            let message = match (cx.is_gnu(), error) {
                (true, UrlError::BadPort) => format!("{text}: Bad port number."),
                (true, _) => format!("{text}: Invalid host name."),
                (false, _) => format!("bad address '{text}'"),
            };
            return Err(fail(cx, message, 1).await);
        }
    };
    for _ in 0..=MAX_REDIRECTS {
        if cx.is_gnu() {
            let shown = format!("{}://{}{}", url.scheme, url.authority(), url.target);
            let line = format!("--{}--  {shown}\n", now(cx));
            say(cx, plan, line).await;
        }
        if !matches!(url.scheme.as_str(), "http" | "https") {
            let message = if cx.is_gnu() {
                format!("{text}: Unsupported scheme '{}'.", url.scheme)
            } else {
                format!("not an http or ftp url: {text}")
            };
            return Err(fail(cx, message, 1).await);
        }
        let (head, mut wire) = ask(cx, plan, &url).await?;
        let kind = BodyKind::of_response(head.status, plan.spider && cx.is_gnu(), &head.headers);
        if plan.show_response {
            let lines: String =
                head.headers.iter().map(|(name, value)| format!("  {name}: {value}\n")).collect();
            cx.complain(format!("  {}\n{lines}", head.status_line())).await;
        }
        if matches!(head.status, 301 | 302 | 303 | 307 | 308)
            && let Some(location) = head.headers.get("location")
        {
            if cx.is_gnu() {
                let line = format!("Location: {location} [following]\n");
                say(cx, plan, line).await;
            }
            url = match url.join(location) {
                Ok(next) => next,
                Err(_) => return Err(fail(cx, format!("bad address '{location}'"), 1).await),
            };
            continue;
        }
        if !(200..300).contains(&head.status) && !plan.content_on_error {
            return Err(refused(cx, plan, &head, text).await);
        }
        if plan.spider {
            let line = if cx.is_gnu() { "\nRemote file exists.\n\n" } else { "remote file exists\n" };
            say(cx, plan, line).await;
            return Ok(());
        }
        return save(cx, plan, &url, &head, &mut wire, kind).await;
    }
    let message = if cx.is_gnu() {
        format!("{MAX_REDIRECTS} redirections exceeded.")
    } else {
        "too many redirections".to_owned()
    };
    Err(fail(cx, message, 8).await)
}

/// Says that the server did not want to.
async fn refused(cx: &mut Cx, plan: &Plan, head: &ResponseHead, text: &str) -> Failed {
    if !cx.is_gnu() {
        return fail(cx, format!("server returned error: {}", head.status_line()), 1).await;
    }
    if plan.spider {
        say(cx, plan, "Remote file does not exist -- broken link!!!\n\n").await;
    } else if !plan.quiet {
        let start = if plan.terse { format!("{text}:\n") } else { String::new() };
        let line = format!("{start}{} ERROR {}: {}.\n", now(cx), head.status, head.reason);
        cx.complain(line).await;
        if !plan.terse {
            cx.complain("\n").await;
        }
    }
    Failed(8)
}

/// Begins TLS. busybox checks no certificates, and says so.
async fn secure(cx: &mut Cx, plan: &Plan, host: &str, wire: &mut Wire) -> Result<(), Failed> {
    if !cx.is_gnu() && plan.checks_certificate {
        cx.complain("wget: note: TLS certificate validation not implemented\n").await;
    }
    let checks = cx.is_gnu() && plan.checks_certificate;
    let trust = if checks { Trust::Nobody } else { Trust::Anybody };
    let Err(error) = wire.start_tls(host, &trust).await else { return Ok(()) };
    if !cx.is_gnu() {
        return Err(fail(cx, "error getting response: Connection reset by peer", 1).await);
    }
    if matches!(error, TlsError::UnknownAuthority | TlsError::Expired | TlsError::WrongHost) {
        let text = format!(
            "ERROR: cannot verify {host}'s certificate:\n  Unable to locally verify the issuer's authority.\nTo connect \
             to {host} insecurely, use `--no-check-certificate'.\n"
        );
        cx.complain(text).await;
        return Err(Failed(5));
    }
    Err(fail(cx, "Unable to establish SSL connection.", 4).await)
}

/// Connects, asks, and reads the head of the answer.
async fn ask(cx: &mut Cx, plan: &Plan, url: &Url) -> Result<(ResponseHead, Wire), Failed> {
    let mut tries = 0;
    loop {
        tries += 1;
        let mut wire = match connect(cx, plan, url).await {
            Ok(wire) => wire,
            Err(Some(())) if plan.retry_refused && tries < plan.tries => {
                say(cx, plan, "Retrying.\n\n").await;
                cx.process.sleep(Duration::from_secs(u64::from(tries.min(10)))).await;
                continue;
            }
            Err(_) => return Err(Failed(if cx.is_gnu() { 4 } else { 1 })),
        };
        if url.scheme == "https" {
            secure(cx, plan, &url.host, &mut wire).await?;
        }
        if cx.is_gnu() {
            say(cx, plan, "HTTP request sent, awaiting response... ").await;
        }
        let sent = wire.write(request_text(cx, plan, url)).await;
        let read = match sent {
            Ok(()) => within(&cx.process.clone(), plan.timeout, wire.response()).await,
            Err(errno) => Some(Err(WireError::Io(errno))),
        };
        match read {
            Some(Ok(Some(head))) => {
                if cx.is_gnu() {
                    let line = if plan.show_response {
                        "\n".to_owned()
                    } else {
                        format!("{} {}\n", head.status, head.reason)
                    };
                    say(cx, plan, line).await;
                }
                return Ok((head, wire));
            }
            None if !cx.is_gnu() => return Err(fail(cx, "download timed out", 4).await),
            failed => {
                let reason = match failed {
                    None => "Read error (Connection timed out) in headers.".to_owned(),
                    Some(Ok(None)) => "No data received.".to_owned(),
                    Some(Err(WireError::Io(errno))) => format!("Read error ({}) in headers.", cx.text(errno)),
                    _ => "Malformed status line.".to_owned(),
                };
                if !cx.is_gnu() {
                    let message = match failed {
                        Some(Err(WireError::Io(errno))) => {
                            format!("error getting response: {}", cx.text(errno))
                        }
                        _ => "error getting response".to_owned(),
                    };
                    return Err(fail(cx, message, 1).await);
                }
                say(cx, plan, format!("{reason}\n")).await;
                if tries >= plan.tries {
                    say(cx, plan, "Giving up.\n\n").await;
                    return Err(Failed(4));
                }
                say(cx, plan, "Retrying.\n\n").await;
                cx.process.sleep(Duration::from_secs(u64::from(tries.min(10)))).await;
            }
        }
    }
}

/// Connects to the host. Where the connection was refused the error says so, in case that is to be tried again.
async fn connect(cx: &mut Cx, plan: &Plan, url: &Url) -> Result<Wire, Option<()>> {
    let process = Arc::clone(&cx.process);
    let port = url.port_or_default();
    if !cx.is_gnu() {
        let Ok(ip) = busybox_address(&process, &url.host).await else {
            cx.error(format!("bad address '{}'", url.host)).await;
            return Err(None);
        };
        let address = SocketAddr::new(ip, port);
        let shown = url.port.map_or(url.host.clone(), |port| format!("{}:{port}", url.host));
        say(cx, plan, format!("Connecting to {shown} ({address})\n")).await;
        return match within(&process, plan.timeout, Wire::connect(&process, address)).await {
            Some(Ok(wire)) => Ok(wire),
            Some(Err(errno)) => {
                let reason = cx.text(errno);
                let shown = if ip.is_ipv4() { format!(" ({ip})") } else { String::new() };
                cx.error(format!("can't connect to remote host{shown}: {reason}")).await;
                Err(Some(()))
            }
            None => {
                cx.error("download timed out").await;
                Err(None)
            }
        };
    }
    let is_number = url.host.parse::<IpAddr>().is_ok();
    if !is_number {
        say(cx, plan, format!("Resolving {0} ({0})... ", url.host)).await;
    }
    let found = match resolver::resolve(&process, &url.host).await {
        Ok(found) => found,
        Err(error) => {
            let reason = match error {
                ResolveError::NoName => "Name or service not known",
                ResolveError::Again => "Temporary failure in name resolution",
            };
            say(cx, plan, format!("failed: {reason}.\n")).await;
            cx.error(format!("unable to resolve host address '{}'", url.host)).await;
            return Err(None);
        }
    };
    if !is_number {
        let list: Vec<String> = found.iter().map(IpAddr::to_string).collect();
        say(cx, plan, format!("{}\n", list.join(", "))).await;
    }
    for ip in found {
        let name = if is_number { String::new() } else { format!("{0} ({0})|{ip}|", url.host) };
        let name = if is_number { ip.to_string() } else { name };
        say(cx, plan, format!("Connecting to {name}:{port}... ")).await;
        match within(&process, plan.timeout, Wire::connect(&process, SocketAddr::new(ip, port))).await {
            Some(Ok(wire)) => {
                say(cx, plan, "connected.\n").await;
                return Ok(wire);
            }
            failed => {
                let errno = failed.and_then(Result::err).unwrap_or(Errno::ETIMEDOUT);
                let reason = cx.text(errno);
                say(cx, plan, format!("failed: {reason}.\n")).await;
            }
        }
    }
    Err(Some(()))
}

fn request_text(cx: &Cx, plan: &Plan, url: &Url) -> Vec<u8> {
    let default = if plan.spider && cx.is_gnu() { "HEAD" } else { "GET" };
    let method = match (&plan.method, &plan.body) {
        (Some(method), _) => method.as_str(),
        (None, Some(_)) => "POST",
        (None, None) => default,
    };
    let given = |name: &str| {
        plan.headers.iter().any(|header| {
            header.split(':').next().is_some_and(|known| known.trim().eq_ignore_ascii_case(name))
        })
    };
    let mut headers = Headers::default();
    let agent =
        plan.agent.clone().unwrap_or_else(|| if cx.is_gnu() { "Wget/1.25.0" } else { "Wget" }.to_owned());
    if !given("host") {
        headers.push("Host", url.authority());
    }
    if !given("user-agent") {
        headers.push("User-Agent", agent);
    }
    if cx.is_gnu() {
        headers.push("Accept", "*/*");
        headers.push("Accept-Encoding", "identity");
        headers.push("Connection", "Keep-Alive");
    } else {
        headers.push("Connection", "close");
    }
    if let Some(user) = url.user.as_ref().or(plan.user.as_ref()) {
        headers.push("Authorization", format!("Basic {}", STANDARD.encode(user)));
    }
    for header in &plan.headers {
        if let Some((name, value)) = header.split_once(':') {
            headers.push(name.trim(), value.trim());
        }
    }
    if let Some(body) = &plan.body {
        if !given("content-type") {
            headers.push("Content-Type", "application/x-www-form-urlencoded");
        }
        headers.push("Content-Length", body.len().to_string());
    }
    let mut text = format!("{method} {} HTTP/1.1\r\n{}\r\n", url.target, headers.text()).into_bytes();
    text.extend_from_slice(plan.body.as_deref().unwrap_or_default());
    text
}

/// The name of the file that is written: the last part of the path.
fn file_name(cx: &Cx, plan: &Plan, url: &Url) -> String {
    let path = if cx.is_gnu() { url.target.as_str() } else { url.path() };
    let name = match path.rsplit('/').next() {
        None | Some("") => "index.html".to_owned(),
        Some(name) if name.starts_with('?') => format!("index.html{name}"),
        Some(name) => name.to_owned(),
    };
    let path = match &plan.directory {
        Some(directory) => format!("{}/{name}", directory.trim_end_matches('/')),
        None => name,
    };
    if !cx.is_gnu() || cx.process.stat(path.as_bytes(), true).is_err() {
        return path;
    }
    // GNU's never overwrites.
    (1..1000)
        .map(|number| format!("{path}.{number}"))
        .find(|path| cx.process.stat(path.as_bytes(), true).is_err())
        .unwrap_or(path)
}

async fn save(
    cx: &mut Cx,
    plan: &Plan,
    url: &Url,
    head: &ResponseHead,
    wire: &mut Wire,
    kind: BodyKind,
) -> Result<(), Failed> {
    let path = plan.output.clone().unwrap_or_else(|| file_name(cx, plan, url));
    let to_stdout = path == "-";
    let length = match kind {
        BodyKind::Length(length) => Some(length),
        _ => None,
    };
    if cx.is_gnu() {
        let size = length.map_or_else(|| "unspecified".to_owned(), |length| length.to_string());
        let kind = head
            .headers
            .get("content-type")
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned();
        let target = if to_stdout { "'STDOUT'".to_owned() } else { format!("'{path}'") };
        say(cx, plan, format!("Length: {size} [{kind}]\nSaving to: {target}\n\n")).await;
    }
    let fd = if to_stdout { None } else { Some(create(cx, plan, &path).await?) };
    if !cx.is_gnu() {
        say(
            cx,
            plan,
            if to_stdout { "writing to stdout\n".to_owned() } else { format!("saving to '{path}'\n") },
        )
        .await;
    }
    let mut body = Body::new(kind);
    let mut got = 0u64;
    loop {
        let piece = within(&cx.process.clone(), plan.timeout, body.next(wire)).await;
        match piece {
            Some(Ok(Some(bytes))) => {
                got += bytes.len() as u64;
                let written = match fd {
                    Some(fd) => cx.process.write(fd, bytes).await,
                    None if cx.write(bytes).await => Ok(()),
                    None => return Err(Failed(1)),
                };
                if let Err(errno) = written {
                    let message = format!("{path}: {}", cx.text(errno));
                    return Err(fail(cx, message, 3).await);
                }
            }
            Some(Ok(None)) => break,
            Some(Err(_)) if cx.is_gnu() => {
                say(cx, plan, "\nConnection closed at byte 0. Giving up.\n\n").await;
                return Err(Failed(4));
            }
            Some(Err(_)) => return Err(fail(cx, "connection closed prematurely", 1).await),
            None => return Err(fail(cx, "download timed out", 4).await),
        }
    }
    if let Some(fd) = fd {
        // It was open a moment ago.
        let _ = cx.process.close(fd);
    }
    report(cx, plan, url, &path, got, length).await;
    Ok(())
}

async fn create(cx: &mut Cx, plan: &Plan, path: &str) -> Result<Fd, Failed> {
    // busybox refuses to overwrite a file that it was not told to write.
    let exclusive = plan.output.is_none() && !cx.is_gnu();
    let flags = OpenFlags { exclusive, ..OpenFlags::WRITE };
    match cx.process.open(path.as_bytes(), flags, 0o666).await {
        Ok(fd) => Ok(fd),
        Err(errno) => {
            let reason = cx.text(errno);
            let message = if cx.is_gnu() {
                format!("{path}: {reason}")
            } else {
                format!("can't open '{path}': {reason}")
            };
            Err(fail(cx, message, 3).await)
        }
    }
}

/// What is said at the end.
async fn report(cx: &mut Cx, plan: &Plan, url: &Url, path: &str, got: u64, length: Option<u64>) {
    let to_stdout = path == "-";
    cx.flush().await;
    if cx.is_gnu() {
        let of = length.map_or(String::new(), |length| format!("/{length}"));
        if plan.terse && !plan.quiet {
            let line = format!(
                "{} URL:{}://{}{} [{got}{of}] -> \"{path}\" [1]\n",
                now(cx),
                url.scheme,
                url.authority(),
                url.target
            );
            cx.complain(line).await;
            return;
        }
        let dots = usize::try_from(got.div_ceil(1024)).unwrap_or(50).clamp(1, 50);
        let bar: String = (0..50)
            .map(|at| {
                format!(
                    "{}{}",
                    if at < dots && got >= 1024 { "." } else { " " },
                    if at % 10 == 9 { " " } else { "" }
                )
            })
            .collect();
        say(cx, plan, format!("     0K {bar}100%  117M=0s\n\n")).await;
        let (verb, target) = if to_stdout { ("written to stdout", "-") } else { ("", path) };
        let line = if to_stdout {
            format!("{} (117 MB/s) - {verb} [{got}{of}]\n\n", now(cx))
        } else {
            format!("{} (117 MB/s) - '{target}' saved [{got}{of}]\n\n", now(cx))
        };
        say(cx, plan, line).await;
        return;
    }
    let name: String = path.rsplit('/').next().unwrap_or(path).chars().take(20).collect();
    let stars = "*".repeat(32);
    let size = if got < 100_000 { got.to_string() } else { format!("{}k", got / 1024) };
    say(cx, plan, format!("\r{name:<20} 100% |{stars}| {size:>5}  0:00:00 ETA\n")).await;
    say(cx, plan, if to_stdout { "written to stdout\n".to_owned() } else { format!("'{path}' saved\n") })
        .await;
}
