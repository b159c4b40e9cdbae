//! The files of accounts: read whole, changed in memory, written beside and renamed, so that a file that cannot be read
//! is never taken for an empty one, and one that cannot be written keeps what it held.

use std::collections::BTreeSet;

use super::{super::super::Cx, is_of};
use crate::{
    kernel::{errno::Errno, fs::OpenFlags},
    libc::passwd::MAX_FILE,
};

/// A file of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Passwd,
    Shadow,
    Group,
    GroupShadow,
}

impl Table {
    fn path(self) -> &'static str {
        match self {
            Self::Passwd => "/etc/passwd",
            Self::Shadow => "/etc/shadow",
            Self::Group => "/etc/group",
            Self::GroupShadow => "/etc/gshadow",
        }
    }

    /// Whether systems may lack it: then nobody misses what would have stood in it.
    fn is_optional(self) -> bool {
        matches!(self, Self::Shadow | Self::GroupShadow)
    }

    /// Its lines. A file that does not exist has none; any other that cannot be read is an error, which has been told.
    pub(super) async fn lines(self, cx: &mut Cx) -> Result<Vec<Vec<u8>>, u8> {
        match cx.process.read_file(self.path().as_bytes(), MAX_FILE).await {
            Ok(text) => {
                let text = text.strip_suffix(b"\n").unwrap_or(&text);
                let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec);
                Ok(if text.is_empty() { Vec::new() } else { lines.collect() })
            }
            Err(Errno::ENOENT) => Ok(Vec::new()),
            Err(errno) => Err(self.failed(cx, errno).await),
        }
    }

    /// The numbers that its third columns hold.
    pub(super) async fn numbers(self, cx: &mut Cx) -> Result<BTreeSet<u32>, u8> {
        let lines = self.lines(cx).await?;
        cx.process.work(u32::try_from(lines.len() / 16).unwrap_or(u32::MAX)).await;
        let third = |line: &Vec<u8>| {
            std::str::from_utf8(line.split(|byte| *byte == b':').nth(2)?).ok()?.parse::<u32>().ok()
        };
        Ok(lines.iter().filter_map(third).collect())
    }

    /// Changes its lines; whether there was anything to change. A missing shadow stays missing.
    pub(super) async fn edit(
        self,
        cx: &mut Cx,
        change: impl FnOnce(&mut Vec<Vec<u8>>) + Send,
    ) -> Result<bool, u8> {
        let exists = cx.process.stat(self.path().as_bytes(), true).is_ok();
        if self.is_optional() && !exists {
            return Ok(false);
        }
        let before = self.lines(cx).await?;
        let mut lines = before.clone();
        change(&mut lines);
        cx.process.work(u32::try_from(lines.len() / 8).unwrap_or(u32::MAX)).await;
        if lines == before {
            return Ok(false);
        }
        match self.write(cx, &lines).await {
            Ok(()) => Ok(true),
            Err(errno) => Err(self.failed(cx, errno).await),
        }
    }

    /// Adds a line at the end.
    pub(super) async fn append(self, cx: &mut Cx, line: String) -> Result<(), u8> {
        self.edit(cx, |lines| lines.push(line.into_bytes())).await.map(drop)
    }

    /// Takes the lines of this name out; whether there were any.
    pub(super) async fn take_out(self, cx: &mut Cx, name: &str) -> Result<bool, u8> {
        self.edit(cx, |lines| lines.retain(|line| !is_of(line, name))).await
    }

    /// Changes who belongs to groups: `member` gets a group's name and its members.
    pub(super) async fn edit_members(
        self,
        cx: &mut Cx,
        mut change: impl FnMut(&[u8], &mut Vec<Vec<u8>>) + Send,
    ) -> Result<bool, u8> {
        self.edit(cx, |lines| {
            for line in lines {
                let Some(at) = line.iter().rposition(|byte| *byte == b':') else { continue };
                let group = line.split(|byte| *byte == b':').next().unwrap_or_default().to_vec();
                let listed = line[at + 1..].split(|byte| *byte == b',').filter(|name| !name.is_empty());
                let before: Vec<Vec<u8>> = listed.map(<[u8]>::to_vec).collect();
                let mut members = before.clone();
                change(&group, &mut members);
                if members != before {
                    line.truncate(at + 1);
                    line.extend(members.join(&b','));
                }
            }
        })
        .await
    }

    /// Writes it beside its place and moves it there, with the old one's mode and owner.
    async fn write(self, cx: &Cx, lines: &[Vec<u8>]) -> Result<(), Errno> {
        let (path, new) = (self.path().as_bytes(), format!("{}+", self.path()).into_bytes());
        let old = cx.process.stat(path, true).ok();
        let mut text = lines.join(&b'\n');
        if !text.is_empty() {
            text.push(b'\n');
        }
        if text.len() > MAX_FILE {
            return Err(Errno::EFBIG);
        }
        let flags = OpenFlags { create: true, truncate: true, ..OpenFlags::WRITE };
        let file = cx.process.open_file(&new, flags, 0o600).await?;
        let mut written = cx.process.write_file(&file, text.into()).await;
        drop(file);
        if written.is_ok() {
            let (mode, uid, gid) = old.map_or((0o644, 0, 0), |old| (old.mode, old.uid, old.gid));
            written = cx.process.chown(&new, Some(uid), Some(gid), true);
            written = written.and_then(|()| cx.process.chmod(&new, mode));
            written = written.and_then(|()| cx.process.rename(&new, path));
        }
        if written.is_err() {
            // Nothing came of it; the file itself is as it was.
            let _ = cx.process.unlink(&new);
        }
        written
    }

    /// Says that it cannot be read or written, and returns the exit code for that.
    async fn failed(self, cx: &mut Cx, errno: Errno) -> u8 {
        let (path, why) = (self.path(), cx.text(errno));
        let message = match (cx.is_gnu(), errno) {
            (true, Errno::EACCES | Errno::EPERM) => {
                format!("Permission denied.\n{}: cannot lock {path}; try again later.", cx.name)
            }
            (true, Errno::EROFS) => format!("cannot lock {path}; try again later."),
            (true, _) => format!("cannot open {path}"),
            (false, _) => format!("{path}: {why}"),
        };
        cx.error(message).await;
        1
    }
}

/// The first number of a range that neither of two tables uses.
pub(super) async fn free_number(
    cx: &mut Cx,
    tables: &[Table],
    mut range: impl Iterator<Item = u32> + Send,
) -> Result<Option<u32>, u8> {
    let mut used = BTreeSet::new();
    for table in tables {
        used.append(&mut table.numbers(cx).await?);
    }
    Ok(range.find(|number| !used.contains(number)))
}

/// Takes a user out of all groups.
pub(super) async fn leave_groups(cx: &mut Cx, user: &str) -> Result<(), u8> {
    for table in [Table::Group, Table::GroupShadow] {
        table.edit_members(cx, |_, members| members.retain(|member| member != user.as_bytes())).await?;
    }
    Ok(())
}

/// Makes a user a member of a group that there is.
pub(super) async fn join_group(cx: &mut Cx, user: &str, group: &str) -> Result<(), u8> {
    for table in [Table::Group, Table::GroupShadow] {
        table
            .edit_members(cx, |name, members| {
                let known = members.iter().any(|member| member == user.as_bytes());
                if name == group.as_bytes() && !known {
                    members.push(user.as_bytes().to_vec());
                }
            })
            .await?;
    }
    Ok(())
}
