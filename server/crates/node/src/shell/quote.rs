//! Quoting, so that a shell reads the same text again.

/// In single quotes, as `set`, `export -p` and `trap` print values.
pub(crate) fn single(text: &[u8]) -> Vec<u8> {
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

/// In single quotes where something in it would not stay as it is, as `set -x` prints words.
pub(crate) fn if_needed(text: &[u8]) -> Vec<u8> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-+=./:,@%^".contains(byte);
    if !text.is_empty() && text.iter().all(plain) { text.to_vec() } else { single(text) }
}

#[cfg(test)]
mod tests {
    use super::{if_needed, single};

    #[test]
    fn quotes_within_are_kept() {
        assert_eq!(single(b"it's"), b"'it'\\''s'");
        assert_eq!(if_needed(b"a/b.c"), b"a/b.c");
        assert_eq!(if_needed(b"a b"), b"'a b'");
        assert_eq!(if_needed(b""), b"''");
    }
}
