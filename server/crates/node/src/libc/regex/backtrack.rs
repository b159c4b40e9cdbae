//! Matching by trying, for expressions with back-references, within a bound.

use super::{Captures, parser::Node, set::cases, vm::holds};
use crate::libc::fnmatch::decode;

/// How many steps are tried in one search.
const MAX_STEPS: u32 = 400_000;
/// How many things may be yet to do at a time.
const MAX_PENDING: usize = 50_000;

/// What is left to be matched, the next thing first: a list whose tails are shared.
type Rest<'a> = Option<std::rc::Rc<Item<'a>>>;

struct Item<'a> {
    task: Task<'a>,
    next: Rest<'a>,
}

#[derive(Clone, Copy)]
enum Task<'a> {
    Node(&'a Node),
    /// Notes the end of a group that began at a place.
    Close(usize, usize),
    /// More of a repetition that has come so often, the last time from a place.
    Again {
        node: &'a Node,
        least: u32,
        most: Option<u32>,
        count: u32,
        from: usize,
    },
}

/// A way to go on, to be tried when others have failed.
struct Choice<'a> {
    rest: Rest<'a>,
    at: usize,
    groups: Captures,
}

/// The leftmost match at or after `from`, the longest of them, as far as the bound lets us try.
pub(super) fn search(
    node: &Node,
    text: &[u8],
    from: usize,
    groups: usize,
    ignore_case: bool,
) -> Option<Captures> {
    let mut steps = 0;
    let mut start = from;
    while start <= text.len() {
        if let Some(found) = longest(node, text, start, groups, ignore_case, &mut steps) {
            return Some(found);
        }
        if steps > MAX_STEPS {
            return None;
        }
        start += decode(&text[start..]).1.max(1);
    }
    None
}

fn push<'a>(task: Task<'a>, next: Rest<'a>) -> Rest<'a> {
    Some(std::rc::Rc::new(Item { task, next }))
}

fn longest(
    node: &Node,
    text: &[u8],
    start: usize,
    groups: usize,
    ignore_case: bool,
    steps: &mut u32,
) -> Option<Captures> {
    let mut choices =
        vec![Choice { rest: push(Task::Node(node), None), at: start, groups: vec![None; groups + 1] }];
    let mut best: Option<Captures> = None;
    while let Some(Choice { mut rest, mut at, mut groups }) = choices.pop() {
        loop {
            *steps += 1;
            if *steps > MAX_STEPS || choices.len() > MAX_PENDING {
                return best;
            }
            let Some(item) = rest else {
                let longer =
                    best.as_ref().and_then(|best| best[0].as_ref()).is_none_or(|range| at > range.end);
                if longer {
                    groups[0] = Some(start..at);
                    best = Some(groups);
                }
                break;
            };
            rest = item.next.clone();
            let mut character = |test: &dyn Fn(u32) -> bool| {
                let (character, width) = decode(&text[at..]);
                let matches = width > 0 && test(character);
                at += if matches { width } else { 0 };
                matches
            };
            let goes_on = match item.task {
                Task::Close(group, from) => {
                    groups[group] = Some(from..at);
                    true
                }
                Task::Again { node, least, most, count, from } => {
                    let stuck = at == from && count > least;
                    if !stuck && most.is_none_or(|most| count < most) {
                        let again = Task::Again { node, least, most, count: count + 1, from: at };
                        let more = push(Task::Node(node), push(again, rest.clone()));
                        if count >= least {
                            // Rather more than less.
                            choices.push(Choice { rest: rest.clone(), at, groups: groups.clone() });
                        }
                        rest = more;
                        true
                    } else {
                        count >= least
                    }
                }
                Task::Node(node) => match node {
                    Node::Empty => true,
                    Node::Char(expected) => {
                        let same = |c: u32| {
                            c == *expected || (ignore_case && cases(c).contains(&cases(*expected)[0]))
                        };
                        character(&same)
                    }
                    Node::Any => character(&|_| true),
                    Node::Set(set) => character(&|c| set.contains(c, ignore_case)),
                    Node::Assert(assertion) => holds(*assertion, text, at),
                    Node::Group(index, inner) => {
                        rest = push(Task::Node(inner), push(Task::Close(*index, at), rest));
                        true
                    }
                    Node::Concat(nodes) => {
                        for node in nodes.iter().rev() {
                            rest = push(Task::Node(node), rest);
                        }
                        true
                    }
                    Node::Alternate(all) => {
                        for other in all.iter().skip(1).rev() {
                            let rest = push(Task::Node(other), rest.clone());
                            choices.push(Choice { rest, at, groups: groups.clone() });
                        }
                        match all.first() {
                            Some(first) => rest = push(Task::Node(first), rest),
                            None => break,
                        }
                        true
                    }
                    Node::Repeat { node, least, most } => {
                        let again =
                            Task::Again { node, least: *least, most: *most, count: 0, from: usize::MAX };
                        rest = push(again, rest);
                        true
                    }
                    Node::BackReference(group) => match groups.get(*group).cloned().flatten() {
                        Some(range) => {
                            let (wanted, here) = (&text[range.clone()], &text[at..]);
                            let same = here.get(..wanted.len()).is_some_and(|part| {
                                part == wanted || (ignore_case && part.eq_ignore_ascii_case(wanted))
                            });
                            at += if same { wanted.len() } else { 0 };
                            same
                        }
                        None => false,
                    },
                },
            };
            if !goes_on {
                break;
            }
        }
    }
    best
}
