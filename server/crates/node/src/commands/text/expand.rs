//! `expand`, `unexpand`: tabs become blanks, and the other way round (POSIX XCU expand).

use super::{
    super::{Cx, Lines, number},
    open_input,
};
use crate::libc::getopt::OptSpec;

pub(in crate::commands) async fn expand(cx: Cx) -> u8 {
    run(cx, OptSpec { short: "it:", long: &[("initial", b'i'), ("tabs=", b't')] }, "[-i] [-t N] [FILE]...")
        .await
}

pub(in crate::commands) async fn unexpand(cx: Cx) -> u8 {
    let long = &[("first-only", b'f'), ("all", b'a'), ("tabs=", b't')];
    let short = if cx.is_gnu() { "at:" } else { "aft:" };
    run(cx, OptSpec { short, long }, "[-fa][-t N] [FILE]...").await
}

async fn run(mut cx: Cx, spec: OptSpec, usage: &str) -> u8 {
    let expands = cx.name == "expand";
    let opts = match cx.opts(spec, usage).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let stop = match opts.value(b't').map(|text| (text, number::parse::<u32>(text))) {
        None => 8,
        Some((_, Some(stop))) if stop > 0 => usize::try_from(stop).unwrap_or(usize::MAX),
        Some((text, _)) if cx.is_gnu() => {
            let shown = String::from_utf8_lossy(text).into_owned();
            cx.error(format!("tab size contains invalid character(s): '{shown}'")).await;
            return 1;
        }
        Some((text, _)) => return cx.bad_number(text).await,
    };
    let initial = if expands { opts.has(b'i') } else { opts.has(b'f') || !opts.has(b'a') && !opts.has(b't') };
    let mut code = 0;
    for path in Cx::inputs(opts.operands) {
        let Some(file) = open_input(&mut cx, &path).await else {
            code = 1;
            continue;
        };
        let mut lines = Lines::new(file);
        loop {
            match lines.next(&mut cx).await {
                Ok(Some(line)) => {
                    if expands {
                        if !put_with_blanks(&mut cx, &line.text, stop, initial).await {
                            return cx.finish(1).await;
                        }
                    } else {
                        cx.put(to_tabs(&line.text, stop, initial));
                    }
                    if line.complete {
                        cx.put("\n");
                    }
                    cx.process.work(1).await;
                }
                Ok(None) => break,
                Err(errno) => {
                    cx.file_error(&path, errno).await;
                    code = 1;
                    break;
                }
            }
            if !cx.drain().await {
                return cx.finish(1).await;
            }
        }
    }
    cx.finish(code).await
}

/// How many blanks are written at a time: a tab may be as wide as one likes.
const BLANKS: [u8; 4096] = [b' '; 4096];

/// Writes a line with blanks for its tabs. Returns whether output is still wanted.
async fn put_with_blanks(cx: &mut Cx, line: &[u8], stop: usize, initial: bool) -> bool {
    for piece in to_blanks(line, stop, initial) {
        match piece {
            Piece::Text(text) => cx.put(text),
            Piece::Blanks(mut left) => {
                while left > 0 {
                    let count = left.min(BLANKS.len());
                    cx.put(&BLANKS[..count]);
                    left -= count;
                    cx.process.work(1).await;
                    if !cx.drain().await {
                        return false;
                    }
                }
            }
        }
    }
    true
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    Blanks(usize),
}

fn to_blanks(line: &[u8], stop: usize, initial: bool) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut out = Vec::with_capacity(line.len());
    let mut column = 0;
    let mut text_began = false;
    for byte in line {
        match byte {
            b'\t' if !(initial && text_began) => {
                let blanks = stop - column % stop;
                pieces.extend([Piece::Text(std::mem::take(&mut out)), Piece::Blanks(blanks)]);
                column += blanks;
            }
            _ => {
                text_began |= !matches!(byte, b' ' | b'\t');
                out.push(*byte);
                // The bytes of a character after its first take no place.
                column += usize::from(byte & 0xc0 != 0x80);
            }
        }
    }
    pieces.push(Piece::Text(out));
    pieces
}

fn to_tabs(line: &[u8], stop: usize, initial: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    // Where the blanks began that are not written yet.
    let (mut column, mut from) = (0, 0);
    let mut text_began = false;
    for byte in line {
        match byte {
            b' ' if !(initial && text_began) => column += 1,
            b'\t' if !(initial && text_began) => column += stop - column % stop,
            _ => {
                blanks(from, column, stop, &mut out);
                text_began = true;
                out.push(*byte);
                column += usize::from(byte & 0xc0 != 0x80);
                from = column;
            }
        }
    }
    blanks(from, column, stop, &mut out);
    out
}

/// Blanks from one column to another: tabs as far as they go. A single blank stays one.
fn blanks(mut from: usize, to: usize, stop: usize, out: &mut Vec<u8>) {
    if to - from == 1 {
        out.push(b' ');
        return;
    }
    while from / stop < to / stop {
        out.push(b'\t');
        from = (from / stop + 1) * stop;
    }
    out.resize(out.len() + (to - from), b' ');
}

#[cfg(test)]
mod tests {
    use super::{Piece, to_blanks, to_tabs};

    #[test]
    fn tabs_and_blanks_change_places() {
        let text = |text: &str| Piece::Text(text.into());
        assert_eq!(to_blanks(b"a\tb", 8, false), [text("a"), Piece::Blanks(7), text("b")]);
        assert_eq!(to_blanks(b"\ta\tb", 4, true), [text(""), Piece::Blanks(4), text("a\tb")]);
        assert_eq!(to_blanks(b"\t\t", 1 << 32, false)[3], Piece::Blanks(1 << 32));
        assert_eq!(to_tabs(b"        a b", 8, true), b"\ta b");
        assert_eq!(to_tabs(b"          a", 8, true), b"\t  a");
        assert_eq!(to_tabs(b"abc     d", 8, false), b"abc\td");
    }
}
