//! The HTTP client: rustls, proxies from the environment, and the certificates to trust.

use std::fs;
use std::path::Path;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Builds the client. With a bundle only its certificates are trusted, as in the AWS CLI.
///
/// # Errors
/// When the bundle cannot be read or holds no certificate that can be used; the text says which.
pub fn client(ca_bundle: Option<&Path>) -> Result<SharedHttpClient, String> {
    let trust = match ca_bundle {
        Some(path) => TrustStore::empty().with_pem_certificate(usable_bundle(path)?),
        None => TrustStore::default(),
    };
    let context = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .map_err(|error| format!("TLS could not be set up: {error}"))?;
    Ok(Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder()
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(context.clone());
        builder.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            builder.set_sleep_impl(components.sleep_impl());
        }
        builder.build()
    }))
}

/// The text of a bundle, once every certificate in it has been tried: the SDK panics on one that it
/// cannot use.
fn usable_bundle(path: &Path) -> Result<Vec<u8>, String> {
    let name = path.display();
    let text = fs::read(path)
        .map_err(|error| format!("the certificates in {name} could not be read: {error}"))?;
    let mut roots = RootCertStore::empty();
    for (index, certificate) in CertificateDer::pem_slice_iter(&text).enumerate() {
        let number = index + 1;
        let certificate = certificate
            .map_err(|error| format!("certificate {number} in {name} is no PEM: {error}"))?;
        roots
            .add(certificate)
            .map_err(|error| format!("certificate {number} in {name} cannot be used: {error}"))?;
    }
    if roots.is_empty() {
        return Err(format!("{name} holds no certificate"));
    }
    Ok(text)
}
