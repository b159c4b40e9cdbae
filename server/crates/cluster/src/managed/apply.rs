//! Server-side apply.

use serde_json::Value;

use super::{
    compare::{Comparison, compare},
    entry::{Entry, Operation},
    fieldset::{FieldSet, PathElement},
    last_applied,
    merge::{merge, remove},
    typed::{TypedError, field_set},
    update::{Writer, nothing, sort, strip, taken},
};
use crate::schema::Type;

/// A field that another manager owns with another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    pub(crate) manager: String,
    pub(crate) path: String,
    /// `using v1` and when, as the message has it.
    pub(crate) using: String,
}

/// Why an apply is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ApplyError {
    /// The configuration does not fit the schema.
    Typed(TypedError),
    /// Others own what it would change.
    Conflicts(Vec<Conflict>),
}

/// The object after an apply, still to be defaulted, and who owns what then; the defaulted object is compared by
/// [`Applied::finish`].
pub(crate) fn apply(
    entries: &[Entry],
    live: Option<&Value>,
    applied: &Value,
    of: &Type,
    writer: Writer<'_>,
    force: bool,
) -> Result<(Value, Vec<Entry>), ApplyError> {
    let mut set = field_set(applied, of).map_err(ApplyError::Typed)?;
    strip(&mut set, writer.subresource);
    let nothing_before;
    let live = match live {
        Some(live) => live,
        None => {
            nothing_before = nothing(of);
            &nothing_before
        }
    };
    let merged = merge(live, applied, of);
    let own = Entry {
        manager: writer.manager.into(),
        operation: Operation::Apply,
        api_version: writer.api_version.into(),
        subresource: writer.subresource.into(),
        time: writer.now.into(),
        fields: set,
    };
    let last = entries.iter().find(|entry| entry.is_same_manager(&own));
    let others = || entries.iter().filter(|entry| !entry.is_same_manager(&own));
    let merged = match last {
        Some(last) => {
            let given_up = given_up(&last.fields, &own.fields, others());
            remove(&merged, &given_up, of)
        }
        None => merged,
    };

    let mut found = compare(live, &merged, of);
    for set in [&mut found.added, &mut found.modified, &mut found.removed] {
        strip(set, writer.subresource);
    }
    if !force {
        let may_take = match writer.manager {
            last_applied::MANAGER => last_applied::still_as_applied(live, of),
            _ => FieldSet::default(),
        };
        let conflicts = conflicts(&found, &may_take, others());
        if !conflicts.is_empty() {
            return Err(ApplyError::Conflicts(conflicts));
        }
    }
    let others: Vec<Entry> = others().cloned().collect();
    let mut after = taken(&others, &found, None);
    let unchanged = last.filter(|last| last.fields == own.fields).map(|last| last.time.clone());
    if !own.fields.is_empty() {
        after.push(match unchanged {
            Some(time) => Entry { time, ..own },
            None => own,
        });
    }
    sort(&mut after);
    let mut merged = merged;
    if writer.manager == last_applied::MANAGER {
        last_applied::keep_up(live, applied, &mut merged);
    }
    Ok((merged, after))
}

/// What the manager applied the last time, does not apply now, and nobody else owns (nor anything below it).
fn given_up<'e>(last: &FieldSet, now: &FieldSet, others: impl Iterator<Item = &'e Entry>) -> FieldSet {
    let owned = others.fold(now.clone(), |all, entry| all.union(&entry.fields));
    let mut gone = FieldSet::default();
    last.for_each(&mut |path| {
        let mut at = Some(&owned);
        let mut is_owned = false;
        for (depth, element) in path.iter().enumerate() {
            let Some(set) = at else { break };
            if depth + 1 == path.len() {
                let below = set.below(element).is_some_and(|below| !below.is_empty());
                is_owned = set.has_member(element) || below;
            }
            at = set.below(element);
        }
        if !is_owned {
            let path: Vec<PathElement> = path.iter().map(|e| (*e).clone()).collect();
            gone.insert(&path);
        }
    });
    gone
}

