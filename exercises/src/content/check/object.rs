//! `object`: something of the API, as it is stored there.

use std::time::Duration;

use serde::Deserialize;

use super::{Condition, Spec};

/// An object by its name, or several by their labels, or all of a kind.
///
/// ```yaml
/// object: {kind: Pod, name: mc1}
/// cel: containers(object).exists(c, c.name == '1st')
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Object {
    /// The API group and version; needed for kinds that podlab does not know by name.
    pub api_version: Option<String>,
    /// The kind.
    pub kind: String,
    /// The name of the one object that is meant.
    pub name: Option<String>,
    /// The labels of those that are meant, as `kubectl -l` takes them.
    pub selector: Option<String>,
}

impl Object {
    /// Whether one object is meant (`object` in the condition) or a list (`objects`).
    pub fn is_one(&self) -> bool {
        self.name.is_some()
    }
}

impl Spec for Object {
    const CONDITION: Condition = Condition::Optional;
    /// What was applied is there at once; what a controller makes of it takes time, which the exercise then says.
    const WITHIN: Duration = Duration::ZERO;

    fn variables(&self) -> Vec<&'static str> {
        vec![if self.is_one() { "object" } else { "objects" }]
    }

    fn faults(&self) -> Vec<String> {
        let both = self.name.is_some() && self.selector.is_some();
        both.then(|| "give either `name` or `selector`".to_owned()).into_iter().collect()
    }

    fn expects(&self) -> Vec<(String, String)> {
        self.name.iter().map(|name| (self.kind.clone(), name.clone())).collect()
    }
}
