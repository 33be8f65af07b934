//! What the host does with an outgoing request.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Body;
use hyper::client::conn::http1;
use hyper::header::CONTENT_LENGTH;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use wasmtime_wasi::runtime::spawn;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, default_send_request};

use crate::clock::Time;
use crate::output::Output;

/// A request that the component sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Since the component was instantiated.
    pub at: Duration,
    /// The timeouts that the component asked for.
    pub timeouts: RequestOptions,
    /// By the header of that name.
    pub content_length: usize,
    /// How much of its body was there already, if the host denies it: elsewhere the body is the HTTP client's.
    pub bytes_at_hand: usize,
}

/// Who sends the requests.
#[derive(Clone)]
pub(crate) enum Client {
    /// Wasmtime's own: a connection for each request, and the usual certificate authorities.
    Wasmtime,
    /// Nobody: the host's policy denies every request.
    Denying,
    /// One for https that trusts a certificate authority of its own, and knows no timeouts.
    Trusting(TlsConnector),
}

impl Client {
    /// # Panics
    ///
    /// If `authority` is not the DER of a certificate.
    pub(crate) fn trusting(authority: &[u8]) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(authority)).expect("it is a certificate");
        // The provider is named, so that no process-wide default has to be.
        let config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("ring has the default versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self::Trusting(TlsConnector::from(Arc::new(config)))
    }

    async fn send(&self, request: Request<WasiBody>, timeouts: RequestOptions) -> Result<Exchanged, Error> {
        match self {
            Self::Wasmtime => {
                let (response, io) = default_send_request(request, Some(timeouts)).await?;
                Ok((response.map(BodyExt::boxed_unsync), Box::new(io)))
            }
            Self::Denying => Err(Error::HttpRequestDenied),
            Self::Trusting(connector) => send_over_tls(connector, request).await,
        }
    }
}

/// What can be read of it without waiting.
fn bytes_at_hand(body: &mut WasiBody) -> usize {
    let mut context = Context::from_waker(Waker::noop());
    let mut bytes = 0;
    while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut *body).poll_frame(&mut context) {
        bytes += frame.data_ref().map_or(0, |data| data.len());
    }
    bytes
}

/// Over a connection of its own, which is closed when the request or its answer is given up.
async fn send_over_tls(connector: &TlsConnector, mut request: Request<WasiBody>) -> Result<Exchanged, Error> {
    let authority = request.uri().authority().ok_or(Error::HttpRequestUriInvalid)?;
    let name = ServerName::try_from(authority.host().to_owned()).map_err(|_| Error::HttpRequestUriInvalid)?;
    let stream = TcpStream::connect(authority.as_str()).await.map_err(Error::Connect)?;
    let stream = connector.connect(name, stream).await.map_err(Error::Tls)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = spawn(connection);
    // A request to the endpoint itself, not to a proxy, names the path only (RFC 9112, section 3.2).
    *request.uri_mut() = request.uri().path_and_query().cloned().map(Uri::from).unwrap_or_default();
    let response = sender.send_request(request).await?;
    let io = Box::new(async { Ok(connection.await?) });
    Ok((response.map(|body| body.map_err(Error::from).boxed_unsync()), io))
}

/// A response, and what has to run while its body is read.
type Exchanged = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

/// Records every request, and holds a simulated time while it is under way.
pub(crate) struct Hooks {
    pub(crate) client: Client,
    pub(crate) time: Time,
    pub(crate) began: Instant,
    pub(crate) output: Output,
    pub(crate) sent: Vec<Sent>,
}

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Exchanged, Error>> + Send> {
        let timeouts = options.unwrap_or_default();
        let began = self.began;
        let content_length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let bytes_at_hand = match self.client {
            Client::Denying => bytes_at_hand(request.body_mut()),
            Client::Wasmtime | Client::Trusting(_) => 0,
        };
        let content_length = content_length.unwrap_or_default();
        self.sent.push(Sent { at: began.elapsed(), timeouts, content_length, bytes_at_hand });
        let what = format!("{} {}", request.method(), request.uri());
        self.output.log(began.elapsed(), &what);
        let output = self.output.clone();
        let client = self.client.clone();
        let exchange = self.time.hold();
        Box::new(async move {
            let exchanged = client.send(request, timeouts).await;
            match &exchanged {
                Ok((response, _)) => output.log(began.elapsed(), &format!("{what}: {}", response.status())),
                Err(error) => output.log(began.elapsed(), &format!("{what}: {error:?}")),
            }
            let (response, io) = exchanged?;
            let io = async move {
                let result = Box::into_pin(io).await;
                drop(exchange);
                result
            };
            Ok((response, Box::new(io) as Box<dyn Future<Output = _> + Send>))
        })
    }
}
