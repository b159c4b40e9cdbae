//! Users and groups: `adduser`, `addgroup`, `deluser`, `delgroup` (busybox) and `useradd`, `usermod`, `userdel`,
//! `groupadd`, `groupdel` (Debian's passwd) edit `/etc/passwd`, `/etc/group` and their shadows. Passwords are left
//! locked.

pub(in crate::commands) mod adduser;
pub(in crate::commands) mod deluser;
mod home;
pub(in crate::commands) mod password;
mod registry;
pub(in crate::commands) mod useradd;
pub(in crate::commands) mod userdel;
pub(in crate::commands) mod usermod;

use super::super::Cx;

/// The operands of a command line, as text.
fn names(operands: &[bytes::Bytes]) -> Vec<String> {
    operands.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

/// Whose entry, by name, a line is.
fn is_of(line: &[u8], name: &str) -> bool {
    line.split(|byte| *byte == b':').next() == Some(name.as_bytes())
}

/// Says that there is no group (or user) of this name, in the flavour's words, and returns the exit code for that.
async fn unknown(cx: &mut Cx, what: &str, name: &str) -> u8 {
    let (message, code) = match cx.is_gnu() {
        true => (format!("{what} '{name}' does not exist"), 6),
        false => (format!("unknown {what} {name}"), 1),
    };
    cx.error(message).await;
    code
}

/// What is left of a piece of work: its exit code.
fn code(done: Result<(), u8>) -> u8 {
    done.err().unwrap_or(0)
}

/// Sees to it that only root changes accounts, as busybox says it.
async fn require_root(cx: &mut Cx) -> Result<(), u8> {
    if cx.process.creds().uid == 0 {
        return Ok(());
    }
    cx.error("permission denied (are you root?)").await;
    Err(1)
}
