//! `passwd`, `chpasswd`, `mkpasswd`: passwords of accounts. They are noted in `/etc/shadow`, as `crypt(3)` makes them.

use bytes::Bytes;

use super::{
    super::super::{Cx, Lines},
    code, is_of,
    registry::Table,
    require_root, unknown,
};
use crate::libc::{
    crypt::{Scheme, salt},
    getopt::OptSpec,
    passwd,
};

const PASSWD: &str = "[-a ALG] [-dlu] [USER]

Change USER's password (default: current user)

	-a ALG	des,md5,sha256/512 (default sha256)
	-d	Set password to ''
	-l	Lock (disable) account
	-u	Unlock (enable) account";
const CHPASSWD: &str = "[--md5|--encrypted|--crypt-method|--root]

Read user:password from stdin and update /etc/passwd

	-e,--encrypted		Supplied passwords are in encrypted form
	-m,--md5		Encrypt using md5, not des
	-c,--crypt-method ALG	des,md5,sha256/512 (default sha256)";
const MKPASSWD: &str = "[-P FD] [-m TYPE] [-S SALT] [PASSWORD] [SALT]

Print crypt(3) hashed PASSWORD

	-P N	Read password from fd N
	-m TYPE	des,md5,sha256/512 (default sha256)
	-S SALT";

/// The scheme of this name. The old one of `crypt(3)`, whose passwords end after eight characters, is not made any more.
fn scheme(name: &[u8]) -> Option<Scheme> {
    match name.to_ascii_lowercase().as_slice() {
        b"md5" => Some(Scheme::Md5),
        b"sha256" | b"sha-256" | b"sha256crypt" => Some(Scheme::Sha256),
        b"sha512" | b"sha-512" | b"sha512crypt" => Some(Scheme::Sha512),
        _ => None,
    }
}

async fn noted(cx: &Cx, scheme: Scheme, password: &[u8], given: Option<&Bytes>) -> String {
    cx.process.work(5000).await;
    let salt = match given {
        Some(salt) => String::from_utf8_lossy(salt).into_owned(),
        None => salt(scheme.max_salt(), || cx.process.random()),
    };
    scheme.note(password, &salt)
}

/// What the options chose, or the flavour's usual scheme.
async fn chosen(cx: &mut Cx, name: Option<&Bytes>) -> Result<Scheme, u8> {
    let Some(name) = name else {
        return Ok(if cx.is_gnu() { Scheme::Sha512 } else { Scheme::Sha256 });
    };
    match scheme(name) {
        Some(scheme) => Ok(scheme),
        None => {
            let shown = String::from_utf8_lossy(name).into_owned();
            match cx.is_gnu() {
                true => cx.error(format!("unsupported crypt method: {shown}")).await,
                false => cx.error(format!("invalid crypt method: {shown}")).await,
            }
            Err(1)
        }
    }
}

/// Changes what is noted of somebody's password. Where there is no shadow, it stands in `/etc/passwd`.
async fn set(cx: &mut Cx, name: &str, change: impl Fn(&str) -> String + Send + Sync) -> Result<(), u8> {
    let in_shadow = Table::Shadow.lines(cx).await?.iter().any(|line| is_of(line, name));
    let table = if in_shadow { Table::Shadow } else { Table::Passwd };
    let edit = |lines: &mut Vec<Vec<u8>>| {
        for line in lines.iter_mut().filter(|line| is_of(line, name)) {
            let mut fields: Vec<Vec<u8>> = line.split(|byte| *byte == b':').map(<[u8]>::to_vec).collect();
            if let Some(field) = fields.get_mut(1) {
                *field = change(&String::from_utf8_lossy(field)).into_bytes();
            }
            *line = fields.join(&b':');
        }
    };
    table.edit(cx, edit).await.map(drop)
}

/// What is noted of somebody's password.
async fn get(cx: &mut Cx, name: &str) -> Result<String, u8> {
    for table in [Table::Shadow, Table::Passwd] {
        let lines = table.lines(cx).await?;
        let field = lines
            .iter()
            .find(|line| is_of(line, name))
            .and_then(|line| line.split(|byte| *byte == b':').nth(1));
        if let Some(field) = field {
            return Ok(String::from_utf8_lossy(field).into_owned());
        }
    }
    Ok(String::new())
}

