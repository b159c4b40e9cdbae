//! What keys mean where nothing is inserted: movements and commands.

use super::super::keys::Key;
use super::{Editor, Effect, MAX_COUNT, Mode};

impl Editor {
    /// The keys with arrows and their like.
    pub(super) fn go(&mut self, key: Key) {
        let half = self.height.max(2) - 1;
        match key {
            Key::Up => self.row = self.row.saturating_sub(1),
            Key::Down => self.row = (self.row + 1).min(self.lines.len() - 1),
            Key::Left => self.column = self.back(self.column, 1),
            Key::Right => self.column = self.forward(self.column, 1),
            Key::Home => self.column = 0,
            Key::End => self.column = self.lines[self.row].len(),
            Key::PageUp => self.row = self.row.saturating_sub(half),
            Key::PageDown => self.row = (self.row + half).min(self.lines.len() - 1),
            Key::Byte(_) | Key::Escape | Key::Delete => {}
        }
        self.settle();
    }

    pub(super) fn normal(&mut self, key: Key) -> Effect {
        self.message.clear();
        let byte = match key {
            Key::Byte(byte) => byte,
            Key::Escape => {
                self.pending.clear();
                return Effect::None;
            }
            Key::Delete => b'x',
            key => {
                self.pending.clear();
                self.go(key);
                return Effect::None;
            }
        };
        self.pending.push(byte);
        let typed = std::mem::take(&mut self.pending);
        match self.typed(&typed) {
            Some(effect) => effect,
            None => {
                if typed.len() < 32 {
                    self.pending = typed;
                }
                Effect::None
            }
        }
    }

    /// What a command does that was typed; `None` where more belongs to it.
    fn typed(&mut self, typed: &[u8]) -> Option<Effect> {
        let (count, rest) = counted(typed);
        let (command, rest) = rest.split_first()?;
        let times = count.unwrap_or(1);
        match command {
            b'd' | b'c' | b'y' | b'<' | b'>' => {
                let (inner, rest) = counted(rest);
                let (motion, rest) = rest.split_first()?;
                let count = match (count, inner) {
                    (Some(outer), Some(inner)) => Some(outer.saturating_mul(inner).min(MAX_COUNT)),
                    (outer, inner) => outer.or(inner),
                };
                if *motion == b'g' && rest.is_empty() {
                    return None;
                }
                self.operate(*command, *motion, rest, count);
            }
            b'r' => {
                let (by, _) = rest.split_first()?;
                self.replace_characters(*by, times);
            }
            b'f' | b'F' | b't' | b'T' => {
                let (wanted, _) = rest.split_first()?;
                if let Some(column) = self.find_on_line(*command, *wanted, times) {
                    self.column = column;
                    self.wanted = column;
                }
            }
            b'g' => {
                let (second, _) = rest.split_first()?;
                if *second == b'g' {
                    self.row = (times - 1).min(self.lines.len() - 1);
                    self.column = self.first_text(self.row);
                }
            }
            b'Z' => {
                let (second, _) = rest.split_first()?;
                return Some(match second {
                    b'Z' => self.command(b"x"),
                    b'Q' => Effect::Quit,
                    _ => Effect::None,
                });
            }
            command => self.plain(*command, count),
        }
        Some(Effect::None)
    }

    /// A command of one key.
    fn plain(&mut self, command: u8, count: Option<usize>) {
        let times = count.unwrap_or(1);
        match command {
            b':' | b'/' | b'?' => self.mode = Mode::Prompt(command, Vec::new()),
            b'n' => self.search(self.forward),
            b'N' => self.search(!self.forward),
            b'i' => self.begin_insert(self.column),
            b'I' => self.begin_insert(self.first_text(self.row)),
            b'a' => self.begin_insert(self.forward(self.column, 1)),
            b'A' => self.begin_insert(self.lines[self.row].len()),
            b'o' | b'O' => {
                self.remember();
                let row = self.row + usize::from(command == b'o');
                self.lines.insert(row, Vec::new());
                (self.row, self.column, self.mode) = (row, 0, Mode::Insert);
            }
            b'R' => {
                self.remember();
                self.mode = Mode::Replace;
            }
            b's' => self.operate(b'c', b'l', &[], count),
            b'S' => self.operate(b'c', b'c', &[], count),
            b'C' => self.operate(b'c', b'$', &[], count),
            b'D' => self.operate(b'd', b'$', &[], count),
            b'x' => self.operate(b'd', b'l', &[], count),
            b'X' => self.operate(b'd', b'h', &[], count),
            b'Y' => self.operate(b'y', b'y', &[], count),
            b'p' | b'P' => self.put(command == b'p', times),
            b'u' => self.take_back(),
            b'J' => self.join(times.max(2)),
            b'~' => self.swap_case(times),
            2 => self.go(Key::PageUp),
            6 => self.go(Key::PageDown),
            4 => self.row = (self.row + self.height / 2).min(self.lines.len() - 1),
            21 => self.row = self.row.saturating_sub(self.height / 2),
            7 => {}
            _ => self.move_by(command, count),
        }
        self.settle();
    }

    fn move_by(&mut self, key: u8, count: Option<usize>) {
        let Some(motion) = self.motion(key, count) else { return };
        let vertical = matches!(key, b'j' | b'k' | b'\n' | 14 | 16);
        (self.row, self.column) = motion.to;
        if vertical {
            self.column = self.wanted;
        } else {
            self.wanted = self.column;
        }
        self.settle();
    }

    fn find_on_line(&self, how: u8, wanted: u8, times: usize) -> Option<usize> {
        let line = &self.lines[self.row];
        let nth = times.checked_sub(1)?;
        let is_wanted = |at: &usize| line[*at] == wanted;
        let found = match how {
            b'f' | b't' => (self.column + 1..line.len()).filter(is_wanted).nth(nth)?,
            _ => (0..self.column).rev().filter(is_wanted).nth(nth)?,
        };
        Some(match how {
            b't' => found - 1,
            b'T' => found + 1,
            _ => found,
        })
    }
}

/// A count at the start of what was typed. A zero is none: it is a movement.
fn counted(typed: &[u8]) -> (Option<usize>, &[u8]) {
    if !matches!(typed.first(), Some(b'1'..=b'9')) {
        return (None, typed);
    }
    let len = typed.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = typed.split_at(len);
    let count = std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).unwrap_or(MAX_COUNT);
    (Some(count.min(MAX_COUNT)), rest)
}
