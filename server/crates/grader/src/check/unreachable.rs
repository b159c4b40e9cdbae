//! `unreachable`: a port that should not answer.

use std::collections::BTreeMap;

use podlab_exercises::{cel::Variables, content::check::Unreachable};
use serde_json::json;

use super::{
    Finding, Look,
    http::{Asked, ask, target},
};
use crate::observe::{
    excerpt,
    http::{NoAnswer, Question},
};

pub(super) async fn look(spec: &Unreachable, look: &Look<'_>) -> Finding {
    match refused(spec, look).await {
        Ok(finding) | Err(finding) => finding,
    }
}

async fn refused(spec: &Unreachable, look: &Look<'_>) -> Result<Finding, Finding> {
    let asked = Asked { pod: spec.pod.as_ref(), service: spec.service.as_ref(), port: &spec.port };
    let question = Question {
        target: target(&asked, look).await?,
        port: spec.port.clone(),
        method: "GET".to_owned(),
        path: "/".to_owned(),
        headers: BTreeMap::new(),
    };
    match ask(&question, spec.from.as_ref(), look).await? {
        Err(NoAnswer::Nobody(words)) => Ok(Finding::Pass { observed: Some(excerpt(&words)) }),
        Err(NoAnswer::Cluster(message)) => Ok(Finding::error(message)),
        Ok(answer) => {
            let variables = Variables::from([("status", json!(answer.status)), ("text", json!(answer.text))]);
            let usual = format!("Port {} answers, which it should not.", spec.port);
            let seen = format!("status {}\n{}", answer.status, excerpt(&answer.text));
            Ok(Finding::fail_seeing(look.words(&variables, usual), seen))
        }
    }
}
