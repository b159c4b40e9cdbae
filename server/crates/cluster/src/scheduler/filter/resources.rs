//! Whether what the Pod requests is left on the node.

use k8s_openapi::api::core::v1::Pod;

use super::{ROOM, Rejection};
use crate::scheduler::snapshot::{NodeInfo, requests};

/// What there is too little of.
pub(super) fn insufficient(node: &NodeInfo, pod: &Pod) -> Option<Rejection> {
    let mut reasons = Vec::new();
    let mut may_change = true;
    let room = node.allocatable.get("pods").map_or(i64::MAX, |pods| pods.value());
    if i64::try_from(node.pods.len()).unwrap_or(i64::MAX).saturating_add(1) > room {
        reasons.push("Too many pods".to_owned());
    }
    let requests = requests(pod);
    // Processor, memory and disk first, then the others by name.
    let first = ["cpu", "memory", "ephemeral-storage"];
    let order =
        first.iter().copied().chain(requests.keys().map(String::as_str).filter(|n| !first.contains(n)));
    for name in order {
        let Some(request) = requests.get(name).filter(|request| !request.is_zero()) else { continue };
        let allocatable = node.allocatable.get(name).copied().unwrap_or_default();
        let mut sum = node.requested.get(name).copied().unwrap_or_default();
        sum += *request;
        if sum > allocatable {
            reasons.push(format!("Insufficient {name}"));
            // More than the node has at all will not fit whoever leaves.
            may_change &= *request <= allocatable;
        }
    }
    (!reasons.is_empty()).then_some(Rejection { reasons, may_change, cured_by: ROOM })
}
