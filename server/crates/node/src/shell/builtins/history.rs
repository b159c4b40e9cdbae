//! `history` and `fc`: what was typed.

use bytes::Bytes;

use super::{Effect, show_usage, usage};
use crate::shell::{editor::recalled, frames::SourceKind, state::Shell};

const HISTORY: &str = "history [-c] [-d offset] [n] or history -anrw [filename] or history -ps arg [arg...]";
const FC: &str = "fc [-e ename] [-lnr] [first] [last] or fc -s [pat=rep] [command]";

/// `history`: shows the lines that were typed, or the last of them; in bash it also forgets some (`-c`, `-d`) and reads
/// and writes files of them (`-r`, `-n`, `-w`, `-a`).
pub(super) async fn history(shell: &mut Shell, args: &[Bytes]) -> Effect {
    if !shell.dialect.is_bash() {
        let lines = shell.history().lines().iter().enumerate();
        let text: Vec<u8> = lines
            .flat_map(|(number, line)| [format!("{number:>4} ").as_bytes(), line, b"\n"].concat())
            .collect();
        shell.output.extend(text);
        return Effect::Status(0);
    }
    let mut shown = usize::MAX;
    match args.get(1).map(|arg| &arg[..]) {
        None => {}
        Some(b"-c") => {
            shell.history_mut().clear();
            return Effect::Status(0);
        }
        Some(b"-d") => return forget(shell, args.get(2)),
        Some(option @ (b"-a" | b"-n" | b"-r" | b"-w")) => {
            return with_file(shell, option[1], args.get(2)).await;
        }
        Some(b"-s") => {
            shell.history_mut().replace_last(args[2..].join(&b' ').into());
            return Effect::Status(0);
        }
        Some(b"-p") => return recall(shell, &args[2..]),
        Some([b'-', letter, ..]) => return usage(shell, *letter, HISTORY),
        Some(count) => match std::str::from_utf8(count).ok().and_then(|text| text.parse().ok()) {
            Some(count) => shown = count,
            None => {
                shell.complain(&format!("{}: numeric argument required", String::from_utf8_lossy(count)));
                return Effect::Status(1);
            }
        },
    }
    let lines = shell.history().lines();
    let mut text = Vec::new();
    for (number, line) in (shell.history().first()..).zip(lines).skip(lines.len().saturating_sub(shown)) {
        text.extend([format!("{number:>5}  ").as_bytes(), line, b"\n"].concat());
    }
    shell.output.extend(text);
    Effect::Status(0)
}

/// Reads or writes a file of lines: the one named, or that of the session.
async fn with_file(shell: &mut Shell, letter: u8, name: Option<&Bytes>) -> Effect {
    let Some(path) = name.map(|name| name.to_vec()).or_else(|| shell.history_file()) else {
        return Effect::Status(0);
    };
    let done = match letter {
        b'a' | b'w' => shell.write_history(&path, letter == b'w').await,
        _ => shell.read_history(&path).await,
    };
    match done {
        Ok(()) => Effect::Status(0),
        Err(errno) => {
            shell.complain(&format!("{}: {}", String::from_utf8_lossy(&path), shell.process.text(errno)));
            Effect::Status(1)
        }
    }
}

/// Shows words with what `!` recalls in them, and runs nothing.
fn recall(shell: &mut Shell, words: &[Bytes]) -> Effect {
    // The command itself is not among the lines.
    let lines = shell.history().lines();
    let lines = lines[..lines.len().saturating_sub(1)].to_vec();
    for word in words {
        match recalled(word, &lines) {
            Ok(new) => shell.output.extend(new.unwrap_or_else(|| word.to_vec())),
            Err(message) => {
                shell.complain(&message);
                return Effect::Status(1);
            }
        }
        shell.output.push(b'\n');
    }
    Effect::Status(0)
}

fn forget(shell: &mut Shell, operand: Option<&Bytes>) -> Effect {
    let Some(operand) = operand else {
        shell.complain("-d: option requires an argument");
        return show_usage(shell, b"history", HISTORY);
    };
    let history = shell.history();
    match place(history.lines(), history.first(), operand) {
        Some(index) if index < history.lines().len() => {
            shell.history_mut().remove(index);
            Effect::Status(0)
        }
        _ => {
            let shown = String::from_utf8_lossy(operand).into_owned();
            shell.complain(&format!("{shown}: history position out of range"));
            Effect::Status(1)
        }
    }
}

/// The line that a word means: its number (that of the first is `first`), how many back, or how it begins.
fn place(lines: &[Bytes], first: usize, word: &[u8]) -> Option<usize> {
    match std::str::from_utf8(word).ok().and_then(|text| text.parse::<i64>().ok()) {
        Some(number) if number > 0 => usize::try_from(number).ok()?.checked_sub(first),
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
    let mut lines = shell.history().lines().to_vec();
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
    let base = shell.history().first();
    let Some(newest) = lines.len().checked_sub(1) else { return Effect::Status(0) };
    let first = range.first().map_or(Some(newest.saturating_sub(15)), |word| place(lines, base, word));
    let last = range.get(1).map_or(Some(newest), |word| place(lines, base, word));
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
        let number = if bare { String::new() } else { (base + index).to_string() };
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
    let base = shell.history().first();
    let index = which.map_or(lines.len().checked_sub(1), |word| place(lines, base, word));
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
    shell.history_mut().replace_last(text.clone().into());
    Effect::Source { text, kind: SourceKind::Eval { line: shell.line }, line: shell.line }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::place;

    #[test]
    fn lines_have_numbers_distances_and_beginnings() {
        let lines = ["ls", "echo a", "ls -l"].map(Bytes::from);
        assert_eq!(place(&lines, 1, b"2"), Some(1));
        assert_eq!(place(&lines, 7, b"8"), Some(1));
        assert_eq!(place(&lines, 7, b"6"), None);
        assert_eq!(place(&lines, 1, b"-1"), Some(2));
        assert_eq!(place(&lines, 1, b"ec"), Some(1));
        assert_eq!(place(&lines, 1, b"-4"), None);
        assert_eq!(place(&lines, 1, b"cat"), None);
    }
}
