//! `absent`: an object that should not be there.

use podlab_exercises::{cel::Variables, content::check::Absent};
use serde_json::Value;

use super::{Finding, Look, object};

pub(super) async fn look(spec: &Absent, look: &Look<'_>) -> Finding {
    let objects = match object::matching(&spec.kind, spec.selector.as_deref(), look.scene).await {
        Ok(objects) => objects,
        Err(finding) => return finding,
    };
    let name = |object: &Value| object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let wanted = |object: &Value| spec.name.as_ref().is_none_or(|wanted| *wanted == name(object));
    let there: Vec<Value> = objects.into_iter().filter(wanted).collect();
    if there.is_empty() {
        return Finding::Pass { observed: None };
    }
    let names: Vec<String> = there.iter().map(name).collect();
    let usual = format!("There is {} {}, which should not be there.", spec.kind, names.join(", "));
    let variables = Variables::from([("objects", Value::Array(there))]);
    Finding::fail_seeing(look.words(&variables, usual), names.join(", "))
}
