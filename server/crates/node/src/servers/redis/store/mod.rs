//! Databases, their keys and values, and the commands on them: one file a type of value.

mod hashes;
mod info;
mod keys;
mod lists;
mod sets;
mod snapshot;
mod sorted;
mod strings;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use bytes::Bytes;
use indexmap::{IndexMap, IndexSet};
pub(super) use info::About;
use jiff::Timestamp;

use super::{protocol::Reply, settings::Settings};

/// The most bytes that all values together may have.
const MAX_BYTES: usize = 64 << 20;
/// How many databases there are.
const DATABASES: usize = 16;
/// How many keys are watched at a time, by all connections.
const MAX_WATCHED: usize = 10_000;

const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
const NOT_INTEGER: &str = "ERR value is not an integer or out of range";
const NOT_FLOAT: &str = "ERR value is not a valid float";
const SYNTAX: &str = "ERR syntax error";
const NO_KEY: &str = "ERR no such key";

/// What a key holds.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Text(Bytes),
    List(VecDeque<Bytes>),
    Hash(IndexMap<Bytes, Bytes>),
    Set(IndexSet<Bytes>),
    Sorted(BTreeMap<Bytes, f64>),
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "string",
            Self::List(_) => "list",
            Self::Hash(_) => "hash",
            Self::Set(_) => "set",
            Self::Sorted(_) => "zset",
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Text(_) => false,
            Self::List(list) => list.is_empty(),
            Self::Hash(hash) => hash.is_empty(),
            Self::Set(set) => set.is_empty(),
            Self::Sorted(sorted) => sorted.is_empty(),
        }
    }
}

/// A value, and when it ends.
#[derive(Clone, Debug)]
struct Slot {
    value: Value,
    ends: Option<Timestamp>,
}

/// One database.
#[derive(Debug, Default)]
struct Database {
    slots: BTreeMap<Bytes, Slot>,
}

/// When a command runs, and what it changed.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// The command's name, in capitals.
    pub(super) name: &'a str,
    pub(super) args: &'a [Bytes],
    pub(super) now: Timestamp,
    /// A number that looks random.
    pub(super) random: u64,
}

/// What a command does with a database.
type Run = fn(&mut Database, &Call<'_>) -> Reply;

/// A command: its name, how many words it has with its name (at least so many where negative), whether it changes
/// something, and what it does.
#[derive(Clone, Copy)]
pub(super) struct Command {
    pub(super) name: &'static str,
    words: i8,
    pub(super) writes: bool,
    run: Run,
}

const fn reads(name: &'static str, words: i8, run: Run) -> Command {
    Command { name, words, writes: false, run }
}

const fn writes(name: &'static str, words: i8, run: Run) -> Command {
    Command { name, words, writes: true, run }
}

/// All tables of commands on databases.
const TABLES: [&[Command]; 6] =
    [strings::COMMANDS, keys::COMMANDS, lists::COMMANDS, hashes::COMMANDS, sets::COMMANDS, sorted::COMMANDS];

/// How many commands on databases there are.
pub(super) fn commands() -> usize {
    TABLES.iter().map(|table| table.len()).sum()
}

/// The command of a name in capitals.
pub(super) fn find(name: &str) -> Option<&'static Command> {
    TABLES.iter().flat_map(|table| table.iter()).find(|command| command.name == name)
}

/// Whether a command of so many words (its name among them) may have them.
pub(super) fn fits(words: i8, count: usize) -> bool {
    let expected = usize::from(words.unsigned_abs());
    if words < 0 { count >= expected } else { count == expected }
}

pub(super) fn wrong_number(name: &str) -> Reply {
    Reply::Error(format!("ERR wrong number of arguments for '{}' command", name.to_lowercase()))
}

impl Command {
    pub(super) fn check(&self, args: &[Bytes]) -> Result<(), Reply> {
        if fits(self.words, args.len() + 1) { Ok(()) } else { Err(wrong_number(self.name)) }
    }
}

