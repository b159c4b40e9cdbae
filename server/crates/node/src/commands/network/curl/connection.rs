//! How `curl` reaches a server: names, addresses, TLS.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use super::{
    options::Plan,
    output::Meter,
    transfer::{Failure, Transfer, failure, note, parse_url, uptime},
};
use crate::{
    commands::{
        Cx,
        network::connect::{FamilyWanted, addresses},
    },
    http::{TlsError, Trust, Url, Wire, within},
    kernel::errno::Errno,
};

/// How long a connection is waited for when nothing is said.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(300);
/// The largest file of authorities.
const MAX_AUTHORITIES: usize = 4 << 20;
/// What curl says to whoever cannot know that the server is the right one.
const DISTRUST: &str = "More details here: https://curl.se/docs/sslcerts.html

curl failed to verify the legitimacy of the server and therefore could not
establish a secure connection to it. To learn more about this situation and
how to fix it, please visit the webpage mentioned above.";

/// Connects to the host of a URL, or to what stands for it.
pub(super) async fn connect(
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
pub(super) async fn secure(
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
