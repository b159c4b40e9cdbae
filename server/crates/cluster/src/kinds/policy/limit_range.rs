//! LimitRanges.

use std::collections::BTreeSet;

use k8s_openapi::{
    api::core::v1::{LimitRange, LimitRangeItem},
    apimachinery::pkg::api::resource::Quantity as Amount,
};
use serde_json::{Map, Value};

use crate::{
    kinds::defaults::{objects, set_object},
    object::{object_at, parse},
    quantity::Quantity,
    resource::{Context, Strategy},
    status::Result,
    validation::{ErrorList, Path},
};

#[derive(Debug)]
pub(crate) struct LimitRangeStrategy;

impl Strategy for LimitRangeStrategy {
    /// What a container gets by default: its limit is the greatest that it may have, its request is its limit.
    fn set_defaults(&self, object: &mut Value) {
        for item in objects(object_at(object, "spec"), "limits") {
            if item.get("type").and_then(Value::as_str) != Some("Container") {
                continue;
            }
            for (to, from) in [("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min")] {
                fill(item, to, from);
            }
        }
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let spec = parse::<LimitRange>(object)?.spec.unwrap_or_default();
        let mut seen = BTreeSet::new();
        for (i, item) in spec.limits.iter().enumerate() {
            let path = Path::new("spec").child("limits").index(i);
            if !seen.insert(&item.type_) {
                errors.duplicate(&path.child("type"), &item.type_);
            }
            validate_item(item, &path, errors);
        }
        Ok(())
    }
}

fn fill(item: &mut Map<String, Value>, to: &str, from: &str) {
    let Some(amounts) = item.get(from).and_then(Value::as_object).cloned() else { return };
    set_object(item, to);
    if let Some(map) = item.get_mut(to).and_then(Value::as_object_mut) {
        for (name, amount) in amounts {
            map.entry(name).or_insert(amount);
        }
    }
}

fn validate_item(item: &LimitRangeItem, path: &Path, errors: &mut ErrorList) {
    let names: BTreeSet<&String> = [&item.min, &item.max, &item.default, &item.default_request]
        .into_iter()
        .flatten()
        .flat_map(|amounts| amounts.keys())
        .collect();
    if item.type_ == "Pod" {
        for (field, is_set) in [
            ("default", item.default.as_ref().is_some_and(|map| !map.is_empty())),
            ("defaultRequest", item.default_request.as_ref().is_some_and(|map| !map.is_empty())),
        ] {
            if is_set {
                errors.forbidden(&path.child(field), "may not be specified when `type` is 'Pod'");
            }
        }
    }
    for name in names {
        let amount = |map: &Option<std::collections::BTreeMap<String, Amount>>| {
            let amount = map.as_ref()?.get(name)?;
            Some((amount.0.clone(), Quantity::of(amount)?))
        };
        let (min, max) = (amount(&item.min), amount(&item.max));
        let (default, request) = (amount(&item.default), amount(&item.default_request));
        for (field, low_is, low, high_is, high) in [
            ("min", "min", &min, "max", &max),
            ("defaultRequest", "min", &min, "default request", &request),
            ("defaultRequest", "default request", &request, "max", &max),
            ("default", "min", &min, "default", &default),
            ("default", "default", &default, "max", &max),
            ("defaultRequest", "default request", &request, "default limit", &default),
        ] {
            let (Some((low, least)), Some((high, greatest))) = (low, high) else { continue };
            if least.milli_value() > greatest.milli_value() {
                let (value, detail) = if high_is == "default request" || high_is == "default" {
                    (high, format!("{low_is} value {low} is greater than {high_is} value {high}"))
                } else {
                    (low, format!("{low_is} value {low} is greater than {high_is} value {high}"))
                };
                errors.invalid(&path.child(field).key(name), value, &detail);
            }
        }
    }
}
