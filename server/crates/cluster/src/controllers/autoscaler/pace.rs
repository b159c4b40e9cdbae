//! How fast a target may change: what was recommended and done lately, and the rules of `behavior`. Pure.
//!
//! Source: "Configurable scaling behavior" in Kubernetes' documentation of horizontal Pod autoscaling.

use std::{collections::VecDeque, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::autoscaling::v2::{HPAScalingRules, HorizontalPodAutoscalerBehavior};

/// For so long the highest recommendation holds before Pods go, where the object does not say otherwise.
const STABLE_FOR: i32 = 300;

/// The longest that the API lets recommendations hold and changes count, in seconds.
const LONGEST: u64 = 3600;

/// No autoscaler remembers more recommendations, and more changes, than these.
const REMEMBERED: usize = 256;

/// What an autoscaler remembers.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    recommended: VecDeque<(Timestamp, i32)>,
    /// By how many replicas the target changed.
    changed: VecDeque<(Timestamp, i32)>,
}

/// A size that was asked for, and what holds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds<'a> {
    pub(super) least: i32,
    pub(super) most: i32,
    pub(super) current: i32,
    pub(super) behavior: Option<&'a HorizontalPodAutoscalerBehavior>,
}

/// A reason and a message.
pub(super) type Why = (&'static str, &'static str);

/// The size that comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) replicas: i32,
    /// What is said of `AbleToScale`.
    pub(super) able: Why,
    /// Whether it is another one than metrics ask for, and what is said of that.
    pub(super) limited: bool,
    pub(super) limit: Why,
}

const READY: Why = ("ReadyForNewScale", "recommended size matches current size");
const HELD_UP: Why = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
);
const HELD_DOWN: Why = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
);
const IN_RANGE: Why = ("DesiredWithinRange", "the desired count is within the acceptable range");
const TOO_MANY: Why = ("TooManyReplicas", "the desired replica count is more than the maximum replica count");
const TOO_FEW: Why = ("TooFewReplicas", "the desired replica count is less than the minimum replica count");
const TOO_FAST_UP: Why =
    ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate");
const TOO_FAST_DOWN: Why =
    ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate");

impl History {
    /// What a target has when it is first looked at counts as recommended.
    pub(super) fn begin(&mut self, current: i32, now: Timestamp) {
        if self.recommended.is_empty() {
            self.recommended.push_back((now, current));
        }
    }

    /// Notes a change.
    pub(super) fn note(&mut self, from: i32, to: i32, now: Timestamp) {
        push(&mut self.changed, now, to.saturating_sub(from));
    }

    /// Keeps a recommendation to the rules.
    pub(super) fn settle(&mut self, bounds: &Bounds<'_>, wanted: i32, now: Timestamp) -> Settled {
        let (stable, able) = self.stabilize(bounds, wanted, now);
        push(&mut self.recommended, now, wanted);
        let able = if stable == wanted { READY } else { able };
        let (replicas, limit) = self.limit(bounds, stable, now);
        Settled { replicas, able, limited: replicas != stable, limit }
    }

    /// The highest or lowest recommendation of the window that counts.
    fn stabilize(&self, bounds: &Bounds<'_>, wanted: i32, now: Timestamp) -> (i32, Why) {
        let window = |rules: Option<&HPAScalingRules>, default| {
            rules.and_then(|rules| rules.stabilization_window_seconds).unwrap_or(default)
        };
        let up = bounds.behavior.and_then(|behavior| behavior.scale_up.as_ref());
        let down = bounds.behavior.and_then(|behavior| behavior.scale_down.as_ref());
        // Without rules, the highest one holds in both directions.
        if bounds.behavior.is_some() && wanted >= bounds.current {
            let recent = within(&self.recommended, window(up, 0), now);
            return (recent.fold(wanted, i32::min), HELD_DOWN);
        }
        let recent = within(&self.recommended, window(down, STABLE_FOR), now);
        (recent.fold(wanted, i32::max), HELD_UP)
    }

