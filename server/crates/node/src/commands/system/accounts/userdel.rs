//! `userdel` and `groupdel` (Debian's passwd).

use super::{
    super::super::Cx,
    code, home, names,
    registry::{Table, leave_groups},
    unknown,
};
use crate::libc::{getopt::OptSpec, passwd};

/// `userdel`.
pub(in crate::commands) async fn userdel(mut cx: Cx) -> u8 {
    const USAGE: &str = "[options] LOGIN";
    let opts = match cx.opts(OptSpec { short: "rf", long: &[("remove", b'r'), ("force", b'f')] }, USAGE).await
    {
        Ok(opts) => opts,
        Err(code) => return code * 2,
    };
    match &names(&opts.operands)[..] {
        [name] => code(remove_user(&mut cx, name, opts.has(b'r')).await),
        _ => {
            cx.bad_usage(USAGE).await;
            2
        }
    }
}

async fn remove_user(cx: &mut Cx, name: &str, with_home: bool) -> Result<(), u8> {
    let Some(user) = passwd::user_named(&cx.process, name.as_bytes()) else {
        return Err(unknown(cx, "user", name).await);
    };
    Table::Passwd.take_out(cx, name).await?;
    Table::Shadow.take_out(cx, name).await?;
    leave_groups(cx, name).await?;
    // A user's own group goes along where nobody else is in it.
    let own = passwd::groups(&cx.process).into_iter().find(|(group, ..)| group == name.as_bytes());
    if let Some((_, gid, members)) = own {
        if !members.is_empty() {
            cx.error(format!("group {name} not removed because it has other members.")).await;
        } else if let Some(other) = passwd::users(&cx.process).iter().find(|user| user.gid == gid) {
            let other = String::from_utf8_lossy(&other.name).into_owned();
            cx.error(format!(
                "group {name} is the primary group of another user '{other}' and is not removed."
            ))
            .await;
        } else {
            Table::Group.take_out(cx, name).await?;
            Table::GroupShadow.take_out(cx, name).await?;
        }
    }
    if !with_home {
        return Ok(());
    }
    let spool = format!("/var/mail/{name}");
    if cx.process.stat(spool.as_bytes(), true).is_err() {
        cx.error(format!("{name} mail spool ({spool}) not found")).await;
    }
    let home = String::from_utf8_lossy(&user.home).into_owned();
    match cx.process.stat(&user.home, true) {
        Err(_) => {
            cx.error(format!("{name} home directory ({home}) not found")).await;
            Ok(())
        }
        Ok(stat) if stat.uid != user.uid => {
            cx.error(format!("{home} not owned by {name}, not removing")).await;
            Err(12)
        }
        Ok(_) => {
            home::remove(cx, &user.home).await;
            Ok(())
        }
    }
}

/// `groupdel`.
pub(in crate::commands) async fn groupdel(mut cx: Cx) -> u8 {
    const USAGE: &str = "[options] GROUP";
    let opts = match cx.opts(OptSpec { short: "f", long: &[("force", b'f')] }, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code * 2,
    };
    match &names(&opts.operands)[..] {
        [name] => code(remove_group(&mut cx, name, opts.has(b'f')).await),
        _ => {
            cx.bad_usage(USAGE).await;
            2
        }
    }
}

async fn remove_group(cx: &mut Cx, name: &str, force: bool) -> Result<(), u8> {
    let Some(gid) = passwd::group_named(&cx.process, name.as_bytes()) else {
        return Err(unknown(cx, "group", name).await);
    };
    if !force && let Some(user) = passwd::users(&cx.process).into_iter().find(|user| user.gid == gid) {
        let user = String::from_utf8_lossy(&user.name).into_owned();
        cx.error(format!("cannot remove the primary group of user '{user}'")).await;
        return Err(8);
    }
    Table::Group.take_out(cx, name).await?;
    Table::GroupShadow.take_out(cx, name).await.map(drop)
}
