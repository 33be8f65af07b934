//! HTTP as companies have it: pooled connections, HTTP/2, the operating system's trust store, proxies from the
//! environment. And who may reach what.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{fs, io};

use futures_util::{StreamExt, TryStreamExt, stream};
use http::{Request, Response};
use http_body::Body as _;
use http_body_util::{BodyExt, StreamBody};
use reqwest::redirect::Policy;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_platform_verifier::Verifier;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use url::{Host, Position, Url};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// Where a request does not say how long it may take.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// So many reports are under way at a time, and so many requests of tasks: file descriptors are few. More of them wait, as
/// long as a request may take.
const REQUESTS: usize = 200;
/// So many of them are of one run, so that none keeps all others from the network.
const REQUESTS_OF_ONE: usize = 16;

/// Why there is no HTTP client.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The file with further certificate authorities cannot be read, or is no PEM.
    #[error("the certificate authorities in {path} cannot be read: {why}")]
    CertificateAuthorities {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The operating system's trust store, or a proxy in the environment, cannot be used.
    #[error("HTTPS cannot be set up: {0}")]
    Setup(String),
}

/// The HTTP client of a host; all that run on it share its connections.
#[derive(Clone)]
pub(crate) struct Client(Arc<Clients>);

struct Clients {
    /// For plain http to loopback: it needs neither a proxy nor the trust store, which takes its time to load.
    plain: reqwest::Client,
    authorities: Vec<CertificateDer<'static>>,
    reports: Arc<Semaphore>,
    requests_of_tasks: Arc<Semaphore>,
    /// For everything else; made for the first request that needs it.
    secure: OnceLock<Result<Secure, NetworkError>>,
}

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
        let [reports, requests_of_tasks] = [REQUESTS; 2].map(|permits| Arc::new(Semaphore::new(permits)));
        Ok(Self(Arc::new(Clients { plain, authorities, reports, requests_of_tasks, secure: OnceLock::new() })))
    }

    /// For the process component of a run, which may reach this place.
    pub(crate) fn for_reports(&self, allowed: Option<Allowed>) -> Hooks {
        let (client, permits) = (self.clone(), Arc::clone(&self.0.reports));
        Hooks { client, permits, own_permits: own_permits(), allowed: allowed.into_iter().collect() }
    }

    /// For a task, which may reach these places.
    pub(crate) fn for_task(&self, allowed: Vec<Allowed>) -> Hooks {
        let permits = Arc::clone(&self.0.requests_of_tasks);
        Hooks { client: self.clone(), permits, own_permits: own_permits(), allowed }
    }

    fn to(&self, url: &Url) -> Result<&reqwest::Client, Error> {
        match (is_loopback(url), url.scheme()) {
            (true, "http") => Ok(&self.0.plain),
            (is_loopback, _) => match self.0.secure.get_or_init(|| Secure::new(self.0.authorities.clone())) {
                Ok(secure) if is_loopback => Ok(&secure.direct),
                Ok(secure) => Ok(&secure.through_proxies),
                Err(error) => Err(Error::InternalError(Some(error.to_string()))),
            },
        }
    }

    /// The permits are given back when the answer's body has ended, or is given up.
    async fn send(
        &self,
        request: Request<WasiBody>,
        options: RequestOptions,
        permits: [Arc<Semaphore>; 2],
    ) -> Result<Response<WasiBody>, Error> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| Error::HttpRequestUriInvalid)?;
        let client = self.to(&url)?;
        let (head, body) = request.into_parts();
        let mut request = client.request(head.method, url).headers(head.headers);
        // A body of no known length is sent in chunks, which not every server takes where there is nothing to send.
        if !body.is_end_stream() {
            request = request.body(reqwest::Body::wrap_stream(body.into_data_stream().map_err(io::Error::other)));
        }
        let or = |timeout: Option<Duration>| timeout.unwrap_or(DEFAULT_TIMEOUT);
        // A pooled connection is there or is made, which cannot be told apart here: one limit for both.
        let limit = or(options.connect_timeout).saturating_add(or(options.first_byte_timeout));
        let sent = timeout(limit, async {
            let [own, shared] = permits.map(Semaphore::acquire_owned);
            let permits = [own.await, shared.await];
            (request.send().await, permits)
        });
        let (response, permits) = sent.await.map_err(|_| Error::ConnectionReadTimeout)?;
        let mut response = response.map_err(|error| cause(&error))?;
        let mut head = Response::new(());
        *head.status_mut() = response.status();
        *head.headers_mut() = std::mem::take(response.headers_mut());
        let between_bytes = or(options.between_bytes_timeout);
        let frames = stream::unfold(Some((response.bytes_stream(), permits)), move |open| async move {
            let (mut stream, permits) = open?;
            match timeout(between_bytes, stream.next()).await {
                Ok(Some(Ok(bytes))) => Some((Ok(bytes), Some((stream, permits)))),
                Ok(Some(Err(error))) => Some((Err(cause(&error)), None)),
                Ok(None) => None,
                Err(_) => Some((Err(Error::ConnectionReadTimeout), None)),
            }
        });
        let body = StreamBody::new(frames.map_ok(http_body::Frame::data));
        Ok(head.map(|()| body.boxed_unsync()))
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