/// All that a server keeps.
#[derive(Debug)]
pub(super) struct Store {
    databases: Vec<Database>,
    pub(super) settings: Settings,
    pub(super) statistics: Statistics,
    /// How often a key that somebody watches was changed.
    watched: BTreeMap<(usize, Bytes), u64>,
    /// Changes since the last snapshot.
    pub(super) dirty: u64,
    pub(super) saved: Timestamp,
    pub(super) started: Duration,
}

/// Figures for `INFO`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Statistics {
    pub(super) commands: u64,
    pub(super) connections: u64,
    pub(super) clients: u64,
    pub(super) channels: u64,
    hits: u64,
    misses: u64,
    expired: u64,
}

impl Store {
    pub(super) fn new(settings: Settings, now: Timestamp, started: Duration) -> Self {
        Self {
            databases: (0..DATABASES).map(|_| Database::default()).collect(),
            settings,
            statistics: Statistics::default(),
            watched: BTreeMap::new(),
            dirty: 0,
            saved: now,
            started,
        }
    }

    /// Runs a command on a database.
    pub(super) fn run(&mut self, number: usize, command: &Command, call: &Call<'_>) -> Reply {
        self.statistics.commands += 1;
        if let Err(reply) = command.check(call.args) {
            return reply;
        }
        let Some(database) = self.databases.get_mut(number) else {
            return error("ERR DB index is out of range");
        };
        self.statistics.expired += database.forget(call.now);
        if command.writes && grows(call.name) && database.size() > MAX_BYTES {
            return error("OOM command not allowed when used memory > 'maxmemory'.");
        }
        if matches!(call.name, "GET" | "HGET" | "LRANGE" | "EXISTS" | "SMEMBERS" | "HGETALL" | "MGET") {
            match call.args.first().is_some_and(|key| database.slots.contains_key(key)) {
                true => self.statistics.hits += 1,
                false => self.statistics.misses += 1,
            }
        }
        let reply = (command.run)(database, call);
        // Where a list had no item nothing changed, and whoever waits for one must not be woken for it.
        if command.writes && !matches!(reply, Reply::Error(_) | Reply::NilArray) {
            self.dirty += 1;
            self.touch(number, call.args);
        }
        reply
    }

    /// Notes that keys may have changed.
    fn touch(&mut self, number: usize, keys: &[Bytes]) {
        if !self.watched.is_empty() {
            for key in keys {
                if let Some(count) = self.watched.get_mut(&(number, key.clone())) {
                    *count += 1;
                }
            }
        }
    }

    /// How often a key changed since anybody watches it.
    pub(super) fn watch(&mut self, number: usize, key: &Bytes) -> u64 {
        if self.watched.len() >= MAX_WATCHED {
            self.watched.clear();
        }
        *self.watched.entry((number, key.clone())).or_default()
    }

    /// Whether a key changed, or cannot be told not to have.
    pub(super) fn has_changed(&self, number: usize, key: &Bytes, before: u64) -> bool {
        self.watched.get(&(number, key.clone())) != Some(&before)
    }

    /// Removes all keys, of one database or of all.
    pub(super) fn clear(&mut self, number: Option<usize>) {
        for (index, database) in self.databases.iter_mut().enumerate() {
            if number.is_none_or(|number| number == index) {
                database.slots.clear();
            }
        }
        self.watched.clear();
        self.dirty += 1;
    }

    /// Exchanges a key's place with that of the same name in another database.
    pub(super) fn move_key(&mut self, from: usize, to: usize, key: &Bytes) -> bool {
        if from == to || to >= DATABASES || self.databases[to].slots.contains_key(key) {
            return false;
        }
        let Some(slot) = self.databases[from].slots.remove(key) else { return false };
        self.databases[to].slots.insert(key.clone(), slot);
        self.dirty += 1;
        true
    }
}

