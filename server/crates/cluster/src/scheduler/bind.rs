//! The binding of a Pod to a node.

use k8s_openapi::api::core::v1::{Pod, PodCondition};
use serde_json::json;

use crate::{client::Patch, kubelet::seconds, status::Result};

/// Binds a Pod that is not bound yet, and marks it as scheduled.
pub(super) fn bind(client: &crate::Client, namespace: &str, name: &str, node: &str) -> Result<Pod> {
    let pods = client.namespaced::<Pod>(namespace);
    let patch = Patch::Merge(json!({ "spec": { "nodeName": node } }));
    let mut pod = pods.patch(name, "", &patch)?;
    let status = pod.status.get_or_insert_default();
    let conditions = status.conditions.get_or_insert_default();
    conditions.retain(|condition| condition.type_ != "PodScheduled");
    conditions.push(PodCondition {
        type_: "PodScheduled".to_owned(),
        status: "True".to_owned(),
        last_transition_time: Some(seconds(client.now())),
        ..PodCondition::default()
    });
    pods.update_status(&pod)
}
