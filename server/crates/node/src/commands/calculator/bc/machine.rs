//! The machine that runs programs of `bc`: it neither recurses nor runs for long without letting others run.

use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

use super::{
    super::{Fault, MAX_HELD, MAX_OUTPUT_BASE, Number, Settings, Width},
    program::{Argument, Binary, Builtin, Function, Local, Op, Place, Program},
};
use crate::commands::Cx;

/// How deep functions call each other.
const MAX_CALLS: usize = 10_000;
/// The largest index of an array.
const MAX_INDEX: usize = 1 << 24;

/// How a piece of text ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    Done,
    /// The program is over.
    Halt,
    Error(String),
}

type Array = BTreeMap<usize, Number>;

/// What a local hides, to be put back.
#[derive(Debug)]
enum Hidden {
    Variable(String, Option<Number>),
    /// And the array of the caller that takes over what the function has made of it.
    Array(String, Array, Option<String>),
}

/// A function that was called.
#[derive(Debug)]
struct Frame {
    code: Arc<[Op]>,
    at: usize,
    hidden: Vec<Hidden>,
}

/// A function, ready to run.
#[derive(Debug)]
struct Defined {
    parameters: Vec<Local>,
    own: Vec<Local>,
    code: Arc<[Op]>,
}

/// The state of a program.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) settings: Settings,
    last: Number,
    variables: BTreeMap<String, Number>,
    arrays: BTreeMap<String, Array>,
    functions: BTreeMap<String, Defined>,
    stack: Vec<Number>,
    /// What the numbers on the stack and in variables take, in bytes.
    held: usize,
    width: Width,
}

impl Machine {
    pub(super) fn new(width: Width) -> Self {
        Self {
            settings: Settings::default(),
            last: Number::default(),
            variables: BTreeMap::new(),
            arrays: BTreeMap::new(),
            functions: BTreeMap::new(),
            stack: Vec::new(),
            held: 0,
            width,
        }
    }

    /// Runs a piece of text.
    pub(super) async fn run(&mut self, program: Program, cx: &mut Cx) -> End {
        for (name, function) in program.functions {
            let Function { parameters, own, code } = function;
            self.functions.insert(name, Defined { parameters, own, code: code.into() });
        }
        self.stack.clear();
        self.held = self
            .variables
            .values()
            .chain(self.arrays.values().flat_map(BTreeMap::values))
            .map(Number::size)
            .sum();
        let mut frames = vec![Frame { code: program.code.into(), at: 0, hidden: Vec::new() }];
        let end = self.frames(&mut frames, cx).await;
        // An error leaves functions without their end.
        while let Some(frame) = frames.pop() {
            self.leave(frame);
        }
        end
    }

    async fn frames(&mut self, frames: &mut Vec<Frame>, cx: &mut Cx) -> End {
        while let Some(frame) = frames.last_mut() {
            let Some(op) = frame.code.get(frame.at).cloned() else { return End::Done };
            frame.at += 1;
            // The cost of an operation grows with its numbers.
            let size = self.stack.last().map_or(0, Number::size);
            let cost = 1 + u32::try_from((size / 64).pow(2)).unwrap_or(u32::MAX).min(1 << 20);
            cx.process.work(cost).await;
            let done = match op {
                Op::Jump(target) => {
                    frame.at = target;
                    Ok(())
                }
                Op::JumpIfZero(target) => {
                    if self.pop().is_zero() {
                        frame.at = target;
                    }
                    Ok(())
                }
                Op::Return => {
                    if let Some(frame) = frames.pop() {
                        self.leave(frame);
                    }
                    Ok(())
                }
                Op::Call(name, arguments) => match self.call(&name, &arguments, frames.len()) {
                    Ok(frame) => {
                        frames.push(frame);
                        Ok(())
                    }
                    Err(message) => Err(message),
                },
                Op::Halt => return End::Halt,
                Op::Builtin(Builtin::Read) => self.read(cx).await,
                op => self.simple(op, cx).map_err(Fault::text),
            };
            if let Err(message) = done {
                return End::Error(message);
            }
            if self.held > MAX_HELD {
                return End::Error("out of memory".into());
            }
            if !cx.drain().await {
                return End::Halt;
            }
        }
        End::Done
    }

    fn push(&mut self, number: Number) {
        self.held += number.size();
        self.stack.push(number);
    }

    fn pop(&mut self) -> Number {
        let number = self.stack.pop().unwrap_or_default();
        self.held = self.held.saturating_sub(number.size());
        number
    }

