//! `adduser`, `addgroup`, `deluser`, `delgroup` (busybox) and `useradd`, `groupadd`, `userdel`, `groupdel` (Debian's
//! passwd): lines of `/etc/passwd`, `/etc/group` and `/etc/shadow`. Passwords are left locked: nothing here asks for one.

use super::super::{Cx, number};
use crate::{
    kernel::{errno::Errno, fs::OpenFlags},
    libc::{
        getopt::{OptSpec, Opts},
        passwd,
    },
};

const PASSWD: &[u8] = b"/etc/passwd";
const SHADOW: &[u8] = b"/etc/shadow";
const GROUP: &[u8] = b"/etc/group";
/// The longest of these files.
const MAX_FILE: usize = 1 << 20;
/// The group of those who have none, in Alpine.
const NOBODY: u32 = 65_533;

/// The lines of a file. One that is missing has none.
async fn lines(cx: &Cx, path: &[u8]) -> Vec<String> {
    let text = cx.process.read_file(path, MAX_FILE).await.unwrap_or_default();
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}

async fn write(cx: &mut Cx, path: &[u8], lines: &[String]) -> Result<(), u8> {
    let flags = OpenFlags { create: true, truncate: true, ..OpenFlags::WRITE };
    let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    let written = match cx.process.open_file(path, flags, 0o644).await {
        Ok(file) => cx.process.write_file(&file, text.into()).await,
        Err(errno) => Err(errno),
    };
    match written {
        Ok(()) => Ok(()),
        Err(errno) => {
            let (shown, why) = (String::from_utf8_lossy(path).into_owned(), cx.text(errno));
            let message = match cx.is_gnu() {
                true => format!("{why}.\n{}: cannot lock {shown}; try again later.", cx.name),
                false => format!("{shown}: {why}"),
            };
            cx.error(message).await;
            Err(1)
        }
    }
}

async fn append(cx: &mut Cx, path: &[u8], line: String) -> Result<(), u8> {
    let mut all = lines(cx, path).await;
    all.push(line);
    write(cx, path, &all).await
}

/// Takes the line of this name out; `false` where there is none.
async fn take_out(cx: &mut Cx, path: &[u8], name: &str) -> Result<bool, u8> {
    let mut all = lines(cx, path).await;
    let before = all.len();
    all.retain(|line| line.split(':').next() != Some(name));
    if all.len() == before {
        return Ok(false);
    }
    write(cx, path, &all).await.map(|()| true)
}

/// The first number that is free in a file whose third column numbers are.
async fn free_number(cx: &Cx, path: &[u8], system: bool) -> u32 {
    let all = lines(cx, path).await;
    let used: Vec<u32> =
        all.iter().filter_map(|line| line.split(':').nth(2)).filter_map(|text| text.parse().ok()).collect();
    let mut range: Box<dyn Iterator<Item = u32> + Send> = match (system, cx.is_gnu()) {
        (false, _) => Box::new(1000..60_000),
        (true, false) => Box::new(100..1000),
        (true, true) => Box::new((100..1000).rev()),
    };
    range.find(|number| !used.contains(number)).unwrap_or(60_000)
}

/// Names that may be those of users and groups.
async fn checked(cx: &mut Cx, name: &str) -> Result<(), u8> {
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-$".contains(c));
    if fits {
        return Ok(());
    }
    let message = match cx.is_gnu() {
        true => format!("invalid user name '{name}': use --badname to ignore"),
        false => "illegal name".to_owned(),
    };
    cx.error(message).await;
    Err(if cx.is_gnu() { 3 } else { 1 })
}

fn text(opts: &Opts, letter: u8) -> Option<String> {
    opts.value(letter).map(|value| String::from_utf8_lossy(value).into_owned())
}

/// A number that an option gives.
async fn given_number(cx: &mut Cx, opts: &Opts, letter: u8) -> Result<Option<u32>, u8> {
    let Some(value) = opts.value(letter) else { return Ok(None) };
    match number::parse::<u32>(value) {
        Some(number) => Ok(Some(number)),
        None => Err(cx.bad_number(value).await),
    }
}

async fn new_group(cx: &mut Cx, name: &str, gid: Option<u32>, system: bool) -> Result<u32, u8> {
    if passwd::group_named(&cx.process, name.as_bytes()).is_some() {
        let message = match cx.is_gnu() {
            true => format!("group '{name}' already exists"),
            false => format!("group '{name}' in use"),
        };
        cx.error(message).await;
        return Err(if cx.is_gnu() { 9 } else { 1 });
    }
    let gid = match gid {
        Some(gid) => gid,
        None => free_number(cx, GROUP, system).await,
    };
    append(cx, GROUP, format!("{name}:x:{gid}:")).await?;
    Ok(gid)
}

