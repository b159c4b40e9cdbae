//! JSON values as jq has them: shared, counted, bounded.
//!
//! No value is deeper than [`MAX_DEPTH`] or longer than [`MAX_BYTES`] when written out, even one that holds the same part
//! many times. So every walk over a value is a plain recursive function that ends soon.

use std::{
    cmp::Ordering,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering as Atomic},
    },
};

use indexmap::IndexMap;

use super::number::Number;

/// The deepest nesting.
pub(super) const MAX_DEPTH: u32 = 1000;
/// The most bytes that a value takes when it is written out.
pub(super) const MAX_BYTES: u64 = 32 << 20;
/// The most memory that all values of a program take, in bytes.
pub(super) const MAX_USED: u64 = 128 << 20;
/// What a value counts for at least.
const LEAST: u64 = 16;

/// Why an evaluation stops short of a value.
#[derive(Clone, Debug)]
pub(super) enum Raise {
    /// An error that `try` can catch.
    Error(Value),
    /// `halt`, `halt_error`: what is printed on standard error, and the exit code.
    Halt(Option<Value>, u8),
    /// More is asked for than there is.
    Memory,
}

impl Raise {
    pub(super) fn error(heap: &Heap, message: impl Into<String>) -> Self {
        match heap.text(message.into()) {
            Ok(text) => Self::Error(text),
            Err(raise) => raise,
        }
    }
}

/// Counts what values hold, in bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Heap(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    used: AtomicU64,
    allocated: AtomicU64,
}

impl Heap {
    /// What is held now.
    pub(super) fn used(&self) -> u64 {
        self.0.used.load(Atomic::Relaxed)
    }

    /// What was allocated since this was asked last.
    pub(super) fn take_allocated(&self) -> u64 {
        self.0.allocated.swap(0, Atomic::Relaxed)
    }

    /// Counts an allocation for as long as the result lives.
    pub(super) fn block(&self, bytes: usize) -> Block {
        let bytes = bytes as u64;
        self.0.used.fetch_add(bytes, Atomic::Relaxed);
        self.0.allocated.fetch_add(bytes, Atomic::Relaxed);
        Block { bytes, heap: self.clone() }
    }

    fn check(&self) -> Result<(), Raise> {
        if self.used() > MAX_USED { Err(Raise::Memory) } else { Ok(()) }
    }

    pub(super) fn text(&self, text: impl Into<String>) -> Result<Value, Raise> {
        let text: String = text.into();
        if text.len() as u64 > MAX_BYTES {
            return Err(Raise::Memory);
        }
        self.check()?;
        let block = self.block(text.capacity() + 64);
        Ok(Value::Text(Arc::new(Text { text, _block: block })))
    }

    pub(super) fn array(&self, items: Vec<Value>) -> Result<Value, Raise> {
        self.check()?;
        let mut size = Size::EMPTY;
        for item in &items {
            size.add(item, 1)?;
        }
        let block = self.block(items.capacity() * size_of::<Value>() + 64);
        Ok(Value::Array(Arc::new(Array { items, size, block })))
    }

    /// An array to be filled.
    pub(super) fn empty_array(&self) -> Array {
        Array { items: Vec::new(), size: Size::EMPTY, block: self.block(64) }
    }

    pub(super) fn object(&self, members: IndexMap<Arc<str>, Value>) -> Result<Value, Raise> {
        self.check()?;
        let mut size = Size::EMPTY;
        for (key, value) in &members {
            size.add(value, key.len() as u64 + 4)?;
        }
        let mut object = Object { members, size, block: self.block(0) };
        object.recount();
        Ok(Value::Object(Arc::new(object)))
    }
}

/// Memory that is counted until this is dropped.
#[derive(Debug)]
pub(super) struct Block {
    bytes: u64,
    heap: Heap,
}