/// `chpasswd`: lines of `user:password` on standard input.
pub(in crate::commands) async fn chpasswd(mut cx: Cx) -> u8 {
    code(change_many(&mut cx).await)
}

async fn change_many(cx: &mut Cx) -> Result<(), u8> {
    let spec = OptSpec {
        short: "emc:R:s:",
        long: &[
            ("encrypted", b'e'),
            ("md5", b'm'),
            ("crypt-method=", b'c'),
            ("root=", b'R'),
            ("sha-rounds=", b's'),
        ],
    };
    let opts = cx.opts(spec, CHPASSWD).await?;
    require_root(cx).await?;
    let scheme = if opts.has(b'm') { Scheme::Md5 } else { chosen(cx, opts.value(b'c')).await? };
    let Ok(input) = cx.process.file(0) else { return Ok(()) };
    let mut lines = Lines::new(input);
    let mut number = 0;
    loop {
        let line = match lines.next(cx).await {
            Ok(Some(line)) => line.text,
            Ok(None) => return Ok(()),
            Err(errno) => {
                let text = cx.text(errno);
                cx.error(format!("read error: {text}")).await;
                return Err(1);
            }
        };
        number += 1;
        let Some(colon) = memchr::memchr(b':', &line) else {
            match cx.is_gnu() {
                true => cx.error(format!("line {number}: missing new password")).await,
                false => cx.error("missing new password").await,
            }
            return Err(1);
        };
        let name = String::from_utf8_lossy(&line[..colon]).into_owned();
        let password = line.slice(colon + 1..);
        if passwd::user_named(&cx.process, name.as_bytes()).is_none() {
            if cx.is_gnu() {
                cx.error(format!("line {number}: user '{name}' does not exist")).await;
                return Err(1);
            }
            return Err(unknown(cx, "user", &name).await);
        }
        let new = match opts.has(b'e') {
            true => String::from_utf8_lossy(&password).into_owned(),
            false => noted(cx, scheme, &password, None).await,
        };
        set(cx, &name, |_| new.clone()).await?;
        if !cx.is_gnu() {
            cx.flush().await;
            cx.complain(format!("{}: password for '{name}' changed\n", cx.name)).await;
        }
    }
}

/// `passwd`: a new password, or with `-l`, `-u`, `-d` a lock, its end, no password at all.
pub(in crate::commands) async fn passwd_command(mut cx: Cx) -> u8 {
    code(change_one(&mut cx).await)
}

async fn change_one(cx: &mut Cx) -> Result<(), u8> {
    let spec = OptSpec {
        short: "a:dluSe",
        long: &[
            ("delete", b'd'),
            ("lock", b'l'),
            ("unlock", b'u'),
            ("status", b'S'),
            ("expire", b'e'),
            ("algorithm=", b'a'),
        ],
    };
    let opts = cx.opts(spec, PASSWD).await?;
    let uid = cx.process.creds().uid;
    let own = passwd::user_of(&cx.process, uid).map(|user| user.name);
    let name = match opts.operands.first() {
        Some(name) => String::from_utf8_lossy(name).into_owned(),
        None => own.as_deref().map(|name| String::from_utf8_lossy(name).into_owned()).unwrap_or_default(),
    };
    let Some(user) = passwd::user_named(&cx.process, name.as_bytes()) else {
        return Err(unknown(cx, "user", &name).await);
    };
    if uid != 0 && (user.uid != uid || opts.has(b'd') || opts.has(b'l') || opts.has(b'u')) {
        match cx.is_gnu() {
            true => cx.error(format!("You may not view or modify password information for {name}.")).await,
            false => cx.error(format!("{name} can't change the password of others")).await,
        }
        return Err(1);
    }
    let old = get(cx, &name).await?;
    if opts.has(b'S') && cx.is_gnu() {
        let state = match old.as_str() {
            "" => "NP",
            old if old.starts_with(['!', '*']) => "L",
            _ => "P",
        };
        cx.put(format!("{name} {state} 2025-09-29 0 99999 7 -1\n"));
        return Err(cx.finish(0).await);
    }
    let bare = old.strip_prefix('!').unwrap_or(&old).to_owned();
    match opts.last_of(b"dlu") {
        Some(b'd') => {
            set(cx, &name, |_| String::new()).await?;
            told(cx, &name).await;
        }
        Some(b'l') => {
            if bare.len() < old.len() && !cx.is_gnu() {
                cx.error(format!("password for {name} is already locked")).await;
                return Err(1);
            }
            set(cx, &name, |_| format!("!{bare}")).await?;
            told(cx, &name).await;
        }
        Some(_) => {
            if bare.len() == old.len() && !cx.is_gnu() {
                cx.error(format!("password for {name} is already unlocked")).await;
                return Err(1);
            }
            if bare.is_empty() && cx.is_gnu() {
                cx.error(
                    "unlocking the password would result in a passwordless account.\nYou should set a password with \
                     usermod -p to unlock the password of this account.",
                )
                .await;
                return Err(3);
            }
            set(cx, &name, |_| bare.clone()).await?;
            told(cx, &name).await;
        }
        None => return ask(cx, &name, opts.value(b'a')).await,
    }
    Ok(())
}

