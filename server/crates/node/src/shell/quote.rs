//! Quoting, so that a shell reads the same text again.

use super::Dialect;

/// In single quotes, as `set`, `export -p` and `trap` print values.
pub(crate) fn single(text: &[u8], dialect: Dialect) -> Vec<u8> {
    if !dialect.is_bash() {
        return in_turns(text);
    }
    if text == b"'" {
        return b"\\'".to_vec();
    }
    let mut out = Vec::with_capacity(text.len() + 2);
    out.push(b'\'');
    for byte in text {
        if *byte == b'\'' {
            out.extend_from_slice(b"'\\''");
        } else {
            out.push(*byte);
        }
    }
    out.push(b'\'');
    out
}

/// Whether a text has characters that only `$'...'` shows.
fn has_controls(text: &[u8]) -> bool {
    text.iter().any(|byte| byte.is_ascii_control() || *byte >= 0x80)
}

/// `$'...'`, as bash writes what cannot be printed (in the C locale all that is not ASCII).
fn ansi(text: &[u8]) -> Vec<u8> {
    let mut out = b"$'".to_vec();
    for byte in text {
        match byte {
            7 => out.extend_from_slice(b"\\a"),
            8 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            11 => out.extend_from_slice(b"\\v"),
            12 => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            27 => out.extend_from_slice(b"\\E"),
            b'\\' | b'\'' => out.extend_from_slice(&[b'\\', *byte]),
            _ if byte.is_ascii_control() || *byte >= 0x80 => {
                out.extend_from_slice(format!("\\{byte:03o}").as_bytes());
            }
            _ => out.push(*byte),
        }
    }
    out.push(b'\'');
    out
}

/// As bash's `${name@Q}` writes a value: in single quotes, or as `$'...'`.
pub(crate) fn reusable(text: &[u8]) -> Vec<u8> {
    if has_controls(text) { ansi(text) } else { single(text, Dialect::Bash) }
}

/// As bash's `declare -p` writes a value: in double quotes, or as `$'...'`.
pub(crate) fn double(text: &[u8]) -> Vec<u8> {
    if has_controls(text) {
        return ansi(text);
    }
    let mut out = vec![b'"'];
    for byte in text {
        if matches!(byte, b'"' | b'\\' | b'$' | b'`') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
    out
}

/// As bash's `printf %q` writes a word: with backslashes, or as `$'...'`.
pub(crate) fn backslashed(text: &[u8]) -> Vec<u8> {
    if text.is_empty() {
        return b"''".to_vec();
    }
    if has_controls(text) {
        return ansi(text);
    }
    let mut out = Vec::with_capacity(text.len() + 8);
    for (index, byte) in text.iter().enumerate() {
        let special = match byte {
            b' ' | b'\'' | b'"' | b'\\' | b'|' | b'&' | b';' | b'(' | b')' | b'<' | b'>' | b'!' | b'{'
            | b'}' | b'*' | b'[' | b']' | b'?' | b'^' | b'$' | b'`' | b',' => true,
            b'#' | b'~' => index == 0,
            _ => false,
        };
        if special {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out
}

/// Single quotes around everything but single quotes, which stand in double ones: the way of ash and dash.
fn in_turns(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    let mut rest = text;
    loop {
        let plain = rest.iter().position(|byte| *byte == b'\'').unwrap_or(rest.len());
        out.push(b'\'');
        out.extend_from_slice(&rest[..plain]);
        out.push(b'\'');
        rest = &rest[plain..];
        let quotes = rest.iter().position(|byte| *byte != b'\'').unwrap_or(rest.len());
        if quotes == 0 {
            return out;
        }
        out.push(b'"');
        out.extend_from_slice(&rest[..quotes]);
        out.push(b'"');
        rest = &rest[quotes..];
        if rest.is_empty() {
            return out;
        }
    }
}

/// Words that ash would not take for plain ones.
const RESERVED: [&[u8]; 14] = [
    b"case",
    b"do",
    b"done",
    b"elif",
    b"else",
    b"esac",
    b"fi",
    b"for",
    b"function",
    b"if",
    b"in",
    b"then",
    b"until",
    b"while",
];

/// In single quotes where something in it would not stay as it is, as `set -x` prints words.
pub(crate) fn if_needed(text: &[u8], dialect: Dialect) -> Vec<u8> {
    if dialect.is_bash() {
        return match text {
            b"" => b"''".to_vec(),
            _ if has_meta(text) => single(text, dialect),
            _ if has_controls(text) => ansi(text),
            _ => text.to_vec(),
        };
    }
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-+./:,@]^".contains(byte);
    let keeps = text.iter().all(plain) && !(dialect == Dialect::Ash && RESERVED.contains(&text));
    if keeps { text.to_vec() } else { single(text, dialect) }
}

/// Whether bash would take something in a text for more than itself.
fn has_meta(text: &[u8]) -> bool {
    text.iter().enumerate().any(|(index, byte)| match byte {
        b'~' => index == 0 || matches!(text[index - 1], b'=' | b':'),
        b'#' => index == 0 || matches!(text[index - 1], b' ' | b'\t'),
        _ => b" \t\n'\"\\|&;()<>!{}*[]?^$`".contains(byte),
    })
}

#[cfg(test)]
mod tests {
    use super::{Dialect, if_needed, single};

    #[test]
    fn quotes_within_are_kept() {
        assert_eq!(single(b"it's", Dialect::Bash), b"'it'\\''s'");
        assert_eq!(single(b"it's", Dialect::Ash), b"'it'\"'\"'s'");
        assert_eq!(single(b"''x'", Dialect::Dash), b"''\"''\"'x'\"'\"");
        assert_eq!(if_needed(b"a/b.c", Dialect::Bash), b"a/b.c");
        assert_eq!(if_needed(b"a b", Dialect::Ash), b"'a b'");
        assert_eq!(if_needed(b"", Dialect::Bash), b"''");
        assert_eq!(if_needed(b"]", Dialect::Ash), b"]");
        assert_eq!(if_needed(b"in", Dialect::Ash), b"'in'");
    }
}
