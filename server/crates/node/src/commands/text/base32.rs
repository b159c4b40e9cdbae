//! `base32`: bytes as letters and digits that survive where case is lost, and back (RFC 4648).

use data_encoding::BASE32;

use super::{
    super::Cx,
    base64::{Plan, plan},
    open_input,
};

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let Plan { decodes, ignores_garbage, width, path } = match plan(&mut cx).await {
        Ok(plan) => plan,
        Err(code) => return code,
    };
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
    if decodes {
        return decode(cx, all, ignores_garbage).await;
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
