//! The images that a container needs before it is made: those of the volumes that it mounts, then its own.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    event::PodEvent,
    machine::PodMachine,
    manifest::Place,
    start::At,
    status::WaitingReason,
    task::{Image, Task},
};
use crate::{go_text, kubelet::volumes};

/// What an image is for.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// The volume of this name. Once its image is there, nobody looks again.
    Volume(String),
    /// The container itself.
    Container,
}

impl PodMachine {
    /// Looks for the next image that a container needs.
    pub(super) fn look_for_image(&mut self, place: Place) -> Option<At> {
        let container = self.manifest.container(place)?;
        let missing = {
            let mut mounted = volumes::image::mounted(&self.manifest, container);
            mounted.find(|name| !self.image_volumes.contains(*name)).map(str::to_owned)
        };
        let purpose = missing.map_or(Purpose::Container, Purpose::Volume);
        let (image, _) = self.wanted(place, &purpose)?;
        Some(At::Inspecting(self.run(Task::InspectImage { image }), purpose))
    }

    /// The name of an image, and when it is pulled.
    fn wanted(&self, place: Place, purpose: &Purpose) -> Option<(String, Option<String>)> {
        let (name, policy) = match purpose {
            Purpose::Volume(name) => {
                let source = volumes::image::source(&self.manifest, name)?;
                (&source.reference, &source.pull_policy)
            }
            Purpose::Container => {
                let container = self.manifest.container(place)?;
                (&container.image, &container.image_pull_policy)
            }
        };
        Some((name.clone().unwrap_or_default(), policy.clone()))
    }

    /// What happens to the image of a volume is told of the Pod.
    fn tell_of(&mut self, place: Place, purpose: &Purpose, event: PodEvent) {
        let event = match purpose {
            Purpose::Volume(_) => event,
            Purpose::Container => event.of(place),
        };
        self.tell([event]);
    }

    pub(super) fn inspected(
        &mut self,
        place: Place,
        purpose: Purpose,
        found: Result<Option<Image>, String>,
        now: Timestamp,
    ) -> Option<At> {
        let (image, policy) = self.wanted(place, &purpose)?;
        let present = match found {
            Ok(found) => found.is_some(),
            Err(error) => {
                let message = format!("Failed to apply default image tag \"{image}\": {error}");
                self.tell_of(place, &purpose, PodEvent::warning("InspectFailed", message.clone()));
                return self.image_failed(place, "InvalidImageName", message);
            }
        };
        match (policy.as_deref(), present) {
            (Some("Never") | Some("IfNotPresent"), true) => {
                let message = format!(
                    "Container image \"{image}\" already present on machine and can be accessed by the pod"
                );
                self.tell_of(place, &purpose, PodEvent::normal("Pulled", message));
                self.have(place, purpose)
            }
            (Some("Never"), false) => {
                let message = format!("Container image \"{image}\" is not present with pull policy of Never");
                self.tell_of(place, &purpose, PodEvent::warning("ErrImageNeverPull", message.clone()));
                self.image_failed(place, "ErrImageNeverPull", message)
            }
            _ => self.pull(place, purpose, image, now),
        }
    }

    fn pull(&mut self, place: Place, purpose: Purpose, image: String, now: Timestamp) -> Option<At> {
        if self.pulls.since_update(&image, now).is_some() {
            let message = format!("Back-off pulling image \"{image}\"");
            self.tell_of(place, &purpose, PodEvent::normal("BackOff", message.clone()));
            let message = match self.pull_errors.get(&image) {
                Some(error) => format!("{message}: {error}"),
                None => message,
            };
            return self.image_failed(place, "ImagePullBackOff", message);
        }
        self.tell_of(place, &purpose, PodEvent::normal("Pulling", format!("Pulling image \"{image}\"")));
        let task = self.run(Task::PullImage { image });
        Some(At::Pulling(task, purpose, now))
    }

    pub(super) fn pulled(
        &mut self,
        place: Place,
        purpose: Purpose,
        result: Result<Image, String>,
        since: Timestamp,
        now: Timestamp,
    ) -> Option<At> {
        let (image, _) = self.wanted(place, &purpose)?;
        match result {
            Ok(Image { size_bytes }) => {
                let millis = u64::try_from(now.duration_since(since).as_millis()).unwrap_or_default();
                let took = go_text::duration(Duration::from_millis(millis));
                let message = format!(
                    "Successfully pulled image \"{image}\" in {took} ({took} including waiting). Image size: \
                     {size_bytes} bytes."
                );
                self.tell_of(place, &purpose, PodEvent::normal("Pulled", message));
                self.pull_errors.remove(&image);
                self.have(place, purpose)
            }
            Err(error) => {
                let message = format!("Failed to pull image \"{image}\": {error}");
                self.tell_of(place, &purpose, PodEvent::warning("Failed", message));
                self.pulls.extend(&image, now, now);
                self.pull_errors.insert(image, format!("ErrImagePull: {error}"));
                self.image_failed(place, "ErrImagePull", error)
            }
        }
    }

    fn have(&mut self, place: Place, purpose: Purpose) -> Option<At> {
        match purpose {
            Purpose::Volume(name) => {
                self.image_volumes.insert(name);
                self.look_for_image(place)
            }
            Purpose::Container => self.create(place),
        }
    }

    fn image_failed(&mut self, place: Place, reason: &'static str, message: String) -> Option<At> {
        self.tell([PodEvent::warning("Failed", format!("Error: {reason}")).of(place)]);
        self.start_failed(place, WaitingReason { reason, message }, None);
        None
    }
}
