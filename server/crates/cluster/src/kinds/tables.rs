//! Kinds of which little but their table is particular.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cells;
use crate::{
    object::text_at,
    resource::{
        Generation, Strategy,
        columns::{Column, labels},
    },
    server::Server,
};

/// Leases.
#[derive(Debug)]
pub(crate) struct LeaseStrategy;

impl Strategy for LeaseStrategy {
    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 3] = [Column::NAME, Column::text("Holder"), Column::AGE];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        vec![cells::name(object), cells::text(object, "/spec/holderIdentity"), cells::age(object, now)]
    }
}

/// RuntimeClasses.
#[derive(Debug)]
pub(crate) struct RuntimeClassStrategy;

impl Strategy for RuntimeClassStrategy {
    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 3] = [Column::NAME, Column::text("Handler"), Column::AGE];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        vec![cells::name(object), cells::text(object, "/handler"), cells::age(object, now)]
    }
}

/// ControllerRevisions.
#[derive(Debug)]
pub(crate) struct ControllerRevisionStrategy;

impl Strategy for ControllerRevisionStrategy {
    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 4] =
            [Column::NAME, Column::text("Controller"), Column::integer("Revision"), Column::AGE];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        let owner = owners.into_iter().flatten().find(|owner| owner.get("controller") == Some(&json!(true)));
        let owner = owner.map_or("<none>".to_owned(), |owner| {
            let group = text_at(owner, "/apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
            let kind = text_at(owner, "/kind").to_lowercase();
            let kind = if group.is_empty() { kind } else { format!("{kind}.{group}") };
            format!("{kind}/{}", text_at(owner, "/name"))
        });
        vec![cells::name(object), json!(owner), cells::number(object, "/revision"), cells::age(object, now)]
    }
}

/// PodTemplates.
#[derive(Debug)]
pub(crate) struct PodTemplateStrategy;

impl Strategy for PodTemplateStrategy {
    fn generation(&self) -> Generation {
        Generation::OfAll
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 4] =
            [Column::NAME, Column::text("Containers"), Column::text("Images"), Column::text("Pod Labels")];
        &COLUMNS
    }

    fn row(&self, object: &Value, _now: Timestamp) -> Vec<Value> {
        let [names, images] = cells::containers(object, "/template/spec/containers");
        vec![cells::name(object), names, images, json!(labels(object.pointer("/template/metadata/labels")))]
    }
}

/// ComponentStatuses: worked out, never stored.
#[derive(Debug)]
pub(crate) struct ComponentStatusStrategy;

impl Strategy for ComponentStatusStrategy {
    /// The parts of a control plane, which are well as long as anybody answers.
    fn computed(&self, _server: &Server) -> Option<Vec<Value>> {
        let status = |name: &str| {
            json!({
                "apiVersion": "v1", "kind": "ComponentStatus", "metadata": { "name": name },
                "conditions": [{ "type": "Healthy", "status": "True", "message": "ok" }],
            })
        };
        Some(["controller-manager", "etcd-0", "scheduler"].map(status).to_vec())
    }

    fn deprecated(&self) -> Option<&str> {
        Some("v1 ComponentStatus is deprecated in v1.19+")
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 4] =
            [Column::NAME, Column::text("Status"), Column::text("Message"), Column::text("Error")];
        &COLUMNS
    }

    fn row(&self, object: &Value, _now: Timestamp) -> Vec<Value> {
        vec![cells::name(object), json!("Healthy"), cells::text(object, "/conditions/0/message"), json!("")]
    }
}
