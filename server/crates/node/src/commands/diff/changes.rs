//! Which lines of two texts differ: the shortest edit script (Myers, "An O(ND) Difference Algorithm", 1986), bounded.

use std::{collections::HashMap, hash::Hash, ops::Range};

use crate::kernel::process::Process;

/// How many edits are looked for, once lines that only one side has are out of the way. Where it takes more, all that
/// is left counts as changed: the result is longer than need be, not wrong.
const MAX_EDITS: usize = 2_000;

/// Lines of the first text that became lines of the second. One of both may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) old: Range<usize>,
    pub(super) new: Range<usize>,
}

/// What differs, in order.
pub(super) async fn changes<L: Eq + Hash + Sync>(process: &Process, old: &[L], new: &[L]) -> Vec<Change> {
    let (old, new) = numbered(old, new);
    process.work((old.len() + new.len()) as u32 / 8 + 1).await;
    let (mut old_changed, mut new_changed) = (vec![false; old.len()], vec![false; new.len()]);
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let middle = |len: usize| start..len - end;
    // A line that the other side does not have is changed, whatever else is.
    let old_kept = shared(&old, middle(old.len()), &new[middle(new.len())], &mut old_changed);
    let new_kept = shared(&new, middle(new.len()), &old[middle(old.len())], &mut new_changed);
    let old_lines: Vec<u32> = old_kept.iter().map(|index| old[*index]).collect();
    let new_lines: Vec<u32> = new_kept.iter().map(|index| new[*index]).collect();
    let same = common(process, &old_lines, &new_lines).await;
    let mut keeps = vec![(false, false); old_lines.len().max(new_lines.len())];
    for (a, b) in same {
        keeps[a].0 = true;
        keeps[b].1 = true;
    }
    for (position, index) in old_kept.iter().enumerate() {
        old_changed[*index] = !keeps[position].0;
    }
    for (position, index) in new_kept.iter().enumerate() {
        new_changed[*index] = !keeps[position].1;
    }
    slide(&old, &mut old_changed);
    slide(&new, &mut new_changed);
    collect(&old_changed, &new_changed)
}

/// Lines as numbers: the same for equal lines.
fn numbered<L: Eq + Hash>(old: &[L], new: &[L]) -> (Vec<u32>, Vec<u32>) {
    let mut known: HashMap<&L, u32> = HashMap::new();
    let mut number = |line| {
        let next = known.len() as u32;
        *known.entry(line).or_insert(next)
    };
    (old.iter().map(&mut number).collect(), new.iter().map(&mut number).collect())
}

/// The places of lines within `range` that `other` has too; the rest is marked as changed.
fn shared(lines: &[u32], range: Range<usize>, other: &[u32], changed: &mut [bool]) -> Vec<usize> {
    let others: std::collections::HashSet<u32> = other.iter().copied().collect();
    let mut kept = Vec::new();
    for index in range {
        if others.contains(&lines[index]) {
            kept.push(index);
        } else {
            changed[index] = true;
        }
    }
    kept
}

/// The longest common subsequence, as pairs of places.
async fn common(process: &Process, old: &[u32], new: &[u32]) -> Vec<(usize, usize)> {
    let most = (old.len() + new.len()).min(MAX_EDITS);
    // How far each diagonal reaches, a row for each number of edits.
    let mut reached = vec![0usize; 2 * most + 3];
    let middle = most + 1;
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for edits in 0..=most {
        for at in (middle - edits..=middle + edits).step_by(2) {
            let down = at == middle - edits || (at != middle + edits && reached[at - 1] < reached[at + 1]);
            let mut x = if down { reached[at + 1] } else { reached[at - 1] + 1 };
            let mut y = x + middle - at;
            while x < old.len() && y < new.len() && old[x] == new[y] {
                x += 1;
                y += 1;
            }
            reached[at] = x;
            if x >= old.len() && y >= new.len() {
                return backtrack(&rows, middle, old.len(), new.len());
            }
        }
        rows.push(reached[middle - edits..=middle + edits].to_vec());
        process.work(edits as u32 + 1).await;
    }
    Vec::new()
}

/// Walks back from the end: what is stepped over diagonally is common.
fn backtrack(rows: &[Vec<usize>], middle: usize, old: usize, new: usize) -> Vec<(usize, usize)> {
    let (mut x, mut y) = (old, new);
    let mut same = Vec::new();
    for edits in (1..=rows.len()).rev() {
        let row = &rows[edits - 1];
        // The row before has the diagonals from `middle - (edits - 1)` on.
        let get = |at: usize| at.checked_sub(middle + 1 - edits).and_then(|index| row.get(index)).copied();
        let at = middle + x - y;
        let (below, left) = (get(at + 1), get(at - 1));
        let down = at == middle - edits || (at != middle + edits && left < below);
        let from_x = if down { below.unwrap_or(0) } else { left.unwrap_or(0) };
        let from_y = if down { from_x + middle - (at + 1) } else { from_x + middle - (at - 1) };
        let (start_x, start_y) = if down { (from_x, from_y + 1) } else { (from_x + 1, from_y) };
        while x > start_x && y > start_y {
            x -= 1;
            y -= 1;
            same.push((x, y));
        }
        (x, y) = (from_x, from_y);
    }
    while x > 0 && y > 0 {
        x -= 1;
        y -= 1;
        same.push((x, y));
    }
    same
}

/// Moves each run of changed lines as far down as it can go: of several ways to tell the same, that is the usual one.
fn slide(lines: &[u32], changed: &mut [bool]) {
    let mut start = 0;
    while start < lines.len() {
        if !changed[start] {
            start += 1;
            continue;
        }
        let mut end = start;
        while end < lines.len() && changed[end] {
            end += 1;
        }
        while end < lines.len() && !changed[end] && lines[start] == lines[end] {
            changed[start] = false;
            changed[end] = true;
            start += 1;
            while end < lines.len() && changed[end] {
                end += 1;
            }
        }
        start = end;
    }
}

fn collect(old: &[bool], new: &[bool]) -> Vec<Change> {
    let mut changes = Vec::new();
    let (mut a, mut b) = (0, 0);
    while a < old.len() || b < new.len() {
        let (from_a, from_b) = (a, b);
        while old.get(a) == Some(&true) {
            a += 1;
        }
        while new.get(b) == Some(&true) {
            b += 1;
        }
        if (a, b) == (from_a, from_b) {
            a += 1;
            b += 1;
        } else {
            changes.push(Change { old: from_a..a, new: from_b..b });
        }
    }
    changes
}
