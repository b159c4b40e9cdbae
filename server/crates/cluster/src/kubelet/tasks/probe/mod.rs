//! One probe of one container, one file a kind of handler.

mod exec;
mod grpc;
mod http;
mod tcp;

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Probe};

use crate::kubelet::{
    pod::{Manifest, Place, ProbeKind, ProbeOutcome},
    seat::Seat,
};

/// What a probe needs to know.
struct Probing<'a> {
    seat: &'a Seat,
    container: &'a Container,
    instance: &'a str,
    timeout: Duration,
}

/// Makes a probe.
pub(super) async fn probe(
    seat: &Seat,
    manifest: &Manifest,
    place: Place,
    instance: &str,
    kind: ProbeKind,
) -> ProbeOutcome {
    let Some((container, probe)) = definition(manifest, place, kind) else { return ProbeOutcome::Success };
    let seconds = probe.timeout_seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(1);
    let probing = Probing { seat, container, instance, timeout: Duration::from_secs(seconds.max(1)) };
    if let Some(action) = &probe.exec {
        exec::probe(&probing, action).await
    } else if let Some(action) = &probe.http_get {
        http::probe(&probing, action).await
    } else if let Some(action) = &probe.tcp_socket {
        tcp::probe(&probing, action).await
    } else if let Some(action) = &probe.grpc {
        grpc::probe(&probing, action).await
    } else {
        ProbeOutcome::Error(format!("missing probe handler for {}:{}", manifest.full_name(), container.name))
    }
}

fn definition(manifest: &Manifest, place: Place, kind: ProbeKind) -> Option<(&Container, &Probe)> {
    let container = manifest.container(place)?;
    Some((container, kind.of(container)?))
}
