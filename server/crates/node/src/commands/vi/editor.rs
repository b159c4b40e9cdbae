//! The state of an editor, and what each key does to it. No input, no output: those are asked for as an [`Effect`].

use bytes::Bytes;

use super::{keys::Key, motion::Place};
use crate::libc::regex::{Regex, Syntax};

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

    fn prompt(&mut self, begin: u8, mut text: Vec<u8>, key: Key) -> Effect {
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
    fn search(&mut self, forward: bool) {
        let Ok(regex) = Regex::new(&self.pattern, Syntax::basic()) else {
            self.tell(format!("bad search pattern '{}'", String::from_utf8_lossy(&self.pattern)));
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
                (self.row, self.column) = (row, column);
                return;
            }
        }
        self.tell("Pattern not found".to_owned());
    }

    fn insert(&mut self, key: Key) {
        let replace = self.mode == Mode::Replace;
        match key {
            Key::Escape | Key::Byte(3) => self.leave_insert(),
            Key::Byte(b'\r' | b'\n') => {
                let rest = self.lines[self.row].split_off(self.column);
                self.lines.insert(self.row + 1, rest);
                (self.row, self.column) = (self.row + 1, 0);
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

    fn leave_insert(&mut self) {
        self.mode = Mode::Normal;
        self.column = self.back(self.column, 1);
        self.wanted = self.column;
    }

    /// The keys with arrows and their like.
    fn go(&mut self, key: Key) {
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

    fn normal(&mut self, key: Key) -> Effect {
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

    fn begin_insert(&mut self, column: usize) {
        self.remember();
        self.mode = Mode::Insert;
        self.column = column.min(self.lines[self.row].len());
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

    /// `d`, `c`, `y`, `<` or `>` with a movement, or with itself for whole lines.
    fn operate(&mut self, operator: u8, motion: u8, rest: &[u8], count: Option<usize>) {
        let times = count.unwrap_or(1);
        let here = (self.row, self.column);
        let last = self.lines.len() - 1;
        if motion == operator || motion == b'g' && rest == b"g" {
            let to = if motion == b'g' { 0 } else { (self.row + times - 1).min(last) };
            return self.operate_on_lines(operator, here.0.min(to), here.0.max(to));
        }
        // `cw` leaves the blanks after the word.
        let on_blank = self.lines[here.0].get(here.1).is_none_or(u8::is_ascii_whitespace);
        let motion =
            if operator == b'c' && matches!(motion, b'w' | b'W') && !on_blank { b'e' } else { motion };
        let Some(found) = self.motion(motion, count) else { return };
        if found.lines || matches!(operator, b'<' | b'>') {
            return self.operate_on_lines(operator, here.0.min(found.to.0), here.0.max(found.to.0));
        }
        let (from, mut to) = if found.to < here { (found.to, here) } else { (here, found.to) };
        if found.inclusive {
            to.1 = to.1.saturating_add(1);
        }
        if to.0 > from.0 && to.1 <= self.first_text(to.0) && motion == b'w' {
            // The last word of a line does not take the end of the line with it.
            to = (to.0 - 1, self.lines[to.0 - 1].len());
        }
        to.1 = to.1.min(self.lines[to.0].len());
        if operator != b'y' {
            self.remember();
        }
        self.register = Register { text: self.between(from, to), lines: false };
        (self.row, self.column) = from;
        if operator != b'y' {
            self.remove(from, to);
        }
        if operator == b'c' {
            self.mode = Mode::Insert;
        }
        self.settle();
    }

    fn between(&self, from: Place, to: Place) -> Vec<Vec<u8>> {
        if from.0 == to.0 {
            return vec![self.lines[from.0][from.1.min(to.1)..to.1].to_vec()];
        }
        let mut text = vec![self.lines[from.0][from.1..].to_vec()];
        text.extend_from_slice(&self.lines[from.0 + 1..to.0]);
        text.push(self.lines[to.0][..to.1].to_vec());
        text
    }

    fn remove(&mut self, from: Place, to: Place) {
        let rest = self.lines[to.0].split_off(to.1);
        self.lines[from.0].truncate(from.1);
        self.lines[from.0].extend(rest);
        self.lines.drain(from.0 + 1..to.0 + 1);
    }

    pub(super) fn operate_on_lines(&mut self, operator: u8, first: usize, last: usize) {
        if operator != b'y' {
            self.remember();
        }
        match operator {
            b'<' | b'>' => {
                for line in &mut self.lines[first..=last] {
                    if operator == b'>' && !line.is_empty() {
                        line.insert(0, b'\t');
                    } else if line.first() == Some(&b'\t') {
                        line.remove(0);
                    } else {
                        let blanks = line.iter().take(8).take_while(|byte| **byte == b' ').count();
                        line.drain(..blanks);
                    }
                }
                (self.row, self.column) = (first, self.first_text(first));
                return;
            }
            b'y' => self.register = Register { text: self.lines[first..=last].to_vec(), lines: true },
            b'd' => {
                self.register = Register { text: self.lines.drain(first..=last).collect(), lines: true };
                if self.lines.is_empty() {
                    self.lines.push(Vec::new());
                }
                self.row = first.min(self.lines.len() - 1);
                self.column = self.first_text(self.row);
            }
            _ => {
                let text = self.lines.splice(first..=last, [Vec::new()]).collect();
                self.register = Register { text, lines: true };
                (self.row, self.column, self.mode) = (first, 0, Mode::Insert);
            }
        }
        let count = self.register.text.len();
        if count > 2 {
            let verb = if operator == b'y' { "Yank" } else { "Delete" };
            self.tell(format!("{verb} {count} lines"));
        }
    }

    fn put(&mut self, after: bool, times: usize) {
        if self.register.text.is_empty() {
            return self.tell("Nothing in register".to_owned());
        }
        let size = self.register.text.iter().map(|line| line.len() + 1).sum::<usize>();
        let times = times.min(MAX_TEXT / size.max(1)).max(1);
        self.remember();
        let text = self.register.text.clone();
        if self.register.lines {
            let row = self.row + usize::from(after);
            for _ in 0..times {
                self.lines.splice(row..row, text.iter().cloned());
            }
            (self.row, self.column) = (row, self.first_text(row));
            return;
        }
        let column = if after { self.forward(self.column, 1) } else { self.column };
        let mut at = (self.row, column.min(self.lines[self.row].len()));
        for _ in 0..times {
            let rest = self.lines[at.0].split_off(at.1);
            for (index, part) in text.iter().enumerate() {
                if index > 0 {
                    at.0 += 1;
                    self.lines.insert(at.0, Vec::new());
                }
                self.lines[at.0].extend_from_slice(part);
            }
            at.1 = self.lines[at.0].len();
            self.lines[at.0].extend(rest);
        }
        (self.row, self.column) = (at.0, at.1.saturating_sub(1));
    }

    fn join(&mut self, count: usize) {
        if self.row + 1 >= self.lines.len() {
            return;
        }
        self.remember();
        for _ in 1..count.min(self.lines.len() - self.row) {
            let next = self.lines.remove(self.row + 1);
            let line = &mut self.lines[self.row];
            line.truncate(line.trim_ascii_end().len());
            self.column = line.len();
            let next = next.trim_ascii_start();
            if !line.is_empty() && !next.is_empty() {
                line.push(b' ');
            }
            line.extend_from_slice(next);
        }
    }

    fn swap_case(&mut self, times: usize) {
        self.remember();
        let end = self.forward(self.column, times);
        for byte in &mut self.lines[self.row][self.column..end] {
            *byte =
                if byte.is_ascii_lowercase() { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() };
        }
        self.column = end;
    }

    fn replace_characters(&mut self, by: u8, times: usize) {
        let end = self.forward(self.column, times);
        if end == self.column || matches!(by, 27 | 3) {
            return;
        }
        self.remember();
        if matches!(by, b'\r' | b'\n') {
            let rest = self.lines[self.row].split_off(end);
            self.lines[self.row].truncate(self.column);
            self.lines.insert(self.row + 1, rest);
            (self.row, self.column) = (self.row + 1, 0);
            return;
        }
        let start = self.column;
        self.lines[self.row].splice(start..end, std::iter::repeat_n(by, times.min(end - start)));
        self.column = (start + times.min(end - start)).saturating_sub(1);
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

/// Lines of a text: at least one.
fn split(text: &[u8]) -> Vec<Vec<u8>> {
    text.strip_suffix(b"\n").unwrap_or(text).split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
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
