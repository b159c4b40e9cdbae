//! Variables: scalars, and in bash arrays.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

use bytes::Bytes;

use super::Dialect;

/// What a variable holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Declared, but without a value.
    Unset,
    Scalar(Bytes),
    /// An array by number (bash).
    Indexed(BTreeMap<i64, Bytes>),
    /// An array by name (bash).
    Keyed(Keyed),
}

/// What an element of an array takes beside its text and its name, in bytes, about.
const ELEMENT: usize = 48;

impl Value {
    /// How much memory it takes, in bytes, about.
    fn size(&self) -> usize {
        match self {
            Self::Unset => 0,
            Self::Scalar(text) => text.len(),
            Self::Indexed(array) => array.values().map(|text| text.len() + ELEMENT).sum(),
            Self::Keyed(array) => array.iter().map(|(_, text)| text.len() + ELEMENT).sum(),
        }
    }

    /// How much memory an element takes that there is.
    fn element_size(&self, key: &Key) -> Option<usize> {
        let text = match (self, key) {
            (Self::Indexed(array), Key::Number(key)) => array.get(key)?,
            (Self::Indexed(array), Key::Name(_)) => array.get(&0)?,
            (Self::Keyed(array), Key::Name(key)) => array.get(key)?,
            (Self::Keyed(array), Key::Number(key)) => array.get(key.to_string().as_bytes())?,
            _ => return None,
        };
        Some(text.len() + ELEMENT)
    }
}

/// An array by name. Its elements are told in the order of bash's hash table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keyed(BTreeMap<(u32, Bytes), Bytes>);

impl Keyed {
    fn place(key: &[u8]) -> (u32, Bytes) {
        (bash_bucket(key), Bytes::copy_from_slice(key))
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<&Bytes> {
        self.0.get(&Self::place(key))
    }

    pub(crate) fn insert(&mut self, key: &[u8], text: Bytes) {
        self.0.insert(Self::place(key), text);
    }

    pub(crate) fn remove(&mut self, key: &[u8]) {
        self.0.remove(&Self::place(key));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Bytes, &Bytes)> {
        self.0.iter().map(|((_, key), text)| (key, text))
    }
}

/// What is changed in text that is assigned (bash `declare -l`, `-u`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LetterCase {
    /// The first letter large, the others small.
    Capital,
    Lower,
    Upper,
}

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) value: Value,
    pub(crate) exported: bool,
    pub(crate) read_only: bool,
    /// Assigned text is worked out as arithmetic (bash `declare -i`).
    pub(crate) integer: bool,
    pub(crate) letter_case: Option<LetterCase>,
    /// It stands for the variable that its value names (bash `declare -n`).
    pub(crate) reference: bool,
    /// It has been given a value: one that was only declared has none to show, not even an array's `()`.
    pub(crate) assigned: bool,
    /// When it was made, so that the environment keeps its order.
    order: u32,
}

impl Variable {
    /// Its value as text: that of element 0 for an array.
    pub(crate) fn text(&self) -> Option<&Bytes> {
        match &self.value {
            Value::Unset => None,
            Value::Scalar(text) => Some(text),
            Value::Indexed(array) => array.get(&0),
            Value::Keyed(array) => array.get(b"0"),
        }
    }

    /// A variable with this value and nothing more.
    pub(crate) fn holding(value: Value) -> Self {
        Self { value, assigned: true, ..Self::new(0) }
    }

    fn new(order: u32) -> Self {
        Self {
            value: Value::Unset,
            exported: false,
            read_only: false,
            integer: false,
            letter_case: None,
            reference: false,
            assigned: false,
            order,
        }
    }
}

/// A hasher for short names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NameHasher(u64);

impl Default for NameHasher {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for NameHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

type Map = HashMap<Bytes, Variable, BuildHasherDefault<NameHasher>>;

/// All variables of a shell. A clone costs nothing until one of the two changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables {
    map: Arc<Map>,
    next: u32,
    /// What exported variables make as an environment, until one changes.
    environment: Option<Arc<[Bytes]>>,
    /// How many bytes names and values take.
    size: usize,
}

/// The variable cannot be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReadOnly;

impl Variables {
    pub(crate) fn get(&self, name: &[u8]) -> Option<&Variable> {
        self.map.get(name)
    }

