//! Every Pod runs as a ServiceAccount, and its containers find that account's token in their file system.

use serde_json::{Value, json};

use super::forbidden;
use crate::{
    kinds::defaults::objects,
    object::{metadata_str, object_at, text_at},
    resource::Context,
    status::Result,
};

/// Where containers look for the token.
const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// What the names of the volumes with tokens begin with.
const VOLUME_PREFIX: &str = "kube-api-access-";

/// How long a token lasts, in seconds: an odd hour, which tells these tokens from others.
const TOKEN_SECONDS: i64 = 3607;

pub(super) fn mutate(cx: Context<'_>, pod: &mut Value) -> Result<()> {
    let namespace = metadata_str(pod, "namespace").to_owned();
    let name = match text_at(pod, "/spec/serviceAccountName") {
        "" => "default".to_owned(),
        name => name.to_owned(),
    };
    let Some(account) = cx.server.store.get("serviceaccounts", &namespace, &name) else {
        let why =
            format!("error looking up service account {namespace}/{name}: serviceaccount {name:?} not found");
        return Err(forbidden("pods", pod, &why));
    };
    let spec = object_at(pod, "spec");
    spec.insert("serviceAccountName".into(), json!(name));
    spec.insert("serviceAccount".into(), json!(name));
    if !spec.contains_key("imagePullSecrets")
        && let Some(secrets) = account.value().get("imagePullSecrets")
    {
        spec.insert("imagePullSecrets".into(), secrets.clone());
    }
    let wanted = spec
        .get("automountServiceAccountToken")
        .or(account.value().get("automountServiceAccountToken"))
        .and_then(Value::as_bool);
    if wanted.unwrap_or(true) {
        mount_token(cx, pod);
    }
    Ok(())
}

fn mount_token(cx: Context<'_>, pod: &mut Value) {
    let spec = object_at(pod, "spec");
    // A copy of another Pod has the volume already.
    let there = objects(spec, "volumes").find_map(|volume| {
        let name = volume.get("name").and_then(Value::as_str)?;
        name.starts_with(VOLUME_PREFIX).then(|| name.to_owned())
    });
    let volume = there.clone().unwrap_or_else(|| format!("{VOLUME_PREFIX}{}", cx.server.rng.suffix(5)));
    let mut mounted = false;
    for list in ["initContainers", "containers"] {
        for container in objects(spec, list) {
            let mounts = container.entry("volumeMounts").or_insert_with(|| json!([]));
            let Value::Array(mounts) = mounts else { continue };
            if mounts.iter().all(|mount| text_at(mount, "/mountPath") != MOUNT_PATH) {
                mounts.push(json!({ "name": volume, "readOnly": true, "mountPath": MOUNT_PATH }));
                mounted = true;
            }
        }
    }
    if !mounted || there.is_some() {
        return;
    }
    let source = json!({
        "name": volume,
        "projected": {
            "defaultMode": 0o644,
            "sources": [
                { "serviceAccountToken": { "expirationSeconds": TOKEN_SECONDS, "path": "token" } },
                { "configMap": { "name": "kube-root-ca.crt", "items": [{ "key": "ca.crt", "path": "ca.crt" }] } },
                { "downwardAPI": { "items": [{
                    "path": "namespace",
                    "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.namespace" },
                }] } },
            ],
        },
    });
    if let Value::Array(volumes) = spec.entry("volumes").or_insert_with(|| json!([])) {
        volumes.push(source);
    }
}
