//! What the terminal shows.

use super::editor::{Editor, Mode};

impl Editor {
    /// All of the screen, with the cursor in its place; scrolls so that the cursor is seen.
    pub(super) fn screen(&mut self, rows: usize, columns: usize) -> Vec<u8> {
        let height = rows - 1;
        self.height = height;
        self.show_cursor_line(height);
        let cursor = width(&self.lines[self.row][..self.column], self.options.tab_stop);
        // Long lines are shown from where the cursor is seen.
        let left = if cursor < columns { 0 } else { cursor + 1 - columns };
        let mut out = b"\x1b[H".to_vec();
        for row in self.top..self.top + height {
            match self.lines.get(row) {
                Some(line) => out.extend(shown(line, left, columns, self.options.tab_stop)),
                None => out.push(b'~'),
            }
            out.extend_from_slice(b"\x1b[K\r\n");
        }
        let status: String = self.status().chars().take(columns - 1).collect();
        let loud = self.message.loud && !matches!(self.mode, Mode::Prompt(..));
        out.extend(if loud { format!("\x1b[7m{status}\x1b[m") } else { status }.into_bytes());
        out.extend_from_slice(b"\x1b[K");
        if !matches!(self.mode, Mode::Prompt(..)) {
            let place = format!("\x1b[{};{}H", self.row - self.top + 1, cursor - left + 1);
            out.extend_from_slice(place.as_bytes());
        }
        out
    }

    /// Scrolls until the cursor is seen: a little way line by line, a longer one so that it is in the middle.
    fn show_cursor_line(&mut self, height: usize) {
        let middle = height / 2;
        let far = if self.row < self.top {
            self.top - self.row >= middle
        } else if self.row >= self.top + height {
            self.row + 1 - self.top - height >= middle
        } else {
            return;
        };
        self.top = if far {
            self.row.saturating_sub(middle)
        } else if self.row < self.top {
            self.row
        } else {
            self.row + 1 - height
        };
    }

    fn status(&self) -> String {
        if let Mode::Prompt(begin, text) = &self.mode {
            return format!("{}{}", char::from(*begin), String::from_utf8_lossy(text));
        }
        if !self.message.text.is_empty() {
            return self.message.text.clone();
        }
        let mode = match self.mode {
            Mode::Insert => 'I',
            Mode::Replace => 'R',
            _ => '-',
        };
        let name = self.path.as_ref().map_or("No file".into(), |path| String::from_utf8_lossy(path));
        let (read_only, modified) = (
            if self.read_only { " [Readonly]" } else { "" },
            if self.is_modified() { " [Modified]" } else { "" },
        );
        let (at, count) = (self.row + 1, self.lines.len());
        format!("{mode} {name}{read_only}{modified} {at}/{count} {}%", at * 100 / count)
    }
}

/// How many columns a text takes.
pub(super) fn width(text: &[u8], tab_stop: usize) -> usize {
    text.iter().fold(0, |column, byte| column + width_of(*byte, column, tab_stop))
}

fn width_of(byte: u8, column: usize, tab_stop: usize) -> usize {
    match byte {
        b'\t' => tab_stop - column % tab_stop,
        0..32 | 127 => 2,
        // The bytes of a character after its first.
        0x80..0xc0 => 0,
        _ => 1,
    }
}

/// A line between two columns.
fn shown(line: &[u8], left: usize, columns: usize, tab_stop: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut column = 0;
    for byte in line {
        let wide = width_of(*byte, column, tab_stop);
        if column >= left && column + wide <= left + columns {
            match byte {
                b'\t' => out.resize(out.len() + wide, b' '),
                0..32 | 127 => out.extend_from_slice(&[b'^', byte ^ 64]),
                _ => out.push(*byte),
            }
        }
        column += wide;
        if column > left + columns {
            break;
        }
    }
    out
}
