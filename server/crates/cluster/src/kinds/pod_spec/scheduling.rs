//! Where a Pod may run: affinities, tolerations, spread, gates.

use std::collections::BTreeSet;

use k8s_openapi::{
    api::core::v1::{
        NodeSelectorRequirement, NodeSelectorTerm, PodAffinityTerm, PodSchedulingGate, PodSpec, Toleration,
        WeightedPodAffinityTerm,
    },
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};

use crate::validation::{ErrorList, Path, names};

const WEIGHT: &str = "must be in the range 1-100";

/// `affinity`.
pub(super) fn validate_affinity(spec: &PodSpec, path: &Path, errors: &mut ErrorList) {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
    let Some(affinity) = &spec.affinity else { return };
    if let Some(node) = &affinity.node_affinity {
        let path = path.child("nodeAffinity");
        if let Some(required) = &node.required_during_scheduling_ignored_during_execution {
            let path = path.child(REQUIRED).child("nodeSelectorTerms");
            if required.node_selector_terms.is_empty() {
                errors.required(&path, "must have at least one node selector term");
            }
            node_selector_terms(&required.node_selector_terms, true, &path, errors);
        }
        for (i, term) in
            node.preferred_during_scheduling_ignored_during_execution.iter().flatten().enumerate()
        {
            let path = path.child(PREFERRED).index(i);
            if !(1..=100).contains(&term.weight) {
                errors.invalid(&path.child("weight"), term.weight, WEIGHT);
            }
            node_selector_term(&term.preference, false, &path.child("preference"), errors);
        }
    }
    if let Some(pod) = &affinity.pod_affinity {
        let path = path.child("podAffinity");
        let required = pod.required_during_scheduling_ignored_during_execution.as_deref();
        pod_terms(required, &path.child(REQUIRED), errors);
        let preferred = pod.preferred_during_scheduling_ignored_during_execution.as_deref();
        weighted_pod_terms(preferred, &path.child(PREFERRED), errors);
    }
    if let Some(pod) = &affinity.pod_anti_affinity {
        let path = path.child("podAntiAffinity");
        let required = pod.required_during_scheduling_ignored_during_execution.as_deref();
        pod_terms(required, &path.child(REQUIRED), errors);
        let preferred = pod.preferred_during_scheduling_ignored_during_execution.as_deref();
        weighted_pod_terms(preferred, &path.child(PREFERRED), errors);
    }
}

/// Terms that select nodes.
pub(crate) fn node_selector_terms(
    terms: &[NodeSelectorTerm],
    check_values: bool,
    path: &Path,
    errors: &mut ErrorList,
) {
    for (i, term) in terms.iter().enumerate() {
        node_selector_term(term, check_values, &path.index(i), errors);
    }
}

fn node_selector_term(term: &NodeSelectorTerm, check_values: bool, path: &Path, errors: &mut ErrorList) {
    for (i, requirement) in term.match_expressions.iter().flatten().enumerate() {
        node_requirement(requirement, check_values, &path.child("matchExpressions").index(i), errors);
    }
    for (i, requirement) in term.match_fields.iter().flatten().enumerate() {
        let path = path.child("matchFields").index(i);
        let values = requirement.values.as_deref().unwrap_or_default();
        match requirement.operator.as_str() {
            "In" | "NotIn" if values.len() != 1 => errors.required(
                &path.child("values"),
                "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
            ),
            "In" | "NotIn" => {}
            other => errors.invalid(&path.child("operator"), other, "not a valid selector operator"),
        }
        if requirement.key == "metadata.name" {
            for (i, value) in values.iter().enumerate() {
                errors.invalid_each(&path.child("values").index(i), value, &names::dns_subdomain(value));
            }
        } else {
            errors.invalid(&path.child("key"), &requirement.key, "not a valid field selector key");
        }
    }
}

