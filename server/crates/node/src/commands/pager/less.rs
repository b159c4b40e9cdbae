//! `less`: a file to look around in, with searches.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use super::view::{Style, View};
use crate::{
    commands::{
        Cx,
        vi::keys::{Key, Keys},
    },
    kernel::{errno::Errno, fs::OpenFile, tty::Tty},
    libc::getopt::OptSpec,
};

const USAGE: &str = "[-EFIMmNSRh~] [FILE]...";
/// The longest pattern or command that is typed.
const MAX_TYPED: usize = 256;
const MAX_COUNT: usize = 1_000_000;

/// What the last row shows.
enum Status {
    /// Where in the file this is.
    Place,
    /// Something else, until the next key.
    Message(String),
    /// What is being typed: its first character, and the rest.
    Typing(u8, Vec<u8>),
    /// A question for the letter of a mark: to go to, or to set.
    Letter(bool),
}

struct Less {
    files: Vec<Bytes>,
    /// The file that is shown.
    file: usize,
    view: View,
    style: Style,
    /// `-m`, `-M`: the place is always told in full.
    verbose: bool,
    status: Status,
    count: Option<usize>,
    marks: BTreeMap<u8, usize>,
    screen: Arc<Tty>,
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "EFMmNSRIiXfseqn~", long: &[] }, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() && cx.process.is_terminal(0) {
        cx.error("missing filename").await;
        return cx.bad_usage(USAGE).await;
    }
    let files = Cx::inputs(opts.operands.clone());
    let Some(screen) = super::screen(&cx) else { return super::copy(&mut cx, &files).await };
    let Ok(keyboard) = super::keyboard(&cx).await else { return super::copy(&mut cx, &files).await };
    let style =
        Style { numbers: opts.has(b'N'), cut: opts.has(b'S'), ignore_case: opts.has(b'I') || opts.has(b'i') };
    let mut less = Less {
        files,
        file: 0,
        view: View::new(&[], 1, 1, style),
        style,
        verbose: opts.has(b'm') || opts.has(b'M'),
        status: Status::Place,
        count: None,
        marks: BTreeMap::new(),
        screen: Arc::clone(&screen),
    };
    if let Err(errno) = less.load(&mut cx).await {
        let path = less.files[less.file].clone();
        cx.open_error(&path, errno).await;
        return 1;
    }
    let before = screen.termios();
    let mut raw = before.raw();
    raw.isig = true;
    screen.set_termios(raw);
    let quit_at_end = opts.has(b'E') || opts.has(b'e');
    let fits = opts.has(b'F') && less.view.at_end();
    if fits {
        less.show(&mut cx);
    } else {
        less.look(&mut cx, &keyboard, quit_at_end).await;
    }
    screen.set_termios(before);
    cx.put("\r\x1b[K");
    cx.finish(0).await
}

impl Less {
    async fn load(&mut self, cx: &mut Cx) -> Result<(), Errno> {
        let lines = super::lines(cx, &self.files[self.file]).await?;
        let bytes: usize = lines.iter().map(|line| line.len() + 64).sum();
        cx.process.hold(2 * bytes as u64)?;
        let size = self.screen.size();
        let (rows, columns) = (usize::from(size.rows).max(2), usize::from(size.columns).max(10));
        self.view = View::new(&lines, rows - 1, columns, self.style);
        self.marks.clear();
        Ok(())
    }

    /// What the file is called, and which of several it is.
    fn name(&self) -> String {
        let name = match &self.files[self.file][..] {
            b"-" => "standard input".to_owned(),
            path => String::from_utf8_lossy(path).into_owned(),
        };
        match self.files.len() {
            1 => name,
            count => format!("{name} (file {} of {count})", self.file + 1),
        }
    }

    fn show(&self, cx: &mut Cx) {
        cx.put(self.view.screen());
        let (text, loud) = match &self.status {
            Status::Message(text) => (text.clone(), true),
            Status::Letter(go) => (if *go { "Go to mark:" } else { "Mark:" }.to_owned(), true),
            Status::Typing(begin, text) => {
                (format!("{}{}", char::from(*begin), String::from_utf8_lossy(text)), false)
            }
            Status::Place if self.verbose => (self.view.position(&self.name()), true),
            Status::Place => self.view.status(&self.name()),
        };
        let text: String = text.chars().take(self.view.width() - 1).collect();
        cx.put(if loud { format!("\x1b[7m{text}\x1b[m") } else { text });
        if let Some(count) = self.count {
            cx.put(count.to_string());
        }
    }

    /// Shows, takes keys, until one of them ends it.
    async fn look(&mut self, cx: &mut Cx, keyboard: &OpenFile, quit_at_end: bool) {
        loop {
            self.show(cx);
            if !cx.flush().await || quit_at_end && self.view.at_end() {
                return;
            }
            let Some(bytes) = super::typed(keyboard).await else { return };
            for key in Keys.read(&bytes) {
                cx.process.work(4).await;
                if self.key(cx, key).await {
                    return;
                }
            }
        }
    }

