//! `unshare`, `nsenter`, `setpriv`: what changes a process's view of the system. Containers
//! may not without `CAP_SYS_ADMIN`, and hear so.

use bytes::Bytes;

use super::exec;
use crate::{
    commands::Cx,
    kernel::{creds::cap, errno::Errno, process::Outcome},
    libc::getopt::OptSpec,
};

const UNSHARE: &str = "[OPTIONS] [PROG ARGS]";
const NSENTER: &str = "[OPTIONS] [PROG ARGS]";
const SETPRIV: &str = "[OPTIONS] PROG ARGS

Run PROG with different privilege settings

-d,--dump		Show current capabilities
--nnp,--no-new-privs	Ignore setuid/setgid bits and file capabilities
--inh-caps CAP,CAP	Set inheritable capabilities
--ambient-caps CAP,CAP	Set ambient capabilities";

/// What runs where nothing else is named.
static SHELL: [Bytes; 1] = [Bytes::from_static(b"/bin/sh")];

/// Namespaces by the letters of their options, their flags for `unshare(2)` and their names below `/proc/PID/ns`.
const KINDS: [(u8, u32, &str); 6] = [
    (b'm', 0x0002_0000, "mnt"),
    (b'u', 0x0400_0000, "uts"),
    (b'i', 0x0800_0000, "ipc"),
    (b'n', 0x4000_0000, "net"),
    (b'p', 0x2000_0000, "pid"),
    (b'U', 0x1000_0000, "user"),
];

/// `unshare`: a namespace of its own.
pub(in crate::commands) async fn unshare(mut cx: Cx) -> Outcome {
    let spec = OptSpec {
        short: "+m::u::i::n::p::U::C::T::frc",
        long: &[
            ("mount==", b'm'),
            ("uts==", b'u'),
            ("ipc==", b'i'),
            ("net==", b'n'),
            ("pid==", b'p'),
            ("user==", b'U'),
            ("cgroup==", b'C'),
            ("fork", b'f'),
            ("map-root-user", b'r'),
            ("mount-proc==", b'm'),
            ("propagation=", b'\x01'),
            ("setgroups=", b'\x02'),
        ],
    };
    let opts = match cx.opts(spec, UNSHARE).await {
        Ok(opts) => opts,
        Err(code) => return Outcome::Exit(code),
    };
    let user = opts.has(b'r');
    let flags: u32 = KINDS
        .iter()
        .filter(|(letter, ..)| opts.has(*letter) || (*letter == b'U' && user))
        .map(|(_, flag, _)| flag)
        .sum();
    if (flags != 0 || opts.has(b'C')) && !cx.process.creds().has(cap::SYS_ADMIN) {
        let text = cx.text(Errno::EPERM);
        match cx.is_gnu() {
            true => cx.error(format!("unshare failed: {text}")).await,
            false => cx.error(format!("unshare(0x{flags:x}): {text}")).await,
        }
        return Outcome::Exit(1);
    }
    exec(&mut cx, if opts.operands.is_empty() { &SHELL } else { &opts.operands }, None).await
}

