//! Passwords in files (`crypt(3)`, and what web servers have besides): made by `htpasswd` and `openssl passwd`, checked by
//! servers.

use base64::{Engine, engine::general_purpose::STANDARD};
use md5::Md5;
use sha_crypt::{Params, sha256_crypt, sha512_crypt};
use sha1::{Digest, Sha1};

/// The digits of `crypt(3)`.
const DIGITS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Rounds of SHA that are taken where nothing is said.
const ROUNDS: u32 = 5000;
/// The most rounds of SHA that are computed: what asks for more would keep a processor busy.
const MAX_ROUNDS: u32 = 50_000;
/// The highest cost of bcrypt that is computed.
const MAX_COST: u32 = 10;

/// How a password is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// `$apr1$`, Apache's variant of the next.
    Apache,
    /// `$1$`
    Md5,
    /// `$5$`
    Sha256,
    /// `$6$`
    Sha512,
}

impl Scheme {
    fn magic(self) -> &'static str {
        match self {
            Self::Apache => "$apr1$",
            Self::Md5 => "$1$",
            Self::Sha256 => "$5$",
            Self::Sha512 => "$6$",
        }
    }

    /// How long a salt may be.
    pub(crate) fn max_salt(self) -> usize {
        if matches!(self, Self::Apache | Self::Md5) { 8 } else { 16 }
    }

    /// What is noted of a password. What the salt has too much is cut off.
    pub(crate) fn note(self, password: &[u8], salt: &str) -> String {
        let salt: String = salt.chars().take(self.max_salt()).collect();
        let magic = self.magic();
        let digest = match self {
            Self::Apache | Self::Md5 => digits(&md5_crypt(password, magic.as_bytes(), salt.as_bytes())),
            _ => sha(self, password, &salt, Params::default()),
        };
        format!("{magic}{salt}${digest}")
    }
}

/// A salt of this many digits, from random numbers.
pub(crate) fn salt(length: usize, mut random: impl FnMut() -> u64) -> String {
    (0..length).map(|_| char::from(DIGITS[(random() % 64) as usize])).collect()
}

/// What is noted of a password by bcrypt, of this cost (at most [`MAX_COST`]).
pub(crate) fn bcrypt_note(password: &[u8], cost: u32, salt: [u8; 16]) -> Option<String> {
    let parts = bcrypt::hash_with_salt(password, cost.clamp(4, MAX_COST), salt).ok()?;
    Some(parts.format_for_version(bcrypt::Version::TwoY))
}

/// What is noted of a password by SHA-1, without a salt.
pub(crate) fn sha1_note(password: &[u8]) -> String {
    format!("{{SHA}}{}", STANDARD.encode(Sha1::digest(password)))
}

/// About how much work it is to check a password against what was noted, in steps of a process.
pub(crate) fn work(noted: &str) -> u32 {
    match noted.as_bytes() {
        [b'$', b'2', ..] => 1000 << cost(noted).unwrap_or(0).min(MAX_COST).saturating_sub(4),
        [b'$', b'5' | b'6', ..] => 5000,
        [b'$', ..] => 1000,
        _ => 1,
    }
}

/// The cost that a note of bcrypt tells.
fn cost(noted: &str) -> Option<u32> {
    noted.split('$').nth(2)?.parse().ok()
}

/// Whether a password is the one that was noted. What takes too much work, or is of no known form, fits nothing.
pub(crate) fn verify(password: &str, noted: &str) -> bool {
    let bytes = password.as_bytes();
    if let Some(plain) = noted.strip_prefix("{PLAIN}") {
        return plain == password;
    }
    if noted.starts_with("{SHA}") {
        return noted == sha1_note(bytes);
    }
    if let Some(encoded) = noted.strip_prefix("{SSHA}") {
        let Ok(decoded) = STANDARD.decode(encoded) else { return false };
        let Some((digest, salt)) = decoded.split_at_checked(20) else { return false };
        return Sha1::new().chain_update(bytes).chain_update(salt).finalize()[..] == *digest;
    }
    if noted.starts_with("$2") {
        return cost(noted).is_some_and(|cost| cost <= MAX_COST)
            && bcrypt::verify(bytes, noted).unwrap_or(false);
    }
    let scheme = [Scheme::Apache, Scheme::Md5, Scheme::Sha256, Scheme::Sha512]
        .into_iter()
        .find(|scheme| noted.starts_with(scheme.magic()));
    let Some(scheme) = scheme else { return false };
    let rest = &noted[scheme.magic().len()..];
    let (rounds, rest) = match rest.strip_prefix("rounds=").and_then(|rest| rest.split_once('$')) {
        Some((rounds, rest)) => (rounds.parse().unwrap_or(u32::MAX), rest),
        None => (ROUNDS, rest),
    };
    let Some((salt, digest)) = rest.split_once('$') else { return false };
    match scheme {
        Scheme::Apache | Scheme::Md5 => scheme.note(bytes, salt) == noted,
        _ if rounds > MAX_ROUNDS => false,
        _ => Params::new(rounds.max(Params::ROUNDS_MIN))
            .is_ok_and(|params| sha(scheme, bytes, salt, params) == digest),
    }
}

