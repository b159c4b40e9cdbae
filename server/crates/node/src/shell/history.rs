//! What was typed at an interactive shell: what `history` and `fc` list, `!!` recalls and the arrow keys bring back.

use std::sync::Arc;

use bytes::Bytes;

use super::{Dialect, state::Shell};
use crate::kernel::{
    errno::Errno,
    fs::{OpenFlags, join},
};

/// How many lines are kept where `HISTSIZE` does not say less.
const MAX_LINES: usize = 2000;
/// How many bytes are kept in all.
const MAX_BYTES: usize = 1 << 20;
/// What bash's `HISTSIZE` and `HISTFILESIZE` are where nobody says, and how many lines ash and dash keep.
const USUAL_LINES: usize = 500;

/// The lines that were typed, the latest last.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    lines: Vec<Bytes>,
    bytes: usize,
    /// How many lines were dropped before the first that is kept.
    dropped: usize,
    /// How many lines at the end are not in the file yet.
    unsaved: usize,
    /// The file was read.
    loaded: bool,
}

impl History {
    pub(crate) fn lines(&self) -> &[Bytes] {
        &self.lines
    }

    /// The number of the first line.
    pub(crate) fn first(&self) -> usize {
        self.dropped + 1
    }

    pub(crate) fn clear(&mut self) {
        *self = Self { loaded: self.loaded, ..Self::default() };
    }

    pub(crate) fn remove(&mut self, index: usize) {
        self.bytes -= self.lines.remove(index).len();
        self.unsaved = self.unsaved.min(self.lines.len());
    }

    /// Puts a line into the place of the last: that of the command that is running.
    pub(crate) fn replace_last(&mut self, line: Bytes) {
        if !self.lines.is_empty() {
            self.remove(self.lines.len() - 1);
        }
        self.push(line, MAX_LINES);
    }

    /// Adds a line; the first ones go where there are more than `limit`, or too many bytes.
    fn push(&mut self, line: Bytes, limit: usize) {
        self.bytes += line.len();
        self.lines.push(line);
        self.unsaved += 1;
        let mut gone = self.lines.len().saturating_sub(limit.min(MAX_LINES));
        let mut bytes: usize = self.lines[..gone].iter().map(Bytes::len).sum();
        while self.bytes - bytes > MAX_BYTES {
            bytes += self.lines[gone].len();
            gone += 1;
        }
        self.lines.drain(..gone);
        self.bytes -= bytes;
        self.dropped += gone;
        self.unsaved = self.unsaved.min(self.lines.len());
    }

    /// Adds a further line of a command that has begun: bash keeps them as one.
    fn extend(&mut self, line: &[u8], in_text: bool, limit: usize) {
        let Some(begun) = self.lines.last() else { return self.push(Bytes::copy_from_slice(line), limit) };
        let glue: &[u8] = match in_text {
            true => b"\n",
            false if goes_on(begun) => b" ",
            false => b"; ",
        };
        let unsaved = self.unsaved.max(1);
        self.replace_last([begun, glue, line].concat().into());
        self.unsaved = unsaved;
    }
}

/// Whether no `;` may follow a text: an operator, or a word after which commands begin.
fn goes_on(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    let word = text.rsplit(u8::is_ascii_whitespace).next().unwrap_or_default();
    matches!(text.last(), None | Some(b';' | b'&' | b'|' | b'(' | b'{'))
        || matches!(word, b"do" | b"then" | b"else" | b"elif" | b"if" | b"while" | b"until" | b"in" | b"!")
}

impl Shell {
    /// The lines that were typed.
    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    /// The lines that were typed, to be changed.
    pub(crate) fn history_mut(&mut self) -> &mut History {
        Arc::make_mut(&mut self.history)
    }

    /// Reads what was typed in earlier sessions, once.
    pub(super) async fn load_history(&mut self) {
        if self.history.loaded {
            return;
        }
        self.history_mut().loaded = true;
        if self.dialect.is_bash() {
            let home = self.variables.text(b"HOME").cloned().unwrap_or_default();
            let usual = USUAL_LINES.to_string();
            for (name, value) in [
                (&b"HISTFILE"[..], Bytes::from(join(&home, b".bash_history"))),
                (b"HISTSIZE", usual.clone().into()),
                (b"HISTFILESIZE", usual.into()),
            ] {
                if self.variables.text(name).is_none() {
                    self.set_default(name, value, false);
                }
            }
        }
        if let Some(path) = self.history_file() {
            // A file that is not there is no reason to complain.
            let _ = self.read_history(&path).await;
        }
    }

    /// Adds the lines of a file.
    pub(super) async fn read_history(&mut self, path: &[u8]) -> Result<(), Errno> {
        let text = Bytes::from(self.process.read_file(path, MAX_BYTES).await?);
        let limit = self.history_limit();
        let unsaved = self.history.unsaved;
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let lines: Vec<Bytes> = lines.map(|line| text.slice_ref(line)).collect();
        let newest = lines.len().saturating_sub(limit);
        let history = self.history_mut();
        for line in &lines[newest..] {
            history.push(line.clone(), limit);
        }
        history.unsaved = unsaved.min(history.lines.len());
        Ok(())
    }

