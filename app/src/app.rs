//! The root of all pages: what is on each of them, and which route shows which.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route, Router},
    path,
};

use crate::{
    browser::shortcuts,
    components::{Announcer, Header, LoadingBar, ShortcutHelp, provide_announcer, provide_arrivals},
    routes::{Catalogue, Exercise, NotFound, Progress},
};

/// The application, the same on the server and in the browser.
///
/// It wants an `Arc<dyn Api>` in its context.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_announcer();
    provide_arrivals();
    let (routing, set_routing) = signal(false);

    view! {
        <Title formatter=|title: String| format!("{title} · podlab")/>
        <Router set_is_routing=set_routing>
            // "external": the browser itself moves the focus there, which the router would not.
            <a class="skip-link" href="#main" rel="external">"Skip to the content"</a>
            <LoadingBar active=routing/>
            <Header/>
            <main id="main" tabindex="-1">
                <FlatRoutes fallback=NotFound>
                    // Each page is sent whole: its status depends on what the server knows, and it has to
                    // work without script.
                    <Route path=path!("/") view=Catalogue ssr=SsrMode::Async/>
                    <Route path=path!("/exercises/:name") view=Exercise ssr=SsrMode::Async/>
                    <Route path=path!("/progress") view=Progress ssr=SsrMode::Async/>
                </FlatRoutes>
            </main>
            <ShortcutHelp/>
            <Announcer/>
            <shortcuts::Listen/>
        </Router>
    }
}
