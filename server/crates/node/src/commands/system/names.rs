//! `basename`, `dirname`: parts of paths.

use crate::{commands::Cx, libc::getopt::OptSpec};

fn trim(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte != b'/') {
        Some(last) => &path[..=last],
        None => &path[..path.len().min(1)],
    }
}

/// The last name of a path; `/` for the root.
fn base(path: &[u8]) -> &[u8] {
    let path = trim(path);
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(at) if path.len() > 1 => &path[at + 1..],
        _ => path,
    }
}

pub(in crate::commands) async fn basename(mut cx: Cx) -> u8 {
    let usage = "FILE [SUFFIX] | -a FILE... | -s SUFFIX FILE...";
    let spec = OptSpec { short: "+as:z", long: &[("multiple", b'a'), ("suffix=", b's'), ("zero", b'z')] };
    let opts = match cx.opts(spec, usage).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let many = opts.has(b'a') || opts.has(b's');
    let problem = match opts.operands.len() {
        0 => Some("missing operand".to_owned()),
        3.. if !many => Some(format!("extra operand '{}'", String::from_utf8_lossy(&opts.operands[2]))),
        _ => None,
    };
    if let Some(problem) = problem {
        if cx.is_gnu() {
            cx.error(problem).await;
        }
        return cx.bad_usage(usage).await;
    }
    let (paths, suffix) = match many {
        true => (&opts.operands[..], opts.value(b's').cloned()),
        false => (&opts.operands[..1], opts.operands.get(1).cloned()),
    };
    let suffix = suffix.unwrap_or_default();
    for path in paths {
        let name = base(path);
        let name = name.strip_suffix(&suffix[..]).filter(|bare| !bare.is_empty()).unwrap_or(name);
        cx.put(name);
        cx.put(if opts.has(b'z') { "\0" } else { "\n" });
    }
    cx.finish(0).await
}

pub(in crate::commands) async fn dirname(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "z", long: &[("zero", b'z')] }, "FILENAME").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() || (opts.operands.len() > 1 && !cx.is_gnu()) {
        if cx.is_gnu() {
            cx.error("missing operand").await;
        }
        return cx.bad_usage("FILENAME").await;
    }
    for path in &opts.operands {
        let path = trim(path);
        let dir = match path.iter().rposition(|byte| *byte == b'/') {
            None => b".",
            Some(at) => match trim(&path[..at]) {
                b"" => &b"/"[..],
                dir => dir,
            },
        };
        cx.put(dir);
        cx.put(if opts.has(b'z') { "\0" } else { "\n" });
    }
    cx.finish(0).await
}
