//! The cluster's certificate authority: it signs the API server's certificate and those of users
//! (`certificatesigningrequests`), and says for whom a certificate stands.
//!
//! Its key is made when the cluster starts and never leaves the process: a certificate is worth nothing in another
//! cluster.

use std::{net::IpAddr, sync::Arc, time::Duration};

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::caller::Caller;

/// How long the authority is good, and how long what it signs may be at most, in seconds: ten years and one, as
/// kubeadm and the controller manager have it.
const AUTHORITY_SECONDS: i64 = 3650 * 86_400;
const SIGNED_SECONDS: i64 = 365 * 86_400;

/// Certificates begin this long before they are made, for clocks that go behind.
const BACKDATE_SECONDS: i64 = 300;

/// The certificate authority of one cluster.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
}

/// What a TLS server shows and proves.
pub(crate) struct ServingCertificate {
    /// The certificate in DER.
    pub(crate) certificate: Vec<u8>,
    /// Its private key in PKCS #8.
    pub(crate) key: Vec<u8>,
}

/// A client's certificate in DER, as an extension of a request. The client has proved that it holds the key; whether the
/// certificate is good is not judged yet.
#[derive(Clone, Debug)]
pub(crate) struct ClientCertificate(pub(crate) Arc<[u8]>);

impl Authority {
    /// A new authority, good from `now` on.
    ///
    /// # Errors
    ///
    /// Where the system has no random numbers to make a key of.
    pub(crate) fn new(now: Timestamp) -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::new(vec!["kubernetes".to_owned()])?;
        params.distinguished_name = common_name("kubernetes");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
            KeyUsagePurpose::KeyCertSign,
        ];
        lasting(&mut params, now, AUTHORITY_SECONDS);
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    /// The authority's own certificate, which clients trust, in PEM.
    pub(crate) fn pem(&self) -> String {
        encode(&self.certificate)
    }

    /// A certificate for the API server under these names and addresses.
    ///
    /// # Errors
    ///
    /// For a name that no certificate can hold, or without random numbers.
    pub(crate) fn serving(
        &self,
        names: &[&str],
        addresses: &[IpAddr],
        now: Timestamp,
    ) -> Result<ServingCertificate, rcgen::Error> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names)?;
        params.subject_alt_names.extend(addresses.iter().map(|ip| SanType::IpAddress(*ip)));
        params.distinguished_name = common_name("kube-apiserver");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        lasting(&mut params, now, SIGNED_SECONDS);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(ServingCertificate { certificate: certificate.der().to_vec(), key: key.serialize_der() })
    }

    /// Signs a request: the certificate in PEM, for `usages` (as `spec.usages` has them) and `lasts` at most.
    ///
    /// # Errors
    ///
    /// What is wrong with the request.
    pub(crate) fn sign(
        &self,
        request: &Request,
        usages: &[String],
        lasts: Option<Duration>,
        now: Timestamp,
    ) -> Result<String, rcgen::Error> {
        let mut signed = CertificateSigningRequestParams::from_der(&request.0.as_slice().into())?;
        let params = &mut signed.params;
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages.clear();
        params.extended_key_usages.clear();
        for usage in usages {
            match usage.as_str() {
                "signing" | "digital signature" => params.key_usages.push(KeyUsagePurpose::DigitalSignature),
                "content commitment" => params.key_usages.push(KeyUsagePurpose::ContentCommitment),
                "key encipherment" => params.key_usages.push(KeyUsagePurpose::KeyEncipherment),
                "key agreement" => params.key_usages.push(KeyUsagePurpose::KeyAgreement),
                "data encipherment" => params.key_usages.push(KeyUsagePurpose::DataEncipherment),
                "server auth" => params.insert_extended_key_usage(ExtendedKeyUsagePurpose::ServerAuth),
                "client auth" => params.insert_extended_key_usage(ExtendedKeyUsagePurpose::ClientAuth),
                "code signing" => params.insert_extended_key_usage(ExtendedKeyUsagePurpose::CodeSigning),
                "email protection" => {
                    params.insert_extended_key_usage(ExtendedKeyUsagePurpose::EmailProtection);
                }
                "timestamping" => params.insert_extended_key_usage(ExtendedKeyUsagePurpose::TimeStamping),
                _ => {}
            }
        }
        let asked = lasts.and_then(|lasts| i64::try_from(lasts.as_secs()).ok());
        lasting(params, now, asked.unwrap_or(SIGNED_SECONDS).min(SIGNED_SECONDS));
        Ok(encode(&signed.signed_by(&self.issuer)?))
    }

    /// For whom a certificate in DER stands: the common name is the user, the organizations are the groups.
    ///
    /// # Errors
    ///
    /// Why it is not good.
    ///
    /// Source: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates>.
    pub(crate) fn caller(&self, certificate: &[u8], now: Timestamp) -> Result<Caller, &'static str> {
        const MALFORMED: &str = "the certificate is malformed";
        let (_, own) = X509Certificate::from_der(self.certificate.der()).map_err(|_| MALFORMED)?;
        let (_, shown) = X509Certificate::from_der(certificate).map_err(|_| MALFORMED)?;
        if shown.issuer() != own.subject() || shown.verify_signature(Some(own.public_key())).is_err() {
            return Err("certificate signed by unknown authority");
        }
        let validity = shown.validity();
        let second = now.as_second();
        if second < validity.not_before.timestamp() || second > validity.not_after.timestamp() {
            return Err("certificate has expired or is not yet valid");
        }
        let usage = shown.extended_key_usage().map_err(|_| MALFORMED)?;
        if !usage.is_some_and(|usage| usage.value.client_auth || usage.value.any) {
            return Err("certificate specifies an incompatible key usage");
        }
        let subject = shown.subject();
        let text = |value: &x509_parser::x509::AttributeTypeAndValue<'_>| {
            value.as_str().map(str::to_owned).map_err(|_| MALFORMED)
        };
        let name = subject.iter_common_name().next().map(text).transpose()?.unwrap_or_default();
        if name.is_empty() {
            return Err("the certificate names no user");
        }
        let mut groups = subject.iter_organization().map(text).collect::<Result<Vec<_>, _>>()?;
        if !groups.iter().any(|group| group == "system:authenticated") {
            groups.push("system:authenticated".to_owned());
        }
        Ok(Caller { name, uid: String::new(), groups })
    }
}

