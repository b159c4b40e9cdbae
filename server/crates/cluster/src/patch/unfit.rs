//! What is said of a strategic merge patch whose outcome fits no Go type.

use serde_json::Value;

/// The decoder's `json: cannot unmarshal string into Go struct field A.b of type int32` as Go's converter from
/// unstructured objects says it.
///
/// Source: `k8s.io/apimachinery/pkg/runtime/converter.go`.
pub(super) fn in_words_of_the_converter(why: &str) -> Option<String> {
    let (_, rest) = why.split_once("cannot unmarshal ")?;
    let (seen, rest) = rest.split_once(" into Go ")?;
    let (_, wanted) = rest.rsplit_once("of type ")?;
    let from = match seen.split(' ').next()? {
        "object" => "map",
        "array" => "slice",
        "number" => "int64",
        other => other,
    };
    Some(match wanted {
        list if list.starts_with("[]") => format!("cannot restore slice from {from}"),
        map if map.starts_with("map[") => format!("cannot restore map from {from}"),
        own if own.contains('.') => format!("cannot restore struct from: {from}"),
        plain => format!("unrecognized type: {plain}"),
    })
}

/// JSON as Go prints a map of it: `map[spec:map[replicas:x]]`.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(map) => {
            let mut entries: Vec<String> =
                map.iter().map(|(key, value)| format!("{key}:{}", shown(value))).collect();
            entries.sort();
            format!("map[{}]", entries.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_of_the_wrong_type_is_told_as_go_does() {
        let field = "Go struct field DeploymentSpec.spec.x";
        for (why, said) in [
            (format!("json: cannot unmarshal string into {field} of type int32"), "unrecognized type: int32"),
            (
                format!("json: cannot unmarshal object into {field} of type []v1.Container"),
                "cannot restore slice from map",
            ),
            (
                format!("json: cannot unmarshal string into {field} of type map[string]string"),
                "cannot restore map from string",
            ),
            (
                format!("json: cannot unmarshal string into {field} of type v1.PodSpec"),
                "cannot restore struct from: string",
            ),
        ] {
            assert_eq!(in_words_of_the_converter(&why).as_deref(), Some(said), "{why}");
        }
        assert_eq!(in_words_of_the_converter("something else"), None);
        let patch = json!({ "spec": { "replicas": "x", "a": [1, null, true] } });
        assert_eq!(shown(&patch), "map[spec:map[a:[1 <nil> true] replicas:x]]");
    }
}
