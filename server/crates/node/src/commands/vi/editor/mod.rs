//! The state of an editor, and what each key does to it. No input, no output: those are asked for as an [`Effect`].

mod change;
mod insert;
mod normal;
mod prompt;

use bytes::Bytes;

use super::{keys::Key, motion::Place};

/// How many changes can be taken back, and how many lines all of them may remember.
const MAX_UNDO: usize = 100;
const MAX_UNDO_LINES: usize = 1 << 20;
/// The longest line of a prompt, and the most text at all.
const MAX_PROMPT: usize = 4096;
const MAX_TEXT: usize = 8 << 20;
const MAX_COUNT: usize = 100_000;

/// What keys mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Normal,
    Insert,
    Replace,
    /// A line that is typed after `:`, `/` or `?`.
    Prompt(u8, Vec<u8>),
}

/// What the editor cannot do itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    Quit,
    Write {
        path: Bytes,
        text: Vec<u8>,
        quit: bool,
    },
    /// Edits another file.
    Load(Bytes),
    /// Puts a file below the cursor.
    Insert(Bytes),
}

/// What was deleted or yanked.
#[derive(Clone, Debug, Default)]
struct Register {
    text: Vec<Vec<u8>>,
    /// Whole lines.
    lines: bool,
}

/// The text before a change.
#[derive(Debug)]
struct Undo {
    lines: Vec<Vec<u8>>,
    place: Place,
    modified: bool,
}

/// The editor.
#[derive(Debug)]
pub(super) struct Editor {
    pub(super) path: Option<Bytes>,
    /// Never empty.
    pub(super) lines: Vec<Vec<u8>>,
    pub(super) row: usize,
    pub(super) column: usize,
    /// The line on top of the screen, and how many lines it has.
    pub(super) top: usize,
    pub(super) height: usize,
    pub(super) mode: Mode,
    pub(super) message: String,
    pub(super) modified: bool,
    pub(super) read_only: bool,
    pub(super) pattern: Vec<u8>,
    forward: bool,
    register: Register,
    undo: Vec<Undo>,
    /// What was typed of a command so far: counts, an operator.
    pending: Vec<u8>,
    /// The column that going up and down keeps to.
    wanted: usize,
}

impl Editor {
    pub(super) fn new(read_only: bool) -> Self {
        Self {
            path: None,
            lines: vec![Vec::new()],
            row: 0,
            column: 0,
            top: 0,
            height: 23,
            mode: Mode::Normal,
            message: String::new(),
            modified: false,
            read_only,
            pattern: Vec::new(),
            forward: true,
            register: Register::default(),
            undo: Vec::new(),
            pending: Vec::new(),
            wanted: 0,
        }
    }

    /// Begins with another file.
    pub(super) fn open(&mut self, path: Option<Bytes>, text: &[u8]) {
        *self = Self {
            path,
            lines: split(text),
            register: std::mem::take(&mut self.register),
            pattern: std::mem::take(&mut self.pattern),
            height: self.height,
            ..Self::new(self.read_only)
        };
    }

    pub(super) fn tell(&mut self, message: String) {
        self.message = message;
    }

    /// The text was written to a file.
    pub(super) fn written(&mut self, path: &[u8], message: String) {
        if self.path.as_deref().is_none_or(|own| own == path) {
            self.path = Some(Bytes::copy_from_slice(path));
            self.modified = false;
        }
        self.message = message;
    }

    /// Puts the lines of a file below the cursor.
    pub(super) fn insert_file(&mut self, text: &[u8]) {
        self.remember();
        let new = split(text);
        self.lines.splice(self.row + 1..self.row + 1, new);
        self.row += 1;
        self.column = 0;
    }

    /// How much memory the text and what can be taken back take, in bytes, about.
    pub(super) fn bytes_held(&self) -> u64 {
        let of = |lines: &[Vec<u8>]| lines.iter().map(|line| line.len() + 24).sum::<usize>();
        (of(&self.lines) + self.undo.iter().map(|undo| of(&undo.lines)).sum::<usize>()) as u64
    }

    /// The text as it is written.
    pub(super) fn text(&self) -> Vec<u8> {
        if self.lines.len() == 1 && self.lines[0].is_empty() && !self.modified {
            return Vec::new();
        }
        let mut text = self.lines.join(&b'\n');
        text.push(b'\n');
        text
    }

    /// A key.
    pub(super) fn key(&mut self, key: Key) -> Effect {
        if self.lines.iter().map(Vec::len).sum::<usize>() > MAX_TEXT
            && matches!(self.mode, Mode::Insert | Mode::Replace)
        {
            self.leave_insert();
            self.tell("the text is too long".to_owned());
        }
        match self.mode.clone() {
            Mode::Normal => return self.normal(key),
            Mode::Insert | Mode::Replace => self.insert(key),
            Mode::Prompt(begin, text) => return self.prompt(begin, text, key),
        }
        Effect::None
    }

