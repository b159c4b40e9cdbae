//! `envsubst` (GNU gettext): puts the values of environment variables in the place of `$NAME` and `${NAME}`.

use std::collections::HashSet;

use bytes::Bytes;

use crate::{
    commands::{Cx, Lines},
    libc::getopt::OptSpec,
};

const SPEC: OptSpec =
    OptSpec { short: "vhV", long: &[("variables", b'v'), ("help", b'h'), ("version", b'V')] };
const USAGE: &str = "Usage: envsubst [OPTION] [SHELL-FORMAT]\n\n\
     Substitutes the values of environment variables.\n\n  \
     -v, --variables             output the variables occurring in SHELL-FORMAT\n";

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a [u8]),
    /// A variable: its name, and how it is written.
    Variable(&'a [u8], &'a [u8]),
}

/// Takes a text apart. What begins like a variable and is none stays as it is.
fn pieces(text: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((name, len)) = variable(rest) {
            let written = &rest[..len];
            rest = &rest[len..];
            return Some(Piece::Variable(name, written));
        }
        // The first byte is no variable's; the text goes on to the next dollar.
        let end = rest[1..].iter().position(|byte| *byte == b'$').map_or(rest.len(), |at| at + 1);
        let (piece, left) = rest.split_at(end);
        rest = left;
        Some(Piece::Text(piece))
    })
}

/// The name of the variable that a text begins with, and how long it is as written.
fn variable(text: &[u8]) -> Option<(&[u8], usize)> {
    let rest = text.strip_prefix(b"$")?;
    let (rest, braces) = rest.strip_prefix(b"{").map_or((rest, false), |rest| (rest, true));
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let len = rest.iter().take_while(|byte| is_part(byte)).count();
    let name = &rest[..len];
    if name.first().is_none_or(u8::is_ascii_digit) {
        return None;
    }
    match braces {
        false => Some((name, 1 + len)),
        true => (rest.get(len) == Some(&b'}')).then_some((name, len + 3)),
    }
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, "[OPTION] [SHELL-FORMAT]").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.has(b'h') || opts.has(b'V') {
        cx.put(if opts.has(b'h') { USAGE } else { "envsubst (GNU gettext-runtime) 0.23.1\n" });
        return cx.finish(0).await;
    }
    let format = match &opts.operands[..] {
        [] => None,
        [format] => Some(format),
        _ => {
            cx.error("too many arguments").await;
            return 1;
        }
    };
    let named: Option<Vec<&[u8]>> = format.map(|format| {
        let name = |piece| if let Piece::Variable(name, _) = piece { Some(name) } else { None };
        pieces(format).filter_map(name).collect()
    });
    if opts.has(b'v') {
        let Some(names) = named else {
            cx.error("missing arguments").await;
            return 1;
        };
        names.into_iter().for_each(|name| cx.put([name, b"\n"].concat()));
        return cx.finish(0).await;
    }
    let wanted: Option<HashSet<&[u8]>> = named.map(|names| names.into_iter().collect());
    let env = cx.process.env();
    let value = |name: &[u8]| -> Bytes {
        let of = |entry: &Bytes| {
            let value = entry.strip_prefix(name)?.strip_prefix(b"=")?;
            Some(entry.slice_ref(value))
        };
        env.iter().find_map(of).unwrap_or_default()
    };
    let Ok(input) = cx.open(b"-").await else { return 1 };
    let mut lines = Lines::new(input);
    loop {
        let line = match lines.next(&mut cx).await {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(errno) => {
                let text = cx.text(errno);
                cx.error(format!("error while reading \"standard input\": {text}")).await;
                return 1;
            }
        };
        for piece in pieces(&line.text) {
            match piece {
                Piece::Variable(name, _) if wanted.as_ref().is_none_or(|wanted| wanted.contains(name)) => {
                    cx.put(value(name));
                }
                Piece::Variable(_, text) | Piece::Text(text) => cx.put(text),
            }
            cx.process.work(1).await;
            if !cx.drain().await {
                return cx.finish(1).await;
            }
        }
        if line.complete {
            cx.put("\n");
        }
    }
    cx.finish(0).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let piece = |piece| match piece {
            Piece::Variable(name, _) => format!("<{}>", String::from_utf8_lossy(name)),
            Piece::Text(text) => String::from_utf8_lossy(text).into_owned(),
        };
        pieces(text.as_bytes()).map(piece).collect()
    }

    #[test]
    fn only_what_is_written_as_a_variable_is_one() {
        assert_eq!(shown("x $A ${A_1} $B- $$A \\$A"), "x <A> <A_1> <B>- $<A> \\<A>");
        assert_eq!(shown("${A:-y} ${A $1 ${} $ $é $"), "${A:-y} ${A $1 ${} $ $é $");
    }
}
