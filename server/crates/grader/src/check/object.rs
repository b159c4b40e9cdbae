//! `object`: something of the API, as it is stored there.

use std::{collections::BTreeMap, sync::Arc};

use kube::{
    Api,
    api::{DynamicObject, ListParams},
};
use podlab_exercises::{cel::Variables, content::check::Object};
use serde_json::Value;

use super::{Finding, Look};
use crate::{
    error::explain,
    observe::{
        container::missing,
        scene::{Scene, complete},
    },
};

pub(super) async fn look(spec: &Object, look: &Look<'_>) -> Finding {
    match &spec.name {
        Some(name) => one(spec, name, look).await,
        None => several(spec, look).await,
    }
}

async fn one(spec: &Object, name: &str, look: &Look<'_>) -> Finding {
    let objects = match all(&spec.kind, look.scene).await {
        Ok(objects) => objects,
        Err(finding) => return finding,
    };
    let Some(object) = objects.get(name) else {
        return Finding::fail(missing(&spec.kind, name, objects.keys().map(String::as_str), look.scene));
    };
    let variables = Variables::from([("object", Value::clone(object))]);
    look.judge(&variables, true, None, || format!("{} {name} is not as it should be.", spec.kind))
}

async fn several(spec: &Object, look: &Look<'_>) -> Finding {
    let objects = match matching(&spec.kind, spec.selector.as_deref(), look.scene).await {
        Ok(objects) => objects,
        Err(finding) => return finding,
    };
    let any = !objects.is_empty();
    let variables = Variables::from([("objects", Value::Array(objects))]);
    look.judge(&variables, any, None, || match &spec.selector {
        Some(selector) if !any => format!("There is no {} with the labels {selector}.", spec.kind),
        None if !any => format!("There is no {}.", spec.kind),
        _ => format!("The objects of the kind {} are not as they should be.", spec.kind),
    })
}

/// All objects of a kind, by their names.
pub(super) async fn all(kind: &str, scene: &Scene<'_>) -> Result<BTreeMap<String, Arc<Value>>, Finding> {
    let Some(mut seen) = scene.objects(kind) else {
        return Err(Finding::error(format!("the cluster does not know the kind {kind}")));
    };
    let snapshot = complete(&mut seen).await;
    match snapshot.trouble {
        Some(trouble) if !snapshot.complete => Err(Finding::error(trouble)),
        _ => Ok(snapshot.objects),
    }
}

/// The objects of a kind with certain labels, or all. The API does the matching.
pub(super) async fn matching(
    kind: &str,
    selector: Option<&str>,
    scene: &Scene<'_>,
) -> Result<Vec<Value>, Finding> {
    let Some(selector) = selector else {
        return Ok(all(kind, scene).await?.into_values().map(|object| Value::clone(&object)).collect());
    };
    let Some(resource) = scene.resource(kind) else {
        return Err(Finding::error(format!("the cluster does not know the kind {kind}")));
    };
    let api: Api<DynamicObject> =
        Api::namespaced_with(scene.cluster.client.clone(), scene.namespace, resource);
    let listed = api.list(&ListParams::default().labels(selector)).await;
    let objects = listed.map_err(|error| Finding::error(explain(&error)))?.items;
    Ok(objects.iter().filter_map(|object| serde_json::to_value(object).ok()).collect())
}
