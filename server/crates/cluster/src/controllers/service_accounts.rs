//! Every namespace has a service account `default`.

use k8s_openapi::{
    api::core::v1::{Namespace, ServiceAccount},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{
    Again, Controller, Key,
    changes::{Change, Object},
};
use crate::{Client, status::Result};

pub(super) struct ServiceAccounts;

/// The account that Pods run under unless they say otherwise.
const DEFAULT: &str = "default";

impl Controller for ServiceAccounts {
    fn name(&self) -> &'static str {
        "service-account-controller"
    }

    fn concerns(&self, _: &Client, change: &Change) -> Vec<Key> {
        let namespace = match &change.object {
            Object::Namespace(namespace) if !change.gone => namespace.metadata.name.clone(),
            Object::ServiceAccount(account) if change.gone => account.metadata.namespace.clone(),
            _ => None,
        };
        namespace.map(|namespace| Key::new("", &namespace)).into_iter().collect()
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        if !is_active(client, &key.name)? {
            return Ok(Again::Never);
        }
        let accounts = client.namespaced::<ServiceAccount>(&key.name);
        if accounts.get_opt(DEFAULT)?.is_none() {
            let metadata = ObjectMeta { name: Some(DEFAULT.to_owned()), ..ObjectMeta::default() };
            accounts.create(&ServiceAccount { metadata, ..ServiceAccount::default() })?;
        }
        Ok(Again::Never)
    }
}

/// Whether a namespace exists and is not being deleted.
pub(super) fn is_active(client: &Client, name: &str) -> Result<bool> {
    let namespace = client.all::<Namespace>().get_opt(name)?;
    Ok(namespace.is_some_and(|namespace| namespace.metadata.deletion_timestamp.is_none()))
}
