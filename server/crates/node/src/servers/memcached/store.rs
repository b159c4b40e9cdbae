//! What a cache holds: values that expire, and give way to newer ones when room runs out.

use std::collections::{BTreeMap, HashMap};

/// What an item takes besides its key and value, in bytes.
const ITEM_COST: u64 = 56;
/// A time of expiry that is larger is a date (Unix time), not a number of seconds: 30 days.
const LONGEST: i64 = 30 * 24 * 3600;

/// How a value comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Set,
    /// Only where there is none.
    Add,
    /// Only where there is one.
    Replace,
    Append,
    Prepend,
    /// Only where nobody changed it since it had this number.
    IfUnchanged(u64),
}

#[derive(Debug)]
struct Item {
    value: Vec<u8>,
    flags: u32,
    /// In seconds of uptime.
    expires: Option<u64>,
    /// A number that changes with every change.
    unique: u64,
    /// Its place in the order of use.
    used: u64,
}

#[derive(Debug, Default)]
struct Counts {
    gets: u64,
    sets: u64,
    hits: u64,
    misses: u64,
    deleted: u64,
    evicted: u64,
    items: u64,
}

/// The cache.
#[derive(Debug)]
pub(super) struct Store {
    limit: u64,
    bytes: u64,
    items: HashMap<String, Item>,
    /// Keys in the order of their use.
    order: BTreeMap<u64, String>,
    next: u64,
    counts: Counts,
}

/// When something expires: `None` for never; what is negative is over at once.
fn expiry(expires: i64, now: u64) -> Option<u64> {
    match expires {
        0 => None,
        ..0 => Some(now),
        // Dates are told by the wall clock, which a cache has no use for but this; the difference is what counts.
        LONGEST.. => Some(now + LONGEST.unsigned_abs()),
        seconds => Some(now + seconds.unsigned_abs()),
    }
}

fn cost(key: &str, item: &Item) -> u64 {
    ITEM_COST + (key.len() + item.value.len()) as u64
}

impl Store {
    /// An empty cache for so many bytes.
    pub(super) fn new(limit: u64) -> Self {
        Self {
            limit,
            bytes: 0,
            items: HashMap::new(),
            order: BTreeMap::new(),
            next: 1,
            counts: Counts::default(),
        }
    }

