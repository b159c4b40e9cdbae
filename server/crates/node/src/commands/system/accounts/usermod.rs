//! `usermod` (Debian's passwd): groups, shell, home, comment, numbers, and the lock.

use super::{
    super::super::Cx,
    code, is_of, names,
    registry::{Table, join_group, leave_groups},
    unknown,
    useradd::{given_id, known_group, known_groups, text},
};
use crate::libc::{
    getopt::{OptSpec, Opts},
    passwd,
};

const USAGE: &str = "[options] LOGIN";

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "ac:d:g:G:Lmos:u:U",
        long: &[
            ("append", b'a'),
            ("comment=", b'c'),
            ("home=", b'd'),
            ("gid=", b'g'),
            ("groups=", b'G'),
            ("lock", b'L'),
            ("move-home", b'm'),
            ("non-unique", b'o'),
            ("shell=", b's'),
            ("uid=", b'u'),
            ("unlock", b'U'),
        ],
    };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code * 2,
    };
    if opts.has(b'a') && !opts.has(b'G') {
        cx.error("-a flag is only allowed with the -G flag").await;
        cx.bad_usage(USAGE).await;
        return 2;
    }
    match &names(&opts.operands)[..] {
        [name] => code(change(&mut cx, &opts, name).await),
        _ => {
            cx.bad_usage(USAGE).await;
            2
        }
    }
}

async fn change(cx: &mut Cx, opts: &Opts, name: &str) -> Result<(), u8> {
    let Some(user) = passwd::user_named(&cx.process, name.as_bytes()) else {
        return Err(unknown(cx, "user", name).await);
    };
    if opts.given.is_empty() {
        cx.error("no changes").await;
        return Ok(());
    }
    let uid = given_id(cx, opts, b'u', "user").await?;
    if let Some(uid) = uid
        && !opts.has(b'o')
        && passwd::user_of(&cx.process, uid).is_some_and(|other| other.name != user.name)
    {
        cx.error(format!("UID '{uid}' already exists")).await;
        return Err(4);
    }
    let gid = match text(opts, b'g') {
        Some(group) => Some(known_group(cx, &group).await?),
        None => None,
    };
    let groups = match text(opts, b'G') {
        Some(list) => Some(known_groups(cx, &list).await?),
        None => None,
    };
    if let Some(shell) = opts.value(b's')
        && !shell.is_empty()
        && cx.process.access(shell, 1).is_err()
    {
        cx.error(format!("Warning: missing or non-executable shell '{}'", String::from_utf8_lossy(shell)))
            .await;
    }
    let fields = [
        (2, uid.map(|uid| uid.to_string())),
        (3, gid.map(|gid| gid.to_string())),
        (4, text(opts, b'c')),
        (5, text(opts, b'd')),
        (6, text(opts, b's')),
    ];
    set_fields(cx, Table::Passwd, name, &fields).await?;
    if opts.has(b'L') || opts.has(b'U') {
        let lock = opts.has(b'L');
        let password =
            Table::Shadow.lines(cx).await?.iter().find(|line| is_of(line, name)).and_then(|line| {
                line.split(|byte| *byte == b':').nth(1).map(|text| String::from_utf8_lossy(text).into_owned())
            });
        let password = password.map(|text| match (lock, text.strip_prefix('!')) {
            (true, None) => format!("!{text}"),
            (false, Some(bare)) if !bare.is_empty() => bare.to_owned(),
            _ => text,
        });
        set_fields(cx, Table::Shadow, name, &[(1, password)]).await?;
    }
    if let Some(groups) = groups {
        if !opts.has(b'a') {
            leave_groups(cx, name).await?;
        }
        for group in groups {
            join_group(cx, name, &group).await?;
        }
    }
    if let (true, Some(home)) = (opts.has(b'm'), opts.value(b'd'))
        && cx.process.rename(&user.home, home).is_err()
    {
        let (from, to) = (String::from_utf8_lossy(&user.home), String::from_utf8_lossy(home));
        cx.error(format!("cannot rename directory {from} to {to}")).await;
        return Err(12);
    }
    Ok(())
}

/// Sets fields, counted from 0, of somebody's line; those without a value stay.
async fn set_fields(
    cx: &mut Cx,
    table: Table,
    name: &str,
    fields: &[(usize, Option<String>)],
) -> Result<(), u8> {
    let change = |lines: &mut Vec<Vec<u8>>| {
        for line in lines.iter_mut().filter(|line| is_of(line, name)) {
            let mut columns: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
            for (index, value) in fields {
                if let (Some(column), Some(value)) = (columns.get_mut(*index), value) {
                    *column = value.as_bytes();
                }
            }
            let changed = columns.join(&b':');
            *line = changed;
        }
    };
    table.edit(cx, change).await.map(drop)
}
