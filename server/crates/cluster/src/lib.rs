//! An embedded Kubernetes: the API server, storage, admission, controllers, scheduler and kubelet of one small cluster
//! in one process. It opens no socket, file or thread and reads no clock: [`podlab_node::Env`] hands them in.
//!
//! # Map
//!
//! | module | what it is |
//! | --- | --- |
//! | [`cluster`] | [`Cluster`], the handle: start it, connect to it |
//! | [`client`] | the API as Rust calls, for the cluster's own components |
//! | `http` | the API over HTTP |
//! | [`https`] | the same over TLS |
//! | `verbs` | create, get, list, ... over any resource |
//! | `resource` | the table of resources and, one file a kind, what is particular to each |
//! | `access` | who may do what |
//! | `authority` | the certificates of the API server and of users |
//! | `admission`, `validation` | what is accepted |
//! | `schema` | the shapes of all objects: decoding, defaults of absent structs |
//! | `managed`, `patch` | who owns which field, server-side apply, the other patches |
//! | `streaming` | exec, attach and port-forward over their transports |
//! | `openapi` | the documents that clients read |
//! | `kinds` | the defaults, rules and columns of each kind |
//! | `store` | the objects, their revisions and histories |
//! | [`node_agent`] | what the API server asks of a kubelet |
//! | [`status`] | failures in the API's form |
//! | `kubelet` | what runs the Pods of a node |
//! | `quantity`, `pod_resources`, `quota` | amounts, what a Pod requests and may use, what a namespace uses |
//! | `scheduler`, `controllers` | what binds Pods, and what brings objects to where they should be |

mod access;
mod admission;
#[cfg(test)]
mod arbitrary;
mod authority;
mod bootstrap;
pub mod caller;
pub mod client;
pub mod cluster;
mod components;
mod conditions;
pub mod config;
mod controllers;
mod custom;
mod events;
mod go_json;
mod go_struct;
mod go_text;
#[cfg(test)]
mod golden;
mod http;
pub mod https;
mod kinds;
mod kubelet;
mod label_selector;
mod managed;
mod metrics;
pub mod node_agent;
pub mod object;
mod openapi;
mod patch;
mod pod_resources;
mod protobuf;
mod quantity;
mod quota;
mod request;
mod resource;
mod rng;
mod schedule;
mod scheduler;
mod schema;
mod selector;
mod server;
pub mod status;
mod store;
mod streaming;
mod tokens;
mod validation;
mod verbs;

pub use client::Client;
pub use cluster::Cluster;
pub use config::{Config, NodeConfig};
pub use https::Https;
pub use status::Status;
pub use verbs::{DeleteOptions, Preconditions};