/// `nsenter`: another process's namespaces.
pub(in crate::commands) async fn nsenter(mut cx: Cx) -> Outcome {
    let spec = OptSpec {
        short: "+t:am::u::i::n::p::U::C::S:G:r::w::FZ",
        long: &[
            ("target=", b't'),
            ("all", b'a'),
            ("mount==", b'm'),
            ("uts==", b'u'),
            ("ipc==", b'i'),
            ("net==", b'n'),
            ("pid==", b'p'),
            ("user==", b'U'),
            ("setuid=", b'S'),
            ("setgid=", b'G'),
            ("root==", b'r'),
            ("wd==", b'w'),
            ("no-fork", b'F'),
            ("preserve-credentials", b'\x01'),
        ],
    };
    let opts = match cx.opts(spec, NSENTER).await {
        Ok(opts) => opts,
        Err(code) => return Outcome::Exit(code),
    };
    let chosen = KINDS.iter().find(|(letter, ..)| opts.has(*letter) || opts.has(b'a'));
    let Some((letter, _, name)) = chosen else {
        return exec(&mut cx, if opts.operands.is_empty() { &SHELL } else { &opts.operands }, None).await;
    };
    let target = opts.value(b't').map(|text| String::from_utf8_lossy(text).into_owned());
    let path = match (opts.value(*letter), &target) {
        (Some(path), _) => String::from_utf8_lossy(path).into_owned(),
        (None, Some(pid)) => format!("/proc/{pid}/ns/{name}"),
        (None, None) => {
            match cx.is_gnu() {
                true => cx.error("no target PID specified for --all").await,
                false => cx.error("neither FILE nor target PID is specified").await,
            }
            return Outcome::Exit(1);
        }
    };
    let pid = target.as_deref().and_then(|text| text.parse::<i64>().ok());
    if let Some(pid) = pid
        && let Err(errno) = cx.process.kill(pid, None)
        && errno == Errno::ESRCH
    {
        let text = cx.text(Errno::ENOENT);
        match cx.is_gnu() {
            true => cx.error(format!("cannot open {path}: {text}")).await,
            false => cx.error(format!("can't open '{path}': {text}")).await,
        }
        return Outcome::Exit(1);
    }
    if cx.process.creds().has(cap::SYS_ADMIN) {
        // A privileged container has nothing but its own namespaces to enter here.
        return exec(&mut cx, if opts.operands.is_empty() { &SHELL } else { &opts.operands }, None).await;
    }
    let text = cx.text(Errno::EPERM);
    match cx.is_gnu() {
        true => cx.error(format!("reassociate to namespace 'ns/{name}' failed: {text}")).await,
        false => cx.error(format!("setns(): can't reassociate to namespace '{name}': {text}")).await,
    }
    Outcome::Exit(1)
}

/// `setpriv`: runs a program with fewer privileges; `--dump` shows those of this one.
pub(in crate::commands) async fn setpriv(mut cx: Cx) -> Outcome {
    let spec = OptSpec {
        short: "+d",
        long: &[
            ("dump", b'd'),
            ("nnp", b'n'),
            ("no-new-privs", b'n'),
            ("inh-caps=", b'i'),
            ("ambient-caps=", b'a'),
            ("bounding-set=", b'b'),
            ("reuid=", b'u'),
            ("regid=", b'g'),
            ("ruid=", b'u'),
            ("euid=", b'u'),
            ("rgid=", b'g'),
            ("egid=", b'g'),
            ("clear-groups", b'c'),
            ("keep-groups", b'k'),
            ("init-groups", b'I'),
            ("groups=", b'G'),
        ],
    };
    let opts = match cx.opts(spec, SETPRIV).await {
        Ok(opts) => opts,
        Err(code) => return Outcome::Exit(code),
    };
    if opts.has(b'd') {
        let creds = cx.process.creds();
        let groups: Vec<String> = creds.groups.iter().map(u32::to_string).collect();
        let groups = if groups.is_empty() { "[none]".to_owned() } else { groups.join(",") };
        cx.put(format!(
            "uid: {uid}\neuid: {uid}\ngid: {gid}\negid: {gid}\nSupplementary groups: {groups}\nno_new_privs: 0\n",
            uid = creds.uid,
            gid = creds.gid
        ));
        return Outcome::Exit(cx.finish(0).await);
    }
    if opts.operands.is_empty() {
        if cx.is_gnu() {
            cx.error("No program specified").await;
        }
        return Outcome::Exit(cx.bad_usage(SETPRIV).await);
    }
    let id = |letter: u8| {
        opts.value(letter).map(|text| {
            (text.clone(), std::str::from_utf8(text).ok().and_then(|text| text.parse::<u32>().ok()))
        })
    };
    let (uid, gid) = (id(b'u'), id(b'g'));
    for (given, number) in [&uid, &gid].into_iter().flatten() {
        if number.is_none() {
            let shown = String::from_utf8_lossy(given).into_owned();
            cx.error(format!("failed to parse reuid: '{shown}'")).await;
            return Outcome::Exit(1);
        }
    }
    let creds = cx.process.creds();
    let groups =
        if opts.has(b'c') { std::sync::Arc::default() } else { std::sync::Arc::clone(&creds.groups) };
    let (uid, gid) = (uid.and_then(|(_, uid)| uid), gid.and_then(|(_, gid)| gid));
    if let Err(errno) = cx.process.become_user(uid.unwrap_or(creds.uid), gid.unwrap_or(creds.gid), &groups) {
        let text = cx.text(errno);
        cx.error(format!("setresuid failed: {text}")).await;
        return Outcome::Exit(127);
    }
    exec(&mut cx, &opts.operands, None).await
}
