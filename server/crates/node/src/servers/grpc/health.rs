//! `grpc.health.v1.Health`, which Kubernetes' gRPC probes ask.

use bytes::Bytes;

use super::{
    Code, Failure, Reply,
    protobuf::{self, Message},
};

/// The path of its one method that is asked once.
pub(in crate::servers) const CHECK: &str = "/grpc.health.v1.Health/Check";

/// `HealthCheckResponse.ServingStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::servers) enum Status {
    Serving = 1,
    NotServing = 2,
}

/// Answers a check. `status` knows how the service of a name is, if there is one.
pub(in crate::servers) fn check(request: Bytes, status: impl FnOnce(&[u8]) -> Option<Status>) -> Reply {
    let fields = protobuf::fields(request)
        .ok_or_else(|| Failure::new(Code::Internal, "grpc: error unmarshalling request"))?;
    let status = status(&protobuf::bytes_of(&fields, 1));
    let status = status.ok_or_else(|| Failure::new(Code::NotFound, "unknown service"))?;
    Ok(Message::default().number(1, status as u64).encoded())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_well_or_not_or_unknown() {
        let ask = |name: &[u8]| {
            let request = Message::default().bytes(1, name).encoded();
            check(request.into(), |name| match name {
                b"" => Some(Status::Serving),
                b"ill" => Some(Status::NotServing),
                _ => None,
            })
        };
        assert_eq!(ask(b""), Ok(vec![8, 1]));
        assert_eq!(ask(b"ill"), Ok(vec![8, 2]));
        assert_eq!(ask(b"other").unwrap_err().code, 5);
    }
}
