//! Volumes that outlive Pods: claims, volumes, classes.

pub(crate) mod claim;
pub(crate) mod class;
pub(crate) mod volume;

use serde_json::{Value, json};

use crate::validation::{ErrorList, Path};

const ACCESS_MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const VOLUME_MODES: [&str; 2] = ["Block", "Filesystem"];

fn validate_access_modes(modes: &[String], path: &Path, errors: &mut ErrorList) {
    if modes.is_empty() {
        errors.required(path, "at least 1 access mode is required");
    }
    for mode in modes.iter().filter(|mode| !ACCESS_MODES.contains(&mode.as_str())) {
        errors.not_supported(path, mode, &ACCESS_MODES);
    }
    if modes.len() > 1 && modes.iter().any(|mode| mode == "ReadWriteOncePod") {
        errors.forbidden(path, "may not use ReadWriteOncePod with other access modes");
    }
}

fn validate_volume_mode(mode: Option<&str>, path: &Path, errors: &mut ErrorList) {
    if let Some(mode) = mode.filter(|mode| !VOLUME_MODES.contains(mode)) {
        errors.not_supported(path, mode, &VOLUME_MODES);
    }
}

/// Access modes as `RWO,ROX`.
fn access_modes(list: Option<&Value>) -> Value {
    let list = list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let mut given: Vec<&str> = list.collect();
    let mut short = Vec::new();
    for (mode, letters) in [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ] {
        if given.contains(&mode) {
            short.push(letters);
            given.retain(|other| *other != mode);
        }
    }
    json!(short.join(","))
}
