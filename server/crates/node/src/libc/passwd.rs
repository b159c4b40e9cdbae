//! Users and groups, by `/etc/passwd` and `/etc/group` of whoever asks (`getpwnam(3)`).

use crate::kernel::process::Process;

/// The longest file that is looked at, in bytes.
pub(crate) const MAX_FILE: usize = 1 << 20;

/// A line of `/etc/passwd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: Vec<u8>,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) home: Vec<u8>,
    pub(crate) shell: Vec<u8>,
}

fn lines(process: &Process, path: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let Ok(place) = process.place(path, true) else { return Vec::new() };
    let Ok(text) = place.inode.read_at(0, MAX_FILE) else { return Vec::new() };
    let fields = |line: &[u8]| line.split(|byte| *byte == b':').map(<[u8]>::to_vec).collect();
    text.split(|byte| *byte == b'\n').map(fields).collect()
}

fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// All users.
pub(crate) fn users(process: &Process) -> Vec<User> {
    let user = |fields: Vec<Vec<u8>>| {
        let [name, _, uid, gid, _, home, shell]: [Vec<u8>; 7] = fields.try_into().ok()?;
        Some(User { name, uid: number(&uid)?, gid: number(&gid)?, home, shell })
    };
    lines(process, b"/etc/passwd").into_iter().filter_map(user).collect()
}

/// The user of this name.
pub(crate) fn user_named(process: &Process, name: &[u8]) -> Option<User> {
    users(process).into_iter().find(|user| user.name == name)
}

/// The user of this number.
pub(crate) fn user_of(process: &Process, uid: u32) -> Option<User> {
    users(process).into_iter().find(|user| user.uid == uid)
}

/// A user's home directory.
pub(crate) fn home_of(process: &Process, name: &[u8]) -> Option<Vec<u8>> {
    user_named(process, name).map(|user| user.home)
}

/// All groups: name, number, members.
pub(crate) fn groups(process: &Process) -> Vec<(Vec<u8>, u32, Vec<Vec<u8>>)> {
    let group = |fields: Vec<Vec<u8>>| {
        let members = fields.get(3)?.split(|byte| *byte == b',').filter(|name| !name.is_empty());
        Some((fields.first()?.clone(), number(fields.get(2)?)?, members.map(<[u8]>::to_vec).collect()))
    };
    lines(process, b"/etc/group").into_iter().filter_map(group).collect()
}

/// The number of a group.
pub(crate) fn group_named(process: &Process, name: &[u8]) -> Option<u32> {
    groups(process).into_iter().find(|(known, ..)| known == name).map(|(_, gid, _)| gid)
}

/// The name of a group.
pub(crate) fn group_of(process: &Process, gid: u32) -> Option<Vec<u8>> {
    groups(process).into_iter().find(|(_, known, _)| *known == gid).map(|(name, ..)| name)
}

/// A user's name, or the number where there is none.
pub(crate) fn user_text(process: &Process, uid: u32) -> String {
    user_of(process, uid)
        .map_or_else(|| uid.to_string(), |user| String::from_utf8_lossy(&user.name).into_owned())
}

/// A group's name, or the number where there is none.
pub(crate) fn group_text(process: &Process, gid: u32) -> String {
    group_of(process, gid).map_or_else(|| gid.to_string(), |name| String::from_utf8_lossy(&name).into_owned())
}
