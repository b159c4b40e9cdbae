//! The strings that fields may be, which `kubectl explain` lists. The published definitions that k8s-openapi is made
//! from leave them out; a server's own have them, with the words of the API.

/// The values of a kind of string, each with what the API says of it.
type Values = &'static [(&'static str, &'static str)];

const RESTART: Values = &[("Always", ""), ("Never", ""), ("OnFailure", "")];

const PULL: Values = &[
    (
        "Always",
        "means that kubelet always attempts to pull the latest image. Container will fail If the pull fails.",
    ),
    (
        "IfNotPresent",
        "means that kubelet pulls if the image isn't present on disk. Container will fail if the image isn't present and the pull fails.",
    ),
    (
        "Never",
        "means that kubelet never pulls an image, but only uses a local image. Container will fail if the image isn't present",
    ),
];

const PROTOCOL: Values =
    &[("SCTP", "is the SCTP protocol."), ("TCP", "is the TCP protocol."), ("UDP", "is the UDP protocol.")];

const TERMINATION_MESSAGE: Values = &[
    (
        "FallbackToLogsOnError",
        "will read the most recent contents of the container logs for the container status message when the container exits with an error and the terminationMessagePath has no contents.",
    ),
    (
        "File",
        "is the default behavior and will set the container status message to the contents of the container's terminationMessagePath when the container exits.",
    ),
];

const DNS: Values = &[
    (
        "ClusterFirst",
        "indicates that the pod should use cluster DNS first unless hostNetwork is true, if it is available, then fall back on the default (as determined by kubelet) DNS settings.",
    ),
    (
        "ClusterFirstWithHostNet",
        "indicates that the pod should use cluster DNS first, if it is available, then fall back on the default (as determined by kubelet) DNS settings.",
    ),
    ("Default", "indicates that the pod should use the default (as determined by kubelet) DNS settings."),
    (
        "None",
        "indicates that the pod should use empty DNS settings. DNS parameters such as nameservers and search paths should be defined via DNSConfig.",
    ),
];

const MOUNT_PROPAGATION: Values = &[
    (
        "Bidirectional",
        "means that the volume in a container will receive new mounts from the host or other containers, and its own mounts will be propagated from the container to the host or other containers. Note that this mode is recursively applied to all mounts in the volume (\"rshared\" in Linux terminology).",
    ),
    (
        "HostToContainer",
        "means that the volume in a container will receive new mounts from the host or other containers, but filesystems mounted inside the container won't be propagated to the host or other containers. Note that this mode is recursively applied to all mounts in the volume (\"rslave\" in Linux terminology).",
    ),
    (
        "None",
        "means that the volume in a container will not receive new mounts from the host or other containers, and filesystems mounted inside the container won't be propagated to the host or other containers. Note that this mode corresponds to \"private\" in Linux terminology.",
    ),
];

const SCHEME: Values = &[
    ("HTTP", "means that the scheme used will be http://"),
    ("HTTPS", "means that the scheme used will be https://"),
];

const PREEMPTION: Values = &[
    ("Never", "means that pod never preempts other pods with lower priority."),
    ("PreemptLowerPriority", "means that pod can preempt other pods with lower priority."),
];

const TAINT_EFFECT: Values = &[
    (
        "NoExecute",
        "Evict any already-running pods that do not tolerate the taint. Currently enforced by NodeController.",
    ),
    (
        "NoSchedule",
        "Do not allow new pods to schedule onto the node unless they tolerate the taint, but allow all pods submitted to Kubelet without going through the scheduler to start, and allow all already-running pods to continue running. Enforced by the scheduler.",
    ),
    (
        "PreferNoSchedule",
        "Like TaintEffectNoSchedule, but the scheduler tries not to schedule new pods onto the node, rather than prohibiting new pods from scheduling onto the node entirely. Enforced by the scheduler.",
    ),
];

const NODE_OPERATOR: Values =
    &[("DoesNotExist", ""), ("Exists", ""), ("Gt", ""), ("In", ""), ("Lt", ""), ("NotIn", "")];

const UNSATISFIABLE: Values = &[
    ("DoNotSchedule", "instructs the scheduler not to schedule the pod when constraints are not satisfied."),
    ("ScheduleAnyway", "instructs the scheduler to schedule the pod even if constraints are not satisfied."),
];

const SERVICE_TYPE: Values = &[
    ("ClusterIP", "means a service will only be accessible inside the cluster, via the cluster IP."),
    (
        "ExternalName",
        "means a service consists of only a reference to an external name that kubedns or equivalent will return as a CNAME record, with no exposing or proxying of any pods involved.",
    ),
    (
        "LoadBalancer",
        "means a service will be exposed via an external load balancer (if the cloud provider supports it), in addition to 'NodePort' type.",
    ),
    (
        "NodePort",
        "means a service will be exposed on one port of every node, in addition to 'ClusterIP' type.",
    ),
];

const AFFINITY: Values = &[("ClientIP", "is the Client IP based."), ("None", "- no session affinity.")];

