//! How objects of custom resources are defaulted, checked and shown.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    columns::{self, Printed},
    rules::Rules,
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
    rules: Rules,
    /// What selectors may name, with the JSON pointers to it.
    selectable: Vec<(String, String)>,
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
        let fields = version.get("selectableFields").and_then(Value::as_array);
        let paths = fields.into_iter().flatten().filter_map(|field| field["jsonPath"].as_str());
        Self {
            rules: Rules::of(schema_of(version)),
            selectable: paths
                .map(|path| (path.trim_start_matches('.').to_owned(), path.replace('.', "/")))
                .collect(),
            schema: schema_of(version).clone(),
            has_status: version.pointer("/subresources/status").is_some(),
            columns: Printed::all(version),
            deprecated,
            scale,
        }
    }
}

impl CustomStrategy {
    /// Where an object does not keep to the schema.
    fn faults(&self, object: &Value) -> ErrorList {
        let mut own = object.clone();
        // Metadata has rules of its own, the same for all kinds.
        structural::object(&mut own)
            .retain(|key, _| !matches!(key.as_str(), "apiVersion" | "kind" | "metadata"));
        let mut schema = self.schema.clone();
        if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
            required.retain(|name| !matches!(name.as_str(), Some("apiVersion" | "kind" | "metadata")));
        }
        let mut errors = ErrorList::default();
        values::validate(&own, &schema, &Path::root(), &mut errors);
        errors
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
        let wrong = self.faults(object);
        // Rules may rely on the shapes that the schema asks for.
        if wrong.is_empty() {
            self.rules.check(object, None, &self.schema, errors);
        }
        errors.extend(wrong);
        Ok(())
    }

    /// What was wrong before and has not changed is let pass: definitions may become stricter.
    fn validate_update(
        &self,
        _cx: Context<'_>,
        object: &Value,
        old: &Value,
        errors: &mut ErrorList,
    ) -> Result<()> {
        let wrong = self.faults(object);
        let is_wrong = !wrong.is_empty();
        errors.extend(wrong.without(&self.faults(old)));
        if !is_wrong {
            let mut broken = ErrorList::default();
            self.rules.check(object, Some(old), &self.schema, &mut broken);
            errors.extend(broken);
        }
        Ok(())
    }

    fn selectable(&self, object: &Value, field: &str) -> Option<String> {
        let (_, pointer) = self.selectable.iter().find(|(name, _)| name == field)?;
        Some(match object.pointer(pointer) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        })
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
