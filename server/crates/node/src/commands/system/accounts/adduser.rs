//! `adduser` and `addgroup` (busybox).

use super::{
    super::super::Cx,
    code, home, names,
    registry::{Table, free_number, join_group},
    require_root, unknown,
};
use crate::{
    commands::number,
    kernel::errno::Errno,
    libc::{
        getopt::{OptSpec, Opts},
        passwd,
    },
};

/// The last number that an ordinary user or group gets.
const LAST_ID: u32 = 60_000;

/// The numbers that users and groups may get.
fn range(system: bool) -> std::ops::RangeInclusive<u32> {
    if system { 100..=999 } else { 1000..=LAST_ID }
}

/// Names that may be those of users and groups.
async fn checked(cx: &mut Cx, name: &str) -> Result<(), u8> {
    let last = name.len().saturating_sub(1);
    let fits = |(at, byte): &(usize, u8)| {
        byte.is_ascii_alphanumeric()
            || *byte == b'_'
            || *at > 0 && (matches!(byte, b'-' | b'.') || *byte == b'$' && *at == last)
    };
    let wrong = name.bytes().enumerate().find(|place| !fits(place));
    let message = match wrong {
        Some((at, byte)) => format!("illegal character with code {byte} at position {at}"),
        None if name.is_empty() => "illegal character with code 0 at position 0".to_owned(),
        None if name.len() >= 256 => "name is too long".to_owned(),
        None => return Ok(()),
    };
    cx.error(message).await;
    Err(1)
}

async fn in_use(cx: &mut Cx, what: &str, which: impl std::fmt::Display + Send) -> u8 {
    cx.error(format!("{what} '{which}' in use")).await;
    1
}

/// A number that an option gives.
async fn given_number(cx: &mut Cx, opts: &Opts, letter: u8) -> Result<Option<u32>, u8> {
    let Some(value) = opts.value(letter) else { return Ok(None) };
    match number::parse::<u32>(value) {
        Some(number) => Ok(Some(number)),
        None => Err(cx.bad_number(value).await),
    }
}

fn text(opts: &Opts, letter: u8) -> Option<String> {
    opts.value(letter).map(|value| String::from_utf8_lossy(value).into_owned())
}

/// Adds a user that there is to a group that there is.
async fn add_member(cx: &mut Cx, user: &str, group: &str) -> Result<(), u8> {
    if passwd::user_named(&cx.process, user.as_bytes()).is_none() {
        return Err(unknown(cx, "user", user).await);
    }
    if passwd::group_named(&cx.process, group.as_bytes()).is_none() {
        return Err(unknown(cx, "group", group).await);
    }
    join_group(cx, user, group).await
}

async fn new_group(cx: &mut Cx, name: &str, gid: Option<u32>, system: bool) -> Result<(), u8> {
    if passwd::group_named(&cx.process, name.as_bytes()).is_some() {
        return Err(in_use(cx, "group", name).await);
    }
    let gid = match gid {
        Some(gid) if passwd::group_of(&cx.process, gid).is_some() => {
            return Err(in_use(cx, "gid", gid).await);
        }
        Some(gid) => gid,
        None => match free_number(cx, &[Table::Group], range(system)).await? {
            Some(gid) => gid,
            None => {
                cx.error("no gids left").await;
                return Err(1);
            }
        },
    };
    Table::Group.append(cx, format!("{name}:x:{gid}:")).await?;
    Table::GroupShadow.append(cx, format!("{name}:!::")).await
}

