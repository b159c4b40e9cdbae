//! Connections that are passed on as they are.

use std::{sync::Arc, time::Duration};

use futures::future::{Either, select};

use super::{settings::LogLevel, worker::Worker};
use crate::{
    http::{Wire, within},
    kernel::{errno::Errno, net::Stream, process::Process},
};

/// Serves a connection to a server of the block `stream`.
pub(super) async fn connection(worker: &Worker, stream: Arc<Stream>, number: usize) {
    let Some(server) = worker.settings.streams.get(number) else { return };
    let process = &worker.process;
    let Ok(mut wire) = Wire::accepted(process, stream) else { return };
    let client = wire.stream.peer;
    let mut tried = Vec::new();
    loop {
        let now = worker.uptime();
        let Some(index) = server.upstream.choose(&tried, client.ip(), "", now) else {
            let message = format!(
                "*1 no live upstreams while connecting to upstream, client: {}, server: {}, upstream: \"{}\", \
                 bytes from/to client:0/0, bytes from/to upstream:0/0",
                client.ip(),
                wire.stream.local,
                server.upstream.name
            );
            return worker.say(LogLevel::Error, &message).await;
        };
        tried.push(index);
        let Some(peer) = server.upstream.peers.get(index) else { return };
        let connected =
            within(process, Some(server.connect_timeout), Wire::connect(process, peer.address)).await;
        match connected.unwrap_or(Err(Errno::ETIMEDOUT)) {
            Ok(upstream) => {
                server.upstream.done(index, false, worker.uptime());
                relay_both(process, &mut wire, upstream, server.timeout).await;
                return;
            }
            Err(error) => {
                server.upstream.done(index, true, worker.uptime());
                let message = format!(
                    "*1 connect() failed ({}: {}) while connecting to upstream, client: {}, server: {}, upstream: \"{}\", \
                     bytes from/to client:0/0, bytes from/to upstream:0/0",
                    error.number(),
                    process.text(error),
                    client.ip(),
                    wire.stream.local,
                    peer.address
                );
                worker.say(LogLevel::Error, &message).await;
            }
        }
    }
}

/// Passes on what both sides send, until both have ended or were silent for too long. Returns how much the client got.
pub(super) async fn relay_both(
    process: &Process,
    client: &mut Wire,
    mut upstream: Wire,
    silence: Duration,
) -> u64 {
    let (mut client_open, mut upstream_open) = (true, true);
    let mut sent = 0;
    while client_open || upstream_open {
        let event = {
            let from_client = std::pin::pin!(async {
                if client_open { client.read().await } else { std::future::pending().await }
            });
            let from_upstream = std::pin::pin!(async {
                if upstream_open { upstream.read().await } else { std::future::pending().await }
            });
            within(process, Some(silence), select(from_client, from_upstream)).await.map(
                |either| match either {
                    Either::Left((bytes, _)) => (true, bytes),
                    Either::Right((bytes, _)) => (false, bytes),
                },
            )
        };
        let Some((of_client, Ok(bytes))) = event else { return sent };
        let result = match (of_client, bytes.is_empty()) {
            (true, true) => {
                client_open = false;
                upstream.stream.shutdown();
                Ok(())
            }
            (false, true) => {
                upstream_open = false;
                client.stream.shutdown();
                Ok(())
            }
            (true, false) => upstream.write(bytes).await,
            (false, false) => {
                sent += bytes.len() as u64;
                client.write(bytes).await
            }
        };
        if result.is_err() {
            return sent;
        }
    }
    sent
}
