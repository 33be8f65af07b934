//! A certificate authority of the endpoint's own, in memory.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// The protocol's name in ALPN (RFC 9113, section 3.2).
pub(crate) const HTTP2: &str = "h2";

/// The server's side, and the authority that a client has to trust.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) authority: Authority,
}

/// An authority's certificate.
pub(crate) struct Authority {
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
}

impl Tls {
    /// For `127.0.0.1`, `::1`, `localhost` and these names, and for clients that speak `protocol` (ALPN).
    pub(crate) fn on_loopback(further_names: &[&str], protocol: &str) -> Self {
        let authority_key = KeyPair::generate().expect("a key is generated");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "MockEndpoint's authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority = params.self_signed(&authority_key).expect("the authority's certificate is signed");
        let issuer = Issuer::new(params, authority_key);

        let key = KeyPair::generate().expect("a key is generated");
        let names: Vec<_> =
            ["127.0.0.1", "::1", "localhost"].iter().chain(further_names).map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).expect("they are names");
        params.distinguished_name.push(DnType::CommonName, "MockEndpoint");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &issuer).expect("the certificate is signed");

        // The provider is named, so that no process-wide default has to be.
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the default versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .expect("the key is the certificate's");
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let authority = Authority { der: authority.der().to_vec(), pem: authority.pem() };
        Self { acceptor: TlsAcceptor::from(Arc::new(config)), authority }
    }
}

#[cfg(test)]
mod tests;
