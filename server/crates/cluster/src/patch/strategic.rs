//! Strategic merge patch: objects are merged, lists by their merge keys, and directives say the rest.
//!
//! | directive | meaning |
//! | --- | --- |
//! | `$patch: delete` | this object, or this item of a list, goes |
//! | `$patch: replace` | what stands beside it replaces the object (or, as an item, the whole list) |
//! | `$retainKeys: [..]` | of this object only these fields stay |
//! | `$setElementOrder/LIST: [..]` | the order of the list's items |
//! | `$deleteFromPrimitiveList/LIST: [..]` | these values go from the list |
//!
//! Source: <https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md>.

use serde_json::{Map, Value};

use crate::{
    schema::{Field, MergeKind, Shape, Type},
    status::{Result, Status},
};

const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const SET_ORDER: &str = "$setElementOrder/";
const DELETE_VALUES: &str = "$deleteFromPrimitiveList/";

/// The object after the patch.
pub(crate) fn strategic_merge(object: &Value, patch: &Value, of: &Type) -> Result<Value> {
    let Value::Object(patch) = patch else {
        return Err(super::not_a_patch("", patch, "map[string]interface {}"));
    };
    let empty = Map::new();
    let object = object.as_object().unwrap_or(&empty);
    merge_objects(object, patch, Some(of)).map(Value::Object)
}

fn merge_objects(
    object: &Map<String, Value>,
    patch: &Map<String, Value>,
    of: Option<&Type>,
) -> Result<Map<String, Value>> {
    match patch.get(PATCH) {
        None => {}
        Some(Value::String(word)) if word == "replace" => return Ok(without_directives(patch)),
        Some(Value::String(word)) if word == "delete" => return Ok(Map::new()),
        Some(Value::String(word)) if word == "merge" => {}
        Some(other) => return Err(unknown_directive(other)),
    }
    let mut merged = object.clone();
    if let Some(Value::Array(keys)) = patch.get(RETAIN_KEYS) {
        merged.retain(|name, _| keys.iter().any(|key| key.as_str() == Some(name)));
    }
    for (name, change) in patch {
        if let Some(list) = name.strip_prefix(DELETE_VALUES) {
            delete_values(&mut merged, list, change);
        }
    }
    for (name, change) in patch {
        if name.starts_with('$') {
            continue;
        }
        let field = of.and_then(|of| of.field(name));
        if change.is_null() {
            merged.remove(name);
            continue;
        }
        let changed = merge_field(merged.get(name), change, field)?;
        match changed {
            Some(value) => merged.insert(name.clone(), value),
            None => merged.remove(name),
        };
    }
    for (name, order) in patch {
        if let Some(list) = name.strip_prefix(SET_ORDER) {
            let key = match of.and_then(|of| of.field(list)).map(|field| &field.merge) {
                Some(MergeKind::Merge { key, .. }) => key.as_ref(),
                _ => "",
            };
            if let (Some(Value::Array(items)), Value::Array(order)) = (merged.get_mut(list), order) {
                let patched = patch.get(list).and_then(Value::as_array);
                reorder(items, order, key, patched);
            }
        }
    }
    Ok(merged)
}

/// A field after its change; nothing where the change removes it.
fn merge_field(value: Option<&Value>, change: &Value, field: Option<&Field>) -> Result<Option<Value>> {
    let (shape, merge) = match field {
        Some(field) => (Some(&field.shape), &field.merge),
        None => (None, &MergeKind::Default),
    };
    match (change, merge) {
        (Value::Object(change), MergeKind::Default | MergeKind::RetainKeys | MergeKind::Merge { .. }) => {
            if change.get(PATCH).and_then(Value::as_str) == Some("delete") {
                return Ok(None);
            }
            let of = match shape {
                Some(Shape::Object(of)) => Some(of.get()),
                _ => None,
            };
            let empty = Map::new();
            let before = value.and_then(Value::as_object).unwrap_or(&empty);
            Ok(Some(Value::Object(merge_objects(before, change, of)?)))
        }
        (Value::Array(change), MergeKind::Merge { key, .. }) => {
            let of = match shape {
                Some(Shape::List(of)) => match &**of {
                    Shape::Object(of) => Some(of.get()),
                    _ => None,
                },
                _ => None,
            };
            let before = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            Ok(Some(Value::Array(merge_lists(before, change, key, of)?)))
        }
        (Value::Object(change), MergeKind::Replace) => Ok(Some(Value::Object(without_directives(change)))),
        (change, _) => Ok(Some(change.clone())),
    }
}

