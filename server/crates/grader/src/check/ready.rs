//! `ready`: a status condition of an object, reached within the check's time and held for a while.

use std::{sync::Arc, time::Duration};

use k8s_openapi::api::core::v1::Pod;
use podlab_exercises::{cel::Variables, content::check::Ready};
use serde_json::Value;

use super::{Finding, Look, object};
use crate::observe::{
    container::missing,
    diagnosis::diagnose,
    prospect::{Prospect, statuses},
    scene::pod,
};

pub(super) async fn look(spec: &Ready, look: &Look<'_>) -> Finding {
    let object = match current(spec, look).await {
        Ok(object) => object,
        Err(finding) => return finding,
    };
    if !holds(&object, spec.condition()) {
        return unready(spec, &object, look).await;
    }
    stays(spec, &object, look).await
}

async fn current(spec: &Ready, look: &Look<'_>) -> Result<Arc<Value>, Finding> {
    let mut objects = object::all(spec.kind(), look.scene).await?;
    objects.remove(spec.name()).ok_or_else(|| {
        let others = objects.keys().map(String::as_str);
        let message = missing(spec.kind(), spec.name(), others, look.scene);
        // Everything that was handed in is applied before the first look: what a controller makes may still come.
        if spec.kind() == "Pod" { Finding::fail_for_good(message, None) } else { Finding::fail(message) }
    })
}

fn holds(object: &Value, condition: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    let is_true = |c: &Value| c["type"] == condition && c["status"] == "True";
    conditions.is_some_and(|conditions| conditions.iter().any(is_true))
}

/// Watches for as long as asked that the condition holds and no container starts anew.
async fn stays(spec: &Ready, first: &Value, look: &Look<'_>) -> Finding {
    let Some(mut seen) = look.scene.objects(spec.kind()) else {
        return Finding::Pass { observed: None };
    };
    let clock = look.clock();
    let until = clock.uptime().saturating_add(spec.lasting());
    let starts = |object: &Value| pod(object).as_ref().map(restarts);
    let before = starts(first);
    while clock.uptime() < until {
        tokio::select! {
            _ = seen.changed() => {}
            () = clock.sleep_until(until) => break,
        }
        let now = seen.borrow_and_update().objects.get(spec.name()).cloned();
        let Some(now) = now else {
            return Finding::fail(format!("{} {} was there and is gone.", spec.kind(), spec.name()));
        };
        if !holds(&now, spec.condition()) || starts(&now) != before {
            return broke(spec, &now, look).await;
        }
    }
    Finding::Pass { observed: None }
}

/// How often the Pod's containers were started anew, together.
fn restarts(pod: &Pod) -> i32 {
    statuses(pod).iter().map(|status| status.restart_count).sum()
}

/// What is told of an object that does not have the condition.
async fn unready(spec: &Ready, object: &Value, look: &Look<'_>) -> Finding {
    let Some(pod) = pod(object).filter(|_| spec.kind() == "Pod") else {
        let status = &object["status"]["conditions"];
        let usual = format!("{} {} is not {}.", spec.kind(), spec.name(), spec.condition());
        let message = look.words(&Variables::from([("object", object.clone())]), usual);
        return Finding::fail_seeing(message, crate::observe::excerpt(&status.to_string()));
    };
    let over = Prospect::of(&pod) == Prospect::Over || look.scene.is_hopeless(spec.name());
    let ends = over || look.clock().uptime() >= look.deadline;
    // A diagnosis asks the cluster, so it is made once, at the end.
    let why = if ends { diagnose(&pod, look.scene).await } else { String::new() };
    told(spec, &pod, object, &why, over, look)
}

/// What is told of an object that had the condition and lost it.
async fn broke(spec: &Ready, object: &Value, look: &Look<'_>) -> Finding {
    let Some(pod) = pod(object).filter(|_| spec.kind() == "Pod") else {
        return Finding::fail(format!(
            "{} {} was {} and is not any more.",
            spec.kind(),
            spec.name(),
            spec.condition()
        ));
    };
    let why = diagnose(&pod, look.scene).await;
    let seconds = Duration::as_secs(&spec.lasting());
    let why = format!("It was ready, but not for {seconds} s without a container starting anew. {why}");
    told(spec, &pod, object, &why, Prospect::of(&pod) == Prospect::Over, look)
}

fn told(spec: &Ready, pod: &Pod, object: &Value, why: &str, last: bool, look: &Look<'_>) -> Finding {
    let usual = format!("Pod {} is not ready. {why}", spec.name());
    let message = look.words(&Variables::from([("object", object.clone())]), usual);
    let states: Vec<String> = statuses(pod)
        .iter()
        .map(|status| {
            let state = serde_json::to_value(&status.state).unwrap_or(Value::Null);
            let name = state.as_object().and_then(|state| state.iter().find(|(_, value)| !value.is_null()));
            let state = name.map_or("waiting", |(name, _)| name.as_str());
            format!("{}: {state}, started anew {} times", status.name, status.restart_count)
        })
        .collect();
    Finding::Fail { message: message.trim_end().to_owned(), observed: Some(states.join("\n")), last }
}