    /// The value of a variable as text.
    pub(crate) fn text(&self, name: &[u8]) -> Option<&Bytes> {
        self.map.get(name)?.text()
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Changes a variable, which is made where it does not exist.
    fn entry(&mut self, name: &[u8]) -> &mut Variable {
        self.environment = None;
        let map = Arc::make_mut(&mut self.map);
        if !map.contains_key(name) {
            self.next += 1;
            self.size += name.len() + 64;
            map.insert(Bytes::copy_from_slice(name), Variable::new(self.next));
        }
        map.entry(Bytes::copy_from_slice(name)).or_insert_with(|| Variable::new(0))
    }

    /// Sets a variable; of an array, element 0.
    pub(crate) fn set(&mut self, name: &[u8], text: Bytes) -> Result<(), ReadOnly> {
        if let Some(known) = self.map.get(name) {
            if known.read_only {
                return Err(ReadOnly);
            }
            if known.exported {
                self.environment = None;
            }
            let size = &mut self.size;
            // The common case: the variable is there, and nobody shares it.
            if let Some(variable) = Arc::make_mut(&mut self.map).get_mut(name) {
                variable.assigned = true;
                match &mut variable.value {
                    Value::Scalar(old) => {
                        *size = (*size + text.len()).saturating_sub(old.len());
                        *old = text;
                    }
                    Value::Indexed(array) => {
                        *size += text.len();
                        array.insert(0, text);
                    }
                    Value::Keyed(array) => {
                        *size += text.len();
                        array.insert(b"0", text);
                    }
                    unset => {
                        *size += text.len();
                        *unset = Value::Scalar(text);
                    }
                }
            }
            return Ok(());
        }
        self.size += text.len();
        let variable = self.entry(name);
        (variable.value, variable.assigned) = (Value::Scalar(text), true);
        Ok(())
    }

    /// Sets all of a variable.
    pub(crate) fn set_value(&mut self, name: &[u8], value: Value) -> Result<(), ReadOnly> {
        if self.map.get(name).is_some_and(|known| known.read_only) {
            return Err(ReadOnly);
        }
        let size = value.size();
        let variable = self.entry(name);
        variable.assigned = true;
        let old = std::mem::replace(&mut variable.value, value);
        self.size = (self.size + size).saturating_sub(old.size());
        Ok(())
    }

    /// Sets an element of an array, which a scalar becomes.
    pub(crate) fn set_element(&mut self, name: &[u8], key: Key, text: Bytes) -> Result<(), ReadOnly> {
        if self.map.get(name).is_some_and(|known| known.read_only) {
            return Err(ReadOnly);
        }
        let size = text.len() + ELEMENT;
        let gone = self.map.get(name).and_then(|variable| variable.value.element_size(&key));
        self.size = (self.size + size).saturating_sub(gone.unwrap_or(0));
        let variable = self.entry(name);
        variable.assigned = true;
        match (&mut variable.value, key) {
            (Value::Keyed(array), Key::Name(key)) => array.insert(&key, text),
            (Value::Keyed(array), Key::Number(key)) => array.insert(key.to_string().as_bytes(), text),
            (Value::Indexed(array), Key::Number(key)) => drop(array.insert(key, text)),
            (Value::Indexed(array), Key::Name(_)) => drop(array.insert(0, text)),
            (value, key) => {
                let mut array = BTreeMap::new();
                if let Value::Scalar(old) = value {
                    array.insert(0, old.clone());
                }
                array.insert(if let Key::Number(key) = key { key } else { 0 }, text);
                *value = Value::Indexed(array);
            }
        }
        Ok(())
    }

    /// Marks a variable; it is made, without a value, where it does not exist.
    pub(crate) fn export(&mut self, name: &[u8], exported: bool) {
        self.entry(name).exported = exported;
    }

    pub(crate) fn set_read_only(&mut self, name: &[u8]) {
        self.entry(name).read_only = true;
    }

    /// Changes the attributes of a variable; it is made, without a value, where it does not exist.
    pub(crate) fn mark(&mut self, name: &[u8], change: impl FnOnce(&mut Variable)) {
        change(self.entry(name));
    }

    /// Forgets a variable.
    pub(crate) fn unset(&mut self, name: &[u8]) -> Result<(), ReadOnly> {
        match self.map.get(name) {
            None => Ok(()),
            Some(known) if known.read_only => Err(ReadOnly),
            Some(_) => {
                self.put_back(name, None);
                Ok(())
            }
        }
    }

    /// Forgets an element.
    pub(crate) fn unset_element(&mut self, name: &[u8], key: &Key) {
        let gone = self.map.get(name).and_then(|variable| variable.value.element_size(key));
        self.size = self.size.saturating_sub(gone.unwrap_or(0));
        match (&mut self.entry(name).value, key) {
            (Value::Indexed(array), Key::Number(key)) => drop(array.remove(key)),
            (Value::Keyed(array), Key::Name(key)) => array.remove(key),
            _ => {}
        }
    }

    /// Makes a variable what it was before.
    pub(crate) fn put_back(&mut self, name: &[u8], old: Option<Variable>) {
        self.environment = None;
        let map = Arc::make_mut(&mut self.map);
        match old {
            Some(old) => {
                self.size += old.value.size();
                if let Some(gone) = map.insert(Bytes::copy_from_slice(name), old) {
                    self.size = self.size.saturating_sub(gone.value.size());
                }
            }
            None => {
                if let Some(gone) = map.remove(name) {
                    self.size = self.size.saturating_sub(name.len() + 64 + gone.value.size());
                }
            }
        }
    }

    /// All variables, sorted by name.
    pub(crate) fn sorted(&self) -> Vec<(&Bytes, &Variable)> {
        let mut all: Vec<_> = self.map.iter().collect();
        all.sort_unstable_by(|a, b| a.0.cmp(b.0));
        all
    }

    /// What exported variables make as an environment, in the order of the shell's hash table: `env` shows it.
    pub(crate) fn environment(&mut self, dialect: Dialect) -> Arc<[Bytes]> {
        if let Some(known) = &self.environment {
            return Arc::clone(known);
        }
        let mut exported: Vec<_> =
            self.map.iter().filter(|(_, variable)| variable.exported && variable.text().is_some()).collect();
        exported.sort_unstable_by_key(|(name, variable)| match dialect {
            // A new variable goes to the end of its bucket here, and to the front in bash.
            Dialect::Ash | Dialect::Dash => (ash_bucket(name), variable.order),
            Dialect::Bash => (bash_bucket(name), u32::MAX - variable.order),
        });
        let entry = |(name, variable): (&Bytes, &Variable)| -> Bytes {
            [name.as_ref(), b"=", variable.text().map_or(&b""[..], |text| text)].concat().into()
        };
        let all: Arc<[Bytes]> = exported.into_iter().map(entry).collect();
        self.environment = Some(Arc::clone(&all));
        all
    }
}

/// Which of the 39 buckets of its table the shells of Almquist's line keep a variable in.
fn ash_bucket(name: &[u8]) -> u32 {
    let first = name.first().map_or(0, |byte| u32::from(*byte) << 4);
    name.iter().fold(first, |sum, byte| sum.wrapping_add(u32::from(*byte))) % 39
}

/// Which of the 1024 buckets of bash's tables a name belongs to, by its FNV-1 hash. (One that holds twice as many gets more.)
pub(super) fn bash_bucket(name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5_u32, |hash, byte| hash.wrapping_mul(0x0100_0193) ^ u32::from(*byte)) % 1024
}

