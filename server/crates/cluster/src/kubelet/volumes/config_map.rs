//! A ConfigMap's keys as files.

use std::collections::BTreeMap;

use bytes::Bytes;
use k8s_openapi::api::core::v1::{ConfigMap, ConfigMapVolumeSource, KeyToPath};

use super::{DEFAULT_MODE, Files, Maker, pick};

pub(super) fn files(maker: &Maker<'_>, source: &ConfigMapVolumeSource) -> Result<Files, String> {
    let mode = source.default_mode.unwrap_or(DEFAULT_MODE);
    of(maker, &source.name, source.items.as_ref(), mode, source.optional == Some(true))
}

pub(super) fn of(
    maker: &Maker<'_>,
    name: &str,
    items: Option<&Vec<KeyToPath>>,
    mode: i32,
    optional: bool,
) -> Result<Files, String> {
    let map = match maker.sources.config_map(maker.manifest.namespace(), name) {
        Some(map) => map,
        None if optional => return Ok(Files::new()),
        None => return Err(format!("configmap \"{name}\" not found")),
    };
    let missing = |key: &str| format!("configmap references non-existent config key: {key}");
    pick(data(map), items, mode, optional, missing)
}

fn data(map: ConfigMap) -> BTreeMap<String, Bytes> {
    let text = map.data.into_iter().flatten().map(|(key, value)| (key, Bytes::from(value)));
    let binary = map.binary_data.into_iter().flatten().map(|(key, value)| (key, Bytes::from(value.0)));
    text.chain(binary).collect()
}
