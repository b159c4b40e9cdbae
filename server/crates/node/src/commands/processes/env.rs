//! `env`, `printenv`: the environment.

use bytes::Bytes;

use super::exec;
use crate::{commands::Cx, kernel::process::Outcome, libc::getopt::OptSpec};

pub(in crate::commands) async fn run(mut cx: Cx) -> Outcome {
    let spec = OptSpec {
        short: "+i0u:C:S:v",
        long: &[
            ("ignore-environment", b'i'),
            ("null", b'0'),
            ("unset=", b'u'),
            ("chdir=", b'C'),
            ("split-string=", b'S'),
        ],
    };
    let opts = match cx.opts(spec, "[-i0] [-u NAME]... [-] [NAME=VALUE]... [PROG ARGS]").await {
        Ok(opts) => opts,
        Err(code) => return Outcome::Exit(if cx.is_gnu() && code == 1 { 125 } else { code }),
    };
    let mut words = opts.operands.clone();
    for text in opts.values(b'S') {
        let split = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let split: Vec<Bytes> = split.map(|word| text.slice_ref(word)).collect();
        words.splice(..0, split);
    }
    let mut clean = opts.has(b'i');
    if words.first().is_some_and(|word| word == "-") {
        clean = true;
        words.remove(0);
    }
    let mut env: Vec<Bytes> = if clean { Vec::new() } else { cx.process.env().to_vec() };
    let is_name =
        |entry: &Bytes, name: &[u8]| entry.strip_prefix(name).is_some_and(|rest| rest.first() == Some(&b'='));
    for name in opts.values(b'u') {
        env.retain(|entry| !is_name(entry, name));
    }
    let assignments = words.iter().take_while(|word| word.contains(&b'=')).count();
    let argv = words.split_off(assignments);
    for assignment in words {
        let name = assignment.split(|byte| *byte == b'=').next().unwrap_or_default();
        match env.iter_mut().find(|entry| is_name(entry, name)) {
            Some(entry) => *entry = assignment.clone(),
            None => env.push(assignment.clone()),
        }
    }
    if let Some(dir) = opts.value(b'C')
        && let Err(errno) = cx.process.chdir(dir)
    {
        let text = cx.text(errno);
        cx.error(format!("cannot change directory to '{}': {text}", String::from_utf8_lossy(dir))).await;
        return Outcome::Exit(125);
    }
    if !argv.is_empty() {
        return exec(&mut cx, &argv, Some(env)).await;
    }
    let end = if opts.has(b'0') { "\0" } else { "\n" };
    for entry in env {
        cx.put(entry);
        cx.put(end);
    }
    Outcome::Exit(cx.finish(0).await)
}

pub(in crate::commands) async fn printenv(mut cx: Cx) -> u8 {
    let spec = OptSpec { short: "0", long: &[("null", b'0')] };
    let opts = match cx.opts(spec, "[VARIABLE]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let end = if opts.has(b'0') { "\0" } else { "\n" };
    let mut code = 0;
    if opts.operands.is_empty() {
        for entry in cx.process.env().iter() {
            cx.put(entry);
            cx.put(end);
        }
    }
    for name in &opts.operands {
        match cx.process.var(&String::from_utf8_lossy(name)) {
            Some(value) => {
                cx.put(value);
                cx.put(end);
            }
            None => code = 1,
        }
    }
    cx.finish(code).await
}
