//! Tokens of service accounts: JSON Web Tokens (RFC 7519), signed and checked by this cluster alone.
//!
//! They are what `pods` find under `/var/run/secrets/kubernetes.io/serviceaccount/token` and what `kubectl create token`
//! prints. The key comes from the cluster's seed: a token is worth nothing in another cluster, and whoever has a cluster
//! is its administrator anyway.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Who issues tokens, and whom they are for where nothing else is said.
pub(crate) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// `{"alg":"HS256","typ":"JWT"}`
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// Longer texts are no tokens of ours.
const MAX_LENGTH: usize = 8192;

/// The signing key of a cluster.
pub(crate) struct Tokens {
    key: [u8; 32],
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) aud: Vec<String>,
    /// When it ends, in seconds since 1970; so are the other times.
    pub(crate) exp: i64,
    pub(crate) iat: i64,
    pub(crate) iss: String,
    pub(crate) jti: String,
    #[serde(rename = "kubernetes.io")]
    pub(crate) kubernetes: Binding,
    pub(crate) nbf: i64,
    /// `system:serviceaccount:NAMESPACE:NAME`.
    pub(crate) sub: String,
}

/// What a token belongs to: it ends with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Binding {
    pub(crate) namespace: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pod: Option<Named>,
    pub(crate) serviceaccount: Named,
}

/// An object's name and uid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) uid: String,
}

impl Tokens {
    pub(crate) fn new(seed: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"podlab service account tokens");
        hash.update(seed.to_le_bytes());
        Self { key: hash.finalize().into() }
    }

    /// Signs a token.
    pub(crate) fn sign(&self, claims: &Claims) -> String {
        // Strings and numbers always serialize.
        let payload = serde_json::to_vec(claims).unwrap_or_default();
        let text = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(payload));
        let signature = self.mac(&text).finalize().into_bytes();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Reads a token that this cluster signed and that is good now.
    ///
    /// # Errors
    ///
    /// Why it is refused.
    pub(crate) fn check(&self, token: &str, now: Timestamp) -> Result<Claims, &'static str> {
        const MALFORMED: &str = "the token is malformed";
        if token.len() > MAX_LENGTH {
            return Err(MALFORMED);
        }
        let (text, signature) = token.rsplit_once('.').ok_or(MALFORMED)?;
        let payload = text.strip_prefix(HEADER).and_then(|rest| rest.strip_prefix('.')).ok_or(MALFORMED)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| MALFORMED)?;
        self.mac(text).verify_slice(&signature).map_err(|_| "the token's signature is wrong")?;
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| MALFORMED)?;
        let claims: Claims = serde_json::from_slice(&payload).map_err(|_| MALFORMED)?;
        let second = now.as_second();
        if second >= claims.exp {
            return Err("the token has expired");
        }
        Ok(claims)
    }

    fn mac(&self, text: &str) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key");
        mac.update(text.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(exp: i64) -> Claims {
        Claims {
            aud: vec![ISSUER.to_owned()],
            exp,
            iat: 100,
            iss: ISSUER.to_owned(),
            jti: "id".to_owned(),
            kubernetes: Binding {
                namespace: "lab".to_owned(),
                pod: None,
                serviceaccount: Named { name: "default".to_owned(), uid: "u".to_owned() },
            },
            nbf: 100,
            sub: "system:serviceaccount:lab:default".to_owned(),
        }
    }

    #[test]
    fn a_token_is_good_until_it_ends_and_only_in_its_cluster() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let (own, other) = (Tokens::new(1), Tokens::new(2));
        let token = own.sign(&claims(200));
        assert_eq!(own.check(&token, at(199)), Ok(claims(200)));
        assert_eq!(own.check(&token, at(200)), Err("the token has expired"));
        assert_eq!(other.check(&token, at(150)), Err("the token's signature is wrong"));
        for bad in ["", "a.b.c", &format!("{HEADER}..")] {
            assert!(own.check(bad, at(150)).is_err(), "{bad}");
        }
    }
}
