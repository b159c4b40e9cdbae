//! `useradd` and `groupadd` (Debian's passwd).

use super::{
    super::super::Cx,
    code, home, names,
    registry::{Table, free_number, join_group},
    unknown,
};
use crate::{
    commands::number,
    kernel::errno::Errno,
    libc::{
        getopt::{OptSpec, Opts},
        passwd,
    },
};

/// The numbers of ordinary users and groups (`UID_MIN` and `UID_MAX` of `login.defs`).
const ORDINARY: std::ops::Range<u32> = 1000..60_001;
/// Those of a system, which are taken from above.
const SYSTEM: std::ops::Range<u32> = 100..1000;

/// Names that may be those of users and groups.
async fn checked(cx: &mut Cx, what: &str, name: &str) -> Result<(), u8> {
    let fits = name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_uppercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-$".contains(c));
    if fits {
        return Ok(());
    }
    let hint = if what == "user" { ": use --badname to ignore" } else { "" };
    match what {
        "user" => cx.error(format!("invalid user name '{name}'{hint}")).await,
        _ => cx.error(format!("'{name}' is not a valid group name")).await,
    }
    Err(3)
}

pub(super) fn text(opts: &Opts, letter: u8) -> Option<String> {
    opts.value(letter).map(|value| String::from_utf8_lossy(value).into_owned())
}

/// The number that an option gives to a user or a group (`what`).
pub(super) async fn given_id(cx: &mut Cx, opts: &Opts, letter: u8, what: &str) -> Result<Option<u32>, u8> {
    let Some(value) = opts.value(letter) else { return Ok(None) };
    match number::parse::<u32>(value) {
        Some(number) => Ok(Some(number)),
        None => {
            cx.error(format!("invalid {what} ID '{}'", String::from_utf8_lossy(value))).await;
            Err(3)
        }
    }
}

/// The number of a group that is named or numbered.
pub(super) async fn known_group(cx: &mut Cx, group: &str) -> Result<u32, u8> {
    let numbered = group.parse().ok().filter(|gid| passwd::group_of(&cx.process, *gid).is_some());
    match passwd::group_named(&cx.process, group.as_bytes()).or(numbered) {
        Some(gid) => Ok(gid),
        None => Err(unknown(cx, "group", group).await),
    }
}

/// The groups of a list; all that do not exist are named.
pub(super) async fn known_groups(cx: &mut Cx, list: &str) -> Result<Vec<String>, u8> {
    let (mut groups, mut missing) = (Vec::new(), None);
    for group in list.split(',').filter(|group| !group.is_empty()) {
        match known_group(cx, group).await {
            Ok(gid) => groups.push(passwd::group_text(&cx.process, gid)),
            Err(code) => missing = Some(code),
        }
    }
    missing.map_or(Ok(groups), Err)
}

/// A number for somebody new.
async fn new_id(cx: &mut Cx, tables: &[Table], system: bool) -> Result<u32, u8> {
    let free = match system {
        true => free_number(cx, tables, SYSTEM.rev()).await?,
        false => free_number(cx, tables, ORDINARY).await?,
    };
    match free {
        Some(number) => Ok(number),
        None => {
            let what = if tables.contains(&Table::Passwd) { "UID" } else { "GID" };
            cx.error(format!("Can't get unique {what} (no more available {what}s)")).await;
            Err(4)
        }
    }
}

async fn new_group(cx: &mut Cx, name: &str, gid: u32) -> Result<(), u8> {
    Table::Group.append(cx, format!("{name}:x:{gid}:")).await?;
    Table::GroupShadow.append(cx, format!("{name}:!::")).await
}

/// `useradd`.
pub(in crate::commands) async fn useradd(mut cx: Cx) -> u8 {
    const USAGE: &str = "[options] LOGIN";
    let spec = OptSpec {
        short: "b:c:d:e:f:g:G:k:lmMNorp:s:u:U",
        long: &[
            ("base-dir=", b'b'),
            ("comment=", b'c'),
            ("home-dir=", b'd'),
            ("expiredate=", b'e'),
            ("inactive=", b'f'),
            ("gid=", b'g'),
            ("groups=", b'G'),
            ("skel=", b'k'),
            ("no-log-init", b'l'),
            ("create-home", b'm'),
            ("no-create-home", b'M'),
            ("no-user-group", b'N'),
            ("non-unique", b'o'),
            ("password=", b'p'),
            ("system", b'r'),
            ("shell=", b's'),
            ("uid=", b'u'),
            ("user-group", b'U'),
        ],
    };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code * 2,
    };
    match &names(&opts.operands)[..] {
        [name] => code(add_user(&mut cx, &opts, name).await),
        _ => {
            cx.bad_usage(USAGE).await;
            2
        }
    }
}

