//! `factor`: the primes that numbers are made of.

use super::super::{Cx, Lines};
use crate::libc::getopt::OptSpec;

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "", long: &[] }, "[NUMBER]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut code = 0;
    if !opts.operands.is_empty() {
        for word in &opts.operands {
            code = code.max(one(&mut cx, word).await);
        }
        return cx.finish(code).await;
    }
    let Ok(input) = cx.process.file(0) else { return 1 };
    let mut lines = Lines::new(input);
    while let Ok(Some(line)) = lines.next(&mut cx).await {
        for word in line.text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
            code = code.max(one(&mut cx, word).await);
        }
        cx.flush().await;
    }
    cx.finish(code).await
}

async fn one(cx: &mut Cx, word: &[u8]) -> u8 {
    let shown = String::from_utf8_lossy(word).into_owned();
    let Ok(number) = shown.trim_start_matches('+').parse::<u64>() else {
        match cx.is_gnu() {
            true => cx.error(format!("'{shown}' is not a valid positive integer")).await,
            false => cx.error(format!("invalid number '{shown}'")).await,
        }
        return 1;
    };
    let mut line = format!("{number}:");
    let (mut rest, mut factor) = (number, 2u64);
    while rest > 1 && factor <= rest / factor {
        if rest.is_multiple_of(factor) {
            rest /= factor;
            line += &format!(" {factor}");
        } else {
            factor += if factor == 2 { 1 } else { 2 };
            if cx.process.tick(1) {
                cx.process.pause().await;
            }
        }
    }
    if rest > 1 {
        line += &format!(" {rest}");
    }
    cx.put(line + "\n");
    0
}
