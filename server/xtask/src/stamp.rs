//! Remembering what a step was done with, so that it is done again only when that changed.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use crate::{Result, workspace::Workspace};

/// The memory of one step: a file that holds a hash of the step's inputs.
pub(crate) struct Stamp {
    file: PathBuf,
    hash: String,
}

impl Stamp {
    /// The stamp of step `name`, for `inputs`: files, or folders with all that is in them.
    pub(crate) fn of(workspace: &Workspace, name: &str, inputs: &[&Path]) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        for input in inputs {
            hash_path(input, &mut hasher)?;
        }
        let file = workspace.target.join("xtask").join(format!("{name}.stamp"));
        Ok(Self { file, hash: format!("{:016x}", hasher.finish()) })
    }

    /// Whether the step was done with these very inputs.
    pub(crate) fn is_fresh(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|seen| seen == self.hash)
    }

    /// Remembers that the step is done.
    pub(crate) fn set(&self) -> Result {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&self.file, &self.hash))
            .map_err(|e| format!("{} could not be written: {e}", self.file.display()))
    }
}

fn hash_path(path: &Path, hasher: &mut DefaultHasher) -> Result {
    let failed = |e| format!("{} could not be read: {e}", path.display());
    path.hash(hasher);
    if path.is_dir() {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(path).map_err(failed)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
        entries.sort();
        for entry in entries.iter().filter(|entry| !entry.ends_with("node_modules")) {
            hash_path(entry, hasher)?;
        }
    } else if path.exists() {
        fs::read(path).map_err(failed)?.hash(hasher);
    }
    Ok(())
}
