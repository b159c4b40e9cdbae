//! Taking changes back.

use super::{super::motion::Place, Editor};

/// How many changes can be taken back, and how many lines all of them may remember.
const MAX_UNDO: usize = 100;
const MAX_UNDO_LINES: usize = 1 << 20;

/// The text before a change.
#[derive(Debug)]
pub(super) struct Change {
    lines: Vec<Vec<u8>>,
    place: Place,
}

impl Change {
    /// How much memory it takes, in bytes, about.
    pub(super) fn bytes(&self) -> usize {
        self.lines.iter().map(|line| line.len() + 24).sum()
    }
}

impl Editor {
    fn present(&self) -> Change {
        Change { lines: self.lines.clone(), place: (self.row, self.column) }
    }

    fn note(&mut self, change: Change) {
        self.undo.push(change);
        let held = |undo: &[Change]| undo.iter().map(|undo| undo.lines.len()).sum::<usize>();
        while self.undo.len() > MAX_UNDO || (self.undo.len() > 1 && held(&self.undo) > MAX_UNDO_LINES) {
            self.undo.remove(0);
        }
        self.changes += 1;
        self.changed = true;
    }

    /// Notes the text, so that the change that follows can be taken back.
    pub(in crate::commands::vi) fn remember(&mut self) {
        let change = self.present();
        self.note(change);
    }

    /// Notes the text before something is typed into it; what is typed in one go is one change.
    pub(super) fn open_change(&mut self) {
        if self.open_change.is_none() {
            self.open_change = Some(self.present());
        }
    }

    /// Ends a change that was typed.
    pub(super) fn close_change(&mut self) {
        if let Some(change) = self.open_change.take()
            && change.lines != self.lines
        {
            self.note(change);
        }
    }

    /// `U`: makes the line what it was when the cursor came to it.
    pub(super) fn restore_line(&mut self) {
        self.remember();
        let (row, text) = self.came_to.clone();
        if row == self.row {
            self.lines[row] = text;
        }
        self.column = 0;
        self.settle();
    }

    pub(super) fn take_back(&mut self) {
        let Some(change) = self.undo.pop() else {
            self.tell("Already at oldest change".to_owned());
            return;
        };
        let [now, before] = [&self.lines, &change.lines].map(|lines| lines.join(&b'\n'));
        let at = now.iter().zip(&before).take_while(|(now, before)| now == before).count();
        let tail = now[at..].iter().rev().zip(before[at..].iter().rev());
        let same_end = tail.take_while(|(now, before)| now == before).count();
        let (deleted, restored) = (now.len() - at - same_end, before.len() - at - same_end);
        let (what, chars) = if restored > 0 { ("restored", restored) } else { ("deleted", deleted) };
        self.tell(format!("Undo [{}] {what} {chars} chars at position {at}", self.changes));
        self.changes -= 1;
        self.lines = change.lines;
        self.row = before[..at].iter().filter(|byte| **byte == b'\n').count();
        self.column = before[..at].iter().rev().take_while(|byte| **byte != b'\n').count();
        if chars == 0 {
            (self.row, self.column) = change.place;
        }
        self.settle();
    }
}
