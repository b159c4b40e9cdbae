//! Sets of field paths, and their form in `fieldsV1`: `{"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{}}}}}`.

use std::cmp::Ordering;

use serde_json::{Map, Value};

/// One step down into an object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PathElement {
    /// A field of an object or an entry of a map.
    Field(Box<str>),
    /// An item of a keyed list: its keys and their values, in the order of the names.
    Key(Vec<(Box<str>, Value)>),
    /// An item of a set.
    Value(Value),
    /// An item by its place.
    Index(usize),
}

impl Eq for PathElement {}

impl PathElement {
    fn rank(&self) -> u8 {
        match self {
            Self::Field(_) => 0,
            Self::Key(_) => 1,
            Self::Value(_) => 2,
            Self::Index(_) => 3,
        }
    }

    /// `f:spec`, `k:{"name":"a"}`, `v:"x"`, `i:0`.
    pub(crate) fn to_key(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(keys) => {
                let object: Map<String, Value> =
                    keys.iter().map(|(k, v)| (k.to_string(), v.clone())).collect();
                format!("k:{}", Value::Object(object))
            }
            Self::Value(value) => format!("v:{value}"),
            Self::Index(index) => format!("i:{index}"),
        }
    }

    fn from_key(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        Some(match kind {
            "f" => Self::Field(rest.into()),
            "k" => {
                let object: Map<String, Value> = serde_json::from_str(rest).ok()?;
                Self::Key(object.into_iter().map(|(k, v)| (k.into(), v)).collect())
            }
            "v" => Self::Value(serde_json::from_str(rest).ok()?),
            "i" => Self::Index(rest.parse().ok()?),
            _ => return None,
        })
    }

    /// As a path in a message has it: `.spec`, `[name="a"]`, `[="x"]`, `[0]`.
    pub(crate) fn to_path(&self) -> String {
        match self {
            Self::Field(name) => format!(".{name}"),
            Self::Key(keys) => {
                let keys: Vec<String> = keys.iter().map(|(k, v)| format!("{k}={v}")).collect();
                format!("[{}]", keys.join(","))
            }
            Self::Value(value) => format!("[={value}]"),
            Self::Index(index) => format!("[{index}]"),
        }
    }
}

impl PartialOrd for PathElement {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PathElement {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => a.cmp(b),
            (Self::Index(a), Self::Index(b)) => a.cmp(b),
            (a, b) if a.rank() != b.rank() => a.rank().cmp(&b.rank()),
            (a, b) => a.to_key().cmp(&b.to_key()),
        }
    }
}

/// A set of paths, as a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet {
    /// In the order of their elements.
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    element: PathElement,
    /// The path that ends here is in the set.
    member: bool,
    below: FieldSet,
}

impl FieldSet {
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    fn find(&self, element: &PathElement) -> Option<&Node> {
        let at = self.nodes.binary_search_by(|node| node.element.cmp(element)).ok()?;
        self.nodes.get(at)
    }

    /// What is in the set below an element.
    pub(crate) fn below(&self, element: &PathElement) -> Option<&Self> {
        self.find(element).map(|node| &node.below)
    }

    /// Whether the path of this one element is in the set.
    pub(crate) fn has_member(&self, element: &PathElement) -> bool {
        self.find(element).is_some_and(|node| node.member)
    }

    pub(crate) fn insert(&mut self, path: &[PathElement]) {
        let Some((first, rest)) = path.split_first() else { return };
        let at = match self.nodes.binary_search_by(|node| node.element.cmp(first)) {
            Ok(at) => at,
            Err(at) => {
                let node = Node { element: first.clone(), member: false, below: Self::default() };
                self.nodes.insert(at, node);
                at
            }
        };
        if let Some(node) = self.nodes.get_mut(at) {
            if rest.is_empty() {
                node.member = true;
            } else {
                node.below.insert(rest);
            }
        }
    }

