//! The HTML document around the pages.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

use crate::App;

/// Runs before the first paint, so that what the learner chose earlier (theme, width of columns) does not flash.
const BOOT: &str = include_str!("boot.js");

/// The whole document, as `leptos_axum` renders it for every route and for what no route knows.
///
/// It sends the Content-Security-Policy itself, because only here is known what the page carries inline.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    #[cfg(feature = "ssr")]
    security::send_policy();
    let pkg = format!("/{}", options.site_pkg_dir);
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <script nonce=use_nonce()>{BOOT}</script>
                <link rel="stylesheet" href=format!("{pkg}/{}.css", options.output_name)/>
                <link rel="icon" type="image/svg+xml" href=format!("{pkg}/favicon.svg")/>
                <HydrationScripts options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

#[cfg(feature = "ssr")]
mod security {
    use http::{HeaderValue, header};
    use leptos::{nonce::use_nonce, prelude::use_context};
    use leptos_axum::ResponseOptions;

    /// Everything comes from podlab itself: no other origin, no inline code but what carries the nonce.
    pub(super) fn send_policy() {
        let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else { return };
        let policy = format!(
            "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; \
             style-src 'self' 'nonce-{nonce}'; connect-src 'self'; form-action 'self'; object-src 'none'; \
             base-uri 'none'; frame-ancestors 'none'"
        );
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
    }
}
