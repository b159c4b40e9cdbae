//! Looking for an earlier line (Ctrl-R).

use bytes::Bytes;

use super::{Editor, keys::Key};

impl Editor {
    /// Takes a key while searching; `true` where the search is over and the key counts as usual.
    pub(super) fn search_key(&mut self, key: &Key) -> bool {
        let Some(search) = &mut self.search else { return true };
        match key {
            Key::Char(bytes) => {
                search.text.extend_from_slice(bytes);
                self.find_back(self.history.len());
            }
            Key::Backspace => {
                while search.text.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
                self.find_back(self.history.len());
            }
            Key::Ctrl(b'R') => {
                let before = search.found.unwrap_or(0);
                self.find_back(before);
            }
            _ => {
                let found = search.found.and_then(|index| self.history.get(index)).cloned();
                self.search = None;
                self.start_of_row();
                self.row = 0;
                if !matches!(key, Key::Ctrl(b'C' | b'G'))
                    && let Some(found) = found
                {
                    self.line = found.to_vec();
                }
                self.show_again(self.line.len());
                return !matches!(key, Key::Ctrl(b'G') | Key::Other);
            }
        }
        self.show_search();
        false
    }

    /// The latest line before number `end` that holds the text.
    fn find_back(&mut self, end: usize) {
        let Some(search) = &mut self.search else { return };
        let text = &search.text;
        let holds = |line: &Bytes| text.is_empty() || memchr::memmem::find(line, text).is_some();
        match self.history[..end].iter().rposition(holds) {
            Some(index) => search.found = Some(index),
            None => self.beep(),
        }
    }

    pub(super) fn show_search(&mut self) {
        self.start_of_row();
        self.row = 0;
        let Some(search) = &self.search else { return };
        let found = search.found.and_then(|index| self.history.get(index)).cloned().unwrap_or_default();
        let room = self.width.saturating_sub(25 + search.text.len());
        let shown = &found[..found.len().min(room)];
        let line = [b"(reverse-i-search)`", &search.text[..], b"': ", shown].concat();
        self.screen.extend_from_slice(&line);
        self.screen.extend_from_slice(b"\x1b[K");
    }
}
