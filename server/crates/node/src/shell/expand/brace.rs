//! Brace expansion, as bash does it before everything else: `{a,b}`, `{1..5}`, `{a..e..2}`.

use bytes::Bytes;

use crate::shell::ast::{Part, Word};

/// How many words one word may become...
const MAX_WORDS: usize = 100_000;
/// ...and how many characters they may have in all, while they are put together.
const MAX_PIECES: usize = 1 << 21;

/// The words that a word with braces stands for; `None` where it has none that count, or where they would be more than fit:
/// such a word stays as it is, as in bash when it gets no memory.
pub(crate) fn expand_braces(word: &Word) -> Option<Vec<Word>> {
    let has_brace = |part: &Part| matches!(part, Part::Literal(text) if text.contains(&b'{'));
    if !word.parts.iter().any(has_brace) {
        return None;
    }
    let pieces = pieces(word);
    let mut room = MAX_PIECES;
    let out = expand(&pieces, 0, &mut room)?;
    (out.len() != 1 || out[0].len() != pieces.len()).then(|| out.into_iter().map(to_word).collect())
}

/// A byte of unquoted text, or a part that stays as it is.
#[derive(Clone, Debug)]
enum Piece {
    Byte(u8),
    Part(Part),
}

fn pieces(word: &Word) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for part in word.parts.iter() {
        match part {
            Part::Literal(text) => pieces.extend(text.iter().map(|byte| Piece::Byte(*byte))),
            other => pieces.push(Piece::Part(other.clone())),
        }
    }
    pieces
}

fn to_word(pieces: Vec<Piece>) -> Word {
    let mut parts = Vec::new();
    let mut text = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Byte(byte) => text.push(byte),
            Piece::Part(part) => {
                if !text.is_empty() {
                    parts.push(Part::Literal(Bytes::from(std::mem::take(&mut text))));
                }
                parts.push(part);
            }
        }
    }
    if !text.is_empty() {
        parts.push(Part::Literal(Bytes::from(text)));
    }
    Word { parts: parts.into() }
}

/// How deep braces nest, and how many follow each other.
const MAX_DEPTH: u32 = 40;

/// What `pieces` stand for; `None` where that would be too many words, or more characters than there is `room` for.
fn expand(pieces: &[Piece], depth: u32, room: &mut usize) -> Option<Vec<Vec<Piece>>> {
    let Some((open, close, alternatives)) = (depth < MAX_DEPTH).then(|| first_group(pieces)).flatten() else {
        return Some(vec![pieces.to_vec()]);
    };
    let (before, after) = (&pieces[..open], &pieces[close + 1..]);
    let rests = expand(after, depth + 1, room)?;
    let mut out = Vec::new();
    for alternative in alternatives {
        for middle in expand(&alternative, depth + 1, room)? {
            for rest in &rests {
                let word = [before, &middle, rest].concat();
                *room = room.checked_sub(word.len() + 1)?;
                out.push(word);
            }
        }
    }
    (out.len() <= MAX_WORDS).then_some(out)
}

/// Where the first group of braces that counts is, and what it stands for.
fn first_group(pieces: &[Piece]) -> Option<(usize, usize, Vec<Vec<Piece>>)> {
    for (open, piece) in pieces.iter().enumerate() {
        if !matches!(piece, Piece::Byte(b'{')) {
            continue;
        }
        let mut depth = 0;
        let mut start = open + 1;
        let mut alternatives = Vec::new();
        for (at, piece) in pieces.iter().enumerate().skip(open + 1) {
            match piece {
                Piece::Byte(b'{') => depth += 1,
                Piece::Byte(b'}') if depth > 0 => depth -= 1,
                Piece::Byte(b',') if depth == 0 => {
                    alternatives.push(pieces[start..at].to_vec());
                    start = at + 1;
                }
                Piece::Byte(b'}') => {
                    if alternatives.is_empty() {
                        match range(&pieces[start..at]) {
                            Some(range) => return Some((open, at, range)),
                            None => break,
                        }
                    }
                    alternatives.push(pieces[start..at].to_vec());
                    return Some((open, at, alternatives));
                }
                _ => {}
            }
        }
    }
    None
}

