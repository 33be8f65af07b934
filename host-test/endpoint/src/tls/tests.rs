use std::io::{self, Read, Write};
use std::net::TcpStream;

use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::*;
use crate::test_client::{Ended, body, connect, impatient, post, read_to_end, try_connect};
use crate::{
    Answer, Faulty as _, MockEndpoint, close_after_head, hang, hang_on_connect, reset_after_request, reset_on_connect,
    status,
};

type TlsClient = StreamOwned<ClientConnection, TcpStream>;

fn client(endpoint: &MockEndpoint, name: &str, trusted: &[u8]) -> io::Result<TlsClient> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(trusted)).expect("it is a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).expect("it is a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("the configuration is complete");
    Ok(StreamOwned::new(connection, try_connect(endpoint)?))
}

/// Sends a request as a client that trusts the endpoint, and reads to the end.
fn exchange(endpoint: &MockEndpoint, name: &str) -> (String, io::Result<()>) {
    let mut answer = String::new();
    let result = client(endpoint, name, &endpoint.certificate_authority()).and_then(|mut client| {
        client.write_all(post("abc").as_bytes())?;
        client.read_to_string(&mut answer).map(drop)
    });
    (answer, result)
}

fn kind_after(answer: Answer) -> io::ErrorKind {
    let endpoint = MockEndpoint::script_tls([answer]);
    exchange(&endpoint, "localhost").1.expect_err("it is a fault").kind()
}

#[test]
fn every_name_of_the_loopback_is_certified() {
    for name in ["127.0.0.1", "::1", "localhost"] {
        let endpoint = MockEndpoint::script_tls([status(200).body("safe")]);
        assert!(endpoint.url().starts_with("https://127.0.0.1:"));

        let (answer, result) = exchange(&endpoint, name);

        result.expect("the connection is closed in order");
        assert_eq!(body(&answer), "safe");
        let [request] = endpoint.requests();
        assert_eq!(request.text(), "abc");
    }
}

#[test]
fn another_name_is_not_certified() {
    let endpoint = MockEndpoint::script_tls([]);
    let error = exchange(&endpoint, "example.com").1.expect_err("the name is wrong");
    assert!(error.to_string().contains("not valid for name"), "{error}");
}

#[test]
fn every_endpoint_has_an_authority_of_its_own() {
    let endpoint = MockEndpoint::script_tls([]);
    let other = MockEndpoint::script_tls([]);
    let mut client = client(&endpoint, "localhost", &other.certificate_authority()).expect("the endpoint listens");

    let error = client.write_all(b"x").expect_err("the authority is not trusted");

    assert!(error.to_string().contains("invalid peer certificate"), "{error}");
    let [] = endpoint.requests();
}

#[test]
fn a_reset_reaches_through_tls() {
    assert_eq!(kind_after(reset_after_request()), io::ErrorKind::ConnectionReset);
    assert_eq!(kind_after(reset_on_connect()), io::ErrorKind::ConnectionReset);
}

#[test]
fn a_close_says_goodbye_in_tls() {
    let endpoint = MockEndpoint::script_tls([close_after_head()]);
    let (answer, result) = exchange(&endpoint, "localhost");
    result.expect("there is a close_notify");
    assert_eq!(answer, "");
}

#[test]
fn a_truncated_body_is_truncated_in_tls_too() {
    let endpoint = MockEndpoint::script_tls([status(200).body("abcdef").truncated_after(2)]);
    let (answer, result) = exchange(&endpoint, "localhost");
    result.expect("there is a close_notify");
    assert_eq!(body(&answer), "ab");
}

#[test]
fn hanging_sees_the_client_leave() {
    let endpoint = MockEndpoint::script_tls([hang()]);
    let mut client = client(&endpoint, "localhost", &endpoint.certificate_authority()).expect("the endpoint listens");
    client.write_all(post("abc").as_bytes()).expect("the endpoint reads it");
    endpoint.wait_for_hanging(1);

    drop(client);

    endpoint.wait_for_hanging(0);
}

#[test]
fn a_handshake_may_hang() {
    let endpoint = MockEndpoint::script_tls([hang_on_connect()]);
    let mut stream = connect(&endpoint);
    endpoint.wait_for_hanging(1);
    impatient(&stream);
    assert_eq!(read_to_end(&mut stream), (String::new(), Ended::Silence));
}

#[test]
#[should_panic(expected = "made by script_tls")]
fn a_plain_endpoint_has_no_authority() {
    MockEndpoint::script([]).certificate_authority();
}
