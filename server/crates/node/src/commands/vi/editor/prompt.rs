//! The line at the bottom: commands after a colon, and searches.

use super::super::keys::Key;
use super::{Editor, Effect, MAX_PROMPT, Mode};
use crate::libc::regex::{Regex, Syntax};

impl Editor {
    pub(super) fn prompt(&mut self, begin: u8, mut text: Vec<u8>, key: Key) -> Effect {
        match key {
            Key::Escape | Key::Byte(3) => self.mode = Mode::Normal,
            Key::Byte(8 | 127) => match text.pop() {
                Some(_) => self.mode = Mode::Prompt(begin, text),
                None => self.mode = Mode::Normal,
            },
            Key::Byte(b'\r' | b'\n') => {
                self.mode = Mode::Normal;
                if begin == b':' {
                    return self.command(&text);
                }
                if !text.is_empty() {
                    self.pattern = text;
                }
                self.forward = begin == b'/';
                self.search(self.forward);
            }
            Key::Byte(byte) if text.len() < MAX_PROMPT => {
                text.push(byte);
                self.mode = Mode::Prompt(begin, text);
            }
            _ => {}
        }
        Effect::None
    }

    /// Goes to the next match, around the end of the text.
    pub(super) fn search(&mut self, forward: bool) {
        let Ok(regex) = Regex::new(&self.pattern, Syntax::basic()) else {
            self.warn(format!("bad search pattern '{}'", String::from_utf8_lossy(&self.pattern)));
            return;
        };
        let count = self.lines.len();
        for step in 0..=count {
            let row =
                if forward { (self.row + step) % count } else { (self.row + count - step % count) % count };
            let mut starts = Vec::new();
            let mut from = 0;
            while let Some(found) = regex.find(&self.lines[row], from) {
                starts.push(found.start);
                from = found.end.max(found.start + 1);
                if from > self.lines[row].len() {
                    break;
                }
            }
            let (first, last) = (step == 0, step == count);
            let column = self.column;
            let found = if forward {
                starts
                    .into_iter()
                    .find(|start| if first { *start > column } else { !last || *start <= column })
            } else {
                starts
                    .into_iter()
                    .rev()
                    .find(|start| if first { *start < column } else { !last || *start >= column })
            };
            if let Some(column) = found {
                let here = (self.row, self.column);
                if forward && (row, column) <= here {
                    self.warn("search hit BOTTOM, continuing at TOP".to_owned());
                } else if !forward && (row, column) >= here {
                    self.warn("search hit TOP, continuing at BOTTOM".to_owned());
                }
                self.marks.insert(b'\'', here);
                (self.row, self.column) = (row, column);
                return;
            }
        }
        self.warn("Pattern not found".to_owned());
    }
}
