//! Fields of the Pod as files.

use bytes::Bytes;
use k8s_openapi::api::core::v1::{DownwardAPIVolumeFile, DownwardAPIVolumeSource};
use podlab_node::ProjectedFile;

use super::{DEFAULT_MODE, Files, Maker, permissions};
use crate::kubelet::container::field;

pub(super) fn files(maker: &Maker<'_>, source: &DownwardAPIVolumeSource) -> Result<Files, String> {
    of(maker, source.items.as_ref(), source.default_mode.unwrap_or(DEFAULT_MODE))
}

pub(super) fn of(
    maker: &Maker<'_>,
    items: Option<&Vec<DownwardAPIVolumeFile>>,
    mode: i32,
) -> Result<Files, String> {
    let mut files = Files::new();
    for item in items.into_iter().flatten() {
        let content = value(maker, item)?;
        let mode = permissions(item.mode.unwrap_or(mode));
        files.insert(item.path.clone(), ProjectedFile { mode, content: Bytes::from(content) });
    }
    Ok(files)
}

fn value(maker: &Maker<'_>, item: &DownwardAPIVolumeFile) -> Result<String, String> {
    if let Some(selector) = &item.field_ref {
        return field::of_pod(maker.manifest, maker.surroundings, selector);
    }
    let Some(selector) = &item.resource_field_ref else { return Ok(String::new()) };
    let name = selector.container_name.as_deref().unwrap_or_default();
    let (_, container) = maker.manifest.by_name(name).ok_or_else(|| format!("container {name} not found"))?;
    field::of_resources(container, maker.surroundings, selector)
}
