//! Nodes.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{cells, pod_spec};
use crate::{
    object::text_at,
    resource::{Context, Strategy, columns::Column},
    status::Result,
    validation::{ErrorList, Path, names},
};

#[derive(Debug)]
pub(crate) struct NodeStrategy;

impl Strategy for NodeStrategy {
    fn has_status(&self) -> bool {
        true
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let taints = object.pointer("/spec/taints").and_then(Value::as_array);
        for (i, taint) in taints.into_iter().flatten().enumerate() {
            let path = Path::new("spec").child("taints").index(i);
            let key = text_at(taint, "/key");
            errors.invalid_each(&path.child("key"), key, &names::label_key(key));
            let value = text_at(taint, "/value");
            if !value.is_empty() {
                errors.invalid_each(&path.child("value"), value, &names::label_value(value));
            }
            match text_at(taint, "/effect") {
                "" => errors.required(&path.child("effect"), ""),
                effect => pod_spec::taint_effect(effect, &path.child("effect"), errors),
            }
        }
        Ok(())
    }

    fn selectable(&self, object: &Value, field: &str) -> Option<String> {
        (field == "spec.unschedulable").then(|| {
            object.pointer("/spec/unschedulable").and_then(Value::as_bool).unwrap_or(false).to_string()
        })
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 10] = [
            Column::NAME,
            Column::text("Status"),
            Column::text("Roles"),
            Column::AGE,
            Column::text("Version"),
            Column::text("Internal-IP").wide(),
            Column::text("External-IP").wide(),
            Column::text("OS-Image").wide(),
            Column::text("Kernel-Version").wide(),
            Column::text("Container-Runtime").wide(),
        ];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let address = |kind: &str| {
            let list = object.pointer("/status/addresses").and_then(Value::as_array);
            let found = list.into_iter().flatten().find(|a| text_at(a, "/type") == kind);
            json!(found.map_or("<none>", |a| text_at(a, "/address")))
        };
        let info = |field: &str| {
            let text = text_at(object, &format!("/status/nodeInfo/{field}"));
            json!(if text.is_empty() { "<unknown>" } else { text })
        };
        vec![
            cells::name(object),
            json!(state(object)),
            json!(roles(object)),
            cells::age(object, now),
            cells::text(object, "/status/nodeInfo/kubeletVersion"),
            address("InternalIP"),
            address("ExternalIP"),
            info("osImage"),
            info("kernelVersion"),
            info("containerRuntimeVersion"),
        ]
    }
}

fn state(node: &Value) -> String {
    let conditions = node.pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions.into_iter().flatten().find(|c| text_at(c, "/type") == "Ready");
    let mut state = match ready.map(|c| text_at(c, "/status")) {
        Some("True") => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if node.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) {
        state.push_str(",SchedulingDisabled");
    }
    state
}

fn roles(node: &Value) -> String {
    const PREFIX: &str = "node-role.kubernetes.io/";
    let labels = node.pointer("/metadata/labels").and_then(Value::as_object);
    let mut roles: Vec<&str> = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| match key.strip_prefix(PREFIX) {
            Some(role) if !role.is_empty() => Some(role),
            _ if key == "kubernetes.io/role" => value.as_str(),
            _ => None,
        })
        .collect();
    roles.sort_unstable();
    if roles.is_empty() { "<none>".into() } else { roles.join(",") }
}