    /// What a key does; `true` where it ends the program.
    async fn key(&mut self, cx: &mut Cx, key: Key) -> bool {
        match std::mem::replace(&mut self.status, Status::Place) {
            Status::Typing(begin, text) => return self.type_on(cx, begin, text, key).await,
            Status::Letter(go) => {
                self.mark(go, key);
                return false;
            }
            Status::Place | Status::Message(_) => {}
        }
        if let Key::Byte(digit @ b'0'..=b'9') = key {
            let count = self.count.unwrap_or(0) * 10 + usize::from(digit - b'0');
            self.count = Some(count.min(MAX_COUNT));
            return false;
        }
        let count = self.count.take();
        let (page, half) = (self.view.page(), self.view.half());
        let view = &mut self.view;
        match key {
            Key::Byte(b'q' | b'Q') => return true,
            Key::Byte(b' ' | b'f' | b'z' | 6) | Key::PageDown => view.down(count.unwrap_or(page)),
            Key::Byte(b'b' | b'w' | 2) | Key::PageUp => view.up(count.unwrap_or(page)),
            Key::Byte(b'j' | b'e' | b'\r' | b'\n') | Key::Down => view.down(count.unwrap_or(1)),
            Key::Byte(b'k' | b'y') | Key::Up => view.up(count.unwrap_or(1)),
            Key::Byte(b'd' | 4) => view.down(count.unwrap_or(half)),
            Key::Byte(b'u' | 21) => view.up(count.unwrap_or(half)),
            Key::Byte(b'g' | b'<') | Key::Home => view.go(count.map_or(0, |count| count.saturating_sub(1))),
            Key::Byte(b'G' | b'>') | Key::End => match count {
                Some(count) => view.go(count.saturating_sub(1)),
                None => view.end(),
            },
            Key::Byte(b'p' | b'%') => view.percent(count.unwrap_or(0)),
            Key::Byte(b'n') => self.told(|view| view.next_match(true)),
            Key::Byte(b'N') => self.told(|view| view.next_match(false)),
            Key::Byte(b'=' | 7) => self.status = Status::Message(self.view.position(&self.name())),
            Key::Byte(b'R' | b'r') => {
                let top = self.view.top;
                if self.load(cx).await.is_ok() {
                    self.view.go(top);
                }
            }
            Key::Byte(begin @ (b'/' | b'?' | b':')) => self.status = Status::Typing(begin, Vec::new()),
            Key::Byte(b'm') => self.status = Status::Letter(false),
            Key::Byte(b'\'') => self.status = Status::Letter(true),
            _ => {}
        }
        false
    }

    /// Goes to a mark, or sets one here.
    fn mark(&mut self, go: bool, key: Key) {
        let Key::Byte(name @ (b'a'..=b'z' | b'A'..=b'Z')) = key else { return };
        match (go, self.marks.get(&name)) {
            (false, _) => drop(self.marks.insert(name, self.view.top)),
            (true, Some(top)) => self.view.go(*top),
            (true, None) => self.status = Status::Message("Mark not set".to_owned()),
        }
    }

    fn told(&mut self, search: impl FnOnce(&mut View) -> Result<(), String>) {
        if let Err(message) = search(&mut self.view) {
            self.status = Status::Message(message);
        }
    }

    /// A key while a pattern or a command is typed.
    async fn type_on(&mut self, cx: &mut Cx, begin: u8, mut text: Vec<u8>, key: Key) -> bool {
        match key {
            Key::Byte(b'\r' | b'\n') => match begin {
                b':' => return self.command(cx, &text).await,
                _ => self.told(|view| view.search(&text, begin == b'/')),
            },
            Key::Escape | Key::Byte(3 | 7) => {}
            Key::Byte(8 | 127) => {
                if text.pop().is_some() {
                    self.status = Status::Typing(begin, text);
                }
            }
            Key::Byte(byte) => {
                if text.len() < MAX_TYPED {
                    text.push(byte);
                }
                self.status = Status::Typing(begin, text);
            }
            _ => self.status = Status::Typing(begin, text),
        }
        false
    }

    /// `:n`, `:p` and their like.
    async fn command(&mut self, cx: &mut Cx, text: &[u8]) -> bool {
        let file = match text.first() {
            Some(b'q') => return true,
            Some(b'n') if self.file + 1 < self.files.len() => self.file + 1,
            Some(b'p') if self.file > 0 => self.file - 1,
            Some(b'x') => 0,
            Some(b'f') => {
                self.status = Status::Message(self.view.position(&self.name()));
                return false;
            }
            _ => return false,
        };
        let before = std::mem::replace(&mut self.file, file);
        if let Err(errno) = self.load(cx).await {
            let path = String::from_utf8_lossy(&self.files[file]).into_owned();
            self.file = before;
            self.status = Status::Message(format!("can't open '{path}': {}", cx.text(errno)));
        }
        false
    }
}
