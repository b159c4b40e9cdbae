//! The state of an editor, and what each key does to it. No input, no output: those are asked for as an [`Effect`].

mod change;
mod insert;
mod normal;
mod options;
mod prompt;
mod register;
mod undo;

use std::collections::BTreeMap;

use bytes::Bytes;
use options::Options;
use register::Register;
use undo::Change;

use super::{keys::Key, motion::Place};

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
        /// Another file that exists is left alone.
        careful: bool,
    },
    /// Edits another file.
    Load(Bytes),
    /// Puts a file below the cursor.
    Insert(Bytes),
    /// Runs a command in a shell, on the terminal.
    Shell(Bytes),
}

/// What the last line of the screen says until the next key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) text: String,
    /// What went wrong is shown in reverse.
    pub(super) loud: bool,
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
    pub(super) message: Message,
    /// Changes since the text was written, taken-back ones subtracted.
    changes: i64,
    pub(super) read_only: bool,
    pub(super) pattern: Vec<u8>,
    forward: bool,
    registers: BTreeMap<u8, Register>,
    /// The register that the command names.
    named: u8,
    undo: Vec<Change>,
    pub(super) options: Options,
    /// The line that the cursor came to last, and its text then, which `U` brings back.
    came_to: (usize, Vec<u8>),
    /// What is being inserted.
    open_change: Option<Change>,
    /// Marked places; `'` is where the last jump began.
    marks: BTreeMap<u8, Place>,
    /// What `f`, `F`, `t` or `T` looked for last.
    found: Option<(u8, u8)>,
    /// The keys of the command that is typed, and those of the last one that changed the text.
    typing: Vec<Key>,
    last_change: Vec<Key>,
    /// Whether the command that is typed changed the text, and whether keys are being repeated.
    changed: bool,
    repeating: bool,
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
            message: Message::default(),
            changes: 0,
            read_only,
            pattern: Vec::new(),
            forward: true,
            registers: BTreeMap::new(),
            named: register::UNNAMED,
            undo: Vec::new(),
            options: Options::default(),
            came_to: (0, Vec::new()),
            open_change: None,
            marks: BTreeMap::new(),
            found: None,
            typing: Vec::new(),
            last_change: Vec::new(),
            changed: false,
            repeating: false,
            pending: Vec::new(),
            wanted: 0,
        }
    }

    /// Begins with another file.
    pub(super) fn open(&mut self, path: Option<Bytes>, text: &[u8]) {
        *self = Self {
            path,
            lines: split(text),
            registers: std::mem::take(&mut self.registers),
            pattern: std::mem::take(&mut self.pattern),
            height: self.height,
            options: self.options,
            ..Self::new(self.read_only)
        };
        self.came_to = (0, self.lines[0].clone());
    }

    pub(super) fn tell(&mut self, message: String) {
        self.message = Message { text: message, loud: false };
    }

    /// Says that something did not work.
    pub(super) fn warn(&mut self, message: String) {
        self.message = Message { text: message, loud: true };
    }

    /// Whether there is something that was not written.
    pub(super) fn is_modified(&self) -> bool {
        self.changes != 0
    }

    /// The text was written to a file.
    pub(super) fn written(&mut self, path: &[u8], message: String) {
        if self.path.as_deref().is_none_or(|own| own == path) {
            self.path = Some(Bytes::copy_from_slice(path));
            self.changes = 0;
        }
        self.tell(message);
    }

    /// Puts the lines of a file below the cursor.
    pub(super) fn insert_file(&mut self, path: &[u8], text: &[u8]) {
        self.remember();
        let new = split(text);
        let (path, count) = (String::from_utf8_lossy(path).into_owned(), new.len());
        self.tell(format!("'{path}' {count}L, {}C", text.len()));
        self.lines.splice(self.row + 1..self.row + 1, new);
        self.row += 1;
        self.column = 0;
    }

    /// How much memory the text and what can be taken back take, in bytes, about.
    pub(super) fn bytes_held(&self) -> u64 {
        let of = |lines: &[Vec<u8>]| lines.iter().map(|line| line.len() + 24).sum::<usize>();
        let registers: usize = self.registers.values().map(|register| of(&register.text)).sum();
        (of(&self.lines) + registers + self.undo.iter().map(Change::bytes).sum::<usize>()) as u64
    }

    /// The text as it is written.
    pub(super) fn text(&self) -> Vec<u8> {
        if self.lines.len() == 1 && self.lines[0].is_empty() && !self.is_modified() {
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
        if self.mode == Mode::Normal && self.pending.is_empty() {
            self.typing.clear();
            self.changed = false;
        }
        if self.typing.len() < MAX_PROMPT {
            self.typing.push(key);
        }
        let effect = match self.mode.clone() {
            Mode::Normal => self.normal(key),
            Mode::Insert | Mode::Replace => {
                self.insert(key);
                Effect::None
            }
            Mode::Prompt(begin, text) => {
                self.typing.clear();
                self.prompt(begin, text, key)
            }
        };
        if self.mode == Mode::Normal && self.pending.is_empty() && self.changed && !self.typing.is_empty() {
            self.last_change = std::mem::take(&mut self.typing);
        }
        if self.row != self.came_to.0 {
            self.came_to = (self.row, self.lines[self.row].clone());
        }
        effect
    }

    /// Does again what changed the text last.
    fn repeat(&mut self, count: Option<usize>) {
        if self.repeating {
            return;
        }
        let keys = self.last_change.clone();
        self.repeating = true;
        for digit in count.map(|count| count.to_string()).unwrap_or_default().bytes() {
            self.key(Key::Byte(digit));
        }
        for key in keys
            .iter()
            .skip_while(|key| count.is_some() && matches!(key, Key::Byte(byte) if byte.is_ascii_digit()))
        {
            self.key(*key);
        }
        self.repeating = false;
        self.last_change = keys;
        self.typing.clear();
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
mod tests;
