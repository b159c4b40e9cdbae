//! `echo`: prints its arguments.

use bytes::Bytes;

use super::Cx;
use crate::shell::Dialect;

/// Whose `echo` it is: they disagree on options and escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// `-n`, `-e`, `-E`; escapes only with `-e`.
    Options,
    /// dash: only `-n`; escapes always.
    Escapes,
}

impl From<Dialect> for Manner {
    fn from(dialect: Dialect) -> Self {
        if dialect == Dialect::Dash { Self::Escapes } else { Self::Options }
    }
}

pub(super) async fn run(mut cx: Cx) -> u8 {
    let args = std::mem::take(&mut cx.args);
    cx.put(render(&args, Manner::Options));
    cx.finish(0).await
}

/// What `echo` prints for these arguments.
pub(crate) fn render(args: &[Bytes], manner: Manner) -> Vec<u8> {
    let mut args = args;
    let mut newline = true;
    let mut escapes = manner == Manner::Escapes;
    while let Some((first, rest)) = args.split_first() {
        let letters = first.strip_prefix(b"-").unwrap_or_default();
        let known: &[u8] = if manner == Manner::Escapes { b"n" } else { b"neE" };
        let is_option = !letters.is_empty()
            && letters.iter().all(|letter| known.contains(letter))
            && (manner == Manner::Options || letters.len() == 1);
        if !is_option {
            break;
        }
        for letter in letters {
            match letter {
                b'n' => newline = false,
                b'e' => escapes = true,
                _ => escapes = false,
            }
        }
        args = rest;
        if manner == Manner::Escapes {
            break;
        }
    }
    let mut out = Vec::new();
    for (index, arg) in args.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        if !escapes {
            out.extend_from_slice(arg);
        } else if unescape(arg, &mut out) {
            return out;
        }
    }
    if newline {
        out.push(b'\n');
    }
    out
}

/// Undoes the escapes of `echo -e` and of `%b`; `true` where `\c` ends all output.
pub(crate) fn unescape(text: &[u8], out: &mut Vec<u8>) -> bool {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += 1;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let Some(escape) = text.get(at) else {
            out.push(b'\\');
            break;
        };
        at += 1;
        let number = |from: usize, radix: u32, most: usize| {
            let digits = text[from..].iter().take(most).map_while(|byte| char::from(*byte).to_digit(radix));
            digits.fold((0u32, 0), |(value, len), digit| (value * radix + digit, len + 1))
        };
        match escape {
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'c' => return true,
            b'e' => out.push(27),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'\\' => out.push(b'\\'),
            b'0' => {
                let (value, len) = number(at, 8, 3);
                out.push(value as u8);
                at += len;
            }
            b'x' if number(at, 16, 2).1 > 0 => {
                let (value, len) = number(at, 16, 2);
                out.push(value as u8);
                at += len;
            }
            b'1'..=b'7' => {
                let (value, len) = number(at - 1, 8, 3);
                out.push(value as u8);
                at += len - 1;
            }
            other => out.extend_from_slice(&[b'\\', *other]),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Manner, render};

    fn echo(manner: Manner, args: &[&'static str]) -> String {
        let args: Vec<Bytes> = args.iter().map(|arg| Bytes::from_static(arg.as_bytes())).collect();
        String::from_utf8(render(&args, manner)).unwrap()
    }

    #[test]
    fn options_and_escapes_differ_between_shells() {
        assert_eq!(echo(Manner::Options, &["-n", "a", "b"]), "a b");
        assert_eq!(echo(Manner::Options, &["-e", "a\\tb\\x41\\0101"]), "a\tbAA\n");
        assert_eq!(echo(Manner::Options, &["a\\tb"]), "a\\tb\n");
        assert_eq!(echo(Manner::Options, &["-ne", "x\\c", "y"]), "x");
        assert_eq!(echo(Manner::Options, &["-x", "-"]), "-x -\n");
        assert_eq!(echo(Manner::Escapes, &["-e", "a\\tb"]), "-e a\tb\n");
        assert_eq!(echo(Manner::Escapes, &["-n", "a"]), "a");
    }
}
