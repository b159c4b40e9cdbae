//! Reading a folder of this machine into a container.

use std::{fs, path::Path};

use podlab_node::{TreeContent, TreeEntry};

/// The most that is copied in, in bytes and in entries.
const BYTES_LIMIT: u64 = 64 << 20;
const ENTRIES_LIMIT: usize = 10_000;

/// All that is in `folder`. Links stay links; devices and sockets are left out.
pub(super) fn entries(folder: &Path) -> Result<Vec<TreeEntry>, String> {
    let mut found = vec![];
    let mut bytes = 0;
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        let failed = |e| format!("{} cannot be read: {e}", next.display());
        for entry in fs::read_dir(&next).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let failed = |e| format!("{} cannot be read: {e}", path.display());
            let metadata = fs::symlink_metadata(&path).map_err(failed)?;
            let content = if metadata.is_dir() {
                waiting.push(path.clone());
                TreeContent::Directory
            } else if metadata.is_symlink() {
                TreeContent::Link(fs::read_link(&path).map_err(failed)?.to_string_lossy().into_owned())
            } else if metadata.is_file() {
                bytes += metadata.len();
                if bytes > BYTES_LIMIT {
                    return Err(format!(
                        "{} holds more than 64 MiB; mount a smaller folder",
                        folder.display()
                    ));
                }
                TreeContent::File(fs::read(&path).map_err(failed)?.into())
            } else {
                continue;
            };
            let inside = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
            found.push(TreeEntry { path: inside, mode: mode(&metadata), content });
            if found.len() > ENTRIES_LIMIT {
                return Err(format!(
                    "{} holds more than 10,000 files; mount a smaller folder",
                    folder.display()
                ));
            }
        }
    }
    // A folder comes before what is in it.
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

#[cfg(unix)]
fn mode(metadata: &fs::Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777
}

#[cfg(not(unix))]
fn mode(metadata: &fs::Metadata) -> u32 {
    if metadata.is_dir() { 0o755 } else { 0o644 }
}
