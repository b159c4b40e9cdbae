//! Kinds of which little but their table is particular.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cells;
use crate::{
    object::{object_at, text_at},
    resource::{
        Context, Generation, Strategy,
        columns::{Column, labels, or_none},
    },
    server::Server,
    status::Result,
    validation::metadata::NameRule,
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

/// CertificateSigningRequests.
#[derive(Debug)]
pub(crate) struct CertificateSigningRequestStrategy;

impl Strategy for CertificateSigningRequestStrategy {
    fn has_status(&self) -> bool {
        true
    }

    fn name_rule(&self) -> NameRule {
        NameRule::PathSegment
    }

    /// Who asks for a certificate is not the asker's to say.
    fn prepare_create(&self, cx: Context<'_>, object: &mut Value) -> Result<()> {
        let caller = &cx.request.caller;
        let spec = object_at(object, "spec");
        spec.insert("username".into(), json!(caller.name));
        spec.insert("groups".into(), json!(caller.groups));
        if caller.uid.is_empty() {
            spec.remove("uid");
        } else {
            spec.insert("uid".into(), json!(caller.uid));
        }
        object["status"] = json!({});
        Ok(())
    }

    /// New conditions get the moments at which they came.
    fn prepare_update(&self, cx: Context<'_>, object: &mut Value, _old: &Value) -> Result<()> {
        let conditions = object.pointer_mut("/status/conditions").and_then(Value::as_array_mut);
        for condition in conditions.into_iter().flatten().filter_map(Value::as_object_mut) {
            for field in ["lastTransitionTime", "lastUpdateTime"] {
                let missing = condition.get(field).is_none_or(Value::is_null);
                if missing {
                    condition.insert(field.into(), json!(cx.server.now()));
                }
            }
        }
        Ok(())
    }

    fn selectable(&self, object: &Value, field: &str) -> Option<String> {
        (field == "spec.signerName").then(|| text_at(object, "/spec/signerName").to_owned())
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 6] = [
            Column::NAME,
            Column::AGE,
            Column::text("SignerName"),
            Column::text("Requestor"),
            Column::text("RequestedDuration"),
            Column::text("Condition"),
        ];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
        let has = |kind: &str| conditions.into_iter().flatten().any(|c| text_at(c, "/type") == kind);
        let mut state = match () {
            () if has("Denied") => "Denied".to_owned(),
            () if has("Approved") => "Approved".to_owned(),
            () => "Pending".to_owned(),
        };
        if has("Failed") {
            state.push_str(",Failed");
        }
        if !text_at(object, "/status/certificate").is_empty() {
            state.push_str(",Issued");
        }
        let lasts = object.pointer("/spec/expirationSeconds").and_then(Value::as_i64);
        vec![
            cells::name(object),
            cells::age(object, now),
            json!(or_none(text_at(object, "/spec/signerName"))),
            cells::text(object, "/spec/username"),
            json!(lasts.map_or("<none>".to_owned(), crate::resource::columns::duration)),
            json!(state),
        ]
    }
}