const PHASE: Values = &[
    (
        "Failed",
        "means that all containers in the pod have terminated, and at least one container has terminated in a failure (exited with a non-zero exit code or was stopped by the system).",
    ),
    (
        "Pending",
        "means the pod has been accepted by the system, but one or more of the containers has not been started. This includes time before being bound to a node, as well as time spent pulling images onto the host.",
    ),
    (
        "Running",
        "means the pod has been bound to a node and all of the containers have been started. At least one container is still running or is in the process of being restarted.",
    ),
    (
        "Succeeded",
        "means that all containers in the pod have voluntarily terminated with a container exit code of 0, and the system is not going to restart any of these containers.",
    ),
    (
        "Unknown",
        "means that for some reason the state of the pod could not be obtained, typically due to an error in communicating with the host of the pod. Deprecated: It isn't being set since 2015 (74da3b14b0c0f658b3bb8d2def5094686d0e9095)",
    ),
];

const QOS: Values = &[
    ("BestEffort", "is the BestEffort qos class."),
    ("Burstable", "is the Burstable qos class."),
    ("Guaranteed", "is the Guaranteed qos class."),
];

const DEPLOYMENT_STRATEGY: Values = &[
    ("Recreate", "Kill all existing pods before creating new ones."),
    (
        "RollingUpdate",
        "Replace the old ReplicaSets by new one using rolling update i.e gradually scale down the old ReplicaSets and scale up the new one.",
    ),
];

const POD_MANAGEMENT: Values = &[
    (
        "OrderedReady",
        "will create pods in strictly increasing order on scale up and strictly decreasing order on scale down, progressing only when the previous pod is ready or terminated. At most one pod will be changed at any time.",
    ),
    (
        "Parallel",
        "will create and delete pods as soon as the stateful set replica count is changed, and will not wait for pods to be ready or complete termination.",
    ),
];

const COMPLETION: Values = &[
    (
        "Indexed",
        "is a Job completion mode. In this mode, the Pods of a Job get an associated completion index from 0 to (.spec.completions - 1). The Job is considered complete when a Pod completes for each completion index.",
    ),
    (
        "NonIndexed",
        "is a Job completion mode. In this mode, the execution of the Job is considered complete when there have been .spec.completions successfully completed Pods. Pod completions are homologous to each other.",
    ),
];

const CONCURRENCY: Values = &[
    ("Allow", "allows CronJobs to run concurrently."),
    ("Forbid", "forbids concurrent runs, skipping next run if previous hasn't finished yet."),
    ("Replace", "cancels currently running job and replaces it with a new one."),
];

/// The values of a field of a type (`api.core.v1.Container`).
fn values(of: &str, field: &str) -> Option<Values> {
    Some(match (of, field) {
        ("api.core.v1.PodSpec", "restartPolicy") => RESTART,
        ("api.core.v1.PodSpec", "dnsPolicy") => DNS,
        ("api.core.v1.PodSpec", "preemptionPolicy") => PREEMPTION,
        ("api.core.v1.PodStatus", "phase") => PHASE,
        ("api.core.v1.PodStatus", "qosClass") => QOS,
        ("api.core.v1.Container" | "api.core.v1.EphemeralContainer", "imagePullPolicy")
        | ("api.core.v1.ImageVolumeSource", "pullPolicy") => PULL,
        ("api.core.v1.Container" | "api.core.v1.EphemeralContainer", "terminationMessagePolicy") => {
            TERMINATION_MESSAGE
        }
        (
            "api.core.v1.ContainerPort" | "api.core.v1.ServicePort" | "api.core.v1.EndpointPort",
            "protocol",
        ) => PROTOCOL,
        ("api.core.v1.VolumeMount", "mountPropagation") => MOUNT_PROPAGATION,
        ("api.core.v1.HTTPGetAction", "scheme") => SCHEME,
        ("api.core.v1.Toleration" | "api.core.v1.Taint", "effect") => TAINT_EFFECT,
        ("api.core.v1.NodeSelectorRequirement", "operator") => NODE_OPERATOR,
        ("api.core.v1.TopologySpreadConstraint", "whenUnsatisfiable") => UNSATISFIABLE,
        ("api.core.v1.ServiceSpec", "type") => SERVICE_TYPE,
        ("api.core.v1.ServiceSpec", "sessionAffinity") => AFFINITY,
        ("api.apps.v1.DeploymentStrategy", "type") => DEPLOYMENT_STRATEGY,
        ("api.apps.v1.StatefulSetSpec", "podManagementPolicy") => POD_MANAGEMENT,
        ("api.batch.v1.JobSpec", "completionMode") => COMPLETION,
        ("api.batch.v1.CronJobSpec", "concurrencyPolicy") => CONCURRENCY,
        _ => return None,
    })
}

/// What a field's description goes on with.
pub(super) fn listed(of: &str, field: &str) -> Option<String> {
    let lines = values(of, field)?.iter().map(|(value, text)| format!("\n - `\"{value}\"` {text}"));
    let lines: String = lines.map(|line| line.trim_end().to_owned()).collect();
    Some(format!("\n\nPossible enum values:{lines}"))
}
