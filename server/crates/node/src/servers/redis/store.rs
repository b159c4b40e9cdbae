//! Keys and their values, and what commands do with them.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use bytes::Bytes;

use super::{VERSION, protocol::Reply};
use crate::libc::fnmatch::{MatchOptions, matches};

/// The most bytes that all values together may have.
const MAX_BYTES: usize = 64 << 20;

#[derive(Clone, Debug)]
enum Value {
    Text(Bytes),
    List(VecDeque<Bytes>),
    Hash(BTreeMap<Bytes, Bytes>),
    Set(BTreeSet<Bytes>),
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "string",
            Self::List(_) => "list",
            Self::Hash(_) => "hash",
            Self::Set(_) => "set",
        }
    }
}

/// All keys of a server.
#[derive(Debug)]
pub(super) struct Store {
    values: BTreeMap<Bytes, Value>,
    /// When keys end.
    ends: BTreeMap<Bytes, Duration>,
    /// About how much is kept.
    bytes: usize,
    port: u16,
    commands: u64,
}

const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
const NOT_INTEGER: &str = "ERR value is not an integer or out of range";

fn number(word: &[u8]) -> Option<i64> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// A place in a list; negative ones count from the end.
fn at(index: i64, len: usize) -> Option<usize> {
    let len = i64::try_from(len).ok()?;
    usize::try_from(if index < 0 { len.checked_add(index)? } else { index }).ok()
}

fn error(text: &str) -> Reply {
    Reply::Error(text.to_owned())
}

fn length(len: usize) -> Reply {
    Reply::Integer(i64::try_from(len).unwrap_or(i64::MAX))
}

fn bulks<'a>(items: impl Iterator<Item = &'a Bytes>) -> Reply {
    Reply::Array(items.cloned().map(Reply::Bulk).collect())
}

impl Store {
    pub(super) fn new(port: u16) -> Self {
        Self { values: BTreeMap::new(), ends: BTreeMap::new(), bytes: 0, port, commands: 0 }
    }

    /// Runs a command, named in capitals.
    pub(super) fn run(&mut self, name: &str, args: &[Bytes], now: Duration) -> Reply {
        self.commands += 1;
        self.forget(now);
        let wrong =
            || Reply::Error(format!("ERR wrong number of arguments for '{}' command", name.to_lowercase()));
        let grows = matches!(
            name,
            "SET" | "SETEX" | "SETNX" | "MSET" | "APPEND" | "LPUSH" | "RPUSH" | "HSET" | "SADD"
        );
        if grows {
            let more: usize = args.iter().map(Bytes::len).sum();
            if self.bytes + more > MAX_BYTES {
                return error("OOM command not allowed when used memory > 'maxmemory'.");
            }
            self.bytes += more;
        }
        self.strings(name, args, now)
            .or_else(|| self.keys(name, args, now))
            .or_else(|| self.collections(name, args))
            .or_else(|| self.server(name, args))
            .unwrap_or_else(|| match name {
                _ if KNOWN.contains(&name) => wrong(),
                _ => {
                    let shown: String =
                        args.iter().map(|arg| format!("'{}' ", String::from_utf8_lossy(arg))).collect();
                    Reply::Error(format!(
                        "ERR unknown command '{}', with args beginning with: {shown}",
                        name.to_lowercase()
                    ))
                }
            })
    }

    fn forget(&mut self, now: Duration) {
        let over: Vec<Bytes> =
            self.ends.iter().filter(|(_, end)| **end <= now).map(|(key, _)| key.clone()).collect();
        for key in over {
            self.remove(&key);
        }
    }

    fn remove(&mut self, key: &[u8]) -> bool {
        self.ends.remove(key);
        self.values.remove(key).is_some()
    }

    fn set(&mut self, key: &Bytes, value: &Bytes) {
        self.ends.remove(key);
        self.values.insert(key.clone(), Value::Text(value.clone()));
    }

