//! Whom TLS trusts.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_platform_verifier::Verifier;

use super::client::NetworkError;

/// The operating system's trust store, and further authorities.
pub(super) struct Trust {
    authorities: Vec<CertificateDer<'static>>,
    /// Loading it takes its time. So that is done for the first request that needs it, and for the next one if it fails.
    loaded: Mutex<Option<ClientConfig>>,
}

impl Trust {
    pub(super) fn new(authorities: Option<&Path>) -> Result<Self, NetworkError> {
        let authorities = authorities.map(certificates).transpose()?.unwrap_or_default();
        Ok(Self { authorities, loaded: Mutex::default() })
    }

    /// For whoever needs no TLS.
    pub(super) fn nobody() -> Result<ClientConfig, NetworkError> {
        Ok(with_protocols()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
    }

    /// With HTTP/2, and HTTP/1.1 for servers that do not speak it.
    pub(super) fn load(&self) -> Result<ClientConfig, NetworkError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = &*loaded {
            return Ok(config.clone());
        }
        let provider = Arc::new(ring::default_provider());
        let verifier =
            Verifier::new_with_extra_roots(self.authorities.clone(), provider).map_err(|error| setup(&error))?;
        let mut config =
            with_protocols()?.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(loaded.insert(config).clone())
    }
}

/// The provider is named, so that no process-wide default has to be.
fn with_protocols() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, NetworkError> {
    let builder = ClientConfig::builder_with_provider(ring::default_provider().into());
    builder.with_safe_default_protocol_versions().map_err(|error| setup(&error))
}

pub(super) fn setup(error: &dyn std::error::Error) -> NetworkError {
    let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    NetworkError::Setup(format!("{error}{source}"))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, NetworkError> {
    let wrong = |why: String| NetworkError::CertificateAuthorities { path: path.display().to_string(), why };
    let pem = fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(wrong("it holds no certificate".into())),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(wrong(error.to_string())),
    }
}
