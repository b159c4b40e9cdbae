//! What submissions are graded on, said where it can always be seen.

use leptos::prelude::*;

use crate::api::{ClusterInfo, use_api};

/// "simulated cluster", or the real one's name and version; opens to a sentence on what that means.
#[component]
pub(crate) fn ClusterBadge() -> impl IntoView {
    let status = Resource::new(|| (), async |()| use_api().status().await);
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                // Where the server cannot even say this, the page below has more to say about it.
                status.await.ok().map(|status| badge(&status.cluster, status.version))
            })}
        </Suspense>
    }
}

fn badge(cluster: &ClusterInfo, podlab: String) -> impl IntoView + use<> {
    let version = cluster.version.clone();
    let short = if cluster.simulated {
        "simulated cluster".to_owned()
    } else {
        [Some(cluster.name.clone()), version.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let meaning = if cluster.simulated {
        "What you submit runs on podlab's own cluster, inside podlab. Its API behaves like Kubernetes; its containers \
         are simulated, from a catalogue of images. Nothing is downloaded and nothing else on this machine is \
         touched."
            .to_owned()
    } else {
        format!(
            "What you submit runs on the cluster {}, in a namespace made for it and removed after grading. Its \
             containers are real.",
            cluster.name
        )
    };
    view! {
        <button class="badge" type="button" popovertarget="cluster-info">
            {short}
        </button>
        <div class="popover popover--under-header" id="cluster-info" popover="auto">
            <p>{meaning}</p>
            <p class="quiet">
                {version.map(|version| format!("Kubernetes {version} · "))} {format!("podlab {podlab}")}
            </p>
        </div>
    }
}