async fn add_user(cx: &mut Cx, opts: &Opts, name: &str) -> Result<(), u8> {
    let system = opts.has(b'r');
    let given = given_id(cx, opts, b'u', "user").await?;
    let joined = match text(opts, b'G') {
        Some(list) => known_groups(cx, &list).await?,
        None => Vec::new(),
    };
    let group = match text(opts, b'g') {
        Some(group) => Some(known_group(cx, &group).await?),
        None if opts.has(b'N') => Some(100),
        None => None,
    };
    checked(cx, "user", name).await?;
    if passwd::user_named(&cx.process, name.as_bytes()).is_some() {
        cx.error(format!("user '{name}' already exists")).await;
        return Err(9);
    }
    if group.is_none() && passwd::group_named(&cx.process, name.as_bytes()).is_some() {
        cx.error(format!("group {name} exists - if you want to add this user to that group, use -g.")).await;
        return Err(9);
    }
    let uid = match given {
        Some(uid) if !opts.has(b'o') && passwd::user_of(&cx.process, uid).is_some() => {
            cx.error(format!("UID {uid} is not unique")).await;
            return Err(4);
        }
        Some(uid) => uid,
        None => {
            // A group of its own has the user's number.
            let tables = if group.is_some() { &[Table::Passwd][..] } else { &[Table::Passwd, Table::Group] };
            new_id(cx, tables, system).await?
        }
    };
    let gid = match group {
        Some(gid) => gid,
        None if passwd::group_of(&cx.process, uid).is_none() => uid,
        None => new_id(cx, &[Table::Group], system).await?,
    };
    let base = text(opts, b'b').unwrap_or_else(|| "/home".to_owned());
    let home = text(opts, b'd').unwrap_or_else(|| format!("{base}/{name}"));
    let shell = text(opts, b's').unwrap_or_else(|| "/bin/sh".to_owned());
    let about = text(opts, b'c').unwrap_or_default();
    let password = text(opts, b'p').unwrap_or_else(|| "!".to_owned());
    Table::Passwd.append(cx, format!("{name}:x:{uid}:{gid}:{about}:{home}:{shell}")).await?;
    let days = cx.process.now().as_second() / 86_400;
    let ageing = if system { "::::::" } else { ":0:99999:7:::" };
    Table::Shadow.append(cx, format!("{name}:{password}:{days}{ageing}")).await?;
    if group.is_none() {
        new_group(cx, name, gid).await?;
    }
    for group in &joined {
        join_group(cx, name, group).await?;
    }
    if !opts.has(b'm') {
        return Ok(());
    }
    match home::make(cx, &home, uid, gid, 0o755).await {
        Ok(()) => Ok(()),
        Err(Errno::EEXIST) => {
            cx.error(format!("warning: the home directory {home} already exists.")).await;
            cx.error("Not copying any file from skel directory into it.").await;
            Ok(())
        }
        Err(_) => {
            cx.error(format!("cannot create directory {home}")).await;
            Err(12)
        }
    }
}

/// `groupadd`.
pub(in crate::commands) async fn groupadd(mut cx: Cx) -> u8 {
    const USAGE: &str = "[options] GROUP";
    let spec = OptSpec {
        short: "g:rfo",
        long: &[("gid=", b'g'), ("system", b'r'), ("force", b'f'), ("non-unique", b'o')],
    };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code * 2,
    };
    match &names(&opts.operands)[..] {
        [name] => code(add_group(&mut cx, &opts, name).await),
        _ => {
            cx.bad_usage(USAGE).await;
            2
        }
    }
}

async fn add_group(cx: &mut Cx, opts: &Opts, name: &str) -> Result<(), u8> {
    let mut given = given_id(cx, opts, b'g', "group").await?;
    checked(cx, "group", name).await?;
    if passwd::group_named(&cx.process, name.as_bytes()).is_some() {
        if opts.has(b'f') {
            return Ok(());
        }
        cx.error(format!("group '{name}' already exists")).await;
        return Err(9);
    }
    if let Some(gid) = given
        && !opts.has(b'o')
        && passwd::group_of(&cx.process, gid).is_some()
    {
        if !opts.has(b'f') {
            cx.error(format!("GID '{gid}' already exists")).await;
            return Err(4);
        }
        given = None;
    }
    let gid = match given {
        Some(gid) => gid,
        None => new_id(cx, &[Table::Group], opts.has(b'r')).await?,
    };
    new_group(cx, name, gid).await
}
