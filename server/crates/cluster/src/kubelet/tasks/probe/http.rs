//! An HTTP GET: a status from 200 to 399 is a success.

use k8s_openapi::api::core::v1::HTTPGetAction;

use super::Probing;
use crate::kubelet::{
    pod::ProbeOutcome,
    tasks::http::{self, Get},
};

/// How many redirects within the host are followed.
const MAX_REDIRECTS: usize = 10;

pub(super) async fn probe(probing: &Probing<'_>, action: &HTTPGetAction) -> ProbeOutcome {
    let seat = probing.seat;
    let ip = seat.state().pod_ips.first().cloned().unwrap_or_default();
    let mut request = match Get::new(probing.container, action, &ip) {
        Ok(request) => request,
        Err(error) => return ProbeOutcome::Error(error),
    };
    let agent = format!("kube-probe/1.{}", seat.facts.client.config().version.minor);
    for _ in 0..=MAX_REDIRECTS {
        let answer = match http::get(seat, &request, &agent, probing.timeout).await {
            Ok(answer) => answer,
            Err(error) => return ProbeOutcome::Failure(error),
        };
        match (answer.status, answer.location) {
            (301 | 302 | 303 | 307 | 308, Some(location)) => match local(&location, &request) {
                Some(path) => request = request.at(&path),
                None => {
                    let text = format!("Probe terminated redirects, Response body: {}", answer.body);
                    return ProbeOutcome::Warning(text);
                }
            },
            (200..400, _) => return ProbeOutcome::Success,
            (status, _) => {
                return ProbeOutcome::Failure(format!("HTTP probe failed with statuscode: {status}"));
            }
        }
    }
    ProbeOutcome::Failure(format!("Get \"{}\": stopped after 10 redirects", request.url()))
}

/// The path of a redirect that stays on the host.
fn local(location: &str, request: &Get) -> Option<String> {
    if location.starts_with('/') && !location.starts_with("//") {
        return Some(location.to_owned());
    }
    let (_, rest) = location.split_once("://")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    (host == request.host()).then(|| format!("/{path}"))
}
