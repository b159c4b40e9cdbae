//! The rules for a Job's `podFailurePolicy` and `successPolicy`.

use k8s_openapi::api::batch::v1::{
    JobSpec, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule, SuccessPolicyRule,
};
use serde_json::{Value, json};

use crate::validation::{ErrorList, Path};

/// How many rules a policy may have.
const RULES: usize = 20;

/// How many exit codes a rule may name.
const EXIT_CODES: usize = 255;

const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];
const OPERATORS: [&str; 2] = ["In", "NotIn"];
const STATUSES: [&str; 3] = ["False", "True", "Unknown"];

/// A condition that a failure policy asks for holds unless it says otherwise.
pub(super) fn set_failure_defaults(policy: &mut Value) {
    let rules = policy.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten();
    for rule in rules {
        let patterns = rule.get_mut("onPodConditions").and_then(Value::as_array_mut);
        for pattern in patterns.into_iter().flatten().filter_map(Value::as_object_mut) {
            pattern.entry("status").or_insert_with(|| json!("True"));
        }
    }
}

pub(super) fn validate(spec: &JobSpec, path: &Path, errors: &mut ErrorList) {
    if let Some(policy) = &spec.pod_failure_policy {
        let path = path.child("podFailurePolicy").child("rules");
        errors.at_most(&path, policy.rules.len(), RULES);
        for (index, rule) in policy.rules.iter().enumerate() {
            failure_rule(spec, rule, &path.index(index), errors);
        }
    }
    let Some(policy) = &spec.success_policy else { return };
    let at = path.child("successPolicy");
    if spec.completion_mode.as_deref() != Some("Indexed") {
        let detail = "requires indexed completion mode";
        return errors.invalid_struct(&at, "api.batch.v1.SuccessPolicy", policy, detail);
    }
    let path = at.child("rules");
    if policy.rules.is_empty() {
        errors.required(&path, "at least one rules must be specified when the successPolicy is specified");
    }
    errors.at_most(&path, policy.rules.len(), RULES);
    for (index, rule) in policy.rules.iter().enumerate() {
        success_rule(spec.completions.unwrap_or_default(), rule, &path.index(index), errors);
    }
}

fn quoted(names: &[&str]) -> String {
    let all: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    format!("valid values: [{}]", all.join(" "))
}

fn one_of(path: &Path, value: &str, known: &[&str], errors: &mut ErrorList) {
    if value.is_empty() {
        errors.required(path, &quoted(known));
    } else if !known.contains(&value) {
        errors.not_supported(path, value, known);
    }
}

fn failure_rule(spec: &JobSpec, rule: &PodFailurePolicyRule, path: &Path, errors: &mut ErrorList) {
    let at = path.child("action");
    if rule.action == "FailIndex" && spec.backoff_limit_per_index.is_none() {
        errors.invalid(&at, &rule.action, "requires the backoffLimitPerIndex to be set");
    } else {
        one_of(&at, &rule.action, &ACTIONS, errors);
    }
    if let Some(codes) = &rule.on_exit_codes {
        exit_codes(spec, codes, &path.child("onExitCodes"), errors);
    }
    let patterns = rule.on_pod_conditions.as_deref().unwrap_or_default();
    for (index, pattern) in patterns.iter().enumerate() {
        let at = path.child("onPodConditions").index(index);
        if pattern.type_.is_empty() {
            errors.required(&at.child("type"), "");
        }
        one_of(&at.child("status"), pattern.status.as_deref().unwrap_or_default(), &STATUSES, errors);
    }
    match (rule.on_exit_codes.is_some(), patterns.is_empty()) {
        (true, false) => {
            errors.invalid_whole(path, "specifying both OnExitCodes and OnPodConditions is not supported");
        }
        (false, true) => {
            errors.invalid_whole(path, "specifying one of OnExitCodes and OnPodConditions is required");
        }
        _ => {}
    }
}

fn exit_codes(
    spec: &JobSpec,
    codes: &PodFailurePolicyOnExitCodesRequirement,
    path: &Path,
    errors: &mut ErrorList,
) {
    one_of(&path.child("operator"), &codes.operator, &OPERATORS, errors);
    let template = spec.template.spec.iter();
    let mut containers =
        template.flat_map(|spec| spec.containers.iter().chain(spec.init_containers.iter().flatten()));
    if let Some(name) = &codes.container_name
        && !containers.any(|container| container.name == *name)
    {
        let detail = "must be one of the container or initContainer names in the pod template";
        errors.invalid(&path.child("containerName"), name, detail);
    }
    let at = path.child("values");
    if codes.values.is_empty() {
        errors.invalid(&at, &codes.values, "at least one value is required");
    }
    errors.at_most(&at, codes.values.len(), EXIT_CODES);
    for (index, code) in codes.values.iter().enumerate() {
        if codes.operator == "In" && *code == 0 {
            errors.invalid(&at.index(index), code, "must not be 0 for the In operator");
        }
        if codes.values.iter().take(index).any(|before| before == code) {
            errors.duplicate(&at.index(index), code);
        }
    }
    if !codes.values.is_sorted() {
        errors.invalid(&at, &codes.values, "must be ordered");
    }
}

