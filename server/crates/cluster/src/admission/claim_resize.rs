//! PersistentVolumeClaimResize: a claim grows only where its class says that it may.

use serde_json::Value;

use super::forbidden;
use crate::{
    object::text_at,
    quantity::Quantity,
    resource::{Context, Resource},
    status::Result,
};

const CLAIMS: &str = "persistentvolumeclaims";

pub(super) fn validate(
    cx: Context<'_>,
    resource: &Resource,
    object: &Value,
    old: Option<&Value>,
) -> Result<()> {
    let Some(old) = old.filter(|_| resource.storage == CLAIMS && cx.request.subresource.is_empty()) else {
        return Ok(());
    };
    let size = |claim: &Value| text_at(claim, "/spec/resources/requests/storage").parse::<Quantity>().ok();
    if size(object).zip(size(old)).is_none_or(|(new, old)| new <= old) {
        return Ok(());
    }
    if text_at(old, "/status/phase") != "Bound" {
        return Err(forbidden(CLAIMS, object, "Only bound persistent volume claims can be expanded"));
    }
    let class = text_at(object, "/spec/storageClassName");
    let found = cx.server.store.get("storageclasses.storage.k8s.io", "", class);
    let may_grow = found.is_some_and(|class| class.value()["allowVolumeExpansion"] == true);
    if class.is_empty() || class != text_at(old, "/spec/storageClassName") || !may_grow {
        let why = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must \
                   support resize";
        return Err(forbidden(CLAIMS, object, why));
    }
    Ok(())
}
