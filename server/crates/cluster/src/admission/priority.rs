//! A Pod's priority is that of its PriorityClass.

use serde_json::{Value, json};

use super::forbidden;
use crate::{
    object::{object_at, text_at},
    resource::Context,
    status::Result,
};

const STORAGE: &str = "priorityclasses.scheduling.k8s.io";

pub(super) fn mutate(cx: Context<'_>, pod: &mut Value) -> Result<()> {
    let name = text_at(pod, "/spec/priorityClassName").to_owned();
    let class = if name.is_empty() {
        global_default(cx)
    } else {
        match cx.server.store.get(STORAGE, "", &name) {
            Some(class) => Some(class),
            None => {
                return Err(forbidden("pods", pod, &format!("no PriorityClass with name {name} was found")));
            }
        }
    };
    let value = class.as_ref().and_then(|c| c.value().get("value")).and_then(Value::as_i64).unwrap_or(0);
    let policy = class.as_ref().map(|c| text_at(c.value(), "/preemptionPolicy")).unwrap_or_default();
    let policy = if policy.is_empty() { "PreemptLowerPriority" } else { policy };
    const FROM: &str = "priority admission controller computed";
    if let Some(given) = pod.pointer("/spec/priority").and_then(Value::as_i64).filter(|p| *p != value) {
        let why = format!(
            "the integer value of priority ({given}) must not be provided in pod spec; {FROM} {value} from the given PriorityClass name"
        );
        return Err(forbidden("pods", pod, &why));
    }
    let given = text_at(pod, "/spec/preemptionPolicy");
    if !given.is_empty() && given != policy {
        let why = format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; {FROM} {policy} from the given PriorityClass name"
        );
        return Err(forbidden("pods", pod, &why));
    }
    let spec = object_at(pod, "spec");
    if let Some(class) = class.as_ref().filter(|_| name.is_empty()) {
        spec.insert("priorityClassName".into(), json!(class.name()));
    }
    spec.insert("priority".into(), json!(value));
    spec.insert("preemptionPolicy".into(), json!(policy));
    Ok(())
}

/// A changed Pod that says nothing of it keeps what it had.
pub(super) fn keep(pod: &mut Value, old: &Value) {
    for field in ["priority", "preemptionPolicy"] {
        if let Some(value) = old.pointer(&format!("/spec/{field}")) {
            object_at(pod, "spec").entry(field).or_insert_with(|| value.clone());
        }
    }
}

/// The class of Pods that name none: of several the one with the lowest value.
fn global_default(cx: Context<'_>) -> Option<std::sync::Arc<crate::object::Object>> {
    let value = |class: &crate::object::Object| class.value().get("value").and_then(Value::as_i64);
    let classes = cx.server.store.list(STORAGE, "").objects.into_iter();
    classes
        .filter(|class| class.value().get("globalDefault") == Some(&json!(true)))
        .min_by_key(|class| value(class))
}