/// A request for a certificate (PKCS #10) in DER, whose signature is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request(Vec<u8>);

impl Request {
    /// Reads `spec.request`: PEM.
    ///
    /// # Errors
    ///
    /// What the real server says of it.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        const NO_BLOCK: &str = "PEM block type must be CERTIFICATE REQUEST";
        let block = pem::parse(text).map_err(|_| NO_BLOCK)?;
        if block.tag() != "CERTIFICATE REQUEST" {
            return Err(NO_BLOCK.to_owned());
        }
        x509_parser::certification_request::X509CertificationRequest::from_der(block.contents())
            .map_err(|error| format!("asn1: {error}"))?;
        Ok(Self(block.into_contents()))
    }

    /// The organizations of its subject: the groups that the user would be in.
    pub(crate) fn organizations(&self) -> Vec<String> {
        let parsed = x509_parser::certification_request::X509CertificationRequest::from_der(&self.0);
        let Ok((_, request)) = parsed else { return Vec::new() };
        let subject = &request.certification_request_info.subject;
        subject.iter_organization().filter_map(|value| value.as_str().ok()).map(str::to_owned).collect()
    }
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Lets a certificate begin a little before `now` and end so many seconds after it.
fn lasting(params: &mut CertificateParams, now: Timestamp, seconds: i64) {
    // jiff's dates end with the year 9999, as those of certificates do.
    let at = |second: i64| OffsetDateTime::from_unix_timestamp(second).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    params.not_before = at(now.as_second() - BACKDATE_SECONDS);
    params.not_after = at(now.as_second().saturating_add(seconds));
}

fn encode(certificate: &Certificate) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new("CERTIFICATE", certificate.der().to_vec()), config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn request(key: &KeyPair) -> Request {
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name("jane");
        params.distinguished_name.push(DnType::OrganizationName, "dev");
        let text =
            pem::Pem::new("CERTIFICATE REQUEST", params.serialize_request(key).unwrap().der().to_vec());
        Request::parse(pem::encode(&text).as_bytes()).unwrap()
    }

    fn der(text: &str) -> Vec<u8> {
        pem::parse(text).unwrap().into_contents()
    }

    #[test]
    fn a_signed_certificate_stands_for_its_subject_until_it_ends_and_only_in_its_cluster() {
        let (own, other) = (Authority::new(at(1_000_000)).unwrap(), Authority::new(at(1_000_000)).unwrap());
        let request = request(&KeyPair::generate().unwrap());
        let usages = ["client auth".to_owned()];
        let signed = own.sign(&request, &usages, Some(Duration::from_secs(600)), at(1_000_000)).unwrap();
        let jane = own.caller(&der(&signed), at(1_000_500)).unwrap();
        assert_eq!(
            (jane.name.as_str(), jane.groups),
            ("jane", vec!["dev".into(), "system:authenticated".into()])
        );
        assert!(own.caller(&der(&signed), at(1_000_601)).is_err());
        assert!(other.caller(&der(&signed), at(1_000_500)).is_err());
        assert!(own.caller(b"no certificate", at(1_000_500)).is_err());
    }

    #[test]
    fn only_certificates_for_clients_say_who_somebody_is() {
        let own = Authority::new(at(1_000_000)).unwrap();
        let serving = own.serving(&["localhost"], &[], at(1_000_000)).unwrap();
        let refused = own.caller(&serving.certificate, at(1_000_000));
        assert_eq!(refused, Err("certificate specifies an incompatible key usage"));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let own = Authority::new(at(1_000_000)).unwrap();
        for text in ["", "jane", &own.pem()] {
            assert_eq!(
                Request::parse(text.as_bytes()),
                Err("PEM block type must be CERTIFICATE REQUEST".to_owned()),
                "{text}"
            );
        }
        assert_eq!(request(&KeyPair::generate().unwrap()).organizations(), ["dev"]);
    }
}
