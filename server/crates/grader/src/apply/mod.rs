//! Puts a submission's objects into the sandbox, by server-side apply, and turns what the API refuses into problems.

mod fields;
mod refusal;

use std::{collections::BTreeSet, time::Duration};

use kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use podlab_exercises::Problem;
use serde_json::json;

use crate::{cluster::Cluster, error::GraderError, submission::Document};

/// The name under which podlab owns the fields that it applies.
const FIELD_MANAGER: &str = "podlab";

/// How often something is applied again that the API says to be too busy for.
const ATTEMPTS: u32 = 5;

/// What became of a submission's objects.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// The objects that are there now: kind and name.
    pub(crate) objects: BTreeSet<(&'static str, String)>,
    /// The objects that the API refused: kind and name.
    pub(crate) refused: BTreeSet<(&'static str, String)>,
    /// Why.
    pub(crate) problems: Vec<Problem>,
}

/// Applies the objects one after the other. One that is refused does not keep the others from being applied, as with
/// `kubectl apply`.
///
/// # Errors
///
/// Where the cluster cannot be asked.
pub(crate) async fn apply(
    documents: &[Document],
    namespace: &str,
    cluster: &Cluster,
) -> Result<Applied, GraderError> {
    let mut applied = Applied::default();
    for document in documents {
        let identity = (document.kind.name, document.name.clone());
        match apply_one(document, namespace, cluster).await {
            Ok(()) => {
                applied.objects.insert(identity);
            }
            Err(kube::Error::Api(status)) if refusal::is_one(&status) => {
                applied.refused.insert(identity);
                applied.problems.extend(refusal::problems(&status, document));
            }
            Err(error) => return Err(GraderError::cluster("applying the manifest")(error)),
        }
    }
    Ok(applied)
}

async fn apply_one(document: &Document, namespace: &str, cluster: &Cluster) -> Result<(), kube::Error> {
    let mut object = document.node.to_json();
    if let Some(metadata) = object.get_mut("metadata").and_then(serde_json::Value::as_object_mut) {
        metadata.insert("namespace".to_owned(), json!(namespace));
    }
    let resource = document.kind.resource();
    let api: Api<DynamicObject> = Api::namespaced_with(cluster.client.clone(), namespace, &resource);
    // The client puts the name into the request's path as it is; what is not a name is for the API to say.
    let name = utf8_percent_encode(&document.name, NON_ALPHANUMERIC).to_string();
    let params = PatchParams::apply(FIELD_MANAGER).force().validation_strict();
    let mut attempt = 1;
    loop {
        match api.patch(&name, &params, &Patch::Apply(&object)).await {
            Err(kube::Error::Api(status)) if busy(status.code) && attempt < ATTEMPTS => {
                cluster.clock.sleep(Duration::from_millis(500) * attempt).await;
                attempt += 1;
            }
            result => return result.map(|_| ()),
        }
    }
}

/// Whether the API asks to come again: too many requests, or one of its parts is starting.
fn busy(code: u16) -> bool {
    matches!(code, 429 | 503 | 504)
}
