//! What `less` shows of a file, and where a key leads: no input, no output.

use bytes::Bytes;

use crate::libc::regex::{Regex, Syntax};

/// How lines are shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Style {
    /// Numbers in front of lines (`-N`).
    pub(super) numbers: bool,
    /// Long lines are cut, not folded (`-S`).
    pub(super) cut: bool,
    /// Searches do not tell upper from lower case (`-I`).
    pub(super) ignore_case: bool,
}

/// A file as it is looked at.
#[derive(Debug)]
pub(super) struct View {
    /// Rows of the screen: a line of the file is one or more. Each with the number of its line, from 0.
    rows: Vec<(usize, Vec<u8>)>,
    count: usize,
    /// The row on top.
    pub(super) top: usize,
    height: usize,
    width: usize,
    style: Style,
    pattern: Option<Regex>,
    /// Rows that the pattern fits.
    matches: Vec<usize>,
    at_match: usize,
}

impl View {
    pub(super) fn new(lines: &[Bytes], height: usize, width: usize, style: Style) -> Self {
        let room = if style.numbers { width.saturating_sub(8).max(1) } else { width };
        let mut rows = Vec::new();
        for (number, line) in lines.iter().enumerate() {
            let cells = cells(line);
            if style.cut || cells.len() <= room {
                rows.push((number, cells.into_iter().take(room).flatten().collect()));
            } else {
                rows.extend(cells.chunks(room).map(|part| (number, part.concat())));
            }
        }
        let (pattern, matches) = (None, Vec::new());
        Self { rows, count: lines.len(), top: 0, height, width, style, pattern, matches, at_match: 0 }
    }

    /// The last row that can be on top: an empty one follows the text, and one more is seen.
    fn last_top(&self) -> usize {
        (self.rows.len() + 2).saturating_sub(self.height)
    }

    /// Goes so that a row is on top, as far as there is text below.
    pub(super) fn go(&mut self, row: usize) {
        self.top = if self.rows.len() < self.height { 0 } else { row.min(self.last_top()) };
    }

    pub(super) fn down(&mut self, by: usize) {
        self.go(self.top.saturating_add(by));
    }

    pub(super) fn up(&mut self, by: usize) {
        self.top = self.top.saturating_sub(by);
    }

    pub(super) fn end(&mut self) {
        self.go(usize::MAX);
    }

    /// A row at so many hundredths of the text.
    pub(super) fn percent(&mut self, percent: usize) {
        self.go(self.rows.len() * percent.min(100) / 100);
    }

    /// Whether the last line is seen.
    pub(super) fn at_end(&self) -> bool {
        self.top + self.height > self.rows.len()
    }

    /// Searches; the error is what to say.
    pub(super) fn search(&mut self, pattern: &[u8], forward: bool) -> Result<(), String> {
        if !pattern.is_empty() {
            let syntax = Syntax { ignore_case: self.style.ignore_case, ..Syntax::basic() };
            let regex = Regex::new(pattern, syntax).map_err(|_| "bad pattern".to_owned())?;
            let fits = |(index, (_, row)): (usize, &(usize, Vec<u8>))| regex.is_match(row).then_some(index);
            self.matches = self.rows.iter().enumerate().filter_map(fits).collect();
            self.pattern = Some(regex);
        }
        if self.pattern.is_none() {
            return Err("No previous search pattern".to_owned());
        }
        if self.matches.is_empty() {
            return Err("No matches found".to_owned());
        }
        let after = self.matches.iter().take_while(|row| **row <= self.top).count();
        self.at_match = if forward { after } else { after.saturating_sub(1) };
        self.show_match();
        Ok(())
    }

    /// The match after (`n`) or before (`N`) the one that was shown.
    pub(super) fn next_match(&mut self, forward: bool) -> Result<(), String> {
        if self.pattern.is_none() {
            return Err("No previous search pattern".to_owned());
        }
        if self.matches.is_empty() {
            return Err("No matches found".to_owned());
        }
        self.at_match = if forward { self.at_match + 1 } else { self.at_match.saturating_sub(1) };
        self.show_match();
        Ok(())
    }

    fn show_match(&mut self) {
        self.at_match = self.at_match.min(self.matches.len().saturating_sub(1));
        if let Some(row) = self.matches.get(self.at_match) {
            self.go(*row);
        }
    }

    /// `f lines 1-23/100 23%`
    pub(super) fn position(&self, name: &str) -> String {
        let number = |row: usize| self.rows.get(row).map_or(self.count, |(line, _)| line + 1);
        let (first, last) = (number(self.top), number(self.top + self.height - 1));
        let place = match self.at_end() {
            true => "(END)".to_owned(),
            false => format!("{}%", (self.top + self.height) * 100 / self.rows.len().max(1)),
        };
        format!("{name} lines {first}-{last}/{} {place}", self.count)
    }

