//! The line editor of interactive shells, as busybox and readline have it: keys go in, a line and what the screen is to
//! show come out. Nothing in here waits or looks at files.

mod complete;
mod keys;
mod recall;
mod screen;
mod search;

use bytes::Bytes;
use keys::{Key, Keys};
use screen::visible_width;

pub(super) use recall::recalled;
/// The longest line that is edited.
const MAX_LINE: usize = 64 * 1024;

/// What comes of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// More keys are needed.
    More,
    /// The line is done.
    Line(Vec<u8>),
    /// Ctrl-C: the line is given up.
    Interrupt,
    /// Ctrl-D on an empty line.
    End,
    /// Tab: what stands before the cursor is to be completed. `again` where it was pressed before and did not help.
    Complete { again: bool },
}

/// A line that is being edited.
#[derive(Debug)]
pub(super) struct Editor {
    keys: Keys,
    line: Vec<u8>,
    /// Where the cursor is, in bytes.
    cursor: usize,
    prompt: Bytes,
    /// The columns that the last line of the prompt takes, and those of the screen.
    indent: usize,
    width: usize,
    /// Earlier lines, the last one the latest, and which of them is shown (their number for the new one).
    history: Vec<Bytes>,
    shown: usize,
    /// The new line, while an earlier one is shown.
    draft: Vec<u8>,
    /// What was cut last.
    cut: Vec<u8>,
    search: Option<Search>,
    tabbed: bool,
    /// What the screen is to show next.
    screen: Vec<u8>,
    /// The row, within the edited text, that the cursor of the screen is in.
    row: usize,
}

/// Looking for an earlier line (Ctrl-R).
#[derive(Debug, Default)]
struct Search {
    text: Vec<u8>,
    /// Which earlier line holds it.
    found: Option<usize>,
}

impl Editor {
    /// An empty line after a prompt that is shown at once. A terminal that does not know its size (0) is taken for one
    /// of 80 columns, as real shells do.
    pub(super) fn new(prompt: Bytes, history: Vec<Bytes>, columns: u16) -> Self {
        let last = prompt.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let indent = visible_width(last);
        Self {
            keys: Keys::default(),
            line: Vec::new(),
            cursor: 0,
            indent,
            width: match columns {
                0 => 80,
                columns => usize::from(columns).max(2),
            },
            shown: history.len(),
            history,
            draft: Vec::new(),
            cut: Vec::new(),
            search: None,
            tabbed: false,
            screen: prompt.to_vec(),
            row: 0,
            prompt,
        }
    }

