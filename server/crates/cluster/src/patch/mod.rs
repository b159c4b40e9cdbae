//! Changes to objects, in the three forms that are computed from the object and the patch alone (server-side apply, the
//! fourth, needs ownership: see `managed`).

mod strategic;
mod unfit;

use serde_json::Value;

pub(crate) use self::strategic::strategic_merge;
use crate::{
    schema::{Type, kind_of},
    status::{Result, Status},
    validation::{ErrorList, Path},
};

/// How many operations one JSON patch may have.
const JSON_PATCH_OPERATIONS: usize = 10_000;

/// A change as it came in.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// RFC 6902.
    Json(json_patch::Patch),
    /// RFC 7396.
    Merge(Value),
    /// Kubernetes' own, with merge keys and directives.
    Strategic(Value),
}

impl Change {
    /// Reads a JSON patch.
    pub(crate) fn json(patch: Value) -> Result<Self> {
        if !patch.is_array() {
            return Err(not_a_patch("error decoding patch: ", &patch, "jsonpatch.Patch"));
        }
        let patch: json_patch::Patch =
            serde_json::from_value(patch).map_err(|e| Status::bad_request(e.to_string()))?;
        if patch.0.len() > JSON_PATCH_OPERATIONS {
            let message = format!(
                "The allowed maximum operations in a JSON patch is {JSON_PATCH_OPERATIONS}, got {}",
                patch.0.len()
            );
            return Err(Status::new(http::StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message));
        }
        Ok(Self::Json(patch))
    }

    /// Why the object after the change fits no type, where such a change is told in words of its own: those of Go's
    /// converter from unstructured objects. `why` are the decoder's.
    pub(crate) fn unfit(&self, why: &str) -> Option<Box<Status>> {
        let Self::Strategic(patch) = self else { return None };
        let said = unfit::in_words_of_the_converter(why)?;
        let mut errors = ErrorList::default();
        errors.invalid(&Path::new("patch"), unfit::shown(patch), &said);
        Some(Status::invalid("", "", "", errors.into_causes()))
    }

    /// The object after the change.
    pub(crate) fn apply(&self, object: &Value, of: &Type) -> Result<Value> {
        match self {
            Self::Json(patch) => {
                let mut changed = object.clone();
                json_patch::patch(&mut changed, patch).map_err(|_| {
                    let mut status = Status::new(
                        http::StatusCode::UNPROCESSABLE_ENTITY,
                        "Invalid",
                        "the server rejected our request due to an error in our request",
                    );
                    status.details = Some(crate::status::Details::default());
                    status
                })?;
                Ok(changed)
            }
            Self::Merge(patch) => {
                if !patch.is_object() {
                    return Err(not_a_patch("error decoding patch: ", patch, "map[string]interface {}"));
                }
                let mut changed = object.clone();
                json_patch::merge(&mut changed, patch);
                Ok(changed)
            }
            Self::Strategic(patch) => strategic_merge(object, patch, of),
        }
    }
}

/// JSON of another type than a patch has, in the words of Go's decoder.
fn not_a_patch(head: &str, patch: &Value, go_type: &str) -> Box<Status> {
    let kind = kind_of(patch);
    Status::bad_request(format!("{head}json: cannot unmarshal {kind} into Go value of type {go_type}"))
}
