//! `htpasswd`: files of users and their passwords for web servers (Apache HTTP Server, htpasswd(1)).

use bytes::Bytes;

use super::Cx;
use crate::{
    kernel::{errno::Errno, fs::OpenFlags},
    libc::{
        crypt::{Scheme, bcrypt_note, salt, sha1_note, verify, work},
        getopt::OptSpec,
    },
};

const MAX_FILE: usize = 1 << 20;
const USAGE: &str = "\
Usage:
	htpasswd [-cimB25dpsDv] [-C cost] [-r rounds] passwordfile username
	htpasswd -b[cmB25dpsDv] [-C cost] [-r rounds] passwordfile username password

	htpasswd -n[imB25dps] [-C cost] [-r rounds] username
	htpasswd -nb[mB25dps] [-C cost] [-r rounds] username password
";

/// How passwords are noted.
#[derive(Clone, Copy)]
enum Kind {
    Crypt(Scheme),
    Bcrypt(u32),
    Sha1,
    Plain,
}

/// Runs `htpasswd`.
pub(super) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "cnbimB25dpsDvC:r:", long: &[] }, USAGE).await {
        Ok(opts) => opts,
        Err(_) => return usage(&mut cx).await,
    };
    let (prints, in_line) = (opts.has(b'n'), opts.has(b'b'));
    let wanted = usize::from(!prints) + 1 + usize::from(in_line);
    if opts.operands.len() != wanted || (prints && (opts.has(b'c') || opts.has(b'D'))) {
        return usage(&mut cx).await;
    }
    let mut operands = opts.operands.iter().cloned();
    let path = if prints { Bytes::new() } else { operands.next().unwrap_or_default() };
    let user = String::from_utf8_lossy(&operands.next().unwrap_or_default()).into_owned();
    if user.contains(':') {
        cx.complain("htpasswd: username contains illegal character ':'\n").await;
        return 6;
    }
    let old = match cx.process.read_file(&path, MAX_FILE).await {
        _ if prints || opts.has(b'c') => String::new(),
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(Errno::ENOENT) => {
            let path = String::from_utf8_lossy(&path).into_owned();
            cx.complain(format!("htpasswd: cannot modify file {path}; use '-c' to create it\n")).await;
            return 1;
        }
        Err(errno) => {
            let (path, reason) = (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
            cx.complain(format!("htpasswd: cannot open file {path} for read access: {reason}\n")).await;
            return 1;
        }
    };
    let known = old.lines().find_map(|line| line.strip_prefix(&user)?.strip_prefix(':'));
    if opts.has(b'D') {
        let Some(_) = known else {
            cx.complain(format!("User {user} not found\n")).await;
            return 0;
        };
        return save(&mut cx, &path, &old, &user, None).await;
    }
    let password = match operands.next() {
        Some(password) => password,
        None => match ask(&mut cx, opts.has(b'i') || opts.has(b'v')).await {
            Some(password) => password,
            None => {
                cx.complain("htpasswd: password verification error\n").await;
                return 3;
            }
        },
    };
    if opts.has(b'v') {
        let Some(known) = known else {
            cx.complain(format!("User {user} not found\n")).await;
            return 6;
        };
        cx.process.work(work(known)).await;
        let fits = verify(&String::from_utf8_lossy(&password), known);
        let text = if fits {
            format!("Password for user {user} correct.\n")
        } else {
            "password verification failed\n".to_owned()
        };
        cx.complain(text).await;
        return if fits { 0 } else { 3 };
    }
    let cost = opts.value(b'C').and_then(|cost| std::str::from_utf8(cost).ok()?.parse().ok()).unwrap_or(5);
    let kind = [
        (b'B', Kind::Bcrypt(cost)),
        (b's', Kind::Sha1),
        (b'p', Kind::Plain),
        (b'2', Kind::Crypt(Scheme::Sha256)),
        (b'5', Kind::Crypt(Scheme::Sha512)),
    ]
    .into_iter()
    .find_map(|(letter, kind)| opts.has(letter).then_some(kind))
    .unwrap_or(Kind::Crypt(Scheme::Apache));
    if matches!(kind, Kind::Plain) {
        cx.complain("Warning: storing passwords as plain text might just not work on this platform.\n").await;
    }
    let noted = note(&cx, kind, &password).await;
    if prints {
        cx.put(format!("{user}:{noted}\n\n"));
        return cx.finish(0).await;
    }
    save(&mut cx, &path, &old, &user, Some(&noted)).await
}

async fn usage(cx: &mut Cx) -> u8 {
    cx.complain(USAGE).await;
    2
}

async fn note(cx: &Cx, kind: Kind, password: &[u8]) -> String {
    let process = &cx.process;
    let noted = match kind {
        Kind::Crypt(scheme) => scheme.note(password, &salt(scheme.max_salt(), || process.random())),
        Kind::Bcrypt(cost) => {
            let mut bytes = [0; 16];
            bytes.fill_with(|| process.random() as u8);
            bcrypt_note(password, cost, bytes).unwrap_or_default()
        }
        Kind::Sha1 => sha1_note(password),
        Kind::Plain => String::from_utf8_lossy(password).into_owned(),
    };
    process.work(work(&noted)).await;
    noted
}

/// Reads a password, twice unless it is `once`; `None` where the two differ.
async fn ask(cx: &mut Cx, once: bool) -> Option<Bytes> {
    if !once {
        cx.complain("New password: ").await;
    }
    let text = match cx.open(b"-").await {
        Ok(file) => cx.read_all(&file).await.unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let mut lines = text.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    if !once {
        cx.complain("\nRe-type new password: \n").await;
        if lines.next() != Some(first) {
            return None;
        }
    }
    Some(Bytes::copy_from_slice(first))
}

/// Writes the file with one line changed, added or left out, and says so.
async fn save(cx: &mut Cx, path: &Bytes, old: &str, user: &str, noted: Option<&str>) -> u8 {
    let of_user = |line: &&str| line.strip_prefix(user).is_some_and(|rest| rest.starts_with(':'));
    let is_known = old.lines().any(|line| of_user(&line));
    let mut text = String::new();
    for line in old.lines() {
        match noted {
            Some(noted) if of_user(&line) => text += &format!("{user}:{noted}\n"),
            None if of_user(&line) => {}
            _ => text += &format!("{line}\n"),
        }
    }
    if let (Some(noted), false) = (noted, is_known) {
        text += &format!("{user}:{noted}\n");
    }
    let written = match cx.process.open(path, OpenFlags::WRITE, 0o644).await {
        Ok(fd) => cx.process.write(fd, text).await,
        Err(errno) => Err(errno),
    };
    if let Err(errno) = written {
        let (path, reason) = (String::from_utf8_lossy(path).into_owned(), cx.text(errno));
        cx.complain(format!("htpasswd: cannot create file {path}: {reason}\n")).await;
        return 1;
    }
    let verb = match (noted, is_known) {
        (None, _) => "Deleting",
        (_, true) => "Updating",
        _ => "Adding",
    };
    cx.complain(format!("{verb} password for user {user}\n")).await;
    0
}