/// Redirects are not followed: the key would go where nobody said.
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

fn own_permits() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(REQUESTS_OF_ONE))
}

/// What `wasi:http` calls it. What it has no word for is a protocol error, which is worth another attempt.
fn cause(error: &reqwest::Error) -> Error {
    match tls_error(error) {
        Some(rustls::Error::InvalidCertificate(_)) => return Error::TlsCertificateError,
        Some(_) => return Error::TlsProtocolError,
        None => {}
    }
    match error {
        error if error.is_timeout() => Error::ConnectionTimeout,
        error if error.is_dns() => Error::DnsError { rcode: None, info_code: None },
        error if error.is_connect() => Error::ConnectionRefused,
        error if error.is_body() || error.is_decode() => Error::HttpResponseIncomplete,
        _ => Error::HttpProtocolError,
    }
}

/// Somewhere behind an error. What an [`io::Error`] holds is not its source, but as good.
fn tls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = held.map(|held| held as &(dyn std::error::Error + 'static)).or_else(|| error.source());
    }
    None
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A place that requests may go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    scheme: Option<String>,
    host: String,
    port: Option<u16>,
    /// Path and query, where it is one resource only.
    target: Option<String>,
}

impl Allowed {
    /// One URL. Nothing where it is none: then the process component refuses it, too.
    pub(crate) fn resource(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let (scheme, host) = (Some(url.scheme().to_string()), url.host_str()?.to_string());
        Some(Self { scheme, host, port: url.port_or_known_default(), target: Some(target(&url).to_string()) })
    }

    /// `HOST`, `HOST:PORT`, or an origin such as `https://HOST`. One of them, and not a pattern.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_origin = text.contains("://");
        // With two schemes, so that a port is seen also where it is the default of one.
        let [http, https] = match is_origin {
            true => [text.to_string(), text.to_string()],
            false => [format!("http://{text}"), format!("https://{text}")],
        }
        .map(|url| Url::parse(&url).ok());
        let (http, https) = (http?, https?);
        let has_more = target(&http) != "/" || http.fragment().is_some() || text.contains(['@', '*', ',', '?', '#']);
        if has_more || !matches!(http.scheme(), "http" | "https") {
            return None;
        }
        let host = http.host_str()?.to_string();
        Some(match is_origin {
            true => {
                Self { scheme: Some(http.scheme().to_string()), host, port: http.port_or_known_default(), target: None }
            }
            false => Self { scheme: None, host, port: http.port().or(https.port()), target: None },
        })
    }

    fn covers(&self, url: &Url) -> bool {
        self.scheme.as_deref().is_none_or(|scheme| scheme == url.scheme())
            && url.host_str() == Some(&self.host)
            && self.port.is_none_or(|port| url.port_or_known_default() == Some(port))
            && self.target.as_deref().is_none_or(|allowed| target(url) == allowed)
    }
}

