//! What etcd keeps: keys in their order, each with the revisions that made it. Earlier revisions are not kept.

use std::{collections::BTreeMap, ops::Bound};

use bytes::Bytes;

/// How much it keeps, in bytes.
const MAX_BYTES: usize = 8 << 20;
/// What an entry takes besides its key and value, in bytes.
const ENTRY: usize = 160;

/// A key's value and history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) created: u64,
    pub(super) modified: u64,
    pub(super) version: u64,
    pub(super) value: Bytes,
}

/// The keys.
#[derive(Debug)]
pub(super) struct Store {
    keys: BTreeMap<Bytes, Entry>,
    /// The number of the latest change.
    pub(super) revision: u64,
    pub(super) bytes: usize,
}

/// Which keys are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Keys(Bound<Bytes>, Bound<Bytes>);

impl Keys {
    /// As requests say it: `end` is empty for one key, a zero byte for all from `key` on, or what comes after the last.
    pub(super) fn new(key: Bytes, end: Bytes) -> Self {
        match &*end {
            b"" => Self(Bound::Included(key.clone()), Bound::Included(key)),
            b"\0" => Self(Bound::Included(key), Bound::Unbounded),
            // An empty range, which a map of keys does not like to be asked for.
            _ if end <= key => Self(Bound::Included(key.clone()), Bound::Excluded(key)),
            _ => Self(Bound::Included(key), Bound::Excluded(end)),
        }
    }
}

impl Store {
    pub(super) fn new() -> Self {
        Self { keys: BTreeMap::new(), revision: 1, bytes: 0 }
    }

    /// The entries of some keys.
    pub(super) fn range(&self, keys: &Keys) -> impl DoubleEndedIterator<Item = (&Bytes, &Entry)> {
        self.keys.range::<Bytes, _>((keys.0.as_ref(), keys.1.as_ref()))
    }

    /// Sets a key and returns what it was; an error where there is no room.
    pub(super) fn put(&mut self, key: Bytes, value: Bytes) -> Result<Option<Entry>, ()> {
        let former = self.keys.get(&key);
        let freed = former.map_or(0, |entry| size(&key, entry));
        let (created, version) =
            former.map_or((self.revision + 1, 1), |entry| (entry.created, entry.version + 1));
        let entry = Entry { created, modified: self.revision + 1, version, value };
        let bytes = self.bytes - freed + size(&key, &entry);
        if bytes > MAX_BYTES {
            return Err(());
        }
        self.bytes = bytes;
        self.revision += 1;
        Ok(self.keys.insert(key, entry))
    }

    /// Removes keys and returns what they were.
    pub(super) fn remove(&mut self, keys: &Keys) -> Vec<(Bytes, Entry)> {
        let removed: Vec<_> = self.range(keys).map(|(key, entry)| (key.clone(), entry.clone())).collect();
        for (key, entry) in &removed {
            self.keys.remove(key);
            self.bytes -= size(key, entry);
        }
        self.revision += u64::from(!removed.is_empty());
        removed
    }
}

fn size(key: &Bytes, entry: &Entry) -> usize {
    key.len() + entry.value.len() + ENTRY
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(store: &Store, key: &'static str, end: &'static str) -> Vec<Bytes> {
        store.range(&Keys::new(key.into(), end.into())).map(|(key, _)| key.clone()).collect()
    }

    #[test]
    fn ranges_are_one_key_or_up_to_an_end_or_all_that_follow() {
        let mut store = Store::new();
        for key in ["a", "a/1", "a/2", "b"] {
            store.put(key.into(), "x".into()).unwrap();
        }
        assert_eq!(names(&store, "a", ""), ["a"]);
        assert_eq!(names(&store, "a/", "a0"), ["a/1", "a/2"]);
        assert_eq!(names(&store, "a/2", "\0"), ["a/2", "b"]);
        assert!(names(&store, "b", "a").is_empty());
    }

    #[test]
    fn changes_count_revisions_and_a_removed_key_begins_anew() {
        let mut store = Store::new();
        store.put("k".into(), "1".into()).unwrap();
        let former = store.put("k".into(), "22".into()).unwrap().unwrap();
        assert_eq!((former.created, former.modified, former.version), (2, 2, 1));
        let removed = store.remove(&Keys::new("k".into(), Bytes::new()));
        assert_eq!((removed[0].1.created, removed[0].1.modified, removed[0].1.version), (2, 3, 2));
        assert_eq!((store.revision, store.bytes), (4, 0));
        assert!(store.remove(&Keys::new("k".into(), Bytes::new())).is_empty());
        assert_eq!(store.revision, 4);
    }

    #[test]
    fn past_its_bound_nothing_is_kept() {
        let mut store = Store::new();
        let large = Bytes::from(vec![b'x'; MAX_BYTES - ENTRY - 1]);
        store.put("k".into(), large.clone()).unwrap();
        assert_eq!(store.put("l".into(), "x".into()), Err(()));
        assert_eq!(store.put("k".into(), large).unwrap().unwrap().version, 1);
    }
}
