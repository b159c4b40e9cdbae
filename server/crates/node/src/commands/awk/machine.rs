//! The machine that runs compiled programs.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use super::{
    ast::Op,
    builtins::{self, World},
    compile::{Compiled, ReadFrom, SPECIAL, Slot, Step},
    format,
    io::Streams,
    record::{MAX_FIELDS, Reader, Record, Separator},
    table::Table,
    value::Value,
};
use crate::{
    commands::{Cx, calendar::Zone},
    kernel::errno::Errno,
    libc::regex::Regex,
};

/// How deep functions call each other.
const MAX_FRAMES: usize = 2000;
/// How many values wait on the stack.
const MAX_STACK: usize = 100_000;
/// How many patterns that are values are kept compiled.
const MAX_PATTERNS: usize = 64;

const NF: usize = 0;
const NR: usize = 1;
const FNR: usize = 2;
const FS: usize = 3;
const OFS: usize = 4;
const RS: usize = 5;
const ORS: usize = 6;
const SUBSEP: usize = 7;
const CONVFMT: usize = 8;
const OFMT: usize = 9;
const FILENAME: usize = 10;
const RSTART: usize = 11;
const RLENGTH: usize = 12;
const ENVIRON: usize = 13;
const ARGC: usize = 14;
const ARGV: usize = 15;

/// What a variable holds.
#[derive(Clone, Debug)]
enum Cell {
    Value(Value),
    Array(usize),
}

/// What stands on the stack.
#[derive(Clone, Debug)]
enum Operand {
    Value(Value),
    Array(usize),
    Regex(Arc<Regex>),
}

#[derive(Debug)]
struct Frame {
    back: usize,
    /// Where its variables begin.
    locals: usize,
    keys: usize,
    /// Arrays that began their life in it, and end with it.
    owned: Vec<usize>,
}

/// Why a part of the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Next,
    NextFile,
    Exit,
    /// Nobody reads what is printed.
    Closed,
}

#[derive(Debug)]
pub(super) struct Machine<'a> {
    program: &'a Compiled,
    stack: Vec<Operand>,
    globals: Vec<Cell>,
    locals: Vec<Cell>,
    frames: Vec<Frame>,
    arrays: Vec<Table>,
    /// Arrays that are free again.
    free: Vec<usize>,
    keys: Vec<std::vec::IntoIter<Bytes>>,
    record: Record,
    in_range: Vec<bool>,
    aside: Value,
    streams: Streams,
    patterns: BTreeMap<Bytes, Arc<Regex>>,
    /// `FS`, as it was when the record was read.
    separator: Separator,
    input: Option<Reader>,
    next_arg: usize,
    any_file: bool,
    /// Bytes in arrays, about.
    held: u64,
    seed: u64,
    random: u64,
    zone: Zone,
    pub(super) code: u8,
    pub(super) failed: u8,
}

impl<'a> Machine<'a> {
    pub(super) fn new(program: &'a Compiled, zone: Zone) -> Self {
        let globals = vec![Cell::Value(Value::Unset); program.globals.len()];
        let mut machine = Self {
            program,
            stack: Vec::new(),
            globals,
            locals: Vec::new(),
            frames: Vec::new(),
            arrays: Vec::new(),
            free: Vec::new(),
            keys: Vec::new(),
            record: Record::default(),
            in_range: vec![false; program.ranges],
            aside: Value::Unset,
            streams: Streams::default(),
            patterns: BTreeMap::new(),
            separator: Separator::Blanks,
            input: None,
            next_arg: 1,
            any_file: false,
            held: 0,
            seed: 1,
            random: 1,
            zone,
            code: 0,
            failed: 0,
        };
        for (slot, text) in [
            (FS, &b" "[..]),
            (OFS, b" "),
            (RS, b"\n"),
            (ORS, b"\n"),
            (SUBSEP, b"\x1c"),
            (CONVFMT, b"%.6g"),
            (OFMT, b"%.6g"),
        ] {
            machine.globals[slot] = Cell::Value(Value::String(Bytes::from_static(text)));
        }
        for slot in [NR, FNR, RSTART] {
            machine.globals[slot] = Cell::Value(Value::Number(0.0));
        }
        machine.globals[RLENGTH] = Cell::Value(Value::Number(-1.0));
        machine
    }

