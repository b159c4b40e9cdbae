//! JSON that looks a little like Pods and patches, for tests that must not panic.

use proptest::prelude::*;
use serde_json::{Map, Value};

const WORDS: [&str; 20] = [
    "$patch",
    "$retainKeys",
    "$setElementOrder/containers",
    "$deleteFromPrimitiveList/args",
    "args",
    "containers",
    "containerPort",
    "data",
    "delete",
    "env",
    "finalizers",
    "merge",
    "metadata",
    "name",
    "ports",
    "replace",
    "resources",
    "spec",
    "volumes",
    "a",
];

/// Any JSON of a few levels.
pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        proptest::sample::select(&WORDS[..]).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        let key = proptest::sample::select(&WORDS[..]).prop_map(str::to_owned);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}
