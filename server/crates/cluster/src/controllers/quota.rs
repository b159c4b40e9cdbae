//! ResourceQuotas: how much of them is used. See "Resource Quotas" in Kubernetes' documentation.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ResourceQuota, ResourceQuotaStatus};

use super::{
    Again, Controller, Key,
    changes::{Change, Object},
    pods,
};
use crate::{Client, client::Selection, quota, status::Result};

pub(super) struct Quotas;

impl Controller for Quotas {
    fn name(&self) -> &'static str {
        "resourcequota-controller"
    }

    fn concerns(&self, client: &Client, change: &Change) -> Vec<Key> {
        if let Object::ResourceQuota(quota) = &change.object {
            return if change.gone { Vec::new() } else { vec![pods::key_of(&quota.metadata)] };
        }
        // Whatever it is, it may count.
        let Some(namespace) = change.object.metadata().namespace.as_deref() else { return Vec::new() };
        let all = client.namespaced::<ResourceQuota>(namespace).list(&Selection::default());
        all.unwrap_or_default().iter().map(|quota| pods::key_of(&quota.metadata)).collect()
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        let api = client.namespaced::<ResourceQuota>(&key.namespace);
        let Some(mut quota) = api.get_opt(&key.name)? else { return Ok(Again::Never) };
        let spec = quota.spec.clone().unwrap_or_default();
        let counted = quota::used(&client.server().store, &key.namespace, &spec);
        let hard = spec.hard.unwrap_or_default();
        let used: BTreeMap<_, _> = hard
            .keys()
            .map(|name| (name.clone(), counted.get(name).copied().unwrap_or_default().to_api()))
            .collect();
        let status = ResourceQuotaStatus { hard: Some(hard), used: Some(used) };
        if quota.status.as_ref() != Some(&status) {
            quota.status = Some(status);
            api.update_status(&quota)?;
        }
        Ok(Again::Never)
    }
}
