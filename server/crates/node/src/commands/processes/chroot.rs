//! `chroot`: runs a program that sees a directory as its root.

use bytes::Bytes;

use super::exec;
use crate::{
    commands::Cx,
    kernel::process::Outcome,
    libc::{getopt::OptSpec, passwd},
};

const SPEC: OptSpec = OptSpec { short: "+", long: &[("userspec=", b'u'), ("skip-chdir", b's')] };
const USAGE: &str = "NEWROOT [PROG ARGS]";

pub(in crate::commands) async fn run(mut cx: Cx) -> Outcome {
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return Outcome::Exit(failure(&cx, code)),
    };
    let Some((root, program)) = opts.operands.split_first() else {
        if cx.is_gnu() {
            cx.error("missing operand").await;
        }
        let code = cx.bad_usage(USAGE).await;
        return Outcome::Exit(failure(&cx, code));
    };
    if let Err(errno) = cx.process.chroot(root) {
        let (shown, text) = (String::from_utf8_lossy(root).into_owned(), cx.text(errno));
        let message = match cx.is_gnu() {
            true => format!("cannot change root directory to '{shown}': {text}"),
            false => format!("can't change root directory to '{shown}': {text}"),
        };
        cx.error(message).await;
        return Outcome::Exit(failure(&cx, 1));
    }
    // The new root can always be entered: it is a directory, and who changes roots passes by modes.
    let _ = cx.process.chdir(b"/");
    if let Some(spec) = opts.value(b'u') {
        let Some((uid, gid)) = user_and_group(&cx, spec) else {
            cx.error("invalid user").await;
            return Outcome::Exit(failure(&cx, 1));
        };
        if let Err(errno) = cx.process.become_user(uid, gid, &[gid]) {
            let message = format!("failed to set user-ID: {}", cx.text(errno));
            cx.error(message).await;
            return Outcome::Exit(failure(&cx, 1));
        }
    }
    let program = if program.is_empty() {
        let shell = cx.process.var("SHELL").unwrap_or_else(|| Bytes::from_static(b"/bin/sh"));
        vec![shell, Bytes::from_static(b"-i")]
    } else {
        program.to_vec()
    };
    exec(&mut cx, &program, None).await
}

/// GNU's code for its own failures leaves the others to the program.
fn failure(cx: &Cx, code: u8) -> u8 {
    if cx.is_gnu() { 125 } else { code }
}

/// `USER[:GROUP]`, as names or numbers.
fn user_and_group(cx: &Cx, spec: &[u8]) -> Option<(u32, u32)> {
    let (user, group) = match spec.iter().position(|byte| *byte == b':') {
        Some(at) => (&spec[..at], Some(&spec[at + 1..])),
        None => (spec, None),
    };
    let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<u32>().ok();
    let known = passwd::user_named(&cx.process, user);
    let uid = known.as_ref().map(|user| user.uid).or_else(|| number(user))?;
    let gid = match group {
        Some(group) => passwd::group_named(&cx.process, group).or_else(|| number(group))?,
        None => known.map_or(uid, |user| user.gid),
    };
    Some((uid, gid))
}
