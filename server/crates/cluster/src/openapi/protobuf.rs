//! The definitions of OpenAPI v2 in protobuf, the only form in which kubectl reads that document. It does so when a
//! kind is not in any document of v3, to say whether the kind or the server is at fault.
//!
//! Source: `OpenAPIv2.proto` of github.com/google/gnostic, from which the field numbers are.

use serde_json::{Map, Value};

use crate::protobuf::Message;

impl Message {
    /// A value of any form: gnostic keeps it as YAML, of which JSON is a part.
    fn any(&mut self, field: u32, value: &Value) {
        const YAML: u32 = 2;
        let mut any = Self::default();
        any.text(YAML, &value.to_string());
        self.message(field, &any);
    }

    /// An entry of a map: its key and its value.
    fn entry(&mut self, field: u32, key: &str, value: &Self) {
        let mut entry = Self::default();
        entry.text(1, key);
        entry.message(2, value);
        self.message(field, &entry);
    }
}

/// A document with these definitions and no paths.
pub(super) fn document(definitions: &Map<String, Value>) -> Vec<u8> {
    let mut info = Message::default();
    info.text(1, "Kubernetes");
    info.text(2, "unversioned");
    let mut named = Message::default();
    for (name, definition) in definitions {
        named.entry(1, name, &schema(definition));
    }
    let mut document = Message::default();
    document.text(1, "2.0");
    document.message(2, &info);
    document.message(8, &Message::default());
    document.message(9, &named);
    document.into_bytes()
}

fn schema(definition: &Value) -> Message {
    let mut message = Message::default();
    let Some(fields) = definition.as_object() else { return message };
    let text = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default();
    // Version 2 has no reference with a description beside it: v3 wraps one in `allOf`.
    let wrapped = fields.get("allOf").and_then(|all| all.get(0)).and_then(|one| one.get("$ref"));
    let reference = wrapped.and_then(Value::as_str).unwrap_or(text("$ref"));
    message.text(1, reference);
    message.text(2, text("format"));
    message.text(4, text("description"));
    for required in fields.get("required").and_then(Value::as_array).into_iter().flatten() {
        message.text(19, required.as_str().unwrap_or_default());
    }
    if let Some(of) = fields.get("additionalProperties").filter(|of| of.is_object()) {
        let mut item = Message::default();
        item.message(1, &schema(of));
        message.message(21, &item);
    }
    if !text("type").is_empty() {
        let mut kind = Message::default();
        kind.text(1, text("type"));
        message.message(22, &kind);
    }
    if let Some(of) = fields.get("items") {
        let mut items = Message::default();
        items.message(1, &schema(of));
        message.message(23, &items);
    }
    if let Some(properties) = fields.get("properties").and_then(Value::as_object) {
        let mut named = Message::default();
        for (name, property) in properties {
            named.entry(1, name, &schema(property));
        }
        message.message(25, &named);
    }
    for (name, value) in fields.iter().filter(|(name, _)| name.starts_with("x-")) {
        let mut entry = Message::default();
        entry.text(1, name);
        entry.any(2, value);
        message.message(31, &entry);
    }
    message
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reference_beside_a_description_loses_its_wrapping() {
        let mut plain = Message::default();
        plain.text(1, "#/definitions/a");
        plain.text(4, "An a.");
        let wrapped = json!({ "allOf": [{ "$ref": "#/definitions/a" }], "description": "An a." });
        assert_eq!(schema(&wrapped).into_bytes(), plain.into_bytes());
    }

    #[test]
    fn lengths_above_127_take_two_bytes() {
        let mut message = Message::default();
        message.text(1, &"x".repeat(300));
        assert_eq!(message.into_bytes()[..4], [0x0a, 0xac, 0x02, b'x']);
    }
}