    /// What its items take.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn remove(&mut self, key: &str) -> Option<Item> {
        let item = self.items.remove(key)?;
        self.bytes -= cost(key, &item);
        self.order.remove(&item.used);
        Some(item)
    }

    fn insert(&mut self, key: &str, mut item: Item) {
        item.used = self.next;
        item.unique = self.next;
        self.next += 1;
        self.bytes += cost(key, &item);
        self.order.insert(item.used, key.to_owned());
        self.items.insert(key.to_owned(), item);
        while self.bytes > self.limit
            && let Some((_, oldest)) = self.order.first_key_value()
        {
            let oldest = oldest.clone();
            self.counts.evicted += u64::from(self.remove(&oldest).is_some());
        }
    }

    /// The item of a key, unless it has expired.
    fn alive(&mut self, key: &str, now: u64) -> Option<&mut Item> {
        let expired = self.items.get(key)?.expires.is_some_and(|at| at <= now);
        if expired {
            self.remove(key);
            return None;
        }
        self.items.get_mut(key)
    }

    /// Stores a value; returns the server's answer.
    pub(super) fn change(
        &mut self,
        how: Change,
        key: &str,
        flags: u32,
        expires: i64,
        value: Vec<u8>,
        now: u64,
    ) -> &'static str {
        self.counts.sets += 1;
        let known = self.alive(key, now).map(|item| item.unique);
        let fits = match how {
            Change::Set => true,
            Change::Add => known.is_none(),
            Change::Replace | Change::Append | Change::Prepend => known.is_some(),
            Change::IfUnchanged(unique) => match known {
                None => return "NOT_FOUND",
                Some(known) if known != unique => return "EXISTS",
                Some(_) => true,
            },
        };
        if !fits {
            return "NOT_STORED";
        }
        let old = self.remove(key);
        let new = Item { value, flags, expires: expiry(expires, now), unique: 0, used: 0 };
        let item = match (how, old) {
            (Change::Append, Some(old)) => Item { value: [old.value, new.value].concat(), ..old },
            (Change::Prepend, Some(old)) => Item { value: [new.value, old.value].concat(), ..old },
            _ => new,
        };
        self.counts.items += 1;
        self.insert(key, item);
        "STORED"
    }

    /// The values of keys, as `get` answers; with a new time of expiry as `gat` sets one.
    pub(super) fn values(&mut self, keys: &[&str], unique: bool, expires: Option<i64>, now: u64) -> Vec<u8> {
        let mut out = Vec::new();
        for key in keys {
            self.counts.gets += 1;
            let Some(item) = self.alive(key, now) else {
                self.counts.misses += 1;
                continue;
            };
            if let Some(expires) = expires {
                item.expires = expiry(expires, now);
            }
            out.extend_from_slice(format!("VALUE {key} {} {}", item.flags, item.value.len()).as_bytes());
            if unique {
                out.extend_from_slice(format!(" {}", item.unique).as_bytes());
            }
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(&item.value);
            out.extend_from_slice(b"\r\n");
            self.counts.hits += 1;
            self.use_again(key);
        }
        out.extend_from_slice(b"END\r\n");
        out
    }

    fn use_again(&mut self, key: &str) {
        let Some(item) = self.items.get_mut(key) else { return };
        if let Some(key) = self.order.remove(&item.used) {
            item.used = self.next;
            self.order.insert(self.next, key);
            self.next += 1;
        }
    }

    /// Sets when a key expires; whether it is there.
    pub(super) fn touch(&mut self, key: &str, expires: i64, now: u64) -> bool {
        self.alive(key, now).map(|item| item.expires = expiry(expires, now)).is_some()
    }

    /// Removes a key; whether it was there.
    pub(super) fn delete(&mut self, key: &str, now: u64) -> bool {
        let there = self.alive(key, now).is_some() && self.remove(key).is_some();
        self.counts.deleted += u64::from(there);
        there
    }

    /// Adds to a number, or takes from it, down to 0; returns the server's answer.
    pub(super) fn count(&mut self, key: &str, by: u64, up: bool, now: u64) -> String {
        let Some(item) = self.alive(key, now) else { return "NOT_FOUND".to_owned() };
        let number =
            std::str::from_utf8(&item.value).ok().and_then(|text| text.trim_end().parse::<u64>().ok());
        let Some(number) = number else {
            return "CLIENT_ERROR cannot increment or decrement non-numeric value".to_owned();
        };
        let number = if up { number.wrapping_add(by) } else { number.saturating_sub(by) };
        let Some(old) = self.remove(key) else { return "NOT_FOUND".to_owned() };
        self.insert(key, Item { value: number.to_string().into_bytes(), ..old });
        number.to_string()
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.order.clear();
        self.bytes = 0;
    }

    /// Figures for `stats`.
    pub(super) fn stats(&self) -> Vec<(&'static str, String)> {
        let counts = &self.counts;
        [
            ("cmd_get", counts.gets),
            ("cmd_set", counts.sets),
            ("get_hits", counts.hits),
            ("get_misses", counts.misses),
            ("delete_hits", counts.deleted),
            ("limit_maxbytes", self.limit),
            ("bytes", self.bytes),
            ("curr_items", self.items.len() as u64),
            ("total_items", counts.items),
            ("evictions", counts.evicted),
        ]
        .map(|(name, value)| (name, value.to_string()))
        .to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Store};

    fn get(store: &mut Store, key: &str, now: u64) -> String {
        String::from_utf8(store.values(&[key], false, None, now)).unwrap()
    }

    #[test]
    fn values_expire_and_can_be_changed_on_conditions() {
        let mut store = Store::new(1 << 20);
        assert_eq!(store.change(Change::Replace, "a", 0, 0, b"1".to_vec(), 0), "NOT_STORED");
        assert_eq!(store.change(Change::Set, "a", 7, 10, b"1".to_vec(), 0), "STORED");
        assert_eq!(store.change(Change::Add, "a", 0, 0, b"2".to_vec(), 0), "NOT_STORED");
        assert_eq!(store.change(Change::Append, "a", 0, 0, b"2".to_vec(), 0), "STORED");
        assert_eq!(get(&mut store, "a", 9), "VALUE a 7 2\r\n12\r\nEND\r\n");
        assert_eq!(store.count("a", 20, false, 9), "0");
        assert_eq!(get(&mut store, "a", 10), "END\r\n");
        assert_eq!(store.change(Change::IfUnchanged(1), "a", 0, 0, Vec::new(), 10), "NOT_FOUND");
    }

    #[test]
    fn what_was_used_longest_ago_gives_way() {
        let mut store = Store::new(2 * (56 + 1 + 100));
        for key in ["a", "b"] {
            store.change(Change::Set, key, 0, 0, vec![b'x'; 100], 0);
        }
        get(&mut store, "a", 0);
        store.change(Change::Set, "c", 0, 0, vec![b'x'; 100], 0);
        assert_eq!(get(&mut store, "b", 0), "END\r\n");
        assert!(get(&mut store, "a", 0).starts_with("VALUE a"));
        assert!(store.bytes() <= 2 * 157);
    }
}
