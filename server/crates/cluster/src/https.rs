//! The API over TLS as a Kubernetes API server serves it: a client may show a certificate, of which the handshake proves
//! only that the client holds its key; whether it is good is judged with each request, so that a bad one is answered
//! with 401.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, OnceLock},
};

use axum::{Extension, Router};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use podlab_node::Network;
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

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

/// Serves a router over TLS. Clones serve the same.
#[derive(Clone)]
pub struct Https {
    acceptor: TlsAcceptor,
    router: Router,
}

impl Https {
    /// With a certificate for these addresses, the API server's own names and those of the machine itself.
    pub(crate) fn new(server: &Server, router: Router, addresses: &[IpAddr]) -> io::Result<Self> {
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
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), router })
    }

    /// Serves one connection to its end.
    pub async fn serve(&self, io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let stream = match self.acceptor.accept(io).await {
            Ok(stream) => stream,
            Err(error) => {
                tracing::debug!(%error, "a TLS handshake failed");
                return;
            }
        };
        let (_, session) = stream.get_ref();
        let shown = session.peer_certificates().and_then(<[_]>::first);
        let router = match shown {
            Some(certificate) => {
                self.router.clone().layer(Extension(ClientCertificate(certificate.as_ref().into())))
            }
            None => self.router.clone(),
        };
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
            .with_upgrades();
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended");
        }
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
    let Ok(address) = server.config.advertise_address.parse() else { return };
    let mut connections = network.serve(address);
    let served = Arc::clone(server);
    let https: OnceLock<Https> = OnceLock::new();
    server.spawn(async move {
        while let Some(connection) = connections.accept().await {
            if https.get().is_none() {
                let router = http::router(Arc::clone(&served), Door::Guarded(None));
                match Https::new(&served, router, &[]) {
                    Ok(made) => drop(https.set(made)),
                    Err(error) => tracing::error!(%error, "the API cannot be served to Pods"),
                }
            }
            if let Some(https) = https.get().cloned() {
                served.spawn(async move { https.serve(connection).await });
            }
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
