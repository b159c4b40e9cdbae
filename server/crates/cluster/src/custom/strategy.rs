//! How objects of custom resources are defaulted, checked and shown.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    columns::{self, Printed},
    structural::{self, DEPTH, schema_of},
    values,
};
use crate::{
    object::{Object, text_at},
    resource::{Context, Generation, Resource, Strategy},
    status::Result,
    validation::{ErrorList, Path},
};

#[derive(Debug)]
pub(super) struct CustomStrategy {
    schema: Value,
    has_status: bool,
    columns: Vec<Printed>,
    deprecated: Option<String>,
    scale: Option<ScalePaths>,
}

/// Where the numbers of the `scale` subresource are in an object, as JSON pointers.
#[derive(Clone, Debug)]
pub(crate) struct ScalePaths {
    pub(crate) wanted: String,
    pub(crate) seen: String,
    pub(crate) selector: Option<String>,
}

impl CustomStrategy {
    pub(super) fn new(definition: &Value, version: &Value) -> Self {
        let group = text_at(definition, "/spec/group");
        let (name, kind) = (text_at(version, "/name"), text_at(definition, "/spec/names/kind"));
        let deprecated =
            (version["deprecated"] == true).then(|| match text_at(version, "/deprecationWarning") {
                "" => format!("{group}/{name} {kind} is deprecated"),
                own => own.to_owned(),
            });
        let pointer = |key: &str| {
            let path = version.pointer("/subresources/scale")?.get(key)?.as_str()?;
            Some(path.replace('.', "/"))
        };
        let scale = pointer("specReplicasPath")
            .zip(pointer("statusReplicasPath"))
            .map(|(wanted, seen)| ScalePaths { wanted, seen, selector: pointer("labelSelectorPath") });
        Self {
            schema: schema_of(version).clone(),
            has_status: version.pointer("/subresources/status").is_some(),
            columns: Printed::all(version),
            deprecated,
            scale,
        }
    }
}

impl Strategy for CustomStrategy {
    fn set_defaults(&self, object: &mut Value) {
        structural::set_defaults(object, &self.schema, DEPTH);
    }

    fn generation(&self) -> Generation {
        Generation::OfAll
    }

    fn has_status(&self) -> bool {
        self.has_status
    }

    fn allows_unconditional_update(&self) -> bool {
        false
    }

    fn prepare_create(&self, _cx: Context<'_>, object: &mut Value) -> Result<()> {
        if self.has_status {
            structural::object(object).remove("status");
        }
        Ok(())
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let mut own = object.clone();
        // Metadata has rules of its own, the same for all kinds.
        structural::object(&mut own)
            .retain(|key, _| !matches!(key.as_str(), "apiVersion" | "kind" | "metadata"));
        let mut schema = self.schema.clone();
        if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
            required.retain(|name| !matches!(name.as_str(), Some("apiVersion" | "kind" | "metadata")));
        }
        values::validate(&own, &schema, &Path::root(), errors);
        Ok(())
    }

    fn deprecated(&self) -> Option<&str> {
        self.deprecated.as_deref()
    }

    fn open_api(&self) -> Option<&Value> {
        Some(&self.schema)
    }

    fn scale(&self) -> Option<&ScalePaths> {
        self.scale.as_ref()
    }

    /// Versions differ in name alone: there are no webhooks that could convert.
    fn seen(&self, resource: &Resource, object: &Object) -> Option<Value> {
        let own = resource.api_version();
        (text_at(object.value(), "/apiVersion") != own).then(|| {
            let mut value = object.to_value();
            structural::object(&mut value).insert("apiVersion".into(), own.into());
            value
        })
    }

    fn column_definitions(&self) -> Value {
        columns::heads(&self.columns)
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        columns::row(&self.columns, object, now)
    }
}
