//! `history` and `fc`: what was typed.

use bytes::Bytes;

use super::{Effect, show_usage, usage};
use crate::shell::{frames::SourceKind, state::Shell};

const HISTORY: &str = "history [-c] [-d offset] [n] or history -anrw [filename] or history -ps arg [arg...]";
const FC: &str = "fc [-e ename] [-lnr] [first] [last] or fc -s [pat=rep] [command]";

/// `history`: shows the lines that were typed, or the last of them; in bash `-c` and `-d` forget.
pub(super) fn history(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let bash = shell.dialect.is_bash();
    let lines = shell.history();
    let mut shown = lines.len();
    match args.get(1).filter(|_| bash).map(|arg| &arg[..]) {
        None => {}
        Some(b"-c") => {
            if let Some(lines) = shell.history_mut() {
                lines.clear();
            }
            return Effect::Status(0);
        }
        Some(b"-d") => return forget(shell, args.get(2)),
        // There is no file.
        Some(b"-a" | b"-n" | b"-r" | b"-w") => return Effect::Status(0),
        Some(b"-s") => {
            let line = args[2..].join(&b' ');
            if let Some(lines) = shell.history_mut() {
                // In the place of the command itself.
                lines.pop();
                lines.push(line.into());
            }
            return Effect::Status(0);
        }
        Some([b'-', letter, ..]) => return usage(shell, *letter, HISTORY),
        Some(count) => match std::str::from_utf8(count).ok().and_then(|text| text.parse().ok()) {
            Some(count) => shown = count,
            None => {
                super::illegal_number(shell, count);
                return Effect::Status(1);
            }
        },
    }
    for (number, line) in (1..).zip(&lines).skip(lines.len().saturating_sub(shown)) {
        let text = format!("{number:>5}  {}\n", String::from_utf8_lossy(line));
        shell.output.extend_from_slice(text.as_bytes());
    }
    Effect::Status(0)
}

fn forget(shell: &mut Shell, operand: Option<&Bytes>) -> Effect {
    let Some(operand) = operand else {
        shell.complain("-d: option requires an argument");
        return show_usage(shell, b"history", HISTORY);
    };
    let place = place(&shell.history(), operand);
    match (shell.history_mut(), place) {
        (Some(lines), Some(index)) if index < lines.len() => {
            lines.remove(index);
            Effect::Status(0)
        }
        _ => {
            let shown = String::from_utf8_lossy(operand).into_owned();
            shell.complain(&format!("{shown}: history position out of range"));
            Effect::Status(1)
        }
    }
}

/// The line that a word means: its number, how many back, or how it begins.
fn place(lines: &[Bytes], word: &[u8]) -> Option<usize> {
    match std::str::from_utf8(word).ok().and_then(|text| text.parse::<i64>().ok()) {
        Some(number) if number > 0 => usize::try_from(number - 1).ok(),
        Some(number) => lines.len().checked_sub(usize::try_from(-number).ok()?),
        None => lines.iter().rposition(|line| line.starts_with(word)),
    }
}

/// `fc`: lists lines that were typed (`-l`), or runs one of them again (`-s`).
pub(super) fn fc(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let (mut list, mut bare, mut reverse, mut again) = (false, false, false, false);
    let mut rest = &args[1..];
    while let Some((option, after)) = rest.split_first() {
        let Some(letters) = option.strip_prefix(b"-").filter(|letters| !letters.is_empty()) else { break };
        if letters[0].is_ascii_digit() {
            break;
        }
        rest = after;
        for letter in letters {
            match letter {
                b'l' => list = true,
                b'n' => bare = true,
                b'r' => reverse = true,
                b's' => again = true,
                b'e' if rest.first().is_some_and(|editor| editor == "-") => {
                    again = true;
                    rest = &rest[1..];
                }
                _ => return usage(shell, *letter, FC),
            }
        }
    }
    // The command itself is not among them.
    let mut lines = shell.history();
    lines.pop();
    if list {
        return list_lines(shell, &lines, rest, bare, reverse);
    }
    if !again {
        shell.complain("no editor is at hand: list with -l, run again with -s");
        return Effect::Status(1);
    }
    run_again(shell, &lines, rest)
}

fn list_lines(shell: &mut Shell, lines: &[Bytes], range: &[Bytes], bare: bool, reverse: bool) -> Effect {
    let Some(newest) = lines.len().checked_sub(1) else { return Effect::Status(0) };
    let first = range.first().map_or(Some(newest.saturating_sub(15)), |word| place(lines, word));
    let last = range.get(1).map_or(Some(newest), |word| place(lines, word));
    let (Some(first), Some(last)) = (first, last) else {
        shell.complain("no command found");
        return Effect::Status(1);
    };
    let (first, last) = (first.min(newest), last.min(newest));
    let backward = reverse != (first > last);
    let mut numbers: Vec<usize> = (first.min(last)..=first.max(last)).collect();
    if backward {
        numbers.reverse();
    }
    for index in numbers {
        let number = if bare { String::new() } else { (index + 1).to_string() };
        shell.output.extend([number.as_bytes(), b"\t ", &lines[index], b"\n"].concat());
    }
    Effect::Status(0)
}

fn run_again(shell: &mut Shell, lines: &[Bytes], words: &[Bytes]) -> Effect {
    let change = words.first().and_then(|word| {
        let at = word.iter().position(|byte| *byte == b'=').filter(|at| *at > 0)?;
        Some((word.slice(..at), word.slice(at + 1..)))
    });
    let which = words.get(usize::from(change.is_some()));
    let index = which.map_or(lines.len().checked_sub(1), |word| place(lines, word));
    let Some(mut text) = index.and_then(|index| lines.get(index)).map(|line| line.to_vec()) else {
        shell.complain("no command found");
        return Effect::Status(1);
    };
    if let Some((old, new)) = change
        && let Some(at) = memchr::memmem::find(&text, &old)
    {
        text.splice(at..at + old.len(), new);
    }
    shell.errors.extend([&text[..], b"\n"].concat());
    if let Some(lines) = shell.history_mut() {
        lines.pop();
        lines.push(text.clone().into());
    }
    Effect::Source { text, kind: SourceKind::Eval { line: shell.line }, line: shell.line }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::place;

    #[test]
    fn lines_have_numbers_distances_and_beginnings() {
        let lines = ["ls", "echo a", "ls -l"].map(Bytes::from);
        assert_eq!(place(&lines, b"2"), Some(1));
        assert_eq!(place(&lines, b"-1"), Some(2));
        assert_eq!(place(&lines, b"ec"), Some(1));
        assert_eq!(place(&lines, b"-4"), None);
        assert_eq!(place(&lines, b"cat"), None);
    }
}
