//! Unified diffs of texts, line by line, with the hunks that Go's port of Python's `difflib` finds
//! (`github.com/pmezard/go-difflib`): other algorithms show other lines.

use std::{collections::HashMap, fmt::Write as _, ops::Range};

/// Lines around a change.
const CONTEXT: usize = 3;
/// From so many lines on, those that come up in more than one of a hundred start no match.
const POPULAR_FROM: usize = 200;

/// The changes from `before` to `after`: hunks without a head.
pub(super) fn unified(before: &str, after: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (before.split('\n').collect(), after.split('\n').collect());
    let mut out = String::new();
    for group in grouped(&changes(&a, &b)) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let range = |start: usize, end: usize| match end - start {
            1 => (start + 1).to_string(),
            // Of an empty range the line before it is named.
            0 => format!("{start},0"),
            length => format!("{},{length}", start + 1),
        };
        let (from, to) = (range(first.a.start, last.a.end), range(first.b.start, last.b.end));
        let _ = writeln!(out, "@@ -{from} +{to} @@");
        for change in &group {
            let mut lines = |mark: char, lines: &[&str]| {
                lines.iter().for_each(|line| {
                    let _ = writeln!(out, "{mark}{line}");
                });
            };
            if change.same {
                lines(' ', a.get(change.a.clone()).unwrap_or_default());
            } else {
                lines('-', a.get(change.a.clone()).unwrap_or_default());
                lines('+', b.get(change.b.clone()).unwrap_or_default());
            }
        }
    }
    out
}

/// A stretch of both texts.
#[derive(Clone)]
struct Change {
    same: bool,
    a: Range<usize>,
    b: Range<usize>,
}

/// Both texts from beginning to end.
fn changes(a: &[&str], b: &[&str]) -> Vec<Change> {
    let mut changes = Vec::new();
    let (mut i, mut j) = (0, 0);
    for Match { a: at, b: bt, length } in
        matches(a, b).into_iter().chain([Match { a: a.len(), b: b.len(), length: 0 }])
    {
        if i < at || j < bt {
            changes.push(Change { same: false, a: i..at, b: j..bt });
        }
        (i, j) = (at + length, bt + length);
        if length > 0 {
            changes.push(Change { same: true, a: at..i, b: bt..j });
        }
    }
    changes
}

/// The changes with their context; those that are close to each other together.
fn grouped(changes: &[Change]) -> Vec<Vec<Change>> {
    let mut groups = Vec::new();
    let mut group: Vec<Change> = Vec::new();
    let last = changes.len().saturating_sub(1);
    for (index, change) in changes.iter().enumerate() {
        let mut change = change.clone();
        if change.same {
            let length = change.a.len();
            let (first_lines, last_lines) = (index > 0, index < last);
            if first_lines && last_lines && length > 2 * CONTEXT {
                group.push(head(&change));
                groups.push(std::mem::take(&mut group));
                change = tail(&change);
            } else if !first_lines && length > CONTEXT {
                change = tail(&change);
            } else if !last_lines && length > CONTEXT {
                change = head(&change);
            }
        }
        group.push(change);
    }
    groups.push(group);
    groups.retain(|group| group.iter().any(|change| !change.same));
    groups
}

fn head(change: &Change) -> Change {
    let (a, b) = (change.a.start, change.b.start);
    Change { same: true, a: a..a + CONTEXT, b: b..b + CONTEXT }
}

fn tail(change: &Change) -> Change {
    let (a, b) = (change.a.end, change.b.end);
    Change { same: true, a: a - CONTEXT..a, b: b - CONTEXT..b }
}

/// Equal lines of both texts.
#[derive(Clone, Copy)]
struct Match {
    a: usize,
    b: usize,
    length: usize,
}

/// The longest match, and so on before and after it, in order; neighbours are one.
fn matches(a: &[&str], b: &[&str]) -> Vec<Match> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, line) in b.iter().enumerate() {
        places.entry(line).or_default().push(index);
    }
    if b.len() >= POPULAR_FROM {
        places.retain(|_, at| at.len() <= b.len() / 100 + 1);
    }
    let mut found = Vec::new();
    let mut queue = vec![(0..a.len(), 0..b.len())];
    while let Some((in_a, in_b)) = queue.pop() {
        let longest = longest(a, b, &places, &in_a, &in_b);
        if longest.length > 0 {
            queue.push((in_a.start..longest.a, in_b.start..longest.b));
            queue.push((longest.a + longest.length..in_a.end, longest.b + longest.length..in_b.end));
            found.push(longest);
        }
    }
    found.sort_by_key(|found| (found.a, found.b));
    let mut joined: Vec<Match> = Vec::new();
    for next in found {
        match joined.last_mut() {
            Some(last) if last.a + last.length == next.a && last.b + last.length == next.b => {
                last.length += next.length;
            }
            _ => joined.push(next),
        }
    }
    joined
}

/// The longest match within the ranges; of several the first in `a`, then in `b`.
fn longest(
    a: &[&str],
    b: &[&str],
    places: &HashMap<&str, Vec<usize>>,
    in_a: &Range<usize>,
    in_b: &Range<usize>,
) -> Match {
    let mut best = Match { a: in_a.start, b: in_b.start, length: 0 };
    // The length of the match that ends at the line before in `a` and at each line of `b`.
    let mut lengths: HashMap<usize, usize> = HashMap::new();
    for i in in_a.clone() {
        let mut next = HashMap::new();
        for &j in a.get(i).and_then(|line| places.get(line)).into_iter().flatten() {
            if !in_b.contains(&j) {
                continue;
            }
            let length = 1 + j.checked_sub(1).and_then(|j| lengths.get(&j)).copied().unwrap_or_default();
            next.insert(j, length);
            if length > best.length {
                best = Match { a: i + 1 - length, b: j + 1 - length, length };
            }
        }
        lengths = next;
    }
    // Popular lines start no match but belong to it.
    while best.a > in_a.start && best.b > in_b.start && a.get(best.a - 1) == b.get(best.b - 1) {
        best = Match { a: best.a - 1, b: best.b - 1, length: best.length + 1 };
    }
    while best.a + best.length < in_a.end
        && best.b + best.length < in_b.end
        && a.get(best.a + best.length) == b.get(best.b + best.length)
    {
        best.length += 1;
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: Range<usize>) -> String {
        lines.map(|line| line.to_string()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn equal_texts_have_no_hunks() {
        assert_eq!(unified(&text(0..9), &text(0..9)), "");
    }

    #[test]
    fn changes_far_apart_are_hunks_of_their_own() {
        let after = text(0..30).replacen("\n4\n", "\nx\n", 1).replacen("\n20\n", "\n", 1);
        assert_eq!(
            unified(&text(0..30), &after),
            "@@ -2,7 +2,7 @@\n 1\n 2\n 3\n-4\n+x\n 5\n 6\n 7\n@@ -18,7 +18,6 @@\n 17\n 18\n 19\n-20\n 21\n 22\n 23\n"
        );
    }

    #[test]
    fn lines_that_come_up_often_start_no_match_in_long_texts() {
        let many = |first: &str| format!("{first}{}", "\nnull".repeat(300));
        // Nothing but popular lines: the texts have no common line to begin with.
        assert!(unified(&many("a"), &many("b")).contains("\n-null\n"));
        let short = |first: &str| format!("{first}{}", "\nnull".repeat(30));
        assert!(!unified(&short("a"), &short("b")).contains("\n-null\n"));
    }
}
