//! What keys mean where nothing is inserted: movements and commands.

use super::super::{keys::Key, motion::Place};
use super::{Editor, Effect, MAX_COUNT, Message, Mode, register};

/// The keys that move the cursor (`Editor::motion`).
const MOTIONS: &[u8] = b"hjklwWbBeE0^$GHML%{}|+- \r\n\x08\x0e\x10\x7f";

impl Editor {
    /// The keys with arrows and their like.
    pub(super) fn go(&mut self, key: Key) {
        match key {
            Key::Up => self.row = self.row.saturating_sub(1),
            Key::Down => self.row = (self.row + 1).min(self.lines.len() - 1),
            Key::Left => self.column = self.back(self.column, 1),
            Key::Right => self.column = self.forward(self.column, 1),
            Key::Home => self.column = 0,
            Key::End => self.column = self.lines[self.row].len(),
            Key::PageUp => self.scroll_back(self.height.max(2) - 1),
            Key::PageDown => self.scroll_on(self.height.max(2) - 1),
            Key::Byte(_) | Key::Escape | Key::Delete => {}
        }
        self.settle();
    }

    /// Moves the screen down the text; the cursor stays on it.
    fn scroll_on(&mut self, by: usize) {
        let last = self.lines.len() - 1;
        if self.top + by >= last {
            (self.top, self.row) = (last, last);
            self.column = self.lines[last].len();
            return self.settle();
        }
        self.top += by;
        if self.row < self.top {
            (self.row, self.column) = (self.top, self.first_text(self.top));
        }
        self.settle();
    }

    /// Moves the screen up the text; the cursor stays on it.
    fn scroll_back(&mut self, by: usize) {
        self.top = self.top.saturating_sub(by);
        let bottom = (self.top + self.height.max(1) - 1).min(self.lines.len() - 1);
        if self.row > bottom {
            (self.row, self.column) = (bottom, self.first_text(bottom));
        }
        self.settle();
    }

    pub(super) fn normal(&mut self, key: Key) -> Effect {
        self.message = Message::default();
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
        self.named = register::UNNAMED;
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
        if *command == b'"' {
            let (name, rest) = rest.split_first()?;
            self.named =
                if name.is_ascii_alphabetic() { name.to_ascii_lowercase() } else { register::UNNAMED };
            let digits = count.map(|count| count.to_string()).unwrap_or_default();
            // A count may stand before the register's name or behind it.
            return if rest.is_empty() { None } else { self.typed(&[digits.as_bytes(), rest].concat()) };
        }
        let times = count.unwrap_or(1);
        match command {
            b'd' | b'c' | b'y' | b'<' | b'>' => {
                let (inner, rest) = counted(rest);
                let (motion, rest) = rest.split_first()?;
                let count = match (count, inner) {
                    (Some(outer), Some(inner)) => Some(outer.saturating_mul(inner).min(MAX_COUNT)),
                    (outer, inner) => outer.or(inner),
                };
                if matches!(motion, b'g' | b'f' | b'F' | b't' | b'T' | b'\'' | b'`') && rest.is_empty() {
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
                self.found = Some((*command, *wanted));
                self.go_to_found(*command, *wanted, times);
            }
            b'm' => {
                let (name, _) = rest.split_first()?;
                self.marks.insert(*name, (self.row, self.column));
            }
            b'\'' | b'`' => {
                let (name, _) = rest.split_first()?;
                let Some(to) = self.mark(*name) else {
                    self.warn(format!("Mark [{}] not set", char::from(*name)));
                    return Some(Effect::None);
                };
                self.marks.insert(b'\'', (self.row, self.column));
                self.row = to.0;
                self.column = if *command == b'`' { to.1 } else { self.first_text(to.0) };
                self.settle();
            }
            b'z' => {
                let (place, _) = rest.split_first()?;
                let above = match place {
                    b'.' => self.height.saturating_sub(1) / 2,
                    b'-' => self.height.saturating_sub(1),
                    _ => 0,
                };
                self.top = self.row.saturating_sub(above);
            }
            b'g' => {
                let (second, _) = rest.split_first()?;
                if *second == b'g' {
                    self.marks.insert(b'\'', (self.row, self.column));
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
                let indentation = self.indentation(self.row);
                (self.row, self.column, self.mode) = (row, indentation.len(), Mode::Insert);
                self.lines.insert(row, indentation);
            }
            b'R' => {
                self.remember();
                self.mode = Mode::Replace;
            }
            b';' | b',' => {
                if let Some((how, wanted)) = self.found {
                    let how = if command == b';' { how } else { how ^ 32 };
                    self.go_to_found(how, wanted, times);
                }
            }
            b'.' => self.repeat(count),
            b's' => self.operate(b'c', b'l', &[], count),
            b'S' => self.operate(b'c', b'c', &[], count),
            b'C' | b'D' => self.delete_to_end(command == b'C'),
            b'x' | b'X' => self.delete_characters(command == b'X', times),
            b'Y' => self.operate(b'y', b'y', &[], count),
            b'p' | b'P' => self.put(command == b'p', times),
            b'u' => self.take_back(),
            b'U' => self.restore_line(),
            b'J' => self.join(times),
            b'~' => self.swap_case(times),
            2 => self.go(Key::PageUp),
            6 => self.go(Key::PageDown),
            4 => self.scroll_on(self.height.saturating_sub(1) / 2),
            21 => self.scroll_back(self.height.saturating_sub(1) / 2),
            5 => self.scroll_on(1),
            25 => self.scroll_back(1),
            // Shows where the cursor is, or the screen again.
            7 | 12 | 18 => {}
            _ => self.move_by(command, count),
        }
        if self.mode == Mode::Normal {
            self.settle();
        }
    }

    fn move_by(&mut self, key: u8, count: Option<usize>) {
        if !MOTIONS.contains(&key) {
            return self.warn(format!("'{}' is not implemented", shown_key(key)));
        }
        let Some(motion) = self.motion(key, count) else { return };
        if key == b'G' {
            self.marks.insert(b'\'', (self.row, self.column));
        }
        let vertical = matches!(key, b'j' | b'k' | b'\n' | 14 | 16);
        (self.row, self.column) = motion.to;
        if vertical {
            self.column = self.wanted;
        } else {
            self.wanted = self.column;
        }
        self.settle();
    }

    /// A marked place, as far as the text still has it.
    pub(super) fn mark(&self, name: u8) -> Option<Place> {
        let (row, column) = *self.marks.get(&name)?;
        let row = row.min(self.lines.len() - 1);
        Some((row, column.min(self.lines[row].len())))
    }

    fn go_to_found(&mut self, how: u8, wanted: u8, times: usize) {
        if let Some(column) = self.find_on_line(how, wanted, times) {
            self.column = column;
            self.wanted = column;
        }
    }

    pub(super) fn find_on_line(&self, how: u8, wanted: u8, times: usize) -> Option<usize> {
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

/// A key as messages show it.
fn shown_key(key: u8) -> String {
    match key {
        0..32 | 127 => format!("^{}", char::from(key ^ 64)),
        _ => char::from(key).to_string(),
    }
}