fn merge_lists(before: &[Value], change: &[Value], key: &str, of: Option<&Type>) -> Result<Vec<Value>> {
    if key.is_empty() {
        let mut merged = before.to_vec();
        for value in change {
            if !merged.contains(value) {
                merged.push(value.clone());
            }
        }
        return Ok(merged);
    }
    let directive = |item: &Value| item.get(PATCH).and_then(Value::as_str).map(str::to_owned);
    if change.iter().any(|item| directive(item).as_deref() == Some("replace") && item.get(key).is_none()) {
        let items = change.iter().filter(|item| directive(item).is_none());
        return Ok(items.cloned().collect());
    }
    let mut merged = before.to_vec();
    for item in change {
        let Value::Object(fields) = item else {
            return Err(Status::bad_request(format!("{item} is not an object")));
        };
        let Some(name) = fields.get(key) else {
            let message =
                format!("map: {} does not contain declared merge key: {key}", Value::Object(fields.clone()));
            return Err(Status::bad_request(message));
        };
        let at = merged.iter().position(|other| other.get(key) == Some(name));
        match (directive(item).as_deref(), at) {
            (Some("delete"), _) => merged.retain(|other| other.get(key) != Some(name)),
            (Some("replace"), Some(at)) => merged[at] = Value::Object(without_directives(fields)),
            (None | Some("merge"), Some(at)) => {
                let empty = Map::new();
                let before = merged[at].as_object().unwrap_or(&empty);
                merged[at] = Value::Object(merge_objects(before, fields, of)?);
            }
            (None | Some("merge" | "replace"), None) => {
                merged.push(Value::Object(merge_objects(&Map::new(), fields, of)?));
            }
            (Some(_), _) => return Err(unknown_directive(&fields[PATCH])),
        }
    }
    Ok(merged)
}

fn delete_values(object: &mut Map<String, Value>, list: &str, values: &Value) {
    if let (Some(Value::Array(items)), Value::Array(values)) = (object.get_mut(list), values) {
        items.retain(|item| !values.contains(item));
        if items.is_empty() {
            object.remove(list);
        }
    }
}

/// Puts the items in the order that the patch's author saw: what is only on the server keeps its place relative to its
/// neighbours there.
fn reorder(items: &mut Vec<Value>, order: &[Value], key: &str, patched: Option<&Vec<Value>>) {
    let name = |item: &Value| if key.is_empty() { Some(item.clone()) } else { item.get(key).cloned() };
    let ordered = |item: &Value| {
        let name = name(item)?;
        order.iter().position(|wanted| {
            let wanted = if key.is_empty() { Some(wanted) } else { wanted.get(key) };
            wanted == Some(&name)
        })
    };
    let is_patched = |item: &Value| {
        let name = name(item);
        patched
            .into_iter()
            .flatten()
            .any(|p| if key.is_empty() { Some(p.clone()) == name } else { p.get(key).cloned() == name })
    };
    let (mut known, mut others) = (Vec::new(), Vec::new());
    for (at, item) in std::mem::take(items).into_iter().enumerate() {
        match ordered(&item) {
            Some(place) => known.push((place, at, item)),
            None if is_patched(&item) => known.push((usize::MAX, at, item)),
            None => others.push((at, item)),
        }
    }
    known.sort_by_key(|(place, at, _)| (*place, *at));
    let mut others = others.into_iter().peekable();
    for (_, at, item) in known {
        while let Some((_, other)) = others.next_if(|(place, _)| *place < at) {
            items.push(other);
        }
        items.push(item);
    }
    items.extend(others.map(|(_, item)| item));
}

