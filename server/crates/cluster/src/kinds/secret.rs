//! Secrets.

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{cells, config_map::SIZE};
use crate::{
    go_json,
    object::{object_at, text_at},
    resource::{Context, Strategy, columns::Column},
    schema,
    status::Result,
    validation::{ErrorList, Path, names},
};

/// What Secrets of a type must have.
const REQUIRED: [(&str, &[&str]); 4] = [
    ("kubernetes.io/dockercfg", &[".dockercfg"]),
    ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson"]),
    ("kubernetes.io/ssh-auth", &["ssh-privatekey"]),
    ("kubernetes.io/tls", &["tls.crt", "tls.key"]),
];

/// The bytes that a value stands for.
fn decoded(value: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(value.as_str().unwrap_or_default()).unwrap_or_default()
}

#[derive(Debug)]
pub(crate) struct SecretStrategy;

impl Strategy for SecretStrategy {
    fn set_defaults(&self, object: &mut Value) {
        if text_at(object, "/type").is_empty() {
            object["type"] = json!("Opaque");
        }
        // Plain texts go to the encoded values and are never shown.
        let plain = object.as_object_mut().and_then(|root| root.remove("stringData"));
        if let Some(Value::Object(plain)) = plain {
            let data = object_at(object, "data");
            for (key, value) in plain {
                let text = value.as_str().unwrap_or_default();
                data.insert(key, json!(BASE64_STANDARD.encode(text)));
            }
        }
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let path = Path::new("data");
        let data = object.get("data").and_then(Value::as_object);
        for key in data.into_iter().flat_map(|data| data.keys()) {
            errors.invalid_each(&path.key(key), key, &names::config_key(key));
        }
        let size: usize = data.into_iter().flatten().map(|(_, value)| decoded(value).len()).sum();
        if size > SIZE {
            errors.too_long(&path, SIZE);
        }
        let kind = text_at(object, "/type");
        let required = REQUIRED.iter().find(|(name, _)| *name == kind).map(|(_, keys)| *keys);
        for key in required.unwrap_or_default() {
            if data.is_none_or(|data| !data.contains_key(*key)) {
                errors.required(&path.key(key), "");
            }
        }
        // Passwords of registries must be well-formed JSON; no word of them is shown.
        for key in required.unwrap_or_default().iter().filter(|key| key.starts_with(".docker")) {
            let Some(text) = data.and_then(|data| data.get(*key)).map(decoded) else { continue };
            let said = match serde_json::from_slice(&text) {
                Ok(Value::Object(_) | Value::Null) => continue,
                Ok(other) => format!(
                    "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                    schema::kind_of(&other)
                ),
                Err(error) => go_json::error(&error, &text),
            };
            errors.invalid(&path.key(key), "<secret contents redacted>", &said);
        }
        if kind == "kubernetes.io/basic-auth"
            && !["username", "password"].iter().any(|key| data.is_some_and(|d| d.contains_key(*key)))
        {
            errors.required(&path.key("username"), "");
            errors.required(&path.key("password"), "");
        }
        if kind == "kubernetes.io/service-account-token" {
            let path = Path::new("metadata").child("annotations").key("kubernetes.io/service-account.name");
            let account = object.pointer("/metadata/annotations/kubernetes.io~1service-account.name");
            if account.and_then(Value::as_str).unwrap_or_default().is_empty() {
                errors.required(&path, "");
            }
        }
        Ok(())
    }

    fn validate_update(
        &self,
        cx: Context<'_>,
        object: &Value,
        old: &Value,
        errors: &mut ErrorList,
    ) -> Result<()> {
        if object.get("type") != old.get("type") {
            errors.invalid(&Path::new("type"), text_at(object, "/type"), "field is immutable");
        }
        if old.get("immutable") == Some(&Value::Bool(true)) {
            for field in ["immutable", "data"] {
                if object.get(field) != old.get(field) {
                    let fixed = "field is immutable when `immutable` is set";
                    errors.forbidden(&Path::new(field), fixed);
                }
            }
        }
        self.validate(cx, object, errors)
    }

    fn selectable(&self, object: &Value, field: &str) -> Option<String> {
        (field == "type").then(|| text_at(object, "/type").to_owned())
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 4] = [Column::NAME, Column::text("Type"), Column::text("Data"), Column::AGE];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let count = object.get("data").and_then(Value::as_object).map_or(0, serde_json::Map::len);
        vec![cells::name(object), cells::text(object, "/type"), json!(count), cells::age(object, now)]
    }
}
