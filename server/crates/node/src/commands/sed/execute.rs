//! Running scripts.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;

use super::{
    input::Input,
    script::{Action, Address, Command, End, Script},
    substitute::{MAX_SPACE, substitute},
};
use crate::{
    commands::{Cx, Lines},
    kernel::{
        errno::Errno,
        fs::{OpenFile, OpenFlags},
    },
    libc::regex::Regex,
};

/// The state of a range: where it ends, once it has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    Outside,
    /// It began at a line's number and has ended: it does not begin again.
    Over,
    /// Up to this line.
    Until(u64),
    /// Until its end is found.
    Open,
}

/// What is printed after the cycle.
#[derive(Debug)]
enum Queued {
    Text(Vec<u8>),
    File(Vec<u8>),
    Line(Bytes, bool),
}

/// How a cycle goes on.
enum Flow {
    Next,
    Jump(usize),
    /// The cycle ends; the pattern space is printed.
    EndCycle,
    /// It ends without that.
    Delete,
    /// It begins anew without reading a line.
    Restart,
    Quit {
        print: bool,
        code: u8,
    },
}

#[derive(Debug)]
pub(super) struct Machine<'a> {
    script: &'a Script,
    input: Input,
    files: BTreeMap<Vec<u8>, Arc<OpenFile>>,
    /// Files that `R` reads.
    readers: BTreeMap<Vec<u8>, Option<Lines>>,
    quiet: bool,
    delimiter: u8,
    space: Vec<u8>,
    /// Whether the line in the pattern space ended with a newline.
    complete: bool,
    hold: Vec<u8>,
    replaced: bool,
    ranges: Vec<Range>,
    queue: Vec<Queued>,
    /// Output lacks a newline that is added if more follows.
    unfinished: bool,
    /// Files of `w` that do.
    unfinished_files: BTreeSet<Vec<u8>>,
    last_regex: Option<Arc<Regex>>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(
        script: &'a Script,
        input: Input,
        files: BTreeMap<Vec<u8>, Arc<OpenFile>>,
        quiet: bool,
        delimiter: u8,
    ) -> Self {
        Self {
            script,
            input,
            files,
            readers: BTreeMap::new(),
            quiet,
            delimiter,
            space: Vec::new(),
            complete: true,
            hold: Vec::new(),
            replaced: false,
            ranges: vec![Range::Outside; script.commands.len()],
            queue: Vec::new(),
            unfinished: false,
            unfinished_files: BTreeSet::new(),
            last_regex: None,
        }
    }

    /// Runs the script on all lines; returns the exit code.
    pub(super) async fn run(&mut self, cx: &mut Cx) -> u8 {
        let mut keep = false;
        let quit = loop {
            if !keep && !self.read(cx).await {
                break None;
            }
            keep = false;
            let flow = match self.cycle(cx).await {
                Ok(flow) => flow,
                Err(message) => {
                    cx.error(message).await;
                    return 1;
                }
            };
            let print = match &flow {
                Flow::Delete | Flow::Restart => false,
                Flow::Quit { print, .. } => *print,
                _ => true,
            };
            if print && !self.quiet {
                self.print_space(cx).await;
            }
            self.flush_queue(cx).await;
            match flow {
                Flow::Restart => keep = true,
                Flow::Quit { code, .. } => break Some(code),
                _ => {}
            }
            if !cx.drain().await {
                return 1;
            }
        };
        if quit.is_some() {
            for line in self.input.drain(cx).await {
                self.print(cx, &line.text, line.complete).await;
            }
            self.input.finish_file(cx).await;
        }
        quit.filter(|code| *code > 0).unwrap_or(self.input.code)
    }

    async fn read(&mut self, cx: &mut Cx) -> bool {
        match self.input.next(cx).await {
            Some(line) => {
                self.space = line.text.to_vec();
                self.complete = line.complete;
                self.replaced = false;
                if self.input.begins_anew() {
                    self.ranges.fill(Range::Outside);
                    self.unfinished &= self.input.edited().is_none();
                }
                true
            }
            None => false,
        }
    }

    // Output.

    async fn put(&mut self, cx: &mut Cx, bytes: &[u8]) {
        match self.input.edited() {
            Some(file) => {
                if let Err(errno) = cx.process.write_file(&file, Bytes::copy_from_slice(bytes)).await {
                    let text = cx.text(errno);
                    cx.error(format!("couldn't write: {text}")).await;
                    self.input.code = 4;
                }
            }
            None => cx.put(bytes),
        }
    }

    async fn print(&mut self, cx: &mut Cx, text: &[u8], complete: bool) {
        let mut out = Vec::with_capacity(text.len() + 2);
        if std::mem::replace(&mut self.unfinished, !complete) {
            out.push(self.delimiter);
        }
        out.extend_from_slice(text);
        if complete {
            out.push(self.delimiter);
        }
        self.put(cx, &out).await;
    }

    async fn print_space(&mut self, cx: &mut Cx) {
        let space = std::mem::take(&mut self.space);
        let complete = self.complete;
        self.print(cx, &space, complete).await;
        self.space = space;
    }

    /// Prints text that has its own newlines.
    async fn print_text(&mut self, cx: &mut Cx, text: &[u8]) {
        // GNU's `a\` at the end of a script adds nothing, not even an empty line.
        let Some(text) = text.strip_suffix(b"\n") else { return };
        self.print(cx, text, true).await;
    }

    async fn flush_queue(&mut self, cx: &mut Cx) {
        for queued in std::mem::take(&mut self.queue) {
            match queued {
                Queued::Text(text) => self.print_text(cx, &text).await,
                Queued::Line(line, complete) => self.print(cx, &line, complete).await,
                Queued::File(path) => {
                    let opened = match &path[..] {
                        b"/dev/stdin" => cx.process.file(0),
                        path => cx.process.open_file(path, OpenFlags::READ, 0).await,
                    };
                    let Ok(file) = opened else { continue };
                    while let Ok(bytes) = cx.read(&file).await
                        && !bytes.is_empty()
                    {
                        if std::mem::take(&mut self.unfinished) {
                            self.put(cx, &[self.delimiter]).await;
                        }
                        self.put(cx, &bytes).await;
                        if !cx.drain().await {
                            return;
                        }
                    }
                }
            }
        }
    }

    /// Writes a line to a file; one that does not end with a newline is not given one before more follows.
    async fn write(&mut self, cx: &mut Cx, path: &[u8], text: &[u8], complete: bool) {
        let mut line = Vec::with_capacity(text.len() + 2);
        if self.unfinished_files.remove(path) {
            line.push(self.delimiter);
        }
        line.extend_from_slice(text);
        if complete {
            line.push(self.delimiter);
        } else {
            self.unfinished_files.insert(path.to_vec());
        }
        match (path, self.files.get(path)) {
            (b"/dev/stdout", _) => cx.put(line),
            (b"/dev/stderr", _) => cx.complain(line).await,
            (_, Some(file)) => {
                let file = Arc::clone(file);
                if let Err(errno) = cx.process.write_file(&file, line.into()).await {
                    let text = cx.text(errno);
                    cx.error(format!("couldn't write to {}: {text}", String::from_utf8_lossy(path))).await;
                }
            }
            (_, None) => {}
        }
    }

    // Addresses.

    async fn fits(&mut self, cx: &mut Cx, address: &Address) -> Result<bool, String> {
        Ok(match address {
            Address::Line(line) => self.input.number == *line,
            Address::Last => self.input.is_last(cx).await,
            Address::Step(first, 0) => self.input.number == *first,
            Address::Step(first, step) => {
                self.input.number >= *first && (self.input.number - first).is_multiple_of(*step)
            }
            Address::Matching(regex) => self.regex(regex.as_ref())?.is_match(&self.space),
        })
    }

    fn regex(&mut self, regex: Option<&Arc<Regex>>) -> Result<Arc<Regex>, String> {
        if let Some(regex) = regex {
            self.last_regex = Some(Arc::clone(regex));
        }
        self.last_regex.clone().ok_or_else(|| "no previous regular expression".to_owned())
    }

    async fn selected(&mut self, cx: &mut Cx, index: usize, command: &Command) -> Result<bool, String> {
        let Some(from) = &command.from else { return Ok(true) };
        let Some(to) = &command.to else { return self.fits(cx, from).await };
        let line = self.input.number;
        let numbered = matches!(from, Address::Line(_));
        let over = if numbered { Range::Over } else { Range::Outside };
        match self.ranges[index] {
            Range::Over => Ok(false),
            Range::Outside => {
                // `0,/x/` has begun before the first line.
                let early = matches!(from, Address::Line(0)) && line == 1;
                let begins = match (from, to) {
                    _ if early => true,
                    // The line itself may have been passed over.
                    (Address::Line(first), End::Address(Address::Line(last)))
                        if cx.is_gnu() && line > *last =>
                    {
                        line == *first
                    }
                    (Address::Line(first), _) => *first > 0 && line >= *first,
                    _ => self.fits(cx, from).await?,
                };
                if !begins {
                    return Ok(false);
                }
                let end = match to {
                    End::Address(Address::Line(end)) => Range::Until(*end),
                    End::After(count) => Range::Until(line.saturating_add(*count)),
                    End::Multiple(0) => Range::Until(line),
                    End::Multiple(unit) => Range::Until(line.div_ceil(*unit) * unit),
                    End::Address(address) => {
                        let ends = match address {
                            Address::Matching(_) if !early => false,
                            address => self.fits(cx, address).await?,
                        };
                        if ends { Range::Until(line) } else { Range::Open }
                    }
                };
                self.ranges[index] = match end {
                    Range::Until(last) if last <= line => over,
                    end => end,
                };
                Ok(true)
            }
            Range::Until(last) => {
                if line >= last {
                    self.ranges[index] = over;
                }
                // A last line that was passed over ends the range before this one, but not in busybox's.
                Ok(line <= last || !cx.is_gnu() || (!numbered && self.fits(cx, from).await?))
            }
            Range::Open => {
                let End::Address(address) = to else { return Ok(true) };
                if self.fits(cx, address).await? {
                    self.ranges[index] = over;
                }
                Ok(true)
            }
        }
    }

    // Commands.

    async fn cycle(&mut self, cx: &mut Cx) -> Result<Flow, String> {
        let script = self.script;
        let mut at = 0;
        while let Some(command) = script.commands.get(at) {
            if cx.process.tick(1 + (self.space.len() >> 9) as u32) {
                cx.process.pause().await;
            }
            if self.space.len() > MAX_SPACE || self.hold.len() > MAX_SPACE {
                return Err(cx.text(Errno::ENOMEM).to_owned());
            }
            let held = self.space.len() + self.hold.len();
            if held > 1 << 20 {
                cx.process.hold(held as u64).map_err(|errno| cx.text(errno).to_owned())?;
            }
            if self.selected(cx, at, command).await? == command.negated {
                at = if let Action::Block(end) = command.action { end } else { at + 1 };
                continue;
            }
            match self.act(cx, at, command).await? {
                Flow::Next => at += 1,
                Flow::Jump(to) => at = to,
                flow => return Ok(flow),
            }
        }
        Ok(Flow::EndCycle)
    }

    async fn act(&mut self, cx: &mut Cx, index: usize, command: &Command) -> Result<Flow, String> {
        match &command.action {
            Action::Block(_) | Action::Nothing => {}
            Action::Append(text) => self.queue.push(Queued::Text(text.clone())),
            Action::Insert(text) => self.print_text(cx, text).await,
            Action::Change(text) => {
                let in_range = command.to.is_some()
                    && !command.negated
                    && !matches!(self.ranges[index], Range::Outside | Range::Over);
                if !in_range {
                    self.print_text(cx, text).await;
                }
                return Ok(Flow::Delete);
            }
            Action::Branch(to) => return Ok(to.map_or(Flow::EndCycle, Flow::Jump)),
            Action::BranchIfReplaced(to) => {
                if std::mem::take(&mut self.replaced) {
                    return Ok(to.map_or(Flow::EndCycle, Flow::Jump));
                }
            }
            Action::BranchUnlessReplaced(to) => {
                if !std::mem::take(&mut self.replaced) {
                    return Ok(to.map_or(Flow::EndCycle, Flow::Jump));
                }
            }
            Action::Delete => return Ok(Flow::Delete),
            Action::DeleteFirstLine => match self.space.iter().position(|byte| *byte == b'\n') {
                Some(at) => {
                    self.space.drain(..=at);
                    return Ok(Flow::Restart);
                }
                None => return Ok(Flow::Delete),
            },
            Action::GetHeld => self.space.clone_from(&self.hold),
            Action::AppendHeld => {
                self.space.push(b'\n');
                self.space.extend_from_slice(&self.hold);
            }
            Action::Hold => self.hold.clone_from(&self.space),
            Action::HoldAppend => {
                self.hold.push(b'\n');
                self.hold.extend_from_slice(&self.space);
            }
            Action::Exchange => std::mem::swap(&mut self.space, &mut self.hold),
            Action::List => {
                let shown = listed(&self.space);
                self.print(cx, &shown, true).await;
            }
            Action::Next => {
                if self.input.is_last(cx).await {
                    return Ok(self.without_next());
                }
                if !self.quiet {
                    self.print_space(cx).await;
                }
                self.flush_queue(cx).await;
                let replaced = self.replaced;
                if !self.read(cx).await {
                    return Ok(Flow::Quit { print: false, code: 0 });
                }
                self.replaced = replaced;
            }
            Action::AppendNext => {
                self.flush_queue(cx).await;
                if self.input.is_last(cx).await {
                    return Ok(self.without_next());
                }
                let before = std::mem::take(&mut self.space);
                let replaced = self.replaced;
                if !self.read(cx).await {
                    self.space = before;
                    return Ok(Flow::Quit { print: true, code: 0 });
                }
                self.replaced = replaced;
                let next = std::mem::replace(&mut self.space, before);
                self.space.push(b'\n');
                self.space.extend_from_slice(&next);
            }
            Action::Print if cx.is_gnu() => self.print_space(cx).await,
            Action::Print => {
                // Busybox ends the line, even where the input does not.
                let space = std::mem::take(&mut self.space);
                self.print(cx, &space, true).await;
                self.space = space;
            }
            Action::PrintFirstLine => {
                let end = self.space.iter().position(|byte| *byte == b'\n').unwrap_or(self.space.len());
                let first = self.space[..end].to_vec();
                self.print(cx, &first, true).await;
            }
            Action::Quit(code) => return Ok(Flow::Quit { print: true, code: *code }),
            Action::QuitSilently(code) => return Ok(Flow::Quit { print: false, code: *code }),
            Action::ReadFile(path) => self.queue.push(Queued::File(path.clone())),
            Action::ReadLine(path) => self.read_line(cx, path).await,
            Action::Substitute(how) => {
                let regex = self.regex(how.pattern.as_ref())?;
                match substitute(&cx.process, &self.space, &regex, how).await {
                    None => {}
                    Some(Err(())) => return Err(cx.text(Errno::ENOMEM).to_owned()),
                    Some(Ok(space)) => {
                        self.space = space;
                        self.replaced = true;
                        if how.print {
                            self.print_space(cx).await;
                        }
                        if let Some(path) = &how.write {
                            let space = self.space.clone();
                            self.write(cx, path, &space, self.complete).await;
                        }
                    }
                }
            }
            Action::WriteFile(path) => {
                let space = self.space.clone();
                self.write(cx, path, &space, self.complete).await;
            }
            Action::WriteFirstLine(path) => {
                let end = self.space.iter().position(|byte| *byte == b'\n').unwrap_or(self.space.len());
                let first = self.space[..end].to_vec();
                self.write(cx, path, &first, true).await;
            }
            Action::Translate(table) => {
                for byte in &mut self.space {
                    *byte = table[usize::from(*byte)];
                }
            }
            Action::LineNumber => {
                let line = self.input.number.to_string();
                self.print(cx, line.as_bytes(), true).await;
            }
            Action::FileName => {
                let path = self.input.path.clone();
                self.print(cx, &path, true).await;
            }
            Action::Zap => self.space.clear(),
        }
        Ok(Flow::Next)
    }

    /// What `n` and `N` do where there is no next line: the pattern space is printed, and that was the last cycle (of
    /// this file, where files are edited one by one).
    fn without_next(&self) -> Flow {
        if self.input.has_more_files() { Flow::EndCycle } else { Flow::Quit { print: true, code: 0 } }
    }

    async fn read_line(&mut self, cx: &mut Cx, path: &[u8]) {
        if !self.readers.contains_key(path) {
            let opened = match path {
                b"/dev/stdin" => cx.process.file(0),
                path => cx.process.open_file(path, OpenFlags::READ, 0).await,
            };
            self.readers.insert(path.to_vec(), opened.ok().map(Lines::new));
        }
        if let Some(Some(lines)) = self.readers.get_mut(path)
            && let Ok(Some(line)) = lines.next(cx).await
        {
            self.queue.push(Queued::Line(line.text, true));
        }
    }
}

/// `l`: what cannot be printed as escapes, in lines of 70 characters at most.
fn listed(space: &[u8]) -> Vec<u8> {
    const WIDTH: usize = 69;
    let mut out = Vec::new();
    let mut column = 0;
    for byte in space {
        let shown = match byte {
            b'\\' => "\\\\".to_owned(),
            7 => "\\a".to_owned(),
            8 => "\\b".to_owned(),
            12 => "\\f".to_owned(),
            b'\n' => "\\n".to_owned(),
            b'\r' => "\\r".to_owned(),
            b'\t' => "\\t".to_owned(),
            11 => "\\v".to_owned(),
            0x20..=0x7e => char::from(*byte).to_string(),
            _ => format!("\\{byte:03o}"),
        };
        if column + shown.len() > WIDTH {
            out.extend_from_slice(b"\\\n");
            column = 0;
        }
        column += shown.len();
        out.extend_from_slice(shown.as_bytes());
    }
    out.push(b'$');
    out
}
