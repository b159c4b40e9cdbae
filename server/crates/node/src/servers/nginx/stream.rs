//! Connections that are passed on as they are.

use std::sync::Arc;

use super::{settings::LogLevel, worker::Worker};
use crate::{
    http::{Wire, within},
    kernel::{errno::Errno, net::Stream},
    servers::forward::relay_both,
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