    /// All rows of the screen but the last.
    pub(super) fn screen(&self) -> Vec<u8> {
        let mut out = b"\x1b[H\x1b[J".to_vec();
        let mut before = self.top.checked_sub(1).and_then(|row| self.rows.get(row)).map(|(line, _)| *line);
        for row in self.top..self.top + self.height {
            match self.rows.get(row) {
                Some((line, text)) => {
                    if self.style.numbers {
                        let is_new = before != Some(*line);
                        let number = if is_new { (line + 1).to_string() } else { String::new() };
                        out.extend_from_slice(format!("{number:>7} ").as_bytes());
                    }
                    before = Some(*line);
                    out.extend(self.marked(text));
                }
                // The end of the text is an empty line of its own.
                None => {
                    let end = row == self.rows.len();
                    if self.style.numbers {
                        let number = if end { (self.count + 1).to_string() } else { String::new() };
                        out.extend_from_slice(format!("{number:>7} ").as_bytes());
                    }
                    if !end {
                        out.push(b'~');
                    }
                }
            }
            out.extend_from_slice(b"\r\n");
        }
        out
    }

    /// A row with what the pattern fits in reverse.
    fn marked(&self, text: &[u8]) -> Vec<u8> {
        let Some(pattern) = &self.pattern else { return text.to_vec() };
        let (mut out, mut from) = (Vec::new(), 0);
        while let Some(found) = pattern.find(text, from) {
            if found.is_empty() {
                break;
            }
            out.extend_from_slice(&text[from..found.start]);
            out.extend_from_slice(b"\x1b[7m");
            out.extend_from_slice(&text[found.clone()]);
            out.extend_from_slice(b"\x1b[m");
            from = found.end;
        }
        out.extend_from_slice(&text[from..]);
        out
    }

    /// What the last row says where nothing else is to be said.
    pub(super) fn status(&self, name: &str) -> (String, bool) {
        match (self.top, self.at_end()) {
            (0, _) => (name.to_owned(), true),
            (_, true) => ("(END)".to_owned(), true),
            _ => (":".to_owned(), false),
        }
    }

    pub(super) fn half(&self) -> usize {
        (self.height / 2).max(1)
    }

    pub(super) fn page(&self) -> usize {
        self.height
    }

    /// The columns of the screen.
    pub(super) fn width(&self) -> usize {
        self.width
    }
}

/// What stands in each column: tabs are blanks, control characters letters in reverse.
fn cells(line: &[u8]) -> Vec<Vec<u8>> {
    let mut cells: Vec<Vec<u8>> = Vec::new();
    for byte in line {
        match byte {
            b'\t' => cells.resize(cells.len() + 8 - cells.len() % 8, vec![b' ']),
            b'\r' => {}
            0..32 | 127 => cells.push([b"\x1b[7m", &[byte ^ 64][..], b"\x1b[m"].concat()),
            0x80..0xc0 => match cells.last_mut() {
                Some(cell) => cell.push(*byte),
                None => cells.push(vec![*byte]),
            },
            byte => cells.push(vec![*byte]),
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::{Style, View};

    fn view(count: usize) -> View {
        let lines: Vec<bytes::Bytes> = (1..=count).map(|line| format!("line {line}").into()).collect();
        View::new(&lines, 23, 80, Style::default())
    }

    fn first(view: &View) -> String {
        let screen = String::from_utf8_lossy(&view.screen()).into_owned();
        screen.trim_start_matches("\x1b[H\x1b[J").split("\r\n").next().unwrap_or_default().to_owned()
    }

    #[test]
    fn pages_go_on_until_the_last_line_is_seen() {
        let mut view = view(100);
        assert_eq!(view.status("f"), ("f".to_owned(), true));
        view.down(23);
        assert_eq!((first(&view), view.status("f")), ("line 24".to_owned(), (":".to_owned(), false)));
        assert_eq!(view.position("f"), "f lines 24-46/100 46%");
        view.end();
        assert_eq!((first(&view), view.status("f")), ("line 80".to_owned(), ("(END)".to_owned(), true)));
        assert_eq!(view.position("f"), "f lines 80-100/100 (END)");
        view.up(1);
        assert_eq!((first(&view), view.at_end()), ("line 79".to_owned(), true));
        view.up(2);
        assert_eq!((first(&view), view.at_end()), ("line 77".to_owned(), false));
    }

    #[test]
    fn searches_put_the_match_on_top_and_mark_it() {
        let mut view = view(100);
        assert_eq!(view.search(b"line 5", true), Ok(()));
        assert_eq!(first(&view), "\x1b[7mline 5\x1b[m");
        assert_eq!(view.next_match(true), Ok(()));
        assert_eq!(first(&view), "\x1b[7mline 5\x1b[m0");
        assert_eq!(view.next_match(false), Ok(()));
        assert_eq!(first(&view), "\x1b[7mline 5\x1b[m");
        assert_eq!(view.search(b"line 4", false), Ok(()));
        assert_eq!(first(&view), "\x1b[7mline 4\x1b[m");
        assert_eq!(view.search(b"zz", true), Err("No matches found".to_owned()));
    }

    #[test]
    fn a_short_text_stays_where_it_is() {
        let mut view = view(3);
        view.down(1);
        view.end();
        assert_eq!((view.top, view.search(b"3", true), view.top), (0, Ok(()), 0));
        let screen = String::from_utf8_lossy(&view.screen()).into_owned();
        assert!(screen.contains("line \x1b[7m3\x1b[m\r\n\r\n~\r\n"), "{screen:?}");
    }

    #[test]
    fn long_lines_are_folded_or_cut() {
        let line = [bytes::Bytes::from("x".repeat(100))];
        assert_eq!(View::new(&line, 23, 80, Style::default()).rows.len(), 2);
        assert_eq!(View::new(&line, 23, 80, Style { cut: true, ..Style::default() }).rows.len(), 1);
    }
}
