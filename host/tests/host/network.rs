//! The network as companies have it.

use std::fs;
use std::path::Path;

use host_test::component;
use host_test::endpoint::{MockEndpoint, redirect, status};
use orchestra_host::{Cache, Config, Host, HostError};

use crate::{block_on, lines, runtime, task, with_input};

#[test]
fn reports_share_a_connection() {
    let endpoint = MockEndpoint::script(vec![status(200); 5]);
    block_on(task(), with_input(&endpoint, r#"{"do": "report"}"#));
    endpoint.requests::<5>();
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
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("authorities.pem");
    fs::write(&file, pem(&endpoint.certificate_authority())).unwrap();
    let host = Host::new(&Config { cache: Cache::Off, certificate_authorities: Some(file) }).unwrap();
    let task = host.load(component::test_task()).unwrap();
    let ended = runtime().block_on(task.run(with_input(&endpoint, "{}")));
    assert_eq!(ended.trouble, [""; 0]);
    assert_eq!(lines(&endpoint.requests::<2>()), ["RUNNING task started.", "SUCCEEDED task succeeded."]);
}

#[test]
fn a_file_without_authorities_is_an_error() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("empty.pem");
    fs::write(&file, "").unwrap();
    let error = Host::new(&Config { cache: Cache::Off, certificate_authorities: Some(file) }).err();
    assert!(matches!(error, Some(HostError::Network(_))), "{error:?}");
}

/// As in RFC 7468, written by hand because nothing else here needs base64.
fn pem(der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for bytes in der.chunks(3) {
        let group = bytes.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - bytes.len()));
        for place in 0..4 {
            let digit = ALPHABET[(group >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= bytes.len() { char::from(digit) } else { '=' });
        }
    }
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
