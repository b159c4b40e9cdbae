//! Which labels a `LabelSelector` selects.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

/// An object's labels; none are no labels.
pub(crate) type Labels = BTreeMap<String, String>;

/// Whether a selector selects an object with these labels. An empty selector selects everything, a missing one nothing.
pub(crate) fn selects(selector: Option<&LabelSelector>, labels: Option<&Labels>) -> bool {
    let Some(selector) = selector else { return false };
    let value = |key: &str| labels.and_then(|labels| labels.get(key)).map(String::as_str);
    let equal = selector.match_labels.iter().flatten().all(|(key, wanted)| value(key) == Some(wanted));
    equal
        && selector.match_expressions.iter().flatten().all(|requirement| {
            let values = requirement.values.as_deref().unwrap_or_default();
            holds(&requirement.operator, values, value(&requirement.key))
        })
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
    let listed = |value: &str| values.iter().any(|candidate| candidate == value);
    let numbers = || {
        let bound: i64 = values.first()?.parse().ok()?;
        let number: i64 = value?.parse().ok()?;
        Some((number, bound))
    };
    match operator {
        "In" => value.is_some_and(listed),
        "NotIn" => !value.is_some_and(listed),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => numbers().is_some_and(|(number, bound)| number > bound),
        "Lt" => numbers().is_some_and(|(number, bound)| number < bound),
        _ => false,
    }
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
        assert!(matches(
            json!({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b"]}]}),
            json!({})
        ));
    }
}