    /// An instruction that only concerns the stack and variables.
    fn simple(&mut self, op: Op, cx: &mut Cx) -> Result<(), Fault> {
        match op {
            Op::Number(digits) => {
                let number = Number::parse(&digits, self.settings.input)?;
                self.push(number);
            }
            Op::Load(place) => {
                let index = self.index(&place)?;
                let value = self.load(&place, index);
                self.push(value);
            }
            Op::Assign(place, binary) => {
                let value = self.pop();
                let index = self.index(&place)?;
                let value = match binary {
                    None => value,
                    Some(binary) => self.binary(binary, &self.load(&place, index), &value)?,
                };
                self.store(&place, index, value.clone())?;
                self.push(value);
            }
            Op::Step { place, down, before } => {
                let index = self.index(&place)?;
                let (old, one) = (self.load(&place, index), Number::from(1));
                let new = if down { old.subtract(&one)? } else { old.add(&one)? };
                self.store(&place, index, new.clone())?;
                self.push(if before { new } else { old });
            }
            Op::Binary(binary) => {
                let right = self.pop();
                let left = self.pop();
                let value = self.binary(binary, &left, &right)?;
                self.push(value);
            }
            Op::Negate => {
                let value = self.pop().negated();
                self.push(value);
            }
            Op::Not => {
                let value = u64::from(self.pop().is_zero());
                self.push(value.into());
            }
            Op::Builtin(builtin) => {
                let value = self.pop();
                let count = |count: usize| Number::from(u64::try_from(count).unwrap_or(u64::MAX));
                let value = match builtin {
                    Builtin::Length => count(value.length()),
                    Builtin::SquareRoot => value.square_root(self.settings.scale)?,
                    _ => count(value.scale()),
                };
                self.push(value);
            }
            Op::Drop => drop(self.pop()),
            Op::Print { line } => {
                let value = self.pop();
                let text = value.format(self.settings.output) + if line { "\n" } else { "" };
                cx.put(self.width.lay_out(&text));
                self.last = value;
            }
            Op::PrintText(text) => {
                let text = self.width.lay_out(&text);
                cx.put(text);
            }
            Op::Limits => cx.put(format!(
                "BC_BASE_MAX     = {MAX_OUTPUT_BASE}\nBC_DIM_MAX      = {MAX_INDEX}\n\
                 BC_SCALE_MAX    = {scale}\nBC_STRING_MAX   = {most}\nMAX Exponent    = 999999999\n\
                 Number of vars  = 999999999\n",
                scale = super::super::number::MAX_SCALE,
                most = super::super::number::MAX_DIGITS
            )),
            Op::Jump(_) | Op::JumpIfZero(_) | Op::Return | Op::Call(..) | Op::Halt => {}
        }
        Ok(())
    }

    fn binary(&self, binary: Binary, left: &Number, right: &Number) -> Result<Number, Fault> {
        let scale = self.settings.scale;
        let truth = |holds: bool| Ok(Number::from(u64::from(holds)));
        let ordering = || left.compare(right);
        match binary {
            Binary::Add => left.add(right),
            Binary::Subtract => left.subtract(right),
            Binary::Multiply => left.multiply(right, scale),
            Binary::Divide => left.divide(right, scale),
            Binary::Remainder => left.remainder(right, scale),
            Binary::Power => left.power(right, scale),
            Binary::Equal => truth(ordering() == Ordering::Equal),
            Binary::NotEqual => truth(ordering() != Ordering::Equal),
            Binary::Less => truth(ordering() == Ordering::Less),
            Binary::LessOrEqual => truth(ordering() != Ordering::Greater),
            Binary::Greater => truth(ordering() == Ordering::Greater),
            Binary::GreaterOrEqual => truth(ordering() != Ordering::Less),
            Binary::And => truth(!left.is_zero() && !right.is_zero()),
            Binary::Or => truth(!left.is_zero() || !right.is_zero()),
        }
    }

    /// Takes the index of an element off the stack.
    fn index(&mut self, place: &Place) -> Result<usize, Fault> {
        match place {
            Place::Element(_) => {
                let index = self.pop().to_index()?;
                if index > MAX_INDEX { Err(Fault::TooLong) } else { Ok(index) }
            }
            _ => Ok(0),
        }
    }

    fn load(&self, place: &Place, index: usize) -> Number {
        let setting = |value: usize| Number::from(u64::try_from(value).unwrap_or(u64::MAX));
        match place {
            Place::Variable(name) => self.variables.get(name).cloned().unwrap_or_default(),
            Place::Element(name) => {
                self.arrays.get(name).and_then(|array| array.get(&index)).cloned().unwrap_or_default()
            }
            Place::Scale => setting(self.settings.scale),
            Place::InputBase => u64::from(self.settings.input).into(),
            Place::OutputBase => u64::from(self.settings.output).into(),
            Place::Last => self.last.clone(),
        }
    }

