//! `s`: replacing what matches.

use super::script::{Case, Piece, Substitution};
use crate::{
    kernel::process::Process,
    libc::regex::{Captures, Regex},
};

/// The longest pattern space.
pub(super) const MAX_SPACE: usize = 16 << 20;

/// After how many matches others may run.
const TURN: u32 = 256;

/// The text with its matches replaced; `None` where nothing is.
pub(super) async fn substitute(
    process: &Process,
    text: &[u8],
    regex: &Regex,
    how: &Substitution,
) -> Option<Result<Vec<u8>, ()>> {
    let mut matches: u32 = 0;
    let mut out = Vec::new();
    let mut from = 0;
    let mut copied = 0;
    let mut count = 0;
    let mut replaced = false;
    // Where the last match ended: an empty one there is none.
    let mut last_end = None;
    while from <= text.len() {
        matches = matches.wrapping_add(1);
        if matches.is_multiple_of(TURN) {
            process.work(TURN).await;
        }
        let Some(found) = regex.captures(text, from) else { break };
        let Some(whole) = found.first().cloned().flatten() else { break };
        if whole.is_empty() && last_end == Some(whole.start) {
            from = whole.end + 1;
            continue;
        }
        count += 1;
        if count >= how.number {
            out.extend_from_slice(&text[copied..whole.start]);
            expand(text, &found, &how.replacement, &mut out);
            copied = whole.end;
            replaced = true;
            if out.len() > MAX_SPACE {
                return Some(Err(()));
            }
            if !how.global {
                break;
            }
        }
        last_end = Some(whole.end);
        from = if whole.is_empty() { whole.end + 1 } else { whole.end };
    }
    if !replaced {
        return None;
    }
    out.extend_from_slice(&text[copied..]);
    Some(if out.len() > MAX_SPACE { Err(()) } else { Ok(out) })
}

fn expand(text: &[u8], found: &Captures, pieces: &[Piece], out: &mut Vec<u8>) {
    let mut case = Case::AsIs;
    let mut once: Option<Case> = None;
    for piece in pieces {
        let part: &[u8] = match piece {
            Piece::Text(part) => part,
            Piece::Group(group) => found.get(*group).cloned().flatten().map_or(&[], |range| &text[range]),
            Piece::Case(next @ (Case::UpperFirst | Case::LowerFirst)) => {
                once = Some(*next);
                continue;
            }
            Piece::Case(next) => {
                case = *next;
                once = None;
                continue;
            }
        };
        if part.is_empty() {
            continue;
        }
        let start = out.len();
        match case {
            Case::Upper => out.extend(part.iter().map(u8::to_ascii_uppercase)),
            Case::Lower => out.extend(part.iter().map(u8::to_ascii_lowercase)),
            _ => out.extend_from_slice(part),
        }
        match once.take() {
            Some(Case::UpperFirst) => out[start] = out[start].to_ascii_uppercase(),
            Some(_) => out[start] = out[start].to_ascii_lowercase(),
            None => {}
        }
    }
}
