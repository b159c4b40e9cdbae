//! `logs`: what a container prints.

use std::time::Duration;

use kube::ResourceExt;
use podlab_exercises::{
    cel::{MAX_ITEMS, Variables},
    content::check::Logs,
};
use serde_json::{Value, json};

use super::{Finding, Look};
use crate::observe::{
    container::{find_container, find_pod},
    diagnosis::not_running,
    excerpt,
    logs::{LogError, logs},
};

pub(super) async fn look(spec: &Logs, look: &Look<'_>) -> Finding {
    match read(spec, look).await {
        Ok(finding) | Err(finding) => finding,
    }
}

async fn read(spec: &Logs, look: &Look<'_>) -> Result<Finding, Finding> {
    let mut text = text(spec, look).await?;
    let mut variables = variables(&text);
    if let Some(again) = spec.again {
        look.clock().sleep(Duration::from(again)).await;
        let earlier = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        text = self::text(spec, look).await?;
        variables = self::variables(&text);
        variables.insert("earlier", Value::Object(earlier));
    }
    let seen = if text.trim().is_empty() { "an empty log".to_owned() } else { excerpt(&text) };
    Ok(look.judge(&variables, false, Some(seen.clone()), || format!("The log says: {seen}")))
}

fn variables(text: &str) -> Variables {
    let lines: Vec<&str> = text.lines().collect();
    let last = &lines[lines.len().saturating_sub(MAX_ITEMS)..];
    Variables::from([("text", json!(text)), ("lines", json!(last))])
}

async fn text(spec: &Logs, look: &Look<'_>) -> Result<String, Finding> {
    let pod = find_pod(&spec.pod, look.scene).await?;
    let container = find_container(&pod, spec.container.as_deref())?;
    match logs(&pod.name_any(), container, spec.previous, look.scene).await {
        Ok(text) => Ok(text),
        Err(LogError::None(_)) => Err(not_running(container, &pod, "has no log", look.scene).await),
        Err(LogError::Cluster(message)) => Err(Finding::error(message)),
    }
}
