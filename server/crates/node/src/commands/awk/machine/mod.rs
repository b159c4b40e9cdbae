//! The machine that runs compiled programs.

mod calls;
mod input;
mod output;
mod stack;
mod steps;
mod variables;

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use super::{
    compile::{Compiled, SPECIAL, Slot, Step},
    io::Streams,
    record::{Reader, Record, Separator},
    table::Table,
    value::Value,
};
use crate::{
    commands::{Cx, calendar::Zone},
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
                Step::Keys(slot) => {
                    let array = self.array(*slot)?;
                    let mut keys = Vec::with_capacity(self.arrays[array].len());
                    // A large array is gone through bit by bit, so that others are not kept waiting.
                    let mut chain = 0;
                    while let Some(some) = self.arrays[array].keys_of(chain, 64) {
                        let before = keys.len();
                        keys.extend(some.cloned());
                        chain += 64;
                        if cx.process.tick(1 + (keys.len() - before) as u32 / 8) {
                            cx.process.pause().await;
                        }
                    }
                    self.keys.push(keys.into_iter());
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
}

const _: () = assert!(SPECIAL.len() > ARGV, "the slots above are those of the table");
