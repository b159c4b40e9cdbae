//! The gRPC health check: the status of a service, by `grpc.health.v1.Health/Check`. Whatever goes wrong counts as a
//! failure, in the words of the real kubelet, whose client is grpc-go.
//!
//! Source: <https://github.com/grpc/grpc/blob/master/doc/health-checking.md>,
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.

mod call;
mod status;

use std::time::Duration;

use futures::future::{Either, select};
use k8s_openapi::api::core::v1::GRPCAction;
use podlab_node::network::Connection;

use self::call::{Channel, CheckError};
use super::Probing;
use crate::{
    go_text,
    kubelet::{pod::ProbeOutcome, tasks::http},
};

/// After a connection failed, the next is tried after this; each later one after more, up to a limit.
const BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(120);

pub(super) async fn probe(probing: &Probing<'_>, action: &GRPCAction) -> ProbeOutcome {
    let seat = probing.seat;
    let env = seat.facts.client.env();
    let ip = seat.state().pod_ips.first().cloned().unwrap_or_default();
    let Ok(port) = u16::try_from(action.port) else {
        return ProbeOutcome::Error(format!("invalid port number: {}", action.port));
    };
    let address = format!("{ip}:{port}");
    let within = go_text::duration(probing.timeout);
    let late = Box::pin(env.sleep(probing.timeout));
    let connected = Box::pin(connect(probing, &ip, port));
    let (channel, late) = match select(connected, late).await {
        Either::Left((channel, late)) => (channel, late),
        Either::Right(_) => {
            let address = go_text::quote(&address);
            return ProbeOutcome::Failure(format!(
                "timeout: failed to connect service {address} within {within}: context deadline exceeded"
            ));
        }
    };
    let version = seat.facts.client.config().version.minor;
    let service = action.service.as_deref().unwrap_or_default();
    let request = call::Request {
        authority: &address,
        service,
        agent: &format!("kube-probe/1.{version} grpc-go/1.72.2"),
        timeout: probing.timeout,
    };
    let checked = Box::pin(channel.check(&request));
    match select(checked, late).await {
        Either::Left((outcome, _)) => describe(outcome, &within),
        Either::Right(_) => describe(Err(CheckError::Late), &within),
    }
}

/// Connects, for as long as it takes.
async fn connect(probing: &Probing<'_>, ip: &str, port: u16) -> Channel<Connection> {
    let mut pause = BACKOFF;
    loop {
        if let Ok(stream) = http::dial(probing.seat, ip, port).await
            && let Ok(channel) = Channel::open(stream).await
        {
            return channel;
        }
        probing.seat.facts.client.sleep(pause).await;
        pause = (pause * 8 / 5).min(LONGEST_BACKOFF);
    }
}

fn describe(outcome: Result<String, CheckError>, within: &str) -> ProbeOutcome {
    ProbeOutcome::Failure(match outcome {
        Ok(status) if status == "SERVING" => return ProbeOutcome::Success,
        Ok(status) => format!("service unhealthy (responded with {})", go_text::quote(&status)),
        Err(CheckError::Late) => format!("timeout: health rpc did not complete within {within}"),
        Err(CheckError::Unimplemented(message)) => format!(
            "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): {message}"
        ),
        Err(CheckError::Status(code, message)) => {
            format!("error: health rpc probe failed: rpc error: code = {code} desc = {message}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_read_as_those_of_the_kubelet() {
        let text = |outcome: Result<&str, CheckError>| match describe(outcome.map(str::to_owned), "1s") {
            ProbeOutcome::Failure(text) => text,
            other => format!("{other:?}"),
        };
        assert_eq!(text(Ok("SERVING")), "Success");
        assert_eq!(text(Ok("NOT_SERVING")), r#"service unhealthy (responded with "NOT_SERVING")"#);
        assert_eq!(text(Err(CheckError::Late)), "timeout: health rpc did not complete within 1s");
        let unknown = CheckError::Status("NotFound".into(), "unknown service".into());
        assert_eq!(
            text(Err(unknown)),
            "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service"
        );
        let none = CheckError::Unimplemented("unknown service grpc.health.v1.Health".into());
        assert_eq!(
            text(Err(none)),
            "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown \
             service grpc.health.v1.Health"
        );
    }
}
