//! DaemonSets: a Pod on every node that takes it. See "DaemonSet" in Kubernetes' documentation.

mod plan;

use std::sync::Arc;

use k8s_openapi::api::{
    apps::v1::{DaemonSet, DaemonSetSpec},
    core::v1::{
        Affinity, Node, NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod,
        PodTemplateSpec, Toleration,
    },
};

use self::plan::Site;
use super::{
    Again, Controller, Key,
    changes::{Change, Object},
    pods,
    revisions::{self, Hashed},
};
use crate::{
    Client,
    client::Selection,
    events::{Recorder, Reference},
    scheduler::{NodeInfo, refuses_daemon},
    status::Result,
};

/// The field by which a daemon's Pod says where it belongs.
const NODE_NAME: &str = "metadata.name";

/// The label with the number of the template, as its API's generation counts it.
const GENERATION: &str = "pod-template-generation";

pub(super) struct DaemonSets {
    recorder: Recorder,
}

impl DaemonSets {
    pub(super) fn new(client: &Client) -> Self {
        Self { recorder: Recorder::new(client.clone(), "daemonset-controller", None) }
    }
}

impl Controller for DaemonSets {
    fn name(&self) -> &'static str {
        "daemon-set-controller"
    }

    fn concerns(&self, client: &Client, change: &Change) -> Vec<Key> {
        match &change.object {
            Object::DaemonSet(set) if !change.gone => vec![pods::key_of(&set.metadata)],
            Object::Node(_) => {
                let all = client.all::<DaemonSet>().list(&Selection::default()).unwrap_or_default();
                all.iter().map(|set| pods::key_of(&set.metadata)).collect()
            }
            _ => pods::concerned_by_pod::<DaemonSet>(client, change, |set| Some(set.spec.selector.clone())),
        }
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        let api = client.namespaced::<DaemonSet>(&key.namespace);
        let Some(mut set) = api.get_opt(&key.name)? else { return Ok(Again::Never) };
        let spec = set.spec.clone();
        let pods = pods::claim(client, &set, Some(&spec.selector))?;
        let revisions = revisions::sync(client, &set, &spec.template, Hashed::Template)?;
        let hash = revisions::hash_of(&key.name, revisions.newest()).to_owned();
        let nodes = client.all::<Node>().list(&Selection::default())?;
        let sites = sites(&set, &spec, nodes, &pods);
        let plan = plan::plan(&set, &spec, &sites, &hash, client.now());
        if set.status.as_ref() != Some(&plan.status) {
            set.status = Some(plan.status);
            set = api.update_status(&set)?;
        }
        let about = Reference::to(&set);
        for (pod, node) in &plan.failed {
            let name = pod.metadata.name.as_deref().unwrap_or_default();
            let message = format!(
                "Found failed daemon pod {}/{name} on node {node}, will try to kill it",
                about.namespace
            );
            self.recorder.record(&about, true, "FailedDaemonPod", &message);
        }
        for pod in &plan.delete {
            pods::delete(client, pod)?;
            let message = format!("Deleted pod: {}", pod.metadata.name.as_deref().unwrap_or_default());
            self.recorder.record(&about, false, "SuccessfulDelete", &message);
        }
        for node in &plan.create {
            let pod = new_pod(&set, &spec.template, node, &hash);
            match client.namespaced::<Pod>(&key.namespace).create(&pod) {
                Ok(pod) => {
                    let message = format!("Created pod: {}", pod.metadata.name.unwrap_or_default());
                    self.recorder.record(&about, false, "SuccessfulCreate", &message);
                }
                Err(error) => {
                    let message = format!("Error creating: {error}");
                    self.recorder.record(&about, true, "FailedCreate", &message);
                    return Err(error);
                }
            }
        }
        let label = |pod: &Pod| pod.metadata.labels.as_ref()?.get(revisions::OF_POD).cloned();
        let used: Vec<String> = pods.iter().filter_map(label).collect();
        revisions.forget(client, spec.revision_history_limit.unwrap_or(10), |name| {
            let own = revisions::hash_of(&key.name, name);
            own == hash || used.iter().any(|used| used == own)
        })?;
        Ok(plan.again.map_or(Again::Never, Again::After))
    }
}