impl Clone for Block {
    fn clone(&self) -> Self {
        self.heap.block(usize::try_from(self.bytes).unwrap_or(usize::MAX))
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.heap.0.used.fetch_sub(self.bytes, Atomic::Relaxed);
    }
}

/// How large a value is when it is written out. The depth may be more than it is: it does not shrink.
#[derive(Clone, Copy, Debug)]
struct Size {
    depth: u32,
    bytes: u64,
}

impl Size {
    const EMPTY: Self = Self { depth: 1, bytes: LEAST };

    /// Counts a part, with so many bytes around it.
    fn add(&mut self, part: &Value, around: u64) -> Result<(), Raise> {
        let size = part.size();
        self.depth = self.depth.max(size.depth + 1);
        self.bytes += size.bytes + around;
        if self.depth > MAX_DEPTH || self.bytes > MAX_BYTES { Err(Raise::Memory) } else { Ok(()) }
    }

    fn subtract(&mut self, part: &Value, around: u64) {
        self.bytes = self.bytes.saturating_sub(part.size().bytes + around);
    }
}

#[derive(Debug)]
pub(super) struct Text {
    text: String,
    _block: Block,
}

#[derive(Clone, Debug)]
pub(super) struct Array {
    items: Vec<Value>,
    size: Size,
    block: Block,
}

impl Array {
    pub(super) fn items(&self) -> &[Value] {
        &self.items
    }

    /// Sets an item, after `null`s if it is further than the end.
    pub(super) fn set(&mut self, index: usize, value: Value) -> Result<(), Raise> {
        while self.items.len() < index {
            self.push(Value::Null)?;
        }
        if index == self.items.len() {
            return self.push(value);
        }
        if let Some(item) = self.items.get_mut(index) {
            let old = std::mem::replace(item, Value::Null);
            self.size.subtract(&old, 1);
            self.size.add(&value, 1)?;
            *item = value;
        }
        Ok(())
    }

    pub(super) fn push(&mut self, value: Value) -> Result<(), Raise> {
        self.size.add(&value, 1)?;
        let before = self.items.capacity();
        self.items.push(value);
        if self.items.capacity() != before {
            self.block = self.block.heap.block(self.items.capacity() * size_of::<Value>() + 64);
        }
        Ok(())
    }

    /// Takes an item out, to be put back by [`Array::set`].
    pub(super) fn take(&mut self, index: usize) -> Value {
        match self.items.get_mut(index) {
            Some(item) => {
                let old = std::mem::replace(item, Value::Null);
                self.size.subtract(&old, 0);
                self.size.bytes += Value::Null.size().bytes;
                old
            }
            None => Value::Null,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Object {
    members: IndexMap<Arc<str>, Value>,
    size: Size,
    block: Block,
}

impl Object {
    pub(super) fn members(&self) -> &IndexMap<Arc<str>, Value> {
        &self.members
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.members.get(key)
    }

    /// The members in the order of their keys.
    pub(super) fn sorted(&self) -> Vec<(&Arc<str>, &Value)> {
        let mut members: Vec<_> = self.members.iter().collect();
        members.sort_by(|a, b| a.0.cmp(b.0));
        members
    }

    pub(super) fn set(&mut self, key: &str, value: Value) -> Result<(), Raise> {
        let around = key.len() as u64 + 4;
        if let Some(old) = self.members.get_mut(key) {
            let old = std::mem::replace(old, Value::Null);
            self.size.subtract(&old, around);
        }
        self.size.add(&value, around)?;
        let before = self.members.len();
        match self.members.get_mut(key) {
            Some(place) => *place = value,
            None => {
                self.members.insert(key.into(), value);
            }
        }
        if self.members.len() != before && self.members.len().is_power_of_two() {
            self.recount();
        }
        Ok(())
    }

    pub(super) fn take(&mut self, key: &str) -> Value {
        match self.members.get_mut(key) {
            Some(value) => {
                let old = std::mem::replace(value, Value::Null);
                self.size.subtract(&old, 0);
                self.size.bytes += Value::Null.size().bytes;
                old
            }
            None => Value::Null,
        }
    }

    pub(super) fn remove(&mut self, key: &str) {
        if let Some(old) = self.members.shift_remove(key) {
            self.size.subtract(&old, key.len() as u64 + 4);
        }
    }

    fn recount(&mut self) {
        const MEMBER: usize = size_of::<Value>() + 64;
        let keys: usize = self.members.keys().map(|key| key.len()).sum();
        self.block = self.block.heap.block(self.members.capacity() * MEMBER + keys + 96);
    }
}

/// A JSON value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(Arc<Text>),
    Array(Arc<Array>),
    Object(Arc<Object>),
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(Number::from(value))
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::from(value as f64)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl Value {
    /// What `type` says.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// Whether a condition takes it for true.
    pub(super) fn is_true(&self) -> bool {
        !matches!(self, Self::Null | Self::Bool(false))
    }

    pub(super) fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number.value()),
            _ => None,
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(&text.text),
            _ => None,
        }
    }

