//! A service account's token as a file.

use bytes::Bytes;
use k8s_openapi::api::core::v1::ServiceAccountTokenProjection;
use podlab_node::ProjectedFile;

use super::{Files, Maker, permissions};
use crate::kubelet::sources::TokenRequest;

/// How long a token is good for where nothing says otherwise, in seconds.
const DEFAULT_SECONDS: i64 = 3600;

pub(super) fn files(
    maker: &Maker<'_>,
    source: &ServiceAccountTokenProjection,
    mode: i32,
) -> Result<Files, String> {
    let manifest = maker.manifest;
    let request = TokenRequest {
        namespace: manifest.namespace(),
        account: manifest.spec().service_account_name.as_deref().unwrap_or("default"),
        audience: source.audience.as_deref(),
        seconds: source.expiration_seconds.unwrap_or(DEFAULT_SECONDS),
        pod: manifest.name(),
        pod_uid: manifest.uid(),
    };
    let token = maker.sources.token(&request)?;
    // Only its owner reads a token, unless the Pod says who else is in the group.
    let context = manifest.spec().security_context.as_ref();
    let grouped = context.is_some_and(|context| context.fs_group.is_some());
    let mode = if grouped { 0o640 } else { permissions(mode) };
    Ok(Files::from([(source.path.clone(), ProjectedFile { mode, content: Bytes::from(token) })]))
}
