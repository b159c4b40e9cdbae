//! Conditions: what an object's status says of it, each with the time since when it says so. All kinds of objects have
//! types of their own for that; this is what they have in common.
//!
//! Source: "Typical status properties" in Kubernetes' API conventions.

use k8s_openapi::{
    api::{
        apps::v1::{DeploymentCondition, ReplicaSetCondition},
        autoscaling::v2::HorizontalPodAutoscalerCondition,
        batch::v1::JobCondition,
        core::v1::{NamespaceCondition, NodeCondition, PodCondition, ReplicationControllerCondition},
    },
    apimachinery::pkg::apis::meta::v1::Condition as MetaCondition,
};

/// A condition of some kind of object.
pub(crate) trait Condition {
    /// What it is about.
    fn kind(&self) -> &str;

    /// `True`, `False` or `Unknown`.
    fn status(&self) -> &str;

    /// Takes over since when another one says so.
    fn take_since(&mut self, other: &Self);
}

macro_rules! conditions {
    ($($condition:ty),+ $(,)? => |$text:ident| $as_text:expr) => {$(
        impl Condition for $condition {
            fn kind(&self) -> &str {
                let $text = &self.type_;
                $as_text
            }

            fn status(&self) -> &str {
                let $text = &self.status;
                $as_text
            }

            fn take_since(&mut self, other: &Self) {
                self.last_transition_time.clone_from(&other.last_transition_time);
            }
        }
    )+};
}

conditions!(
    HorizontalPodAutoscalerCondition,
    JobCondition,
    MetaCondition,
    NamespaceCondition,
    NodeCondition,
    PodCondition,
    ReplicationControllerCondition => |text| text
);
conditions!(DeploymentCondition, ReplicaSetCondition => |text| text.as_deref().unwrap_or_default());

/// The status of a condition that holds or does not.
pub(crate) fn status(holds: bool) -> &'static str {
    if holds { "True" } else { "False" }
}

/// The condition of this kind, if there is one.
pub(crate) fn find<'c, C: Condition>(conditions: Option<&'c [C]>, kind: &str) -> Option<&'c C> {
    conditions.into_iter().flatten().find(|condition| condition.kind() == kind)
}

/// A condition as of now: it says since when as the one before it does, where their status is the same.
pub(crate) fn after<C: Condition>(mut new: C, before: Option<&C>) -> C {
    if let Some(before) = before.filter(|before| before.status() == new.status()) {
        new.take_since(before);
    }
    new
}

/// Sets a condition as of now in its place.
pub(crate) fn set<C: Condition>(conditions: &mut Option<Vec<C>>, new: C) {
    let conditions = conditions.get_or_insert_default();
    match conditions.iter_mut().find(|old| old.kind() == new.kind()) {
        Some(old) => *old = after(new, Some(old)),
        None => conditions.push(new),
    }
}

/// The conditions as of now, in their order, after those that were there.
pub(crate) fn all_after<C: Condition>(all: Vec<C>, before: Option<&[C]>) -> Vec<C> {
    all.into_iter()
        .map(|new| {
            let old = find(before, new.kind());
            after(new, old)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubelet::seconds;

    fn condition(kind: &str, holds: bool, at: i64) -> PodCondition {
        PodCondition {
            type_: kind.to_owned(),
            status: status(holds).to_owned(),
            last_transition_time: Some(seconds(jiff::Timestamp::from_second(at).unwrap())),
            ..PodCondition::default()
        }
    }

    #[test]
    fn a_condition_says_since_when_its_status_is_what_it_is() {
        let mut all = None;
        set(&mut all, condition("Ready", false, 1));
        set(&mut all, condition("Other", true, 2));
        set(&mut all, PodCondition { reason: Some("New".to_owned()), ..condition("Ready", false, 3) });
        let since = |all: &Option<Vec<PodCondition>>| {
            find(all.as_deref(), "Ready").unwrap().last_transition_time.as_ref().unwrap().0.as_second()
        };
        assert_eq!(since(&all), 1);
        assert_eq!(all.as_ref().unwrap()[0].reason.as_deref(), Some("New"), "in its place");
        set(&mut all, condition("Ready", true, 4));
        assert_eq!(since(&all), 4);
    }
}
