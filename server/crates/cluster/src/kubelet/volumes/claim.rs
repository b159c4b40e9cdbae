//! A persistent volume, by the claim that is bound to it.

use podlab_node::{HostPathKind, Volume};

use super::{Maker, volume_group};

pub(super) fn set_up(maker: &Maker<'_>, claim: &str) -> Result<Volume, String> {
    let namespace = maker.manifest.namespace();
    let found = maker.sources.claim(namespace, claim);
    let found = found.ok_or_else(|| format!("persistentvolumeclaim \"{claim}\" not found"))?;
    let bound = found.status.is_some_and(|status| status.phase.as_deref() == Some("Bound"));
    let name = found.spec.and_then(|spec| spec.volume_name).filter(|_| bound);
    let name = name.ok_or_else(|| format!("PVC {namespace}/{claim} is not bound"))?;
    let volume = maker.sources.volume(&name);
    let volume = volume.ok_or_else(|| format!("persistentvolume \"{name}\" not found"))?;
    let spec = volume.spec.unwrap_or_default();
    let path = spec.host_path.map(|host| host.path).or_else(|| spec.local.map(|local| local.path));
    match path {
        Some(path) => {
            let made = maker.node.host_path(&path, HostPathKind::DirectoryOrCreate);
            made.map_err(|error| error.to_string())
        }
        // Everything else is storage outside of the node, which keeps what is written to it.
        None => Ok(maker.node.persistent_dir(&name, volume_group(maker.manifest))),
    }
}
