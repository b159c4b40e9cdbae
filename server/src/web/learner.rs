//! Who asks: a learner is known by a random key in a signed cookie, given with the first answer. No account, no name.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use cookie::{Cookie, CookieJar, Key, SameSite, time::Duration};

use crate::database::Database;

const COOKIE: &str = "podlab";

/// The key that signs cookies. It is made once and kept in the database, so learners stay known over a restart.
#[derive(Clone)]
pub struct CookieKey(Key);

impl CookieKey {
    /// The key of this installation.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn of(database: &Database) -> crate::database::Result<Self> {
        let bytes = database.setting_or_else("cookie-key", || Key::generate().master().to_vec()).await?;
        Key::try_from(&bytes[..])
            .map(Self)
            .map_err(|_| crate::database::DatabaseError::Value("the setting cookie-key is too short".into()))
    }
}

/// The learner that a request comes from: the key in their cookie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Learner(pub(crate) String);

/// Reads the cookie, or gives one.
pub(super) async fn recognise(State(key): State<CookieKey>, mut request: Request, next: Next) -> Response {
    let known = read(request.headers(), &key);
    let is_new = known.is_none();
    let learner = known.unwrap_or_else(|| Learner(format!("{:032x}", rand::random::<u128>())));
    let secure = request.headers().get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    request.extensions_mut().insert(learner.clone());
    let mut response = next.run(request).await;
    if is_new && let Ok(value) = HeaderValue::from_str(&write(&learner, &key, secure)) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

fn read(headers: &HeaderMap, CookieKey(key): &CookieKey) -> Option<Learner> {
    let mut jar = CookieJar::new();
    for header in headers.get_all(header::COOKIE) {
        for cookie in Cookie::split_parse(header.to_str().ok()?.to_owned()).flatten() {
            jar.add_original(cookie);
        }
    }
    jar.signed(key).get(COOKIE).map(|cookie| Learner(cookie.value().to_owned()))
}

fn write(Learner(learner): &Learner, CookieKey(key): &CookieKey, secure: bool) -> String {
    let cookie = Cookie::build((COOKIE, learner.clone()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure)
        .max_age(Duration::days(400));
    let mut jar = CookieJar::new();
    jar.signed_mut(key).add(cookie);
    jar.get(COOKIE).map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(cookie: &str) -> HeaderMap {
        let value = cookie.split(';').next().unwrap();
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_cookie_that_was_given_is_recognised() {
        let key = CookieKey(Key::generate());
        let learner = Learner("abc".into());
        let cookie = write(&learner, &key, false);
        assert_eq!(read(&header(&cookie), &key), Some(learner));
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && !cookie.contains("Secure"));
    }

    #[test]
    fn a_forged_or_foreign_cookie_is_nobody() {
        let key = CookieKey(Key::generate());
        let cookie = write(&Learner("abc".into()), &CookieKey(Key::generate()), false);
        assert_eq!(read(&header(&cookie), &key), None);
        assert_eq!(read(&header("podlab=abc"), &key), None);
        assert_eq!(read(&header("podlab="), &key), None);
        assert_eq!(read(&HeaderMap::new(), &key), None);
    }

    #[test]
    fn behind_https_the_cookie_is_secure() {
        assert!(write(&Learner("abc".into()), &CookieKey(Key::generate()), true).contains("Secure"));
    }
}
