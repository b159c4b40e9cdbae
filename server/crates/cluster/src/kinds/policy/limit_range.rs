//! LimitRanges.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::{
    api::core::v1::{LimitRange, LimitRangeItem},
    apimachinery::pkg::api::resource::Quantity as Amount,
};
use serde_json::{Map, Value};

use crate::{
    kinds::{
        defaults::{objects, set_object},
        pod_spec,
    },
    object::{object_at, parse},
    quantity::Quantity,
    resource::{Context, Strategy},
    status::Result,
    validation::{ErrorList, Path, names},
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
            validate_type(&item.type_, &path.child("type"), errors);
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

type Amounts = BTreeMap<String, Amount>;

fn validate_item(item: &LimitRangeItem, path: &Path, errors: &mut ErrorList) {
    let check = match item.type_.as_str() {
        "Pod" | "Container" => pod_spec::container_resource_name,
        _ => pod_spec::resource_name,
    };
    let names_of = |field: &str, amounts: Option<&Amounts>, errors: &mut ErrorList| {
        let names = amounts.into_iter().flat_map(|amounts| amounts.keys());
        names.for_each(|name| check(name, &path.child(field).key(name), errors));
    };
    names_of("max", item.max.as_ref(), errors);
    names_of("min", item.min.as_ref(), errors);
    let (mut default, mut request) = (item.default.as_ref(), item.default_request.as_ref());
    for (field, amounts) in [("default", &mut default), ("defaultRequest", &mut request)] {
        if item.type_ != "Pod" {
            names_of(field, *amounts, errors);
        } else if amounts.take().is_some_and(|amounts| !amounts.is_empty()) {
            errors.forbidden(&path.child(field), "may not be specified when `type` is 'Pod'");
        }
    }
    let has_storage = |amounts: &Option<Amounts>| amounts.as_ref().is_some_and(|a| a.contains_key("storage"));
    if item.type_ == "PersistentVolumeClaim" && !has_storage(&item.min) && !has_storage(&item.max) {
        let detail = "either minimum or maximum storage value is required, but neither was provided";
        errors.required(&path.child("limits"), detail);
    }
    let ratios = item.max_limit_request_ratio.as_ref();
    names_of("maxLimitRequestRatio", ratios, errors);
    let all = [item.min.as_ref(), item.max.as_ref(), default, request, ratios];
    let names: BTreeSet<&String> = all.into_iter().flatten().flat_map(|amounts| amounts.keys()).collect();
    for name in names {
        let amount = |amounts: Option<&Amounts>| Quantity::of(amounts?.get(name)?);
        let values = Values {
            min: amount(item.min.as_ref()),
            max: amount(item.max.as_ref()),
            default: amount(default),
            request: amount(request),
            ratio: amount(ratios),
        };
        values.validate(name, path, errors);
    }
}

/// What an item says of one resource.
struct Values {
    min: Option<Quantity>,
    max: Option<Quantity>,
    default: Option<Quantity>,
    request: Option<Quantity>,
    ratio: Option<Quantity>,
}

impl Values {
    fn validate(&self, name: &str, path: &Path, errors: &mut ErrorList) {
        // The field, what it must not be below, and which of the two the real server shows.
        for (field, low_is, low, high_is, high, shows_high) in [
            ("min", "min", self.min, "max", self.max, false),
            ("defaultRequest", "min", self.min, "default request", self.request, true),
            ("defaultRequest", "default request", self.request, "max", self.max, false),
            ("defaultRequest", "default request", self.request, "default limit", self.default, false),
            ("default", "min", self.min, "default", self.default, false),
            ("default", "default", self.default, "max", self.max, true),
        ] {
            let (Some(low), Some(high)) = (low, high) else { continue };
            if low > high {
                let shown = if shows_high { high } else { low };
                let detail = format!("{low_is} value {low} is greater than {high_is} value {high}");
                errors.invalid(&path.child(field).key(name), shown.to_string(), &detail);
            }
        }
        let Some(ratio) = self.ratio else { return };
        let at = path.child("maxLimitRequestRatio").key(name);
        if ratio < Quantity::whole(1) {
            errors.invalid(&at, ratio.to_string(), &format!("ratio {ratio} is less than 1"));
        }
        let (Some(min), Some(max)) = (self.min, self.max) else { return };
        let most = max.milli_value() as f64 / min.milli_value() as f64;
        if ratio.milli_value() as f64 / 1000.0 > most {
            let detail = format!("ratio {ratio} is greater than max/min = {most:.6}");
            errors.invalid(&at, ratio.to_string(), &detail);
        }
    }
}

/// What limits can be for.
fn validate_type(kind: &str, path: &Path, errors: &mut ErrorList) {
    errors.invalid_each(path, kind, &names::qualified_name(kind));
    if !kind.contains('/') && !matches!(kind, "Pod" | "Container" | "PersistentVolumeClaim") {
        errors.invalid(path, kind, "must be a standard limit type or fully qualified");
    }
}