    fn strings(&mut self, name: &str, args: &[Bytes], now: Duration) -> Option<Reply> {
        Some(match (name, args) {
            ("SET", [key, value, options @ ..]) => {
                let option = |wanted: &str| {
                    options.iter().position(|word| word.eq_ignore_ascii_case(wanted.as_bytes()))
                };
                let exists = self.values.contains_key(key);
                if (option("NX").is_some() && exists) || (option("XX").is_some() && !exists) {
                    return Some(Reply::Nil);
                }
                self.set(key, value);
                for (word, unit) in [("EX", 1000), ("PX", 1)] {
                    if let Some(time) =
                        option(word).and_then(|at| options.get(at + 1)).and_then(|word| number(word))
                    {
                        let millis = u64::try_from(time).unwrap_or(0).saturating_mul(unit);
                        self.ends.insert(key.clone(), now.saturating_add(Duration::from_millis(millis)));
                    }
                }
                Reply::ok()
            }
            ("SETEX", [key, seconds, value]) => {
                let Some(seconds) = number(seconds).and_then(|time| u64::try_from(time).ok()) else {
                    return Some(error(NOT_INTEGER));
                };
                self.set(key, value);
                self.ends.insert(key.clone(), now.saturating_add(Duration::from_secs(seconds)));
                Reply::ok()
            }
            ("SETNX", [key, value]) => {
                let new = !self.values.contains_key(key);
                if new {
                    self.set(key, value);
                }
                Reply::Integer(i64::from(new))
            }
            ("GET", [key]) => match self.values.get(key) {
                None => Reply::Nil,
                Some(Value::Text(text)) => Reply::Bulk(text.clone()),
                Some(_) => error(WRONG_TYPE),
            },
            ("GETDEL", [key]) => {
                let reply = self.strings("GET", args, now)?;
                self.remove(key);
                reply
            }
            ("MSET", pairs) if !pairs.is_empty() && pairs.len() % 2 == 0 => {
                pairs.chunks(2).for_each(|pair| self.set(&pair[0], &pair[1]));
                Reply::ok()
            }
            ("MGET", keys) if !keys.is_empty() => Reply::Array(
                keys.iter()
                    .map(|key| match self.values.get(key) {
                        Some(Value::Text(text)) => Reply::Bulk(text.clone()),
                        _ => Reply::Nil,
                    })
                    .collect(),
            ),
            ("APPEND", [key, more]) => {
                let before = match self.values.get(key) {
                    None => Bytes::new(),
                    Some(Value::Text(text)) => text.clone(),
                    Some(_) => return Some(error(WRONG_TYPE)),
                };
                let all = Bytes::from([&before[..], more].concat());
                self.values.insert(key.clone(), Value::Text(all.clone()));
                length(all.len())
            }
            ("STRLEN", [key]) => match self.values.get(key) {
                None => Reply::Integer(0),
                Some(Value::Text(text)) => length(text.len()),
                Some(_) => error(WRONG_TYPE),
            },
            ("INCR", [key]) => self.add(key, 1),
            ("DECR", [key]) => self.add(key, -1),
            ("INCRBY", [key, by]) => number(by).map_or_else(|| error(NOT_INTEGER), |by| self.add(key, by)),
            ("DECRBY", [key, by]) => {
                number(by).map_or_else(|| error(NOT_INTEGER), |by| self.add(key, by.saturating_neg()))
            }
            _ => return None,
        })
    }

    fn add(&mut self, key: &Bytes, by: i64) -> Reply {
        let before = match self.values.get(key) {
            None => Some(0),
            Some(Value::Text(text)) => number(text),
            Some(_) => return error(WRONG_TYPE),
        };
        let Some(sum) = before.and_then(|before| before.checked_add(by)) else { return error(NOT_INTEGER) };
        self.values.insert(key.clone(), Value::Text(sum.to_string().into()));
        Reply::Integer(sum)
    }

