//! The volumes that a node makes.

use super::Node;
use crate::{
    image::ImageError,
    kernel::fs::Kind,
    runtime::{
        EmptyDir, FileSet, HostPathKind, RuntimeError, TreeEntry, Volume,
        volume::{make_host_path, subdirectory},
    },
};

impl Node {
    /// An empty directory for one Pod.
    pub fn empty_dir(&self, options: EmptyDir) -> Volume {
        Volume::empty_dir(&self.0.host, options)
    }

    /// A read-only directory of projected files; [`Volume::update`] replaces them.
    pub fn files(&self, files: &FileSet) -> Volume {
        Volume::files(&self.0.host, files)
    }

    /// A writable directory that holds `entries` to begin with.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Mount`] where a path leaves the directory or cannot be made.
    pub fn directory(&self, entries: &[TreeEntry]) -> Result<Volume, RuntimeError> {
        let volume = Volume::empty_dir(&self.0.host, EmptyDir::default());
        volume.fill(entries)?;
        Ok(volume)
    }

    /// The tree of an image on the node, to read.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Image`] where there is no such image.
    pub fn image_volume(&self, name: &str) -> Result<Volume, RuntimeError> {
        let image = self.image(name)?.ok_or_else(|| ImageError::NotPresent { name: name.to_owned() })?;
        Ok(Volume::image(&self.0.host, &image.recipe.root))
    }

    /// A path of the node's own file system.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Mount`] in the kubelet's words (`hostPath type check failed: ...`).
    pub fn host_path(&self, path: &str, kind: HostPathKind) -> Result<Volume, RuntimeError> {
        Ok(Volume::at(&self.0.host, make_host_path(&self.0.files, path, kind)?))
    }

    /// A directory that outlives Pods, by its name: the same one each time until [`Node::remove_persistent_dir`]. A
    /// `group` owns what is made in it (fsGroup).
    pub fn persistent_dir(&self, name: &str, group: Option<u32>) -> Volume {
        let above = make_host_path(&self.0.files, PERSISTENT, HostPathKind::DirectoryOrCreate);
        let mode = if group.is_some() { 0o2777 } else { 0o777 };
        let dir = above.ok().and_then(|above| subdirectory(&above, name, mode, group));
        match dir {
            Some(dir) => Volume::at(&self.0.host, dir),
            // Somebody put a file in the way, by a host path: the directory is one of its own then.
            None => Volume::empty_dir(&self.0.host, EmptyDir { group, ..EmptyDir::default() }),
        }
    }

    /// Forgets a persistent directory's content once nothing mounts it.
    pub fn remove_persistent_dir(&self, name: &str) {
        if let Ok(above) = make_host_path(&self.0.files, PERSISTENT, HostPathKind::DirectoryOrCreate)
            && let Kind::Dir(entries) = &mut above.lock().kind
        {
            entries.remove(name.as_bytes());
        }
    }
}

/// Where persistent directories lie on the node.
const PERSISTENT: &str = "/var/lib/podlab/volumes";
