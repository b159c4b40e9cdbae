//! What a Pod as a whole requests and may use, and its class of service.
//!
//! See "Resource sharing within containers" and "Pod Quality of Service Classes" in Kubernetes' documentation.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Container, PodSpec, ResourceRequirements},
    apimachinery::pkg::api::resource::Quantity as ApiQuantity,
};

use crate::quantity::Quantity;

/// Amounts by the resource's name.
pub(crate) type Amounts = BTreeMap<String, Quantity>;

/// What a Pod requests: its ordinary containers and sidecars together, or the most that it needs while one of its
/// init containers runs, whichever is more; plus its overhead. Pod-level requests come first.
pub(crate) fn requests(spec: &PodSpec) -> Amounts {
    let own = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    total(spec, own, |resources| resources.requests.as_ref())
}

/// What a Pod may use, worked out like its requests. Containers without a limit do not count.
pub(crate) fn limits(spec: &PodSpec) -> Amounts {
    let own = spec.resources.as_ref().and_then(|resources| resources.limits.as_ref());
    total(spec, own, |resources| resources.limits.as_ref())
}

type ApiAmounts = BTreeMap<String, ApiQuantity>;

fn total(
    spec: &PodSpec,
    own: Option<&ApiAmounts>,
    pick: impl Fn(&ResourceRequirements) -> Option<&ApiAmounts>,
) -> Amounts {
    let of = |container: &Container| amounts(container.resources.as_ref().and_then(&pick));
    let mut sum = Amounts::new();
    for container in &spec.containers {
        add(&mut sum, &of(container));
    }
    let mut sidecars = Amounts::new();
    let mut peak = Amounts::new();
    for container in spec.init_containers.iter().flatten() {
        let mut while_it_runs = of(container);
        if container.restart_policy.as_deref() == Some("Always") {
            add(&mut sum, &while_it_runs);
            add(&mut sidecars, &while_it_runs);
            while_it_runs.clone_from(&sidecars);
        } else {
            add(&mut while_it_runs, &sidecars);
        }
        raise(&mut peak, while_it_runs);
    }
    raise(&mut sum, peak);
    for (name, quantity) in amounts(own) {
        sum.insert(name, quantity);
    }
    let overhead = amounts(spec.overhead.as_ref());
    let applies = |name: &String| sum.get(name).is_some_and(|quantity| !quantity.is_zero());
    let overhead = overhead.into_iter().filter(|(name, _)| applies(name)).collect();
    add(&mut sum, &overhead);
    sum
}

/// The amounts of an API object's field, without those that are none.
pub(crate) fn amounts(field: Option<&ApiAmounts>) -> Amounts {
    let parse = |(name, quantity): (&String, &ApiQuantity)| Some((name.clone(), Quantity::of(quantity)?));
    field.into_iter().flatten().filter_map(parse).collect()
}

/// The field of an API object; `None` for no amounts at all.
pub(crate) fn to_api(amounts: &Amounts) -> Option<ApiAmounts> {
    let field: ApiAmounts = amounts.iter().map(|(name, q)| (name.clone(), q.to_api())).collect();
    (!field.is_empty()).then_some(field)
}

/// Adds `more` to `sum`.
pub(crate) fn add(sum: &mut Amounts, more: &Amounts) {
    for (name, quantity) in more {
        *sum.entry(name.clone()).or_default() += *quantity;
    }
}

fn raise(amounts: &mut Amounts, to: Amounts) {
    for (name, quantity) in to {
        let entry = amounts.entry(name).or_insert(quantity);
        if quantity > *entry {
            *entry = quantity;
        }
    }
}

/// `Guaranteed`, `Burstable` or `BestEffort`.
pub(crate) fn qos_class(spec: &PodSpec) -> &'static str {
    let containers: Vec<ResourceRequirements> = match &spec.resources {
        Some(own) if own.requests.is_some() || own.limits.is_some() => vec![own.clone()],
        _ => {
            let all = spec.containers.iter().chain(spec.init_containers.iter().flatten());
            all.map(|container| container.resources.clone().unwrap_or_default()).collect()
        }
    };
    let mut any = false;
    let mut guaranteed = true;
    for resources in &containers {
        let (requests, limits) = (amounts(resources.requests.as_ref()), amounts(resources.limits.as_ref()));
        for name in ["cpu", "memory"] {
            let positive =
                |amounts: &Amounts| amounts.get(name).copied().filter(|quantity| !quantity.is_zero());
            let (request, limit) = (positive(&requests), positive(&limits));
            any |= request.is_some() || limit.is_some();
            guaranteed &= limit.is_some() && request.is_none_or(|request| Some(request) == limit);
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(value: serde_json::Value) -> PodSpec {
        serde_json::from_value(value).unwrap()
    }

    fn text(amounts: &Amounts) -> String {
        amounts.iter().map(|(name, quantity)| format!("{name}={quantity} ")).collect()
    }

    #[test]
    fn ordinary_containers_add_up_and_the_largest_init_container_counts_if_it_is_more() {
        let spec = spec(json!({
            "initContainers": [
                {"name": "i", "resources": {"requests": {"cpu": "2", "memory": "10Mi"}}},
            ],
            "containers": [
                {"name": "a", "resources": {"requests": {"cpu": "500m", "memory": "64Mi"}}},
                {"name": "b", "resources": {"requests": {"cpu": "250m"}}},
            ],
        }));
        assert_eq!(text(&requests(&spec)), "cpu=2 memory=64Mi ");
    }

    #[test]
    fn a_sidecar_counts_with_the_ordinary_containers_and_with_later_init_containers() {
        let spec = spec(json!({
            "initContainers": [
                {"name": "s", "restartPolicy": "Always", "resources": {"requests": {"cpu": "100m"}}},
                {"name": "i", "resources": {"requests": {"cpu": "300m"}}},
            ],
            "containers": [{"name": "a", "resources": {"requests": {"cpu": "200m"}}}],
        }));
        assert_eq!(text(&requests(&spec)), "cpu=400m ");
    }

    #[test]
    fn the_class_follows_from_requests_and_limits() {
        let class =
            |resources| qos_class(&spec(json!({"containers": [{"name": "a", "resources": resources}]})));
        assert_eq!(class(json!({})), "BestEffort");
        assert_eq!(class(json!({"requests": {"cpu": "1"}})), "Burstable");
        assert_eq!(class(json!({"limits": {"cpu": "1", "memory": "1Gi"}})), "Guaranteed");
        assert_eq!(
            class(json!({"requests": {"cpu": "500m"}, "limits": {"cpu": "1", "memory": "1Gi"}})),
            "Burstable"
        );
    }
}
