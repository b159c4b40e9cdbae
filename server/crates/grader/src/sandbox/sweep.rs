//! Removes sandboxes that were left behind: by a podlab that was killed, or anybody's that are far too old.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, ResourceExt, api::ListParams};

use super::{INSTALLATION, RUN, SANDBOX, remove};
use crate::{cluster::Host, error::GraderError};

/// The age at which no grading can still be using a sandbox, whoever made it.
const TOO_OLD: SignedDuration = SignedDuration::from_hours(2);

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// The namespaces that are being removed.
    pub removed: Vec<String>,
    /// Those that could not be, and why.
    pub failed: Vec<(String, String)>,
}

/// Removes every sandbox that an earlier run of this installation left behind, and those of anybody that are older than
/// any grading. To be called when podlab starts on a shared cluster; `now` is the date.
///
/// # Errors
///
/// Where the cluster's namespaces cannot be listed. A namespace that cannot be removed is in [`Swept::failed`].
pub async fn sweep(client: &Client, host: &Host, now: Timestamp) -> Result<Swept, GraderError> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let sandboxes = namespaces
        .list(&ListParams::default().labels(&format!("{SANDBOX}=true")))
        .await
        .map_err(GraderError::cluster("looking for sandboxes that were left behind"))?;
    let mut swept = Swept::default();
    for namespace in sandboxes.items.iter().filter(|namespace| left_behind(namespace, host, now)) {
        let name = namespace.name_any();
        match remove(client, &name).await {
            Ok(()) => swept.removed.push(name),
            Err(error) => swept.failed.push((name, error.to_string())),
        }
    }
    Ok(swept)
}

fn left_behind(namespace: &Namespace, host: &Host, now: Timestamp) -> bool {
    if namespace.metadata.deletion_timestamp.is_some() {
        return false;
    }
    let label = |name| namespace.labels().get(name).map(String::as_str);
    let ours = label(INSTALLATION) == Some(&host.installation) && label(RUN) != Some(&host.run);
    let age = namespace.metadata.creation_timestamp.as_ref().map(|created| now.duration_since(created.0));
    ours || age.is_some_and(|age| age > TOO_OLD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn namespace(installation: &str, run: &str, created: &str) -> Namespace {
        let labels = json!({SANDBOX: "true", INSTALLATION: installation, RUN: run});
        serde_json::from_value(json!({
            "metadata": {"name": "podlab-x", "labels": labels, "creationTimestamp": created}
        }))
        .unwrap()
    }

    #[test]
    fn what_an_earlier_run_left_and_what_is_too_old_goes() {
        let host = Host { installation: "here".into(), run: "2".into() };
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        for (installation, run, created, expected) in [
            ("here", "1", "2026-11-21T11:59:00Z", true),
            ("here", "2", "2026-11-21T11:59:00Z", false),
            ("there", "1", "2026-11-21T11:59:00Z", false),
            ("there", "1", "2026-11-21T09:00:00Z", true),
        ] {
            let found = left_behind(&namespace(installation, run, created), &host, now);
            assert_eq!(found, expected, "{installation} {run} {created}");
        }
    }

    #[test]
    fn what_is_being_removed_is_left_alone() {
        let host = Host { installation: "here".into(), run: "2".into() };
        let mut going = namespace("here", "1", "2026-11-21T11:59:00Z");
        going.metadata.deletion_timestamp = going.metadata.creation_timestamp.clone();
        assert!(!left_behind(&going, &host, "2026-11-21T12:00:00Z".parse().unwrap()));
    }
}