fn without_directives(object: &Map<String, Value>) -> Map<String, Value> {
    object.iter().filter(|(name, _)| !name.starts_with('$')).map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn unknown_directive(directive: &Value) -> Box<Status> {
    let word = directive.as_str().map_or_else(|| directive.to_string(), str::to_owned);
    Status::bad_request(format!("Unknown patch type found: {word}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::TypeRef;
    use serde_json::json;

    fn patched(spec: Value, patch: Value) -> Value {
        let of = TypeRef::builtin("api.core.v1.Pod").unwrap();
        let object = json!({ "spec": spec });
        strategic_merge(&object, &json!({ "spec": patch }), of.get()).unwrap()["spec"].take()
    }

    proptest::proptest! {
        #[test]
        fn any_patch_of_anything_is_a_value_or_an_error(
            object in crate::arbitrary::json(),
            patch in crate::arbitrary::json(),
        ) {
            let of = TypeRef::builtin("api.core.v1.Pod").unwrap();
            let _ = strategic_merge(&object, &patch, of.get());
        }
    }

    #[test]
    fn items_are_merged_by_their_key() {
        assert_eq!(
            patched(
                json!({"containers": [{"name": "a", "image": "1", "args": ["x"]}, {"name": "b"}]}),
                json!({"containers": [{"name": "a", "image": "2"}, {"name": "c"}]}),
            ),
            json!({"containers": [{"name": "a", "image": "2", "args": ["x"]}, {"name": "b"}, {"name": "c"}]})
        );
    }

    #[test]
    fn directives_delete_replace_and_retain() {
        let before = json!({
            "containers": [{"name": "a"}, {"name": "b"}],
            "volumes": [{"name": "v", "emptyDir": {}}],
            "nodeSelector": {"x": "y"},
        });
        assert_eq!(
            patched(
                before.clone(),
                json!({
                    "containers": [{"name": "a", "$patch": "delete"}],
                    "volumes": [{"name": "v", "hostPath": {"path": "/"}, "$retainKeys": ["name", "hostPath"]}],
                    "nodeSelector": {"$patch": "replace", "z": "1"},
                })
            ),
            json!({
                "containers": [{"name": "b"}],
                "volumes": [{"name": "v", "hostPath": {"path": "/"}}],
                "nodeSelector": {"z": "1"},
            })
        );
        assert_eq!(
            patched(before, json!({"containers": [{"$patch": "replace"}, {"name": "z"}]}))["containers"],
            json!([{"name": "z"}])
        );
    }

    #[test]
    fn the_order_that_the_author_saw_is_kept() {
        assert_eq!(
            patched(
                json!({"containers": [{"name": "server-side"}, {"name": "a"}]}),
                json!({
                    "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
                    "containers": [{"name": "b"}],
                }),
            ),
            json!({"containers": [{"name": "server-side"}, {"name": "b"}, {"name": "a"}]})
        );
    }

    #[test]
    fn values_are_merged_and_deleted() {
        let of = TypeRef::builtin("api.core.v1.Pod").unwrap();
        let object = json!({"metadata": {"finalizers": ["a", "b"]}});
        let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"]}});
        let merged = strategic_merge(&object, &patch, of.get()).unwrap();
        assert_eq!(merged["metadata"]["finalizers"], json!(["b", "c"]));
    }

    #[test]
    fn an_unknown_directive_is_refused() {
        let of = TypeRef::builtin("api.core.v1.Pod").unwrap();
        let wrong = strategic_merge(&json!({}), &json!({"$patch": "melt"}), of.get()).unwrap_err();
        assert_eq!(wrong.message, "Unknown patch type found: melt");
    }
}
