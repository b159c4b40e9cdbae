//! `nl`: numbers lines.

use super::{
    super::{Cx, Lines, number},
    open_input,
};
use crate::libc::{
    getopt::OptSpec,
    regex::{Regex, Syntax},
};

const SPEC: OptSpec = OptSpec {
    short: "pb:h:f:d:i:l:n:s:v:w:",
    long: &[
        ("body-numbering=", b'b'),
        ("number-format=", b'n'),
        ("number-separator=", b's'),
        ("number-width=", b'w'),
        ("starting-line-number=", b'v'),
        ("line-increment=", b'i'),
    ],
};

/// Which lines are numbered.
enum Numbered {
    All,
    NonEmpty,
    None,
    Matching(Regex),
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, "[OPTIONS] [FILE]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let numbered = match opts.value(b'b').map(|style| &style[..]) {
        None | Some(b"t") => Numbered::NonEmpty,
        Some(b"a") => Numbered::All,
        Some(b"n") => Numbered::None,
        Some([b'p', pattern @ ..]) => match Regex::new(pattern, Syntax::basic()) {
            Ok(regex) => Numbered::Matching(regex),
            Err(error) => {
                cx.error(error.to_string()).await;
                return 1;
            }
        },
        Some(style) => {
            cx.error(format!("invalid body numbering style: '{}'", String::from_utf8_lossy(style))).await;
            return 1;
        }
    };
    let mut values = [1i64, 1, 6];
    for (index, letter) in b"viw".iter().enumerate() {
        if let Some(text) = opts.value(*letter) {
            match number::parse(text) {
                Some(value) => values[index] = value,
                None => return cx.bad_number(text).await,
            }
        }
    }
    let [mut line_number, step, width] = values;
    let width = usize::try_from(width).unwrap_or(6).clamp(1, 1024);
    let separator = opts.value(b's').cloned().unwrap_or_else(|| "\t".into());
    let format = opts.value(b'n').map_or(&b"rn"[..], |format| format);
    let mut code = 0;
    for path in Cx::inputs(opts.operands.clone()) {
        let Some(file) = open_input(&mut cx, &path).await else {
            code = 1;
            continue;
        };
        let mut lines = Lines::new(file);
        while let Ok(Some(line)) = lines.next(&mut cx).await {
            let takes = match &numbered {
                Numbered::All => true,
                Numbered::None => false,
                Numbered::NonEmpty => !line.text.is_empty(),
                Numbered::Matching(regex) => regex.is_match(&line.text),
            };
            if takes {
                let text = match format {
                    b"ln" => format!("{line_number:<width$}"),
                    b"rz" => format!("{line_number:0>width$}"),
                    _ => format!("{line_number:>width$}"),
                };
                cx.put(text);
                cx.put(&separator);
                line_number = line_number.saturating_add(step);
            } else {
                cx.put(" ".repeat(width + separator.len()));
            }
            cx.put(&line.text);
            cx.put("\n");
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
