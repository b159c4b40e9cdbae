//! The machine: all ways to match are followed at once, each place of the program at most once a character.

use std::rc::Rc;

use super::{
    Captures,
    compile::{Inst, Program},
    parser::Assertion,
};
use crate::libc::fnmatch::decode;

/// Where groups begin and end so far. Threads share it until one notes something.
type Slots = Rc<Vec<Option<usize>>>;

/// Threads, in the order of preference.
struct Threads {
    list: Vec<(usize, Slots)>,
    /// At which step a place was reached last.
    seen: Vec<usize>,
}

/// The leftmost match at or after `from`, the longest of them; `slots` says how many group ends are noted.
pub(super) fn search(program: &Program, text: &[u8], from: usize, slots: usize) -> Option<Captures> {
    if from > text.len() || (program.anchored && from > 0) {
        return None;
    }
    let size = program.code.len();
    let mut now = Threads { list: Vec::new(), seen: vec![usize::MAX; size] };
    let mut next = Threads { list: Vec::new(), seen: vec![usize::MAX; size] };
    let mut best: Option<(usize, Slots)> = None;
    let mut at = from;
    loop {
        if best.is_none() && (!program.anchored || at == 0) {
            add(program, &mut now, 0, Rc::new(vec![None; slots]), text, at);
        }
        if now.list.is_empty() && (best.is_some() || program.anchored) {
            break;
        }
        let (character, width) = decode(&text[at..]);
        let start = |slots: &Slots| slots.first().copied().flatten().unwrap_or(usize::MAX);
        for (place, slots) in now.list.drain(..) {
            // Once something matches, only what began as early can still be better.
            if best.as_ref().is_some_and(|(_, best)| start(&slots) > start(best)) {
                continue;
            }
            let matches = match &program.code[place] {
                Inst::Match => {
                    let longer =
                        best.as_ref().is_none_or(|(end, best)| start(&slots) < start(best) || at > *end);
                    if longer {
                        best = Some((at, slots));
                    }
                    continue;
                }
                _ if width == 0 => false,
                Inst::Char(expected) => *expected == character,
                Inst::Any => true,
                Inst::Set(set) => set.contains(character, program.ignore_case),
                _ => false,
            };
            if matches {
                add(program, &mut next, place + 1, slots, text, at + width);
            }
        }
        if width == 0 {
            break;
        }
        at += width;
        std::mem::swap(&mut now, &mut next);
    }
    let (_, slots) = best?;
    Some(slots.chunks(2).map(|pair| Some(pair[0]?..(*pair.get(1)?)?)).collect())
}

/// Follows what needs no character from a place on.
fn add(program: &Program, threads: &mut Threads, place: usize, slots: Slots, text: &[u8], at: usize) {
    let mut pending = vec![(place, slots)];
    while let Some((place, slots)) = pending.pop() {
        if threads.seen[place] == at {
            continue;
        }
        threads.seen[place] = at;
        match &program.code[place] {
            Inst::Jump(to) => pending.push((*to, slots)),
            Inst::Split(first, second) => {
                pending.push((*second, Rc::clone(&slots)));
                pending.push((*first, slots));
            }
            Inst::Save(slot) => {
                let mut slots = slots;
                if *slot < slots.len() {
                    Rc::make_mut(&mut slots)[*slot] = Some(at);
                }
                pending.push((place + 1, slots));
            }
            Inst::Assert(assertion) => {
                if holds(*assertion, text, at) {
                    pending.push((place + 1, slots));
                }
            }
            Inst::Fail => {}
            _ => threads.list.push((place, slots)),
        }
    }
}

/// Whether a condition holds at a place.
pub(super) fn holds(assertion: Assertion, text: &[u8], at: usize) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let before = is_word(at.checked_sub(1).and_then(|at| text.get(at)));
    let after = is_word(text.get(at));
    match assertion {
        Assertion::Start => at == 0,
        Assertion::End => at == text.len(),
        Assertion::WordStart => !before && after,
        Assertion::WordEnd => before && !after,
        Assertion::WordBoundary => before != after,
        Assertion::NotWordBoundary => before == after,
    }
}
