//! What went wrong, in the words of `wasi:http`.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};
use std::iter::successors;
use std::net::{Ipv4Addr, UdpSocket};

use wasmtime_wasi_http::Error;

/// `EMFILE` and `ENFILE` on every Unix, `WSAEMFILE` on Windows. Rust has no [`ErrorKind`] for them.
const SHORTAGES: &[i32] = if cfg!(windows) { &[10024] } else { &[24, 23] };
const SHORTAGE: &str = "this machine has no file descriptor left (EMFILE): raise `ulimit -n`";

/// What `wasi:http` calls it. What it has no word for is a protocol error, which is worth another attempt.
pub(super) fn cause(error: &reqwest::Error) -> Error {
    if is_shortage(error, false) {
        return shortage();
    }
    if let Some(of_tls) = chain(error).find_map(|error| error.downcast_ref().map(of_tls)) {
        return of_tls;
    }
    if let Some(of_io) = chain(error).find_map(|error| of_io(error.downcast_ref::<io::Error>()?.kind())) {
        return of_io;
    }
    match error {
        error if error.is_timeout() => Error::ConnectionTimeout,
        error if error.is_dns() => Error::DnsError { rcode: None, info_code: None },
        error if error.is_connect() => Error::DestinationUnavailable,
        error if error.is_body() || error.is_decode() => Error::HttpResponseIncomplete,
        _ => Error::HttpProtocolError,
    }
}

pub(super) fn shortage() -> Error {
    Error::InternalError(Some(SHORTAGE.into()))
}

/// Whether a file descriptor was missing. A name that cannot be resolved does not tell: then the machine is asked, unless
/// one was missing a moment ago.
pub(super) fn is_shortage(error: &reqwest::Error, was_short: bool) -> bool {
    let machine_is_short = || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).is_err_and(|error| is_short(&error));
    chain(error).any(|error| error.downcast_ref().is_some_and(is_short))
        || error.is_dns() && (was_short || machine_is_short())
}

fn is_short(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| SHORTAGES.contains(&code))
}

fn of_tls(error: &rustls::Error) -> Error {
    match error {
        rustls::Error::InvalidCertificate(_) => Error::TlsCertificateError,
        rustls::Error::AlertReceived(alert) => {
            Error::TlsAlertReceived { alert_id: Some(u8::from(*alert)), alert_message: Some(format!("{alert:?}")) }
        }
        _ => Error::TlsProtocolError,
    }
}

fn of_io(kind: ErrorKind) -> Option<Error> {
    match kind {
        ErrorKind::ConnectionRefused => Some(Error::ConnectionRefused),
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected
        | ErrorKind::UnexpectedEof => Some(Error::ConnectionTerminated),
        ErrorKind::TimedOut => Some(Error::ConnectionTimeout),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Some(Error::DestinationIpUnroutable),
        _ => None,
    }
}

/// An error, and its sources. The error inside an [`io::Error`] is not its source, but as good.
fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    successors(Some(error), |&error| {
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        held.map(|held| held as &(dyn StdError + 'static)).or_else(|| error.source())
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use host_test::endpoint::{MockEndpoint, close_on_connect, dead_url, reset_on_connect};
    use url::Url;

    use super::*;
    use crate::network::client::Client;
    #[cfg(unix)]
    use crate::network::few_descriptors;

    async fn cause_at(url: &str) -> Error {
        let url = Url::parse(url).unwrap();
        let client = Client::new(None, None).unwrap().reports().way_to(&url).unwrap().client;
        let error = client.post(url).body("{}").send().await.unwrap_err();
        println!("{error:?}");
        cause(&error)
    }

    fn https(endpoint: &MockEndpoint) -> String {
        endpoint.url().replace("http://", "https://")
    }

    /// A company's own authority that is not in the trust store: told as what it is, since nothing else would be found.
    #[tokio::test]
    async fn a_certificate_that_is_not_trusted_is_told_as_that() {
        let endpoint = MockEndpoint::script_tls([]);
        assert!(matches!(cause_at(&endpoint.url()).await, Error::TlsCertificateError));
    }

    #[tokio::test]
    async fn an_answer_in_plain_http_to_a_handshake_is_a_protocol_error_of_tls() {
        let endpoint = MockEndpoint::script([]);
        assert!(matches!(cause_at(&https(&endpoint)).await, Error::TlsProtocolError));
    }

    #[tokio::test]
    async fn a_handshake_that_is_closed_is_a_connection_that_was_closed() {
        for fault in [close_on_connect(), reset_on_connect()] {
            let endpoint = MockEndpoint::script([fault]);
            assert!(matches!(cause_at(&https(&endpoint)).await, Error::ConnectionTerminated));
        }
    }

    #[tokio::test]
    async fn a_connection_that_is_refused_is_told_as_that() {
        assert!(matches!(cause_at(&dead_url()).await, Error::ConnectionRefused));
    }

    #[tokio::test]
    async fn garbage_instead_of_a_handshake_is_a_protocol_error_of_tls() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let serving = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").unwrap();
            // Until the client leaves, however it does.
            _ = stream.read_to_end(&mut Vec::new());
        });
        assert!(matches!(cause_at(&url).await, Error::TlsProtocolError));
        serving.join().unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_lack_of_file_descriptors_is_told_as_that() {
        few_descriptors::alone(
            "network::errors::tests::a_lack_of_file_descriptors_is_told_as_that",
            |url, held| async move {
                for url in [url.clone(), url.replace("127.0.0.1", "localhost")] {
                    let cause = cause_at(&url).await;
                    assert!(matches!(&cause, Error::InternalError(Some(why)) if why == SHORTAGE), "{cause:?}");
                }
                drop(held);
            },
        );
    }
}
