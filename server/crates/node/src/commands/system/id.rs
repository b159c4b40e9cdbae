//! `id`, `whoami`, `groups`: who one is.

use crate::{
    commands::Cx,
    libc::{getopt::OptSpec, passwd},
};

/// A user and its groups, the own one first.
struct Identity {
    uid: u32,
    gid: u32,
    groups: Vec<u32>,
}

impl Identity {
    fn own(cx: &Cx) -> Self {
        let creds = cx.process.creds();
        let mut groups = vec![creds.gid];
        groups.extend(creds.groups.iter().copied().filter(|gid| *gid != creds.gid));
        Self { uid: creds.uid, gid: creds.gid, groups }
    }

    fn of(cx: &Cx, name: &[u8]) -> Option<Self> {
        let user = passwd::user_named(&cx.process, name)
            .or_else(|| passwd::user_of(&cx.process, std::str::from_utf8(name).ok()?.parse().ok()?))?;
        let mut groups = vec![user.gid];
        let member =
            passwd::groups(&cx.process).into_iter().filter(|(_, _, members)| members.contains(&user.name));
        groups.extend(member.map(|(_, gid, _)| gid).filter(|gid| *gid != user.gid));
        Some(Self { uid: user.uid, gid: user.gid, groups })
    }
}

async fn identity(cx: &mut Cx, name: Option<&bytes::Bytes>) -> Option<Identity> {
    let Some(name) = name else { return Some(Identity::own(cx)) };
    let found = Identity::of(cx, name);
    if found.is_none() {
        let shown = String::from_utf8_lossy(name).into_owned();
        let message = match cx.is_gnu() {
            true => format!("'{shown}': no such user"),
            false => format!("unknown user {shown}"),
        };
        cx.error(message).await;
    }
    found
}

pub(in crate::commands) async fn id(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "ugGnrza",
        long: &[
            ("user", b'u'),
            ("group", b'g'),
            ("groups", b'G'),
            ("name", b'n'),
            ("real", b'r'),
            ("zero", b'z'),
        ],
    };
    let opts = match cx.opts(spec, "[-ugGnr] [USER]").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let what = opts.last_of(b"ugG");
    if what.is_none() && (opts.has(b'n') || opts.has(b'r')) {
        if cx.is_gnu() {
            cx.error("cannot print only names or real IDs in default format").await;
            return 1;
        }
        return cx.bad_usage("[-ugGnr] [USER]").await;
    }
    let Some(identity) = identity(&mut cx, opts.operands.first()).await else { return 1 };
    let process = std::sync::Arc::clone(&cx.process);
    let names = opts.has(b'n');
    let user = |uid: u32| if names { passwd::user_text(&process, uid) } else { uid.to_string() };
    let group = |gid: u32| if names { passwd::group_text(&process, gid) } else { gid.to_string() };
    let text = match what {
        Some(b'u') => user(identity.uid),
        Some(b'g') => group(identity.gid),
        Some(_) => identity.groups.iter().map(|gid| group(*gid)).collect::<Vec<_>>().join(" "),
        None => {
            let with_name = |number: u32, name: Option<String>| match name {
                Some(name) => format!("{number}({name})"),
                None => number.to_string(),
            };
            let lossy = |name: Vec<u8>| String::from_utf8_lossy(&name).into_owned();
            let user = passwd::user_of(&process, identity.uid).map(|user| lossy(user.name));
            let group = |gid: u32| with_name(gid, passwd::group_of(&process, gid).map(lossy));
            let groups: Vec<String> = identity.groups.iter().map(|gid| group(*gid)).collect();
            format!(
                "uid={} gid={} groups={}",
                with_name(identity.uid, user),
                group(identity.gid),
                groups.join(",")
            )
        }
    };
    cx.put(text);
    cx.put("\n");
    cx.finish(0).await
}

pub(in crate::commands) async fn whoami(mut cx: Cx) -> u8 {
    if let Some(extra) = cx.args.first().cloned() {
        if cx.is_gnu() {
            cx.error(format!("extra operand '{}'", String::from_utf8_lossy(&extra))).await;
        }
        return cx.bad_usage("").await;
    }
    let uid = cx.process.creds().uid;
    let Some(user) = passwd::user_of(&cx.process, uid) else {
        let message = match cx.is_gnu() {
            true => format!("cannot find name for user ID {uid}"),
            false => format!("unknown uid {uid}"),
        };
        cx.error(message).await;
        return 1;
    };
    cx.put(user.name);
    cx.put("\n");
    cx.finish(0).await
}

pub(in crate::commands) async fn groups(mut cx: Cx) -> u8 {
    let name = cx.args.first().cloned();
    let Some(identity) = identity(&mut cx, name.as_ref()).await else { return 1 };
    let names: Vec<String> =
        identity.groups.iter().map(|gid| passwd::group_text(&cx.process, *gid)).collect();
    if let Some(name) = name.filter(|_| cx.is_gnu()) {
        cx.put(&name);
        cx.put(" : ");
    }
    cx.put(names.join(" ") + "\n");
    cx.finish(0).await
}
