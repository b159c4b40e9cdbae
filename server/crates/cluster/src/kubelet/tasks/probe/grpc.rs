//! The gRPC health check. No program of the catalogue speaks gRPC, so that the check never gets further than a client
//! does whose server does not: it waits for its connection to become ready until its time is up.

use k8s_openapi::api::core::v1::GRPCAction;

use super::Probing;
use crate::{go_text, kubelet::pod::ProbeOutcome};

pub(super) async fn probe(probing: &Probing<'_>, action: &GRPCAction) -> ProbeOutcome {
    let seat = probing.seat;
    let ip = seat.state().pod_ips.first().cloned().unwrap_or_default();
    seat.facts.client.sleep(probing.timeout).await;
    let within = go_text::duration(probing.timeout);
    ProbeOutcome::Failure(format!(
        "timeout: failed to connect service \"{ip}:{}\" within {within}: context deadline exceeded",
        action.port
    ))
}
