//! The one place where errors become answers: what a person can act on is said, the rest is logged.

use axum::{
    Json,
    extract::rejection::{FormRejection, JsonRejection, PathRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use podlab_app::api::ApiError;

/// An [`ApiError`] as an answer.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) ApiError);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.0)).into_response()
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        refuse(rejection.status(), &rejection.body_text())
    }
}

impl From<FormRejection> for Refusal {
    fn from(rejection: FormRejection) -> Self {
        refuse(rejection.status(), &rejection.body_text())
    }
}

impl From<PathRejection> for Refusal {
    fn from(rejection: PathRejection) -> Self {
        refuse(rejection.status(), &rejection.body_text())
    }
}

fn refuse(status: StatusCode, said: &str) -> Refusal {
    let message = if status == StatusCode::PAYLOAD_TOO_LARGE {
        crate::lab::too_large()
    } else {
        format!("The request is not what podlab expects: {said}")
    };
    Refusal(ApiError { status: status.as_u16(), message })
}
