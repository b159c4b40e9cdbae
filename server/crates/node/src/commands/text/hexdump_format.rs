//! The formats of `hexdump -e`: units of repetitions, bytes and a text as for printf (hexdump(1)).

use super::super::printf;
use bytes::Bytes;

use super::super::context::Voice;

/// The most bytes that a format takes at a time, and the most units that it has.
const MAX_BLOCK: usize = 4096;
const MAX_UNITS: usize = 256;

/// One or more formats, each of which shows the same block.
#[derive(Debug, Default)]
pub(super) struct Formats {
    formats: Vec<Vec<Unit>>,
    /// How many bytes make a block.
    pub(super) block: usize,
}

#[derive(Debug)]
struct Unit {
    repetitions: usize,
    given: bool,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    /// Flags and width, letter, bytes.
    Number(Vec<u8>, u8, usize),
    /// `%_p`, `%_c`, `%_u`, `%c`
    Char(Vec<u8>, u8),
    /// `%_ad`
    Address(Vec<u8>, u8),
}

impl Piece {
    fn size(&self) -> usize {
        match self {
            Self::Number(_, _, size) => *size,
            Self::Char(..) => 1,
            Self::Text(_) | Self::Address(..) => 0,
        }
    }
}

impl Unit {
    fn size(&self) -> usize {
        self.pieces.iter().map(Piece::size).sum()
    }
}

impl Formats {
    /// Adds a format; the error is what is wrong with it.
    pub(super) fn add(&mut self, text: &[u8]) -> Result<(), String> {
        let mut units = Vec::new();
        let mut rest = text.trim_ascii();
        while !rest.is_empty() {
            let bad = || format!("bad format {{{}}}", String::from_utf8_lossy(text));
            let repetitions = take_number(&mut rest);
            let bytes = if let Some(after) = rest.strip_prefix(b"/") {
                rest = after;
                take_number(&mut rest)
            } else {
                None
            };
            rest = rest.trim_ascii_start();
            let Some(inner) = rest.strip_prefix(b"\"") else { return Err(bad()) };
            let end = inner.iter().position(|byte| *byte == b'"').ok_or_else(bad)?;
            let pieces = pieces(&inner[..end], bytes)?;
            rest = inner[end + 1..].trim_ascii_start();
            units.push(Unit { repetitions: repetitions.unwrap_or(1), given: repetitions.is_some(), pieces });
            if units.len() > MAX_UNITS {
                return Err(bad());
            }
        }
        let size = units.iter().map(|unit| unit.size().saturating_mul(unit.repetitions)).sum::<usize>();
        self.block = self.block.max(size).clamp(1, MAX_BLOCK);
        self.formats.push(units);
        Ok(())
    }

    /// Shows a block, which may be shorter than others at the end.
    pub(super) fn show(&self, block: &[u8], address: u64) -> Vec<u8> {
        let mut out = Vec::new();
        for units in &self.formats {
            let mut at = 0;
            for (index, unit) in units.iter().enumerate() {
                let size = unit.size();
                let last = index + 1 == units.len();
                // The last one fills the block, unless it says how often it is used.
                let repetitions = match size {
                    0 => unit.repetitions,
                    _ if last && !unit.given => (self.block.saturating_sub(at) / size).max(1),
                    _ => unit.repetitions,
                };
                for count in 1..=repetitions.min(MAX_BLOCK) {
                    let trim = repetitions > 1 && count == repetitions;
                    for (number, piece) in unit.pieces.iter().enumerate() {
                        let ends = trim && number + 1 == unit.pieces.len();
                        put(piece, block, &mut at, address, ends, &mut out);
                    }
                }
            }
        }
        out
    }
}

fn put(piece: &Piece, block: &[u8], at: &mut usize, address: u64, trim: bool, out: &mut Vec<u8>) {
    let from = *at;
    *at += piece.size();
    let part = block.get(from..).map(|rest| &rest[..rest.len().min(piece.size())]);
    let part = part.filter(|part| !part.is_empty() || piece.size() == 0).unwrap_or_default();
    let missing = piece.size() > 0 && part.is_empty();
    let print = |spec: &[u8], letter: u8, arg: Bytes| {
        printf::render(&[b"%", spec, &[letter]].concat(), &[arg], Voice::Busybox).out
    };
    match piece {
        Piece::Text(text) => out.extend_from_slice(if trim { text.trim_ascii_end() } else { text }),
        Piece::Number(spec, ..) | Piece::Char(spec, _) if missing => {
            let width = spec.iter().copied().filter(|byte| !matches!(byte, b'0' | b'+' | b'#' | b' '));
            // A zero that is not the first digit belongs to the width.
            let digits: Vec<u8> = match spec.iter().position(|byte| matches!(byte, b'1'..=b'9')) {
                Some(start) => {
                    let sign = spec.contains(&b'-').then_some(b'-');
                    sign.into_iter()
                        .chain(spec[start..].iter().copied().take_while(u8::is_ascii_digit))
                        .collect()
                }
                None => width.collect(),
            };
            out.extend(print(&digits, b's', Bytes::new()));
        }
        Piece::Number(spec, letter, size) => {
            let mut bytes = [0; 8];
            bytes[..part.len()].copy_from_slice(part);
            let value = u64::from_le_bytes(bytes);
            let shift = 64 - *size as u32 * 8;
            let text = match letter {
                b'd' | b'i' => (((value << shift) as i64) >> shift).to_string(),
                _ => value.to_string(),
            };
            out.extend(print(spec, *letter, text.into()));
        }
        Piece::Char(spec, letter) => {
            let byte = part.first().copied().unwrap_or(0);
            let text = match (letter, byte) {
                (b'p', b' '..=b'~') | (_, b' '..=b'~') => vec![byte],
                (b'p', _) => vec![b'.'],
                (b'C', _) => vec![byte],
                _ => escaped(byte),
            };
            out.extend(print(spec, b's', text.into()));
        }
        Piece::Address(spec, letter) => out.extend(print(spec, *letter, address.to_string().into())),
    }
}

