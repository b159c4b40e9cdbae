//! A container on the node.

use crate::kubelet::{
    container::{self, Parts, security},
    pod::{Created, Manifest, Place, StartError},
    seat::Seat,
    volumes::{self, PodVolume},
};

/// Makes a container.
pub(super) fn create(seat: &Seat, manifest: &Manifest, place: Place) -> Result<Created, StartError> {
    let gone = || StartError::Create("the pod's sandbox is gone".to_owned());
    let definition = manifest.container(place).ok_or_else(gone)?;
    let node = &seat.facts.node;
    let name = definition.image.clone().unwrap_or_default();
    let image = node.image_status(&name).map_err(|error| StartError::Create(error.to_string()))?;
    let image = image.ok_or_else(|| StartError::Create(format!("image \"{name}\" not found")))?;
    for name in volumes::image::mounted(manifest, definition) {
        let Some(source) = volumes::image::source(manifest, name) else { continue };
        let volume = volumes::image::tree(node, source).map_err(StartError::Create)?;
        let made = PodVolume { volume, files: None, evict_past: None };
        seat.state().volumes.insert(name.to_owned(), made);
    }
    let surroundings = seat.surroundings();
    let (config, sandbox) = {
        let state = seat.state();
        let sandbox = state.sandbox.clone().ok_or_else(gone)?;
        let target = manifest.target_of(place);
        let target = target.and_then(|name| running_instance(seat, &state, name));
        let parts = Parts {
            manifest,
            surroundings: &surroundings,
            sources: &seat.facts.client,
            volumes: &state.volumes,
            hosts: state.hosts.clone(),
            image_user: &image.user,
            target,
        };
        (container::config(&parts, place, definition).map_err(StartError::Config)?, sandbox)
    };
    let user = security::status_user(&config.security, &image.user);
    let id =
        node.create_container(&sandbox, config).map_err(|error| StartError::Create(error.to_string()))?;
    let instance = id.as_str().to_owned();
    seat.state().instances.insert(instance.clone(), id);
    let image_id = image.digests.first().cloned().unwrap_or(image.id);
    Ok(Created { instance, image: image.tags.first().cloned().unwrap_or(name), image_id, user })
}

fn running_instance(
    seat: &Seat,
    state: &crate::kubelet::seat::State,
    name: &str,
) -> Option<podlab_node::ContainerId> {
    let named = |id: &&podlab_node::ContainerId| {
        let status = seat.facts.node.container_status(id);
        status
            .is_some_and(|status| status.name == name && status.state == podlab_node::ContainerState::Running)
    };
    state.instances.values().find(named).cloned()
}
