//! When an indexed Job has succeeded before all its indexes have: its `successPolicy`. See "Success policy" in Kubernetes'
//! documentation.

use k8s_openapi::api::batch::v1::{JobSpec, SuccessPolicyRule};

use super::{
    indexes::{self, Indexes},
    plan::is_indexed,
};
use crate::controllers::pods::count;

/// What is said of the first rule that the indexes fulfil that have succeeded.
pub(super) fn matched(spec: &JobSpec, succeeded: &Indexes) -> Option<String> {
    let policy = spec.success_policy.as_ref().filter(|_| is_indexed(spec))?;
    let completions = spec.completions.unwrap_or_default();
    let index = policy.rules.iter().position(|rule| fulfils(rule, succeeded, completions))?;
    Some(format!("Matched rules at index {index}"))
}

fn fulfils(rule: &SuccessPolicyRule, succeeded: &Indexes, completions: i32) -> bool {
    let Some(text) = &rule.succeeded_indexes else {
        return rule.succeeded_count.is_some_and(|least| count(succeeded.len()) >= least);
    };
    let wanted = indexes::parse(text, completions);
    match rule.succeeded_count {
        Some(least) => count(wanted.intersection(succeeded).count()) >= least,
        None => wanted.is_subset(succeeded),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::batch::v1::SuccessPolicy;

    use super::*;

    fn rule(indexes: Option<&str>, count: Option<i32>) -> SuccessPolicyRule {
        SuccessPolicyRule { succeeded_count: count, succeeded_indexes: indexes.map(str::to_owned) }
    }

    fn met(rules: &[SuccessPolicyRule], succeeded: &str) -> Option<String> {
        let spec = JobSpec {
            completion_mode: Some("Indexed".to_owned()),
            completions: Some(10),
            success_policy: Some(SuccessPolicy { rules: rules.to_vec() }),
            ..JobSpec::default()
        };
        matched(&spec, &indexes::parse(succeeded, 10))
    }

    #[test]
    fn the_first_rule_that_is_fulfilled_counts() {
        let rules = [rule(Some("0,2-3"), None), rule(Some("0-4"), Some(2)), rule(None, Some(4))];
        for (succeeded, index) in
            [("0", None), ("0,2-3", Some(0)), ("0-1", Some(1)), ("5-7", None), ("5-8", Some(2))]
        {
            let said = index.map(|index| format!("Matched rules at index {index}"));
            assert_eq!(met(&rules, succeeded), said, "{succeeded}");
        }
    }
}
