//! The commands after a colon.

use bytes::Bytes;

use super::editor::{Editor, Effect, Message};
use crate::libc::regex::{Regex, Syntax};

/// The longest line that a substitution makes.
const MAX_LINE: usize = 1 << 20;

/// The first and the last line that a command is for, from 0.
type Range = (usize, usize);

impl Editor {
    /// `:command`
    pub(super) fn command(&mut self, text: &[u8]) -> Effect {
        let text = text.trim_ascii();
        let (range, rest) = match self.range(text) {
            Ok(found) => found,
            Err(message) => {
                self.warn(message);
                return Effect::None;
            }
        };
        let rest = rest.trim_ascii_start();
        let len = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (name, after) = rest.split_at(len);
        let (forced, argument) = match after.strip_prefix(b"!") {
            Some(argument) => (true, argument.trim_ascii()),
            None => (false, after.trim_ascii()),
        };
        match name {
            b"" => match (rest.first(), range) {
                (None, Some((_, last))) => {
                    self.row = last;
                    self.column = self.first_text(last);
                }
                (None, None) => {}
                (Some(b'!'), _) => return Effect::Shell(Bytes::copy_from_slice(&rest[1..])),
                (Some(_), _) => self.unknown(rest),
            },
            b"q" | b"quit" => return self.quit(name, forced),
            b"w" | b"write" => return self.write(range, argument, forced, false),
            b"wq" | b"wn" => return self.write(range, argument, forced, true),
            b"x" | b"xit" if self.is_modified() || !argument.is_empty() => {
                return self.write(range, argument, forced, true);
            }
            b"x" | b"xit" => return Effect::Quit,
            b"e" | b"edit" => {
                if self.is_modified() && !forced {
                    self.unwritten(name);
                    return Effect::None;
                }
                let path = if argument.is_empty() {
                    self.path.clone()
                } else {
                    Some(Bytes::copy_from_slice(argument))
                };
                match path {
                    Some(path) => return Effect::Load(path),
                    None => self.warn("No current filename".to_owned()),
                }
            }
            b"r" | b"read" if !argument.is_empty() => {
                return Effect::Insert(Bytes::copy_from_slice(argument));
            }
            b"r" | b"read" => self.warn("No filename given".to_owned()),
            b"n" | b"next" => return self.quit(name, forced),
            b"f" | b"file" => {
                if !argument.is_empty() {
                    self.path = Some(Bytes::copy_from_slice(argument));
                }
            }
            b"d" | b"delete" => {
                let (first, last) = range.unwrap_or((self.row, self.row));
                self.operate_on_lines(b'd', first, last);
                self.message = Message::default();
            }
            b"y" | b"yank" => {
                let (first, last) = range.unwrap_or((self.row, self.row));
                self.operate_on_lines(b'y', first, last);
                self.tell_register("Yank", "into", 1);
            }
            b"s" | b"substitute" => {
                let (first, last) = range.unwrap_or((self.row, self.row));
                if let Err(message) = self.substitute(first, last, after) {
                    self.warn(message);
                }
            }
            b"set" | b"se" => self.set(argument),
            _ => self.unknown(rest),
        }
        Effect::None
    }

    fn unknown(&mut self, text: &[u8]) {
        self.warn(format!("'{}' is not implemented", String::from_utf8_lossy(text)));
    }

    fn unwritten(&mut self, command: &[u8]) {
        self.warn(format!("No write since last change (:{}! overrides)", String::from_utf8_lossy(command)));
    }

    fn quit(&mut self, command: &[u8], forced: bool) -> Effect {
        if self.is_modified() && !forced {
            self.unwritten(command);
            return Effect::None;
        }
        Effect::Quit
    }

    /// `:set`
    fn set(&mut self, argument: &[u8]) {
        if argument.is_empty() {
            return self.warn(self.options.shown());
        }
        for option in argument.split(u8::is_ascii_whitespace).filter(|option| !option.is_empty()) {
            if !self.options.set(option) {
                self.warn(format!("bad option: {}", String::from_utf8_lossy(option)));
            }
        }
    }

