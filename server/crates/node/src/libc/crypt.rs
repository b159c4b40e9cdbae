//! Passwords in files (`crypt(3)`), as far as servers here check them.

/// Whether a password is the one that was noted: in the clear, as it stands or after `{PLAIN}`. Hashes (`$apr1$`, `$6$`,
/// `{SHA}`) fit nothing.
pub(crate) fn verify(password: &str, noted: &str) -> bool {
    match noted.strip_prefix("{PLAIN}") {
        Some(plain) => plain == password,
        None => !noted.starts_with(['$', '{']) && noted == password,
    }
}

#[cfg(test)]
mod tests {
    use super::verify;

    #[test]
    fn a_hash_is_no_password() {
        assert!(verify("pw", "pw") && verify("pw", "{PLAIN}pw"));
        assert!(!verify("$apr1$x", "$apr1$x") && !verify("", "x"));
    }
}
