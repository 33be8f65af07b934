//! The neighbour: a native client that sends the same requests by the same HTTP library.

use reqwest::Client;
use reqwest::header::{HeaderMap, HeaderName};
use reqwest::redirect::Policy;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use uuid::Uuid;

use delivery_bench::runs;

use crate::capture::Capture;
use crate::setting::{Failure, Setting};

/// Those are the client's own business; and the key is another each time.
const OF_THE_CLIENT: [&str; 4] = ["host", "content-length", "connection", "idempotency-key"];

/// The requests of one run, without what each must have for itself.
#[derive(Clone)]
pub struct Requests(Vec<(HeaderMap, Vec<u8>)>);

impl Requests {
    /// As the host sends them for this input.
    pub fn of(setting: &Setting, input: &str) -> Result<Self, Failure> {
        let endpoint = Capture::start()?;
        let ended = setting.end(runs::run(&endpoint.url(), 0, input));
        if !ended.is_acknowledged {
            return Err(format!("a run was not reported: {:?}", ended.trouble).into());
        }
        let mut requests = Vec::new();
        for (request, _) in endpoint.take() {
            let mut headers = HeaderMap::new();
            for (name, value) in &request.headers {
                if !OF_THE_CLIENT.contains(&name.as_str()) {
                    headers.append(name.parse::<HeaderName>()?, value.parse()?);
                }
            }
            requests.push((headers, request.body));
        }
        Ok(Self(requests))
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Only the one in this place.
    pub fn only(self, index: usize) -> Self {
        Self(self.0.into_iter().skip(index).take(1).collect())
    }

    /// One request, with this body in place of its own.
    pub fn with_body(self, body: Vec<u8>) -> Self {
        Self(self.0.into_iter().take(1).map(|(headers, _)| (headers, body.clone())).collect())
    }

    /// Sends them once more, one after the other.
    pub async fn send(&self, client: &Client, url: &str) -> Result<(), reqwest::Error> {
        for (headers, body) in &self.0 {
            let request = client.post(url).headers(headers.clone()).body(body.clone());
            let request = request.header("idempotency-key", Uuid::new_v4().to_string());
            // Read to its end, so that the connection is kept.
            request.send().await?.error_for_status()?.bytes().await?;
        }
        Ok(())
    }
}

/// A client that keeps connections, or one that keeps none.
pub fn client(keeps_connections: bool) -> Result<Client, Failure> {
    let tls = ClientConfig::builder_with_provider(ring::default_provider().into());
    let tls = tls.with_safe_default_protocol_versions()?;
    let tls = tls.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let client = Client::builder().redirect(Policy::none()).tls_backend_preconfigured(tls).no_proxy();
    Ok(if keeps_connections { client } else { client.pool_max_idle_per_host(0) }.build()?)
}