    fn write(&mut self, range: Option<Range>, argument: &[u8], forced: bool, quit: bool) -> Effect {
        let path =
            if argument.is_empty() { self.path.clone() } else { Some(Bytes::copy_from_slice(argument)) };
        let Some(path) = path else {
            self.warn("No current filename".to_owned());
            return Effect::None;
        };
        if self.read_only && !forced {
            self.warn(format!("'{}' is read only", String::from_utf8_lossy(&path)));
            return Effect::None;
        }
        let text = match range {
            Some((first, last)) => [self.lines[first..=last].join(&b'\n'), b"\n".to_vec()].concat(),
            None => self.text(),
        };
        let careful = !forced && self.path.as_ref() != Some(&path);
        Effect::Write { path, text, quit, careful }
    }

    /// The lines that a command is for, and what follows.
    fn range<'a>(&self, text: &'a [u8]) -> Result<(Option<Range>, &'a [u8]), String> {
        let last = self.lines.len() - 1;
        if let Some(rest) = text.strip_prefix(b"%") {
            return Ok((Some((0, last)), rest));
        }
        let Some((first, rest)) = self.address(text)? else { return Ok((None, text)) };
        let (end, rest) = match rest.strip_prefix(b",") {
            Some(rest) => match self.address(rest)? {
                Some((end, rest)) => (end, rest),
                None => (self.row, rest),
            },
            None => (first, rest),
        };
        let (first, end) = (first.min(last), end.min(last));
        if first > end { Err("Invalid range".to_owned()) } else { Ok((Some((first, end)), rest)) }
    }

    /// A line's number, `.`, `$`, or a pattern, with what is added.
    fn address<'a>(&self, text: &'a [u8]) -> Result<Option<(usize, &'a [u8])>, String> {
        let last = self.lines.len() - 1;
        let (mut at, mut rest) = match text.first() {
            Some(b'.') => (self.row, &text[1..]),
            Some(b'$') => (last, &text[1..]),
            Some(b'0'..=b'9') => {
                let (number, rest) = number(text);
                (number.saturating_sub(1), rest)
            }
            Some(b'+' | b'-') => (self.row, text),
            Some(b'/') => {
                let len = text[1..].iter().position(|byte| *byte == b'/').unwrap_or(text.len() - 1);
                let regex = compiled(&text[1..=len])?;
                let count = self.lines.len();
                let rows = (1..=count).map(|step| (self.row + step) % count);
                let found = rows.into_iter().find(|row| regex.is_match(&self.lines[*row]));
                (found.ok_or("Pattern not found")?, text.get(len + 2..).unwrap_or_default())
            }
            _ => return Ok(None),
        };
        while let Some(sign @ (b'+' | b'-')) = rest.first() {
            let digits = rest[1..].first().is_some_and(u8::is_ascii_digit);
            let (by, after) = if digits { number(&rest[1..]) } else { (1, &rest[1..]) };
            at = if *sign == b'+' { at.saturating_add(by).min(last) } else { at.saturating_sub(by) };
            rest = after;
        }
        Ok(Some((at, rest)))
    }

    /// `s/pattern/replacement/g`
    fn substitute(&mut self, first: usize, last: usize, text: &[u8]) -> Result<(), String> {
        let Some((separator, rest)) = text.split_first() else {
            return Err("No previous substitution".to_owned());
        };
        let (pattern, rest) = part(rest, *separator);
        let (replacement, flags) = part(rest, *separator);
        let pattern = if pattern.is_empty() { self.pattern.clone() } else { pattern };
        let regex = compiled(&pattern)?;
        self.pattern = pattern;
        let all = flags.contains(&b'g');
        let mut changed: Vec<(usize, Vec<u8>)> = Vec::new();
        let mut count = 0;
        for row in first..=last {
            if let Some((line, replaced)) = replaced(&self.lines[row], &regex, &replacement, all) {
                count += replaced;
                changed.push((row, line));
            }
        }
        if changed.is_empty() {
            return Err("No match".to_owned());
        }
        self.remember();
        let lines = changed.len();
        for (row, line) in changed {
            self.row = row;
            self.lines[row] = line;
        }
        self.column = self.first_text(self.row);
        if count > 1 {
            self.tell(format!("{count} substitutions on {lines} lines"));
        }
        Ok(())
    }
}

fn compiled(pattern: &[u8]) -> Result<Regex, String> {
    Regex::new(pattern, Syntax::basic())
        .map_err(|_| format!("bad search pattern '{}'", String::from_utf8_lossy(pattern)))
}

