//! Registers: what was deleted or yanked.

use super::{super::motion::Place, Editor};

/// The register of commands that name none: what busybox calls `D`.
pub(super) const UNNAMED: u8 = b'D';

/// What was deleted or yanked.
#[derive(Clone, Debug, Default)]
pub(super) struct Register {
    pub(super) text: Vec<Vec<u8>>,
    /// Whole lines.
    pub(super) lines: bool,
}

impl Register {
    /// Newlines and characters.
    fn size(&self) -> (usize, usize) {
        let newlines = self.text.len() - usize::from(!self.lines && !self.text.is_empty());
        (newlines, self.text.iter().map(Vec::len).sum::<usize>() + newlines)
    }
}

impl Editor {
    /// Keeps what was deleted or yanked in the register that the command names.
    pub(super) fn keep(&mut self, text: Vec<Vec<u8>>, lines: bool) {
        self.registers.insert(self.named, Register { text, lines });
    }

    /// Tells how much of the register was used, and how: `Delete 1 lines (14 chars) from [D]`.
    pub(in crate::commands::vi) fn tell_register(&mut self, verb: &str, preposition: &str, times: usize) {
        let Some(register) = self.registers.get(&self.named) else { return };
        let (lines, chars) = register.size();
        let name = char::from(self.named);
        self.tell(format!("{verb} {} lines ({} chars) {preposition} [{name}]", lines * times, chars * times));
    }

    /// What stands between two places.
    pub(super) fn between(&self, from: Place, to: Place) -> Vec<Vec<u8>> {
        if from.0 == to.0 {
            return vec![self.lines[from.0][from.1.min(to.1)..to.1].to_vec()];
        }
        let mut text = vec![self.lines[from.0][from.1..].to_vec()];
        text.extend_from_slice(&self.lines[from.0 + 1..to.0]);
        text.push(self.lines[to.0][..to.1].to_vec());
        text
    }
}
