//! What a running container may use, changed.

use crate::kubelet::{
    container,
    pod::{Manifest, Place},
    seat::Seat,
};

/// Gives an instance what its container has been given.
///
/// # Errors
///
/// Memory cannot be taken away while it is used.
pub(super) fn update(seat: &Seat, manifest: &Manifest, place: Place, instance: &str) -> Result<(), String> {
    let (id, definition) =
        seat.instance(instance).zip(manifest.container(place)).ok_or("the container is gone")?;
    let resources = container::resources(definition);
    let node = &seat.facts.node;
    if let (Some(limit), Some(stats)) = (resources.memory_limit_bytes, node.container_stats(&id))
        && stats.memory_working_set_bytes > limit
    {
        return Err(format!(
            "attempting to set container {:?} memory limit ({limit}) below current usage ({})",
            definition.name, stats.memory_working_set_bytes
        ));
    }
    node.update_resources(&id, resources).map_err(|error| error.to_string())
}
