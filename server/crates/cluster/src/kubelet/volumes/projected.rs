//! Several sources in one directory; the service account's token, the cluster's CA and the namespace, which every Pod
//! gets, come this way.

use super::{DEFAULT_MODE, Files, Maker, config_map, downward_api, secret, token};
use k8s_openapi::api::core::v1::ProjectedVolumeSource;

pub(super) fn files(maker: &Maker<'_>, source: &ProjectedVolumeSource) -> Result<Files, String> {
    let mode = source.default_mode.unwrap_or(DEFAULT_MODE);
    let mut files = Files::new();
    for part in source.sources.iter().flatten() {
        if let Some(part) = &part.config_map {
            let optional = part.optional == Some(true);
            files.extend(config_map::of(maker, &part.name, part.items.as_ref(), mode, optional)?);
        }
        if let Some(part) = &part.secret {
            let optional = part.optional == Some(true);
            files.extend(secret::of(maker, &part.name, part.items.as_ref(), mode, optional)?);
        }
        if let Some(part) = &part.downward_api {
            files.extend(downward_api::of(maker, part.items.as_ref(), mode)?);
        }
        if let Some(part) = &part.service_account_token {
            files.extend(token::files(maker, part, mode)?);
        }
    }
    Ok(files)
}
