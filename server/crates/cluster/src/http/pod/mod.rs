//! The subresources of Pods that reach into their containers.

mod exec;
mod log;
mod port_forward;

use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;

pub(super) use self::exec::{attach, exec};
pub(super) use self::log::log;
pub(super) use self::port_forward::port_forward;
use super::{Call, path::Target};
use crate::{
    node_agent::{AgentError, NodeAgent, PodRef},
    resource::Resource,
    status::{Result, Status},
    verbs,
};

/// A Pod that a request reaches into.
struct Found {
    pod: Pod,
    reference: PodRef,
}

fn find(call: &Call, resource: &Resource, target: &Target) -> Result<Found> {
    let object = verbs::get(&call.server, resource, &target.namespace, &target.name)?;
    let reference = PodRef {
        namespace: object.namespace().to_owned(),
        name: object.name().to_owned(),
        uid: object.uid().to_owned(),
    };
    Ok(Found { pod: object.parse()?, reference })
}

impl Found {
    fn name(&self) -> &str {
        &self.reference.name
    }

    fn node(&self) -> &str {
        self.pod.spec.as_ref().and_then(|s| s.node_name.as_deref()).unwrap_or_default()
    }

    /// The kubelet of the Pod's node.
    fn agent(&self, call: &Call) -> Result<Arc<dyn NodeAgent>> {
        let node = self.node();
        if node.is_empty() {
            return Err(Status::bad_request(format!("pod {} does not have a host assigned", self.name())));
        }
        call.server
            .agent(node)
            .ok_or_else(|| Status::internal(format!("the kubelet of node {node:?} cannot be reached")))
    }

    /// The container that is asked for, or the only one.
    fn container(&self, asked: &str) -> Result<String> {
        let spec = self.pod.spec.clone().unwrap_or_default();
        let names = |list: Vec<String>| list.join(" ");
        let ordinary: Vec<String> = spec.containers.into_iter().map(|c| c.name).collect();
        let init: Vec<String> = spec.init_containers.into_iter().flatten().map(|c| c.name).collect();
        let ephemeral: Vec<String> =
            spec.ephemeral_containers.into_iter().flatten().map(|c| c.name).collect();
        if !asked.is_empty() {
            if ordinary.iter().chain(&init).chain(&ephemeral).any(|name| name == asked) {
                return Ok(asked.to_owned());
            }
            return Err(Status::bad_request(format!(
                "container {asked} is not valid for pod {}",
                self.name()
            )));
        }
        if let ([only], true) = (ordinary.as_slice(), init.is_empty() && ephemeral.is_empty()) {
            return Ok(only.clone());
        }
        if let [only] = ordinary.as_slice() {
            return Ok(only.clone());
        }
        let mut message = format!(
            "a container name must be specified for pod {}, choose one of: [{}]",
            self.name(),
            names(ordinary)
        );
        if !init.is_empty() {
            message.push_str(&format!(" or one of the init containers: [{}]", names(init)));
        }
        if !ephemeral.is_empty() {
            message.push_str(&format!(" or one of the ephemeral containers: [{}]", names(ephemeral)));
        }
        Err(Status::bad_request(message))
    }
}

/// A kubelet's refusal as the API server passes it on.
fn refused(error: AgentError, resource: &Resource, name: &str) -> Box<Status> {
    match error.code {
        400 => Status::bad_request(error.message),
        404 => {
            let message =
                format!("the server could not find the requested resource ( {} {name})", resource.plural);
            Status::new(http::StatusCode::NOT_FOUND, "NotFound", message)
        }
        _ => Status::internal(error.message),
    }
}