    /// Notes the text, so that the change that follows can be taken back.
    pub(super) fn remember(&mut self) {
        let undo =
            Undo { lines: self.lines.clone(), place: (self.row, self.column), modified: self.modified };
        self.undo.push(undo);
        let held = |undo: &[Undo]| undo.iter().map(|undo| undo.lines.len()).sum::<usize>();
        while self.undo.len() > MAX_UNDO || (self.undo.len() > 1 && held(&self.undo) > MAX_UNDO_LINES) {
            self.undo.remove(0);
        }
        self.modified = true;
    }

    fn take_back(&mut self) {
        let Some(undo) = self.undo.pop() else {
            self.tell("Nothing to undo".to_owned());
            return;
        };
        self.lines = undo.lines;
        self.modified = undo.modified;
        (self.row, self.column) = undo.place;
        self.settle();
    }

    /// Keeps the cursor within the text.
    pub(super) fn settle(&mut self) {
        self.row = self.row.min(self.lines.len() - 1);
        let len = self.lines[self.row].len();
        let last = if self.mode == Mode::Normal { len.saturating_sub(1) } else { len };
        self.column = self.column.min(last);
        while self.column > 0 && self.lines[self.row].get(self.column).is_some_and(|byte| byte & 0xc0 == 0x80)
        {
            self.column -= 1;
        }
    }
}

/// Lines of a text: at least one.
fn split(text: &[u8]) -> Vec<Vec<u8>> {
    text.strip_suffix(b"\n").unwrap_or(text).split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Editor, Effect};
    use crate::commands::vi::keys::Keys;

    /// What keys make of a text; the last effect.
    fn edit(text: &str, keys: &str) -> (String, Effect) {
        let mut editor = Editor::new(false);
        editor.open(Some("f".into()), text.as_bytes());
        let mut last = Effect::None;
        for key in Keys.read(keys.as_bytes()) {
            last = editor.key(key);
            editor.screen(5, 20);
        }
        (String::from_utf8_lossy(&editor.text()).into_owned(), last)
    }

    fn edited(text: &str, keys: &str) -> String {
        edit(text, keys).0
    }

    #[test]
    fn text_is_inserted_where_it_was_asked_for() {
        assert_eq!(edited("", "ihello\rworld\x1b"), "hello\nworld\n");
        assert_eq!(edited("b", "ia\x1bAc\x1b"), "abc\n");
        assert_eq!(edited("one\ntwo", "onew\x1bOold\x1b"), "one\nold\nnew\ntwo\n");
        assert_eq!(edited("abc", "ix\x7f\x1b$ay\x1b0Rz\x1b"), "zbcy\n");
    }

    #[test]
    fn operators_take_movements_and_counts() {
        assert_eq!(edited("a\nb\nc\nd", "jdd"), "a\nc\nd\n");
        assert_eq!(edited("a\nb\nc\nd", "2dd"), "c\nd\n");
        assert_eq!(edited("a\nb\nc\nd", "jdG"), "a\n");
        assert_eq!(edited("one two three", "wdw"), "one three\n");
        assert_eq!(edited("one two three", "2dwx"), "hree\n");
        assert_eq!(edited("one two", "wcwxyz\x1b"), "one xyz\n");
        assert_eq!(edited("one two", "wD"), "one \n");
        assert_eq!(edited("a b\nc", "$dw"), "a \nc\n");
        assert_eq!(edited("f(a, b) c", "d%"), " c\n");
    }

    #[test]
    fn what_is_taken_can_be_put() {
        assert_eq!(edited("a\nb", "yyp"), "a\na\nb\n");
        assert_eq!(edited("a\nb", "ddp"), "b\na\n");
        assert_eq!(edited("ab", "xp"), "ba\n");
        assert_eq!(edited("a\nb", "yy2P"), "a\na\na\nb\n");
    }

    #[test]
    fn changes_can_be_taken_back() {
        assert_eq!(edited("a\nb", "dddduu"), "a\nb\n");
        assert_eq!(edited("a\nb", "ixyz\x1bu"), "a\nb\n");
    }

    #[test]
    fn searching_goes_around() {
        assert_eq!(edited("a\nfoo\nb\nfoo", "/foo\rx"), "a\noo\nb\nfoo\n");
        assert_eq!(edited("a\nfoo\nb\nfoo", "/foo\rnx"), "a\nfoo\nb\noo\n");
        assert_eq!(edited("a\nfoo\nb\nfoo", "?foo\rx"), "a\nfoo\nb\noo\n");
    }

    #[test]
    fn small_commands_do_what_they_say() {
        assert_eq!(edited("a\n  b\nc", "J"), "a b\nc\n");
        assert_eq!(edited("aBc", "3~"), "AbC\n");
        assert_eq!(edited("abc", "2rx"), "xxc\n");
        assert_eq!(edited("a\nb", ">>"), "\ta\nb\n");
        assert_eq!(edited("a,b,c", "f,x;"), "ab,c\n");
        assert_eq!(edit("a", "ZQ").1, Effect::Quit);
    }

    proptest! {
        #[test]
        fn no_keys_panic(text in "[a-c é\n]{0,30}", keys in "[ -~\r\x1b\x08\x04\x15]{0,60}") {
            edit(&text, &keys);
        }
    }
}