    fn keys(&mut self, name: &str, args: &[Bytes], now: Duration) -> Option<Reply> {
        Some(match (name, args) {
            ("DEL" | "UNLINK", keys) if !keys.is_empty() => {
                let gone = keys.iter().filter(|key| self.remove(key)).count();
                length(gone)
            }
            ("EXISTS", keys) if !keys.is_empty() => {
                length(keys.iter().filter(|key| self.values.contains_key(*key)).count())
            }
            ("TYPE", [key]) => Reply::Status(self.values.get(key).map_or("none", Value::kind).to_owned()),
            ("KEYS", [pattern]) => {
                let fits = |key: &&Bytes| matches(pattern, key, MatchOptions::default());
                bulks(self.values.keys().filter(fits))
            }
            ("SCAN", [_, ..]) => Reply::Array(vec![Reply::text("0"), bulks(self.values.keys())]),
            ("DBSIZE", []) => length(self.values.len()),
            ("FLUSHALL" | "FLUSHDB", _) => {
                self.values.clear();
                self.ends.clear();
                self.bytes = 0;
                Reply::ok()
            }
            ("RENAME", [from, to]) => match self.values.remove(from) {
                Some(value) => {
                    self.values.insert(to.clone(), value);
                    Reply::ok()
                }
                None => error("ERR no such key"),
            },
            ("EXPIRE", [key, seconds, ..]) => {
                let Some(seconds) = number(seconds) else { return Some(error(NOT_INTEGER)) };
                let exists = self.values.contains_key(key);
                if exists {
                    let end = now.saturating_add(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
                    self.ends.insert(key.clone(), end);
                }
                Reply::Integer(i64::from(exists))
            }
            ("PERSIST", [key]) => Reply::Integer(i64::from(self.ends.remove(key).is_some())),
            ("TTL", [key]) => Reply::Integer(match (self.values.contains_key(key), self.ends.get(key)) {
                (false, _) => -2,
                (true, None) => -1,
                (true, Some(end)) => {
                    i64::try_from(end.saturating_sub(now).as_millis().div_ceil(1000)).unwrap_or(i64::MAX)
                }
            }),
            _ => return None,
        })
    }

    fn collections(&mut self, name: &str, args: &[Bytes]) -> Option<Reply> {
        let (key, rest) = args.split_first()?;
        match name {
            "LPUSH" | "RPUSH" | "LPOP" | "RPOP" | "LLEN" | "LRANGE" | "LINDEX" => self.list(name, key, rest),
            "HSET" | "HGET" | "HGETALL" | "HDEL" | "HKEYS" | "HLEN" | "HEXISTS" => self.hash(name, key, rest),
            "SADD" | "SREM" | "SMEMBERS" | "SCARD" | "SISMEMBER" => self.members(name, key, rest),
            _ => None,
        }
    }

    fn list(&mut self, name: &str, key: &Bytes, args: &[Bytes]) -> Option<Reply> {
        let mut list = match self.values.remove(key) {
            None => VecDeque::new(),
            Some(Value::List(list)) => list,
            Some(other) => {
                self.values.insert(key.clone(), other);
                return Some(error(WRONG_TYPE));
            }
        };
        let reply = match (name, args) {
            ("LPUSH", [_, ..]) => {
                args.iter().for_each(|item| list.push_front(item.clone()));
                Some(length(list.len()))
            }
            ("RPUSH", [_, ..]) => {
                list.extend(args.iter().cloned());
                Some(length(list.len()))
            }
            ("LPOP", []) => Some(list.pop_front().map_or(Reply::Nil, Reply::Bulk)),
            ("RPOP", []) => Some(list.pop_back().map_or(Reply::Nil, Reply::Bulk)),
            ("LLEN", []) => Some(length(list.len())),
            ("LINDEX", [index]) => {
                let index = number(index).and_then(|index| at(index, list.len()));
                Some(
                    index
                        .and_then(|index| list.get(index))
                        .map_or(Reply::Nil, |item| Reply::Bulk(item.clone())),
                )
            }
            ("LRANGE", [from, to]) => match (number(from), number(to)) {
                (Some(from), Some(to)) => {
                    let len = i64::try_from(list.len()).unwrap_or(i64::MAX);
                    let whole = |index: i64| if index < 0 { len.saturating_add(index) } else { index };
                    let (from, to) = (whole(from).max(0), whole(to));
                    let inside = |(index, _): &(usize, &Bytes)| {
                        i64::try_from(*index).is_ok_and(|index| index >= from && index <= to)
                    };
                    Some(bulks(list.iter().enumerate().filter(inside).map(|(_, item)| item)))
                }
                _ => Some(error(NOT_INTEGER)),
            },
            _ => None,
        };
        if !list.is_empty() {
            self.values.insert(key.clone(), Value::List(list));
        }
        reply
    }

    fn hash(&mut self, name: &str, key: &Bytes, args: &[Bytes]) -> Option<Reply> {
        let mut hash = match self.values.remove(key) {
            None => BTreeMap::new(),
            Some(Value::Hash(hash)) => hash,
            Some(other) => {
                self.values.insert(key.clone(), other);
                return Some(error(WRONG_TYPE));
            }
        };
        let reply = match (name, args) {
            ("HSET", [_, ..]) if args.len().is_multiple_of(2) => {
                let new = args
                    .chunks(2)
                    .filter(|pair| hash.insert(pair[0].clone(), pair[1].clone()).is_none())
                    .count();
                Some(length(new))
            }
            ("HGET", [field]) => Some(hash.get(field).map_or(Reply::Nil, |value| Reply::Bulk(value.clone()))),
            ("HGETALL", []) => Some(bulks(hash.iter().flat_map(|(field, value)| [field, value]))),
            ("HKEYS", []) => Some(bulks(hash.keys())),
            ("HLEN", []) => Some(length(hash.len())),
            ("HEXISTS", [field]) => Some(Reply::Integer(i64::from(hash.contains_key(field)))),
            ("HDEL", [_, ..]) => {
                Some(length(args.iter().filter(|field| hash.remove(*field).is_some()).count()))
            }
            _ => None,
        };
        if !hash.is_empty() {
            self.values.insert(key.clone(), Value::Hash(hash));
        }
        reply
    }

    fn members(&mut self, name: &str, key: &Bytes, args: &[Bytes]) -> Option<Reply> {
        let mut set = match self.values.remove(key) {
            None => BTreeSet::new(),
            Some(Value::Set(set)) => set,
            Some(other) => {
                self.values.insert(key.clone(), other);
                return Some(error(WRONG_TYPE));
            }
        };
        let reply = match (name, args) {
            ("SADD", [_, ..]) => {
                Some(length(args.iter().filter(|member| set.insert((*member).clone())).count()))
            }
            ("SREM", [_, ..]) => Some(length(args.iter().filter(|member| set.remove(*member)).count())),
            ("SMEMBERS", []) => Some(bulks(set.iter())),
            ("SCARD", []) => Some(length(set.len())),
            ("SISMEMBER", [member]) => Some(Reply::Integer(i64::from(set.contains(member)))),
            _ => None,
        };
        if !set.is_empty() {
            self.values.insert(key.clone(), Value::Set(set));
        }
        reply
    }

    fn server(&mut self, name: &str, args: &[Bytes]) -> Option<Reply> {
        Some(match (name, args) {
            ("PING", []) => Reply::Status("PONG".to_owned()),
            ("PING" | "ECHO", [text]) => Reply::Bulk(text.clone()),
            ("SELECT", [_]) | ("CLIENT" | "SAVE" | "BGSAVE" | "RESET", _) => Reply::ok(),
            ("COMMAND", _) => Reply::Array(Vec::new()),
            ("CONFIG", [get, name]) if get.eq_ignore_ascii_case(b"GET") => {
                let value = match &**name {
                    b"port" => self.port.to_string(),
                    b"maxmemory" => "0".to_owned(),
                    b"appendonly" => "no".to_owned(),
                    b"dir" => "/data".to_owned(),
                    _ => return Some(Reply::Array(Vec::new())),
                };
                Reply::Array(vec![Reply::Bulk(name.clone()), Reply::text(value)])
            }
            ("CONFIG", [set, ..]) if set.eq_ignore_ascii_case(b"SET") => Reply::ok(),
            ("INFO", _) => Reply::text(format!(
                "# Server\r\nredis_version:{VERSION}\r\nredis_mode:standalone\r\nos:Linux 6.8.0 x86_64\r\narch_bits:64\r\ntcp_port:{}\r\n\r\n\
                 # Memory\r\nused_memory:{}\r\n\r\n# Stats\r\ntotal_commands_processed:{}\r\n\r\n# Replication\r\nrole:master\r\n\
                 connected_slaves:0\r\n\r\n# Keyspace\r\ndb0:keys={},expires={},avg_ttl=0\r\n",
                self.port,
                900_000 + self.bytes,
                self.commands,
                self.values.len(),
                self.ends.len(),
            )),
            _ => return None,
        })
    }
}

/// Commands that there are, for telling a wrong number of arguments from a wrong name.
const KNOWN: &[&str] = &[
    "SET",
    "SETEX",
    "SETNX",
    "GET",
    "GETDEL",
    "MSET",
    "MGET",
    "APPEND",
    "STRLEN",
    "INCR",
    "DECR",
    "INCRBY",
    "DECRBY",
    "DEL",
    "UNLINK",
    "EXISTS",
    "TYPE",
    "KEYS",
    "SCAN",
    "DBSIZE",
    "RENAME",
    "EXPIRE",
    "PERSIST",
    "TTL",
    "LPUSH",
    "RPUSH",
    "LPOP",
    "RPOP",
    "LLEN",
    "LRANGE",
    "LINDEX",
    "HSET",
    "HGET",
    "HGETALL",
    "HDEL",
    "HKEYS",
    "HLEN",
    "HEXISTS",
    "SADD",
    "SREM",
    "SMEMBERS",
    "SCARD",
    "SISMEMBER",
    "PING",
    "ECHO",
    "SELECT",
    "CONFIG",
];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::{Reply, Store};

