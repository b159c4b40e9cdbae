//! The JSON API: the routes of [`podlab_app::api::Api`], each a thin shell around the lab.

use axum::{
    Extension, Json,
    extract::{FromRequest, Path, Request, State, rejection::JsonRejection, rejection::PathRejection},
    http::StatusCode,
};
use podlab_app::api::{
    Api as _, ApiError, Catalogue, Draft, ExercisePage, Hint, ProgressPage, Status, Submission,
};

use super::{errors::Refusal, learner::Learner};
use crate::lab::{Lab, LearnersLab};

type Answer<T> = Result<Json<T>, Refusal>;

fn lab(lab: Lab, learner: Learner) -> LearnersLab {
    lab.of(learner.0, "page")
}

/// `GET /status`
pub(super) async fn status(State(all): State<Lab>, Extension(learner): Extension<Learner>) -> Answer<Status> {
    Ok(Json(lab(all, learner).status().await?))
}

/// `GET /catalogue`
pub(super) async fn catalogue(
    State(all): State<Lab>,
    Extension(learner): Extension<Learner>,
) -> Answer<Catalogue> {
    Ok(Json(lab(all, learner).catalogue().await?))
}

/// `GET /exercises/{name}`
pub(super) async fn exercise(
    State(all): State<Lab>,
    Extension(learner): Extension<Learner>,
    Path(name): Path<String>,
) -> Answer<ExercisePage> {
    Ok(Json(lab(all, learner).exercise(&name).await?))
}

/// `PUT /exercises/{name}/draft`
pub(super) async fn save_draft(
    State(all): State<Lab>,
    Extension(learner): Extension<Learner>,
    Path(name): Path<String>,
    Body(draft): Body<Draft>,
) -> Answer<()> {
    Ok(Json(lab(all, learner).save_draft(&name, draft).await?))
}

/// `POST /exercises/{name}/submissions`
pub(super) async fn submit(
    State(all): State<Lab>,
    Extension(learner): Extension<Learner>,
    Path(name): Path<String>,
    Body(draft): Body<Draft>,
) -> Result<(StatusCode, Json<Submission>), Refusal> {
    Ok((StatusCode::ACCEPTED, Json(lab(all, learner).submit(&name, draft).await?)))
}

/// `GET /exercises/{name}/checks/{check}/hints/{number}`
pub(super) async fn hint(
    State(all): State<Lab>,
    Extension(learner): Extension<Learner>,
    path: Result<Path<(String, String, usize)>, PathRejection>,
) -> Answer<Hint> {
    let Path((name, check, number)) = path?;
    Ok(Json(lab(all, learner).hint(&name, &check, number).await?))
}

/// `POST /exercises/{name}/give-up`
pub(super) async fn give_up(
    State(all): State<Lab>,
    Extension(learner): Extension<Learner>,
    Path(name): Path<String>,
) -> Answer<ExercisePage> {
    Ok(Json(lab(all, learner).give_up(&name).await?))
}

/// `POST /exercises/{name}/reset`
pub(super) async fn reset(
    State(all): State<Lab>,
    Extension(learner): Extension<Learner>,
    Path(name): Path<String>,
) -> Answer<ExercisePage> {
    Ok(Json(lab(all, learner).reset(&name).await?))
}

/// `GET /submissions/{id}`
pub(super) async fn submission(
    State(all): State<Lab>,
    Extension(learner): Extension<Learner>,
    path: Result<Path<i64>, PathRejection>,
) -> Answer<Submission> {
    let Path(id) = path?;
    Ok(Json(lab(all, learner).submission(id).await?))
}

/// `GET /progress`
pub(super) async fn progress(
    State(all): State<Lab>,
    Extension(learner): Extension<Learner>,
) -> Answer<ProgressPage> {
    Ok(Json(lab(all, learner).progress().await?))
}

/// Any other path.
pub(super) async fn not_found() -> Refusal {
    let message = "There is nothing at this address of the API; app/src/api.rs lists what there is.".into();
    Refusal(ApiError { status: StatusCode::NOT_FOUND.as_u16(), message })
}

/// Any other method.
pub(super) async fn method_not_allowed() -> Refusal {
    let message = "This address of the API does not take this method.".into();
    Refusal(ApiError { status: StatusCode::METHOD_NOT_ALLOWED.as_u16(), message })
}

/// A JSON body whose faults are said as the API says errors.
pub(super) struct Body<T>(T);

impl<T, S> FromRequest<S> for Body<T>
where
    Json<T>: FromRequest<S, Rejection = JsonRejection>,
    S: Send + Sync,
{
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let Json(body) = Json::from_request(request, state).await?;
        Ok(Self(body))
    }
}
