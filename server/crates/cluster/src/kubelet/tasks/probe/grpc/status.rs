//! How a call ended: what the answer's headers and trailers say.

use http::{HeaderMap, StatusCode, header};
use percent_encoding::percent_decode;

use super::call::CheckError;

/// The names of gRPC's status codes, as Go prints them, by number.
const CODES: [&str; 17] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

/// The failure of this code.
pub(super) fn failure(code: u32, message: String) -> CheckError {
    match usize::try_from(code).ok().and_then(|code| CODES.get(code)) {
        Some(&"Unimplemented") => CheckError::Unimplemented(message),
        Some(&"DeadlineExceeded") => CheckError::Late,
        Some(name) => CheckError::Status((*name).to_owned(), message),
        None => CheckError::Status(format!("Code({code})"), message),
    }
}

/// What a server's `grpc-status` says, if there is one.
pub(super) fn of(headers: &HeaderMap) -> Option<Result<(), CheckError>> {
    let code = headers.get("grpc-status")?;
    let Some(code) = code.to_str().ok().and_then(|code| code.parse().ok()) else {
        let shown = String::from_utf8_lossy(code.as_bytes()).into_owned();
        return Some(Err(failure(13, format!("transport: malformed grpc-status: {shown}"))));
    };
    if code == 0 {
        return Some(Ok(()));
    }
    let message = headers.get("grpc-message").map(|value| value.as_bytes()).unwrap_or_default();
    Some(Err(failure(code, percent_decode(message).decode_utf8_lossy().into_owned())))
}

/// Whether an answer is one of gRPC at all: a status of HTTP stands for one of gRPC.
pub(super) fn of_http(status: StatusCode, headers: &HeaderMap) -> Result<(), CheckError> {
    let media = headers.get(header::CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let is_grpc = media.as_ref().is_some_and(|media| {
        let rest = media.strip_prefix("application/grpc");
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', ';']))
    });
    if status == StatusCode::OK && is_grpc {
        return Ok(());
    }
    let mut faults = Vec::new();
    if status != StatusCode::OK {
        let reason = status.canonical_reason().unwrap_or_default();
        let number = status.as_u16();
        faults.push(format!("unexpected HTTP status code received from server: {number} ({reason})"));
    }
    match media {
        _ if is_grpc => {}
        Some(media) => faults.push(format!("transport: received unexpected content-type \"{media}\"")),
        None => faults.push("transport: missing content-type field".to_owned()),
    }
    let code = match status.as_u16() {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502..=504 => 14,
        _ => 2,
    };
    Err(failure(code, faults.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_with_its_message() {
        let headers = |code: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-status", code.parse().unwrap());
            headers.insert("grpc-message", "50%25 there".parse().unwrap());
            headers
        };
        let status = |code: &str| CheckError::Status(code.to_owned(), "50% there".to_owned());
        assert_eq!(of(&headers("0")), Some(Ok(())));
        assert_eq!(of(&headers("5")), Some(Err(status("NotFound"))));
        assert_eq!(of(&headers("99")), Some(Err(status("Code(99)"))));
        assert_eq!(of(&HeaderMap::new()), None);
    }

    #[test]
    fn a_page_is_no_answer() {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "text/html".parse().unwrap());
        let message = "unexpected HTTP status code received from server: 404 (Not Found); transport: received \
                       unexpected content-type \"text/html\"";
        let error = Err(CheckError::Unimplemented(message.to_owned()));
        assert_eq!(of_http(StatusCode::NOT_FOUND, &headers), error);
    }
}
