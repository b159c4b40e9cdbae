//! CertificateSigningRequests that were approved are signed by the cluster's authority; the old ones go.
//!
//! Of the signers in Kubernetes this is the one for users of the API; requests to others stay as they are, as with any
//! signer that nobody has installed.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::{
    ByteString,
    api::certificates::v1::{
        CertificateSigningRequest, CertificateSigningRequestCondition, CertificateSigningRequestSpec,
        CertificateSigningRequestStatus,
    },
    apimachinery::pkg::apis::meta::v1::Time,
};

use super::{
    Again, Controller, Key,
    changes::{Change, Object},
};
use crate::{
    Client, DeleteOptions,
    authority::{Authority, Request},
    kinds::certificate_signing_request::CLIENT_SIGNER,
    kubelet::after,
    status::Result,
};

/// How long a request stays once it was decided, and while nobody decides.
const DECIDED: Duration = Duration::from_secs(60 * 60);
const PENDING: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) struct Certificates;

impl Controller for Certificates {
    fn name(&self) -> &'static str {
        "certificate-controller"
    }

    fn concerns(&self, _: &Client, change: &Change) -> Vec<Key> {
        match &change.object {
            Object::CertificateSigningRequest(request) if !change.gone => {
                request.metadata.name.iter().map(|name| Key::new("", name)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        let api = client.all::<CertificateSigningRequest>();
        let Some(mut request) = api.get_opt(&key.name)? else { return Ok(Again::Never) };
        let now = client.now();
        let end = end(&request, now);
        if end <= now {
            api.delete(&key.name, &DeleteOptions::default())?;
            return Ok(Again::Never);
        }
        if let Some(status) = signed(&client.server().authority, &request, now) {
            request.status = Some(status);
            api.update_status(&request)?;
        }
        Ok(Again::After(Duration::try_from(end.duration_since(now)).unwrap_or(PENDING)))
    }
}

fn condition<'a>(
    status: Option<&'a CertificateSigningRequestStatus>,
    kind: &str,
) -> Option<&'a CertificateSigningRequestCondition> {
    status?.conditions.iter().flatten().find(|condition| condition.type_ == kind)
}

/// When a request has been there for long enough.
fn end(request: &CertificateSigningRequest, now: Timestamp) -> Timestamp {
    let decided = ["Approved", "Denied", "Failed"];
    let decided = decided.iter().find_map(|kind| condition(request.status.as_ref(), kind));
    match decided {
        Some(condition) => after(condition.last_update_time.as_ref().map_or(now, |time| time.0), DECIDED),
        None => after(request.metadata.creation_timestamp.as_ref().map_or(now, |time| time.0), PENDING),
    }
}

/// The status with the certificate, or with the reason why there is none; nothing where there is nothing to do.
fn signed(
    authority: &Authority,
    request: &CertificateSigningRequest,
    now: Timestamp,
) -> Option<CertificateSigningRequestStatus> {
    let (spec, status) = (&request.spec, request.status.as_ref());
    let waits = spec.signer_name == CLIENT_SIGNER
        && condition(status, "Approved").is_some()
        && condition(status, "Failed").is_none()
        && status.is_none_or(|status| status.certificate.is_none());
    if !waits {
        return None;
    }
    let mut status = status.cloned().unwrap_or_default();
    match certificate(authority, spec, now) {
        Ok(certificate) => status.certificate = Some(ByteString(certificate.into_bytes())),
        Err(why) => status.conditions.get_or_insert_default().push(CertificateSigningRequestCondition {
            type_: "Failed".to_owned(),
            status: "True".to_owned(),
            reason: Some("SignerValidationFailure".to_owned()),
            message: Some(why),
            last_update_time: Some(Time(now)),
            last_transition_time: None,
        }),
    }
    Some(status)
}

fn certificate(
    authority: &Authority,
    spec: &CertificateSigningRequestSpec,
    now: Timestamp,
) -> std::result::Result<String, String> {
    let usages: &[String] = spec.usages.as_deref().unwrap_or_default();
    let foreign = usages
        .iter()
        .find(|usage| !matches!(usage.as_str(), "digital signature" | "key encipherment" | "client auth"));
    if let Some(usage) = foreign {
        return Err(format!("invalid usage for client certificate: {usage}"));
    }
    if !usages.iter().any(|usage| usage == "client auth") {
        return Err("missing required usage for client certificate: client auth".to_owned());
    }
    let request = Request::parse(&spec.request.0)?;
    let lasts = spec.expiration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    authority
        .sign(&request, usages, lasts.map(Duration::from_secs), now)
        .map_err(|error| format!("the request cannot be signed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(conditions: &[&str], usages: &[&str]) -> CertificateSigningRequest {
        let condition = |kind: &&str| CertificateSigningRequestCondition {
            type_: (*kind).to_owned(),
            status: "True".to_owned(),
            last_update_time: Some(Time(Timestamp::from_second(1000).unwrap())),
            ..CertificateSigningRequestCondition::default()
        };
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "jane");
        let key = rcgen::KeyPair::generate().unwrap();
        let block =
            pem::Pem::new("CERTIFICATE REQUEST", params.serialize_request(&key).unwrap().der().to_vec());
        CertificateSigningRequest {
            spec: CertificateSigningRequestSpec {
                request: ByteString(pem::encode(&block).into_bytes()),
                signer_name: CLIENT_SIGNER.to_owned(),
                usages: Some(usages.iter().map(|usage| (*usage).to_owned()).collect()),
                ..CertificateSigningRequestSpec::default()
            },
            status: Some(CertificateSigningRequestStatus {
                conditions: Some(conditions.iter().map(condition).collect()),
                certificate: None,
            }),
            ..CertificateSigningRequest::default()
        }
    }

    #[test]
    fn what_is_approved_is_signed_once() {
        let now = Timestamp::from_second(1000).unwrap();
        let authority = Authority::new(now).unwrap();
        let sign = |request: &CertificateSigningRequest| signed(&authority, request, now);
        assert_eq!(sign(&request(&[], &["client auth"])), None);
        assert_eq!(sign(&request(&["Denied"], &["client auth"])), None);
        let mut approved = request(&["Approved"], &["client auth"]);
        let status = sign(&approved).unwrap();
        let certificate = status.certificate.clone().unwrap().0;
        let certificate = pem::parse(certificate).unwrap().into_contents();
        assert_eq!(authority.caller(&certificate, now).unwrap().name, "jane");
        approved.status = Some(status);
        assert_eq!(sign(&approved), None);
    }

    #[test]
    fn a_certificate_for_anything_but_a_client_fails() {
        let now = Timestamp::from_second(1000).unwrap();
        let authority = Authority::new(now).unwrap();
        let status = signed(&authority, &request(&["Approved"], &["server auth"]), now).unwrap();
        assert_eq!(status.certificate, None);
        let message = condition(Some(&status), "Failed").unwrap().message.as_deref();
        assert_eq!(message, Some("invalid usage for client certificate: server auth"));
    }

    #[test]
    fn a_decided_request_goes_after_an_hour() {
        let decided = request(&["Approved"], &["client auth"]);
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(end(&decided, at(1000)), at(1000 + 3600));
    }
}
