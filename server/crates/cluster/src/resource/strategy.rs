//! What is particular to a kind.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Resource,
    columns::{self, Column},
};
use crate::{
    custom::ScalePaths,
    object::{Object, text_at},
    request::Request,
    server::Server,
    status::Result,
    store::Writer,
    validation::{ErrorList, metadata::NameRule},
};

/// What a strategy may look at.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) server: &'a Server,
    pub(crate) request: &'a Request,
}

/// How `metadata.generation` is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generation {
    /// Not at all.
    None,
    /// It grows with each change of `spec`.
    OfSpec,
    /// It grows with each change of anything but metadata and status.
    OfAll,
}

/// How objects of a kind are defaulted, prepared, checked and shown. Every method has the answer of a kind without
/// particularities.
///
/// Defaulting happens whenever an object comes in; preparing sets what clients may not; `errors` take all that is
/// wrong with the object, in the real server's order; an `Err` is a refusal for another reason.
pub(crate) trait Strategy: std::fmt::Debug + Send + Sync + 'static {
    /// Fills in what the manifest left open.
    fn set_defaults(&self, _object: &mut Value) {}

    /// The objects of a kind that is not stored but worked out when it is read.
    fn computed(&self, _server: &Server) -> Option<Vec<Value>> {
        None
    }

    /// Which names its objects may have.
    fn name_rule(&self) -> NameRule {
        NameRule::Subdomain
    }

    fn generation(&self) -> Generation {
        Generation::None
    }

    /// Whether `status` is a subresource, so that it is not written with the object.
    fn has_status(&self) -> bool {
        false
    }

    /// Whether an update without a resourceVersion is taken.
    fn allows_unconditional_update(&self) -> bool {
        true
    }

    /// Whether an update of what does not exist creates it.
    fn allows_create_on_update(&self) -> bool {
        false
    }

    /// Before a new object is checked.
    fn prepare_create(&self, _cx: Context<'_>, _object: &mut Value) -> Result<()> {
        Ok(())
    }

    /// A new object.
    fn validate(&self, _cx: Context<'_>, _object: &Value, _errors: &mut ErrorList) -> Result<()> {
        Ok(())
    }

    /// Before a changed object is checked.
    fn prepare_update(&self, _cx: Context<'_>, _object: &mut Value, _old: &Value) -> Result<()> {
        Ok(())
    }

    /// What a change may not do, besides what [`Self::validate`] says of any object.
    fn validate_change(&self, _object: &Value, _old: &Value, _errors: &mut ErrorList) -> Result<()> {
        Ok(())
    }

    /// A changed object, of which `metadata` has been checked.
    fn validate_update(
        &self,
        cx: Context<'_>,
        object: &Value,
        old: &Value,
        errors: &mut ErrorList,
    ) -> Result<()> {
        // With a new status all else is as it was.
        if self.has_status() && cx.request.subresource == "status" {
            return Ok(());
        }
        self.validate(cx, object, errors)?;
        self.validate_change(object, old, errors)
    }

    /// What whoever still uses the resource is told with each answer.
    fn deprecated(&self) -> Option<&str> {
        None
    }

    /// What the person at the client should know of a new or changed object.
    fn warnings(&self, _object: &Value, _old: Option<&Value>) -> Vec<String> {
        Vec::new()
    }

    /// The value of a field that selectors may name besides `metadata.name` and `metadata.namespace`; `None` if they
    /// may not.
    fn selectable(&self, _object: &Value, _field: &str) -> Option<String> {
        None
    }

    /// Whether selectors may name a field.
    fn is_selectable(&self, field: &str) -> bool {
        self.selectable(&Value::Null, field).is_some()
    }

    /// After an object was created, in the same step: what comes with it.
    fn created(&self, _cx: Context<'_>, _writer: &Writer<'_>, _object: &Value) {}

    /// After an object was removed, in the same step: what goes with it.
    fn removed(&self, _server: &Server, _writer: &Writer<'_>, _object: &Object) {}

    /// The `apiVersion` under which its objects are stored, where that is not the resource's own.
    fn storage_version(&self) -> Option<&'static str> {
        None
    }

    /// How long an object gets to end before it is removed, in seconds; `None` for kinds that know no such period.
    fn grace_period(&self, _object: &Value, _asked: Option<i64>) -> Option<i64> {
        None
    }

    /// An object as this resource shows it, where that is not how it is stored (another version, say).
    fn seen(&self, _resource: &Resource, _object: &Object) -> Option<Value> {
        None
    }

    /// The columns of its table.
    fn columns(&self) -> &'static [Column] {
        &columns::NAME_AND_CREATED_AT
    }

    /// The columns as a table's head tells them.
    fn column_definitions(&self) -> Value {
        columns::definitions(self.columns())
    }

    /// The schema that a definition gives for the kind.
    fn open_api(&self) -> Option<&Value> {
        None
    }

    /// Where the numbers of `scale` are, if not where built-in kinds have them.
    fn scale(&self) -> Option<&ScalePaths> {
        None
    }

    /// The cells of an object, one for each column.
    fn row(&self, object: &Value, _now: Timestamp) -> Vec<Value> {
        vec![json!(text_at(object, "/metadata/name")), json!(text_at(object, "/metadata/creationTimestamp"))]
    }
}

/// A kind without particularities.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Plain {
    pub(crate) generation: Option<Generation>,
    pub(crate) has_status: bool,
}

impl Strategy for Plain {
    fn generation(&self) -> Generation {
        self.generation.unwrap_or(Generation::None)
    }

    fn has_status(&self) -> bool {
        self.has_status
    }
}
