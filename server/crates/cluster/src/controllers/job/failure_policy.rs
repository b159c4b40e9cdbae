//! What a failed Pod means for its Job, by the Job's `podFailurePolicy`. See "Pod failure policy" in Kubernetes'
//! documentation.

use k8s_openapi::api::{
    batch::v1::{JobSpec, PodFailurePolicyRule},
    core::v1::{ContainerStatus, Pod},
};

/// What is to be done about a failed Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It counts towards the back-off limit.
    Count,
    /// It does not count.
    Ignore,
    /// Its index has failed for good.
    FailIndex,
    /// The Job has failed, with this message.
    FailJob(String),
}

/// The verdict of the first rule that matches.
pub(super) fn verdict(spec: &JobSpec, pod: &Pod) -> Verdict {
    let rules = spec.pod_failure_policy.iter().flat_map(|policy| &policy.rules);
    for (index, rule) in rules.enumerate() {
        let Some(why) = matches(rule, pod) else { continue };
        return match rule.action.as_str() {
            "Ignore" => Verdict::Ignore,
            "FailIndex" => Verdict::FailIndex,
            "FailJob" => Verdict::FailJob(format!("{why} matching FailJob rule at index {index}")),
            _ => Verdict::Count,
        };
    }
    Verdict::Count
}

fn matches(rule: &PodFailurePolicyRule, pod: &Pod) -> Option<String> {
    let metadata = &pod.metadata;
    let name = format!(
        "{}/{}",
        metadata.namespace.as_deref().unwrap_or_default(),
        metadata.name.as_deref().unwrap_or_default()
    );
    let status = pod.status.as_ref()?;
    if let Some(codes) = &rule.on_exit_codes {
        let all = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
        let wanted = |container: &&ContainerStatus| {
            codes.container_name.as_ref().is_none_or(|name| *name == container.name)
        };
        for container in all.filter(wanted) {
            let ended = container.state.as_ref().and_then(|state| state.terminated.as_ref());
            let Some(code) = ended.map(|ended| ended.exit_code).filter(|code| *code != 0) else { continue };
            if codes.values.contains(&code) == (codes.operator == "In") {
                let container = &container.name;
                return Some(format!("Container {container} for pod {name} failed with exit code {code}"));
            }
        }
        return None;
    }
    rule.on_pod_conditions.iter().flatten().find_map(|pattern| {
        let wanted = pattern.status.as_deref().unwrap_or("True");
        let mut conditions = status.conditions.iter().flatten();
        conditions.find(|condition| condition.type_ == pattern.type_ && condition.status == wanted)?;
        Some(format!("Pod {name} has condition {}", pattern.type_))
    })
}
