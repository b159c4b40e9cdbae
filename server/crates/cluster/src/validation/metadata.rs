//! The rules for `metadata`, which every kind shares.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{ErrorList, Path, names};

/// How all annotations together are bounded, in bytes.
const ANNOTATIONS_SIZE: usize = 256 * 1024;

/// Which names objects of a kind may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameRule {
    /// RFC 1123 subdomain.
    Subdomain,
    /// RFC 1123 label.
    Label,
    /// RFC 1035 label.
    Label1035,
    /// Anything that can stand in a URL.
    PathSegment,
}

impl NameRule {
    /// What is wrong with a name, or with the prefix of a generated one.
    pub(crate) fn check(self, name: &str, is_prefix: bool) -> Vec<String> {
        let masked;
        let name = if is_prefix {
            masked = names::masked_prefix(name);
            &masked
        } else {
            name
        };
        match self {
            Self::Subdomain => names::dns_subdomain(name),
            Self::Label => names::dns_label(name),
            Self::Label1035 => names::dns_1035_label(name),
            Self::PathSegment => names::path_segment(name),
        }
    }
}

/// The metadata of an object that is to be written.
pub(crate) fn validate(metadata: &ObjectMeta, namespaced: bool, rule: NameRule, errors: &mut ErrorList) {
    let path = Path::new("metadata");
    if let Some(prefix) = metadata.generate_name.as_deref().filter(|p| !p.is_empty()) {
        errors.invalid_each(&path.child("generateName"), prefix, &rule.check(prefix, true));
    }
    match metadata.name.as_deref().unwrap_or_default() {
        "" => errors.required(&path.child("name"), "name or generateName is required"),
        name => errors.invalid_each(&path.child("name"), name, &rule.check(name, false)),
    }
    let namespace = metadata.namespace.as_deref().unwrap_or_default();
    match (namespaced, namespace) {
        (true, "") => errors.required(&path.child("namespace"), ""),
        (true, name) => {
            errors.invalid_each(&path.child("namespace"), name, &names::dns_label(name));
        }
        (false, "") => {}
        (false, _) => errors.forbidden(&path.child("namespace"), "not allowed on this type"),
    }
    validate_parts(metadata, &path, errors);
}

/// Labels, annotations, owners and finalizers.
fn validate_parts(metadata: &ObjectMeta, path: &Path, errors: &mut ErrorList) {
    labels(metadata.labels.iter().flatten(), &path.child("labels"), errors);
    annotations(metadata.annotations.iter().flatten(), &path.child("annotations"), errors);
    let owners = path.child("ownerReferences");
    let mut controller: Option<&str> = None;
    for (i, owner) in metadata.owner_references.iter().flatten().enumerate() {
        let path = owners.index(i);
        if owner.api_version.is_empty() {
            errors.invalid(&path.child("apiVersion"), &owner.api_version, "version must not be empty");
        }
        for (field, value, detail) in [
            ("kind", &owner.kind, "must not be empty"),
            ("name", &owner.name, "must not be empty"),
            ("uid", &owner.uid, "must not be empty"),
        ] {
            if value.is_empty() {
                errors.invalid(&path.child(field), value, detail);
            }
        }
        if owner.controller == Some(true) {
            if let Some(first) = controller {
                let detail = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {}",
                    owner.name
                );
                errors.invalid(&owners, &metadata.owner_references, &detail);
            }
            controller = Some(&owner.name);
        }
    }
    finalizers(metadata.finalizers.iter().flatten(), &path.child("finalizers"), errors);
}

fn finalizers<'a>(list: impl Iterator<Item = &'a String>, path: &Path, errors: &mut ErrorList) {
    let (mut orphan, mut foreground) = (false, false);
    let mut all = Vec::new();
    for name in list {
        errors.invalid_each(path, name, &names::qualified_name(name));
        if names::qualified_name(name).is_empty()
            && !name.contains('/')
            && !matches!(name.as_str(), "orphan" | "foregroundDeletion" | "kubernetes")
        {
            errors.invalid(path, name, "name is neither a standard finalizer name nor is it fully qualified");
        }
        orphan |= name == "orphan";
        foreground |= name == "foregroundDeletion";
        all.push(name);
    }
    if orphan && foreground {
        errors.invalid(path, all, "finalizer orphan and foregroundDeletion cannot be both set");
    }
}

/// Labels, here and in Pod templates.
pub(crate) fn labels<'a>(
    labels: impl Iterator<Item = (&'a String, &'a String)>,
    path: &Path,
    errors: &mut ErrorList,
) {
    for (key, value) in labels {
        errors.invalid_each(path, key, &names::label_key(key));
        errors.invalid_each(path, value, &names::label_value(value));
    }
}

/// Annotations, here and in Pod templates.
pub(crate) fn annotations<'a>(
    annotations: impl Iterator<Item = (&'a String, &'a String)>,
    path: &Path,
    errors: &mut ErrorList,
) {
    let mut size = 0;
    for (key, value) in annotations {
        errors.invalid_each(path, key, &names::qualified_name(&key.to_lowercase()));
        size += key.len() + value.len();
    }
    if size > ANNOTATIONS_SIZE {
        errors.too_long(path, ANNOTATIONS_SIZE);
    }
}

/// What an update may not change in `metadata`.
pub(crate) fn validate_update(new: &ObjectMeta, old: &ObjectMeta, errors: &mut ErrorList) {
    let path = Path::new("metadata");
    let same: [(&str, &Option<String>, &Option<String>); 3] = [
        ("name", &new.name, &old.name),
        ("namespace", &new.namespace, &old.namespace),
        ("uid", &new.uid, &old.uid),
    ];
    for (field, new, old) in same {
        if new != old {
            errors.invalid(&path.child(field), new, "field is immutable");
        }
    }
    if old.deletion_timestamp.is_some() {
        let before: Vec<&String> = old.finalizers.iter().flatten().collect();
        let added: Vec<&String> = new.finalizers.iter().flatten().filter(|f| !before.contains(f)).collect();
        if !added.is_empty() {
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers {added:?}"
            );
            errors.forbidden(&path.child("finalizers"), &detail);
        }
    }
    validate_parts(new, &path, errors);
}
