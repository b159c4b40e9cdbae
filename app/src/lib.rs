#![doc = include_str!("../README.md")]
#![recursion_limit = "512"]
#![expect(unreachable_pub, reason = "what #[component] generates is `pub`, whatever the component is")]

pub mod api;
mod app;
mod browser;
mod components;
#[cfg(feature = "hydrate")]
mod http_api;
mod routes;
mod shell;

pub use app::App;
pub use shell::{page_policy, shell};

/// Takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    use std::sync::Arc;

    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(|| {
        leptos::context::provide_context::<Arc<dyn api::Api>>(Arc::new(http_api::HttpApi));
        leptos::prelude::view! { <App/> }
    });
}
