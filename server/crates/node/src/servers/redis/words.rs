//! Words of a line, as Redis's client and its files of settings quote them.

use bytes::Bytes;

/// Words of a line; quotes keep spaces in one, and `"` knows escapes. `None` where a quote is never closed.
pub(super) fn split(line: &str) -> Option<Vec<Bytes>> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let mut word = Vec::new();
        let mut characters = rest.char_indices().peekable();
        let mut quote = None;
        let mut end = rest.len();
        while let Some((at, character)) = characters.next() {
            match (quote, character) {
                (None, character) if character.is_whitespace() => {
                    end = at;
                    break;
                }
                (None, '"' | '\'') => quote = Some(character),
                (Some('"'), '\\') => match characters.next().map(|(_, escaped)| escaped) {
                    Some('n') => word.push(b'\n'),
                    Some('r') => word.push(b'\r'),
                    Some('t') => word.push(b'\t'),
                    Some('x') => {
                        let mut digit = || characters.next_if(|(_, c)| c.is_ascii_hexdigit()).map(|(_, c)| c);
                        match (digit().and_then(|c| c.to_digit(16)), digit().and_then(|c| c.to_digit(16))) {
                            (Some(high), Some(low)) => word.push((high * 16 + low) as u8),
                            _ => word.push(b'x'),
                        }
                    }
                    Some(other) => word.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
                    None => return None,
                },
                (Some('\''), '\\') if characters.next_if(|(_, c)| *c == '\'').is_some() => word.push(b'\''),
                (Some(open), character) if character == open => {
                    // What follows a closing quote at once belongs to no word.
                    if characters.peek().is_some_and(|(_, next)| !next.is_whitespace()) {
                        return None;
                    }
                    quote = None;
                }
                (_, character) => word.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        if quote.is_some() {
            return None;
        }
        words.push(Bytes::from(word));
        rest = rest[end..].trim_start();
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::split;

    #[test]
    fn quotes_keep_spaces() {
        assert_eq!(split("set a \"b c\" 'd e' \"\\x41\\n\"\n").unwrap(), ["set", "a", "b c", "d e", "A\n"]);
        assert_eq!(split("  ").unwrap(), [""; 0]);
        assert_eq!(split("\"\"").unwrap(), [""]);
        assert_eq!(split("set \"a"), None);
    }

    proptest! {
        #[test]
        fn any_line_is_read(line in "\\PC{0,60}") {
            let _ = split(&line);
        }
    }
}