    fn run(store: &mut Store, line: &str, now: u64) -> Reply {
        let words: Vec<Bytes> = line.split(' ').map(|word| Bytes::copy_from_slice(word.as_bytes())).collect();
        let name = String::from_utf8_lossy(&words[0]).to_ascii_uppercase();
        store.run(&name, &words[1..], Duration::from_secs(now))
    }

    #[test]
    fn keys_hold_values_until_they_end() {
        let mut store = Store::new(6379);
        assert_eq!(run(&mut store, "set a 1 EX 10", 0), Reply::ok());
        assert_eq!(run(&mut store, "incr a", 1), Reply::Integer(2));
        assert_eq!(run(&mut store, "ttl a", 1), Reply::Integer(9));
        assert_eq!(run(&mut store, "get a", 10), Reply::Nil);
        assert_eq!(run(&mut store, "rpush l x y z", 10), Reply::Integer(3));
        assert_eq!(
            run(&mut store, "lrange l 0 -2", 10),
            Reply::Array(vec![Reply::text("x"), Reply::text("y")])
        );
        assert!(matches!(run(&mut store, "get l", 10), Reply::Error(text) if text.starts_with("WRONGTYPE")));
        assert!(matches!(run(&mut store, "get", 10), Reply::Error(text) if text.contains("wrong number")));
        assert!(
            matches!(run(&mut store, "nope", 10), Reply::Error(text) if text.contains("unknown command 'nope'"))
        );
    }
}