    /// Keeps to the bounds and to the pace.
    fn limit(&self, bounds: &Bounds<'_>, wanted: i32, now: Timestamp) -> (i32, Why) {
        let &Bounds { least, most, current, behavior } = bounds;
        let (fastest_up, fastest_down) = match behavior {
            None => (current.saturating_mul(2).max(4), i32::MIN),
            Some(behavior) => (
                self.fastest_up(behavior.scale_up.as_ref(), current, now),
                self.fastest_down(behavior.scale_down.as_ref(), current, now),
            ),
        };
        let (ceiling, above) = if most > fastest_up { (fastest_up, TOO_FAST_UP) } else { (most, TOO_MANY) };
        let (floor, below) =
            if least < fastest_down { (fastest_down, TOO_FAST_DOWN) } else { (least, TOO_FEW) };
        // With rules, a direction's bound concerns nobody who goes the other way.
        let rises = behavior.is_none() || wanted > current;
        let falls = behavior.is_none() || wanted < current;
        if falls && wanted < floor {
            (floor, below)
        } else if rises && wanted > ceiling {
            (ceiling, above)
        } else {
            (wanted, IN_RANGE)
        }
    }

    fn fastest_up(&self, rules: Option<&HPAScalingRules>, current: i32, now: Timestamp) -> i32 {
        let Some(rules) = rules else { return i32::MAX };
        let added = |period| within(&self.changed, period, now).filter(|change| *change > 0).sum::<i32>();
        let limits = rules.policies.iter().flatten().map(|policy| {
            let before = current.saturating_sub(added(policy.period_seconds));
            match policy.type_.as_str() {
                "Pods" => before.saturating_add(policy.value),
                // Rounded up, so that a small target grows at all.
                _ => percent(before, 100_i64.saturating_add(policy.value.into()), 99),
            }
        });
        let limit = match rules.select_policy.as_deref() {
            Some("Disabled") => return current,
            Some("Min") => limits.min(),
            _ => limits.max(),
        };
        limit.unwrap_or(current).max(current)
    }

    fn fastest_down(&self, rules: Option<&HPAScalingRules>, current: i32, now: Timestamp) -> i32 {
        let Some(rules) = rules else { return i32::MIN };
        let removed = |period| within(&self.changed, period, now).filter(|change| *change < 0).sum::<i32>();
        let limits = rules.policies.iter().flatten().map(|policy| {
            let before = current.saturating_sub(removed(policy.period_seconds));
            match policy.type_.as_str() {
                "Pods" => before.saturating_sub(policy.value),
                _ => percent(before, 100 - i64::from(policy.value), 0),
            }
        });
        let limit = match rules.select_policy.as_deref() {
            Some("Disabled") => return current,
            Some("Min") => limits.max(),
            _ => limits.min(),
        };
        limit.unwrap_or(current).min(current)
    }
}

/// A share in percent; `round` of 99 rounds up.
fn percent(of: i32, share: i64, round: i64) -> i32 {
    let exact = i64::from(of).saturating_mul(share).saturating_add(round) / 100;
    i32::try_from(exact).unwrap_or(if exact < 0 { i32::MIN } else { i32::MAX })
}

/// What was noted in the last so many seconds.
fn within(
    notes: &VecDeque<(Timestamp, i32)>,
    seconds: i32,
    now: Timestamp,
) -> impl Iterator<Item = i32> + '_ {
    let recent = move |at: Timestamp| now.duration_since(at).as_secs() < i64::from(seconds);
    notes.iter().filter(move |(at, _)| recent(*at)).map(|(_, note)| *note)
}