/// All nodes, and what the set has there.
fn sites(set: &DaemonSet, spec: &DaemonSetSpec, nodes: Vec<Node>, pods: &[Pod]) -> Vec<Site> {
    let site = |node: Node| {
        let name = node.metadata.name.clone().unwrap_or_default();
        let here = pods.iter().filter(|pod| node_of(pod).as_deref() == Some(name.as_str()));
        // With the set's own affinity, and the tolerations of all daemons.
        let mut wanted = new_pod(set, &spec.template, &name, "");
        if let (Some(pod), Some(template)) = (&mut wanted.spec, &spec.template.spec) {
            pod.affinity.clone_from(&template.affinity);
        }
        let info = NodeInfo::new(Arc::new(node), Vec::new());
        Site { refused: refuses_daemon(&info, &wanted), pods: here.cloned().collect(), node: name }
    };
    let mut sites: Vec<Site> = nodes.into_iter().map(site).collect();
    let homeless = pods.iter().filter(|pod| {
        let home = node_of(pod).unwrap_or_default();
        sites.iter().all(|site| site.node != home)
    });
    let gone: Vec<Pod> = homeless.cloned().collect();
    if !gone.is_empty() {
        sites.push(Site { node: String::new(), refused: true, pods: gone });
    }
    sites
}

/// The node that a Pod is on, or is meant for.
fn node_of(pod: &Pod) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    if let Some(name) = spec.node_name.clone().filter(|name| !name.is_empty()) {
        return Some(name);
    }
    let affinity = spec.affinity.as_ref()?.node_affinity.as_ref()?;
    let terms = &affinity.required_during_scheduling_ignored_during_execution.as_ref()?.node_selector_terms;
    let mut fields = terms.iter().flat_map(|term| term.match_fields.iter().flatten());
    fields.find(|field| field.key == NODE_NAME)?.values.as_ref()?.first().cloned()
}

fn new_pod(set: &DaemonSet, template: &PodTemplateSpec, node: &str, hash: &str) -> Pod {
    let mut pod = pods::from_template(template, set);
    pod.metadata.generate_name = Some(format!("{}-", set.metadata.name.as_deref().unwrap_or_default()));
    let annotations = set.metadata.annotations.as_ref();
    let generation = annotations.and_then(|all| all.get("deprecated.daemonset.template.generation"));
    let labels = pod.metadata.labels.get_or_insert_default();
    labels.insert(revisions::OF_POD.to_owned(), hash.to_owned());
    if let Some(generation) = generation {
        labels.insert(GENERATION.to_owned(), generation.clone());
    }
    let spec = pod.spec.get_or_insert_default();
    let affinity: &mut Affinity = spec.affinity.get_or_insert_default();
    let affinity: &mut NodeAffinity = affinity.node_affinity.get_or_insert_default();
    // The set's own terms have been looked at: the node is one of theirs.
    affinity.required_during_scheduling_ignored_during_execution = Some(NodeSelector {
        node_selector_terms: vec![NodeSelectorTerm {
            match_expressions: None,
            match_fields: Some(vec![NodeSelectorRequirement {
                key: NODE_NAME.to_owned(),
                operator: "In".to_owned(),
                values: Some(vec![node.to_owned()]),
            }]),
        }],
    });
    let on_host = spec.host_network == Some(true);
    let tolerations = spec.tolerations.get_or_insert_default();
    for (condition, effect) in TOLERATED {
        if condition == "network-unavailable" && !on_host {
            continue;
        }
        let toleration = Toleration {
            key: Some(format!("node.kubernetes.io/{condition}")),
            operator: Some("Exists".to_owned()),
            effect: Some(effect.to_owned()),
            ..Toleration::default()
        };
        if !tolerations.contains(&toleration) {
            tolerations.push(toleration);
        }
    }
    pod
}

/// What a daemon's Pod puts up with: it serves the node, also when the node is not well.
const TOLERATED: [(&str, &str); 7] = [
    ("not-ready", "NoExecute"),
    ("unreachable", "NoExecute"),
    ("disk-pressure", "NoSchedule"),
    ("memory-pressure", "NoSchedule"),
    ("pid-pressure", "NoSchedule"),
    ("unschedulable", "NoSchedule"),
    ("network-unavailable", "NoSchedule"),
];
