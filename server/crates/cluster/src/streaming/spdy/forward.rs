//! Forwarded ports: for each connection the client opens an `error` and a `data` stream of one request id.
//!
//! Source: `k8s.io/client-go/tools/portforward`.

use std::{collections::BTreeMap, sync::Arc};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::session::{self, Stream};
use crate::node_agent::{NodeAgent, PodRef};

/// What is spoken on the streams.
pub(crate) const PROTOCOLS: [&str; 1] = ["portforward.k8s.io"];

/// How many connections may wait for their second stream.
const HALVES: usize = 64;

/// Carries connections until the client hangs up.
pub(crate) async fn run(
    io: impl AsyncRead + AsyncWrite + Send + 'static,
    agent: Arc<dyn NodeAgent>,
    pod: PodRef,
) {
    let (mut streams, task) = session::begin(io);
    let work = async move {
        let mut halves: BTreeMap<String, Stream> = BTreeMap::new();
        let mut connections = FuturesUnordered::new();
        loop {
            tokio::select! {
                stream = streams.next() => {
                    let Some(stream) = stream else { return };
                    let id = stream.header("requestid").to_owned();
                    match halves.remove(&id) {
                        Some(other) => {
                            let (error, data) = if stream.header("streamtype") == "data" {
                                (other, stream)
                            } else {
                                (stream, other)
                            };
                            connections.push(connect(&*agent, &pod, error, data));
                        }
                        None if halves.len() < HALVES => {
                            halves.insert(id, stream);
                        }
                        None => return,
                    }
                }
                Some(()) = connections.next() => {}
            }
        }
    };
    futures::join!(task, work);
}

async fn connect(agent: &dyn NodeAgent, pod: &PodRef, error: Stream, mut data: Stream) {
    let Ok(port) = data.header("port").parse::<u16>() else {
        error.outbound.send(format!("invalid port {:?}", data.header("port")).into()).await;
        return;
    };
    match agent.port_forward(pod.clone(), port).await {
        Ok(connection) => {
            let (reader, mut writer) = tokio::io::split(connection);
            let inward = async {
                session::copy_in(&mut data.inbound, &mut writer).await;
                let _ = writer.shutdown().await;
            };
            let outward = async {
                data.outbound.copy(reader).await;
                data.outbound.finish().await;
            };
            // A container that has said all and closed is done, whatever the client would still send.
            tokio::select! {
                () = outward => {}
                () = async { inward.await; std::future::pending().await } => {}
            }
        }
        Err(refused) => {
            error.outbound.send(refused.message.into()).await;
            data.outbound.finish().await;
        }
    }
    error.outbound.finish().await;
}
