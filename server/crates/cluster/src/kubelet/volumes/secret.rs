//! A Secret's keys as files.

use std::collections::BTreeMap;

use bytes::Bytes;
use k8s_openapi::api::core::v1::{KeyToPath, SecretVolumeSource};

use super::{DEFAULT_MODE, Files, Maker, pick};

pub(super) fn files(maker: &Maker<'_>, source: &SecretVolumeSource) -> Result<Files, String> {
    let mode = source.default_mode.unwrap_or(DEFAULT_MODE);
    let name = source.secret_name.as_deref().unwrap_or_default();
    of(maker, name, source.items.as_ref(), mode, source.optional == Some(true))
}

pub(super) fn of(
    maker: &Maker<'_>,
    name: &str,
    items: Option<&Vec<KeyToPath>>,
    mode: i32,
    optional: bool,
) -> Result<Files, String> {
    let secret = match maker.sources.secret(maker.manifest.namespace(), name) {
        Some(secret) => secret,
        None if optional => return Ok(Files::new()),
        None => return Err(format!("secret \"{name}\" not found")),
    };
    let data: BTreeMap<String, Bytes> =
        secret.data.into_iter().flatten().map(|(key, value)| (key, Bytes::from(value.0))).collect();
    let missing = |key: &str| format!("references non-existent secret key: {key}");
    pick(data, items, mode, optional, missing)
}
