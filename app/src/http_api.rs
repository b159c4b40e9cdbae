//! The browser's side of [`Api`]: the JSON API under `/api/v1`.

use std::future::Future;

use gloo_net::http::{Method, Request, RequestBuilder, Response};
use send_wrapper::SendWrapper;
use serde::{Serialize, de::DeserializeOwned};

use crate::api::{
    Api, ApiError, ApiFuture, Catalogue, Draft, ExercisePage, Hint, ProgressPage, Status, Submission,
};

/// Asks the server that sent the page.
pub(crate) struct HttpApi;

impl Api for HttpApi {
    fn status(&self) -> ApiFuture<'_, Status> {
        get("/status".into())
    }

    fn catalogue(&self) -> ApiFuture<'_, Catalogue> {
        get("/catalogue".into())
    }

    fn exercise(&self, name: &str) -> ApiFuture<'_, ExercisePage> {
        get(format!("/exercises/{}", segment(name)))
    }

    fn save_draft(&self, name: &str, draft: Draft) -> ApiFuture<'_, ()> {
        let url = format!("/exercises/{}/draft", segment(name));
        on_one_thread(async move { send(Method::PUT, &url, Some(&draft)).await.map(drop) })
    }

    fn submit(&self, name: &str, draft: Draft) -> ApiFuture<'_, Submission> {
        let url = format!("/exercises/{}/submissions", segment(name));
        on_one_thread(async move { read(send(Method::POST, &url, Some(&draft)).await?).await })
    }

    fn hint(&self, name: &str, check: &str, number: usize) -> ApiFuture<'_, Hint> {
        get(format!("/exercises/{}/checks/{}/hints/{number}", segment(name), segment(check)))
    }

    fn give_up(&self, name: &str) -> ApiFuture<'_, ExercisePage> {
        post(format!("/exercises/{}/give-up", segment(name)))
    }

    fn reset(&self, name: &str) -> ApiFuture<'_, ExercisePage> {
        post(format!("/exercises/{}/reset", segment(name)))
    }

    fn submission(&self, id: i64) -> ApiFuture<'_, Submission> {
        get(format!("/submissions/{id}"))
    }

    fn progress(&self) -> ApiFuture<'_, ProgressPage> {
        get("/progress".into())
    }
}

fn get<T: DeserializeOwned + 'static>(url: String) -> ApiFuture<'static, T> {
    on_one_thread(async move { read(send::<()>(Method::GET, &url, None).await?).await })
}

fn post<T: DeserializeOwned + 'static>(url: String) -> ApiFuture<'static, T> {
    on_one_thread(async move { read(send::<()>(Method::POST, &url, None).await?).await })
}

/// What the browser hands out is bound to its one thread, which is also the only one there is.
fn on_one_thread<T: 'static>(
    future: impl Future<Output = Result<T, ApiError>> + 'static,
) -> ApiFuture<'static, T> {
    Box::pin(SendWrapper::new(future))
}

async fn send<B: Serialize>(method: Method, url: &str, body: Option<&B>) -> Result<Response, ApiError> {
    let request = RequestBuilder::new(&format!("/api/v1{url}")).method(method);
    let request: Result<Request, _> = match body {
        Some(body) => request.json(body),
        None => request.build(),
    };
    let response = request.map_err(unsent)?.send().await.map_err(|_| no_connection())?;
    if response.ok() { Ok(response) } else { Err(refusal(&response).await) }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, ApiError> {
    let text = response.text().await.map_err(|_| no_connection())?;
    serde_json::from_str(&text).map_err(|_| ApiError {
        status: response.status(),
        message:
            "podlab answered with something that this page does not understand. Reload the page: it may be \
                  older than the server."
                .into(),
    })
}

async fn refusal(response: &Response) -> ApiError {
    let status = response.status();
    let said = response.text().await.unwrap_or_default();
    serde_json::from_str(&said).unwrap_or_else(|_| ApiError {
        status,
        message: format!("podlab answered with status {status} and no reason. Try again in a moment."),
    })
}

fn unsent(error: gloo_net::Error) -> ApiError {
    ApiError { status: 400, message: format!("The browser could not send this: {error}") }
}

fn no_connection() -> ApiError {
    ApiError {
        status: ApiError::NO_CONNECTION,
        message: "podlab does not answer. Check that it is running, then try again.".into(),
    }
}

fn segment(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}
