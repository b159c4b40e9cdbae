//! The level `restricted`: what hardens a Pod has to be said.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{PodSpec, SeccompProfile, Volume};

use super::{Part, Violation, named, parts, quoted};

/// All that is wrong beyond the baseline, in the order of the checks' names.
pub(super) fn check(spec: &PodSpec) -> Vec<Violation> {
    let parts = parts(spec);
    let checks = [
        escalation(&parts),
        capabilities(&parts),
        volumes(spec),
        run_as_non_root(spec, &parts),
        run_as_user(spec, &parts),
        seccomp(spec, &parts),
    ];
    checks.into_iter().flatten().collect()
}

fn names<'p>(parts: &'p [Part<'_>], holds: impl Fn(&Part<'_>) -> bool) -> Vec<&'p str> {
    parts.iter().filter(|part| holds(part)).map(|part| part.name).collect()
}

fn escalation(parts: &[Part<'_>]) -> Option<Violation> {
    let found = names(parts, |p| p.security.and_then(|s| s.allow_privilege_escalation) != Some(false));
    (!found.is_empty()).then(|| Violation {
        reason: "allowPrivilegeEscalation != false",
        detail: format!(
            "{} must set securityContext.allowPrivilegeEscalation=false",
            named("container", &found)
        ),
    })
}

fn capabilities(parts: &[Part<'_>]) -> Option<Violation> {
    let mut details = Vec::new();
    let keeps_all = names(parts, |part| {
        let dropped = part.capabilities().and_then(|c| c.drop.as_deref()).unwrap_or_default();
        !dropped.iter().any(|capability| capability == "ALL")
    });
    if !keeps_all.is_empty() {
        details.push(format!(
            "{} must set securityContext.capabilities.drop=[\"ALL\"]",
            named("container", &keeps_all)
        ));
    }
    let added = |part: &Part<'_>| -> Vec<String> {
        let add = part.capabilities().and_then(|c| c.add.clone()).unwrap_or_default();
        add.into_iter().filter(|capability| capability != "NET_BIND_SERVICE").collect()
    };
    let adds = names(parts, |part| !added(part).is_empty());
    if !adds.is_empty() {
        let what: BTreeSet<String> = parts.iter().flat_map(added).collect();
        details.push(format!(
            "{} must not include {} in securityContext.capabilities.add",
            named("container", &adds),
            quoted(what.iter().map(String::as_str))
        ));
    }
    (!details.is_empty())
        .then(|| Violation { reason: "unrestricted capabilities", detail: details.join("; ") })
}

/// The kind of a volume that is not one of those that only Pods and the cluster fill.
fn restricted_kind(volume: &Volume) -> Option<&'static str> {
    let kinds = [
        ("hostPath", volume.host_path.is_some()),
        ("gcePersistentDisk", volume.gce_persistent_disk.is_some()),
        ("awsElasticBlockStore", volume.aws_elastic_block_store.is_some()),
        ("gitRepo", volume.git_repo.is_some()),
        ("nfs", volume.nfs.is_some()),
        ("iscsi", volume.iscsi.is_some()),
        ("glusterfs", volume.glusterfs.is_some()),
        ("rbd", volume.rbd.is_some()),
        ("flexVolume", volume.flex_volume.is_some()),
        ("cinder", volume.cinder.is_some()),
        ("cephfs", volume.cephfs.is_some()),
        ("flocker", volume.flocker.is_some()),
        ("fc", volume.fc.is_some()),
        ("azureFile", volume.azure_file.is_some()),
        ("vsphereVolume", volume.vsphere_volume.is_some()),
        ("quobyte", volume.quobyte.is_some()),
        ("azureDisk", volume.azure_disk.is_some()),
        ("portworxVolume", volume.portworx_volume.is_some()),
        ("scaleIO", volume.scale_io.is_some()),
        ("storageos", volume.storageos.is_some()),
        ("photonPersistentDisk", volume.photon_persistent_disk.is_some()),
    ];
    kinds.into_iter().find(|(_, is_set)| *is_set).map(|(kind, _)| kind)
}

