//! `su`: a shell, or a command, as another user. Only root may: no account of an image has a password.

use std::future::poll_fn;

use bytes::Bytes;

use super::exec;
use crate::{
    commands::Cx,
    kernel::process::Outcome,
    libc::{getopt::OptSpec, passwd},
};

const SPEC: OptSpec = OptSpec {
    short: "+lmpc:s:",
    long: &[("login", b'l'), ("preserve-environment", b'p'), ("command=", b'c'), ("shell=", b's')],
};
const USAGE: &str = "[-lmp] [-s SH] [-] [USER [FILE/ARGS]]";
const ROOT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const USER_PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games";

pub(in crate::commands) async fn run(mut cx: Cx) -> Outcome {
    // Options may stand after the user's name, which tools and habits make use of.
    let at = cx.args.iter().position(|arg| *arg == "-").filter(|at| *at <= 1);
    let dash = at.map(|at| cx.args.remove(at)).is_some();
    let name = match cx.args.first() {
        Some(arg) if !arg.starts_with(b"-") => Some(cx.args.remove(0)),
        _ => None,
    };
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return Outcome::Exit(code),
    };
    let mut operands = opts.operands.clone();
    let mut login = dash || opts.has(b'l');
    if name.is_none() && operands.first().is_some_and(|operand| operand == "-") {
        operands.remove(0);
        login = true;
    }
    let name = match name {
        Some(name) => name,
        None if operands.is_empty() => Bytes::from_static(b"root"),
        None => operands.remove(0),
    };
    let shown = String::from_utf8_lossy(&name).into_owned();
    let Some(user) = passwd::user_named(&cx.process, &name) else {
        let message = match cx.is_gnu() {
            true => format!(
                "user {shown} does not exist or the user entry does not contain all the required fields"
            ),
            false => format!("unknown user {shown}"),
        };
        cx.error(message).await;
        return Outcome::Exit(1);
    };
    if cx.process.creds().uid != 0 {
        return Outcome::Exit(refused(&mut cx).await);
    }
    let members = passwd::groups(&cx.process).into_iter();
    let mut groups: Vec<u32> =
        members.filter(|(_, _, names)| names.contains(&user.name)).map(|(_, gid, _)| gid).collect();
    groups.push(user.gid);
    if let Err(errno) = cx.process.become_user(user.uid, user.gid, &groups) {
        let text = cx.text(errno);
        let message = match cx.is_gnu() {
            true => format!("cannot set groups: {text}"),
            false => format!("setgid: {text}"),
        };
        cx.error(message).await;
        return Outcome::Exit(1);
    }
    let shell = opts.value(b's').cloned().unwrap_or_else(|| match user.shell.as_slice() {
        b"" => Bytes::from_static(b"/bin/sh"),
        shell => Bytes::copy_from_slice(shell),
    });
    let env = environment(&cx, &user, &shell, login, opts.has(b'm') || opts.has(b'p'));
    if login {
        let _ = cx.process.chdir(&user.home);
    }
    let mut argv = vec![shell];
    if login {
        argv.push(Bytes::from_static(b"-l"));
    }
    if let Some(command) = opts.value(b'c') {
        argv.extend([Bytes::from_static(b"-c"), command.clone()]);
    }
    argv.extend(operands);
    exec(&mut cx, &argv, Some(env)).await
}

/// Asks for a password, which nobody has; busybox's is not installed so that it could.
async fn refused(cx: &mut Cx) -> u8 {
    if !cx.is_gnu() {
        cx.error("must be suid to work properly").await;
        return 1;
    }
    cx.complain("Password: ").await;
    if let Ok(input) = cx.process.file(0) {
        // Whatever it is, it is wrong.
        let _ = poll_fn(|task| input.poll_read(task, 1024)).await;
    }
    cx.complain("\n").await;
    cx.error("Authentication failure").await;
    1
}

fn environment(cx: &Cx, user: &passwd::User, shell: &[u8], login: bool, keep: bool) -> Vec<Bytes> {
    let is = |entry: &Bytes, name: &str| {
        entry.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'='))
    };
    let mut env = cx.process.env().to_vec();
    if keep && !login {
        return env;
    }
    let mut set = vec![("HOME", user.home.clone()), ("SHELL", shell.to_vec())];
    if login || user.uid != 0 {
        set.extend([("USER", user.name.clone()), ("LOGNAME", user.name.clone())]);
    }
    if login {
        env.retain(|entry| is(entry, "TERM"));
        set.push(("PATH", if user.uid == 0 { ROOT_PATH } else { USER_PATH }.into()));
    }
    env.retain(|entry| !set.iter().any(|(name, _)| is(entry, name)));
    env.extend(set.into_iter().map(|(name, value)| Bytes::from([name.as_bytes(), b"=", &value].concat())));
    env
}
