//! What guards every answer: headers, and that a page of another site changes nothing here.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use podlab_app::api::ApiError;

use super::errors;

/// The policy of answers that are not pages; pages get [`podlab_app::page_policy`] with their nonce.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Headers that every answer has.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "same-origin");
    set(header::X_FRAME_OPTIONS, "DENY");
    // What a learner sees is theirs: no cache keeps it for somebody else.
    set(header::CACHE_CONTROL, "no-store");
    response
}

/// Files whose names stay while their content changes.
pub(super) async fn revalidate(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Refuses what another site's page makes a browser send. `SameSite=Lax` keeps the cookie away from such requests
/// already; this also keeps sites on other ports of the same host out, which count as the same site.
pub(super) async fn same_origin(request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && is_foreign(request.headers()) {
        let error = ApiError {
            status: StatusCode::FORBIDDEN.as_u16(),
            message: "This request comes from another site; open podlab's own page.".into(),
        };
        return errors::Refusal(error).into_response();
    }
    next.run(request).await
}

/// Browsers say where a request comes from; programs such as curl say nothing and are let through.
fn is_foreign(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), Some(host)) => origin.split_once("://").is_none_or(|(_, authority)| authority != host),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn the_pages_own_requests_pass() {
        assert!(!is_foreign(&headers(&[("sec-fetch-site", "same-origin")])));
        assert!(!is_foreign(&headers(&[("origin", "http://lab:3000"), ("host", "lab:3000")])));
        assert!(!is_foreign(&headers(&[("host", "lab:3000")])));
    }

    #[test]
    fn other_sites_and_other_ports_do_not() {
        assert!(is_foreign(&headers(&[("sec-fetch-site", "cross-site")])));
        assert!(is_foreign(&headers(&[("sec-fetch-site", "same-site")])));
        assert!(is_foreign(&headers(&[("origin", "http://lab:4000"), ("host", "lab:3000")])));
        assert!(is_foreign(&headers(&[("origin", "null"), ("host", "lab:3000")])));
    }
}
