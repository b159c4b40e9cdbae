//! `tac`, `rev`: lines, and the characters of lines, in reverse order.

use super::{
    super::{Cx, Lines},
    open_input,
};
use crate::libc::getopt::OptSpec;

pub(in crate::commands) async fn tac(mut cx: Cx) -> u8 {
    // Busybox's tac knows no options.
    let spec = match cx.is_gnu() {
        true => OptSpec { short: "s:b", long: &[("separator=", b's'), ("before", b'b')] },
        false => OptSpec { short: "", long: &[] },
    };
    let opts = match cx.opts(spec, "[FILE]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let separator = opts.value(b's').cloned().unwrap_or_else(|| "\n".into());
    if separator.is_empty() {
        cx.error("separator cannot be empty").await;
        return 1;
    }
    let before = opts.has(b'b');
    let mut code = 0;
    for path in Cx::inputs(opts.operands) {
        let file = match cx.open(&path).await {
            Ok(file) => file,
            Err(errno) => {
                let (shown, text) = (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
                match cx.is_gnu() {
                    true => cx.error(format!("failed to open '{shown}' for reading: {text}")).await,
                    false => cx.error(format!("{shown}: {text}")).await,
                }
                code = 1;
                continue;
            }
        };
        let all = match cx.read_all(&file).await {
            Ok(all) => all,
            Err(errno) => {
                cx.file_error(&path, errno).await;
                code = 1;
                continue;
            }
        };
        let mut end = all.len();
        while end > 0 {
            // A separator belongs to what stands before it, or with `-b` to what stands behind it.
            let searched = if before { end } else { end.saturating_sub(separator.len()) };
            let found = memchr::memmem::rfind(&all[..searched], &separator);
            let start = found.map_or(0, |at| if before { at } else { at + separator.len() });
            cx.put(&all[start..end]);
            end = start;
            if cx.process.tick(1) {
                cx.process.pause().await;
            }
            if !cx.drain().await {
                return cx.finish(1).await;
            }
        }
    }
    cx.finish(code).await
}

pub(in crate::commands) async fn rev(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "", long: &[] }, "[FILE]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut code = 0;
    for path in Cx::inputs(opts.operands) {
        let Some(file) = open_input(&mut cx, &path).await else {
            code = 1;
            continue;
        };
        let mut lines = Lines::new(file);
        while let Ok(Some(line)) = lines.next(&mut cx).await {
            let reversed: Vec<u8> = match std::str::from_utf8(&line.text) {
                Ok(text) if cx.is_gnu() => text.chars().rev().collect::<String>().into_bytes(),
                _ => line.text.iter().rev().copied().collect(),
            };
            cx.put(reversed);
            if line.complete {
                cx.put("\n");
            }
            if cx.process.tick(1 + (line.text.len() >> 8) as u32) {
                cx.process.pause().await;
            }
            if !cx.drain().await {
                return cx.finish(1).await;
            }
        }
    }
    cx.finish(code).await
}
