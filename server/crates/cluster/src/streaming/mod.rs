//! Connections that stay open in both directions: commands, attached terminals, forwarded ports.
//!
//! | transport | used by |
//! | --- | --- |
//! | WebSocket, `v4.channel.k8s.io`, `v5.channel.k8s.io` | kubectl exec and attach; kube-rs, Python and JavaScript clients |
//! | SPDY/3.1 | older clients, and kubectl port-forward inside a WebSocket |

pub(crate) mod exec_channels;
pub(crate) mod forward_channels;
pub(crate) mod outcome;
pub(crate) mod spdy;
pub(crate) mod websocket;