    pub(super) fn as_items(&self) -> Option<&[Value]> {
        match self {
            Self::Array(array) => Some(&array.items),
            _ => None,
        }
    }

    fn size(&self) -> Size {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => Size { depth: 0, bytes: LEAST },
            Self::Text(text) => Size { depth: 0, bytes: text.text.len() as u64 + LEAST },
            Self::Array(array) => array.size,
            Self::Object(object) => object.size,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(false) => 1,
            Self::Bool(true) => 2,
            Self::Number(_) => 3,
            Self::Text(_) => 4,
            Self::Array(_) => 5,
            Self::Object(_) => 6,
        }
    }
}

/// jq's order: `null`, `false`, `true`, numbers, strings, arrays, objects. `nan` is less than any number, itself too.
pub(super) fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            if a.value().is_nan() {
                return Ordering::Less;
            }
            a.value().partial_cmp(&b.value()).unwrap_or(Ordering::Greater)
        }
        (Value::Text(a), Value::Text(b)) => a.text.cmp(&b.text),
        (Value::Array(a), Value::Array(b)) => {
            let parts = a.items.iter().zip(&b.items).map(|(a, b)| compare(a, b));
            parts.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| a.items.len().cmp(&b.items.len()))
        }
        (Value::Object(a), Value::Object(b)) => {
            let (a, b) = (a.sorted(), b.sorted());
            let keys = a.iter().map(|(key, _)| key).cmp(b.iter().map(|(key, _)| key));
            keys.then_with(|| {
                let parts = a.iter().zip(&b).map(|((_, a), (_, b))| compare(a, b));
                parts.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            })
        }
        _ => a.rank().cmp(&b.rank()),
    }
}

/// Sorts, keeping equal ones in their order.
pub(super) fn sort_by_key<T>(items: &mut [(Value, T)]) {
    // `nan` is less than itself in jq, which is no order to sort by: here it equals itself.
    items.sort_by(|(a, _), (b, _)| match (a.as_number(), b.as_number()) {
        (Some(x), Some(y)) => x.partial_cmp(&y).unwrap_or_else(|| y.is_nan().cmp(&x.is_nan())),
        _ => total(a, b),
    });
}

/// [`compare`] as a total order: `nan` equals itself.
fn total(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.value(), b.value());
            a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
        }
        (Value::Array(a), Value::Array(b)) => {
            let parts = a.items.iter().zip(&b.items).map(|(a, b)| total(a, b));
            parts.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| a.items.len().cmp(&b.items.len()))
        }
        (Value::Object(a), Value::Object(b)) => {
            let (a, b) = (a.sorted(), b.sorted());
            let keys = a.iter().map(|(key, _)| key).cmp(b.iter().map(|(key, _)| key));
            keys.then_with(|| {
                let parts = a.iter().zip(&b).map(|((_, a), (_, b))| total(a, b));
                parts.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            })
        }
        _ => compare(a, b),
    }
}
