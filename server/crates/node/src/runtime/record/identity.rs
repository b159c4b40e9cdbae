//! What a container's processes begin with: their command line, environment and user.

use std::sync::Arc;

use bytes::Bytes;

use super::DEFAULT_PATH;
use crate::{
    kernel::creds::{Creds, cap},
    runtime::{ContainerConfig, RuntimeError, User, volume::read_file},
};

/// The command line: the container's own, or the image's.
pub(super) fn arguments(config: &ContainerConfig, entrypoint: &[String], cmd: &[String]) -> Arc<[Bytes]> {
    let (command, args) = match (config.command.is_empty(), config.args.is_empty()) {
        (false, _) => (&config.command[..], &config.args[..]),
        (true, false) => (entrypoint, &config.args[..]),
        (true, true) => (entrypoint, cmd),
    };
    command.iter().chain(args).map(|arg| Bytes::from(arg.clone().into_bytes())).collect()
}

/// The environment in the order that containerd gives it.
pub(super) fn environment(
    config: &ContainerConfig,
    image: &[(String, String)],
    hostname: &str,
    home: &str,
) -> Arc<[Bytes]> {
    let mut all: Vec<(String, String)> = vec![("PATH".to_owned(), DEFAULT_PATH.to_owned())];
    let mut set = |name: &str, value: &str| match all.iter_mut().find(|(known, _)| known == name) {
        Some(known) => value.clone_into(&mut known.1),
        None => all.push((name.to_owned(), value.to_owned())),
    };
    if config.tty {
        set("TERM", "xterm");
    }
    set("HOSTNAME", hostname);
    for (name, value) in image.iter().chain(&config.env) {
        set(name, value);
    }
    if !all.iter().any(|(name, _)| name == "HOME") {
        all.push(("HOME".to_owned(), home.to_owned()));
    }
    all.into_iter().map(|(name, value)| Bytes::from(format!("{name}={value}"))).collect()
}

/// Who the processes run as, and their home directory.
pub(super) fn credentials(
    table: &crate::kernel::fs::MountTable,
    config: &ContainerConfig,
    image_user: &str,
) -> Result<(Creds, String), RuntimeError> {
    let text = |path: &str| {
        let bytes = read_file(table, path, 256 * 1024).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let passwd = text("/etc/passwd");
    let users: Vec<Vec<&str>> = passwd.lines().map(|line| line.split(':').collect()).collect();
    let group = text("/etc/group");
    let groups: Vec<Vec<&str>> = group.lines().map(|line| line.split(':').collect()).collect();
    let security = &config.security;
    let (wanted, wanted_group) = match &security.user {
        Some(User::Id(uid)) => (uid.to_string(), None),
        Some(User::Name(name)) => (name.clone(), None),
        None => match image_user.split_once(':') {
            Some((user, group)) => (user.to_owned(), Some(group.to_owned())),
            None => (image_user.to_owned(), None),
        },
    };
    let wanted = if wanted.is_empty() { "0".to_owned() } else { wanted };
    let number = wanted.parse::<u32>().ok();
    let entry = users.iter().find(|fields| {
        let uid = fields.get(2).and_then(|uid| uid.parse::<u32>().ok());
        match number {
            Some(_) => uid == number,
            None => fields.first() == Some(&wanted.as_str()),
        }
    });
    let field = |index: usize| entry.and_then(|fields| fields.get(index)).copied();
    let uid = number.or_else(|| field(2)?.parse().ok()).ok_or_else(|| {
        RuntimeError::InvalidConfig(format!(
            "failed to generate container spec: failed to generate spec: no users found for {wanted}: unable to find user \
             {wanted}: no matching entries in passwd file"
        ))
    })?;
    let group_number = |name: &str| {
        name.parse().ok().or_else(|| {
            groups
                .iter()
                .find(|fields| fields.first() == Some(&name))
                .and_then(|fields| fields.get(2)?.parse().ok())
        })
    };
    let gid = security
        .group
        .or_else(|| group_number(&wanted_group?))
        .or_else(|| field(3)?.parse().ok())
        .unwrap_or(0);
    let name = field(0).unwrap_or_default().to_owned();
    let mut all = vec![gid];
    for fields in &groups {
        let member = fields
            .get(3)
            .is_some_and(|members| !name.is_empty() && members.split(',').any(|member| member == name));
        if let (true, Some(gid)) = (member, fields.get(2).and_then(|gid| gid.parse().ok())) {
            all.push(gid);
        }
    }
    all.extend(&security.supplemental_groups);
    let mut unique = Vec::new();
    for gid in all {
        if !unique.contains(&gid) {
            unique.push(gid);
        }
    }
    let mut bounding = if security.privileged { cap::ALL } else { cap::DEFAULT };
    let bits =
        |names: &[String]| names.iter().filter_map(|name| cap::parse(name)).fold(0, |all, bits| all | bits);
    let dropped = bits(&security.drop_capabilities);
    bounding = (bounding & !dropped) | bits(&security.add_capabilities);
    let effective = if uid == 0 { bounding } else { 0 };
    let home = field(5).filter(|home| !home.is_empty()).unwrap_or("/").to_owned();
    Ok((Creds { uid, gid, groups: unique.into(), effective, bounding }, home))
}
