//! TLS on a connection, as its client: a real handshake, on the container's clock, with whom the client trusts.

use std::{
    future::poll_fn,
    io::{Read, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    time_provider::TimeProvider,
};

use super::Wire;
use crate::kernel::{errno::Errno, process::Process, wait::lock};

/// How many authorities a file may name.
const MAX_AUTHORITIES: usize = 512;

/// Whose servers a client trusts.
#[derive(Clone, Debug, Default)]
pub(crate) enum Trust {
    /// Everybody's.
    Anybody,
    /// Nobody's: the simulated world has no public authorities.
    #[default]
    Nobody,
    /// Those with a certificate of these authorities.
    Authorities(Arc<RootCertStore>),
}

impl Trust {
    /// The authorities in a file of PEM; `None` where there are none.
    pub(crate) fn of_pem(text: &[u8]) -> Option<Self> {
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_slice_iter(text).take(MAX_AUTHORITIES);
        let (added, _) = roots.add_parsable_certificates(certificates.filter_map(Result::ok));
        (added > 0).then(|| Self::Authorities(Arc::new(roots)))
    }
}

/// Why there is no TLS on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TlsError {
    /// The connection broke, or ended in the middle of the handshake (`None`).
    Gone(Option<Errno>),
    /// Whoever answers does not speak TLS.
    NotTls,
    /// The certificate is of somebody unknown.
    UnknownAuthority,
    /// The certificate is another host's.
    WrongHost,
    /// The certificate is not good any more, or not yet.
    Expired,
    /// Anything else that the two sides did not agree about.
    Refused,
}

/// One side of a TLS connection.
pub(super) type Session = Mutex<ClientConnection>;

impl Wire {
    /// Shakes hands with the server, which has to show a certificate for `host`.
    pub(crate) async fn start_tls(&mut self, host: &str, trust: &Trust) -> Result<(), TlsError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::WrongHost)?;
        let config = Arc::new(config(trust, self.process().now()).map_err(|e| reason(&e))?);
        let mut session = ClientConnection::new(config, name).map_err(|e| reason(&e))?;
        loop {
            self.send_pending(&mut session).await.map_err(|errno| TlsError::Gone(Some(errno)))?;
            if !session.is_handshaking() {
                break;
            }
            let bytes = self.read_plain().await.map_err(|errno| TlsError::Gone(Some(errno)))?;
            if bytes.is_empty() {
                return Err(TlsError::Gone(None));
            }
            if let Err(error) = take(&mut session, &bytes) {
                // The server is told why.
                let _ = self.send_pending(&mut session).await;
                return Err(reason(&error));
            }
        }
        self.tls = Some(Mutex::new(session));
        Ok(())
    }

    /// What the session has to say before it goes on.
    async fn send_pending(&self, session: &mut ClientConnection) -> Result<(), Errno> {
        let bytes = pending(session);
        self.write_plain(bytes.into()).await
    }

    async fn read_plain(&self) -> Result<Bytes, Errno> {
        let bytes = poll_fn(|cx| self.stream.poll_read(cx, Process::READ_SIZE)).await?;
        self.process().work(1 + (bytes.len() >> 10) as u32).await;
        Ok(bytes)
    }

    async fn write_plain(&self, mut bytes: Bytes) -> Result<(), Errno> {
        let steps = 1 + (bytes.len() >> 10) as u32;
        while !bytes.is_empty() {
            poll_fn(|cx| self.stream.poll_write(cx, &mut bytes)).await?;
        }
        self.process().work(steps).await;
        Ok(())
    }

    /// Reads what the other side has said, in clear; empty at the end.
    pub(super) async fn receive(&self) -> Result<Bytes, Errno> {
        let Some(session) = &self.tls else { return self.read_plain().await };
        let left = in_clear(&mut lock(session));
        if !left.is_empty() {
            return Ok(left.into());
        }
        loop {
            let encrypted = self.read_plain().await?;
            let (clear, answer) = {
                let mut session = lock(session);
                if !encrypted.is_empty() {
                    take(&mut session, &encrypted).map_err(|_| Errno::ECONNRESET)?;
                }
                (in_clear(&mut session), pending(&mut session))
            };
            self.write_plain(answer.into()).await?;
            if !clear.is_empty() || encrypted.is_empty() {
                return Ok(clear.into());
            }
        }
    }

    /// Says something, encrypted where TLS has begun.
    pub(super) async fn send(&self, bytes: Bytes) -> Result<(), Errno> {
        let Some(session) = &self.tls else { return self.write_plain(bytes).await };
        // The session keeps little, so it gets little at a time.
        for piece in bytes.chunks(Process::READ_SIZE) {
            let encrypted = {
                let mut session = lock(session);
                session.writer().write_all(piece).map_err(|_| Errno::EPIPE)?;
                pending(&mut session)
            };
            self.write_plain(encrypted.into()).await?;
        }
        Ok(())
    }
}

/// All that the session wants to send.
fn pending(session: &mut ClientConnection) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to a vector does not fail.
    while session.wants_write() && session.write_tls(&mut bytes).is_ok() {}
    bytes
}

/// Hands the session what came in.
fn take(session: &mut ClientConnection, mut bytes: &[u8]) -> Result<(), Error> {
    while !bytes.is_empty() {
        if session.read_tls(&mut bytes).is_err() {
            return Err(Error::General("too much at once".to_owned()));
        }
        session.process_new_packets()?;
    }
    Ok(())
}

/// What the session has decrypted.
fn in_clear(session: &mut ClientConnection) -> Vec<u8> {
    let mut clear = Vec::new();
    // It ends with an error where there may be more to come; what was read until then counts.
    let _ = session.reader().read_to_end(&mut clear);
    clear
}

fn config(trust: &Trust, now: Timestamp) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_details(Arc::clone(&provider), Arc::new(Now(now)))
        .with_safe_default_protocol_versions()?;
    Ok(match trust {
        Trust::Anybody => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            .with_no_client_auth(),
        Trust::Nobody => builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth(),
        Trust::Authorities(roots) => builder.with_root_certificates(Arc::clone(roots)).with_no_client_auth(),
    })
}

fn reason(error: &Error) -> TlsError {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => TlsError::UnknownAuthority,
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => TlsError::WrongHost,
        Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => TlsError::Expired,
        Error::InvalidMessage(_) => TlsError::NotTls,
        _ => TlsError::Refused,
    }
}

/// The container's date.
#[derive(Debug)]
struct Now(Timestamp);

impl TimeProvider for Now {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// Takes every server (`curl -k`).
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
