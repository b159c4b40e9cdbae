//! `base32`: bytes as letters and digits that survive where case is lost, and back (RFC 4648).

use data_encoding::BASE32;

use super::{
    super::{Cx, number},
    open_input,
};
use crate::libc::getopt::OptSpec;

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec =
        OptSpec { short: "dw:i", long: &[("decode", b'd'), ("wrap=", b'w'), ("ignore-garbage", b'i')] };
    let opts = match cx.opts(spec, "[-d] [-w COL] [FILE]").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut width = 76;
    if let Some(text) = opts.value(b'w') {
        match number::parse::<usize>(text) {
            Some(value) => width = value,
            None if cx.is_gnu() => {
                cx.error(format!("invalid wrap size: '{}'", String::from_utf8_lossy(text))).await;
                return 1;
            }
            None => return cx.bad_number(text).await,
        }
    }
    let path = opts.operands.first().cloned().unwrap_or_else(|| "-".into());
    let Some(file) = open_input(&mut cx, &path).await else { return 1 };
    let all = match cx.read_all(&file).await {
        Ok(all) => all,
        Err(errno) => {
            let text = cx.text(errno);
            cx.error(format!("read error: {text}")).await;
            return 1;
        }
    };
    cx.process.work(u32::try_from(all.len() >> 8).unwrap_or(u32::MAX)).await;
    if opts.has(b'd') {
        return decode(cx, all, opts.has(b'i')).await;
    }
    let text = BASE32.encode(&all);
    let lines = text.as_bytes().chunks(if width == 0 { text.len().max(1) } else { width });
    for line in lines {
        cx.put(line);
        if width > 0 {
            cx.put("\n");
        }
        if !cx.drain().await {
            return cx.finish(1).await;
        }
    }
    cx.finish(0).await
}

async fn decode(mut cx: Cx, mut text: Vec<u8>, ignore: bool) -> u8 {
    let belongs = |byte: u8| byte.is_ascii_uppercase() || matches!(byte, b'2'..=b'7' | b'=');
    text.retain(|byte| if ignore { belongs(*byte) } else { *byte != b'\n' });
    // What can be read of it is printed first.
    let good = text.iter().position(|byte| !belongs(*byte)).unwrap_or(text.len());
    let whole = good / 8 * 8;
    let decoded = BASE32.decode(&text[..whole]);
    let complete = decoded.is_ok() && whole == text.len();
    match decoded {
        Ok(bytes) => cx.put(bytes),
        Err(error) => {
            let usable = error.position / 8 * 8;
            cx.put(BASE32.decode(&text[..usable.min(whole)]).unwrap_or_default());
        }
    }
    cx.flush().await;
    if !complete {
        cx.error("invalid input").await;
        return cx.finish(1).await;
    }
    cx.finish(0).await
}
