//! Keys, put together from the bytes that a terminal sends.

/// What was pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A character, all bytes of it.
    Char(Vec<u8>),
    /// A control character, by its letter.
    Ctrl(u8),
    /// A letter with Alt (or after Escape).
    Alt(u8),
    Enter,
    Tab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    WordLeft,
    WordRight,
    Home,
    End,
    /// Something that means nothing here.
    Other,
}

/// The longest escape sequence that is waited for.
const MAX_SEQUENCE: usize = 16;

/// Bytes that are not a key yet.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<u8>);

impl Keys {
    /// Takes a byte; returns the key that it completes.
    pub(super) fn push(&mut self, byte: u8) -> Option<Key> {
        self.0.push(byte);
        let key = decode(&self.0)?;
        self.0.clear();
        Some(key)
    }
}

fn decode(bytes: &[u8]) -> Option<Key> {
    match bytes {
        [b'\r' | b'\n'] => Some(Key::Enter),
        [b'\t'] => Some(Key::Tab),
        [8 | 127] => Some(Key::Backspace),
        [27] => None,
        [control @ 0..32] => Some(Key::Ctrl(control + 64)),
        [27, rest @ ..] => escape(rest),
        [first @ 0xc0..=0xff, rest @ ..] => {
            let len = match first {
                0xc0..0xe0 => 2,
                0xe0..0xf0 => 3,
                _ => 4,
            };
            (rest.len() + 1 >= len).then(|| Key::Char(bytes.to_vec()))
        }
        _ => Some(Key::Char(bytes.to_vec())),
    }
}

/// What follows an escape character.
fn escape(bytes: &[u8]) -> Option<Key> {
    match bytes {
        [b'[' | b'O'] => None,
        [b'[' | b'O', arguments @ .., last] if (64..127).contains(last) => Some(match (last, arguments) {
            (b'A', _) => Key::Up,
            (b'B', _) => Key::Down,
            // With Ctrl, or in rxvt's way, words are skipped.
            (b'C', [.., b'5' | b'3']) => Key::WordRight,
            (b'D', [.., b'5' | b'3']) => Key::WordLeft,
            (b'C', _) => Key::Right,
            (b'D', _) => Key::Left,
            (b'H', _) | (b'~', [b'1' | b'7']) => Key::Home,
            (b'F', _) | (b'~', [b'4' | b'8']) => Key::End,
            (b'~', [b'3']) => Key::Delete,
            _ => Key::Other,
        }),
        [b'[' | b'O', rest @ ..] => (rest.len() > MAX_SEQUENCE).then_some(Key::Other),
        [27] => None,
        [27, rest @ ..] => escape(rest),
        [8 | 127] => Some(Key::Alt(127)),
        [letter, ..] => Some(Key::Alt(*letter)),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Keys};

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut keys = Keys::default();
        bytes.iter().filter_map(|byte| keys.push(*byte)).collect()
    }

    #[test]
    fn sequences_become_keys() {
        assert_eq!(keys(b"a\x1b[A\x1bOB\r"), [Key::Char(b"a".into()), Key::Up, Key::Down, Key::Enter]);
        assert_eq!(keys(b"\x1b[1;5C\x1b[3~\x1bb"), [Key::WordRight, Key::Delete, Key::Alt(b'b')]);
        assert_eq!(keys("é\x03".as_bytes()), [Key::Char("é".into()), Key::Ctrl(b'C')]);
        // An answer to a question about the cursor.
        assert_eq!(keys(b"\x1b[24;80R"), [Key::Other]);
    }

    #[test]
    fn a_sequence_without_end_is_given_up() {
        assert_eq!(keys(&[b"\x1b[".as_slice(), &[b'1'; 17]].concat()), [Key::Other]);
    }
}
