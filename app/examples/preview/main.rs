//! The pages over made-up answers: to look at each state that they can be in, without a cluster.
//!
//! `cargo run -p podlab-app --features ssr --example preview [PORT]`, after `cargo xtask build` has made what the
//! browser loads. Nothing is graded here: a comment in the manifest chooses what comes back, see `grading.rs`.

#![expect(clippy::print_stdout, reason = "a command-line tool")]

mod content;
mod fixture;
mod grading;
mod routes;

use std::{error::Error, sync::Arc};

use axum::Router;
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes, generate_route_list};
use podlab_app::{App, api::Api, shell};
use tower_http::services::ServeDir;

use crate::fixture::Fixture;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::args().nth(1).map_or(Ok(3000), |port| port.parse())?;
    let options = LeptosOptions::builder().output_name("podlab").site_root("target/site").build();
    let fixture = Arc::new(Fixture::default());
    let provide = {
        let fixture = fixture.clone();
        move || provide_context::<Arc<dyn Api>>(fixture.clone())
    };
    let pages = generate_route_list(App);
    let (render, shown) = (options.clone(), options.clone());
    let app = Router::new()
        .merge(routes::routes(fixture))
        .nest_service("/pkg", ServeDir::new("target/site/pkg"))
        .leptos_routes_with_context(&options, pages, provide.clone(), move || shell(render.clone()))
        .fallback(leptos_axum::render_app_async_with_context(provide, move || shell(shown.clone())))
        .with_state(options);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
