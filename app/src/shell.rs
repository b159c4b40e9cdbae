//! The HTML document around the pages.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

use crate::App;

/// Runs before the first paint, so that what the learner chose earlier (theme, width of columns) does not flash.
const BOOT: &str = include_str!("boot.js");

/// The whole document, as `leptos_axum` renders it for every route and for what no route knows.
pub fn shell(options: LeptosOptions) -> impl IntoView {
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

/// The Content-Security-Policy that a server sends with the document, for the nonce of that very answer: everything
/// comes from podlab itself, no other origin, and nothing inline runs but what carries the nonce.
#[must_use]
pub fn page_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}