fn node_requirement(
    requirement: &NodeSelectorRequirement,
    check_values: bool,
    path: &Path,
    errors: &mut ErrorList,
) {
    let values = requirement.values.as_deref().unwrap_or_default();
    let at = path.child("values");
    match requirement.operator.as_str() {
        "In" | "NotIn" if values.is_empty() => {
            errors.required(&at, "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            errors.forbidden(&at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
        "Gt" | "Lt" if values.len() != 1 => {
            errors.required(&at, "must be specified single value when `operator` is 'Lt' or 'Gt'");
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => errors.invalid(&path.child("operator"), other, "not a valid selector operator"),
    }
    errors.invalid_each(&path.child("key"), &requirement.key, &names::label_key(&requirement.key));
    if check_values {
        for (i, value) in values.iter().enumerate() {
            errors.invalid_each(&at.index(i), value, &names::label_value(value));
        }
    }
}

fn pod_terms(terms: Option<&[PodAffinityTerm]>, path: &Path, errors: &mut ErrorList) {
    for (i, term) in terms.into_iter().flatten().enumerate() {
        pod_term(term, &path.index(i), errors);
    }
}

fn weighted_pod_terms(terms: Option<&[WeightedPodAffinityTerm]>, path: &Path, errors: &mut ErrorList) {
    for (i, term) in terms.into_iter().flatten().enumerate() {
        let path = path.index(i);
        if !(1..=100).contains(&term.weight) {
            errors.invalid(&path.child("weight"), term.weight, WEIGHT);
        }
        pod_term(&term.pod_affinity_term, &path.child("podAffinityTerm"), errors);
    }
}

fn pod_term(term: &PodAffinityTerm, path: &Path, errors: &mut ErrorList) {
    if let Some(selector) = &term.label_selector {
        label_selector(selector, &path.child("labelSelector"), errors);
    }
    if let Some(selector) = &term.namespace_selector {
        label_selector(selector, &path.child("namespaceSelector"), errors);
    }
    for name in term.namespaces.iter().flatten() {
        errors.invalid_each(&path.child("namespace"), name, &names::dns_label(name));
    }
    if term.topology_key.is_empty() {
        errors.required(&path.child("topologyKey"), "can not be empty");
    }
    errors.invalid_each(
        &path.child("topologyKey"),
        &term.topology_key,
        &names::label_key(&term.topology_key),
    );
}

/// A selector of a spec.
pub(crate) fn label_selector(selector: &LabelSelector, path: &Path, errors: &mut ErrorList) {
    crate::validation::metadata::labels(
        selector.match_labels.iter().flatten(),
        &path.child("matchLabels"),
        errors,
    );
    for (i, expression) in selector.match_expressions.iter().flatten().enumerate() {
        let path = path.child("matchExpressions").index(i);
        let values = expression.values.as_deref().unwrap_or_default();
        match expression.operator.as_str() {
            "In" | "NotIn" if values.is_empty() => {
                errors.required(&path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'")
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => errors.forbidden(
                &path.child("values"),
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            ),
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => errors.invalid(&path.child("operator"), other, "not a valid selector operator"),
        }
        errors.invalid_each(&path.child("key"), &expression.key, &names::label_key(&expression.key));
        for (i, value) in values.iter().enumerate() {
            errors.invalid_each(&path.child("values").index(i), value, &names::label_value(value));
        }
    }
}

/// Readiness and scheduling gates.
pub(super) fn validate_gates(spec: &PodSpec, path: &Path, errors: &mut ErrorList) {
    for (i, gate) in spec.readiness_gates.iter().flatten().enumerate() {
        let path = path.child("readinessGates").index(i).child("conditionType");
        errors.invalid_each(&path, &gate.condition_type, &names::qualified_name(&gate.condition_type));
    }
    let mut seen = BTreeSet::new();
    for (i, gate) in spec.scheduling_gates.iter().flatten().enumerate() {
        let path = path.child("schedulingGates").index(i);
        errors.invalid_each(&path, &gate.name, &names::qualified_name(&gate.name));
        if !seen.insert(&gate.name) {
            errors.duplicate(&path, &gate.name);
        }
    }
}

/// `topologySpreadConstraints`.
pub(super) fn validate_spread(spec: &PodSpec, path: &Path, errors: &mut ErrorList) {
    const ACTIONS: [&str; 2] = ["DoNotSchedule", "ScheduleAnyway"];
    let mut seen = BTreeSet::new();
    for (i, constraint) in spec.topology_spread_constraints.iter().flatten().enumerate() {
        let path = path.index(i);
        if constraint.max_skew <= 0 {
            errors.invalid(&path.child("maxSkew"), constraint.max_skew, "must be greater than zero");
        }
        let key = constraint.topology_key.as_str();
        if key.is_empty() {
            errors.required(&path.child("topologyKey"), "can not be empty");
        } else {
            errors.invalid_each(&path.child("topologyKey"), key, &names::label_key(key));
        }
        let action = constraint.when_unsatisfiable.as_str();
        if !ACTIONS.contains(&action) {
            errors.not_supported(&path.child("whenUnsatisfiable"), action, &ACTIONS);
        }
        if !seen.insert((key, action)) {
            let pair = format!("{{{key}, {action}}}");
            errors.duplicate(&path.child("{topologyKey, whenUnsatisfiable}"), pair);
        }
        if let Some(domains) = constraint.min_domains {
            if domains <= 0 {
                errors.invalid(&path.child("minDomains"), domains, "must be greater than zero");
            }
            if action != "DoNotSchedule" {
                let detail =
                    format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
                errors.invalid(&path.child("minDomains"), domains, &detail);
            }
        }
        if let Some(selector) = &constraint.label_selector {
            label_selector(selector, &path.child("labelSelector"), errors);
        }
    }
}

/// `tolerations`.
pub(super) fn validate_tolerations(tolerations: &[Toleration], path: &Path, errors: &mut ErrorList) {
    for (i, toleration) in tolerations.iter().enumerate() {
        let path = path.index(i);
        let key = toleration.key.as_deref().unwrap_or_default();
        let operator = toleration.operator.as_deref().unwrap_or_default();
        let value = toleration.value.as_deref().unwrap_or_default();
        let effect = toleration.effect.as_deref().unwrap_or_default();
        if !key.is_empty() {
            errors.invalid_each(&path.child("key"), key, &names::label_key(key));
        } else if operator != "Exists" {
            errors.invalid(
                &path.child("operator"),
                operator,
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"",
            );
        }
        if toleration.toleration_seconds.is_some() && effect != "NoExecute" {
            errors.invalid(
                &path.child("effect"),
                effect,
                "effect must be 'NoExecute' when `tolerationSeconds` is set",
            );
        }
        match operator {
            "" | "Equal" => {
                let wrong = names::label_value(value);
                if !wrong.is_empty() {
                    errors.invalid(&path.child("operator"), value, &wrong.join(";"));
                }
            }
            "Exists" if !value.is_empty() => errors.invalid(
                &path.child("operator"),
                value,
                "value must be empty when `operator` is 'Exists'",
            ),
            "Exists" => {}
            other => errors.not_supported(&path.child("operator"), other, &["Equal", "Exists"]),
        }
        if !effect.is_empty() {
            taint_effect(effect, &path.child("effect"), errors);
        }
    }
}

/// The effect of a taint.
pub(crate) fn taint_effect(effect: &str, path: &Path, errors: &mut ErrorList) {
    const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
    if !EFFECTS.contains(&effect) {
        errors.not_supported(path, effect, &EFFECTS);
    }
}

/// An update may add tolerations and change how long they last, nothing else.
pub(crate) fn only_added_tolerations(
    new: &[Toleration],
    old: &[Toleration],
    path: &Path,
    errors: &mut ErrorList,
) {
    let kept = |old: &Toleration| {
        new.iter().any(|new| {
            let as_new = Toleration { toleration_seconds: new.toleration_seconds, ..old.clone() };
            as_new == *new
        })
    };
    if !old.iter().all(kept) {
        errors.forbidden(path, "existing toleration can not be modified except its tolerationSeconds");
        return;
    }
    validate_tolerations(new, path, errors);
}

/// An update may take gates away, nothing else.
pub(crate) fn only_deleted_gates(
    new: &[PodSchedulingGate],
    old: &[PodSchedulingGate],
    path: &Path,
    errors: &mut ErrorList,
) {
    for (i, gate) in new.iter().enumerate().filter(|(_, gate)| !old.contains(gate)) {
        let detail = format!("only deletion is allowed, but found new scheduling gate '{}'", gate.name);
        errors.forbidden(&path.index(i).child("name"), &detail);
    }
}
