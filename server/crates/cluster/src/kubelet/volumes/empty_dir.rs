//! A directory that lives as long as its Pod.

use k8s_openapi::api::core::v1::EmptyDirVolumeSource;
use podlab_node::EmptyDir;

use super::{Maker, PodVolume, volume_group};
use crate::{go_text, quantity::Quantity};

pub(super) fn set_up(maker: &Maker<'_>, source: &EmptyDirVolumeSource) -> Result<PodVolume, String> {
    let memory = match source.medium.as_deref().unwrap_or_default() {
        "" => false,
        "Memory" => true,
        medium => return Err(format!("unknown storage medium {}", go_text::quote(medium))),
    };
    let limit = source.size_limit.as_ref().and_then(Quantity::of).filter(|limit| !limit.is_zero());
    let size_limit = limit.and_then(|limit| u64::try_from(limit.value()).ok());
    let group = volume_group(maker.manifest);
    let volume = maker.node.empty_dir(EmptyDir { memory, size_limit, group });
    Ok(PodVolume { volume, files: None, evict_past: size_limit.filter(|_| !memory) })
}