async fn told(cx: &mut Cx, name: &str) {
    let message = match cx.is_gnu() {
        true => "password changed.".to_owned(),
        false => format!("password for {name} changed by root"),
    };
    cx.error(message).await;
}

/// Asks for a new password, twice.
async fn ask(cx: &mut Cx, name: &str, algorithm: Option<&Bytes>) -> Result<(), u8> {
    let scheme = chosen(cx, algorithm).await?;
    if !cx.is_gnu() {
        cx.put(format!("Changing password for {name}\n"));
        cx.flush().await;
    }
    let mut answers = Vec::new();
    for question in ["New password: ", "Retype password: "] {
        let question = match (cx.is_gnu(), question) {
            (true, "Retype password: ") => "Retype new password: ",
            _ => question,
        };
        cx.complain(question).await;
        let answer = read_secret(cx).await;
        cx.complain("\n").await;
        answers.push(answer);
    }
    let [first, second] = &answers[..] else { return Err(1) };
    if first.is_empty() || first != second {
        match (cx.is_gnu(), first == second) {
            (true, false) => cx.complain("Sorry, passwords do not match.\n").await,
            (true, true) => cx.complain("No password has been supplied.\n").await,
            (false, _) => cx.error(format!("password for {name} is unchanged")).await,
        }
        if cx.is_gnu() {
            cx.complain("passwd: Authentication token manipulation error\npasswd: password unchanged\n")
                .await;
            return Err(10);
        }
        return Err(1);
    }
    let new = noted(cx, scheme, first, None).await;
    set(cx, name, |_| new.clone()).await?;
    match cx.is_gnu() {
        true => cx.error("password updated successfully").await,
        false => cx.error(format!("password for {name} changed by root")).await,
    }
    Ok(())
}

/// A line that a terminal does not show.
async fn read_secret(cx: &mut Cx) -> Vec<u8> {
    let tty = cx.process.file(0).ok().and_then(|file| file.terminal().cloned());
    let before = tty.as_ref().map(|tty| tty.termios());
    if let (Some(tty), Some(before)) = (&tty, &before) {
        tty.set_termios(crate::kernel::tty::Termios { echo: false, ..*before });
    }
    let mut line = Vec::new();
    while let Ok(byte) = cx.process.read(0, 1).await {
        if byte.is_empty() || &byte[..] == b"\n" || line.len() > 512 {
            break;
        }
        line.extend_from_slice(&byte);
    }
    if let (Some(tty), Some(before)) = (tty, before) {
        tty.set_termios(before);
    }
    line
}

/// `mkpasswd`, `cryptpw`: what would be noted of a password.
pub(in crate::commands) async fn mkpasswd(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "sP:S:m:a:",
        long: &[("stdin", b's'), ("password-fd=", b'P'), ("salt=", b'S'), ("method=", b'm')],
    };
    let opts = match cx.opts(spec, MKPASSWD).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let scheme = match chosen(&mut cx, opts.value(b'm').or(opts.value(b'a'))).await {
        Ok(scheme) => scheme,
        Err(code) => return code,
    };
    let password = match opts.operands.first() {
        Some(password) => password.clone(),
        None => {
            if cx.process.file(0).is_ok_and(|file| file.terminal().is_some()) {
                cx.complain("Password: ").await;
            }
            read_secret(&mut cx).await.into()
        }
    };
    let given = opts.value(b'S').or_else(|| opts.operands.get(1)).cloned();
    let text = noted(&cx, scheme, &password, given.as_ref()).await;
    cx.put(text + "\n");
    cx.finish(0).await
}
