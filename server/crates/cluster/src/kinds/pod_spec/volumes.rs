//! Volumes and where they come from.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    DownwardAPIVolumeFile, EmptyDirVolumeSource, HostPathVolumeSource, KeyToPath, PodSpec,
    ProjectedVolumeSource, Volume, VolumeProjection,
};

use super::{Part, containers::pull_policy, env};
use crate::{
    quantity::Quantity,
    validation::{ErrorList, Path, names},
};

const MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";

/// The volumes that are in order, by name.
pub(crate) type VolumeSources<'a> = BTreeMap<&'a str, &'a Volume>;

/// The volumes of a spec; those in which something is wrong cannot be mounted.
pub(super) fn validate<'a>(
    spec: &'a PodSpec,
    part: Part,
    path: &Path,
    errors: &mut ErrorList,
) -> VolumeSources<'a> {
    let mut sources = VolumeSources::new();
    for (i, volume) in spec.volumes.iter().flatten().enumerate() {
        let path = path.index(i);
        let mut wrong = ErrorList::default();
        source(volume, part, &path, &mut wrong);
        let name = volume.name.as_str();
        if name.is_empty() {
            wrong.required(&path.child("name"), "");
        } else {
            wrong.invalid_each(&path.child("name"), name, &names::dns_label(name));
        }
        if sources.contains_key(name) {
            wrong.duplicate(&path.child("name"), name);
        }
        if wrong.is_empty() {
            sources.insert(name, volume);
        } else {
            errors.extend(wrong);
        }
    }
    sources
}

/// One source is checked; a second one is forbidden.
fn source(volume: &Volume, part: Part, path: &Path, errors: &mut ErrorList) {
    let mut found = false;
    let mut one = |is_set: bool, name: &str, errors: &mut ErrorList| {
        if is_set && found {
            errors.forbidden(&path.child(name), "may not specify more than 1 volume type");
            return false;
        }
        found |= is_set;
        is_set
    };
    if one(volume.empty_dir.is_some(), "emptyDir", errors) {
        empty_dir(volume.empty_dir.as_ref(), &path.child("emptyDir"), errors);
    }
    if one(volume.host_path.is_some(), "hostPath", errors) {
        host_path(volume.host_path.as_ref(), &path.child("hostPath"), errors);
    }
    if one(volume.git_repo.is_some(), "gitRepo", errors)
        && volume.git_repo.as_ref().is_some_and(|repo| repo.repository.is_empty())
    {
        errors.required(&path.child("gitRepo").child("repository"), "");
    }
    one(volume.gce_persistent_disk.is_some(), "gcePersistentDisk", errors);
    one(volume.aws_elastic_block_store.is_some(), "awsElasticBlockStore", errors);
    if one(volume.secret.is_some(), "secret", errors)
        && let Some(secret) = &volume.secret
    {
        let path = path.child("secret");
        if secret.secret_name.as_deref().unwrap_or_default().is_empty() {
            errors.required(&path.child("secretName"), "");
        }
        mode(secret.default_mode, &path.child("defaultMode"), errors);
        items(secret.items.as_deref(), &path.child("items"), errors);
    }
    if one(volume.nfs.is_some(), "nfs", errors)
        && let Some(nfs) = &volume.nfs
    {
        let path = path.child("nfs");
        if nfs.server.is_empty() {
            errors.required(&path.child("server"), "");
        }
        if nfs.path.is_empty() {
            errors.required(&path.child("path"), "");
        } else if !nfs.path.starts_with('/') {
            errors.invalid(&path.child("path"), &nfs.path, "must be an absolute path");
        }
    }
    one(volume.iscsi.is_some(), "iscsi", errors);
    one(volume.glusterfs.is_some(), "glusterfs", errors);
    one(volume.flocker.is_some(), "flocker", errors);
    if one(volume.persistent_volume_claim.is_some(), "persistentVolumeClaim", errors)
        && volume.persistent_volume_claim.as_ref().is_some_and(|claim| claim.claim_name.is_empty())
    {
        errors.required(&path.child("persistentVolumeClaim").child("claimName"), "");
    }
    one(volume.rbd.is_some(), "rbd", errors);
    one(volume.cinder.is_some(), "cinder", errors);
    one(volume.cephfs.is_some(), "cephfs", errors);
    one(volume.quobyte.is_some(), "quobyte", errors);
    // Misspelt in the real server too.
    if one(volume.downward_api.is_some(), "downwarAPI", errors)
        && let Some(downward) = &volume.downward_api
    {
        let path = path.child("downwardAPI");
        mode(downward.default_mode, &path.child("defaultMode"), errors);
        for file in downward.items.iter().flatten() {
            downward_file(file, &path, errors);
        }
    }
    one(volume.fc.is_some(), "fc", errors);
    one(volume.flex_volume.is_some(), "flexVolume", errors);
    if one(volume.config_map.is_some(), "configMap", errors)
        && let Some(map) = &volume.config_map
    {
        let path = path.child("configMap");
        if map.name.is_empty() {
            errors.required(&path.child("name"), "");
        }
        mode(map.default_mode, &path.child("defaultMode"), errors);
        items(map.items.as_deref(), &path.child("items"), errors);
    }
    one(volume.azure_file.is_some(), "azureFile", errors);
    one(volume.vsphere_volume.is_some(), "vsphereVolume", errors);
    one(volume.photon_persistent_disk.is_some(), "photonPersistentDisk", errors);
    one(volume.portworx_volume.is_some(), "portworxVolume", errors);
    one(volume.azure_disk.is_some(), "azureDisk", errors);
    one(volume.storageos.is_some(), "storageos", errors);
    if one(volume.projected.is_some(), "projected", errors)
        && let Some(projected_source) = &volume.projected
    {
        projected(projected_source, &path.child("projected"), errors);
    }
    one(volume.scale_io.is_some(), "scaleIO", errors);
    if one(volume.csi.is_some(), "csi", errors)
        && volume.csi.as_ref().is_some_and(|csi| csi.driver.is_empty())
    {
        errors.required(&path.child("csi").child("driver"), "");
    }
    if one(volume.ephemeral.is_some(), "ephemeral", errors)
        && volume.ephemeral.as_ref().is_some_and(|e| e.volume_claim_template.is_none())
    {
        errors.required(&path.child("ephemeral").child("volumeClaimTemplate"), "");
    }
    if one(volume.image.is_some(), "image", errors)
        && let Some(image) = &volume.image
    {
        let path = path.child("image");
        if part == Part::Pod && image.reference.as_deref().unwrap_or_default().is_empty() {
            errors.required(&path.child("reference"), "");
        }
        pull_policy(image.pull_policy.as_deref(), &path.child("pullPolicy"), errors);
    }
    if !found {
        errors.required(path, "must specify a volume type");
    }
}