    fn store(&mut self, place: &Place, index: usize, value: Number) -> Result<(), Fault> {
        let size = value.size();
        let old = match place {
            Place::Variable(name) => self.variables.insert(name.clone(), value),
            Place::Element(name) => self.arrays.entry(name.clone()).or_default().insert(index, value),
            Place::Scale => return self.settings.set_scale(&value),
            Place::InputBase => return self.settings.set_input(&value, 16),
            Place::OutputBase => return self.settings.set_output(&value),
            Place::Last => Some(std::mem::replace(&mut self.last, value)),
        };
        self.held = (self.held + size).saturating_sub(old.map_or(0, |old| old.size()));
        Ok(())
    }

    /// Begins a call: parameters and a function's own variables hide those of the same names.
    fn call(&mut self, name: &str, arguments: &[Argument], depth: usize) -> Result<Frame, String> {
        let Some(function) = self.functions.get(name) else { return Err("undefined function".into()) };
        let (wanted, given) = (function.parameters.len(), arguments.len());
        if wanted != given {
            return Err(format!("function has {wanted} parameters, but called with {given}"));
        }
        if depth >= MAX_CALLS {
            return Err("functions call each other too deep".into());
        }
        let (parameters, own, code) =
            (function.parameters.clone(), function.own.clone(), Arc::clone(&function.code));
        let count = arguments.iter().filter(|argument| **argument == Argument::Value).count();
        let mut values: Vec<Number> = (0..count).map(|_| self.pop()).collect();
        // All are worked out before any is hidden.
        let mut bound = Vec::with_capacity(arguments.len());
        for (local, argument) in parameters.into_iter().zip(arguments) {
            bound.push(match argument {
                Argument::Value if local.array => return Err("variable is wrong type".into()),
                Argument::Value => (local, values.pop(), Array::new(), None),
                Argument::Array(_) if !local.array => return Err("variable is wrong type".into()),
                Argument::Array(name) => {
                    let array = self.arrays.get(name).cloned().unwrap_or_default();
                    let shared = local.by_reference.then(|| name.clone());
                    (local, None, array, shared)
                }
            });
        }
        bound.extend(own.into_iter().map(|local| (local, None, Array::new(), None)));
        let mut hidden = Vec::with_capacity(bound.len());
        for (local, value, array, shared) in bound {
            hidden.push(if local.array {
                self.held += array.values().map(Number::size).sum::<usize>();
                let old = self.arrays.insert(local.name.clone(), array).unwrap_or_default();
                Hidden::Array(local.name, old, shared)
            } else {
                let value = value.unwrap_or_default();
                self.held += value.size();
                let old = self.variables.insert(local.name.clone(), value);
                Hidden::Variable(local.name, old)
            });
        }
        Ok(Frame { code, at: 0, hidden })
    }

    /// Ends a call: puts back what was hidden.
    fn leave(&mut self, frame: Frame) {
        for hidden in frame.hidden.into_iter().rev() {
            match hidden {
                Hidden::Variable(name, old) => {
                    let gone = match old {
                        Some(old) => self.variables.insert(name, old),
                        None => self.variables.remove(&name),
                    };
                    self.held = self.held.saturating_sub(gone.map_or(0, |gone| gone.size()));
                }
                Hidden::Array(name, old, shared) => {
                    let gone = self.arrays.insert(name, old).unwrap_or_default();
                    self.held = self.held.saturating_sub(gone.values().map(Number::size).sum());
                    if let Some(shared) = shared {
                        self.arrays.insert(shared, gone);
                    }
                }
            }
        }
    }

    /// `read()`: a number from standard input.
    async fn read(&mut self, cx: &mut Cx) -> Result<(), String> {
        cx.flush().await;
        let mut line = Vec::new();
        while let Ok(byte) = cx.process.read(0, 1).await {
            if byte.is_empty() || &byte[..] == b"\n" || line.len() > super::super::number::MAX_DIGITS {
                break;
            }
            line.extend_from_slice(&byte);
        }
        let text = String::from_utf8_lossy(&line).trim().to_owned();
        let (negative, digits) = text.strip_prefix('-').map_or((false, text.as_str()), |rest| (true, rest));
        let fits = |character: char| {
            character.is_ascii_digit() || character.is_ascii_uppercase() || character == '.'
        };
        if digits.is_empty() || !digits.chars().all(fits) || digits.matches('.').count() > 1 {
            return Err("bad read() expression".into());
        }
        let number = Number::parse(digits, self.settings.input).map_err(Fault::text)?;
        self.push(if negative { number.negated() } else { number });
        Ok(())
    }
}
