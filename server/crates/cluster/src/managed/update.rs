//! Ownership after a plain write.

use serde_json::Value;

use super::{
    compare::{Comparison, compare},
    entry::{Entry, Operation},
    fieldset::FieldSet,
};
use crate::schema::{Shape, Type};

/// How many managers of plain writes are told apart; the oldest are merged past it.
const UPDATE_MANAGERS: usize = 10;

/// Who writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writer<'a> {
    pub(crate) manager: &'a str,
    pub(crate) api_version: &'a str,
    pub(crate) subresource: &'a str,
    pub(crate) now: &'a str,
}

/// Fields that nobody owns: the server sets them.
const UNOWNED: [&[&str]; 11] = [
    &["apiVersion"],
    &["kind"],
    &["metadata", "name"],
    &["metadata", "namespace"],
    &["metadata", "creationTimestamp"],
    &["metadata", "deletionTimestamp"],
    &["metadata", "deletionGracePeriodSeconds"],
    &["metadata", "uid"],
    &["metadata", "generation"],
    &["metadata", "managedFields"],
    &["metadata", "resourceVersion"],
];

/// Without what nobody owns, and what this subresource does not write.
pub(super) fn strip(set: &mut FieldSet, subresource: &str) {
    for path in UNOWNED {
        set.remove_tree(path);
    }
    if subresource.is_empty() {
        set.remove_tree(&["status"]);
    }
}

/// An object without anything, as a create is compared with: what Go's zero of the type would print.
pub(super) fn nothing(of: &Type) -> Value {
    fn zeros(of: &Type) -> Value {
        let fields = of.fields.iter().filter_map(|field| {
            let zero = match (&field.presence, &field.shape) {
                (crate::schema::Presence::Struct, Shape::Object(of)) => zeros(of.get()),
                (crate::schema::Presence::Always, Shape::Object(of)) => zeros(of.get()),
                (crate::schema::Presence::Always, Shape::List(_) | Shape::Map(_)) => Value::Null,
                _ => return None,
            };
            Some((field.name.clone().into_owned(), zero))
        });
        Value::Object(fields.collect())
    }
    zeros(of)
}

/// The entries after a write that turned `old` (nothing for a create) into `new`.
pub(crate) fn update(
    entries: &[Entry],
    old: Option<&Value>,
    new: &Value,
    of: &Type,
    writer: Writer<'_>,
) -> Vec<Entry> {
    let nothing_before;
    let old = match old {
        Some(old) => old,
        None => {
            nothing_before = nothing(of);
            &nothing_before
        }
    };
    let mut found = compare(old, new, of);
    for set in [&mut found.added, &mut found.modified, &mut found.removed] {
        strip(set, writer.subresource);
    }
    let mut entries = taken(entries, &found, None);
    own(&mut entries, &found, writer);
    merge_oldest(&mut entries);
    sort(&mut entries);
    entries
}

/// Takes from all entries what has changed or gone. `except` keeps what it has.
pub(super) fn taken(entries: &[Entry], found: &Comparison, except: Option<&Entry>) -> Vec<Entry> {
    let lost = found.set().union(&found.removed);
    let keep = |entry: &Entry| {
        if except.is_some_and(|e| e.is_same_manager(entry)) {
            return Some(entry.clone());
        }
        let fields = if lost.is_empty() { entry.fields.clone() } else { entry.fields.difference(&lost) };
        (!fields.is_empty()).then(|| Entry { fields, ..entry.clone() })
    };
    entries.iter().filter_map(keep).collect()
}

fn own(entries: &mut Vec<Entry>, found: &Comparison, writer: Writer<'_>) {
    let changed = found.set();
    if changed.is_empty() {
        return;
    }
    let mut entry = Entry {
        manager: writer.manager.into(),
        operation: Operation::Update,
        api_version: writer.api_version.into(),
        subresource: writer.subresource.into(),
        time: writer.now.into(),
        fields: changed,
    };
    if let Some(at) = entries.iter().position(|e| e.is_same_manager(&entry)) {
        entry.fields = entries.swap_remove(at).fields.union(&entry.fields);
    }
    entries.push(entry);
}

/// Merges the oldest managers of plain writes into one where there are too many.
fn merge_oldest(entries: &mut Vec<Entry>) {
    const ANCIENT: &str = "ancient-changes";
    let updates = |entries: &[Entry]| entries.iter().filter(|e| e.operation == Operation::Update).count();
    while updates(entries) > UPDATE_MANAGERS {
        let oldest = |entries: &[Entry]| {
            let candidates = entries.iter().enumerate().filter(|(_, e)| e.operation == Operation::Update);
            candidates.min_by(|(_, a), (_, b)| a.time.cmp(&b.time)).map(|(i, _)| i)
        };
        let Some(first) = oldest(entries).map(|i| entries.remove(i)) else { return };
        let Some(second) = oldest(entries).map(|i| entries.remove(i)) else { return };
        entries.push(Entry {
            manager: ANCIENT.into(),
            time: second.time.clone(),
            fields: first.fields.union(&second.fields),
            ..second
        });
    }
}

/// Applied first, then by time, as the real server lists them.
pub(super) fn sort(entries: &mut [Entry]) {
    entries.sort_by(|a, b| {
        (a.operation, &a.time, &a.manager, &a.api_version, &a.subresource).cmp(&(
            b.operation,
            &b.time,
            &b.manager,
            &b.api_version,
            &b.subresource,
        ))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{TypeRef, normalize};
    use serde_json::json;

    const WRITER: Writer<'_> =
        Writer { manager: "test", api_version: "v1", subresource: "", now: "2026-01-01T00:00:00Z" };

    #[test]
    fn a_create_owns_what_it_sets_and_marks_what_is_new_as_a_whole() {
        let of = TypeRef::builtin("api.core.v1.Pod").unwrap();
        let pod = json!({
            "metadata": {"name": "a", "labels": {"app": "a"}},
            "spec": {"containers": [{"name": "c", "image": "i"}], "volumes": [{"name": "v", "emptyDir": {}}]},
        });
        let entries = update(&[], None, &normalize(pod, of.get()).unwrap(), of.get(), WRITER);
        assert_eq!(
            entries[0].fields.to_fields(),
            json!({
                "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                "f:spec": {
                    "f:containers": {"k:{\"name\":\"c\"}": {".": {}, "f:image": {}, "f:name": {}, "f:resources": {}}},
                    "f:volumes": {".": {}, "k:{\"name\":\"v\"}": {".": {}, "f:emptyDir": {}, "f:name": {}}},
                },
            })
        );
    }

    #[test]
    fn a_change_takes_the_field_from_its_owner() {
        let of = TypeRef::builtin("api.core.v1.ConfigMap").unwrap();
        let old = json!({"data": {"a": "1", "b": "1"}});
        let new = json!({"data": {"a": "2", "b": "1"}});
        let first = update(&[], None, &old, of.get(), WRITER);
        let second = Writer { manager: "other", now: "2026-01-01T00:00:01Z", ..WRITER };
        let entries = update(&first, Some(&old), &new, of.get(), second);
        let owned: Vec<_> = entries.iter().map(|e| (&*e.manager, e.fields.to_fields())).collect();
        assert_eq!(
            owned,
            [("test", json!({"f:data": {".": {}, "f:b": {}}})), ("other", json!({"f:data": {"f:a": {}}})),]
        );
    }
}
