//! Asks a port of a Pod or a Service over HTTP, from outside: through the API server's proxy, which any cluster has.

use std::collections::BTreeMap;

use http::{Request, StatusCode};
use http_body_util::BodyExt;
use kube::client::Body;
use podlab_exercises::content::check::Port;
use serde_json::Value;

use super::{LOOK_WITHIN, MAX_TEXT, container::headers, scene::Scene, text};
use crate::error::explain;

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The Pod of this name.
    Pod(String),
    /// The Service of this name.
    Service(String),
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) target: Target,
    pub(crate) port: Port,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Headers, their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) text: String,
}

/// Why nothing came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// Nobody is there, or nobody answered: in the words of whoever tried.
    Nobody(String),
    /// It could not be asked.
    Cluster(String),
}

/// Asks.
pub(crate) async fn ask(question: &Question, scene: &Scene<'_>) -> Result<Answer, NoAnswer> {
    let asked = through_proxy(question, scene);
    let late = || NoAnswer::Nobody(format!("no answer within {} s", LOOK_WITHIN.as_secs()));
    scene.cluster.clock.within(LOOK_WITHIN, asked).await.unwrap_or_else(|| Err(late()))
}

async fn through_proxy(question: &Question, scene: &Scene<'_>) -> Result<Answer, NoAnswer> {
    let (plural, name) = match &question.target {
        Target::Pod(name) => ("pods", name),
        Target::Service(name) => ("services", name),
    };
    let uri = format!(
        "/api/v1/namespaces/{}/{plural}/{name}:{}/proxy{}",
        scene.namespace, question.port, question.path
    );
    let mut request = Request::builder().method(question.method.as_str()).uri(uri);
    for (name, value) in &question.headers {
        request = request.header(name, value);
    }
    let request = request.body(Body::empty()).map_err(|error| NoAnswer::Cluster(error.to_string()))?;
    let response =
        scene.cluster.client.send(request).await.map_err(|error| NoAnswer::Cluster(explain(&error)))?;
    let (parts, mut body) = response.into_parts();
    let mut kept = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            break; // The answer broke off: what came counts.
        };
        if let Some(data) = frame.data_ref() {
            kept.extend_from_slice(&data[..data.len().min(MAX_TEXT - kept.len())]);
        }
        if kept.len() == MAX_TEXT {
            break;
        }
    }
    let pairs = parts.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let answer = Answer { status: parts.status.as_u16(), headers: headers(pairs), text: text(&kept) };
    of_the_api_server(parts.status, &answer).map_or(Ok(answer), Err)
}

/// Whether an answer is not the application's but the API server's own, which says that it could not reach it.
fn of_the_api_server(status: StatusCode, answer: &Answer) -> Option<NoAnswer> {
    if status.is_success() || status.is_redirection() {
        return None;
    }
    let body: Value = serde_json::from_str(&answer.text).ok()?;
    let is = |key: &str, value: &str| body.get(key).and_then(Value::as_str) == Some(value);
    if !is("kind", "Status") || !is("apiVersion", "v1") || !is("status", "Failure") {
        return None;
    }
    let message = body.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED => {
            NoAnswer::Cluster(message)
        }
        _ => NoAnswer::Nobody(message),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, text: &str) -> Option<NoAnswer> {
        let answer = Answer { status, text: text.to_owned(), ..Answer::default() };
        of_the_api_server(StatusCode::from_u16(status).unwrap(), &answer)
    }

    #[test]
    fn an_error_of_the_application_is_an_answer() {
        assert_eq!(judged(502, "<h1>502 Bad Gateway</h1>"), None);
        assert_eq!(judged(404, "{\"kind\": \"thing\"}"), None);
        assert_eq!(judged(200, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\"}"), None);
    }

    #[test]
    fn an_error_of_the_api_server_is_none() {
        let status = |message: &str| {
            format!(
                "{{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"{message}\"}}"
            )
        };
        let refused = "error trying to reach service: dial tcp 10.0.0.1:80: connect: connection refused";
        assert_eq!(judged(503, &status(refused)), Some(NoAnswer::Nobody(refused.to_owned())));
        assert!(matches!(judged(403, &status("no")), Some(NoAnswer::Cluster(_))));
    }
}