    /// Writes to a file: the lines that are not in it yet, or all of them in the place of what it holds.
    pub(super) async fn write_history(&mut self, path: &[u8], all: bool) -> Result<(), Errno> {
        let lines = &self.history.lines;
        let count = if all { lines.len() } else { self.history.unsaved };
        let text =
            lines[lines.len() - count..].iter().flat_map(|line| [line, &b"\n"[..]]).collect::<Vec<_>>();
        let text = text.concat();
        let flags = if all { OpenFlags::WRITE } else { OpenFlags::APPEND };
        let file = self.process.open_file(path, flags, 0o600).await?;
        self.process.write_file(&file, text.into()).await?;
        self.history_mut().unsaved = 0;
        Ok(())
    }

    /// Keeps what was typed at bash for its next session. (ash keeps each line at once.)
    pub(super) async fn save_history(&mut self) {
        if self.dialect.is_bash()
            && self.options.interactive
            && self.history.unsaved > 0
            && let Some(path) = self.history_file()
        {
            // What cannot be kept is no reason to complain.
            let _ = self.write_history(&path, false).await;
        }
    }

    /// Adds a line that was typed, as `HISTCONTROL` wants it. `begun` where the command it belongs to began before,
    /// `in_text` where that is within quotes or a here-document.
    pub(super) async fn remember(&mut self, line: &Bytes, begun: bool, in_text: bool) {
        let limit = self.history_limit();
        if self.dialect.is_bash() {
            if !self.options.history {
                return;
            }
            if begun {
                return self.history_mut().extend(line, in_text, limit);
            }
        }
        if line.trim_ascii().is_empty() || self.is_to_be_forgotten(line) {
            return;
        }
        self.history_mut().push(line.clone(), limit);
        if self.dialect == Dialect::Ash
            && let Some(path) = self.history_file()
        {
            // What cannot be kept is no reason to complain.
            let _ = self.write_history(&path, false).await;
        }
    }

    fn is_to_be_forgotten(&self, line: &Bytes) -> bool {
        let again = self.history.lines.last() == Some(line);
        if !self.dialect.is_bash() {
            return again;
        }
        let control = self.variables.text(b"HISTCONTROL").cloned().unwrap_or_default();
        control.split(|byte| *byte == b':').any(|word| match word {
            b"ignorespace" => line.starts_with(b" "),
            b"ignoredups" => again,
            b"ignoreboth" => again || line.starts_with(b" "),
            _ => false,
        })
    }

    /// How many lines are kept.
    fn history_limit(&self) -> usize {
        let size =
            self.variables.text(b"HISTSIZE").and_then(|size| std::str::from_utf8(size).ok()?.parse().ok());
        size.unwrap_or(USUAL_LINES)
    }

    /// Where what was typed is kept between sessions; dash keeps nothing.
    pub(super) fn history_file(&self) -> Option<Vec<u8>> {
        match (self.variables.text(b"HISTFILE"), self.dialect) {
            (_, Dialect::Dash) => None,
            (Some(path), _) => Some(path.to_vec()).filter(|path| !path.is_empty()),
            (None, Dialect::Bash) => None,
            (None, Dialect::Ash) => self.variables.text(b"HOME").map(|home| join(home, b".ash_history")),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{History, MAX_BYTES};

    fn typed(lines: &[&str]) -> History {
        let mut history = History::default();
        lines.iter().for_each(|line| history.push(Bytes::copy_from_slice(line.as_bytes()), 3));
        history
    }

    #[test]
    fn the_first_lines_go_where_there_are_too_many() {
        let history = typed(&["a", "b", "c", "d", "e"]);
        assert_eq!((history.lines(), history.first()), (&["c", "d", "e"].map(Bytes::from)[..], 3));
    }

    #[test]
    fn long_lines_do_not_fill_the_memory() {
        let mut history = History::default();
        for _ in 0..100 {
            history.push(vec![b'x'; MAX_BYTES / 10].into(), 500);
        }
        assert_eq!(history.lines().len(), 10);
        history.push(vec![b'x'; MAX_BYTES + 1].into(), 500);
        assert_eq!(history.lines().len(), 0);
    }

    #[test]
    fn the_lines_of_a_command_are_one() {
        for (first, second, in_text, one) in [
            ("for i in 1 2", "do", false, "for i in 1 2; do"),
            ("while true; do", "echo", false, "while true; do echo"),
            ("a |", "b", false, "a | b"),
            ("echo 'a", "b'", true, "echo 'a\nb'"),
        ] {
            let mut history = typed(&["before", first]);
            history.extend(second.as_bytes(), in_text, 3);
            assert_eq!(history.lines(), ["before", one].map(Bytes::from));
        }
    }
}