fn sha(scheme: Scheme, password: &[u8], salt: &str, params: Params) -> String {
    match scheme {
        Scheme::Sha256 => {
            let digest = sha256_crypt(password, salt.as_bytes(), params);
            digits(&shuffled(&digest, |index| [[20, 10, 0], [10, 0, 20], [0, 20, 10]][index % 3]))
        }
        _ => {
            let digest = sha512_crypt(password, salt.as_bytes(), params);
            digits(&shuffled(&digest, |index| [[42, 21, 0], [0, 42, 21], [21, 0, 42]][index % 3]))
        }
    }
}

/// The bytes of a digest in the order in which they are written: one of each third at a time, in turns of `order`.
fn shuffled(digest: &[u8], order: impl Fn(usize) -> [usize; 3]) -> Vec<u8> {
    let third = digest.len() / 3;
    let thirds = (0..third).flat_map(|index| order(index).map(|offset| digest[index + offset]));
    thirds.chain(digest[3 * third..].iter().copied()).collect()
}

/// The algorithm of FreeBSD's `crypt(3)`: a thousand rounds of MD5. The bytes come in the order in which they are written.
fn md5_crypt(password: &[u8], magic: &[u8], salt: &[u8]) -> [u8; 16] {
    let inner = Md5::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut first = Md5::new().chain_update(password).chain_update(magic).chain_update(salt);
    for piece in password.chunks(16) {
        first.update(&inner[..piece.len()]);
    }
    let mut length = password.len();
    while length > 0 {
        first.update(if length & 1 == 1 { &[0] } else { &password[..1] });
        length >>= 1;
    }
    let mut digest = first.finalize();
    for round in 0..1000 {
        let mut next = Md5::new();
        let odd = round % 2 == 1;
        next.update(if odd { password } else { &digest[..] });
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        next.update(if odd { &digest[..] } else { password });
        digest = next.finalize();
    }
    [12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11].map(|index: usize| digest[index])
}

/// Bytes in digits of `crypt(3)`: four for three bytes, the lowest bits first.
fn digits(bytes: &[u8]) -> String {
    let mut text = String::new();
    for piece in bytes.chunks(3) {
        let mut word = piece.iter().rev().fold(0u32, |word, byte| word << 8 | u32::from(*byte));
        for _ in 0..=piece.len() {
            text.push(char::from(DIGITS[(word & 0x3f) as usize]));
            word >>= 6;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Scheme, bcrypt_note, sha1_note, verify};

    #[test]
    fn notes_are_those_of_openssl_and_htpasswd() {
        assert_eq!(Scheme::Apache.note(b"secret", "saltsalt"), "$apr1$saltsalt$LrttParrLPdxvgutaSXWJ0");
        assert_eq!(
            Scheme::Apache.note(b"a longer password than sixteen", "saltsalt"),
            "$apr1$saltsalt$FCVmTq.SnexrKO2HynW.G1"
        );
        assert_eq!(Scheme::Md5.note(b"secret", "saltsalt"), "$1$saltsalt$9xy1btjgzLYfb7hivXtC//");
        assert_eq!(
            Scheme::Md5.note(b"a longer password than sixteen", "saltsalt"),
            "$1$saltsalt$kWcL0ZphOMBlI4AmkUY8P0"
        );
        assert_eq!(
            Scheme::Sha256.note(b"secret", "saltsalt"),
            "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA"
        );
        assert_eq!(
            Scheme::Sha256.note(b"a longer password than sixteen", "saltsalt"),
            "$5$saltsalt$q5BAGHc4tOfkIGJjObTV2LKRybojx5zEElSVYUwKCK2"
        );
        assert_eq!(
            Scheme::Sha512.note(b"secret", "saltsalt"),
            "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1"
        );
        assert_eq!(
            Scheme::Sha512.note(b"a longer password than sixteen", "saltsalt"),
            "$6$saltsalt$uXWAmiisxETPyAzWD6kEpVhNYGU4GedlhJGMFbiLkRJKajuo9xteLn79oaD7FYN0JVquUjaUKxcqr8x6QGtOR/"
        );
        assert_eq!(sha1_note(b"secret"), "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=");
    }

    #[test]
    fn a_password_is_checked_against_what_was_noted() {
        assert!(verify("pw", "{PLAIN}pw") && verify("secret", &sha1_note(b"secret")));
        // What stands in the clear is taken for a hash, as elsewhere.
        assert!(!verify("pw", "pw") && !verify("", "x") && !verify("$apr1$x", "$apr1$x"));
        for scheme in [Scheme::Apache, Scheme::Md5, Scheme::Sha256, Scheme::Sha512] {
            let noted = scheme.note(b"secret", "abcdefgh");
            assert!(verify("secret", &noted) && !verify("Secret", &noted), "{noted}");
        }
        let noted = bcrypt_note(b"secret", 5, *b"sixteen bytes...").unwrap();
        assert!(noted.starts_with("$2y$05$") && verify("secret", &noted) && !verify("other", &noted));
        assert!(!verify("secret", &noted.replace("$05$", "$31$")));
        assert!(!verify("secret", "$6$rounds=999999999$abc$def"));
    }

    proptest! {
        #[test]
        fn any_note_is_looked_at(noted in "(\\{SSHA\\}|\\$(apr1|1|2y\\$04|x)\\$)?[./0-9A-Za-z$=]{0,60}") {
            verify("pw", &noted);
        }
    }
}
