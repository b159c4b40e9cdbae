//! `find`: walks trees and picks files (POSIX XCU find).

mod expression;
mod parse;
mod walk;

use bytes::Bytes;
use walk::Walk;

use super::Cx;

const USAGE: &str = "[-HL] [PATH]... [OPTIONS] [ACTIONS]";

pub(super) async fn run(mut cx: Cx) -> u8 {
    let mut args = std::mem::take(&mut cx.args);
    let mut follow = None;
    while args.first().is_some_and(|arg| matches!(&**arg, b"-H" | b"-L" | b"-P")) {
        follow = args.remove(0).get(1).copied();
    }
    let begins_expression =
        |arg: &Bytes| matches!(&**arg, b"!" | b"(" | b")" | b",") || (arg.starts_with(b"-") && arg.len() > 1);
    let count = args.iter().position(begins_expression).unwrap_or(args.len());
    let expression = args.split_off(count);
    let mut roots = args;
    if roots.is_empty() {
        roots.push(Bytes::from_static(b"."));
    }
    let parsed = match parse::parse(&cx, &expression) {
        Ok(parsed) => parsed,
        Err(message) => {
            let unknown = message.starts_with(parse::UNRECOGNIZED);
            cx.error(message).await;
            return if unknown { cx.bad_usage(USAGE).await } else { 1 };
        }
    };
    let follow_all = parsed.follow || follow == Some(b'L');
    let mut walk = Walk::new(&cx, parsed, follow_all, follow == Some(b'H'));
    let code = walk.run(&mut cx, &roots).await;
    cx.finish(code).await
}
