//! The machine of `dc`: a stack of values, registers, and texts that run.

use std::{cmp::Ordering, collections::BTreeMap};

use bytes::Bytes;

use super::super::{Fault, MAX_HELD, Number, Settings, Width};
use crate::commands::Cx;

/// How deep macros call each other.
const MAX_MACROS: usize = 10_000;

#[derive(Clone, Debug)]
enum Value {
    Number(Number),
    Text(Bytes),
}

impl Value {
    fn size(&self) -> usize {
        match self {
            Self::Number(number) => number.size(),
            Self::Text(text) => size_of::<Self>() + text.len(),
        }
    }
}

impl Default for Value {
    fn default() -> Self {
        Self::Number(Number::default())
    }
}

/// A text that runs.
#[derive(Debug)]
struct Macro {
    text: Bytes,
    at: usize,
}

/// Why a program stops.
#[derive(Debug)]
pub(super) enum Stop {
    Error(String),
    Quit,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Error(fault.text())
    }
}

type Step<T> = Result<T, Stop>;

fn too_few() -> Stop {
    Stop::Error("stack has too few elements".into())
}

fn wrong_type() -> Stop {
    Stop::Error("variable is wrong type".into())
}

#[derive(Debug)]
pub(super) struct Machine {
    settings: Settings,
    stack: Vec<Value>,
    registers: BTreeMap<u8, Vec<Value>>,
    arrays: BTreeMap<u8, BTreeMap<usize, Value>>,
    macros: Vec<Macro>,
    held: usize,
    width: Width,
}

impl Machine {
    pub(super) fn new(width: Width) -> Self {
        Self {
            settings: Settings::default(),
            stack: Vec::new(),
            registers: BTreeMap::new(),
            arrays: BTreeMap::new(),
            macros: Vec::new(),
            held: 0,
            width,
        }
    }

