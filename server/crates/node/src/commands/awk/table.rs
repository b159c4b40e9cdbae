//! Arrays. Their order is that of busybox's: of a chained hash table that grows in steps.

use bytes::Bytes;

use super::value::Value;

/// The sizes that a table grows through; past the last it doubles.
const SIZES: [usize; 6] = [61, 251, 1021, 4093, 16381, 65521];
/// How many entries a chain has on average before the table grows.
const CHAIN: usize = 10;

#[derive(Debug, Default)]
pub(super) struct Table {
    chains: Vec<Vec<(Bytes, Value)>>,
    len: usize,
}

fn hash(key: &[u8]) -> usize {
    key.iter()
        .fold(0u32, |sum, byte| u32::from(*byte).wrapping_add(sum.wrapping_shl(6)).wrapping_add(sum >> 26))
        as usize
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn place(&self, key: &[u8]) -> Option<(usize, usize)> {
        let chain = hash(key).checked_rem(self.chains.len())?;
        let at = self.chains[chain].iter().position(|(known, _)| known == key)?;
        Some((chain, at))
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<&Value> {
        let (chain, at) = self.place(key)?;
        Some(&self.chains[chain][at].1)
    }

    /// Sets a value; whether the key is new.
    pub(super) fn set(&mut self, key: &Bytes, value: Value) -> bool {
        if let Some((chain, at)) = self.place(key) {
            self.chains[chain][at].1 = value;
            return false;
        }
        if self.chains.is_empty() || self.len > self.chains.len() * CHAIN {
            self.grow();
        }
        let chain = hash(key) % self.chains.len();
        self.chains[chain].push((key.clone(), value));
        self.len += 1;
        true
    }

    fn grow(&mut self) {
        let now = self.chains.len();
        let size = SIZES.into_iter().find(|size| *size > now).unwrap_or(now * 2 + 1);
        let old = std::mem::replace(&mut self.chains, (0..size).map(|_| Vec::new()).collect());
        for chain in old {
            // The newest stands first in a chain, and is moved first.
            for (key, value) in chain.into_iter().rev() {
                let chain = hash(&key) % size;
                self.chains[chain].push((key, value));
            }
        }
    }

    pub(super) fn remove(&mut self, key: &[u8]) {
        if let Some((chain, at)) = self.place(key) {
            self.chains[chain].remove(at);
            self.len -= 1;
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The keys of so many chains, beginning with one of them; none behind the last.
    pub(super) fn keys_of(&self, first: usize, count: usize) -> Option<impl Iterator<Item = &Bytes>> {
        let end = (first + count).min(self.chains.len());
        let chains = self.chains.get(first..end).filter(|chains| !chains.is_empty())?;
        Some(chains.iter().flat_map(|chain| chain.iter().rev().map(|(key, _)| key)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Table, Value};

    #[test]
    fn what_is_set_is_found_until_it_is_removed() {
        let mut table = Table::default();
        for number in 0..2000 {
            assert!(table.set(&number.to_string().into(), Value::Number(f64::from(number))));
        }
        assert!(!table.set(&"7".into(), Value::Unset));
        assert_eq!(table.len(), 2000);
        assert_eq!(table.get(b"1999").map(Value::number), Some(1999.0));
        table.remove(b"1999");
        let keys = |first| table.keys_of(first, 100).map(Iterator::count);
        let counted: usize = (0..).step_by(100).map_while(keys).sum();
        assert!(table.get(b"1999").is_none() && counted == 1999);
    }
}
