//! What is in a directory, by name: a short list in most directories of most containers, a tree in large ones.

use std::{collections::BTreeMap, sync::Arc};

use super::{Inode, tree::Name};

/// From this many entries on it is a tree.
const MANY: usize = 16;
/// By how many entries a list grows.
const GROWTH: usize = 2;

/// What a name stands for; `None` for one of the image's that was removed.
pub(super) type Entry = Option<Arc<Inode>>;

/// Entries, sorted by name.
#[derive(Debug)]
pub(super) enum Entries {
    Few(Vec<(Name, Entry)>),
    Many(BTreeMap<Name, Entry>),
}

impl Default for Entries {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Entries {
    pub(super) fn get(&self, name: &[u8]) -> Option<&Entry> {
        match self {
            Self::Few(list) => find(list, name).ok().map(|at| &list[at].1),
            Self::Many(tree) => tree.get(name),
        }
    }

    pub(super) fn contains(&self, name: &[u8]) -> bool {
        self.get(name).is_some()
    }

    /// Adds an entry, or replaces it; returns what was there.
    pub(super) fn insert(&mut self, name: Name, entry: Entry) -> Option<Entry> {
        match self {
            Self::Many(tree) => tree.insert(name, entry),
            Self::Few(list) => match find(list, &name) {
                Ok(at) => Some(std::mem::replace(&mut list[at].1, entry)),
                Err(at) if list.len() < MANY => {
                    if list.len() == list.capacity() {
                        list.reserve_exact(GROWTH);
                    }
                    list.insert(at, (name, entry));
                    None
                }
                Err(_) => {
                    let mut tree: BTreeMap<_, _> = std::mem::take(list).into_iter().collect();
                    tree.insert(name, entry);
                    *self = Self::Many(tree);
                    None
                }
            },
        }
    }

    pub(super) fn remove(&mut self, name: &[u8]) -> Option<Entry> {
        match self {
            Self::Few(list) => find(list, name).ok().map(|at| list.remove(at).1),
            Self::Many(tree) => tree.remove(name),
        }
    }

    /// All of them, sorted by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Name, &Entry)> {
        let (list, tree) = match self {
            Self::Few(list) => (list.as_slice(), None),
            Self::Many(tree) => (&[][..], Some(tree)),
        };
        list.iter().map(|(name, entry)| (name, entry)).chain(tree.into_iter().flatten())
    }

    /// All inodes of them, taken out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Arc<Inode>> + use<> {
        let (list, tree) = match std::mem::take(self) {
            Self::Few(list) => (list, BTreeMap::new()),
            Self::Many(tree) => (Vec::new(), tree),
        };
        list.into_iter().map(|(_, entry)| entry).chain(tree.into_values()).flatten()
    }
}

fn find(list: &[(Name, Entry)], name: &[u8]) -> Result<usize, usize> {
    list.binary_search_by(|(known, _)| (**known).cmp(name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::Entries;

    proptest! {
        #[test]
        fn behaves_as_a_map_of_names(ops in prop::collection::vec((any::<bool>(), 0u8..40), 0..120)) {
            let mut entries = Entries::default();
            let mut model = BTreeMap::new();
            for (adds, number) in ops {
                let name = number.to_string().into_bytes();
                let (before, expected) = if adds {
                    (entries.insert(name.as_slice().into(), None), model.insert(name.clone(), ()))
                } else {
                    (entries.remove(&name), model.remove(&name))
                };
                prop_assert_eq!(before.is_some(), expected.is_some());
                prop_assert_eq!(entries.contains(&name), model.contains_key(&name));
            }
            let names: Vec<_> = entries.iter().map(|(name, _)| name.to_vec()).collect();
            prop_assert_eq!(names, model.into_keys().collect::<Vec<_>>());
        }
    }
}