/// `1..5`, `a..e`, with a step perhaps.
fn range(pieces: &[Piece]) -> Option<Vec<Vec<Piece>>> {
    let bytes: Option<Vec<u8>> =
        pieces.iter().map(|piece| if let Piece::Byte(byte) = piece { Some(*byte) } else { None }).collect();
    let text = String::from_utf8(bytes?).ok()?;
    let mut ends = text.split("..");
    let (first, last, step) = (ends.next()?, ends.next()?, ends.next());
    if ends.next().is_some() {
        return None;
    }
    let step: i64 = match step {
        Some(step) => step.parse().ok()?,
        None => 1,
    };
    let step = step.checked_abs()?.max(1);
    let to_pieces = |text: String| text.bytes().map(Piece::Byte).collect::<Vec<_>>();
    if let (Ok(from), Ok(to)) = (first.parse::<i64>(), last.parse::<i64>()) {
        let padded = |text: &str| {
            text.trim_start_matches('-').starts_with('0') && text.trim_start_matches('-').len() > 1
        };
        let width = if padded(first) || padded(last) { first.len().max(last.len()) } else { 0 };
        // No more than what fits, and one, so that it shows that they are too many.
        let fitting = MAX_PIECES / width.max(1) + 1;
        return Some(
            count(from, to, step).take(fitting).map(|value| to_pieces(zeros(value, width))).collect(),
        );
    }
    let letter = |text: &str| match text.as_bytes() {
        [byte] if byte.is_ascii_alphabetic() => Some(i64::from(*byte)),
        _ => None,
    };
    let (from, to) = (letter(first)?, letter(last)?);
    let character = |value: i64| u8::try_from(value).map(|byte| vec![Piece::Byte(byte)]).unwrap_or_default();
    Some(count(from, to, step).map(character).collect())
}

/// A number with zeros before it, up to a width that may be anything.
fn zeros(value: i64, width: usize) -> String {
    let (sign, digits) = (if value < 0 { "-" } else { "" }, value.unsigned_abs().to_string());
    format!("{sign}{}{digits}", "0".repeat(width.saturating_sub(sign.len() + digits.len())))
}

fn count(from: i64, to: i64, step: i64) -> impl Iterator<Item = i64> {
    let up = from <= to;
    let next = move |value: &i64| if up { value.checked_add(step) } else { value.checked_sub(step) };
    std::iter::successors(Some(from), next)
        .take_while(move |value| if up { *value <= to } else { *value >= to })
        .take(MAX_WORDS + 1)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::expand_braces;
    use crate::shell::ast::{Part, Word};

    fn expand(text: &'static str) -> Vec<String> {
        let word = Word::of(Part::Literal(Bytes::from_static(text.as_bytes())));
        let words = expand_braces(&word).unwrap_or_else(|| vec![word]);
        words.iter().map(|word| String::from_utf8_lossy(word.literal().unwrap()).into_owned()).collect()
    }

    #[test]
    fn ranges_of_any_width_have_their_zeros_or_stay_as_they_are() {
        let of = |zeros: usize, to: &str| {
            let text = format!("{{{}1..{to}}}", "0".repeat(zeros));
            let word = Word::of(Part::Literal(Bytes::from(text)));
            expand_braces(&word)
                .map(|words| words.iter().map(|word| word.literal().unwrap().len()).collect::<Vec<_>>())
        };
        assert_eq!(of(69_999, "2"), Some(vec![70_000, 70_000]));
        assert_eq!(of(69_999, "90000"), None);
        assert_eq!(expand("{-01..1}"), ["-01", "000", "001"]);
    }

    #[test]
    fn lists_and_ranges() {
        assert_eq!(expand("a{b,c}d"), ["abd", "acd"]);
        assert_eq!(expand("{1..3}"), ["1", "2", "3"]);
        assert_eq!(expand("{03..1}"), ["03", "02", "01"]);
        assert_eq!(expand("{a..e..2}"), ["a", "c", "e"]);
        assert_eq!(expand("{a,{b,c}}{1,2}"), ["a1", "a2", "b1", "b2", "c1", "c2"]);
        assert_eq!(expand("{a}"), ["{a}"]);
        assert_eq!(expand("{}"), ["{}"]);
        assert_eq!(expand("a{b"), ["a{b"]);
        assert_eq!(expand("{1..100000}").len(), 100_000);
        assert_eq!(expand("{1..999999999}"), ["{1..999999999}"]);
        let many =
            "{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}";
        assert_eq!(expand(many), [many]);
    }
}
