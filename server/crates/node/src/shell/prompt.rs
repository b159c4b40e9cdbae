//! Prompts: what their escapes stand for ("Controlling the Prompt" in bash's manual).

use bytes::Bytes;

use super::{Dialect, parser::Parser, state::Shell};
use crate::{
    kernel::{fs::file_name, wait::lock},
    libc::passwd,
};

impl Shell {
    /// What to show before a line: PS1, or PS2 within a command.
    pub(super) async fn prompt(&mut self, name: &[u8]) -> Bytes {
        let text = self.variables.text(name).cloned().unwrap_or_default();
        let text = if self.dialect == Dialect::Dash { text } else { self.prompt_text(&text).into() };
        // Variables and commands in it are expanded each time.
        if !text.contains(&b'$') && !text.contains(&b'`') {
            return text;
        }
        match Parser::here_text(text.to_vec(), self.dialect) {
            Some(word) => self.expand(|expander| expander.text(&word)).await.unwrap_or(text),
            None => text,
        }
    }

    /// Undoes the escapes of a prompt (`\w`, `\u`, `\h`, `\$`).
    pub(crate) fn prompt_text(&self, prompt: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = prompt;
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            match (byte, rest.split_first()) {
                (b'\\', Some((escape, after))) => {
                    rest = after;
                    rest = &rest[self.prompt_escape(*escape, rest, &mut out)..];
                }
                _ => out.push(*byte),
            }
        }
        out
    }

    /// Undoes one escape; tells how many bytes after its letter belong to it.
    fn prompt_escape(&self, escape: u8, after: &[u8], out: &mut Vec<u8>) -> usize {
        let bash = self.dialect.is_bash();
        let cwd = || self.variables.text(b"PWD").cloned().unwrap_or_else(|| self.process.cwd().into());
        let uid = self.process.creds().uid;
        let now = self.process.now().to_zoned(jiff::tz::TimeZone::UTC);
        // What is no format shows nothing.
        let time = |format: &str| jiff::fmt::strtime::format(format, &now).unwrap_or_default().into_bytes();
        match escape {
            b'w' => out.extend(self.tilded(&cwd())),
            b'W' => {
                let path = self.tilded(&cwd());
                out.extend_from_slice(file_name(&path));
            }
            b'u' => match passwd::user_of(&self.process, uid) {
                Some(user) => out.extend(user.name),
                None if bash => out.extend_from_slice(b"I have no name!"),
                None => out.push(b'?'),
            },
            b'h' => {
                let hostname = lock(&self.process.container.hostname).clone();
                out.extend(hostname.split(|byte| *byte == b'.').next().unwrap_or_default());
            }
            b'H' => out.extend(lock(&self.process.container.hostname).clone()),
            b'$' => out.push(if uid == 0 { b'#' } else { b'$' }),
            b's' if bash => out.extend_from_slice(file_name(&self.name)),
            b'v' if bash => out.extend_from_slice(b"5.2"),
            b'!' if bash => {
                let next = self.history().first() + self.history().lines().len();
                out.extend_from_slice(next.to_string().as_bytes());
            }
            b'j' if bash => out.extend_from_slice(self.jobs.all().len().to_string().as_bytes()),
            b'd' if bash => out.extend(time("%a %b %d")),
            b'D' if bash && after.starts_with(b"{") => {
                let Some(end) = after.iter().position(|byte| *byte == b'}') else { return 0 };
                let format = String::from_utf8_lossy(&after[1..end]);
                out.extend(time(if format.is_empty() { "%X" } else { &format }));
                return end + 1;
            }
            b't' => out.extend(time("%H:%M:%S")),
            b'T' => out.extend(time("%I:%M:%S")),
            b'@' => out.extend(time("%I:%M %p")),
            b'A' => out.extend(time("%H:%M")),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b'a' => out.push(7),
            b'e' | b'E' => out.push(27),
            b'[' | b']' => {}
            b'0'..=b'7' => {
                let digits = after.iter().take(2).take_while(|digit| matches!(digit, b'0'..=b'7')).count();
                let code =
                    after[..digits].iter().fold(escape & 7, |code, digit| code.wrapping_mul(8) | (digit & 7));
                out.push(code);
                return digits;
            }
            b'\\' => out.push(b'\\'),
            other => out.extend_from_slice(&[b'\\', other]),
        }
        0
    }

    /// A path with the home directory as `~`.
    fn tilded(&self, path: &[u8]) -> Vec<u8> {
        let home = self.variables.text(b"HOME").filter(|home| home.len() > 1);
        match home.and_then(|home| path.strip_prefix(&home[..])) {
            Some(rest) if rest.is_empty() || rest.starts_with(b"/") => [b"~", rest].concat(),
            _ => path.to_vec(),
        }
    }
}
