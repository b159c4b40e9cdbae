//! `nc -u`: datagrams instead of a connection. Who listens answers the first that sends something.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use futures::future::{Either, select};

use super::{Plan, address_of, local_address, service_name};
use crate::{
    commands::{Cx, network::connect::port},
    http::within,
    kernel::{errno::Errno, net::UdpSocket},
};

/// The largest datagram that fits into one packet of UDP over IPv4.
const MAX_DATAGRAM: usize = 65_507;

/// Sends standard input to a host, and prints what comes back.
pub(super) async fn connect(cx: &mut Cx, plan: &Plan, host: &str, text: &str) -> u8 {
    let process = Arc::clone(&cx.process);
    let Some(port) = port(&process, text).await else {
        return super::bad_port(cx, text).await;
    };
    let ip = match address_of(cx, plan, host, text).await {
        Ok(ip) => ip,
        Err(code) => return code,
    };
    let peer = SocketAddr::new(ip, port);
    let net = &process.container.net;
    let own = if ip.is_loopback() { ip } else { net.ip };
    let (_fd, socket) = match process.bind_udp(SocketAddr::new(own, plan.local_port.unwrap_or(0))) {
        Ok(bound) => bound,
        Err(errno) => {
            let message = format!("bind: {}", cx.text(errno));
            cx.error(message).await;
            return 1;
        }
    };
    socket.connect(peer);
    if plan.scan {
        // Only a refusal tells that nobody is there.
        if send(cx, &socket, peer, Bytes::from_static(b"X")).await.is_err() {
            return 1;
        }
    }
    if plan.verbose {
        let message = if cx.is_gnu() {
            let service = service_name(cx, port, "udp").await;
            let shown = if host.parse::<IpAddr>().is_ok() { String::new() } else { format!(" ({ip})") };
            format!("Connection to {host}{shown} {port} port [udp/{service}] succeeded!\n")
        } else {
            format!("{host} ({peer}) open\n")
        };
        cx.complain(message).await;
    }
    if plan.scan {
        return 0;
    }
    exchange(cx, plan, &socket, Some(peer)).await
}

/// Waits for a datagram, prints it, and answers whoever sent it with standard input.
pub(super) async fn listen(cx: &mut Cx, plan: &Plan, host: Option<&str>, text: &str) -> u8 {
    let process = Arc::clone(&cx.process);
    let at = match local_address(cx, plan, host, text).await {
        Ok(at) => at,
        Err(code) => return code,
    };
    let (_fd, socket) = match process.bind_udp(at) {
        Ok(bound) => bound,
        Err(errno) => return super::bind_failed(cx, errno).await,
    };
    if plan.verbose {
        let message = if cx.is_gnu() {
            format!("Bound on {} {}\n", at.ip(), at.port())
        } else {
            format!("listening on {at} ...\n")
        };
        cx.complain(message).await;
    }
    // OpenBSD's netcat that is to go on answers nobody in particular.
    exchange(cx, plan, &socket, None).await
}

async fn send(cx: &Cx, socket: &UdpSocket, to: SocketAddr, bytes: Bytes) -> Result<(), Errno> {
    let process = &cx.process;
    process.work(10).await;
    process.container.fabric.send(&process.container.net, socket.local.port(), to, bytes).await
}

/// Passes on what comes from both sides, until the other side refuses or the time is over.
async fn exchange(cx: &mut Cx, plan: &Plan, socket: &UdpSocket, mut peer: Option<SocketAddr>) -> u8 {
    let process = Arc::clone(&cx.process);
    let input = process.file(0);
    let mut sending = !plan.no_input;
    loop {
        let can_send = sending && peer.is_some();
        let event = {
            let from_input = std::pin::pin!(async {
                match &input {
                    Ok(file) if can_send => std::future::poll_fn(|cx| file.poll_read(cx, MAX_DATAGRAM)).await,
                    _ => std::future::pending().await,
                }
            });
            let from_net = std::pin::pin!(socket.receive());
            // Silence counts as the end only once someone is there to talk to.
            let limit = plan.timeout.filter(|_| peer.is_some() && (!sending || cx.is_gnu()));
            match within(&process, limit, select(from_net, from_input)).await {
                Some(Either::Left((datagram, _))) => Either::Left(datagram),
                Some(Either::Right((read, _))) => Either::Right(read),
                None => return 0,
            }
        };
        match event {
            Either::Left(datagram) => {
                if peer.is_none() && !(plan.keep && cx.is_gnu()) {
                    peer = Some(datagram.from);
                    socket.connect(datagram.from);
                    if plan.verbose {
                        let from = datagram.from;
                        let message = if cx.is_gnu() {
                            format!("Connection received on {} {}\n", from.ip(), from.port())
                        } else {
                            format!("connect to {} from {from} ({from})\n", socket.local)
                        };
                        cx.complain(message).await;
                    }
                }
                process.work(10).await;
                if !cx.write(datagram.bytes).await {
                    return 1;
                }
            }
            Either::Right(Ok(bytes)) if !bytes.is_empty() => {
                if let Some(to) = peer
                    && send(cx, socket, to, bytes).await.is_err()
                {
                    return 1;
                }
            }
            Either::Right(_) => {
                sending = false;
                if plan.close_at_end {
                    return 0;
                }
            }
        }
    }
}
