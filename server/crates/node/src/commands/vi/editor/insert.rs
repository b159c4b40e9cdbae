//! Inserting text.

use super::super::keys::Key;
use super::{Editor, Mode};

impl Editor {
    pub(super) fn insert(&mut self, key: Key) {
        let replace = self.mode == Mode::Replace;
        if matches!(key, Key::Byte(b'\r' | b'\n')) {
            self.close_change();
        }
        match key {
            Key::Escape | Key::Byte(3) => {}
            Key::Byte(_) if replace => self.remember(),
            Key::Byte(_) | Key::Delete => self.open_change(),
            _ => self.close_change(),
        }
        match key {
            Key::Escape | Key::Byte(3) => self.leave_insert(),
            Key::Byte(b'\r' | b'\n') => {
                let rest = self.lines[self.row].split_off(self.column);
                let mut line = self.indentation(self.row);
                self.drop_indentation();
                let column = line.len();
                line.extend(rest);
                self.lines.insert(self.row + 1, line);
                (self.row, self.column) = (self.row + 1, column);
            }
            Key::Byte(8 | 127) => {
                if self.column > 0 {
                    let before = self.back(self.column, 1);
                    self.lines[self.row].drain(before..self.column);
                    self.column = before;
                } else if self.row > 0 {
                    let line = self.lines.remove(self.row);
                    self.row -= 1;
                    self.column = self.lines[self.row].len();
                    self.lines[self.row].extend(line);
                }
            }
            // A word back.
            Key::Byte(23) => {
                let line = &self.lines[self.row][..self.column];
                let end = line.trim_ascii_end().len();
                let start = line[..end].iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
                self.lines[self.row].drain(start..self.column);
                self.column = start;
            }
            Key::Byte(b'\t') if !replace => {
                let column =
                    super::super::screen::width(&self.lines[self.row][..self.column], self.options.tab_stop);
                let typed = self.options.tab(column);
                let end = self.column + typed.len();
                self.lines[self.row].splice(self.column..self.column, typed);
                self.column = end;
            }
            Key::Byte(byte) => {
                let line = &mut self.lines[self.row];
                if replace && self.column < line.len() {
                    line[self.column] = byte;
                } else {
                    line.insert(self.column, byte);
                }
                self.column += 1;
            }
            Key::Delete => {
                if self.column < self.lines[self.row].len() {
                    let end = self.forward(self.column, 1);
                    self.lines[self.row].drain(self.column..end);
                }
            }
            key => self.go(key),
        }
    }

    /// The blanks that a line after another begins with.
    pub(super) fn indentation(&self, row: usize) -> Vec<u8> {
        let blanks = self.lines[row].iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
        if self.options.auto_indent { blanks.copied().collect() } else { Vec::new() }
    }

    /// A line of which nothing but its indentation was typed is empty.
    fn drop_indentation(&mut self) {
        if self.options.auto_indent && self.lines[self.row].iter().all(u8::is_ascii_whitespace) {
            self.lines[self.row].clear();
            self.column = 0;
        }
    }

    pub(super) fn leave_insert(&mut self) {
        self.drop_indentation();
        self.close_change();
        self.mode = Mode::Normal;
        // Nothing was typed, yet the command that began it is one that can be repeated.
        self.changed = true;
        self.column = self.back(self.column, 1);
        self.wanted = self.column;
    }

    pub(super) fn begin_insert(&mut self, column: usize) {
        self.mode = Mode::Insert;
        self.column = column.min(self.lines[self.row].len());
    }
}
