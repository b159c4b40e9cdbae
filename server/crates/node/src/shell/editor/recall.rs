//! History expansion, as bash has it at a terminal: `!!`, `!-2`, `!ls`, `!?text?`, `!$`, `!!:1`, `^old^new^`.

use bytes::Bytes;

/// The longest line that comes of it.
const MAX_LINE: usize = 1 << 20;

/// The line with earlier lines put in. `None` where nothing was to be put in; an error names what was not found.
pub(in crate::shell) fn recalled(line: &[u8], history: &[Bytes]) -> Result<Option<Vec<u8>>, String> {
    if let Some(rest) = line.strip_prefix(b"^") {
        return substituted(line, rest, history).map(Some);
    }
    let (mut out, mut at) = (Vec::new(), 0);
    let (mut single, mut double, mut changed) = (false, false, false);
    while let Some(&byte) = line.get(at) {
        match byte {
            b'\\' if !single => {
                out.push(byte);
                at += 1;
                out.extend(line.get(at));
            }
            b'\'' if !double => {
                single = !single;
                out.push(byte);
            }
            b'"' if !single => {
                double = !double;
                out.push(byte);
            }
            b'!' if !single && begins_event(line, at, double) => {
                let (text, len) = event(&line[at..], history)?;
                out.extend_from_slice(&text);
                if out.len() > MAX_LINE {
                    return Err("line too long".to_owned());
                }
                changed = true;
                at += len;
                continue;
            }
            _ => out.push(byte),
        }
        at += 1;
    }
    Ok(changed.then_some(out))
}

/// Whether the `!` at a place means an earlier line.
fn begins_event(line: &[u8], at: usize, quoted: bool) -> bool {
    let after_dollar = at > 0 && matches!(line[at - 1], b'$' | b'{');
    let next = line.get(at + 1).copied().unwrap_or(b' ');
    let closes = quoted && next == b'"';
    !(after_dollar || closes || b" \t\n\r=(".contains(&next))
}

/// The text that `!...` stands for, and how long that is.
fn event(text: &[u8], history: &[Bytes]) -> Result<(Vec<u8>, usize), String> {
    let rest = &text[1..];
    let number = |from: usize| rest[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let parse = |digits: &[u8]| std::str::from_utf8(digits).ok().and_then(|text| text.parse::<usize>().ok());
    let (line, len) = match rest.first() {
        Some(b'!') => (history.last(), 1),
        Some(b'-') if number(1) > 0 => {
            let len = 1 + number(1);
            let back = parse(&rest[1..len]).and_then(|back| history.len().checked_sub(back));
            (back.and_then(|index| history.get(index)), len)
        }
        Some(byte) if byte.is_ascii_digit() => {
            let len = number(0);
            let index = parse(&rest[..len]).and_then(|number| number.checked_sub(1));
            (index.and_then(|index| history.get(index)), len)
        }
        // Words of the last line.
        Some(b'$' | b'^' | b'*' | b':') => (history.last(), 0),
        Some(b'?') => {
            let wanted = &rest[1..];
            let end = wanted.iter().position(|byte| matches!(byte, b'?' | b'\n')).unwrap_or(wanted.len());
            let holds = |line: &&Bytes| memchr::memmem::find(line, &wanted[..end]).is_some();
            let closed = usize::from(wanted.get(end) == Some(&b'?'));
            (history.iter().rev().find(holds), 1 + end + closed)
        }
        _ => {
            let ends = |byte: &u8| b" \t\n:;&|()<>\"'!".contains(byte);
            let len = rest.iter().position(ends).unwrap_or(rest.len());
            (history.iter().rev().find(|line| line.starts_with(&rest[..len])), len)
        }
    };
    let shown = || format!("{}: event not found", String::from_utf8_lossy(&text[..=len]));
    let line = line.ok_or_else(shown)?;
    let (picked, more) = words(line, &rest[len..]);
    let picked = picked
        .ok_or_else(|| format!("{}: bad word specifier", String::from_utf8_lossy(&rest[len..len + more])))?;
    Ok((picked, 1 + len + more))
}

/// The words of a line that `:1`, `$`, `*` pick, and how long that is.
fn words(line: &[u8], specifier: &[u8]) -> (Option<Vec<u8>>, usize) {
    let words: Vec<&[u8]> =
        line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty()).collect();
    let colon = usize::from(specifier.first() == Some(&b':'));
    match specifier.get(colon) {
        Some(b'$') => (words.last().map(|word| word.to_vec()), colon + 1),
        Some(b'^') => (words.get(1).map(|word| word.to_vec()), colon + 1),
        Some(b'*') => (Some(words.get(1..).unwrap_or_default().join(&b' ')), colon + 1),
        Some(byte) if colon == 1 && byte.is_ascii_digit() => {
            let len = specifier[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let index =
                std::str::from_utf8(&specifier[1..=len]).ok().and_then(|text| text.parse::<usize>().ok());
            (index.and_then(|index| words.get(index)).map(|word| word.to_vec()), 1 + len)
        }
        _ => (Some(line.to_vec()), 0),
    }
}

/// `^old^new^`: the last line with one thing instead of another.
fn substituted(line: &[u8], rest: &[u8], history: &[Bytes]) -> Result<Vec<u8>, String> {
    let mut parts = rest.split(|byte| *byte == b'^');
    let (old, new) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let failed = || format!("{}: substitution failed", String::from_utf8_lossy(line));
    let last = history.last().ok_or_else(failed)?;
    let at = memchr::memmem::find(last, old).filter(|_| !old.is_empty()).ok_or_else(failed)?;
    Ok([&last[..at], new, &last[at + old.len()..]].concat())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::recalled;

    fn history() -> Vec<Bytes> {
        ["ls -l /etc", "cat /etc/hosts", "echo one two"].map(Bytes::from).to_vec()
    }

    #[test]
    fn events_are_put_in() {
        for (line, result) in [
            ("!!", "echo one two"),
            ("sudo !!", "sudo echo one two"),
            ("!ls | wc", "ls -l /etc | wc"),
            ("!2", "cat /etc/hosts"),
            ("!-2", "cat /etc/hosts"),
            ("!?hosts?", "cat /etc/hosts"),
            ("vi !$", "vi two"),
            ("vi !^ x", "vi one x"),
            ("vi !*", "vi one two"),
            ("vi !!:1", "vi one"),
            ("vi !cat:1", "vi /etc/hosts"),
            ("^one^1", "echo 1 two"),
        ] {
            assert_eq!(recalled(line.as_bytes(), &history()), Ok(Some(result.into())), "{line}");
        }
        for line in
            ["echo '!!'", "echo \\!!x", "[ a != b ]", "! true", "echo \"hi!\"", "echo ${!x} $!", "a=1"]
        {
            let plain = recalled(line.as_bytes(), &history());
            assert!(plain == Ok(None) || line.contains("\\!"), "{line}: {plain:?}");
        }
        assert_eq!(recalled(b"!nope", &history()), Err("!nope: event not found".to_owned()));
        assert_eq!(recalled(b"!99", &history()), Err("!99: event not found".to_owned()));
        assert_eq!(recalled(b"^x^y", &history()), Err("^x^y: substitution failed".to_owned()));
    }

    proptest! {
        #[test]
        fn no_line_panics(line in "[!^:$*?0-9a-c'\" \\\\-]{0,20}") {
            let _ = recalled(line.as_bytes(), &history());
            let _ = recalled(line.as_bytes(), &[]);
        }
    }
}
