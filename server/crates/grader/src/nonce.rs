//! Texts that nobody can guess: names of sandboxes, and what a probe writes.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Sixteen hexadecimal digits. They are random because the standard library seeds each hash map's keys from the
/// operating system; nothing secret rests on them.
pub(crate) fn nonce() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_are_the_same() {
        assert_ne!(super::nonce(), super::nonce());
        assert_eq!(super::nonce().len(), 16);
    }
}
