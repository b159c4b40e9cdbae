//! A TCP connection: opening it is a success.

use futures::future::{Either, select};
use k8s_openapi::api::core::v1::TCPSocketAction;

use super::Probing;
use crate::kubelet::{container::services, pod::ProbeOutcome, tasks::http};

pub(super) async fn probe(probing: &Probing<'_>, action: &TCPSocketAction) -> ProbeOutcome {
    let seat = probing.seat;
    let port = match services::port(probing.container, &action.port) {
        Ok(port) => port,
        Err(error) => return ProbeOutcome::Error(error),
    };
    let host = action.host.clone().filter(|host| !host.is_empty());
    let host = host.or_else(|| seat.state().pod_ips.first().cloned()).unwrap_or_default();
    let dial = Box::pin(http::dial(seat, &host, port));
    match select(dial, seat.facts.client.env().sleep(probing.timeout)).await {
        Either::Left((Ok(_), _)) => ProbeOutcome::Success,
        Either::Left((Err(error), _)) => ProbeOutcome::Failure(error),
        Either::Right(_) => ProbeOutcome::Failure(format!("dial tcp {host}:{port}: i/o timeout")),
    }
}
