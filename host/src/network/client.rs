//! The HTTP client of a host: pooled connections, HTTP/2, the operating system's trust store, proxies from the
//! environment.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::redirect::Policy;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_platform_verifier::Verifier;
use url::{Host, Url};
use wasmtime_wasi_http::Error;

use super::places::{PLACES, SharedPlaces};

/// Why there is no HTTP client.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The file with further certificate authorities cannot be read, or is not PEM.
    #[error("the certificate authorities in {path} cannot be read: {why}")]
    CertificateAuthorities {
        /// The file.
        path: String,
        /// The error of whoever reads it.
        why: String,
    },
    /// The operating system's trust store, or a proxy in the environment, cannot be used.
    #[error("HTTPS cannot be set up: {0}")]
    Setup(String),
}

/// The HTTP client of a host; all that run on it share its connections.
#[derive(Clone)]
pub(crate) struct Client(pub(super) Arc<Clients>);

pub(super) struct Clients {
    /// For plain http to loopback: it needs neither a proxy nor the trust store, which takes its time to load.
    plain: reqwest::Client,
    authorities: Vec<CertificateDer<'static>>,
    pub(super) reports: SharedPlaces,
    pub(super) requests_of_tasks: SharedPlaces,
    /// For everything else; made for the first request that needs it, and for the next one if that fails.
    secure: Mutex<Option<Secure>>,
}

#[derive(Clone)]
struct Secure {
    through_proxies: reqwest::Client,
    /// To loopback, which no proxy can reach.
    direct: reqwest::Client,
}

impl Client {
    pub(crate) fn new(authorities: Option<&Path>) -> Result<Self, NetworkError> {
        let authorities = authorities.map(certificates).transpose()?.unwrap_or_default();
        let trusting_nobody = with_protocols()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
        let plain = client(trusting_nobody).no_proxy().build().map_err(|error| setup(&error))?;
        let (reports, requests_of_tasks) = (SharedPlaces::new(PLACES), SharedPlaces::new(PLACES));
        Ok(Self(Arc::new(Clients { plain, authorities, reports, requests_of_tasks, secure: Mutex::default() })))
    }

    pub(super) fn to(&self, url: &Url) -> Result<reqwest::Client, Error> {
        match (is_loopback(url), url.scheme()) {
            (true, "http") => Ok(self.0.plain.clone()),
            (true, _) => Ok(self.secure()?.direct),
            (false, _) => Ok(self.secure()?.through_proxies),
        }
    }

    fn secure(&self) -> Result<Secure, Error> {
        let mut secure = self.0.secure.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(secure) = &*secure {
            return Ok(secure.clone());
        }
        let made = Secure::new(self.0.authorities.clone());
        let made = made.map_err(|error| Error::InternalError(Some(error.to_string())))?;
        Ok(secure.insert(made).clone())
    }
}

impl Secure {
    fn new(authorities: Vec<CertificateDer<'static>>) -> Result<Self, NetworkError> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier::new_with_extra_roots(authorities, provider).map_err(|error| setup(&error))?;
        let mut tls =
            with_protocols()?.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            through_proxies: client(tls.clone()).build().map_err(|error| setup(&error))?,
            direct: client(tls).no_proxy().build().map_err(|error| setup(&error))?,
        })
    }
}

/// The provider is named, so that no process-wide default has to be.
fn with_protocols() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, NetworkError> {
    let builder = ClientConfig::builder_with_provider(ring::default_provider().into());
    builder.with_safe_default_protocol_versions().map_err(|error| setup(&error))
}

/// Redirects are not followed: the key would go to an address that was not configured.
fn client(tls: ClientConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder().redirect(Policy::none()).tls_backend_preconfigured(tls)
}

fn setup(error: &dyn std::error::Error) -> NetworkError {
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

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
