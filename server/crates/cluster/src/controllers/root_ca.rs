//! Every namespace has a ConfigMap with the certificate of the cluster's authority, for the Pods that talk to the API.

use std::collections::BTreeMap;

use k8s_openapi::{api::core::v1::ConfigMap, apimachinery::pkg::apis::meta::v1::ObjectMeta};

use super::{
    Again, Controller, Key,
    changes::{Change, Object},
    service_accounts::is_active,
};
use crate::{Client, status::Result};

pub(super) struct RootCa;

const NAME: &str = "kube-root-ca.crt";

const DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal \
                           endpoints such as the internal service IP or kubernetes.default.svc. No other usage is \
                           guaranteed across distributions of Kubernetes clusters.";

impl Controller for RootCa {
    fn name(&self) -> &'static str {
        "root-ca-cert-publisher"
    }

    fn concerns(&self, _: &Client, change: &Change) -> Vec<Key> {
        let namespace = match &change.object {
            Object::Namespace(namespace) if !change.gone => namespace.metadata.name.clone(),
            Object::ConfigMap(map) if map.metadata.name.as_deref() == Some(NAME) => {
                map.metadata.namespace.clone()
            }
            _ => None,
        };
        namespace.map(|namespace| Key::new("", &namespace)).into_iter().collect()
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        if !is_active(client, &key.name)? {
            return Ok(Again::Never);
        }
        let maps = client.namespaced::<ConfigMap>(&key.name);
        let data = Some(BTreeMap::from([("ca.crt".to_owned(), client.server().authority.pem())]));
        match maps.get_opt(NAME)? {
            Some(map) if map.data == data => {}
            Some(map) => {
                maps.update(&ConfigMap { data, ..map })?;
            }
            None => {
                let description = ("kubernetes.io/description".to_owned(), DESCRIPTION.to_owned());
                let metadata = ObjectMeta {
                    name: Some(NAME.to_owned()),
                    annotations: Some(BTreeMap::from([description])),
                    ..ObjectMeta::default()
                };
                maps.create(&ConfigMap { metadata, data, ..ConfigMap::default() })?;
            }
        }
        Ok(Again::Never)
    }
}
