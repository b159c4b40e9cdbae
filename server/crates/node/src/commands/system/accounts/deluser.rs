//! `deluser` and `delgroup` (busybox).

use super::{
    super::super::Cx,
    code, home, names,
    registry::{Table, leave_groups},
    require_root, unknown,
};
use crate::libc::{getopt::OptSpec, passwd};

/// `deluser`.
pub(in crate::commands) async fn deluser(mut cx: Cx) -> u8 {
    const USAGE: &str = "[--remove-home] USER";
    let opts = match cx.opts(OptSpec { short: "", long: &[("remove-home", b'r')] }, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    match &names(&opts.operands)[..] {
        [name] => code(remove_user(&mut cx, name, opts.has(b'r')).await),
        _ => cx.bad_usage(USAGE).await,
    }
}

async fn remove_user(cx: &mut Cx, name: &str, with_home: bool) -> Result<(), u8> {
    require_root(cx).await?;
    let Some(user) = passwd::user_named(&cx.process, name.as_bytes()) else {
        return Err(unknown(cx, "user", name).await);
    };
    if with_home && !user.home.is_empty() {
        home::remove(cx, &user.home).await;
    }
    Table::Passwd.take_out(cx, name).await?;
    Table::Shadow.take_out(cx, name).await?;
    leave_groups(cx, name).await?;
    match passwd::group_named(&cx.process, name.as_bytes()) {
        Some(gid) => remove_group(cx, name, gid).await,
        None => Ok(()),
    }
}

/// `delgroup`.
pub(in crate::commands) async fn delgroup(mut cx: Cx) -> u8 {
    const USAGE: &str = "[USER] GROUP";
    let opts = match cx.opts(OptSpec { short: "", long: &[] }, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let names = names(&opts.operands);
    let (member, group) = match &names[..] {
        [group] => (None, group),
        [member, group] => (Some(member), group),
        _ => return cx.bad_usage(USAGE).await,
    };
    if let Err(code) = require_root(&mut cx).await {
        return code;
    }
    let Some(gid) = passwd::group_named(&cx.process, group.as_bytes()) else {
        return unknown(&mut cx, "group", group).await;
    };
    code(match member {
        None => remove_group(&mut cx, group, gid).await,
        Some(member) => remove_member(&mut cx, member, group).await,
    })
}

async fn remove_member(cx: &mut Cx, member: &str, group: &str) -> Result<(), u8> {
    for table in [Table::Group, Table::GroupShadow] {
        table
            .edit_members(cx, |name, members| {
                if name == group.as_bytes() {
                    members.retain(|known| known != member.as_bytes());
                }
            })
            .await?;
    }
    Ok(())
}

async fn remove_group(cx: &mut Cx, name: &str, gid: u32) -> Result<(), u8> {
    if let Some(user) = passwd::users(&cx.process).into_iter().find(|user| user.gid == gid) {
        let user = String::from_utf8_lossy(&user.name).into_owned();
        cx.error(format!("'{user}' still has '{name}' as their primary group!")).await;
        return Err(1);
    }
    Table::Group.take_out(cx, name).await?;
    Table::GroupShadow.take_out(cx, name).await.map(drop)
}