/// Adds a user to a group that there is.
async fn join_group(cx: &mut Cx, user: &str, group: &str) -> Result<(), u8> {
    let mut all = lines(cx, GROUP).await;
    let Some(line) = all.iter_mut().find(|line| line.split(':').next() == Some(group)) else {
        let message = match cx.is_gnu() {
            true => format!("group '{group}' does not exist"),
            false => format!("unknown group {group}"),
        };
        cx.error(message).await;
        return Err(if cx.is_gnu() { 6 } else { 1 });
    };
    let members = line.rsplit(':').next().unwrap_or_default();
    if members.split(',').any(|member| member == user) {
        return Ok(());
    }
    let comma = if members.is_empty() { "" } else { "," };
    *line = format!("{line}{comma}{user}");
    write(cx, GROUP, &all).await
}

/// The number of a group that is named or numbered.
async fn known_group(cx: &mut Cx, group: &str) -> Result<u32, u8> {
    let gid = passwd::group_named(&cx.process, group.as_bytes()).or_else(|| group.parse().ok());
    match gid {
        Some(gid) => Ok(gid),
        None => {
            let message = match cx.is_gnu() {
                true => format!("group '{group}' does not exist"),
                false => format!("unknown group {group}"),
            };
            cx.error(message).await;
            Err(if cx.is_gnu() { 6 } else { 1 })
        }
    }
}

/// A line of `/etc/passwd` to be.
struct NewUser {
    name: String,
    uid: u32,
    gid: u32,
    about: String,
    home: String,
    shell: String,
}

async fn new_user(cx: &mut Cx, user: NewUser, make_home: bool) -> Result<(), u8> {
    let NewUser { name, uid, gid, about, home, shell } = user;
    append(cx, PASSWD, format!("{name}:x:{uid}:{gid}:{about}:{home}:{shell}")).await?;
    let days = cx.process.now().as_second() / 86_400;
    append(cx, SHADOW, format!("{name}:!:{days}:0:99999:7:::")).await?;
    if make_home {
        match cx.process.mkdir(home.as_bytes(), 0o755) {
            Ok(()) => {
                // Who may make a directory may give it away.
                let _ = cx.process.chown(home.as_bytes(), Some(uid), Some(gid), true);
            }
            Err(Errno::EEXIST) => {}
            Err(errno) => {
                let why = cx.text(errno);
                let message = match cx.is_gnu() {
                    true => format!("cannot create directory {home}"),
                    false => format!("{home}: {why}"),
                };
                cx.error(message).await;
                return Err(if cx.is_gnu() { 12 } else { 1 });
            }
        }
    }
    Ok(())
}

fn code(done: Result<(), u8>) -> u8 {
    done.err().unwrap_or(0)
}

/// `adduser` (busybox).
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
        ],
    };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let names: Vec<String> =
        opts.operands.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    match &names[..] {
        [user, group] => code(join_group(&mut cx, user, group).await),
        [user] => code(add_one(&mut cx, &opts, user).await),
        _ => cx.bad_usage(USAGE).await,
    }
}

async fn add_one(cx: &mut Cx, opts: &Opts, name: &str) -> Result<(), u8> {
    checked(cx, name).await?;
    if passwd::user_named(&cx.process, name.as_bytes()).is_some() {
        cx.error(format!("user '{name}' in use")).await;
        return Err(1);
    }
    let system = opts.has(b'S');
    let uid = match given_number(cx, opts, b'u').await? {
        Some(uid) => uid,
        None => free_number(cx, PASSWD, system).await,
    };
    let gid = match text(opts, b'G') {
        Some(group) => known_group(cx, &group).await?,
        None if system => passwd::group_named(&cx.process, b"nogroup").unwrap_or(NOBODY),
        None => new_group(cx, name, Some(uid), false).await?,
    };
    let home = text(opts, b'h').unwrap_or_else(|| format!("/home/{name}"));
    let shell =
        text(opts, b's').unwrap_or_else(|| if system { "/sbin/nologin" } else { "/bin/sh" }.to_owned());
    let about = text(opts, b'g').unwrap_or_else(|| "Linux User,,,".to_owned());
    new_user(cx, NewUser { name: name.to_owned(), uid, gid, about, home, shell }, !opts.has(b'H')).await
}

/// `addgroup` (busybox).
pub(in crate::commands) async fn addgroup(mut cx: Cx) -> u8 {
    const USAGE: &str = "[-g GID] [-S] [USER] GROUP";
    let spec = OptSpec { short: "g:S", long: &[("gid=", b'g'), ("system", b'S')] };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let names: Vec<String> =
        opts.operands.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    let gid = match given_number(&mut cx, &opts, b'g').await {
        Ok(gid) => gid,
        Err(code) => return code,
    };
    match &names[..] {
        [user, group] => code(join_group(&mut cx, user, group).await),
        [group] => match checked(&mut cx, group).await {
            Ok(()) => code(new_group(&mut cx, group, gid, opts.has(b'S')).await.map(drop)),
            Err(code) => code,
        },
        _ => cx.bad_usage(USAGE).await,
    }
}

