//! The API over TLS as a Kubernetes API server serves it: a client may show a certificate, of which the handshake proves
//! only that the client holds its key; whether it is good is judged with each request, so that a bad one is answered
//! with 401.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use axum::{Extension, Router};
use podlab_node::Network;
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    authority::ClientCertificate,
    bootstrap::API_ADDRESS,
    http::{self, Door},
    server::Server,
};

/// The names of the API server in its certificate, as kubeadm has them.
const NAMES: [&str; 5] = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
];

/// The API server's side of TLS. Clones are the same.
#[derive(Clone)]
pub struct Https(TlsAcceptor);

impl Https {
    /// With a certificate for these addresses, the API server's own names and those of the machine itself.
    pub(crate) fn new(server: &Server, addresses: &[IpAddr]) -> io::Result<Self> {
        let own = [IpAddr::V4(API_ADDRESS), Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        let mut all = own.to_vec();
        all.extend(addresses.iter().filter(|address| !own.contains(address)));
        let now = server.env.clock.now();
        let serving = server.authority.serving(&NAMES, &all, now).map_err(io::Error::other)?;
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_client_cert_verifier(Arc::new(AnyCertificate(provider)))
            .with_single_cert(
                vec![CertificateDer::from(serving.certificate)],
                PrivatePkcs8KeyDer::from(serving.key).into(),
            )
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// Shakes hands with a client: what to read and write then, and `router` as this client sees it, which learns of the
    /// certificate that it showed.
    ///
    /// # Errors
    ///
    /// Where the client goes away or does not speak TLS.
    pub async fn accept<I>(&self, io: I, router: Router) -> io::Result<(TlsStream<I>, Router)>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let stream = self.0.accept(io).await?;
        let (_, session) = stream.get_ref();
        let router = match session.peer_certificates().and_then(<[_]>::first) {
            Some(shown) => router.layer(Extension(ClientCertificate(shown.as_ref().into()))),
            None => router,
        };
        Ok((stream, router))
    }
}

impl std::fmt::Debug for Https {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Https").finish_non_exhaustive()
    }
}

/// Serves the API to the Pods, at the address to which the Service `kubernetes` leads. A certificate is made when the first
/// of them asks.
pub(crate) fn serve_pods(server: &Arc<Server>, network: &Network) {
    let mut connections = network.serve(server.config.advertised());
    let served = Arc::clone(server);
    server.spawn(async move {
        let router = http::router(Arc::clone(&served), Door::Guarded(None));
        let mut https = None;
        while let Some(connection) = connections.accept().await {
            let https = match &https {
                Some(made) => made,
                None => match Https::new(&served, &[]) {
                    Ok(made) => https.insert(made),
                    Err(error) => {
                        tracing::error!(%error, "the API cannot be served to Pods");
                        continue;
                    }
                },
            };
            let (https, router) = (https.clone(), router.clone());
            served.spawn(async move {
                match https.accept(connection, router).await {
                    Ok((stream, router)) => http::converse(stream, router).await,
                    Err(error) => tracing::debug!(%error, "a Pod's TLS handshake failed"),
                }
            });
        }
    });
}

/// Takes every certificate whose key the client has.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
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
