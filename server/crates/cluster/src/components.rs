//! The components of a cluster beside its API server: kubelets, scheduler, controllers. They use the API as their
//! counterparts in Kubernetes do, each under its own name.

use std::sync::Arc;

use podlab_node::Network;

use crate::{Client, caller::Caller, controllers, https, kubelet, scheduler, server::Server};

/// Starts them.
pub(crate) fn start(server: &Arc<Server>) {
    let client = Client::new(Arc::clone(server), Caller::component("system:masters"), "podlab");
    let network = Network::new(server.env.clone());
    https::serve_pods(server, &network);
    kubelet::start(&client, &network);
    scheduler::start(&client);
    controllers::start(&client, &network);
}