fn volumes(spec: &PodSpec) -> Option<Violation> {
    let (mut found, mut kinds) = (Vec::new(), BTreeSet::new());
    for volume in spec.volumes.iter().flatten() {
        if let Some(kind) = restricted_kind(volume) {
            found.push(volume.name.as_str());
            kinds.insert(kind);
        }
    }
    let uses = if found.len() == 1 { "uses" } else { "use" };
    let plural = if kinds.len() == 1 { "" } else { "s" };
    (!found.is_empty()).then(|| Violation {
        reason: "restricted volume types",
        detail: format!(
            "{} {uses} restricted volume type{plural} {}",
            named("volume", &found),
            quoted(kinds.into_iter())
        ),
    })
}

fn run_as_non_root(spec: &PodSpec, parts: &[Part<'_>]) -> Option<Violation> {
    const BAD: &str = "must not set securityContext.runAsNonRoot=false";
    let pod = spec.security_context.as_ref().and_then(|s| s.run_as_non_root);
    let own = |part: &Part<'_>| part.security.and_then(|s| s.run_as_non_root);
    let mut details = Vec::new();
    if pod == Some(false) {
        details.push(format!("pod {BAD}"));
    }
    let bad = names(parts, |part| own(part) == Some(false));
    if !bad.is_empty() {
        details.push(format!("{} {BAD}", named("container", &bad)));
    }
    let silent = names(parts, |part| own(part).is_none() && pod != Some(true));
    if details.is_empty() && !silent.is_empty() {
        details.push(format!(
            "pod or {} must set securityContext.runAsNonRoot=true",
            named("container", &silent)
        ));
    }
    (!details.is_empty()).then(|| Violation { reason: "runAsNonRoot != true", detail: details.join(", ") })
}

fn run_as_user(spec: &PodSpec, parts: &[Part<'_>]) -> Option<Violation> {
    let mut details = Vec::new();
    if spec.security_context.as_ref().and_then(|s| s.run_as_user) == Some(0) {
        details.push("pod must not set runAsUser=0".to_owned());
    }
    let bad = names(parts, |part| part.security.and_then(|s| s.run_as_user) == Some(0));
    if !bad.is_empty() {
        details.push(format!("{} must not set runAsUser=0", named("container", &bad)));
    }
    (!details.is_empty()).then(|| Violation { reason: "runAsUser=0", detail: details.join(", ") })
}

fn seccomp(spec: &PodSpec, parts: &[Part<'_>]) -> Option<Violation> {
    let good = |profile: &SeccompProfile| matches!(profile.type_.as_str(), "RuntimeDefault" | "Localhost");
    let pod = spec.security_context.as_ref().and_then(|s| s.seccomp_profile.as_ref());
    let own = |part: &Part<'_>| part.security.and_then(|s| s.seccomp_profile.clone());
    let mut details = Vec::new();
    if let Some(profile) = pod.filter(|profile| !good(profile)) {
        details.push(format!("pod must not set securityContext.seccompProfile.type to {:?}", profile.type_));
    }
    let bad = names(parts, |part| own(part).is_some_and(|profile| !good(&profile)));
    if !bad.is_empty() {
        let kinds: BTreeSet<String> = parts
            .iter()
            .filter_map(own)
            .filter(|profile| !good(profile))
            .map(|profile| profile.type_)
            .collect();
        details.push(format!(
            "{} must not set securityContext.seccompProfile.type to {}",
            named("container", &bad),
            quoted(kinds.iter().map(String::as_str))
        ));
    }
    let silent = names(parts, |part| own(part).is_none() && !pod.is_some_and(good));
    if details.is_empty() && !silent.is_empty() {
        details.push(format!(
            "pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
            named("container", &silent)
        ));
    }
    (!details.is_empty()).then(|| Violation { reason: "seccompProfile", detail: details.join(", ") })
}
