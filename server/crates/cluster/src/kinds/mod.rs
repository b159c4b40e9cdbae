//! What is particular to each kind: its defaults, its rules, its columns.

pub(crate) mod access;
pub(crate) mod api_service;
pub(crate) mod autoscaler;
pub(crate) mod cells;
pub(crate) mod certificate_signing_request;
pub(crate) mod config_map;
pub(crate) mod defaults;
pub(crate) mod endpoints;
pub(crate) mod event;
pub(crate) mod namespace;
pub(crate) mod networking;
pub(crate) mod node;
pub(crate) mod pod;
pub(crate) mod pod_spec;
pub(crate) mod policy;
pub(crate) mod secret;
pub(crate) mod service;
pub(crate) mod service_account;
pub(crate) mod storage;
pub(crate) mod tables;
pub(crate) mod workload;
