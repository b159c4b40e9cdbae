//! A user's home directory: made from the skeleton, and removed.

use super::super::super::{Cx, files};
use crate::kernel::errno::Errno;

/// What new homes are copies of.
const SKELETON: &[u8] = b"/etc/skel";

/// Makes a home. One that exists stays as it is: `EEXIST`.
pub(super) async fn make(cx: &mut Cx, home: &str, uid: u32, gid: u32, mode: u16) -> Result<(), Errno> {
    let home = home.as_bytes();
    cx.process.mkdir(home, 0o755)?;
    for (name, _) in cx.process.list(SKELETON).unwrap_or_default() {
        let [from, to] = [SKELETON, home].map(|dir| crate::kernel::fs::join(dir, &name));
        files::copy_tree(cx, &from, &to).await;
    }
    files::give_tree(cx, home, uid, gid).await?;
    cx.process.chmod(home, mode)
}

/// Removes a home with all that is in it.
pub(super) async fn remove(cx: &mut Cx, home: &[u8]) {
    files::remove_tree(cx, home).await;
}
