//! Which fields differ between two versions of an object.

use serde_json::Value;

use super::{
    fieldset::{FieldSet, PathElement},
    typed::{Place, key_of},
};
use crate::schema::Type;

/// The fields that a change added, changed and removed.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) added: FieldSet,
    pub(super) modified: FieldSet,
    pub(super) removed: FieldSet,
}

impl Comparison {
    /// What the change set: added or changed.
    pub(super) fn set(&self) -> FieldSet {
        self.added.union(&self.modified)
    }
}

/// Compares two objects of a type.
pub(super) fn compare(old: &Value, new: &Value, of: &Type) -> Comparison {
    let mut walk = Walk { path: Vec::new(), found: Comparison::default() };
    walk.visit(Some(old), Some(new), Place::Object(of));
    walk.found
}

struct Walk {
    path: Vec<PathElement>,
    found: Comparison,
}

impl Walk {
    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>) {
        match (old, new) {
            (None, Some(_)) => self.found.added.insert(&self.path),
            (Some(_), None) => self.found.removed.insert(&self.path),
            (Some(old), Some(new)) if old != new => self.found.modified.insert(&self.path),
            _ => {}
        }
    }

    fn descend(&mut self, element: PathElement, old: Option<&Value>, new: Option<&Value>, place: Place<'_>) {
        // Equal subtrees have nothing to tell, and are most of an object.
        if old == new {
            return;
        }
        self.path.push(element);
        self.visit(old, new, place);
        self.path.pop();
    }

    fn visit(&mut self, old: Option<&Value>, new: Option<&Value>, place: Place<'_>) {
        let empty = |value: Option<&Value>| match value {
            None | Some(Value::Null) => true,
            Some(Value::Object(map)) => map.is_empty(),
            Some(Value::Array(list)) => list.is_empty(),
            Some(_) => false,
        };
        if matches!(place, Place::Leaf(_)) || (empty(old) && empty(new)) {
            return self.leaf(old, new);
        }
        match place {
            Place::Object(_) | Place::Map(_) => self.maps(old, new, place),
            Place::Keyed(of, keys) => {
                self.lists(old, new, Place::of_shape(of), |item| key_of(item, of, keys));
            }
            Place::Set(of) => {
                self.lists(old, new, Place::Leaf(of), |item| Some(PathElement::Value(item.clone())));
            }
            Place::Leaf(_) => {}
        }
        // What contains other fields is itself new or gone only where it was not there at all.
        match (old, new) {
            (None, Some(_)) => self.found.added.insert(&self.path),
            (Some(_), None) => self.found.removed.insert(&self.path),
            _ => {}
        }
    }

    fn maps(&mut self, old: Option<&Value>, new: Option<&Value>, place: Place<'_>) {
        let (old, new) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
        let names = old.into_iter().flat_map(|m| m.keys());
        let added =
            new.into_iter().flat_map(|m| m.keys()).filter(|k| old.is_none_or(|m| !m.contains_key(*k)));
        for name in names.chain(added) {
            let below = match place {
                Place::Object(of) => match of.field(name) {
                    Some(field) => Place::of_field(field),
                    None if of.open => Place::Leaf(&crate::schema::Shape::Any),
                    None => continue,
                },
                Place::Map(of) => Place::of_shape(of),
                _ => continue,
            };
            let element = PathElement::Field(name.as_str().into());
            self.descend(element, old.and_then(|m| m.get(name)), new.and_then(|m| m.get(name)), below);
        }
    }

    fn lists(
        &mut self,
        old: Option<&Value>,
        new: Option<&Value>,
        below: Place<'_>,
        element: impl Fn(&Value) -> Option<PathElement>,
    ) {
        let index = |list: Option<&Value>| -> Vec<(PathElement, usize)> {
            let items = list.and_then(Value::as_array).into_iter().flatten().enumerate();
            let mut found: Vec<_> = items.filter_map(|(i, item)| Some((element(item)?, i))).collect();
            found.sort_by(|a, b| a.0.cmp(&b.0));
            found.dedup_by(|a, b| a.0 == b.0);
            found
        };
        let item = |list: Option<&'_ Value>, i: usize| list.and_then(|l| l.get(i)).cloned();
        let (before, after) = (index(old), index(new));
        for (name, i) in &before {
            let other =
                after.binary_search_by(|(n, _)| n.cmp(name)).ok().and_then(|at| item(new, after[at].1));
            self.descend(name.clone(), item(old, *i).as_ref(), other.as_ref(), below);
        }
        for (name, i) in &after {
            if before.binary_search_by(|(n, _)| n.cmp(name)).is_err() {
                self.descend(name.clone(), None, item(new, *i).as_ref(), below);
            }
        }
    }
}
