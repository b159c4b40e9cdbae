//! The pages over made-up answers: to look at each state that they can be in, without a cluster.
//!
//! `cargo run -p podlab-app --features ssr --example preview [PORT [SITE]]`, after `cargo xtask build` has made what the
//! browser loads (SITE, `target/site` if not named). Nothing is graded here: a comment in the manifest chooses what comes back, see `grading.rs`.

#![expect(clippy::print_stdout, reason = "a command-line tool")]

mod content;
mod fixture;
mod grading;
mod routes;

use std::{error::Error, path::Path, sync::Arc};

use axum::{
    Router,
    http::{HeaderValue, header},
};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};
use podlab_app::{App, api::Api, page_policy, shell};
use tower_http::services::ServeDir;

use crate::fixture::Fixture;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().map_or(Ok(3000), |port| port.parse())?;
    let site = arguments.next().unwrap_or_else(|| "target/site".into());
    let options = LeptosOptions::builder().output_name("podlab").build();
    let fixture = Arc::new(Fixture::default());
    let provide = {
        let fixture = fixture.clone();
        move || {
            provide_context::<Arc<dyn Api>>(fixture.clone());
            send_policy();
        }
    };
    let pages = generate_route_list(App);
    let (render, shown) = (options.clone(), options.clone());
    let app = Router::new()
        .merge(routes::routes(fixture))
        .nest_service("/pkg", ServeDir::new(Path::new(&site).join("pkg")))
        .leptos_routes_with_context(&options, pages, provide.clone(), move || shell(render.clone()))
        .fallback(leptos_axum::render_app_async_with_context(provide, move || shell(shown.clone())))
        .with_state(options);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

/// The same policy as podlab sends, so that what breaks it shows here too.
fn send_policy() {
    if let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>())
        && let Ok(policy) = HeaderValue::from_str(&page_policy(&nonce))
    {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}
