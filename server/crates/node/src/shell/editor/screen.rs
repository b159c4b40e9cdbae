//! The screen: what is sent to show the line, its prompt and its cursor.

use unicode_width::UnicodeWidthStr;

use super::Editor;

impl Editor {
    /// Shows what the word could be, in columns, and the line below it.
    pub(in crate::shell) fn show_choices(&mut self, names: &[Vec<u8>]) {
        let cursor = self.cursor;
        self.move_to(self.line.len());
        self.screen.push(b'\n');
        let column = names.iter().map(|name| columns(name)).max().unwrap_or(0) + 2;
        let across = (self.width / column).max(1);
        let down = names.len().div_ceil(across);
        for row in 0..down {
            let mut cells = names.iter().skip(row).step_by(down).peekable();
            while let Some(name) = cells.next() {
                self.screen.extend_from_slice(name);
                if cells.peek().is_some() {
                    self.screen.resize(self.screen.len() + column - columns(name), b' ');
                }
            }
            self.screen.push(b'\n');
        }
        self.show_again(cursor);
    }

    pub(super) fn beep(&mut self) {
        self.screen.push(7);
    }

    /// The row and column of a place in the line.
    pub(super) fn place(&self, at: usize) -> (usize, usize) {
        let column = self.indent + columns(&self.line[..at]);
        (column / self.width, column % self.width)
    }

    /// Moves the cursor.
    pub(super) fn move_to(&mut self, at: usize) {
        let (row, column) = self.place(at);
        let (_, before) = self.place(self.cursor);
        let back = columns(&self.line[at.min(self.cursor)..self.cursor]);
        if row == self.row && at <= self.cursor && back <= 4 {
            self.screen.resize(self.screen.len() + back, 8);
        } else if row == self.row && at > self.cursor {
            self.screen.extend_from_slice(&self.line[self.cursor..at]);
        } else if (row, column) != (self.row, before) {
            self.go(row, column);
        }
        self.cursor = at;
        self.row = row;
    }

    /// Moves the screen's cursor from wherever it is in its row.
    fn go(&mut self, row: usize, column: usize) {
        let moves = match row.cmp(&self.row) {
            std::cmp::Ordering::Less => format!("\x1b[{}A", self.row - row),
            std::cmp::Ordering::Greater => format!("\x1b[{}B", row - self.row),
            std::cmp::Ordering::Equal => String::new(),
        };
        self.screen.extend_from_slice(moves.as_bytes());
        self.screen.push(b'\r');
        if column > 0 {
            self.screen.extend_from_slice(format!("\x1b[{column}C").as_bytes());
        }
        self.row = row;
    }

    /// Shows the line from a place on, where the screen's cursor is, and puts the cursor where it belongs; with `clear`
    /// something longer may have stood there.
    pub(super) fn show_from(&mut self, at: usize, clear: bool) {
        self.screen.extend_from_slice(&self.line[at..]);
        let (row, column) = self.place(self.line.len());
        self.row = row;
        if column == 0 && at < self.line.len() {
            // Terminals stay in the last column until something more is printed.
            self.screen.push(b'\n');
        }
        if clear {
            self.screen.extend_from_slice(b"\x1b[J");
        }
        let cursor = std::mem::replace(&mut self.cursor, self.line.len());
        self.move_to(cursor);
    }

    /// Shows prompt and line once more, on a fresh row.
    pub(super) fn show_again(&mut self, cursor: usize) {
        self.screen.extend_from_slice(&self.prompt);
        self.row = 0;
        self.cursor = cursor.min(self.line.len());
        self.show_from(0, true);
    }

    pub(super) fn start_of_row(&mut self) {
        self.go(0, 0);
        self.screen.extend_from_slice(b"\x1b[J");
    }

    pub(super) fn clear_screen(&mut self) {
        self.screen.extend_from_slice(b"\x1b[H\x1b[J");
        self.show_again(self.cursor);
    }
}

/// The columns that a text takes.
pub(super) fn columns(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_ascii() => text.width(),
        _ => bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count(),
    }
}

/// The columns that a text takes without its escape sequences.
pub(super) fn visible_width(text: &[u8]) -> usize {
    let mut width = 0;
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        if *byte == 27 {
            // Up to the letter that ends it.
            let _ = bytes.find(|byte| byte.is_ascii_alphabetic());
        } else if *byte & 0xc0 != 0x80 && *byte >= 32 {
            width += 1;
        }
    }
    width
}