fn success_rule(completions: i32, rule: &SuccessPolicyRule, path: &Path, errors: &mut ErrorList) {
    if rule.succeeded_count.is_none() && rule.succeeded_indexes.is_none() {
        errors.required(path, "at least one of succeededCount or succeededIndexes must be specified");
    }
    let mut total = 0;
    if let Some(text) = &rule.succeeded_indexes {
        match count_of(text, completions) {
            Ok(count) => total = count,
            Err(why) => {
                let detail = format!("error parsing succeededIndexes: {why}");
                errors.invalid(&path.child("succeededIndexes"), text, &detail);
            }
        }
    }
    let Some(count) = rule.succeeded_count else { return };
    let at = path.child("succeededCount");
    errors.not_negative(&at, count);
    let (most, of) = match rule.succeeded_indexes {
        Some(_) => (total, "the number of indexes in the specified succeededIndexes field"),
        None => (completions, "the number of specified completions"),
    };
    if count > most {
        errors.invalid(&at, count, &format!("must be less than or equal to {most} ({of})"));
    }
}

/// How many indexes a text such as `1,3-5` names.
///
/// # Errors
///
/// What is wrong with it.
fn count_of(text: &str, completions: i32) -> Result<i32, String> {
    if text.is_empty() {
        return Ok(0);
    }
    let mut total = 0;
    let mut last = None;
    for interval in text.split(',') {
        let mut ends = interval.split('-');
        let (first, end, rest) = (ends.next().unwrap_or_default(), ends.next(), ends.next());
        if rest.is_some() {
            return Err(format!(
                "the fragment \"{interval}\" violates the requirement that an index interval can have at most two parts separated by '-'"
            ));
        }
        let number = |text: &str| {
            text.parse::<i32>().map_err(|_| format!("cannot convert string to integer for index: {text:?}"))
        };
        let x = number(first)?;
        let y = end.map_or(Ok(x), number)?;
        if let Some(index) = [x, y].into_iter().find(|index| *index >= completions) {
            return Err(format!("too large index: \"{index}\""));
        }
        if last.is_some_and(|last| last >= x) {
            let last = last.unwrap_or_default();
            return Err(format!("non-increasing order, previous: {last}, current: {x}"));
        }
        if end.is_some() && x >= y {
            return Err(format!("non-increasing order, previous: {x}, current: {y}"));
        }
        last = Some(y);
        total += y - x + 1;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use serde_json::from_value;

    use super::*;

    fn said(spec: Value) -> Vec<String> {
        let mut errors = ErrorList::default();
        validate(&from_value(spec).unwrap(), &Path::new("spec"), &mut errors);
        errors.lines()
    }

    fn with_rules(field: &str, rules: Value) -> Value {
        json!({
            "completionMode": "Indexed", "completions": 3, (field): { "rules": rules },
            "template": { "spec": { "containers": [{ "name": "c" }] } },
        })
    }

    #[test]
    fn a_failure_rule_names_what_it_matches() {
        let rules = json!([
            { "action": "Ignore" },
            { "action": "FailIndex", "onPodConditions": [{ "type": "DisruptionTarget", "status": "True" }] },
            { "action": "Stop", "onExitCodes": { "operator": "In", "containerName": "x", "values": [2, 0, 2] } },
        ]);
        let rule = "spec.podFailurePolicy.rules";
        assert_eq!(
            said(with_rules("podFailurePolicy", rules)),
            [
                format!(
                    "{rule}[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required"
                ),
                format!(
                    "{rule}[1].action: Invalid value: \"FailIndex\": requires the backoffLimitPerIndex to be set"
                ),
                format!(
                    "{rule}[2].action: Unsupported value: \"Stop\": supported values: \"Count\", \"FailIndex\", \"FailJob\", \"Ignore\""
                ),
                format!(
                    "{rule}[2].onExitCodes.containerName: Invalid value: \"x\": must be one of the container or initContainer names in the pod template"
                ),
                format!(
                    "{rule}[2].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator"
                ),
                format!("{rule}[2].onExitCodes.values[2]: Duplicate value: 2"),
                format!("{rule}[2].onExitCodes.values: Invalid value: [2,0,2]: must be ordered"),
            ]
        );
    }

    #[test]
    fn a_success_rule_asks_for_what_can_be() {
        let rules = json!([
            {},
            { "succeededIndexes": "0-5" },
            { "succeededIndexes": "2,1" },
            { "succeededIndexes": "0-1", "succeededCount": 3 },
            { "succeededCount": 4 },
        ]);
        let rule = "spec.successPolicy.rules";
        assert_eq!(
            said(with_rules("successPolicy", rules)),
            [
                format!(
                    "{rule}[0]: Required value: at least one of succeededCount or succeededIndexes must be specified"
                ),
                format!(
                    "{rule}[1].succeededIndexes: Invalid value: \"0-5\": error parsing succeededIndexes: too large index: \"5\""
                ),
                format!(
                    "{rule}[2].succeededIndexes: Invalid value: \"2,1\": error parsing succeededIndexes: non-increasing order, previous: 2, current: 1"
                ),
                format!(
                    "{rule}[3].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)"
                ),
                format!(
                    "{rule}[4].succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of specified completions)"
                ),
            ]
        );
    }
}
