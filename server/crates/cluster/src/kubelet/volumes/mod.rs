//! The volumes of a Pod, from its manifest and the objects that it refers to, one file a kind.
//!
//! An error is what `FailedMount` events say after `MountVolume.SetUp failed for volume "x" : `.

mod claim;
mod config_map;
mod downward_api;
mod empty_dir;
mod host_path;
pub(crate) mod image;
mod projected;
mod secret;
mod token;

use std::collections::BTreeMap;

use bytes::Bytes;
use k8s_openapi::api::core::v1::{KeyToPath, Volume as ApiVolume};
use podlab_node::{FileSet, Node, ProjectedFile, Volume};

use super::{
    container::{field::Surroundings, security::volume_group},
    pod::Manifest,
    sources::Sources,
};

/// What volumes are made with.
#[derive(Clone, Copy)]
pub(crate) struct Maker<'a> {
    pub(crate) manifest: &'a Manifest,
    pub(crate) surroundings: &'a Surroundings,
    pub(crate) sources: &'a dyn Sources,
    pub(crate) node: &'a Node,
}

/// A volume on the node.
#[derive(Clone, Debug)]
pub(crate) struct PodVolume {
    pub(crate) volume: Volume,
    /// The files that were put there, for a volume that follows the objects that it is made from.
    pub(crate) files: Option<FileSet>,
    /// The size past which the Pod is evicted (an emptyDir on disk).
    pub(crate) evict_past: Option<u64>,
}

/// Makes a volume ready.
///
/// # Errors
///
/// Why it cannot be, in the kubelet's words.
pub(crate) fn set_up(maker: &Maker<'_>, volume: &ApiVolume) -> Result<PodVolume, String> {
    if let Some(files) = files(maker, volume) {
        let files = files?;
        let made = maker.node.files(&files);
        return Ok(PodVolume { volume: made, files: Some(files), evict_past: None });
    }
    let kept = |volume| PodVolume { volume, files: None, evict_past: None };
    if let Some(source) = &volume.empty_dir {
        return empty_dir::set_up(maker, source);
    }
    if let Some(source) = &volume.host_path {
        return host_path::set_up(maker, source).map(kept);
    }
    if let Some(source) = &volume.persistent_volume_claim {
        return claim::set_up(maker, &source.claim_name).map(kept);
    }
    if volume.ephemeral.is_some() {
        let claim = format!("{}-{}", maker.manifest.name(), volume.name);
        return claim::set_up(maker, &claim).map(kept);
    }
    Err("no volume plugin matched".to_owned())
}

/// What a volume of projected files holds now; `None` for volumes of other kinds.
pub(crate) fn files(maker: &Maker<'_>, volume: &ApiVolume) -> Option<Result<FileSet, String>> {
    let files = if let Some(source) = &volume.config_map {
        config_map::files(maker, source)
    } else if let Some(source) = &volume.secret {
        secret::files(maker, source)
    } else if let Some(source) = &volume.downward_api {
        downward_api::files(maker, source)
    } else if let Some(source) = &volume.projected {
        projected::files(maker, source)
    } else {
        return None;
    };
    let group = volume_group(maker.manifest);
    let memory = volume.config_map.is_none();
    Some(files.map(|files| FileSet { files, group, memory }))
}

/// Files by their paths.
type Files = BTreeMap<String, ProjectedFile>;

/// Picks the keys that `items` names, or all; `missing` is what to say of a key that is not there.
fn pick(
    data: BTreeMap<String, Bytes>,
    items: Option<&Vec<KeyToPath>>,
    mode: i32,
    optional: bool,
    missing: impl Fn(&str) -> String,
) -> Result<Files, String> {
    let file = |content: Bytes, mode: i32| ProjectedFile { mode: permissions(mode), content };
    let Some(items) = items.filter(|items| !items.is_empty()) else {
        return Ok(data.into_iter().map(|(key, content)| (key, file(content, mode))).collect());
    };
    let mut files = Files::new();
    for item in items {
        match data.get(&item.key) {
            Some(content) => {
                files.insert(item.path.clone(), file(content.clone(), item.mode.unwrap_or(mode)));
            }
            None if optional => {}
            None => return Err(missing(&item.key)),
        }
    }
    Ok(files)
}

/// The mode of files where nothing says another.
const DEFAULT_MODE: i32 = 0o644;

fn permissions(mode: i32) -> u32 {
    u32::try_from(mode).unwrap_or(0o644) & 0o777
}
