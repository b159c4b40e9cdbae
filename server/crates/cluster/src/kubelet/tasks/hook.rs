//! The lifecycle hooks of a container. See "Container Lifecycle Hooks" in Kubernetes' documentation.

use std::time::Duration;

use k8s_openapi::api::core::v1::LifecycleHandler;

use super::{
    exec::{self, ExecError},
    http,
};
use crate::{
    go_text,
    kubelet::{
        pod::{Hook, Manifest, Place},
        seat::Seat,
    },
};

/// How much a hook may print.
const OUTPUT_LIMIT: usize = 16 * 1024;

/// How long an HTTP hook may take.
const HTTP_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs a hook. The error is the message that the container's status shows.
pub(super) async fn run(
    seat: &Seat,
    manifest: &Manifest,
    place: Place,
    instance: &str,
    hook: Hook,
) -> Result<(), String> {
    let Some(container) = manifest.container(place) else { return Ok(()) };
    let lifecycle = container.lifecycle.as_ref();
    let handler: Option<&LifecycleHandler> = lifecycle.and_then(|lifecycle| match hook {
        Hook::PostStart => lifecycle.post_start.as_ref(),
        Hook::PreStop => lifecycle.pre_stop.as_ref(),
    });
    let (Some(handler), Some(id)) = (handler, seat.instance(instance)) else { return Ok(()) };
    let failed = |kind: &str, what: &str, error: &str, output: &[u8]| {
        Err(format!(
            "{kind} lifecycle hook ({what}) for Container {} in Pod {} failed - error: {error}, message: {}",
            go_text::quote(&container.name),
            go_text::quote(&manifest.full_name()),
            go_text::quote(&String::from_utf8_lossy(output)),
        ))
    };
    if let Some(action) = &handler.exec {
        let argv = action.command.clone().unwrap_or_default();
        let env = seat.facts.client.env();
        let ran = exec::run(&seat.facts.node, env, &id, argv.clone(), None, OUTPUT_LIMIT).await;
        let list = go_text::list(&argv);
        return match ran {
            Ok(output) if output.code == 0 => Ok(()),
            Ok(output) => {
                let stderr = String::from_utf8_lossy(&output.stderr);
                let error = format!("command '{}' exited with {}: {stderr}", argv.join(" "), output.code);
                let printed = [output.stdout.as_slice(), &output.stderr].concat();
                failed("Exec", &list, &error, &printed)
            }
            Err(ExecError::Start(error)) => failed("Exec", &list, &error, b""),
            Err(ExecError::TimedOut) => failed("Exec", &list, "command timed out", b""),
        };
    }
    if let Some(action) = &handler.http_get {
        let path = action.path.clone().unwrap_or_default();
        let ip = seat.state().pod_ips.first().cloned().unwrap_or_default();
        let request = match http::Get::new(container, action, &ip) {
            Ok(request) => request,
            Err(error) => return failed("HTTP", &path, &error, b""),
        };
        return match http::get(seat, &request, "kube-lifecycle/1.36", HTTP_TIMEOUT).await {
            Ok(answer) if (200..400).contains(&answer.status) => Ok(()),
            Ok(answer) => {
                let error = format!("HTTP probe failed with statuscode: {}", answer.status);
                failed("HTTP", &path, &error, answer.body.as_bytes())
            }
            Err(error) => failed("HTTP", &path, &error, b""),
        };
    }
    if let Some(action) = &handler.sleep {
        let seconds = u64::try_from(action.seconds).unwrap_or_default();
        seat.facts.client.sleep(Duration::from_secs(seconds)).await;
        return Ok(());
    }
    Err("Cannot run handler: invalid handler".to_owned())
}
