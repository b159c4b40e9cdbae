//! `http`: what answers at a port of a Pod or a Service.

use std::time::Duration;

use kube::ResourceExt;
use podlab_exercises::{
    cel::Variables,
    content::check::{Container, Http, PodRef, Port},
};
use serde_json::{Map, Value, json};

use super::{Finding, Look, object};
use crate::observe::{
    container::{find_container, find_pod, missing},
    diagnosis::diagnose,
    excerpt,
    http::{self, Answer, NoAnswer, Question, Target},
    http_inside,
    prospect::Prospect,
};

pub(super) async fn look(spec: &Http, look: &Look<'_>) -> Finding {
    match requests(spec, look).await {
        Ok(finding) | Err(finding) => finding,
    }
}

async fn requests(spec: &Http, look: &Look<'_>) -> Result<Finding, Finding> {
    let mut answer = request(spec, look).await?;
    let mut variables = variables(&answer);
    if let Some(again) = spec.again {
        look.clock().sleep(Duration::from(again)).await;
        let earlier = nested(variables);
        answer = request(spec, look).await?;
        variables = self::variables(&answer);
        variables.insert("earlier", earlier);
    }
    if let Some(other) = &spec.other {
        variables.insert("other", nested(self::variables(&request(other, look).await?)));
    }
    variables.insert("nonce", json!(look.nonce));
    let seen = format!("status {}\n{}", answer.status, excerpt(&answer.text));
    Ok(look.judge(&variables, answer.status == 200, Some(seen), || {
        format!("Port {} answers with status {}: {}", spec.port, answer.status, excerpt(&answer.text))
    }))
}

fn variables(answer: &Answer) -> Variables {
    Variables::from([
        ("status", json!(answer.status)),
        ("text", json!(answer.text)),
        ("json", serde_json::from_str(&answer.text).unwrap_or(Value::Null)),
        ("headers", json!(answer.headers)),
    ])
}

fn nested(variables: Variables) -> Value {
    Value::Object(variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

async fn request(spec: &Http, look: &Look<'_>) -> Result<Answer, Finding> {
    let asked = Asked { pod: spec.pod.as_ref(), service: spec.service.as_ref(), port: &spec.port };
    let question = Question {
        target: target(&asked, look).await?,
        port: spec.port.clone(),
        method: spec.method().to_owned(),
        path: look.with_nonce(spec.path()),
        headers: spec.headers.iter().map(|(name, value)| (name.clone(), look.with_nonce(value))).collect(),
    };
    match ask(&question, spec.from.as_ref(), look).await? {
        Ok(answer) => Ok(answer),
        Err(NoAnswer::Cluster(message)) => Err(Finding::error(message)),
        Err(NoAnswer::Nobody(words)) => Err(nobody(&asked, &words, look).await),
    }
}

/// Whom a check wants to ask.
pub(super) struct Asked<'a> {
    pub(super) pod: Option<&'a PodRef>,
    pub(super) service: Option<&'a String>,
    pub(super) port: &'a Port,
}

/// The Pod or the Service that is asked, which must be there.
pub(super) async fn target(asked: &Asked<'_>, look: &Look<'_>) -> Result<Target, Finding> {
    if let Some(pod) = asked.pod {
        return Ok(Target::Pod(find_pod(pod, look.scene).await?.name_any()));
    }
    let name = asked.service.map(String::as_str).unwrap_or_default();
    let services = object::all("Service", look.scene).await?;
    if !services.contains_key(name) {
        return Err(Finding::fail(missing("Service", name, services.keys().map(String::as_str), look.scene)));
    }
    Ok(Target::Service(name.to_owned()))
}

/// Asks, from outside or from a container.
pub(super) async fn ask(
    question: &Question,
    from: Option<&Container>,
    look: &Look<'_>,
) -> Result<Result<Answer, NoAnswer>, Finding> {
    let Some(from) = from else {
        return Ok(http::ask(question, look.scene).await);
    };
    let pod = find_pod(&from.pod, look.scene).await?;
    let container = find_container(&pod, from.container.as_deref())?;
    Ok(http_inside::ask(question, &pod, container, look.scene).await)
}

/// What is told when nobody answers; for a Pod that does not run, why it does not.
async fn nobody(asked: &Asked<'_>, words: &str, look: &Look<'_>) -> Finding {
    let Some(pod) = asked.pod else {
        let service = asked.service.map(String::as_str).unwrap_or_default();
        let message = format!(
            "Nobody answers at port {} of Service {service}. Either it has no such port, or it leads to no Pod that is \
             ready and listens.",
            asked.port
        );
        return Finding::fail_seeing(message, excerpt(words));
    };
    let why = match find_pod(pod, look.scene).await {
        Ok(pod) if Prospect::of(&pod) != Prospect::Ready => diagnose(&pod, look.scene).await,
        _ => String::new(),
    };
    let message = format!("Nobody answers at port {} of {pod}. {why}", asked.port);
    Finding::fail_seeing(message.trim_end(), excerpt(words))
}
