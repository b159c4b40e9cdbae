//! How many replicas each ReplicaSet of a Deployment is to have: pure. The rules are those of Kubernetes' rolling update.

use k8s_openapi::{
    api::apps::v1::{Deployment, DeploymentSpec, ReplicaSet},
    apimachinery::pkg::util::intstr::IntOrString,
};

/// How far a rolling update may go above and below the wanted number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) surge: i32,
    pub(super) unavailable: i32,
}

/// The bounds of a Deployment's rolling update; none for one that recreates its Pods.
pub(super) fn bounds(spec: &DeploymentSpec) -> Bounds {
    let replicas = spec.replicas.unwrap_or(1);
    let strategy = spec.strategy.as_ref();
    if strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("Recreate") {
        return Bounds { surge: 0, unavailable: 0 };
    }
    let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
    let quarter = IntOrString::String("25%".to_owned());
    let surge = rolling.and_then(|rolling| rolling.max_surge.as_ref()).unwrap_or(&quarter);
    let unavailable = rolling.and_then(|rolling| rolling.max_unavailable.as_ref()).unwrap_or(&quarter);
    let surge = scaled(surge, replicas, true);
    let mut unavailable = scaled(unavailable, replicas, false);
    if surge == 0 && unavailable == 0 {
        // Nothing could ever change.
        unavailable = 1;
    }
    Bounds { surge, unavailable: unavailable.min(replicas) }
}

/// A number, or per cent of a total.
pub(in crate::controllers) fn scaled(value: &IntOrString, total: i32, round_up: bool) -> i32 {
    match value {
        IntOrString::Int(number) => *number,
        IntOrString::String(text) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or_default();
            let product = percent * i64::from(total);
            let scaled = if round_up { (product + 99) / 100 } else { product / 100 };
            i32::try_from(scaled).unwrap_or(i32::MAX)
        }
    }
}

/// The replicas that a ReplicaSet is to have.
pub(super) fn replicas(set: &ReplicaSet) -> i32 {
    set.spec.replicas.unwrap_or(1)
}

pub(super) fn total(sets: &[&ReplicaSet]) -> i32 {
    sets.iter().fold(0, |all, set| all.saturating_add(replicas(set)))
}

pub(super) fn available(sets: &[&ReplicaSet]) -> i32 {
    let of = |set: &&ReplicaSet| set.status.as_ref().and_then(|status| status.available_replicas);
    sets.iter().filter_map(of).fold(0, i32::saturating_add)
}

/// The replicas of the new ReplicaSet, as far as the surge allows. `now` is how many it has, `all` how many all have.
pub(super) fn of_new(deployment: &Deployment, now: i32, all: i32) -> i32 {
    let spec = &deployment.spec;
    let wanted = spec.replicas.unwrap_or(1);
    if is_recreate(spec) {
        return wanted;
    }
    let most = wanted.saturating_add(bounds(spec).surge);
    if all >= most {
        return now;
    }
    now + (most - all).min(wanted - now)
}

pub(super) fn is_recreate(spec: &DeploymentSpec) -> bool {
    spec.strategy.as_ref().and_then(|strategy| strategy.type_.as_deref()) == Some("Recreate")
}

/// The replicas of the old ReplicaSets, oldest first, when some may go: first those that are not available anyway, then
/// as many as can be spared. Empty where nothing changes.
pub(super) fn of_old(spec: &DeploymentSpec, new: &ReplicaSet, old: &[&ReplicaSet]) -> Vec<i32> {
    let wanted = spec.replicas.unwrap_or(1);
    let least = wanted.saturating_sub(bounds(spec).unavailable);
    let new_unavailable = replicas(new) - available(&[new]);
    let may_go =
        total(old).saturating_add(replicas(new)).saturating_sub(least).saturating_sub(new_unavailable);
    let mut left: Vec<i32> = old.iter().map(|set| replicas(set)).collect();
    if may_go <= 0 || left.iter().all(|replicas| *replicas == 0) {
        return Vec::new();
    }
    let before = left.clone();
    let mut gone = 0;
    for (replicas, set) in left.iter_mut().zip(old) {
        let unhealthy = *replicas - available(&[set]);
        let count = unhealthy.min(may_go - gone).max(0);
        *replicas -= count;
        gone += count;
    }
    let spare = available(old).saturating_add(available(&[new])).saturating_sub(least);
    let mut taken = 0;
    for replicas in &mut left {
        let count = (*replicas).min(spare - taken).max(0);
        *replicas -= count;
        taken += count;
    }
    if left == before { Vec::new() } else { left }
}