    /// Fills `ARGV` and `ENVIRON`.
    pub(super) fn start(&mut self, args: &[Bytes], env: &[Bytes]) {
        let argv = self.array(Slot::Global(ARGV)).unwrap_or(0);
        for (index, arg) in args.iter().enumerate() {
            self.arrays[argv].set(&index.to_string().into(), Value::Input(arg.clone()));
        }
        self.globals[ARGC] = Cell::Value(Value::Number(args.len() as f64));
        let environ = self.array(Slot::Global(ENVIRON)).unwrap_or(0);
        for entry in env {
            if let Some(at) = entry.iter().position(|byte| *byte == b'=') {
                self.arrays[environ].set(&entry.slice(..at), Value::Input(entry.slice(at + 1..)));
            }
        }
    }

    /// `-v NAME=VALUE`, or such an operand; `false` where it is no assignment.
    pub(super) fn assign(&mut self, text: &Bytes) -> bool {
        let Some(at) = text.iter().position(|byte| *byte == b'=') else { return false };
        let name = &text[..at];
        let is_name = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        if !is_name {
            return false;
        }
        let mut value = Vec::new();
        let mut rest = &text[at + 1..];
        while let Some((byte, after)) = rest.split_first() {
            if *byte == b'\\' {
                let len = super::lexer::unescape(after, &mut value);
                rest = &after[len..];
            } else {
                value.push(*byte);
                rest = after;
            }
        }
        let name = String::from_utf8_lossy(name);
        if let Some(slot) = self.program.globals.iter().position(|known| *known == name) {
            self.store(Slot::Global(slot), Value::Input(value.into()));
        }
        true
    }

    /// Runs the whole program.
    pub(super) async fn run(&mut self, cx: &mut Cx) -> Result<(), String> {
        let program = self.program;
        let mut ended = Ended::Next;
        if let Some(begin) = program.begin {
            ended = self.execute(cx, begin).await?;
        }
        if ended == Ended::Next && (program.rules.is_some() || program.end.is_some()) {
            while let Some(text) = self.next_record(cx).await? {
                self.begin_record(text);
                if let Some(rules) = program.rules {
                    ended = self.execute(cx, rules).await?;
                }
                match ended {
                    Ended::NextFile => self.input = None,
                    Ended::Next => {}
                    Ended::Exit | Ended::Closed => break,
                }
                if !cx.drain().await {
                    ended = Ended::Closed;
                    break;
                }
            }
        }
        if ended != Ended::Closed
            && let Some(end) = program.end
        {
            self.execute(cx, end).await?;
        }
        Ok(())
    }

    /// Closes everything.
    pub(super) async fn finish(&mut self, cx: &mut Cx) {
        self.streams.close_all(cx).await;
    }

    // Input.

    fn begin_record(&mut self, text: Bytes) {
        self.count(NR);
        self.count(FNR);
        self.set_record(text);
    }

    fn set_record(&mut self, text: Bytes) {
        self.separator = Separator::new(&self.text_of(FS));
        self.record.set(text);
    }

    fn count(&mut self, slot: usize) {
        let next = self.value_of(slot).number() + 1.0;
        self.globals[slot] = Cell::Value(Value::Number(next));
    }

