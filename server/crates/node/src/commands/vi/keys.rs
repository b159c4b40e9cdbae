//! Keys, out of the bytes that a terminal sends.

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::commands) enum Key {
    /// A byte of text, or a control character.
    Byte(u8),
    Escape,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    Delete,
}

/// Reads keys. A sequence is taken to come in one piece, as terminals send it.
#[derive(Debug, Default)]
pub(in crate::commands) struct Keys;

impl Keys {
    pub(in crate::commands) fn read(&mut self, bytes: &[u8]) -> Vec<Key> {
        let mut keys = Vec::new();
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            if *byte != 27 {
                keys.push(Key::Byte(*byte));
                continue;
            }
            const SEQUENCES: [(&[u8], Key); 16] = [
                (b"[A", Key::Up),
                (b"[B", Key::Down),
                (b"[C", Key::Right),
                (b"[D", Key::Left),
                (b"OA", Key::Up),
                (b"OB", Key::Down),
                (b"OC", Key::Right),
                (b"OD", Key::Left),
                (b"[H", Key::Home),
                (b"[F", Key::End),
                (b"[1~", Key::Home),
                (b"[4~", Key::End),
                (b"[3~", Key::Delete),
                (b"[5~", Key::PageUp),
                (b"[6~", Key::PageDown),
                (b"OF", Key::End),
            ];
            match SEQUENCES.iter().find(|(sequence, _)| rest.starts_with(sequence)) {
                Some((sequence, key)) => {
                    rest = &rest[sequence.len()..];
                    keys.push(*key);
                }
                None => keys.push(Key::Escape),
            }
        }
        keys
    }
}
