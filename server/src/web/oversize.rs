//! Bodies past the limit: read to their end and dropped, so that who sent one hears why it is refused.
//!
//! A server that answers and closes while the other side still sends resets the connection, and most clients then
//! report a broken pipe instead of the answer.

use axum::{
    body::Body,
    extract::Request,
    http::header,
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use podlab_app::api::ApiError;

use super::{BODY_LIMIT, errors::Refusal};

/// Past this nobody is waited for any more.
const PATIENCE: usize = 64 << 20;

/// Refuses a body that says beforehand that it is too large.
pub(super) async fn refuse(request: Request, next: Next) -> Response {
    let announced =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    match announced {
        Some(length @ 0..=PATIENCE) if length > BODY_LIMIT => {
            drain(request.into_body()).await;
            Refusal(ApiError { status: 413, message: crate::lab::too_large() }).into_response()
        }
        _ => next.run(request).await,
    }
}

async fn drain(body: Body) {
    let mut chunks = body.into_data_stream();
    while let Some(Ok(_)) = chunks.next().await {}
}
