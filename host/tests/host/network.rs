//! The network as companies have it.

use std::fs;
use std::path::Path;

use host_test::component;
use host_test::endpoint::{MockEndpoint, redirect, status};
use orchestra_host::{Config, Host, HostError};

use crate::{block_on, cache, lines, runtime, task, with_input};

#[test]
fn reports_share_a_connection() {
    let endpoint = MockEndpoint::script(vec![status(200); 5]);
    block_on(task(), with_input(&endpoint, r#"{"do": "report"}"#));
    endpoint.requests::<5>();
    assert_eq!(endpoint.connections(), 1);
}

/// The report after the start finds the connection that the start has made.
#[test]
fn an_endpoint_that_has_http_2_is_spoken_to_in_it() {
    let endpoint = MockEndpoint::script_http2(vec![status(200); 5]);
    let task = trusting(&endpoint, "http2").load(component::test_task()).unwrap();
    let ended = runtime().block_on(task.run(with_input(&endpoint, r#"{"do": "report"}"#)));
    assert_eq!(ended.trouble, [""; 0]);
    let requests = endpoint.requests::<5>();
    assert!(requests.iter().all(|request| request.version == "HTTP/2.0"), "{requests:?}");
    assert_eq!(endpoint.connections(), 1);
}

#[test]
fn a_redirect_is_not_followed() {
    let other = MockEndpoint::script([]);
    let endpoint = MockEndpoint::script(vec![redirect(302, &other.url()); 2]);
    let ended = block_on(task(), with_input(&endpoint, "{}"));
    assert_eq!(ended.trouble.len(), 2);
    endpoint.requests::<2>();
}

#[test]
fn a_file_of_authorities_is_trusted_beside_the_systems() {
    let endpoint = MockEndpoint::script_tls(vec![status(200); 2]);
    let task = trusting(&endpoint, "https").load(component::test_task()).unwrap();
    let ended = runtime().block_on(task.run(with_input(&endpoint, "{}")));
    assert_eq!(ended.trouble, [""; 0]);
    assert_eq!(lines(&endpoint.requests::<2>()), ["RUNNING task started.", "SUCCEEDED task succeeded."]);
}

#[test]
fn a_file_without_authorities_is_an_error() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("empty.pem");
    fs::write(&file, "").unwrap();
    let error = Host::new(&Config { cache: cache(), certificate_authorities: Some(file), ..Config::default() }).err();
    assert!(matches!(error, Some(HostError::Network(_))), "{error:?}");
}

/// A host that trusts this endpoint's authority, in a file of this test's own.
fn trusting(endpoint: &MockEndpoint, test: &str) -> Host {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.pem"));
    fs::write(&file, endpoint.certificate_authority_pem()).unwrap();
    Host::new(&Config { cache: cache(), certificate_authorities: Some(file), ..Config::default() }).unwrap()
}