/// A byte as `%_c` shows it.
fn escaped(byte: u8) -> Vec<u8> {
    let letter = match byte {
        0 => b'0',
        7 => b'a',
        8 => b'b',
        9 => b't',
        10 => b'n',
        11 => b'v',
        12 => b'f',
        13 => b'r',
        _ => return format!("{byte:03o}").into_bytes(),
    };
    vec![b'\\', letter]
}

fn take_number(rest: &mut &[u8]) -> Option<usize> {
    let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, after) = rest.split_at(len);
    *rest = after;
    std::str::from_utf8(digits).ok()?.parse().ok().filter(|number| *number <= MAX_BLOCK)
}

/// A text in quotes, as what is shown of it.
fn pieces(text: &[u8], bytes: Option<usize>) -> Result<Vec<Piece>, String> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut literal = Vec::new();
    let mut bytes_of = text.iter().copied().peekable();
    while let Some(byte) = bytes_of.next() {
        match byte {
            b'\\' => literal.push(match bytes_of.next() {
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'r') => b'\r',
                Some(b'a') => 7,
                Some(b'b') => 8,
                Some(b'f') => 12,
                Some(b'v') => 11,
                Some(b'0') => 0,
                Some(other) => other,
                None => b'\\',
            }),
            b'%' if bytes_of.peek() == Some(&b'%') => {
                bytes_of.next();
                literal.push(b'%');
            }
            b'%' => {
                if !literal.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut literal)));
                }
                let mut spec = Vec::new();
                while let Some(next) = bytes_of.next_if(|byte| b"#-+ 0123456789.".contains(byte)) {
                    spec.push(next);
                }
                let piece = match bytes_of.next() {
                    Some(b'c') => Piece::Char(spec, b'C'),
                    Some(letter @ (b'd' | b'i' | b'o' | b'u' | b'x' | b'X')) => {
                        let size = bytes.unwrap_or(4);
                        if !matches!(size, 1 | 2 | 4 | 8) {
                            return Err(format!(
                                "bad byte count for conversion character {}",
                                char::from(letter)
                            ));
                        }
                        Piece::Number(spec, letter, size)
                    }
                    Some(b'_') => match bytes_of.next() {
                        Some(letter @ (b'p' | b'c' | b'u')) => Piece::Char(spec, letter),
                        Some(b'a' | b'A') => match bytes_of.next() {
                            Some(letter @ (b'd' | b'o' | b'x')) => Piece::Address(spec, letter),
                            _ => return Err("bad conversion character %_a".to_owned()),
                        },
                        other => return Err(format!("bad conversion character %_{}", shown(other))),
                    },
                    other => return Err(format!("bad conversion character %{}", shown(other))),
                };
                pieces.push(piece);
            }
            _ => literal.push(byte),
        }
    }
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    Ok(pieces)
}

fn shown(letter: Option<u8>) -> String {
    letter.map_or_else(String::new, |letter| char::from(letter).to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Formats;

    #[test]
    fn units_repeat_and_blanks_at_their_end_go() {
        let mut formats = Formats::default();
        formats.add(br#""%04_ax " 4/1 "%02x " "|""#).unwrap();
        assert_eq!(formats.block, 4);
        assert_eq!(formats.show(b"abcd", 16), b"0010 61 62 63 64|");
        assert_eq!(formats.show(b"a", 16), b"0010 61         |");
        assert!(Formats::default().add(b"4/1 %x").is_err());
        assert!(Formats::default().add(b"\"%q\"").is_err());
    }

    proptest! {
        #[test]
        fn no_format_panics(text in "[%_acdx0-9/\" .\\\\-]{0,30}", block in prop::collection::vec(any::<u8>(), 0..20)) {
            let mut formats = Formats::default();
            if formats.add(text.as_bytes()).is_ok() {
                formats.show(&block, 0);
            }
        }
    }
}