    /// Runs a text.
    pub(super) async fn run(&mut self, text: Bytes, cx: &mut Cx) -> Step<()> {
        self.macros.push(Macro { text, at: 0 });
        while !self.macros.is_empty() {
            let Some(command) = self.next() else {
                self.macros.pop();
                continue;
            };
            let size = self.stack.last().map_or(0, Value::size);
            let cost = 1 + u32::try_from((size / 64).pow(2)).unwrap_or(u32::MAX).min(1 << 20);
            cx.process.work(cost).await;
            if command == b'?' {
                self.read_line(cx).await?;
            } else {
                self.command(command, cx)?;
            }
            if self.held > MAX_HELD {
                return Err(Stop::Error("out of memory".into()));
            }
            if !cx.drain().await {
                return Err(Stop::Quit);
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Option<u8> {
        let running = self.macros.last_mut()?;
        let byte = running.text.get(running.at).copied()?;
        running.at += 1;
        Some(byte)
    }

    fn peek(&self) -> Option<u8> {
        self.macros.last().and_then(|running| running.text.get(running.at)).copied()
    }

    fn push(&mut self, value: Value) {
        self.held += value.size();
        self.stack.push(value);
    }

    fn put(&mut self, number: Number) {
        self.push(Value::Number(number));
    }

    fn pop(&mut self) -> Step<Value> {
        let value = self.stack.pop().ok_or_else(too_few)?;
        self.held = self.held.saturating_sub(value.size());
        Ok(value)
    }

    fn number(&mut self) -> Step<Number> {
        match self.pop()? {
            Value::Number(number) => Ok(number),
            Value::Text(_) => Err(wrong_type()),
        }
    }

    /// The two numbers on top, the upper one second.
    fn two(&mut self) -> Step<(Number, Number)> {
        if self.stack.len() < 2 {
            return Err(too_few());
        }
        let right = self.number()?;
        Ok((self.number()?, right))
    }

    fn register(&mut self) -> Step<u8> {
        self.next().ok_or_else(|| Stop::Error("bad register".into()))
    }

    fn count(&mut self, count: usize) {
        self.put(Number::from(u64::try_from(count).unwrap_or(u64::MAX)));
    }

    fn show(&mut self, value: &Value, end: &str, cx: &mut Cx) {
        match value {
            Value::Number(number) => {
                let text = number.format(self.settings.output) + end;
                cx.put(self.width.lay_out(&text));
            }
            Value::Text(text) => {
                cx.put(text);
                cx.put(end);
            }
        }
    }

    fn call(&mut self, text: Bytes) -> Step<()> {
        // A macro that has nothing left to do needs no place.
        while self.macros.len() > 1
            && self.macros.last().is_some_and(|running| running.at >= running.text.len())
        {
            self.macros.pop();
        }
        if self.macros.len() >= MAX_MACROS {
            return Err(Stop::Error("macros call each other too deep".into()));
        }
        self.macros.push(Macro { text, at: 0 });
        Ok(())
    }

    fn command(&mut self, command: u8, cx: &mut Cx) -> Step<()> {
        let scale = self.settings.scale;
        match command {
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b'#' => while self.next().is_some_and(|byte| byte != b'\n') {},
            b'0'..=b'9' | b'A'..=b'F' | b'.' | b'_' => self.literal(command)?,
            b'[' => self.string()?,
            b'+' | b'-' | b'*' | b'/' | b'%' | b'^' => {
                let (left, right) = self.two()?;
                let result = match command {
                    b'+' => left.add(&right),
                    b'-' => left.subtract(&right),
                    b'*' => left.multiply(&right, scale),
                    b'/' => left.divide(&right, scale),
                    b'%' => left.remainder(&right, scale),
                    _ => left.power(&right, scale),
                };
                self.put(result?);
            }
            b'~' => {
                let (left, right) = self.two()?;
                let (quotient, rest) = (left.divide(&right, scale)?, left.remainder(&right, scale)?);
                self.put(quotient);
                self.put(rest);
            }
            b'|' => {
                if self.stack.len() < 3 {
                    return Err(too_few());
                }
                let modulus = self.number()?;
                let (base, exponent) = self.two()?;
                self.put(base.power_modulo(&exponent, &modulus)?);
            }
            b'v' => {
                let root = self.number()?.square_root(scale)?;
                self.put(root);
            }
            b'G' | b'(' | b'{' => {
                let (left, right) = self.two()?;
                let holds = match (command, right.compare(&left)) {
                    (b'G', ordering) => ordering == Ordering::Equal,
                    (b'(', ordering) => ordering == Ordering::Less,
                    (_, ordering) => ordering != Ordering::Greater,
                };
                self.put(Number::from(u64::from(holds)));
            }
            b'N' => {
                let zero = self.number()?.is_zero();
                self.put(Number::from(u64::from(zero)));
            }
            b'=' | b'<' | b'>' => self.compare(command, false)?,
            b'!' => match self.next() {
                Some(comparison @ (b'=' | b'<' | b'>')) => self.compare(comparison, true)?,
                _ => return Err(Stop::Error("bad character '!'".into())),
            },
            b'p' => {
                let top = self.stack.last().cloned().ok_or_else(too_few)?;
                self.show(&top, "\n", cx);
            }
            b'n' => {
                let top = self.pop()?;
                self.show(&top, "\n", cx);
            }
            b'P' => match self.pop()? {
                Value::Number(number) => cx.put([number.low_byte()]),
                Value::Text(text) => cx.put(text),
            },
            b'f' => {
                for value in self.stack.clone().iter().rev() {
                    self.show(value, "\n", cx);
                }
            }
            b'c' => {
                self.held = self.held.saturating_sub(self.stack.drain(..).map(|value| value.size()).sum());
            }
            b'd' => {
                let top = self.stack.last().cloned().ok_or_else(too_few)?;
                self.push(top);
            }
            b'r' => {
                let count = self.stack.len();
                if count < 2 {
                    return Err(too_few());
                }
                self.stack.swap(count - 1, count - 2);
            }
            b'R' => drop(self.pop()?),
            b'z' => self.count(self.stack.len()),
            b'Z' => match self.pop()? {
                Value::Number(number) => self.count(number.length()),
                Value::Text(text) => self.count(text.len()),
            },
            b'X' => match self.pop()? {
                Value::Number(number) => self.count(number.scale()),
                Value::Text(_) => self.count(0),
            },
            b'k' => {
                let value = self.number()?;
                self.settings.set_scale(&value)?;
            }
            b'i' => {
                let value = self.number()?;
                self.settings.set_input(&value, 16)?;
            }
            b'o' => {
                let value = self.number()?;
                self.settings.set_output(&value)?;
            }
            b'K' => self.count(scale),
            b'I' => self.put(Number::from(u64::from(self.settings.input))),
            b'O' => self.put(Number::from(u64::from(self.settings.output))),
            b'a' => {
                let text = match self.pop()? {
                    Value::Number(number) => Bytes::from(vec![number.low_byte()]),
                    Value::Text(text) => text.slice(..text.len().min(1)),
                };
                self.push(Value::Text(text));
            }
            b'x' => match self.pop()? {
                Value::Text(text) => self.call(text)?,
                number @ Value::Number(_) => self.push(number),
            },
            b'q' => return self.leave(2),
            b'Q' => {
                let levels = self.number()?.to_index()?;
                return self.leave(levels);
            }
            b's' | b'l' | b'S' | b'L' | b':' | b';' => self.with_register(command)?,
            other => {
                return Err(Stop::Error(format!("bad character '{}'", char::from(other))));
            }
        }
        Ok(())
    }

    /// Leaves macros; the program, where there are not as many.
    fn leave(&mut self, levels: usize) -> Step<()> {
        if levels >= self.macros.len() {
            return Err(Stop::Quit);
        }
        self.macros.truncate(self.macros.len() - levels);
        Ok(())
    }

    fn literal(&mut self, first: u8) -> Step<()> {
        let negative = first == b'_';
        let mut digits = String::new();
        if !negative {
            digits.push(char::from(first));
        }
        while let Some(byte @ (b'0'..=b'9' | b'A'..=b'F' | b'.')) = self.peek() {
            if byte == b'.' && digits.contains('.') {
                break;
            }
            digits.push(char::from(byte));
            self.next();
        }
        let number = Number::parse(&digits, self.settings.input)?;
        self.put(if negative { number.negated() } else { number });
        Ok(())
    }

    /// `[...]`, in which brackets nest.
    fn string(&mut self) -> Step<()> {
        let Some(running) = self.macros.last_mut() else { return Ok(()) };
        let (start, mut depth) = (running.at, 1);
        let mut end = start;
        while let Some(byte) = running.text.get(end) {
            match byte {
                b'\\' if matches!(running.text.get(end + 1), Some(b'[' | b']')) => end += 1,
                b'[' => depth += 1,
                b']' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let text = running.text.slice(start..end);
                running.at = end + 1;
                self.push(Value::Text(text));
                return Ok(());
            }
            end += 1;
        }
        Err(Stop::Error("unterminated string".into()))
    }

    /// `>r`, `<r`, `=r`: runs the register's macro, or that of the one after `e`.
    fn compare(&mut self, comparison: u8, negated: bool) -> Step<()> {
        let register = self.register()?;
        let otherwise = match self.peek() {
            Some(b'e') => {
                self.next();
                Some(self.register()?)
            }
            _ => None,
        };
        let (left, right) = self.two()?;
        let ordering = right.compare(&left);
        let holds = match comparison {
            b'=' => ordering == Ordering::Equal,
            b'<' => ordering == Ordering::Less,
            _ => ordering == Ordering::Greater,
        };
        let chosen = if holds != negated { Some(register) } else { otherwise };
        let Some(register) = chosen else { return Ok(()) };
        match self.registers.get(&register).and_then(|values| values.last()) {
            Some(Value::Text(text)) => {
                let text = text.clone();
                self.call(text)
            }
            _ => Err(wrong_type()),
        }
    }

    fn with_register(&mut self, command: u8) -> Step<()> {
        let register = self.register()?;
        match command {
            b's' => {
                let value = self.pop()?;
                self.held += value.size();
                let values = self.registers.entry(register).or_default();
                let old = values.pop();
                values.push(value);
                self.held = self.held.saturating_sub(old.map_or(0, |old| old.size()));
            }
            b'S' => {
                let value = self.pop()?;
                self.held += value.size();
                self.registers.entry(register).or_default().push(value);
            }
            b'l' => {
                let value = self.registers.get(&register).and_then(|values| values.last()).cloned();
                self.push(value.unwrap_or_default());
            }
            b'L' => {
                let value = self.registers.get_mut(&register).and_then(Vec::pop).ok_or_else(too_few)?;
                self.held = self.held.saturating_sub(value.size());
                self.push(value);
            }
            b':' => {
                let index = self.number()?.to_index()?;
                let value = self.pop()?;
                self.held += value.size();
                let old = self.arrays.entry(register).or_default().insert(index, value);
                self.held = self.held.saturating_sub(old.map_or(0, |old| old.size()));
            }
            _ => {
                let index = self.number()?.to_index()?;
                let value = self.arrays.get(&register).and_then(|array| array.get(&index)).cloned();
                self.push(value.unwrap_or_default());
            }
        }
        Ok(())
    }

    /// `?`: runs a line of standard input.
    async fn read_line(&mut self, cx: &mut Cx) -> Step<()> {
        cx.flush().await;
        let mut line = Vec::new();
        while let Ok(byte) = cx.process.read(0, 1).await {
            if byte.is_empty() || &byte[..] == b"\n" || line.len() > MAX_MACROS {
                break;
            }
            line.extend_from_slice(&byte);
        }
        self.call(line.into())
    }
}
