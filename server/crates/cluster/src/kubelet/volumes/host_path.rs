//! A path of the node.

use k8s_openapi::api::core::v1::HostPathVolumeSource;
use podlab_node::{HostPathKind, Volume};

use super::Maker;
use crate::go_text;

pub(super) fn set_up(maker: &Maker<'_>, source: &HostPathVolumeSource) -> Result<Volume, String> {
    let kind = match source.type_.as_deref().unwrap_or_default() {
        "" => HostPathKind::Any,
        "DirectoryOrCreate" => HostPathKind::DirectoryOrCreate,
        "Directory" => HostPathKind::Directory,
        "FileOrCreate" => HostPathKind::FileOrCreate,
        "File" => HostPathKind::File,
        "Socket" => HostPathKind::Socket,
        "CharDevice" => HostPathKind::CharDevice,
        "BlockDevice" => HostPathKind::BlockDevice,
        other => return Err(format!("{} is an invalid volume type", go_text::quote(other))),
    };
    maker.node.host_path(&source.path, kind).map_err(|error| error.to_string())
}