/// Which element of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Number(i64),
    Name(Bytes),
}

#[cfg(test)]
mod tests {
    use super::{Dialect, ReadOnly, Variables};

    #[test]
    fn the_environment_has_the_order_of_the_shells_table() {
        for (dialect, names) in [
            (Dialect::Ash, ["HOSTNAME", "HOME", "PATH", "BAR", "FOO", "PWD"]),
            (Dialect::Bash, ["HOSTNAME", "PWD", "FOO", "HOME", "BAR", "PATH"]),
        ] {
            let mut variables = Variables::default();
            for name in ["PATH", "HOSTNAME", "HOME", "FOO", "BAR", "PWD"] {
                variables.set(name.as_bytes(), "1".into()).unwrap();
                variables.export(name.as_bytes(), true);
            }
            variables.set(b"hidden", "5".into()).unwrap();
            assert_eq!(&*variables.environment(dialect), names.map(|name| format!("{name}=1")));
        }
    }

    #[test]
    fn the_environment_follows_what_changes() {
        let mut variables = Variables::default();
        for name in ["A", "B"] {
            variables.set(name.as_bytes(), "1".into()).unwrap();
            variables.export(name.as_bytes(), true);
        }
        assert_eq!(variables.environment(Dialect::Ash).len(), 2);
        variables.set(b"B", "4".into()).unwrap();
        variables.export(b"A", false);
        assert_eq!(&*variables.environment(Dialect::Ash), ["B=4"]);
    }

    #[test]
    fn a_copy_is_apart() {
        let mut variables = Variables::default();
        variables.set(b"x", "1".into()).unwrap();
        let copy = variables.clone();
        variables.set(b"x", "2".into()).unwrap();
        assert_eq!(copy.text(b"x").unwrap(), "1");
        variables.set_read_only(b"x");
        assert_eq!(variables.set(b"x", "3".into()), Err(ReadOnly));
        assert_eq!(variables.unset(b"x"), Err(ReadOnly));
    }
}
