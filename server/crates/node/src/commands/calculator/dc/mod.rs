//! `dc`: a calculator with a stack, as busybox has it.

mod machine;

use bytes::Bytes;
use machine::{Machine, Stop};

use super::Width;
use crate::{commands::Cx, libc::getopt::OptSpec};

const USAGE: &str = "[-x] [-eSCRIPT]... [-fFILE]... [FILE]...

Tiny RPN calculator. Operations:
Arithmetic: + - * / % ^
~ - divide with remainder
| - modular exponentiation
v - square root
p - print top of the stack without popping
f - print entire stack
k - pop the value and set precision
i - pop the value and set input radix
o - pop the value and set output radix
Examples: dc -e'2 2 + p' -> 4, dc -e'8 8 * 2 2 + / p' -> 16";

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "e:f:x", long: &[] }, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut machine = Machine::new(Width::from_env(&cx.process, "DC_LINE_LENGTH"));
    let mut texts: Vec<(u8, Bytes)> = opts
        .given
        .iter()
        .filter_map(|(letter, value)| Some((*letter, value.clone()?)))
        .chain(opts.operands.iter().map(|path| (b'f', path.clone())))
        .collect();
    if texts.is_empty() {
        texts.push((b'f', Bytes::from_static(b"-")));
    }
    for (letter, text) in texts {
        let text = if letter == b'e' {
            text
        } else {
            let read = match cx.open(&text).await {
                Ok(file) => cx.read_all(&file).await,
                Err(errno) => Err(errno),
            };
            match read {
                Ok(all) => all.into(),
                Err(errno) => {
                    cx.open_error(&text, errno).await;
                    return 1;
                }
            }
        };
        match machine.run(text, &mut cx).await {
            Ok(()) => {}
            Err(Stop::Quit) => return cx.finish(0).await,
            Err(Stop::Error(message)) => {
                cx.error(message).await;
                return cx.finish(1).await;
            }
        }
    }
    cx.finish(0).await
}
