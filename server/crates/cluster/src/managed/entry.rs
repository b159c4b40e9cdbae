//! `metadata.managedFields`.

use serde_json::{Map, Value, json};

use super::fieldset::FieldSet;

/// How a manager came to own its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    /// By server-side apply.
    Apply,
    /// By any other write.
    Update,
}

/// The fields of one manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) manager: Box<str>,
    pub(crate) operation: Operation,
    pub(crate) api_version: Box<str>,
    /// `status`, ...; empty for the object itself.
    pub(crate) subresource: Box<str>,
    pub(crate) time: Box<str>,
    pub(crate) fields: FieldSet,
}

impl Entry {
    /// Whether two entries are of one manager, and are kept as one.
    pub(crate) fn is_same_manager(&self, other: &Self) -> bool {
        self.manager == other.manager
            && self.operation == other.operation
            && self.subresource == other.subresource
            && self.api_version == other.api_version
    }

    fn to_value(&self) -> Value {
        let mut value = json!({
            "manager": &*self.manager,
            "operation": match self.operation {
                Operation::Apply => "Apply",
                Operation::Update => "Update",
            },
            "apiVersion": &*self.api_version,
            "fieldsType": "FieldsV1",
            "fieldsV1": self.fields.to_fields(),
        });
        if !self.time.is_empty() {
            value["time"] = json!(&*self.time);
        }
        if !self.subresource.is_empty() {
            value["subresource"] = json!(&*self.subresource);
        }
        value
    }

    fn from_value(value: &Value) -> Option<Self> {
        let text = |key: &str| Box::from(value.get(key).and_then(Value::as_str).unwrap_or_default());
        let operation = match value.get("operation")?.as_str()? {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        Some(Self {
            manager: text("manager"),
            operation,
            api_version: text("apiVersion"),
            subresource: text("subresource"),
            time: text("time"),
            fields: FieldSet::from_fields(value.get("fieldsV1")?),
        })
    }
}

/// The list as it stands in the object.
pub(crate) fn render_entries(entries: &[Entry]) -> Value {
    entries.iter().map(Entry::to_value).collect()
}

/// Reads the list of an object that a client sends; nothing where it does not touch it, or empties it in part.
pub(crate) fn parse_entries(metadata: &Map<String, Value>) -> Option<Vec<Entry>> {
    let list = metadata.get("managedFields")?.as_array()?;
    list.iter().map(Entry::from_value).collect()
}
