//! `base64`: bytes as letters and back.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::super::{Cx, number};
use crate::libc::getopt::OptSpec;

/// What `base64` and `base32` are asked for.
pub(super) struct Plan {
    pub(super) decodes: bool,
    /// Characters that belong to no code are passed by.
    pub(super) ignores_garbage: bool,
    /// How long lines are; 0 for one without end.
    pub(super) width: usize,
    pub(super) path: Bytes,
}

/// Reads the command line. The error is the exit code: what is wrong has been said.
pub(super) async fn plan(cx: &mut Cx) -> Result<Plan, u8> {
    let spec =
        OptSpec { short: "dw:i", long: &[("decode", b'd'), ("wrap=", b'w'), ("ignore-garbage", b'i')] };
    let opts = cx.opts(spec, "[-d] [-w COL] [FILE]").await?;
    let mut width = 76;
    if let Some(text) = opts.value(b'w') {
        match number::parse::<usize>(text) {
            Some(value) => width = value,
            None if cx.is_gnu() => {
                cx.error(format!("invalid wrap size: '{}'", String::from_utf8_lossy(text))).await;
                return Err(1);
            }
            None => return Err(cx.bad_number(text).await),
        }
    }
    Ok(Plan {
        decodes: opts.has(b'd'),
        ignores_garbage: opts.has(b'i'),
        width,
        path: opts.operands.first().cloned().unwrap_or_else(|| "-".into()),
    })
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let Plan { decodes, width, path, .. } = match plan(&mut cx).await {
        Ok(plan) => plan,
        Err(code) => return code,
    };
    let file = match cx.open(&path).await {
        Ok(file) => file,
        Err(errno) => {
            cx.file_error(&path, errno).await;
            return 1;
        }
    };
    if decodes {
        return decode(cx, &file).await;
    }
    let mut rest: Vec<u8> = Vec::new();
    let mut column = 0;
    loop {
        let bytes = match cx.read(&file).await {
            Ok(bytes) => bytes,
            Err(errno) => {
                let text = cx.text(errno);
                cx.error(format!("read error: {text}")).await;
                return cx.finish(1).await;
            }
        };
        let ended = bytes.is_empty();
        rest.extend_from_slice(&bytes);
        let whole = if ended { rest.len() } else { rest.len() / 3 * 3 };
        let text = STANDARD.encode(&rest[..whole]);
        rest.drain(..whole);
        let mut text = text.as_bytes();
        while width > 0 && column + text.len() >= width {
            let (line, after) = text.split_at(width - column);
            cx.put(line);
            cx.put("\n");
            (text, column) = (after, 0);
        }
        cx.put(text);
        column += text.len();
        if ended {
            break;
        }
        if !cx.drain().await {
            return cx.finish(1).await;
        }
    }
    if width > 0 && column > 0 {
        cx.put("\n");
    }
    cx.finish(0).await
}

async fn decode(mut cx: Cx, file: &crate::kernel::fs::OpenFile) -> u8 {
    let mut rest: Vec<u8> = Vec::new();
    loop {
        let bytes = match cx.read(file).await {
            Ok(bytes) => bytes,
            Err(errno) => {
                let text = cx.text(errno);
                cx.error(format!("read error: {text}")).await;
                return cx.finish(1).await;
            }
        };
        let ended = bytes.is_empty();
        rest.extend(bytes.iter().filter(|byte| !byte.is_ascii_whitespace()));
        let whole = if ended { rest.len() } else { rest.len() / 4 * 4 };
        let part: Vec<u8> = rest.drain(..whole).collect();
        match STANDARD.decode(&part) {
            Ok(bytes) => cx.put(bytes),
            Err(_) => {
                // What can be read of it is printed first.
                let good = part
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
                let good: Vec<u8> = good.copied().collect();
                let engine = base64::engine::GeneralPurpose::new(
                    &base64::alphabet::STANDARD,
                    base64::engine::GeneralPurposeConfig::new()
                        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
                        .with_decode_allow_trailing_bits(true),
                );
                let usable = if good.len() % 4 == 1 { good.len() - 1 } else { good.len() };
                if let Ok(bytes) = engine.decode(&good[..usable]) {
                    cx.put(bytes);
                }
                cx.flush().await;
                if !cx.is_gnu() && good.is_empty() {
                    // busybox skips what it does not know.
                    continue;
                }
                let message = if cx.is_gnu() { "invalid input" } else { "truncated input" };
                cx.error(message).await;
                return cx.finish(1).await;
            }
        }
        if ended {
            return cx.finish(0).await;
        }
        if !cx.drain().await {
            return cx.finish(1).await;
        }
    }
}
