//! HTTPS, with a certificate that a client can be told to trust and another that nobody trusts.

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// The certificate, in PEM, that a simulator with TLS shows first. A client that trusts it trusts the simulator.
pub const CERTIFICATE: &str = include_str!("../certificates/first.pem");

/// What to show to whoever connects.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Certificate {
    First,
    Other,
}

impl Certificate {
    pub(crate) fn acceptor(self) -> TlsAcceptor {
        let (certificate, key) = match self {
            Certificate::First => (CERTIFICATE, include_str!("../certificates/first.key")),
            Certificate::Other => (
                include_str!("../certificates/other.pem"),
                include_str!("../certificates/other.key"),
            ),
        };
        let config = config(certificate, key)
            .unwrap_or_else(|error| panic!("the simulator cannot use its certificate: {error}"));
        TlsAcceptor::from(Arc::new(config))
    }
}

fn config(certificate: &str, key: &str) -> Result<ServerConfig, rustls::Error> {
    let unreadable = |error| rustls::Error::General(format!("{error:?}"));
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(unreadable)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(unreadable)?;
    ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
}
