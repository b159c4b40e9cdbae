//! Pods that outgrow their local storage. See "Node-pressure Eviction" and emptyDir's `sizeLimit` in Kubernetes'
//! documentation.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::{
    driver::Message,
    pod::{Eviction, Manifest, after},
    seat::Seat,
};

/// How often the kubelet looks.
const PERIOD: Duration = Duration::from_secs(10);

/// Watches the Pod's emptyDirs that have just been made. What it returns waits without a timer until one is too full.
pub(super) fn watches(
    seat: &Arc<Seat>,
    manifest: &Manifest,
    outcomes: &mpsc::Sender<Message>,
) -> Vec<impl Future<Output = ()> + Send + 'static + use<>> {
    let mut watches = Vec::new();
    for (name, volume) in &mut seat.state().volumes {
        let Some(limit) = volume.evict_past.take() else { continue };
        let (volume, seat, outcomes) = (volume.volume.clone(), Arc::clone(seat), outcomes.clone());
        let source = manifest.spec().volumes.iter().flatten().find(|volume| volume.name == *name);
        let shown = source
            .and_then(|source| source.empty_dir.as_ref()?.size_limit.clone())
            .and_then(|limit| crate::quantity::Quantity::of(&limit))
            .map(|limit| limit.to_string())
            .unwrap_or_default();
        let message = format!("Usage of EmptyDir volume \"{name}\" exceeds the limit \"{shown}\". ");
        let uid = manifest.uid().to_owned();
        watches.push(async move {
            volume.exceeded(limit).await;
            let client = &seat.facts.client;
            let now = client.now();
            // The kubelet notices when it next looks.
            let period = i64::try_from(PERIOD.as_secs()).unwrap_or(10);
            let into = u64::try_from(now.as_second().rem_euclid(period)).unwrap_or_default();
            let look = after(now, PERIOD - Duration::from_secs(into));
            client.sleep(Duration::try_from(look.duration_since(now)).unwrap_or_default()).await;
            let (reason, grace_seconds) = ("Evicted", Some(0));
            let eviction = Eviction { reason, message, grace_seconds, fails_at_once: false };
            let _ = outcomes.send(Message::Evict(uid, eviction)).await;
        });
    }
    watches
}
