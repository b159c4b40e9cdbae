//! What leads traffic to Pods and what keeps it off.

pub(crate) mod ingress;
pub(crate) mod network_policy;
