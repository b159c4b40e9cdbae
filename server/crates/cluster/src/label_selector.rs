//! Which objects the selectors in other objects select, by the labels of typed objects.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::selector::{self, Operator, Requirement};

/// An object's labels; none are no labels.
pub(crate) type Labels = BTreeMap<String, String>;

/// Whether a selector selects an object with these labels. An empty selector selects everything, a missing one nothing.
pub(crate) fn selects(selector: Option<&LabelSelector>, labels: Option<&Labels>) -> bool {
    let value = |key: &str| labels.and_then(|labels| labels.get(key)).map(String::as_str);
    selector::LabelSelector::from_object(selector).holds(value)
}

/// Whether an object has all of these labels. No labels at all select nothing, as Services and replication controllers
/// have it.
pub(crate) fn has_all(wanted: Option<&Labels>, labels: Option<&Labels>) -> bool {
    wanted.is_some_and(|wanted| {
        !wanted.is_empty()
            && wanted.iter().all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
    })
}

/// Whether a requirement (`In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt`, `Lt`) holds for a value.
pub(crate) fn holds(operator: &str, values: &[String], value: Option<&str>) -> bool {
    Operator::of(operator).is_some_and(|operator| {
        Requirement { key: String::new(), operator, values: values.to_vec() }.matches(value)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn matches(selector: Value, labels: Value) -> bool {
        let selector: LabelSelector = serde_json::from_value(selector).unwrap();
        let labels: Labels = serde_json::from_value(labels).unwrap();
        selects(Some(&selector), Some(&labels))
    }

    #[test]
    fn all_of_a_selectors_requirements_must_hold() {
        let selector = json!({"matchLabels": {"app": "web"}, "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["a", "b"]},
            {"key": "old", "operator": "DoesNotExist"}]});
        assert!(matches(selector.clone(), json!({"app": "web", "tier": "b"})));
        assert!(!matches(selector.clone(), json!({"app": "web", "tier": "c"})));
        assert!(!matches(selector, json!({"app": "web", "tier": "a", "old": ""})));
    }

    #[test]
    fn an_empty_selector_selects_everything_and_a_missing_one_nothing() {
        assert!(matches(json!({}), json!({"a": "b"})));
        assert!(!selects(None, None));
        assert!(!has_all(Some(&Labels::new()), None));
    }
}