    /// What the screen is to show, since this was asked last.
    pub(super) fn take_screen(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.screen)
    }

    /// The line up to the cursor.
    pub(super) fn before_cursor(&self) -> &[u8] {
        &self.line[..self.cursor]
    }

    /// Takes a byte from the terminal.
    pub(super) fn push(&mut self, byte: u8) -> Step {
        match self.keys.push(byte) {
            Some(key) => self.key(key),
            None => Step::More,
        }
    }

    fn key(&mut self, key: Key) -> Step {
        let tabbed = std::mem::take(&mut self.tabbed);
        if self.search.is_some() && !self.search_key(&key) {
            return Step::More;
        }
        match key {
            Key::Enter | Key::Ctrl(b'J') => {
                self.move_to(self.line.len());
                self.screen.extend_from_slice(b"\n");
                return Step::Line(std::mem::take(&mut self.line));
            }
            Key::Ctrl(b'C') => {
                self.move_to(self.line.len());
                self.screen.extend_from_slice(b"^C\n");
                return Step::Interrupt;
            }
            Key::Ctrl(b'D') if self.line.is_empty() => return Step::End,
            Key::Tab => return Step::Complete { again: tabbed },
            Key::Char(bytes) => self.insert(&bytes),
            Key::Backspace | Key::Ctrl(b'H') => self.remove(self.previous(), self.cursor, false),
            Key::Delete | Key::Ctrl(b'D') => self.remove(self.cursor, self.next(), false),
            Key::Left | Key::Ctrl(b'B') => self.move_to(self.previous()),
            Key::Right | Key::Ctrl(b'F') => self.move_to(self.next()),
            Key::Home | Key::Ctrl(b'A') => self.move_to(0),
            Key::End | Key::Ctrl(b'E') => self.move_to(self.line.len()),
            Key::WordLeft | Key::Alt(b'b') => self.move_to(self.word_left(is_word)),
            Key::WordRight | Key::Alt(b'f') => self.move_to(self.word_right()),
            Key::Ctrl(b'K') => self.remove(self.cursor, self.line.len(), true),
            Key::Ctrl(b'U') => self.remove(0, self.cursor, true),
            Key::Ctrl(b'W') => self.remove(self.word_left(|byte| byte != b' '), self.cursor, true),
            Key::Alt(127) => self.remove(self.word_left(is_word), self.cursor, true),
            Key::Alt(b'd') => self.remove(self.cursor, self.word_right(), true),
            Key::Ctrl(b'Y') => self.insert(&self.cut.clone()),
            Key::Ctrl(b'L') => self.clear_screen(),
            Key::Up | Key::Ctrl(b'P') => self.recall(self.shown.checked_sub(1)),
            Key::Down | Key::Ctrl(b'N') => self.recall(Some(self.shown + 1)),
            Key::Ctrl(b'R') => {
                self.search = Some(Search::default());
                self.show_search();
            }
            Key::Ctrl(_) | Key::Alt(_) | Key::Other => {}
        }
        Step::More
    }

    fn insert(&mut self, bytes: &[u8]) {
        if self.line.len() + bytes.len() > MAX_LINE {
            self.beep();
            return;
        }
        self.line.splice(self.cursor..self.cursor, bytes.iter().copied());
        let at = self.cursor;
        self.cursor += bytes.len();
        self.show_from(at, false);
    }

    /// Takes a part of the line out; `keep` it for Ctrl-Y.
    fn remove(&mut self, from: usize, to: usize, keep: bool) {
        if from >= to {
            return;
        }
        self.move_to(from);
        let gone: Vec<u8> = self.line.drain(from..to).collect();
        if keep {
            self.cut = gone;
        }
        self.show_from(from, true);
    }

    /// Replaces the line by another one.
    fn replace(&mut self, line: Vec<u8>) {
        self.move_to(0);
        self.line = line;
        self.cursor = self.line.len();
        self.show_from(0, true);
    }

    /// Shows an earlier line, or a later one.
    fn recall(&mut self, number: Option<usize>) {
        let Some(number) = number.filter(|number| *number <= self.history.len()) else {
            self.beep();
            return;
        };
        if self.shown == self.history.len() {
            self.draft.clone_from(&self.line);
        }
        self.shown = number;
        let line = self.history.get(number).map_or_else(|| self.draft.clone(), |line| line.to_vec());
        self.replace(line);
    }

    /// Puts in what completes the word before the cursor.
    pub(super) fn complete_with(&mut self, rest: &[u8]) {
        self.insert(rest);
    }

    /// Nothing was completed: a beep, and the next Tab shows what there is.
    pub(super) fn not_completed(&mut self) {
        self.tabbed = true;
        self.beep();
    }

    fn previous(&self) -> usize {
        let mut at = self.cursor;
        while at > 0 {
            at -= 1;
            if self.line[at] & 0xc0 != 0x80 {
                break;
            }
        }
        at
    }

    fn next(&self) -> usize {
        let rest = &self.line[self.cursor..];
        let more = rest.iter().skip(1).position(|byte| byte & 0xc0 != 0x80);
        self.cursor + more.map_or(rest.len(), |more| more + 1)
    }

    fn word_left(&self, belongs: impl Fn(u8) -> bool) -> usize {
        let before = &self.line[..self.cursor];
        let end = before.iter().rposition(|byte| belongs(*byte)).map_or(0, |last| last + 1);
        before[..end].iter().rposition(|byte| !belongs(*byte)).map_or(0, |last| last + 1)
    }

    fn word_right(&self) -> usize {
        let after = &self.line[self.cursor..];
        let start = after.iter().position(|byte| is_word(*byte)).unwrap_or(after.len());
        let len = after[start..].iter().position(|byte| !is_word(*byte)).unwrap_or(after.len() - start);
        self.cursor + start + len
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::{Editor, Step};

    fn editor(history: &[&'static str]) -> Editor {
        let history = history.iter().map(|line| Bytes::from_static(line.as_bytes())).collect();
        Editor::new(Bytes::from_static(b"$ "), history, 40)
    }

    /// What comes of typing, and what the terminal was sent.
    fn typed(editor: &mut Editor, keys: &str) -> (Step, String) {
        let mut last = Step::More;
        for byte in keys.bytes() {
            last = editor.push(byte);
        }
        (last, String::from_utf8_lossy(&editor.take_screen()).into_owned())
    }

    fn line(history: &[&'static str], keys: &str) -> String {
        match typed(&mut editor(history), keys).0 {
            Step::Line(line) => String::from_utf8_lossy(&line).into_owned(),
            step => panic!("{step:?}"),
        }
    }

    #[test]
    fn what_is_typed_is_shown_as_it_is() {
        let mut editor = editor(&[]);
        assert_eq!(typed(&mut editor, "echo hi\r"), (Step::Line(b"echo hi".into()), "$ echo hi\n".into()));
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let mut editor = editor(&[]);
        typed(&mut editor, "日本語");
        // Back over the last one, and back again after what follows the new letter is shown once more.
        assert_eq!(typed(&mut editor, "\x1b[D").1, "\x08\x08");
        assert_eq!(typed(&mut editor, "x").1, "x語\x08\x08");
    }

    #[test]
    fn a_screen_of_unknown_size_has_80_columns() {
        let mut editor = Editor::new(Bytes::from_static(b"$ "), Vec::new(), 0);
        assert_eq!(typed(&mut editor, "echo hi\r").1, "$ echo hi\n");
    }

    #[test]
    fn keys_move_and_delete() {
        assert_eq!(line(&[], "bc\x01a\x05d\r"), "abcd");
        assert_eq!(line(&[], "abx\x7fc\x1b[D\x1b[D\x1b[3~B\r"), "aBc");
        assert_eq!(line(&[], "one two three\x17\x17four\r"), "one four");
        assert_eq!(line(&[], "gone\x15kept\r"), "kept");
        assert_eq!(line(&[], "keep lose\x1bb\x0b\x01\x19 \r"), "lose keep ");
        assert_eq!(line(&[], "größe\x7f\x7f\x7fß\r"), "grß");
    }

    #[test]
    fn earlier_lines_come_back_and_the_new_one_is_kept() {
        let history = ["first", "second"];
        assert_eq!(line(&history, "\x1b[A\r"), "second");
        assert_eq!(line(&history, "\x1b[A\x1b[A\x1b[A\r"), "first");
        assert_eq!(line(&history, "new\x1b[A\x1b[B\r"), "new");
        assert_eq!(line(&history, "\x12fir\r"), "first");
        assert_eq!(line(&history, "\x12s\x12\r"), "first");
    }

    #[test]
    fn interrupts_and_the_end() {
        assert_eq!(typed(&mut editor(&[]), "abc\x03"), (Step::Interrupt, "$ abc^C\n".into()));
        assert_eq!(typed(&mut editor(&[]), "\x04").0, Step::End);
        assert_eq!(line(&[], "ab\x01\x04\r"), "b");
    }

    #[test]
    fn tabs_ask_for_completion_and_the_second_for_choices() {
        let mut editor = editor(&[]);
        assert_eq!(typed(&mut editor, "ca\t").0, Step::Complete { again: false });
        editor.not_completed();
        assert_eq!(typed(&mut editor, "\t").0, Step::Complete { again: true });
        editor.show_choices(&[b"cal".into(), b"cat".into()]);
        assert_eq!(typed(&mut editor, "").1, "\ncal  cat\n$ ca\x1b[J");
        editor.complete_with(b"t ");
        assert_eq!(typed(&mut editor, "x\r").0, Step::Line(b"cat x".into()));
    }

    /// A screen of 40 columns, as much of one as the editor uses.
    fn screen(sent: &str) -> (Vec<String>, (usize, usize)) {
        let (mut rows, mut row, mut column) = (vec![vec![' '; 40]], 0usize, 0usize);
        let mut chars = sent.chars().peekable();
        while let Some(next) = chars.next() {
            match next {
                '\n' => (row, column) = (row + 1, 0),
                '\r' => column = 0,
                '\x08' => column = column.saturating_sub(1),
                '\x07' => {}
                '\x1b' => {
                    let mut count = String::new();
                    chars.next();
                    let end = loop {
                        match chars.next() {
                            Some(digit) if digit.is_ascii_digit() => count.push(digit),
                            Some(end) => break end,
                            None => return (Vec::new(), (0, 0)),
                        }
                    };
                    let count: usize = count.parse().unwrap_or(1);
                    match end {
                        'A' => row = row.saturating_sub(count),
                        'B' => row += count,
                        'C' => column += count,
                        'J' => {
                            rows.truncate(row + 1);
                            rows[row][column.min(40)..].fill(' ');
                        }
                        'K' => rows[row][column.min(40)..].fill(' '),
                        _ => {}
                    }
                }
                other => {
                    if column == 40 {
                        (row, column) = (row + 1, 0);
                    }
                    while rows.len() <= row {
                        rows.push(vec![' '; 40]);
                    }
                    rows[row][column] = other;
                    column += 1;
                }
            }
            while rows.len() <= row {
                rows.push(vec![' '; 40]);
            }
        }
        let text = |row: &Vec<char>| row.iter().collect::<String>().trim_end().to_owned();
        let mut shown: Vec<String> = rows.iter().map(text).collect();
        while shown.last().is_some_and(String::is_empty) {
            shown.pop();
        }
        (shown, (row, column))
    }

    proptest! {
        #[test]
        fn the_screen_shows_prompt_line_and_cursor(
            keys in prop::collection::vec(
                prop::sample::select(vec![
                    "a", "bc", "word ", "0123456789012345", "\x7f", "\x1b[D", "\x1b[C", "\x01", "\x05", "\x15", "\x17",
                    "\x0b", "\x1b[A", "\x1b[B", "\x1bb", "\x1bf", "\x1b[3~", "\x19",
                ]),
                0..40,
            )
        ) {
            let mut editor = editor(&["an earlier line", "one that is longer than the screen is wide, by far"]);
            let (_, sent) = typed(&mut editor, &keys.concat());
            let (shown, cursor) = screen(&sent);
            let all = format!("$ {}", String::from_utf8_lossy(&editor.line));
            let all: Vec<char> = all.chars().collect();
            let expected: Vec<String> = all
                .chunks(40)
                .map(|row| row.iter().collect::<String>().trim_end().to_owned())
                .collect();
            let mut expected = expected;
            while expected.last().is_some_and(String::is_empty) { expected.pop(); }
            prop_assert_eq!(&shown, &expected, "{:?}", sent);
            prop_assert_eq!(cursor, editor.place(editor.cursor), "{:?}", sent);
        }
    }
}