fn empty_dir(source: Option<&EmptyDirVolumeSource>, path: &Path, errors: &mut ErrorList) {
    let limit = source.and_then(|s| s.size_limit.as_ref()).and_then(Quantity::of);
    if limit.is_some_and(|limit| limit < Quantity::default()) {
        errors.forbidden(&path.child("sizeLimit"), "SizeLimit field must be a valid resource quantity");
    }
}

/// A path of the node.
pub(crate) fn host_path(source: Option<&HostPathVolumeSource>, path: &Path, errors: &mut ErrorList) {
    const TYPES: [&str; 8] =
        ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    let Some(source) = source else { return };
    if source.path.is_empty() {
        errors.required(&path.child("path"), "");
        return;
    }
    no_backsteps(&source.path, &path.child("path"), errors);
    if let Some(kind) = source.type_.as_deref()
        && !TYPES.contains(&kind)
    {
        errors.not_supported(&path.child("type"), kind, &TYPES);
    }
}

/// A file's mode.
pub(crate) fn mode(mode: Option<i32>, path: &Path, errors: &mut ErrorList) {
    if let Some(mode) = mode
        && !(0..=0o777).contains(&mode)
    {
        errors.invalid(path, mode, MODE);
    }
}

fn items(items: Option<&[KeyToPath]>, path: &Path, errors: &mut ErrorList) {
    for (i, item) in items.into_iter().flatten().enumerate() {
        key_to_path(item, &path.index(i), errors);
    }
}

fn key_to_path(item: &KeyToPath, path: &Path, errors: &mut ErrorList) {
    if item.key.is_empty() {
        errors.required(&path.child("key"), "");
    }
    if item.path.is_empty() {
        errors.required(&path.child("path"), "");
    }
    local_path(&item.path, &path.child("path"), errors);
    mode(item.mode, &path.child("mode"), errors);
}