fn number(text: &[u8]) -> (usize, &[u8]) {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(len);
    (std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).unwrap_or(usize::MAX / 2), rest)
}

/// The text up to a separator, which a backslash takes its meaning.
fn part(text: &[u8], separator: u8) -> (Vec<u8>, &[u8]) {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match (byte, text.get(at + 1)) {
            (byte, _) if *byte == separator => return (out, &text[at + 1..]),
            (b'\\', Some(next)) if *next == separator => {
                out.push(separator);
                at += 1;
            }
            (b'\\', Some(next)) => {
                out.extend_from_slice(&[b'\\', *next]);
                at += 1;
            }
            (byte, _) => out.push(*byte),
        }
        at += 1;
    }
    (out, &[])
}

/// A line with its first match, or all of them, replaced, and how many were.
fn replaced(line: &[u8], regex: &Regex, replacement: &[u8], all: bool) -> Option<(Vec<u8>, usize)> {
    let mut out = Vec::new();
    let (mut from, mut copied, mut count) = (0, 0, 0);
    while from <= line.len()
        && out.len() < MAX_LINE
        && let Some(found) = regex.captures(line, from)
        && let Some(whole) = found.first().cloned().flatten()
    {
        count += 1;
        out.extend_from_slice(&line[copied..whole.start]);
        let mut bytes = replacement.iter().copied();
        while let Some(byte) = bytes.next() {
            let group = match byte {
                b'&' => Some(0),
                b'\\' => match bytes.next() {
                    Some(digit @ b'0'..=b'9') => Some(usize::from(digit - b'0')),
                    Some(other) => {
                        out.push(other);
                        None
                    }
                    None => None,
                },
                byte => {
                    out.push(byte);
                    None
                }
            };
            if let Some(Some(range)) = group.and_then(|group| found.get(group).cloned()) {
                out.extend_from_slice(&line[range]);
            }
        }
        copied = whole.end;
        from = whole.end + usize::from(whole.is_empty());
        if !all {
            break;
        }
    }
    if count == 0 {
        return None;
    }
    out.extend_from_slice(&line[copied.min(line.len())..]);
    Some((out, count))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::editor::{Editor, Effect};

    fn editor(text: &str) -> Editor {
        let mut editor = Editor::new(false);
        editor.open(Some("f".into()), text.as_bytes());
        editor
    }

    fn after(text: &str, command: &str) -> String {
        let mut editor = editor(text);
        assert_eq!(editor.command(command.as_bytes()), Effect::None);
        String::from_utf8_lossy(&editor.text()).into_owned()
    }

    #[test]
    fn lines_are_substituted() {
        assert_eq!(after("a a\na", "s/a/b/"), "b a\na\n");
        assert_eq!(after("a a\na", "%s/a/b/g"), "b b\nb\n");
        assert_eq!(after("a\na\na", "2,$s#a#[&]#"), "a\n[a]\n[a]\n");
        assert_eq!(after("x=1", "s/\\(.\\)=\\(.\\)/\\2=\\1/"), "1=x\n");
        assert_eq!(after("/a", "s/\\/a/b"), "b\n");
    }

    #[test]
    fn ranges_and_deletion() {
        assert_eq!(after("1\n2\n3\n4", "2,3d"), "1\n4\n");
        assert_eq!(after("1\n2\n3\n4", "$d"), "1\n2\n3\n");
        assert_eq!(after("1\n2\n3\n4", ".,+1d"), "3\n4\n");
        assert_eq!(after("1\n2\n3\n4", "/3/d"), "1\n2\n4\n");
    }

    #[test]
    fn a_changed_text_is_not_left_by_accident() {
        let mut editor = editor("a");
        editor.command(b"s/a/b/");
        assert_eq!(editor.command(b"q"), Effect::None);
        assert_eq!(editor.message.text, "No write since last change (:q! overrides)");
        assert_eq!(editor.command(b"q!"), Effect::Quit);
        let text = b"b\n".to_vec();
        assert_eq!(
            editor.command(b"wq"),
            Effect::Write { path: "f".into(), text, quit: true, careful: false }
        );
    }

    proptest! {
        #[test]
        fn no_command_panics(text in "[a-c\n]{0,20}", command in "[ -~]{0,20}") {
            editor(&text).command(command.as_bytes());
        }
    }
}