/// `deluser`, `delgroup` (busybox), `userdel`, `groupdel`.
pub(in crate::commands) async fn remove(mut cx: Cx) -> u8 {
    let users = cx.name.contains("user");
    let (usage, spec) = match users {
        true => (
            "[--remove-home] USER",
            OptSpec { short: "rf", long: &[("remove-home", b'r'), ("remove", b'r')] },
        ),
        false => ("GROUP", OptSpec { short: "f", long: &[] }),
    };
    let opts = match cx.opts(spec, usage).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let [name] = &opts.operands[..] else { return cx.bad_usage(usage).await };
    let name = String::from_utf8_lossy(name).into_owned();
    let home = passwd::home_of(&cx.process, name.as_bytes());
    let done = async {
        let found = take_out(&mut cx, if users { PASSWD } else { GROUP }, &name).await?;
        if !found {
            let (what, gnu) = (if users { "user" } else { "group" }, cx.is_gnu());
            let message = match gnu {
                true => format!("{what} '{name}' does not exist"),
                false => format!("unknown {what} {name}"),
            };
            cx.error(message).await;
            return Err(if gnu { 6 } else { 1 });
        }
        if users {
            take_out(&mut cx, SHADOW, &name).await?;
            take_out(&mut cx, GROUP, &name).await?;
        }
        Ok(())
    }
    .await;
    if done.is_ok()
        && opts.has(b'r')
        && let Some(home) = home
    {
        // What is not empty stays; the user is gone all the same.
        let _ = cx.process.rmdir(&home);
    }
    code(done)
}

/// `useradd`.
pub(in crate::commands) async fn useradd(mut cx: Cx) -> u8 {
    const USAGE: &str = "[options] LOGIN";
    let spec = OptSpec {
        short: "c:d:g:G:mMNrs:u:Up:",
        long: &[
            ("comment=", b'c'),
            ("home-dir=", b'd'),
            ("gid=", b'g'),
            ("groups=", b'G'),
            ("create-home", b'm'),
            ("no-create-home", b'M'),
            ("no-user-group", b'N'),
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
    let [name] = &opts.operands[..] else {
        cx.bad_usage(USAGE).await;
        return 2;
    };
    let name = String::from_utf8_lossy(name).into_owned();
    code(use_add(&mut cx, &opts, name).await)
}

async fn use_add(cx: &mut Cx, opts: &Opts, name: String) -> Result<(), u8> {
    checked(cx, &name).await?;
    if passwd::user_named(&cx.process, name.as_bytes()).is_some() {
        cx.error(format!("user '{name}' already exists")).await;
        return Err(9);
    }
    let uid = match given_number(cx, opts, b'u').await? {
        Some(uid) => uid,
        None => free_number(cx, PASSWD, opts.has(b'r')).await,
    };
    if let Some(user) = passwd::user_of(&cx.process, uid)
        && user.name != name.as_bytes()
    {
        cx.error(format!("UID {uid} is not unique")).await;
        return Err(4);
    }
    let gid = match text(opts, b'g') {
        Some(group) => known_group(cx, &group).await?,
        None if opts.has(b'N') => 100,
        None => new_group(cx, &name, Some(uid), opts.has(b'r')).await?,
    };
    let home = text(opts, b'd').unwrap_or_else(|| format!("/home/{name}"));
    let shell = text(opts, b's').unwrap_or_else(|| "/bin/sh".to_owned());
    let about = text(opts, b'c').unwrap_or_default();
    new_user(cx, NewUser { name: name.clone(), uid, gid, about, home, shell }, opts.has(b'm')).await?;
    for group in text(opts, b'G').iter().flat_map(|groups| groups.split(',')) {
        join_group(cx, &name, group).await?;
    }
    Ok(())
}

/// `groupadd`.
pub(in crate::commands) async fn groupadd(mut cx: Cx) -> u8 {
    const USAGE: &str = "[options] GROUP";
    let spec = OptSpec { short: "g:rf", long: &[("gid=", b'g'), ("system", b'r'), ("force", b'f')] };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code * 2,
    };
    let [name] = &opts.operands[..] else {
        cx.bad_usage(USAGE).await;
        return 2;
    };
    let name = String::from_utf8_lossy(name).into_owned();
    if opts.has(b'f') && passwd::group_named(&cx.process, name.as_bytes()).is_some() {
        return 0;
    }
    match given_number(&mut cx, &opts, b'g').await {
        Ok(gid) => code(new_group(&mut cx, &name, gid, opts.has(b'r')).await.map(drop)),
        Err(code) => code,
    }
}
