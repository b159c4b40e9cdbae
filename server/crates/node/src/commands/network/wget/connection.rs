//! Connecting and asking.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Failed, fail, options::Plan, say};
use crate::{
    commands::{Cx, network::connect::busybox_address},
    http::{Headers, ResponseHead, TlsError, Trust, Url, Wire, WireError, within},
    kernel::errno::Errno,
    libc::{resolver, resolver::ResolveError},
};

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
pub(super) async fn ask(cx: &mut Cx, plan: &Plan, url: &Url) -> Result<(ResponseHead, Wire), Failed> {
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
