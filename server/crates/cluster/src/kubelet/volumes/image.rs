//! The tree of an image. The kubelet pulls it with the images of the containers (see [`crate::kubelet::pod`]) and the runtime
//! mounts it when a container is made; before that there is nothing to set up.

use k8s_openapi::api::core::v1::{Container, ImageVolumeSource};
use podlab_node::{Node, Volume};

use crate::kubelet::pod::Manifest;

/// Where a volume of a Pod comes from, if that is an image.
pub(crate) fn source<'m>(manifest: &'m Manifest, volume: &str) -> Option<&'m ImageVolumeSource> {
    let mut volumes = manifest.spec().volumes.iter().flatten();
    volumes.find(|known| known.name == volume)?.image.as_ref()
}

/// The names of the images' volumes that a container mounts.
pub(crate) fn mounted<'m>(manifest: &'m Manifest, container: &'m Container) -> impl Iterator<Item = &'m str> {
    let mounts = container.volume_mounts.iter().flatten().map(|mount| mount.name.as_str());
    mounts.filter(|name| source(manifest, name).is_some())
}

/// The image's tree, of an image that is on the node.
pub(crate) fn tree(node: &Node, source: &ImageVolumeSource) -> Result<Volume, String> {
    let reference = source.reference.as_deref().unwrap_or_default();
    node.image_volume(reference).map_err(|error| format!("failed to mount image volume: {error}"))
}
