//! Which of a Pod's volumes are ready, and when to try again with those that are not.
//!
//! As in the kubelet's volume manager, each volume is tried on its own, again after half a second, a second, two, ...
//! and no later than after two minutes.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::{backoff::after, event::PodEvent, manifest::Manifest, task::TaskId};

const FIRST_DELAY: Duration = Duration::from_millis(500);
const MAX_DELAY: Duration = Duration::from_secs(122);

/// The volumes of one Pod.
#[derive(Clone, Debug, Default)]
pub(super) struct Volumes {
    volumes: BTreeMap<String, State>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// To be tried at this time.
    Waiting {
        at: Timestamp,
        delay: Duration,
    },
    /// Being tried.
    Trying {
        task: TaskId,
        delay: Duration,
    },
    Ready,
}

impl Volumes {
    /// Adds the volumes that some container mounts; others are never made.
    pub(super) fn add_missing(&mut self, manifest: &Manifest, now: Timestamp) {
        for volume in manifest.spec().volumes.iter().flatten() {
            let used = manifest.containers().any(|(_, container)| {
                let mounted = container.volume_mounts.iter().flatten().any(|mount| mount.name == volume.name);
                let mapped =
                    container.volume_devices.iter().flatten().any(|device| device.name == volume.name);
                mounted || mapped
            });
            if used && !self.volumes.contains_key(&volume.name) {
                self.volumes.insert(volume.name.clone(), State::Waiting { at: now, delay: FIRST_DELAY });
            }
        }
    }

    /// The names of the volumes that are not ready.
    pub(super) fn missing(&self) -> Vec<&str> {
        let missing = self.volumes.iter().filter(|(_, state)| !matches!(state, State::Ready));
        missing.map(|(name, _)| name.as_str()).collect()
    }

    /// The volumes to try now. Each has to be answered with [`Volumes::tried`].
    pub(super) fn due(&mut self, now: Timestamp, mut task: impl FnMut() -> TaskId) -> Vec<(TaskId, String)> {
        let mut due = Vec::new();
        for (name, state) in &mut self.volumes {
            if let State::Waiting { at, delay } = *state
                && at <= now
            {
                let task = task();
                *state = State::Trying { task, delay };
                due.push((task, name.clone()));
            }
        }
        due
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let waiting = |state: &State| match state {
            State::Waiting { at, .. } => Some(*at),
            State::Trying { .. } | State::Ready => None,
        };
        self.volumes.values().filter_map(waiting).min()
    }

    /// Takes what came of a try. `None` where the task was not about a volume.
    pub(super) fn tried(
        &mut self,
        done: TaskId,
        result: &Result<(), String>,
        now: Timestamp,
    ) -> Option<PodEvent> {
        let tried = |state: &State| matches!(state, State::Trying { task, .. } if *task == done);
        let (name, state) = self.volumes.iter_mut().find(|(_, state)| tried(state))?;
        let State::Trying { delay, .. } = *state else { return None };
        match result {
            Ok(()) => {
                *state = State::Ready;
                None
            }
            Err(error) => {
                *state = State::Waiting { at: after(now, delay), delay: (delay * 2).min(MAX_DELAY) };
                let message = format!("MountVolume.SetUp failed for volume \"{name}\" : {error}");
                Some(PodEvent::warning("FailedMount", message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_that_fails_is_tried_again_after_ever_longer_times() {
        let now = |millis| Timestamp::from_millisecond(millis).unwrap();
        let mut volumes = Volumes::default();
        let waiting = State::Waiting { at: now(0), delay: FIRST_DELAY };
        volumes.volumes.insert("conf".into(), waiting);
        let mut times = Vec::new();
        for task in 0..12 {
            let at = volumes.next_due().unwrap();
            times.push(at.as_millisecond());
            assert_eq!(volumes.due(at, || TaskId(task)).len(), 1);
            let event = volumes.tried(TaskId(task), &Err("no".into()), at).unwrap();
            assert_eq!(event.message, "MountVolume.SetUp failed for volume \"conf\" : no");
        }
        assert_eq!(times[..6], [0, 500, 1500, 3500, 7500, 15_500]);
        assert_eq!(times[11] - times[10], 122_000);
        assert_eq!(volumes.missing(), ["conf"]);
    }
}