    /// The next record of the files that are operands.
    async fn next_record(&mut self, cx: &mut Cx) -> Result<Option<Bytes>, String> {
        loop {
            if let Some(reader) = &mut self.input {
                let separator = match &self.globals[RS] {
                    Cell::Value(value) => value.text(b"%.6g"),
                    Cell::Array(_) => Bytes::new(),
                };
                match reader.next(cx, &separator).await {
                    Ok(Some(text)) => return Ok(Some(text)),
                    Ok(None) => {}
                    Err(Errno::ENOMEM) => return Err(cx.text(Errno::ENOMEM).to_owned()),
                    Err(errno) => {
                        let path = self.text_of(FILENAME);
                        if cx.is_gnu() {
                            let text = cx.text(errno);
                            cx.error(format!("read failure on {} ({text})", String::from_utf8_lossy(&path)))
                                .await;
                        }
                        self.failed = if cx.is_gnu() { 2 } else { self.failed };
                    }
                }
                self.input = None;
            }
            let Some(path) = self.next_operand() else { return Ok(None) };
            let opened = match &path[..] {
                b"" | b"-" => cx.process.file(0),
                _ => cx.open(&path).await,
            };
            match opened {
                Ok(file) => {
                    self.input = Some(Reader::new(file));
                    self.globals[FNR] = Cell::Value(Value::Number(0.0));
                    if !path.is_empty() {
                        self.globals[FILENAME] = Cell::Value(Value::String(path));
                    }
                }
                Err(errno) => {
                    let (shown, text) = (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
                    self.failed = 2;
                    if cx.is_gnu() {
                        return Err(format!("cannot open \"{shown}\" ({text})"));
                    }
                    return Err(format!("{shown}: {text}"));
                }
            }
        }
    }

    /// The next file; after the last one nothing, and standard input where there was none at all.
    fn next_operand(&mut self) -> Option<Bytes> {
        loop {
            let count = self.value_of(ARGC).number() as usize;
            if self.next_arg >= count {
                return if std::mem::replace(&mut self.any_file, true) { None } else { Some(Bytes::new()) };
            }
            let key = self.next_arg.to_string();
            self.next_arg += 1;
            let argv = self.array(Slot::Global(ARGV)).ok()?;
            let Some(arg) = self.arrays[argv].get(key.as_bytes()) else { continue };
            let arg = arg.text(b"%.6g");
            if arg.is_empty() || self.assign(&arg) {
                continue;
            }
            self.any_file = true;
            return Some(arg);
        }
    }

    // Variables.

    fn value_of(&self, slot: usize) -> Value {
        match &self.globals[slot] {
            Cell::Value(value) => value.clone(),
            Cell::Array(_) => Value::Unset,
        }
    }

    fn text_of(&self, slot: usize) -> Bytes {
        self.value_of(slot).text(b"%.6g")
    }

    fn convert(&self) -> Bytes {
        self.text_of(CONVFMT)
    }

    fn cell(&mut self, slot: Slot) -> &mut Cell {
        match slot {
            Slot::Global(index) => &mut self.globals[index],
            Slot::Local(index) => {
                let base = self.frames.last().map_or(0, |frame| frame.locals);
                &mut self.locals[base + index]
            }
        }
    }

    fn load(&mut self, slot: Slot) -> Result<Value, String> {
        if slot == Slot::Global(NF) {
            self.split();
            return Ok(Value::Number(self.record.count() as f64));
        }
        match self.cell(slot) {
            Cell::Value(value) => Ok(value.clone()),
            Cell::Array(_) => Err("can't use array in scalar context".to_owned()),
        }
    }

    fn store(&mut self, slot: Slot, value: Value) {
        if slot == Slot::Global(NF) {
            self.split();
            let count = value.number().max(0.0) as usize;
            self.record.set_count(count);
            return;
        }
        *self.cell(slot) = Cell::Value(value);
    }

    /// The array that a variable is, or becomes.
    fn array(&mut self, slot: Slot) -> Result<usize, String> {
        let fresh = match self.cell(slot) {
            Cell::Array(index) => return Ok(*index),
            Cell::Value(Value::Unset) => true,
            Cell::Value(_) => false,
        };
        if !fresh {
            return Err("can't use scalar as array".to_owned());
        }
        let index = self.free.pop().unwrap_or_else(|| {
            self.arrays.push(Table::default());
            self.arrays.len() - 1
        });
        *self.cell(slot) = Cell::Array(index);
        if let (Slot::Local(_), Some(frame)) = (slot, self.frames.last_mut()) {
            frame.owned.push(index);
        }
        Ok(index)
    }

    fn set_element(&mut self, cx: &Cx, array: usize, key: &Bytes, value: Value) -> Result<(), String> {
        let size = match &value {
            Value::String(text) | Value::Input(text) => text.len(),
            _ => 0,
        };
        if self.arrays[array].set(key, value) || size > 1024 {
            self.held += (key.len() + size + 96) as u64;
            if self.held > 1 << 20 && self.held % 4096 < 256 {
                cx.process.hold(self.held).map_err(|errno| cx.text(errno).to_owned())?;
            }
        }
        Ok(())
    }

    fn split(&mut self) {
        let paragraphs = self.text_of(RS).is_empty();
        self.record.split(&self.separator, paragraphs);
    }

    fn whole_record(&mut self) -> Bytes {
        let (separator, convert) = (self.text_of(OFS), self.convert());
        self.record.join(&separator, &convert)
    }

    fn field(&mut self, index: f64) -> Result<Value, String> {
        let index = field_index(index)?;
        if index == 0 {
            return Ok(Value::Input(self.whole_record()));
        }
        self.split();
        Ok(self.record.field(index))
    }

    fn set_field(&mut self, index: f64, value: Value) -> Result<(), String> {
        let index = field_index(index)?;
        if index == 0 {
            let text = value.text(&self.convert());
            self.set_record(text);
            return Ok(());
        }
        self.split();
        self.record.set_field(index, value);
        Ok(())
    }

    // The stack.

    fn push(&mut self, value: Value) {
        self.stack.push(Operand::Value(value));
    }

    fn pop(&mut self) -> Value {
        match self.stack.pop() {
            Some(Operand::Value(value)) => value,
            Some(Operand::Regex(regex)) => {
                let record = self.whole_record();
                Value::truth(regex.is_match(&record))
            }
            Some(Operand::Array(_)) | None => Value::Unset,
        }
    }

    fn pop_text(&mut self) -> Bytes {
        let convert = self.convert();
        self.pop().text(&convert)
    }

    fn pop_all(&mut self, count: usize) -> Vec<Value> {
        let mut all: Vec<Value> = (0..count).map(|_| self.pop()).collect();
        all.reverse();
        all
    }

    fn pop_pattern(&mut self) -> Result<Arc<Regex>, String> {
        if let Some(Operand::Regex(regex)) = self.stack.last() {
            let regex = Arc::clone(regex);
            self.stack.pop();
            return Ok(regex);
        }
        let text = self.pop_text();
        if let Some(regex) = self.patterns.get(&text) {
            return Ok(Arc::clone(regex));
        }
        let regex = builtins::dynamic(&text)?;
        if self.patterns.len() >= MAX_PATTERNS {
            self.patterns.clear();
        }
        self.patterns.insert(text, Arc::clone(&regex));
        Ok(regex)
    }

    fn pop_separator(&mut self) -> Separator {
        match self.stack.last() {
            Some(Operand::Regex(regex)) => {
                let regex = Arc::clone(regex);
                self.stack.pop();
                Separator::Matching(regex)
            }
            _ => Separator::new(&self.pop_text()),
        }
    }

    // Steps.

    async fn execute(&mut self, cx: &mut Cx, start: usize) -> Result<Ended, String> {
        let program = self.program;
        let ended = self.steps(cx, program, start).await;
        self.stack.clear();
        self.keys.clear();
        self.frames.clear();
        self.locals.clear();
        ended
    }

    async fn steps(&mut self, cx: &mut Cx, program: &Compiled, start: usize) -> Result<Ended, String> {
        let mut at = start;
        let mut fuel = 0u32;
        loop {
            fuel += 1;
            if fuel >= 16 {
                if cx.process.tick(fuel / 4) {
                    cx.process.pause().await;
                }
                fuel = 0;
                if self.stack.len() > MAX_STACK {
                    return Err("expression too large".to_owned());
                }
            }
            let step = &program.steps[at];
            at += 1;
            match step {
                Step::Jump(to) => at = *to,
                Step::JumpIf(to) => {
                    if self.pop().is_true() {
                        at = *to;
                    }
                }
                Step::JumpUnless(to) => {
                    if !self.pop().is_true() {
                        at = *to;
                    }
                }
                Step::Call(function, given) => {
                    if self.frames.len() >= MAX_FRAMES {
                        return Err("function call nesting too deep".to_owned());
                    }
                    let callable = &program.functions[*function];
                    let locals = self.locals.len();
                    let first = self.stack.len() - given;
                    let args: Vec<Operand> = self.stack.drain(first..).collect();
                    for arg in args {
                        self.locals.push(match arg {
                            Operand::Value(value) => Cell::Value(value),
                            Operand::Array(index) => Cell::Array(index),
                            Operand::Regex(_) => Cell::Value(Value::Unset),
                        });
                    }
                    self.locals.resize(locals + callable.params, Cell::Value(Value::Unset));
                    self.frames.push(Frame { back: at, locals, keys: self.keys.len(), owned: Vec::new() });
                    at = callable.start;
                }
                Step::Return => {
                    let Some(frame) = self.frames.pop() else { return Ok(Ended::Next) };
                    self.locals.truncate(frame.locals);
                    self.keys.truncate(frame.keys);
                    for array in frame.owned {
                        self.arrays[array].clear();
                        self.free.push(array);
                    }
                    at = frame.back;
                }
                Step::NextKey(out) => match self.keys.last_mut().and_then(Iterator::next) {
                    Some(key) => self.push(Value::Input(key)),
                    None => {
                        self.keys.pop();
                        at = *out;
                    }
                },
                Step::RangeStart(range, inside) => {
                    if self.in_range[*range] {
                        at = *inside;
                    }
                }
                Step::RangeEnd(range) => {
                    let ends = self.pop().is_true();
                    self.in_range[*range] = !ends;
                }
                Step::Next => return Ok(Ended::Next),
                Step::NextFile => return Ok(Ended::NextFile),
                Step::Exit(code) => {
                    if *code {
                        self.code = self.pop().number() as i64 as u8;
                    }
                    return Ok(Ended::Exit);
                }
                Step::Print { format, args, to } => {
                    let target = if to.is_some() { self.pop_text() } else { Bytes::new() };
                    let args = self.pop_all(*args);
                    let text = self.printed(*format, &args);
                    match to {
                        None => cx.put(text),
                        Some(to) => self.streams.print(cx, *to, &target, &text).await?,
                    }
                    if !cx.drain().await {
                        return Ok(Ended::Closed);
                    }
                }
                Step::PrintRecord => {
                    let (record, end) = (self.whole_record(), self.text_of(ORS));
                    cx.put(record);
                    cx.put(end);
                }
                Step::Getline(from, to_variable) => self.getline(cx, *from, *to_variable).await?,
                Step::Builtin(name, count) => self.builtin(cx, name, *count).await?,
                step => self.simple(cx, step)?,
            }
        }
    }

    fn printed(&mut self, format: bool, args: &[Value]) -> Vec<u8> {
        let output = self.text_of(OFMT);
        if format {
            let convert = self.convert();
            let text = args.first().map_or_else(Bytes::new, |value| value.text(&convert));
            return format::format(&text, args.get(1..).unwrap_or_default(), &convert);
        }
        let mut out = Vec::new();
        if args.is_empty() {
            out.extend_from_slice(&self.whole_record());
        }
        let between = self.text_of(OFS);
        for (index, arg) in args.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(&between);
            }
            out.extend_from_slice(&arg.text(&output));
        }
        out.extend_from_slice(&self.text_of(ORS));
        out
    }

    async fn getline(&mut self, cx: &mut Cx, from: ReadFrom, to_variable: bool) -> Result<(), String> {
        let read = if from == ReadFrom::Input {
            self.next_record(cx).await.map_err(|_| Errno::ENOENT)
        } else {
            let (name, separator) = (self.pop_text(), self.text_of(RS));
            self.streams.read(cx, from, &name, &separator).await
        };
        let status = match read {
            Ok(Some(text)) => {
                if from != ReadFrom::File {
                    self.count(NR);
                }
                if from == ReadFrom::Input {
                    self.count(FNR);
                }
                if to_variable {
                    self.aside = Value::Input(text);
                } else {
                    self.set_record(text);
                }
                1.0
            }
            Ok(None) => 0.0,
            Err(_) => -1.0,
        };
        self.push(Value::Number(status));
        Ok(())
    }

    async fn builtin(&mut self, cx: &mut Cx, name: &'static str, count: usize) -> Result<(), String> {
        let value = match name {
            "system" => {
                let command = self.pop_text();
                Value::Number(self.streams.system(cx, &command).await)
            }
            "close" => {
                self.pop_all(count - 1);
                let target = self.pop_text();
                Value::Number(self.streams.close(cx, &target).await)
            }
            "fflush" => {
                self.pop_all(count);
                self.streams.flush(cx).await;
                Value::Number(0.0)
            }
            "rand" => {
                // A linear congruence: the same seed gives the same numbers.
                self.random = self
                    .random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                Value::Number((self.random >> 11) as f64 / (1u64 << 53) as f64)
            }
            "srand" => {
                let before = self.seed;
                self.seed = match count {
                    0 => cx.process.now().as_second() as u64,
                    _ => self.pop().number() as i64 as u64,
                };
                self.random = self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995;
                Value::Number(before as f64)
            }
            "match" => {
                let regex = self.pop_pattern()?;
                let text = self.pop_text();
                let found = regex.find(&text, 0);
                let (start, len) =
                    found.map_or((0.0, -1.0), |range| (range.start as f64 + 1.0, range.len() as f64));
                self.globals[RSTART] = Cell::Value(Value::Number(start));
                self.globals[RLENGTH] = Cell::Value(Value::Number(len));
                Value::Number(start)
            }
            "gensub" => {
                let mut args = self.pop_all(count - 1);
                let regex = self.pop_pattern()?;
                let convert = self.convert();
                let target = if args.len() > 2 { args.remove(2).text(&convert) } else { self.whole_record() };
                let which = builtins::gensub_count(&args[1], &convert);
                let done = builtins::replace(&target, &regex, &args[0].text(&convert), which, true);
                Value::String(done.ok_or_else(|| cx.text(Errno::ENOMEM).to_owned())?.0)
            }
            "length" if count == 0 => Value::Number(self.whole_record().len() as f64),
            name => {
                let args = self.pop_all(count);
                let convert = self.convert();
                let world =
                    World { convert: &convert, now: cx.process.now(), zone: &self.zone, gnu: cx.is_gnu() };
                builtins::call(name, &args, &world).unwrap_or_default()
            }
        };
        self.push(value);
        Ok(())
    }

    fn simple(&mut self, cx: &Cx, step: &Step) -> Result<(), String> {
        match step {
            Step::Number(number) => self.push(Value::Number(*number)),
            Step::String(text) => self.push(Value::String(text.clone())),
            Step::MatchRecord(regex) => {
                let record = self.whole_record();
                self.push(Value::truth(regex.is_match(&record)));
            }
            Step::Regex(regex) => self.stack.push(Operand::Regex(Arc::clone(regex))),
            Step::Load(slot) => {
                let value = self.load(*slot)?;
                self.push(value);
            }
            Step::Store(slot) => {
                let value = self.pop();
                if matches!(self.cell(*slot), Cell::Array(_)) {
                    return Err("can't use array in scalar context".to_owned());
                }
                self.store(*slot, value.clone());
                self.push(value);
            }
            Step::LoadField => {
                let index = self.pop().number();
                let value = self.field(index)?;
                self.push(value);
            }
            Step::StoreField => {
                let index = self.pop().number();
                let value = self.pop();
                self.set_field(index, value.clone())?;
                self.push(value);
            }
            Step::Key(1) => {
                let key = self.pop_text();
                self.push(Value::String(key));
            }
            Step::Key(count) => {
                let (parts, convert, between) = (self.pop_all(*count), self.convert(), self.text_of(SUBSEP));
                let parts: Vec<Bytes> = parts.iter().map(|part| part.text(&convert)).collect();
                self.push(Value::String(parts.join(&between[..]).into()));
            }
            Step::LoadElement(slot) => {
                let key = self.pop_text();
                let array = self.array(*slot)?;
                let value = match self.arrays[array].get(&key) {
                    Some(value) => value.clone(),
                    None => {
                        // Looking at an element makes it.
                        self.set_element(cx, array, &key, Value::Unset)?;
                        Value::Unset
                    }
                };
                self.push(value);
            }
            Step::StoreElement(slot) => {
                let key = self.pop_text();
                let value = self.pop();
                let array = self.array(*slot)?;
                self.set_element(cx, array, &key, value.clone())?;
                self.push(value);
            }
            Step::AddTo(slot, by, after) => {
                let before = self.load(*slot)?.number();
                self.store(*slot, Value::Number(before + by));
                self.push(Value::Number(if *after { before } else { before + by }));
            }
            Step::AddToField(by, after) => {
                let index = self.pop().number();
                let before = self.field(index)?.number();
                self.set_field(index, Value::Number(before + by))?;
                self.push(Value::Number(if *after { before } else { before + by }));
            }
            Step::AddToElement(slot, by, after) => {
                let key = self.pop_text();
                let array = self.array(*slot)?;
                let before = self.arrays[array].get(&key).map_or(0.0, Value::number);
                self.set_element(cx, array, &key, Value::Number(before + by))?;
                self.push(Value::Number(if *after { before } else { before + by }));
            }
            Step::Copy => {
                if let Some(top) = self.stack.last().cloned() {
                    self.stack.push(top);
                }
            }
            Step::Swap => {
                let last = self.stack.len();
                if last >= 2 {
                    self.stack.swap(last - 1, last - 2);
                }
            }
            Step::Drop => drop(self.stack.pop()),
            Step::Binary(op) => {
                let right = self.pop();
                let left = self.pop();
                let value = self.binary(*op, &left, &right)?;
                self.push(value);
            }
            Step::Concat => {
                let right = self.pop_text();
                let left = self.pop_text();
                if left.len() + right.len() > builtins::MAX_TEXT {
                    return Err(cx.text(Errno::ENOMEM).to_owned());
                }
                let joined = match (left.is_empty(), right.is_empty()) {
                    (true, _) => right,
                    (_, true) => left,
                    _ => [left, right].concat().into(),
                };
                self.push(Value::String(joined));
            }
            Step::Match(negated) => {
                let regex = self.pop_pattern()?;
                let text = self.pop_text();
                self.push(Value::truth(regex.is_match(&text) != *negated));
            }
            Step::Not => {
                let value = self.pop();
                self.push(Value::truth(!value.is_true()));
            }
            Step::Negate => {
                let value = self.pop();
                self.push(Value::Number(-value.number()));
            }
            Step::Plus => {
                let value = self.pop();
                self.push(Value::Number(value.number()));
            }
            Step::Truth => {
                let value = self.pop();
                self.push(Value::truth(value.is_true()));
            }
            Step::Contains(slot) => {
                let key = self.pop_text();
                let array = self.array(*slot)?;
                self.push(Value::truth(self.arrays[array].get(&key).is_some()));
            }
            Step::Array(slot) => {
                let array = self.array(*slot)?;
                self.stack.push(Operand::Array(array));
            }
            Step::Length(slot) => {
                let length = match self.cell(*slot) {
                    Cell::Array(index) => {
                        let index = *index;
                        self.arrays[index].len()
                    }
                    Cell::Value(_) => {
                        let convert = self.convert();
                        self.load(*slot)?.text(&convert).len()
                    }
                };
                self.push(Value::Number(length as f64));
            }
            Step::Substitute(all) => {
                let (target, replacement) = (self.pop_text(), self.pop_text());
                let regex = self.pop_pattern()?;
                let which = if *all { None } else { Some(1) };
                let done = builtins::replace(&target, &regex, &replacement, which, false);
                let (text, count) = done.ok_or_else(|| cx.text(Errno::ENOMEM).to_owned())?;
                self.aside = Value::String(text);
                self.push(Value::Number(count as f64));
            }
            Step::Aside => {
                let value = std::mem::take(&mut self.aside);
                self.push(value);
            }
            Step::Split(slot, own) => {
                let separator = if *own { self.pop_separator() } else { Separator::new(&self.text_of(FS)) };
                let text = self.pop_text();
                let array = self.array(*slot)?;
                let parts = separator.split(&text);
                self.arrays[array].clear();
                let count = parts.len();
                for (index, part) in parts.into_iter().enumerate() {
                    self.set_element(cx, array, &(index + 1).to_string().into(), Value::Input(part))?;
                }
                self.push(Value::Number(count as f64));
            }
            Step::Keys(slot) => {
                let array = self.array(*slot)?;
                self.keys.push(self.arrays[array].keys().into_iter());
            }
            Step::EndKeys => drop(self.keys.pop()),
            Step::Delete(slot) => {
                let key = self.pop_text();
                let array = self.array(*slot)?;
                self.arrays[array].remove(&key);
            }
            Step::DeleteAll(slot) => {
                let array = self.array(*slot)?;
                self.arrays[array].clear();
            }
            _ => {}
        }
        Ok(())
    }

    fn binary(&self, op: Op, left: &Value, right: &Value) -> Result<Value, String> {
        let ordered = || left.compare(right, &self.convert());
        let (a, b) = (|| left.number(), || right.number());
        Ok(match op {
            Op::Add => Value::Number(a() + b()),
            Op::Sub => Value::Number(a() - b()),
            Op::Mul => Value::Number(a() * b()),
            Op::Div | Op::Mod if b() == 0.0 => return Err("Division by zero".to_owned()),
            Op::Div => Value::Number(a() / b()),
            Op::Mod => Value::Number(a() % b()),
            Op::Pow => Value::Number(a().powf(b())),
            Op::Less => Value::truth(ordered().is_some_and(|order| order.is_lt())),
            Op::LessEqual => Value::truth(ordered().is_some_and(|order| order.is_le())),
            Op::Equal => Value::truth(ordered().is_some_and(|order| order.is_eq())),
            Op::NotEqual => Value::truth(ordered().is_none_or(|order| order.is_ne())),
            Op::Greater => Value::truth(ordered().is_some_and(|order| order.is_gt())),
            Op::GreaterEqual => Value::truth(ordered().is_some_and(|order| order.is_ge())),
        })
    }
}

fn field_index(index: f64) -> Result<usize, String> {
    if index < 0.0 {
        return Err("Access to negative field".to_owned());
    }
    let index = index as usize;
    if index > MAX_FIELDS { Err(format!("field index {index} is too large")) } else { Ok(index) }
}

const _: () = assert!(SPECIAL.len() > ARGV, "the slots above are those of the table");
