//! Bracket expressions: sets of characters.

use crate::libc::fnmatch::in_class;

/// A set of characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) negated: bool,
    /// Ranges, both ends included.
    pub(super) ranges: Vec<(u32, u32)>,
    /// Names of classes, such as `alpha`.
    pub(super) classes: Vec<Vec<u8>>,
}

impl Set {
    pub(super) fn contains(&self, character: u32, ignore_case: bool) -> bool {
        let is_in = |character: u32| {
            self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&character))
                || self.classes.iter().any(|class| in_class(class, character) == Some(true))
        };
        let found = is_in(character) || (ignore_case && cases(character).into_iter().any(is_in));
        found != self.negated
    }

    /// A set of one class, or of everything else.
    pub(super) fn of_class(class: &[u8], more: &[u8], negated: bool) -> Self {
        let ranges = more.iter().map(|byte| (u32::from(*byte), u32::from(*byte))).collect();
        Self { negated, ranges, classes: vec![class.to_vec()] }
    }
}

/// A letter in both cases.
pub(super) fn cases(character: u32) -> [u32; 2] {
    match u8::try_from(character) {
        Ok(byte) => [u32::from(byte.to_ascii_lowercase()), u32::from(byte.to_ascii_uppercase())],
        Err(_) => match char::from_u32(character) {
            Some(letter) => {
                let lower = letter.to_lowercase().next().unwrap_or(letter);
                let upper = letter.to_uppercase().next().unwrap_or(letter);
                [u32::from(lower), u32::from(upper)]
            }
            None => [character; 2],
        },
    }
}