/// `adduser`.
pub(in crate::commands) async fn adduser(mut cx: Cx) -> u8 {
    const USAGE: &str = "[OPTIONS] USER [GROUP]";
    let spec = OptSpec {
        short: "h:g:s:G:SDHu:k:",
        long: &[
            ("home=", b'h'),
            ("gecos=", b'g'),
            ("shell=", b's'),
            ("ingroup=", b'G'),
            ("system", b'S'),
            ("disabled-password", b'D'),
            ("no-create-home", b'H'),
            ("uid=", b'u'),
            ("skel=", b'k'),
        ],
    };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if let Err(code) = require_root(&mut cx).await {
        return code;
    }
    match &names(&opts.operands)[..] {
        [user, group] => code(add_member(&mut cx, user, group).await),
        [user] => code(add_user(&mut cx, &opts, user).await),
        _ => cx.bad_usage(USAGE).await,
    }
}

async fn add_user(cx: &mut Cx, opts: &Opts, name: &str) -> Result<(), u8> {
    checked(cx, name).await?;
    let system = opts.has(b'S');
    let group = text(opts, b'G').or_else(|| system.then(|| "nogroup".to_owned()));
    let given = given_number(cx, opts, b'u').await?;
    let group_id = match &group {
        Some(group) => match passwd::group_named(&cx.process, group.as_bytes()) {
            Some(gid) => Some(gid),
            None => return Err(unknown(cx, "group", group).await),
        },
        None => None,
    };
    if passwd::user_named(&cx.process, name.as_bytes()).is_some() {
        return Err(in_use(cx, "user", name).await);
    }
    if group.is_none() && passwd::group_named(&cx.process, name.as_bytes()).is_some() {
        return Err(in_use(cx, "group", name).await);
    }
    let uid = match given {
        Some(uid) if passwd::user_of(&cx.process, uid).is_some() => return Err(in_use(cx, "uid", uid).await),
        Some(uid) => uid,
        None => {
            // A group of its own has the user's number.
            let tables = if group.is_some() { &[Table::Passwd][..] } else { &[Table::Passwd, Table::Group] };
            match free_number(cx, tables, range(system)).await? {
                Some(uid) => uid,
                None => {
                    cx.error("no uids left").await;
                    return Err(1);
                }
            }
        }
    };
    let gid = group_id.unwrap_or(uid);
    let home = text(opts, b'h').unwrap_or_else(|| format!("/home/{name}"));
    let shell =
        text(opts, b's').unwrap_or_else(|| if system { "/sbin/nologin" } else { "/bin/sh" }.to_owned());
    let about = text(opts, b'g').unwrap_or_else(|| "Linux User,,,".to_owned());
    Table::Passwd.append(cx, format!("{name}:x:{uid}:{gid}:{about}:{home}:{shell}")).await?;
    let days = cx.process.now().as_second() / 86_400;
    Table::Shadow.append(cx, format!("{name}:!:{days}:0:99999:7:::")).await?;
    match &group {
        Some(group) => join_group(cx, name, group).await?,
        None => new_group(cx, name, Some(gid), false).await?,
    }
    if !opts.has(b'H') {
        match home::make(cx, &home, uid, gid, 0o2755).await {
            Ok(()) | Err(Errno::EEXIST) => {}
            // The user is there all the same.
            Err(errno) => cx.file_error(home.as_bytes(), errno).await,
        }
    }
    Ok(())
}

/// `addgroup`.
pub(in crate::commands) async fn addgroup(mut cx: Cx) -> u8 {
    const USAGE: &str = "[-g GID] [-S] [USER] GROUP";
    let spec = OptSpec { short: "g:S", long: &[("gid=", b'g'), ("system", b'S')] };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if let Err(code) = require_root(&mut cx).await {
        return code;
    }
    let gid = match given_number(&mut cx, &opts, b'g').await {
        Ok(gid) => gid,
        Err(code) => return code,
    };
    match &names(&opts.operands)[..] {
        [user, group] if gid.is_none() => code(add_member(&mut cx, user, group).await),
        [group] => match checked(&mut cx, group).await {
            Ok(()) => code(new_group(&mut cx, group, gid, opts.has(b'S')).await),
            Err(code) => code,
        },
        _ => cx.bad_usage(USAGE).await,
    }
}
