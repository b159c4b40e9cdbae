//! Taints and tolerations. See "Taints and Tolerations" in Kubernetes' documentation.

use k8s_openapi::api::core::v1::{Pod, Taint, Toleration};

use super::{OTHER_NODES, Rejection};
use crate::scheduler::snapshot::{NodeInfo, spec};

/// The taint of a node that is cordoned.
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// Whether a toleration tolerates a taint.
pub(crate) fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let named = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let effect = named(&toleration.effect).is_none_or(|effect| effect == taint.effect);
    let key = named(&toleration.key);
    let value = toleration.value.clone().unwrap_or_default();
    let exists = toleration.operator.as_deref() == Some("Exists");
    effect
        && match key {
            None => exists,
            Some(key) => key == taint.key && (exists || value == taint.value.clone().unwrap_or_default()),
        }
}

fn is_tolerated(pod: &Pod, taint: &Taint) -> bool {
    spec(pod).tolerations.iter().flatten().any(|toleration| tolerates(toleration, taint))
}

fn taints(node: &NodeInfo) -> impl Iterator<Item = &Taint> {
    node.node.spec.iter().flat_map(|spec| spec.taints.iter().flatten())
}

/// A cordoned node takes only Pods that tolerate that.
pub(super) fn unschedulable(node: &NodeInfo, pod: &Pod) -> Option<Rejection> {
    let cordoned = node.node.spec.as_ref().is_some_and(|spec| spec.unschedulable == Some(true));
    let taint = Taint { key: UNSCHEDULABLE.to_owned(), effect: "NoSchedule".to_owned(), ..Taint::default() };
    (cordoned && !is_tolerated(pod, &taint))
        .then(|| Rejection::new("node(s) were unschedulable", false, OTHER_NODES))
}

/// A taint that keeps the Pod away.
pub(super) fn untolerated(node: &NodeInfo, pod: &Pod) -> Option<Rejection> {
    let hard = |taint: &&Taint| matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute");
    let found = taints(node).filter(hard).any(|taint| !is_tolerated(pod, taint));
    found.then(|| Rejection::new("node(s) had untolerated taint(s)", false, OTHER_NODES))
}

/// How many taints would rather not have the Pod.
pub(crate) fn untolerated_preferences(node: &NodeInfo, pod: &Pod) -> usize {
    let soft = taints(node).filter(|taint| taint.effect == "PreferNoSchedule");
    soft.filter(|taint| !is_tolerated(pod, taint)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taint(key: &str, value: &str) -> Taint {
        let value = Some(value.to_owned());
        Taint { key: key.into(), value, effect: "NoSchedule".into(), time_added: None }
    }

    fn toleration(key: &str, operator: &str, value: &str, effect: &str) -> Toleration {
        let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Toleration {
            key: named(key),
            operator: named(operator),
            value: named(value),
            effect: named(effect),
            toleration_seconds: None,
        }
    }

    #[test]
    fn a_toleration_matches_by_key_value_and_effect() {
        let tainted = taint("gpu", "yes");
        assert!(tolerates(&toleration("gpu", "Equal", "yes", "NoSchedule"), &tainted));
        assert!(tolerates(&toleration("gpu", "Exists", "", ""), &tainted));
        assert!(tolerates(&toleration("", "Exists", "", ""), &tainted));
        assert!(!tolerates(&toleration("gpu", "Equal", "no", ""), &tainted));
        assert!(!tolerates(&toleration("gpu", "Exists", "", "NoExecute"), &tainted));
        assert!(!tolerates(&toleration("cpu", "", "yes", ""), &tainted));
    }
}