    /// What is in either.
    #[must_use]
    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut nodes = Vec::with_capacity(self.nodes.len().max(other.nodes.len()));
        let (mut left, mut right) = (self.nodes.iter().peekable(), other.nodes.iter().peekable());
        loop {
            match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some(_), None) => nodes.extend(left.by_ref().cloned()),
                (None, Some(_)) => nodes.extend(right.by_ref().cloned()),
                (Some(l), Some(r)) => match l.element.cmp(&r.element) {
                    Ordering::Less => nodes.extend(left.next().cloned()),
                    Ordering::Greater => nodes.extend(right.next().cloned()),
                    Ordering::Equal => {
                        nodes.push(Node {
                            element: l.element.clone(),
                            member: l.member || r.member,
                            below: l.below.union(&r.below),
                        });
                        left.next();
                        right.next();
                    }
                },
            }
        }
        Self { nodes }
    }

    /// What is in both.
    #[must_use]
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let both = self.nodes.iter().filter_map(|node| {
            let theirs = other.find(&node.element)?;
            let member = node.member && theirs.member;
            let below = node.below.intersection(&theirs.below);
            (member || !below.is_empty()).then(|| Node { element: node.element.clone(), member, below })
        });
        Self { nodes: both.collect() }
    }

    /// What is in this one only.
    #[must_use]
    pub(crate) fn difference(&self, other: &Self) -> Self {
        let kept = self.nodes.iter().filter_map(|node| {
            let Some(theirs) = other.find(&node.element) else { return Some(node.clone()) };
            let member = node.member && !theirs.member;
            let below = node.below.difference(&theirs.below);
            (member || !below.is_empty()).then(|| Node { element: node.element.clone(), member, below })
        });
        Self { nodes: kept.collect() }
    }

    /// Without the path and everything below it.
    pub(crate) fn remove_tree(&mut self, path: &[&str]) {
        let Some((first, rest)) = path.split_first() else { return };
        let named = |node: &Node| matches!(&node.element, PathElement::Field(name) if **name == **first);
        if rest.is_empty() {
            self.nodes.retain(|node| !named(node));
        } else if let Some(at) = self.nodes.iter().position(named) {
            self.nodes[at].below.remove_tree(rest);
            if !self.nodes[at].member && self.nodes[at].below.is_empty() {
                self.nodes.remove(at);
            }
        }
    }

    /// Calls `visit` with every path in the set, in its order.
    pub(crate) fn for_each(&self, visit: &mut impl FnMut(&[&PathElement])) {
        self.walk(&mut Vec::new(), visit);
    }

    fn walk<'a>(&'a self, path: &mut Vec<&'a PathElement>, visit: &mut impl FnMut(&[&PathElement])) {
        for node in &self.nodes {
            path.push(&node.element);
            if node.member {
                visit(path);
            }
            node.below.walk(path, visit);
            path.pop();
        }
    }

    /// The form of `fieldsV1`.
    pub(crate) fn to_fields(&self) -> Value {
        let entry = |node: &Node| {
            let mut below = match node.below.to_fields() {
                Value::Object(map) => map,
                _ => Map::new(),
            };
            if node.member && !below.is_empty() {
                below.insert(".".into(), Value::Object(Map::new()));
            }
            (node.element.to_key(), Value::Object(below))
        };
        Value::Object(self.nodes.iter().map(entry).collect())
    }

    /// Reads `fieldsV1`; what is not of its form is left out.
    pub(crate) fn from_fields(fields: &Value) -> Self {
        let mut nodes: Vec<Node> = Vec::new();
        for (key, value) in fields.as_object().into_iter().flatten() {
            let Some(element) = PathElement::from_key(key) else { continue };
            let below = Self::from_fields(value);
            let member = below.is_empty() || value.get(".").is_some();
            nodes.push(Node { element, member, below });
        }
        nodes.sort_by(|a, b| a.element.cmp(&b.element));
        Self { nodes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn set(paths: &[&str]) -> FieldSet {
        let mut set = FieldSet::default();
        for path in paths {
            let elements: Vec<_> = path.split('.').map(|name| PathElement::Field(name.into())).collect();
            set.insert(&elements);
        }
        set
    }

    #[test]
    fn fields_go_there_and_back() {
        let fields =
            json!({"f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {".": {}, "f:image": {}}}}, "f:x": {}});
        assert_eq!(FieldSet::from_fields(&fields).to_fields(), fields);
    }

    #[test]
    fn a_tree_is_removed_whole() {
        let mut fields = set(&["metadata.name", "metadata.labels.a", "spec"]);
        fields.remove_tree(&["metadata", "name"]);
        assert_eq!(fields, set(&["metadata.labels.a", "spec"]));
        fields.remove_tree(&["metadata"]);
        assert_eq!(fields, set(&["spec"]));
    }

    proptest! {
        #[test]
        fn set_algebra_holds(
            a in proptest::collection::vec("[a-c](\\.[a-c]){0,2}", 0..8),
            b in proptest::collection::vec("[a-c](\\.[a-c]){0,2}", 0..8),
        ) {
            let a = set(&a.iter().map(String::as_str).collect::<Vec<_>>());
            let b = set(&b.iter().map(String::as_str).collect::<Vec<_>>());
            prop_assert_eq!(a.union(&b), b.union(&a));
            prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a.clone());
            prop_assert!(a.difference(&b).intersection(&b).is_empty());
        }
    }
}
