//! Changes: operators and what they work on, putting, joining, replacing.

use super::super::motion::{Motion, Place};
use super::{Editor, MAX_TEXT, Mode, register::Register};

impl Editor {
    /// `d`, `c`, `y`, `<` or `>` with a movement, or with itself for whole lines.
    pub(super) fn operate(&mut self, operator: u8, motion: u8, rest: &[u8], count: Option<usize>) {
        let times = count.unwrap_or(1);
        let here = (self.row, self.column);
        let last = self.lines.len() - 1;
        if motion == operator && times > self.lines.len() - self.row {
            // There are not so many lines.
            return;
        }
        if motion == operator || motion == b'g' && rest == b"g" {
            let to = if motion == b'g' { 0 } else { (self.row + times - 1).min(last) };
            return self.operate_on_lines(operator, here.0.min(to), here.0.max(to));
        }
        // `cw` leaves the blanks after the word.
        let on_blank = self.lines[here.0].get(here.1).is_none_or(u8::is_ascii_whitespace);
        let motion =
            if operator == b'c' && matches!(motion, b'w' | b'W') && !on_blank { b'e' } else { motion };
        let found = match (motion, rest.first()) {
            (b'f' | b'F' | b't' | b'T', Some(wanted)) => {
                self.found = Some((motion, *wanted));
                self.find_on_line(motion, *wanted, times).map(|column| Motion {
                    to: (self.row, column),
                    lines: false,
                    inclusive: matches!(motion, b'f' | b't'),
                })
            }
            (b'\'' | b'`', Some(name)) => {
                self.mark(*name).map(|to| Motion { to, lines: motion == b'\'', inclusive: false })
            }
            _ => self.motion(motion, count),
        };
        let Some(found) = found else { return };
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
        if from == to && operator != b'c' {
            return;
        }
        if operator != b'y' {
            self.remember();
        }
        let text = self.between(from, to);
        self.keep(text, false);
        (self.row, self.column) = from;
        if operator != b'y' {
            self.remove(from, to);
        }
        match operator {
            b'c' => self.mode = Mode::Insert,
            b'd' => self.tell_register("Delete", "from", 1),
            _ => self.tell_register("Yank", "from", 1),
        }
        self.settle();
    }

    /// `x` and `X`: single characters, of which the register keeps the last.
    pub(super) fn delete_characters(&mut self, back: bool, times: usize) {
        let mut remembered = false;
        for _ in 0..times {
            let (from, to) = match back {
                true => (self.back(self.column, 1), self.column),
                false => (self.column, self.forward(self.column, 1)),
            };
            if from == to {
                return;
            }
            if !remembered {
                self.remember();
                remembered = true;
            }
            let text = self.lines[self.row].drain(from..to).collect();
            self.keep(vec![text], false);
            self.column = from;
            self.settle();
        }
    }

    /// `D` and `C`: the rest of the line.
    pub(super) fn delete_to_end(&mut self, insert: bool) {
        self.remember();
        let line = &mut self.lines[self.row];
        let text = line.split_off(self.column.min(line.len()));
        self.keep(vec![text], false);
        if insert {
            self.mode = Mode::Insert;
        }
        self.settle();
    }

    pub(super) fn remove(&mut self, from: Place, to: Place) {
        let rest = self.lines[to.0].split_off(to.1);
        self.lines[from.0].truncate(from.1);
        self.lines[from.0].extend(rest);
        self.lines.drain(from.0 + 1..to.0 + 1);
    }

    pub(in crate::commands::vi) fn operate_on_lines(&mut self, operator: u8, first: usize, last: usize) {
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
            b'y' => {
                let text = self.lines[first..=last].to_vec();
                self.keep(text, true);
            }
            b'd' => {
                let text = self.lines.drain(first..=last).collect();
                self.keep(text, true);
                if self.lines.is_empty() {
                    self.lines.push(Vec::new());
                }
                self.row = first.min(self.lines.len() - 1);
                self.column = self.first_text(self.row);
            }
            _ => {
                let text = self.lines.splice(first..=last, [Vec::new()]).collect();
                self.keep(text, true);
                (self.row, self.column, self.mode) = (first, 0, Mode::Insert);
            }
        }
        match operator {
            b'd' => self.tell_register("Delete", "from", 1),
            b'y' => self.tell_register("Yank", "from", 1),
            _ => {}
        }
    }

    pub(super) fn put(&mut self, after: bool, times: usize) {
        let Some(Register { text, lines }) = self.registers.get(&self.named).cloned() else {
            return self.warn(format!("Nothing in register {}", char::from(self.named)));
        };
        let size = text.iter().map(|line| line.len() + 1).sum::<usize>();
        let times = times.min(MAX_TEXT / size.max(1)).max(1);
        self.remember();
        self.tell_register("Put", "from", times);
        if lines {
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
        (self.row, self.column) = (at.0, at.1.saturating_sub(usize::from(after)));
    }

    /// Joins so many lines to this one, each behind a space.
    pub(super) fn join(&mut self, count: usize) {
        if self.row + 1 >= self.lines.len() {
            return;
        }
        self.remember();
        let last = self.row + count.min(self.lines.len() - 1 - self.row);
        let joined: Vec<Vec<u8>> = self.lines.drain(self.row + 1..=last).collect();
        let line = &mut self.lines[self.row];
        for next in joined {
            line.push(b' ');
            self.column = line.len();
            line.extend_from_slice(next.trim_ascii_start());
        }
    }

    pub(super) fn swap_case(&mut self, times: usize) {
        self.remember();
        let end = self.forward(self.column, times);
        for byte in &mut self.lines[self.row][self.column..end] {
            *byte =
                if byte.is_ascii_lowercase() { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() };
        }
        self.column = end;
    }

    pub(super) fn replace_characters(&mut self, by: u8, times: usize) {
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
}
