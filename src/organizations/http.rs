//! The HTTP client: rustls, proxies from the environment, and the certificates to trust.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Builds the client. With a bundle only its certificates are trusted, as in the AWS CLI. An
/// endpoint on this machine is never asked through a proxy, which could not reach it.
///
/// # Errors
/// When the bundle cannot be read or holds no certificate that can be used; the text says which.
pub fn client(
    ca_bundle: Option<&Path>,
    endpoint_url: Option<&str>,
) -> Result<SharedHttpClient, String> {
    let here = endpoint_url.is_some_and(is_loopback);
    let proxy = if here { ProxyConfig::disabled() } else { ProxyConfig::from_env() };
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
            .proxy_config(proxy.clone())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(context.clone());
        builder.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            builder.set_sleep_impl(components.sleep_impl());
        }
        builder.build()
    }))
}

fn is_loopback(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next();
    let host = authority.and_then(|authority| authority.rsplit('@').next()).unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
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

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn an_endpoint_on_this_machine_is_known() {
        for (url, here) in [
            ("http://127.0.0.1:4566", true),
            ("http://localhost:4566/x", true),
            ("http://[::1]:4566", true),
            ("https://127.9.9.9", true),
            ("https://organizations.us-east-1.amazonaws.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(url), here, "{url}");
        }
    }
}