/// The replicas of ReplicaSets, in proportion, when the Deployment is scaled in the middle of an update. `sets` are those
/// that have replicas, in the order of their age; `desired` what the Deployment wanted when each was scaled last.
pub(super) fn in_proportion(spec: &DeploymentSpec, sets: &[(&ReplicaSet, Option<i32>)]) -> Vec<i32> {
    let all = sets.iter().fold(0, |all: i32, (set, _)| all.saturating_add(replicas(set)));
    let wanted = spec.replicas.unwrap_or(1);
    let allowed = if wanted > 0 { wanted.saturating_add(bounds(spec).surge) } else { 0 };
    let difference = allowed - all;
    // When growing the largest come first, and of equals the newest; when shrinking, of equals the oldest.
    let mut order: Vec<usize> = (0..sets.len()).collect();
    let size = |index: &usize| sets.get(*index).map_or(0, |(set, _)| replicas(set));
    order.sort_by(|a, b| {
        let age = if difference > 0 { b.cmp(a) } else { a.cmp(b) };
        size(b).cmp(&size(a)).then(age)
    });
    let mut result: Vec<i32> = sets.iter().map(|(set, _)| replicas(set)).collect();
    let mut added = 0;
    for index in &order {
        let Some((set, desired)) = sets.get(*index) else { continue };
        let share = share(
            replicas(set),
            desired.map_or(all, |desired| desired.saturating_add(bounds(spec).surge)),
            allowed,
        );
        let room = difference - added;
        let share = if difference > 0 { share.min(room).max(0) } else { share.max(room).min(0) };
        if difference != 0
            && let Some(slot) = result.get_mut(*index)
        {
            *slot += share;
            added += share;
        }
    }
    if let Some(slot) = order.first().and_then(|index| result.get_mut(*index)) {
        *slot = (*slot + difference - added).max(0);
    }
    result
}

/// What one ReplicaSet gets or gives.
fn share(replicas: i32, most_before: i32, most_now: i32) -> i32 {
    if most_before == 0 {
        return 0;
    }
    let exact = f64::from(replicas) * f64::from(most_now) / f64::from(most_before);
    #[expect(clippy::cast_possible_truncation, reason = "numbers of replicas are small")]
    let rounded = exact.round() as i32;
    rounded - replicas
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(replicas: i32, surge: &str, unavailable: &str) -> Deployment {
        let number = |text: &str| text.parse::<i32>().map_or_else(|_| json!(text), |number| json!(number));
        serde_json::from_value(json!({"metadata": {}, "spec": {
            "replicas": replicas, "selector": {}, "template": {},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {
                "maxSurge": number(surge), "maxUnavailable": number(unavailable)}}}}))
        .unwrap()
    }

    fn set(replicas: i32, available: i32) -> ReplicaSet {
        serde_json::from_value(json!({"metadata": {}, "spec": {"replicas": replicas, "selector": {}},
            "status": {"replicas": replicas, "availableReplicas": available}}))
        .unwrap()
    }

    fn spec(deployment: &Deployment) -> &DeploymentSpec {
        &deployment.spec
    }

    #[test]
    fn percentages_round_up_for_the_surge_and_down_for_what_may_be_missing() {
        let of = |replicas, surge, unavailable| bounds(spec(&deployment(replicas, surge, unavailable)));
        assert_eq!(of(2, "25%", "25%"), Bounds { surge: 1, unavailable: 0 });
        assert_eq!(of(10, "25%", "25%"), Bounds { surge: 3, unavailable: 2 });
        assert_eq!(of(3, "0", "0"), Bounds { surge: 0, unavailable: 1 });
    }

    #[test]
    fn the_new_replica_set_grows_by_the_surge() {
        let deployment = deployment(3, "1", "0");
        assert_eq!(of_new(&deployment, 0, 3), 1);
        assert_eq!(of_new(&deployment, 1, 4), 1, "no room");
        assert_eq!(of_new(&deployment, 1, 3), 2);
        assert_eq!(of_new(&deployment, 0, 0), 3, "the first one");
    }

    #[test]
    fn old_replica_sets_shrink_by_what_can_be_spared() {
        let deployment = deployment(3, "1", "0");
        let spec = spec(&deployment);
        let old = set(3, 3);
        assert_eq!(of_old(spec, &set(1, 0), &[&old]), Vec::<i32>::new(), "the new one is not available yet");
        assert_eq!(of_old(spec, &set(1, 1), &[&old]), [2]);
        assert_eq!(of_old(spec, &set(1, 0), &[&set(3, 1)]), Vec::<i32>::new());
        assert_eq!(of_old(spec, &set(3, 3), &[&set(1, 0), &set(2, 2)]), [0, 0]);
    }

    #[test]
    fn the_largest_numbers_are_as_good_as_others() {
        let deployment = deployment(i32::MAX, "100%", "2147483647");
        let (spec, many) = (spec(&deployment), set(i32::MAX, i32::MAX));
        assert_eq!(of_new(&deployment, 0, i32::MAX), 0);
        assert_eq!(of_old(spec, &many, &[&many]), [0]);
        let desired = Some(i32::MAX);
        assert_eq!(in_proportion(spec, &[(&many, desired), (&many, desired)]), [i32::MAX, i32::MAX]);
    }

    #[test]
    fn scaling_in_the_middle_of_an_update_keeps_the_proportion() {
        let deployment = deployment(20, "0", "1");
        let (old, new) = (set(8, 8), set(2, 2));
        assert_eq!(in_proportion(spec(&deployment), &[(&old, Some(10)), (&new, Some(10))]), [16, 4]);
    }
}