fn push(notes: &mut VecDeque<(Timestamp, i32)>, now: Timestamp, note: i32) {
    let oldest = now.saturating_sub(Duration::from_secs(LONGEST)).unwrap_or(Timestamp::MIN);
    notes.retain(|(at, _)| *at >= oldest);
    if notes.len() == REMEMBERED {
        notes.pop_front();
    }
    notes.push_back((now, note));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn behavior(value: Value) -> HorizontalPodAutoscalerBehavior {
        serde_json::from_value(value).unwrap()
    }

    fn bounds(current: i32, behavior: Option<&HorizontalPodAutoscalerBehavior>) -> Bounds<'_> {
        Bounds { least: 1, most: 100, current, behavior }
    }

    #[test]
    fn without_rules_pods_double_at_most_and_go_after_five_minutes() {
        let mut history = History::default();
        history.begin(3, at(0));
        let up = history.settle(&bounds(3, None), 50, at(0));
        assert_eq!((up.replicas, up.limited, up.limit), (6, true, TOO_FAST_UP));
        let held = history.settle(&bounds(6, None), 1, at(60));
        assert_eq!((held.replicas, held.able), (12, HELD_UP), "what was recommended is still on its way");
        let down = history.settle(&bounds(50, None), 1, at(310));
        assert_eq!((down.replicas, down.able, down.limit), (1, READY, IN_RANGE));
        let least = history.settle(&Bounds { least: 2, ..bounds(2, None) }, 0, at(700));
        assert_eq!((least.replicas, least.limited, least.limit), (2, true, TOO_FEW));
    }

    #[test]
    fn policies_count_what_changed_in_their_period() {
        let rules = behavior(json!({
            "scaleUp": { "stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [
                { "type": "Pods", "value": 2, "periodSeconds": 60 },
                { "type": "Percent", "value": 10, "periodSeconds": 60 } ] },
            "scaleDown": { "stabilizationWindowSeconds": 0, "selectPolicy": "Min", "policies": [
                { "type": "Pods", "value": 4, "periodSeconds": 60 },
                { "type": "Percent", "value": 10, "periodSeconds": 60 } ] } }));
        let mut history = History::default();
        let first = history.settle(&bounds(5, Some(&rules)), 20, at(0));
        assert_eq!((first.replicas, first.limit), (7, TOO_FAST_UP));
        history.note(5, 7, at(0));
        let second = history.settle(&bounds(7, Some(&rules)), 20, at(15));
        assert_eq!((second.replicas, second.limited), (7, true), "two a minute are there");
        let third = history.settle(&bounds(7, Some(&rules)), 20, at(61));
        assert_eq!(third.replicas, 9);
        let down = history.settle(&bounds(30, Some(&rules)), 2, at(200));
        assert_eq!((down.replicas, down.limit), (27, TOO_FAST_DOWN), "the smaller change of the two");
    }

    #[test]
    fn a_direction_can_be_switched_off() {
        let rules = behavior(json!({
            "scaleUp": { "selectPolicy": "Disabled" }, "scaleDown": { "selectPolicy": "Disabled" } }));
        let mut history = History::default();
        assert_eq!(history.settle(&bounds(5, Some(&rules)), 20, at(0)).replicas, 5);
        let mut history = History::default();
        assert_eq!(history.settle(&bounds(5, Some(&rules)), 1, at(0)).replicas, 5);
    }

    #[test]
    fn a_window_upwards_takes_the_lowest_recommendation() {
        let rules = behavior(json!({ "scaleUp": { "stabilizationWindowSeconds": 60,
            "policies": [{ "type": "Pods", "value": 50, "periodSeconds": 15 }] } }));
        let mut history = History::default();
        history.begin(2, at(0));
        let held = history.settle(&bounds(2, Some(&rules)), 9, at(30));
        assert_eq!((held.replicas, held.able), (2, HELD_DOWN));
        let free = history.settle(&bounds(2, Some(&rules)), 9, at(75));
        assert_eq!((free.replicas, free.able), (9, READY));
    }

    #[test]
    fn a_history_is_bounded() {
        let mut history = History::default();
        for second in 0..2000 {
            history.settle(&bounds(5, None), 5, at(second));
            history.note(5, 6, at(second));
        }
        assert_eq!((history.recommended.len(), history.changed.len()), (REMEMBERED, REMEMBERED));
    }
}