/// What others own of what is changed, but for what may be taken from them.
fn conflicts<'e>(
    found: &Comparison,
    may_take: &FieldSet,
    others: impl Iterator<Item = &'e Entry>,
) -> Vec<Conflict> {
    let changed = found.set().difference(may_take);
    let mut conflicts = Vec::new();
    for entry in others {
        entry.fields.intersection(&changed).for_each(&mut |path| {
            let mut using = String::new();
            if entry.operation == Operation::Update {
                using = format!(" using {}", entry.api_version);
                if !entry.subresource.is_empty() {
                    using = format!(" with subresource {:?}{using}", entry.subresource);
                }
            }
            conflicts.push(Conflict {
                manager: entry.manager.to_string(),
                path: path.iter().map(|element| element.to_path()).collect(),
                using,
            });
        });
    }
    conflicts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::TypeRef;
    use serde_json::json;

    fn writer(manager: &'static str) -> Writer<'static> {
        Writer { manager, api_version: "v1", subresource: "", now: "2026-01-01T00:00:00Z" }
    }

    fn applied(
        entries: &[Entry],
        live: Option<&Value>,
        object: Value,
        manager: &'static str,
        force: bool,
    ) -> Result<(Value, Vec<Entry>), ApplyError> {
        let of = TypeRef::builtin("api.core.v1.ConfigMap").unwrap();
        apply(entries, live, &object, of.get(), writer(manager), force)
    }

    #[test]
    fn what_is_no_longer_applied_goes() {
        let (live, entries) =
            applied(&[], None, json!({"data": {"a": "1", "b": "1"}}), "one", false).unwrap();
        let (live, _) = applied(&entries, Some(&live), json!({"data": {"a": "1"}}), "one", false).unwrap();
        assert_eq!(live["data"], json!({"a": "1"}));
    }

    #[test]
    fn what_another_manager_owns_is_a_conflict_unless_forced() {
        let (live, entries) = applied(&[], None, json!({"data": {"a": "1"}}), "one", false).unwrap();
        let other = json!({"data": {"a": "2"}});
        let conflict = Conflict { manager: "one".into(), path: ".data.a".into(), using: String::new() };
        assert_eq!(
            applied(&entries, Some(&live), other.clone(), "two", false),
            Err(ApplyError::Conflicts(vec![conflict]))
        );
        let (live, entries) = applied(&entries, Some(&live), other, "two", true).unwrap();
        assert_eq!(live["data"], json!({"a": "2"}));
        assert_eq!(entries.len(), 1);
    }

    #[test]
    fn kubectl_takes_over_what_it_applied_on_the_client_side() {
        let last = json!({"apiVersion": "v1", "data": {"a": "1", "b": "1"}}).to_string();
        let live = json!({"apiVersion": "v1", "data": {"a": "1", "b": "2"}, "metadata": {"annotations":
            {"kubectl.kubernetes.io/last-applied-configuration": last}}});
        let entries = [Entry {
            manager: "kubectl-client-side-apply".into(),
            operation: Operation::Update,
            api_version: "v1".into(),
            subresource: "".into(),
            time: "2026-01-01T00:00:00Z".into(),
            fields: field_set(
                &json!({"data": {"a": "1", "b": "1"}}),
                TypeRef::builtin("api.core.v1.ConfigMap").unwrap().get(),
            )
            .unwrap(),
        }];
        let (merged, _) =
            applied(&entries, Some(&live), json!({"data": {"a": "3"}}), "kubectl", false).unwrap();
        assert_eq!(merged["data"]["a"], "3");
        let kept = &merged["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"];
        assert_eq!(kept, "{\"data\":{\"a\":\"3\"}}\n");
        // Somebody else has changed this one since.
        assert!(applied(&entries, Some(&live), json!({"data": {"b": "3"}}), "kubectl", false).is_err());
        assert!(applied(&entries, Some(&live), json!({"data": {"a": "3"}}), "other", false).is_err());
    }

    proptest::proptest! {
        #[test]
        fn anything_can_be_applied_to_anything_or_is_refused(
            live in crate::arbitrary::json(),
            object in crate::arbitrary::json(),
            force in proptest::prelude::any::<bool>(),
        ) {
            let of = TypeRef::builtin("api.core.v1.Pod").unwrap();
            if let Ok((merged, entries)) = apply(&[], Some(&live), &object, of.get(), writer("one"), force) {
                let _ = apply(&entries, Some(&merged), &live, of.get(), writer("two"), force);
            }
        }
    }

    #[test]
    fn a_shared_field_stays_until_nobody_applies_it() {
        let object = json!({"data": {"a": "1"}});
        let (live, entries) = applied(&[], None, object.clone(), "one", false).unwrap();
        let (live, entries) = applied(&entries, Some(&live), object, "two", false).unwrap();
        let (live, entries) = applied(&entries, Some(&live), json!({}), "one", false).unwrap();
        assert_eq!(live["data"], json!({"a": "1"}));
        let (live, _) = applied(&entries, Some(&live), json!({}), "two", false).unwrap();
        assert_eq!(live["data"], json!({}));
    }
}
