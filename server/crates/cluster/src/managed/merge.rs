//! Merging an applied configuration into an object, and removing fields from one.

use serde_json::{Map, Value};

use super::{
    fieldset::{FieldSet, PathElement},
    typed::{Place, key_of},
};
use crate::schema::Type;

/// `live` with everything that `applied` says.
pub(super) fn merge(live: &Value, applied: &Value, of: &Type) -> Value {
    merge_at(Some(live), applied, Place::Object(of))
}

fn merge_at(live: Option<&Value>, applied: &Value, place: Place<'_>) -> Value {
    match (place, live, applied) {
        (Place::Object(_) | Place::Map(_), Some(Value::Object(live)), Value::Object(applied)) => {
            let mut merged = live.clone();
            for (name, value) in applied {
                let below = match place {
                    Place::Object(of) => of.field(name).map(Place::of_field),
                    Place::Map(of) => Some(Place::of_shape(of)),
                    _ => None,
                };
                let value = match below {
                    Some(below) => merge_at(live.get(name), value, below),
                    None => value.clone(),
                };
                merged.insert(name.clone(), value);
            }
            Value::Object(merged)
        }
        (Place::Keyed(of, keys), Some(Value::Array(live)), Value::Array(applied)) => {
            merge_lists(live, applied, Place::of_shape(of), |item| key_of(item, of, keys))
        }
        (Place::Set(of), Some(Value::Array(live)), Value::Array(applied)) => {
            merge_lists(live, applied, Place::Leaf(of), |item| Some(PathElement::Value(item.clone())))
        }
        _ => applied.clone(),
    }
}

/// Both lists' items, each once: the applied order where the two say different things, the live items that were not
/// applied at their places.
fn merge_lists(
    live: &[Value],
    applied: &[Value],
    below: Place<'_>,
    element: impl Fn(&Value) -> Option<PathElement>,
) -> Value {
    let named = |items: &[Value]| -> Vec<Option<PathElement>> { items.iter().map(&element).collect() };
    let (live_names, applied_names) = (named(live), named(applied));
    let is_applied = |name: &Option<PathElement>| name.is_some() && applied_names.contains(name);
    let find_live = |name: &Option<PathElement>| {
        name.as_ref()?;
        live_names.iter().position(|n| n == name).and_then(|at| live.get(at))
    };
    let mut merged = Vec::with_capacity(live.len().max(applied.len()));
    let (mut l, mut a) = (0, 0);
    while l < live.len() || a < applied.len() {
        let next_shared = applied_names[a..].iter().find(|name| find_live(name).is_some());
        if let (Some(name), Some(wanted)) = (live_names.get(l), applied_names.get(a)) {
            if name.is_some() && name == wanted {
                merged.push(merge_at(live.get(l), &applied[a], below));
                l += 1;
                a += 1;
                continue;
            }
            if is_applied(name) && next_shared != Some(name) {
                l += 1;
                continue;
            }
        }
        match live_names.get(l) {
            Some(name) if !is_applied(name) => {
                merged.push(live[l].clone());
                l += 1;
            }
            _ if a < applied.len() => {
                merged.push(merge_at(find_live(&applied_names[a]), &applied[a], below));
                a += 1;
            }
            _ => l += 1,
        }
    }
    Value::Array(merged)
}

/// `value` without the paths that are in `set`, each with everything below it.
pub(super) fn remove(value: &Value, set: &FieldSet, of: &Type) -> Value {
    remove_at(value, set, Place::Object(of))
}

fn remove_at(value: &Value, set: &FieldSet, place: Place<'_>) -> Value {
    match (place, value) {
        (Place::Object(_) | Place::Map(_), Value::Object(fields)) => {
            let mut kept = Map::new();
            for (name, value) in fields {
                let element = PathElement::Field(name.as_str().into());
                if set.has_member(&element) {
                    continue;
                }
                let below = match place {
                    Place::Object(of) => of.field(name).map(Place::of_field),
                    Place::Map(of) => Some(Place::of_shape(of)),
                    _ => None,
                };
                let value = match (set.below(&element), below) {
                    (Some(set), Some(place)) if !set.is_empty() => remove_at(value, set, place),
                    _ => value.clone(),
                };
                kept.insert(name.clone(), value);
            }
            Value::Object(kept)
        }
        (Place::Keyed(of, keys), Value::Array(items)) => {
            remove_items(items, set, Place::of_shape(of), |item| key_of(item, of, keys))
        }
        (Place::Set(of), Value::Array(items)) => {
            remove_items(items, set, Place::Leaf(of), |item| Some(PathElement::Value(item.clone())))
        }
        _ => value.clone(),
    }
}

fn remove_items(
    items: &[Value],
    set: &FieldSet,
    place: Place<'_>,
    element: impl Fn(&Value) -> Option<PathElement>,
) -> Value {
    let mut kept = Vec::with_capacity(items.len());
    for item in items {
        let Some(element) = element(item) else {
            kept.push(item.clone());
            continue;
        };
        if set.has_member(&element) {
            continue;
        }
        kept.push(match set.below(&element) {
            Some(below) if !below.is_empty() => remove_at(item, below, place),
            _ => item.clone(),
        });
    }
    Value::Array(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::TypeRef;
    use serde_json::json;

    #[test]
    fn keyed_lists_are_merged_by_their_keys() {
        let of = TypeRef::builtin("api.core.v1.Pod").unwrap();
        let names = |names: &[&str]| {
            let items: Vec<Value> = names.iter().map(|n| json!({ "name": n })).collect();
            json!({"spec": {"containers": items}})
        };
        let merged = merge(&names(&["a", "b", "c"]), &names(&["c", "d", "b"]), of.get());
        assert_eq!(merged, names(&["a", "c", "d", "b"]));
    }
}