/// Path and query.
fn target(url: &Url) -> &str {
    &url[Position::BeforePath..Position::AfterQuery]
}

/// What happens to the requests of one store: those to allowed places are sent, all others denied.
pub(crate) struct Hooks {
    client: Client,
    permits: Arc<Semaphore>,
    own_permits: Arc<Semaphore>,
    allowed: Vec<Allowed>,
}

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Exchanged, Error>> + Send> {
        let is_allowed = Url::parse(&request.uri().to_string())
            .is_ok_and(|url| self.allowed.iter().any(|allowed| allowed.covers(&url)));
        let (client, permits) = (self.client.clone(), [&self.own_permits, &self.permits].map(Arc::clone));
        Box::new(async move {
            if !is_allowed {
                return Err(Error::HttpRequestDenied);
            }
            let response = client.send(request, options.unwrap_or_default(), permits).await?;
            let connection: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async { Ok(()) });
            Ok((response, connection))
        })
    }
}

/// A response, and what has to run while its body is read: nothing, since the client sees to that.
type Exchanged = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

#[cfg(test)]
mod tests {
    use host_test::endpoint::MockEndpoint;

    use super::*;

    fn covers(allowed: &str, url: &str) -> bool {
        Allowed::parse(allowed).expect(allowed).covers(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_host_is_allowed_on_every_port_or_on_the_one_given() {
        assert!(covers("example.com", "https://example.com/path"));
        assert!(covers("Example.com", "http://example.com:8080/"));
        assert!(covers("example.com:443", "https://example.com/"));
        assert!(!covers("example.com:443", "http://example.com/"));
        assert!(!covers("example.com", "https://www.example.com/"));
        assert!(!covers("example.com", "https://example.com.evil.test/"));
        assert!(covers("[::1]:8080", "http://[::1]:8080/"));
        assert!(!covers("example.com:80", "https://example.com/"));
        assert!(covers("münchen.example", "https://xn--mnchen-3ya.example/"));
        assert!(covers("127.1", "http://127.0.0.1:8080/"));
    }

    /// What a task makes of the process component reports to the same place, or nowhere.
    #[test]
    fn an_endpoint_is_one_resource() {
        let endpoint = Allowed::resource("https://example.com/hook?x=1").unwrap();
        let covers = |url: &str| endpoint.covers(&Url::parse(url).unwrap());
        assert!(covers("https://example.com:443/hook?x=1"));
        for other in ["https://example.com/hook", "https://example.com/admin?x=1", "http://example.com:443/hook?x=1"] {
            assert!(!covers(other), "{other}");
        }
        assert!(Allowed::resource("https://example.com").unwrap().covers(&Url::parse("https://example.com/").unwrap()));
    }

    /// A company's own authority that is not in the trust store: told as what it is, since nothing else would be found.
    #[tokio::test]
    async fn a_certificate_that_is_not_trusted_is_told_as_that() {
        let endpoint = MockEndpoint::script_tls([]);
        let client = Client::new(None).unwrap();
        let url = Url::parse(&endpoint.url()).unwrap();
        let error = client.to(&url).unwrap().get(url).send().await.unwrap_err();
        assert!(matches!(cause(&error), Error::TlsCertificateError), "{error:?}");
    }

    #[test]
    fn an_origin_allows_its_scheme_only() {
        assert!(covers("https://example.com", "https://example.com/x"));
        assert!(!covers("https://example.com", "http://example.com:443/x"));
        assert!(!covers("https://example.com", "https://example.com:8443/x"));
    }

    #[test]
    fn what_is_no_host_is_none() {
        for text in [
            "",
            "a/b",
            "user@host",
            ":word@host",
            "https://a.test/path",
            "https://user@a.test",
            "ftp://a.test",
            "a b",
            "a#b",
            "a?b",
            "*.a.test",
            "a.test,b.test",
            "a.test:70000",
        ] {
            assert_eq!(Allowed::parse(text), None, "{text}");
        }
    }
}