/// Whether a command may make values larger.
fn grows(name: &str) -> bool {
    !matches!(name, "DEL" | "UNLINK" | "EXPIRE" | "PEXPIRE" | "PERSIST" | "RENAME")
        && !name.ends_with("POP")
        && !name.ends_with("REM")
        && !name.ends_with("DEL")
}

impl Database {
    fn get(&self, key: &[u8]) -> Option<&Value> {
        self.slots.get(key).map(|slot| &slot.value)
    }

    /// Puts a value that does not end; what was there is gone.
    fn set(&mut self, key: &Bytes, value: Value) {
        self.slots.insert(key.clone(), Slot { value, ends: None });
    }

    /// Changes a value, and keeps when it ends. An empty one goes.
    fn replace(&mut self, key: &Bytes, value: Value) {
        if value.is_empty() {
            self.slots.remove(key);
            return;
        }
        match self.slots.get_mut(key) {
            Some(slot) => slot.value = value,
            None => self.set(key, value),
        }
    }

    fn remove(&mut self, key: &[u8]) -> Option<Value> {
        self.slots.remove(key).map(|slot| slot.value)
    }

    /// Removes what has ended; returns how much that was.
    fn forget(&mut self, now: Timestamp) -> u64 {
        let before = self.slots.len();
        if self.slots.values().any(|slot| slot.ends.is_some_and(|end| end <= now)) {
            self.slots.retain(|_, slot| slot.ends.is_none_or(|end| end > now));
        }
        (before - self.slots.len()) as u64
    }

    /// About how many bytes it holds.
    fn size(&self) -> usize {
        let pair = |(a, b): (&Bytes, &Bytes)| a.len() + b.len() + 64;
        self.slots
            .iter()
            .map(|(key, slot)| {
                key.len()
                    + 96
                    + match &slot.value {
                        Value::Text(text) => text.len(),
                        Value::List(list) => list.iter().map(|item| item.len() + 32).sum(),
                        Value::Hash(hash) => hash.iter().map(pair).sum(),
                        Value::Set(set) => set.iter().map(|item| item.len() + 64).sum(),
                        Value::Sorted(sorted) => sorted.keys().map(|item| item.len() + 64).sum(),
                    }
            })
            .sum()
    }
}

fn error(text: &str) -> Reply {
    Reply::Error(text.to_owned())
}

fn length(len: usize) -> Reply {
    Reply::Integer(i64::try_from(len).unwrap_or(i64::MAX))
}

fn flag(is: bool) -> Reply {
    Reply::Integer(i64::from(is))
}

fn bulk(bytes: Option<&Bytes>) -> Reply {
    bytes.map_or(Reply::Nil, |bytes| Reply::Bulk(bytes.clone()))
}

fn bulks<'a>(items: impl IntoIterator<Item = &'a Bytes>) -> Reply {
    Reply::Array(items.into_iter().cloned().map(Reply::Bulk).collect())
}

fn number(word: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(word).ok()?;
    text.parse().ok().filter(|_| !text.starts_with('+'))
}

fn float(word: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(word).ok()?;
    let parsed: f64 = text.parse().ok()?;
    (!parsed.is_nan()).then_some(parsed)
}

/// A number as Redis prints it.
fn float_text(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    format!("{number}")
}

/// The range of places that two indices mean; negative ones count from the end.
fn range(from: i64, to: i64, len: usize) -> std::ops::Range<usize> {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let whole = |index: i64| if index < 0 { len.saturating_add(index) } else { index };
    let (from, to) = (whole(from).max(0), whole(to).min(len - 1));
    if from > to { 0..0 } else { from as usize..to as usize + 1 }
}

/// Whether a word is this option, whatever its case.
fn is(word: &[u8], option: &str) -> bool {
    word.eq_ignore_ascii_case(option.as_bytes())
}

#[cfg(test)]
mod tests;
