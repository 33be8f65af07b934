//! What went wrong, in the words of `wasi:http`.

use std::io;

use wasmtime_wasi_http::Error;

/// What `wasi:http` calls it. What it has no word for is a protocol error, which is worth another attempt.
pub(super) fn cause(error: &reqwest::Error) -> Error {
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

#[cfg(test)]
mod tests {
    use host_test::endpoint::MockEndpoint;
    use url::Url;

    use super::*;
    use crate::network::client::Client;

    /// A company's own authority that is not in the trust store: told as what it is, since nothing else would be found.
    #[tokio::test]
    async fn a_certificate_that_is_not_trusted_is_told_as_that() {
        let endpoint = MockEndpoint::script_tls([]);
        let client = Client::new(None).unwrap();
        let url = Url::parse(&endpoint.url()).unwrap();
        let error = client.to(&url).unwrap().get(url).send().await.unwrap_err();
        assert!(matches!(cause(&error), Error::TlsCertificateError), "{error:?}");
    }
}