fn downward_file(file: &DownwardAPIVolumeFile, path: &Path, errors: &mut ErrorList) {
    if file.path.is_empty() {
        errors.required(&path.child("path"), "");
    }
    local_path(&file.path, &path.child("path"), errors);
    if let Some(field) = &file.field_ref {
        env::field_ref(field, &env::VOLUME_FIELDS, &path.child("fieldRef"), errors);
        if file.resource_field_ref.is_some() {
            errors.invalid(
                path,
                "resource",
                "fieldRef and resourceFieldRef can not be specified simultaneously",
            );
        }
    } else if let Some(resource) = &file.resource_field_ref {
        env::resource_ref(resource, true, &path.child("resourceFieldRef"), errors);
    } else {
        errors.required(path, "one of fieldRef and resourceFieldRef is required");
    }
    mode(file.mode, &path.child("mode"), errors);
}

fn projected(source: &ProjectedVolumeSource, path: &Path, errors: &mut ErrorList) {
    mode(source.default_mode, &path.child("defaultMode"), errors);
    let mut paths = BTreeSet::new();
    for (i, source) in source.sources.iter().flatten().enumerate() {
        projection(source, path, &path.child("sources").index(i), &mut paths, errors);
    }
}

/// One of the sources of `volume`, which is the path that the real server names for what concerns more than one.
fn projection<'a>(
    source: &'a VolumeProjection,
    volume: &Path,
    path: &Path,
    paths: &mut BTreeSet<&'a str>,
    errors: &mut ErrorList,
) {
    const CONFLICT: &str = "conflicting duplicate paths";
    let mut keys = |kind: &str, name: &str, list: &'a Option<Vec<KeyToPath>>, errors: &mut ErrorList| {
        let path = path.child(kind);
        if name.is_empty() {
            errors.required(&path.child("name"), "");
        }
        for (i, item) in list.iter().flatten().enumerate() {
            key_to_path(item, &path.child("items").index(i), errors);
            if !item.path.is_empty() && !paths.insert(&item.path) {
                errors.invalid(volume, name, CONFLICT);
            }
        }
    };
    if let Some(secret) = &source.secret {
        keys("secret", &secret.name, &secret.items, errors);
    }
    if let Some(map) = &source.config_map {
        keys("configMap", &map.name, &map.items, errors);
    }
    if let Some(downward) = &source.downward_api {
        for file in downward.items.iter().flatten() {
            downward_file(file, &path.child("downwardAPI"), errors);
            if !file.path.is_empty() && !paths.insert(&file.path) {
                errors.invalid(volume, &file.path, CONFLICT);
            }
        }
    }
    if let Some(token) = &source.service_account_token {
        let at = path.child("serviceAccountToken").child("expirationSeconds");
        let seconds = token.expiration_seconds.unwrap_or(3600);
        if seconds < 600 {
            errors.invalid(&at, seconds, "may not specify a duration less than 10 minutes");
        }
        if seconds > 1 << 32 {
            errors.invalid(&at, seconds, "may not specify a duration larger than 2^32 seconds");
        }
        if token.path.is_empty() {
            errors.required(&volume.child("path"), "");
        } else {
            local_path(&token.path, &volume.child("path"), errors);
        }
    }
    let kinds = [
        source.secret.is_some(),
        source.config_map.is_some(),
        source.downward_api.is_some(),
        source.service_account_token.is_some(),
        source.cluster_trust_bundle.is_some(),
        source.pod_certificate.is_some(),
    ];
    if kinds.iter().filter(|is_set| **is_set).count() > 1 {
        errors.forbidden(path, "may not specify more than 1 volume type per source");
    }
}

/// A relative path that does not leave its volume, nor hide what the kubelet puts there.
fn local_path(target: &str, path: &Path, errors: &mut ErrorList) {
    descending_path(target, path, errors);
    if target.starts_with("..") && !target.starts_with("../") && target != ".." {
        errors.invalid(path, target, "must not start with '..'");
    }
}

/// A relative path that does not lead up.
pub(super) fn descending_path(target: &str, path: &Path, errors: &mut ErrorList) {
    if target.starts_with('/') {
        errors.invalid(path, target, "must be a relative path");
    }
    no_backsteps(target, path, errors);
}

fn no_backsteps(target: &str, path: &Path, errors: &mut ErrorList) {
    if target.split('/').any(|part| part == "..") {
        errors.invalid(path, target, "must not contain '..'");
    }
}
