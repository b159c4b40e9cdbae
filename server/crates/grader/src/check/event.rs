//! `event`: something that the cluster reported about an object.

use podlab_exercises::{cel::Variables, content::check::Event};
use serde_json::Value;

use super::{Finding, Look, object};

pub(super) async fn look(spec: &Event, look: &Look<'_>) -> Finding {
    let events = match object::all("Event", look.scene).await {
        Ok(events) => events,
        Err(finding) => return finding,
    };
    let events: Vec<&Value> =
        events.values().map(|event| &**event).filter(|event| about(spec, event)).collect();
    let (fitting, others): (Vec<&Value>, Vec<&Value>) =
        events.into_iter().partition(|event| fits(spec, event));
    let any = !fitting.is_empty();
    let variables = Variables::from([("events", fitting.into_iter().cloned().collect())]);
    let reasons: Vec<&str> = others.iter().filter_map(|event| event["reason"].as_str()).collect();
    look.judge(&variables, any, None, || {
        let wanted = spec.reason.as_deref().unwrap_or("any reason");
        let seen = if reasons.is_empty() { "nothing".to_owned() } else { reasons.join(", ") };
        format!("Of {} {} the cluster has reported {seen}, but not {wanted}.", spec.kind, spec.name)
    })
}

/// Whether an event is about the object, in either of the two forms that events have.
fn about(spec: &Event, event: &Value) -> bool {
    let is = |object: &Value| object["kind"] == spec.kind.as_str() && object["name"] == spec.name.as_str();
    is(&event["involvedObject"]) || is(&event["regarding"])
}

fn fits(spec: &Event, event: &Value) -> bool {
    let is = |wanted: &Option<String>, field: &str| {
        wanted.as_ref().is_none_or(|wanted| event[field] == wanted.as_str())
    };
    is(&spec.reason, "reason") && is(&spec.type_, "type")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_are_picked_by_object_reason_and_type() {
        let spec = Event {
            kind: "Pod".into(),
            name: "web".into(),
            reason: Some("Unhealthy".into()),
            type_: Some("Warning".into()),
        };
        let event = json!({"involvedObject": {"kind": "Pod", "name": "web"}, "reason": "Unhealthy", "type": "Warning"});
        assert!(about(&spec, &event) && fits(&spec, &event));
        assert!(about(&spec, &json!({"regarding": {"kind": "Pod", "name": "web"}})));
        assert!(!about(&spec, &json!({"involvedObject": {"kind": "Pod", "name": "other"}})));
        assert!(!fits(&spec, &json!({"reason": "Unhealthy", "type": "Normal"})));
    }
}
