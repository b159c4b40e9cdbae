//! The tasks that a Pod's machine asks for, done with the node.

mod create;
mod exec;
mod exit;
mod hook;
mod http;
mod probe;
mod resize;
mod sandbox;

use std::{sync::Arc, time::Duration};

use podlab_node::image::ImageStatus;

use super::{
    pod::{Image, InstanceState, Manifest, Outcome, Task},
    seat::Seat,
    volumes::{self, Maker},
};

pub(crate) use self::exit::current_state;

/// Does a task.
pub(crate) async fn perform(seat: Arc<Seat>, manifest: Arc<Manifest>, task: Task) -> Outcome {
    let node = &seat.facts.node;
    match task {
        Task::SetUpVolume { volume } => Outcome::Volume(set_up_volume(&seat, &manifest, &volume)),
        Task::RunSandbox { attempt } => {
            seat.facts.client.sleep(seat.facts.sandbox_delay).await;
            Outcome::Sandbox(sandbox::run(&seat, &manifest, attempt).await)
        }
        Task::StopSandbox { .. } => {
            sandbox::stop(&seat).await;
            Outcome::Done
        }
        Task::InspectImage { image } => {
            // The catalogue's images come with the node; only what is to be pulled every time is pulled.
            let status = node.load_image(&image);
            Outcome::Image(status.map(|found| found.map(known)).map_err(|error| error.to_string()))
        }
        Task::PullImage { image } => {
            let pulled = node.pull_image(&image).await;
            Outcome::Pulled(pulled.map(known).map_err(|error| error.to_string()))
        }
        Task::CreateContainer { place, .. } => Outcome::Created(create::create(&seat, &manifest, place)),
        Task::StartContainer { instance } => start(&seat, &manifest, &instance).await,
        Task::UpdateResources { place, instance } => {
            Outcome::Resized(resize::update(&seat, &manifest, place, &instance))
        }
        Task::StopContainer { instance, grace } => {
            Outcome::Stopped(stop(&seat, &manifest, &instance, grace).await)
        }
        Task::RemoveContainer { instance } => {
            if let Some(id) = seat.state().instances.remove(&instance)
                && let Err(error) = node.remove_container(&id)
            {
                tracing::warn!(%error, "a container could not be removed");
            }
            Outcome::Done
        }
        Task::RunHook { place, instance, hook } => {
            Outcome::Hook(hook::run(&seat, &manifest, place, &instance, hook).await)
        }
        Task::Probe { place, instance, kind } => {
            Outcome::Probe(probe::probe(&seat, &manifest, place, &instance, kind).await)
        }
    }
}

fn known(image: ImageStatus) -> Image {
    Image { size_bytes: image.size_bytes }
}

fn set_up_volume(seat: &Seat, manifest: &Manifest, name: &str) -> Result<(), String> {
    let volume = manifest.spec().volumes.iter().flatten().find(|volume| volume.name == name);
    let volume = volume.ok_or_else(|| format!("volume \"{name}\" is not in the pod"))?;
    if volume.image.is_some() {
        return Ok(());
    }
    let surroundings = seat.surroundings();
    let maker =
        Maker { manifest, surroundings: &surroundings, sources: &seat.facts.client, node: &seat.facts.node };
    let made = volumes::set_up(&maker, volume)?;
    seat.state().volumes.insert(name.to_owned(), made);
    Ok(())
}

async fn start(seat: &Seat, manifest: &Manifest, instance: &str) -> Outcome {
    let Some(id) = seat.instance(instance) else {
        return Outcome::Started(None, Err("the container is gone".to_owned()));
    };
    seat.facts.client.sleep(seat.facts.container_delay).await;
    let started = seat.facts.node.start_container(&id).await;
    let state = current_state(&seat.facts.node, manifest, &id).await;
    Outcome::Started(state, started.map_err(|error| error.to_string()))
}

async fn stop(seat: &Seat, manifest: &Manifest, instance: &str, grace: Duration) -> Option<InstanceState> {
    let id = seat.instance(instance)?;
    if let Err(error) = seat.facts.node.stop_container(&id, grace).await {
        tracing::warn!(%error, "a container could not be stopped");
    }
    current_state(&seat.facts.node, manifest, &id).await
}
