//! The network as companies have it.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use host_test::component;
use host_test::endpoint::{Http2, LastRequest, MockEndpoint, redirect, status};
use orchestra_host::{Config, Host, HostError};

use crate::{block_on, cache, line, lines, runtime, task, with_input};

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

/// Thirty runs, whose connection ends after every twentieth request in this way; then what has arrived of each run, and how
/// many requests there were.
fn over_short_connections(test: &str, then: LastRequest) -> usize {
    const RUNS: usize = 30;
    let answer = status(200).delayed(Duration::from_millis(5));
    let endpoint = MockEndpoint::always_http2(answer, Http2 { streams: 100, last: Some((20, then)) });
    let task = trusting(&endpoint, test).load(component::test_task()).unwrap();
    let runs: Vec<_> = (0..RUNS)
        .map(|number| {
            let mut run = with_input(&endpoint, r#"{"do": "report-often", "times": 6}"#);
            if let Some(reporting) = &mut run.reporting {
                reporting.run_id = format!("12345678-1234-5678-1234-{number:012}");
                reporting.delivery = vec![("ORCHESTRA_RETRY_FIRST_WAIT".into(), "5ms".into())];
            }
            let task = task.clone();
            runtime().spawn(async move { task.run(run).await })
        })
        .collect();
    for run in runs {
        let ended = runtime().block_on(run).unwrap();
        assert_eq!((ended.trouble, ended.is_acknowledged), (vec![], true));
    }
    let requests = endpoint.all_requests();
    let mut reports: HashMap<String, Vec<(String, String)>> = HashMap::new();
    for request in requests.iter().filter(|request| request.body_complete) {
        let key = request.header("idempotency-key").unwrap_or_default().to_string();
        let run = reports.entry(request.json()["task_run_id"].to_string()).or_default();
        if run.last().is_none_or(|(last, _)| *last != key) {
            run.push((key, line(request)));
        }
    }
    assert_eq!(reports.len(), RUNS);
    for (run, reports) in reports {
        assert_eq!(reports.len(), 8, "{run}: {reports:?}");
        assert!(reports[0].1.starts_with("RUNNING") && reports[7].1.starts_with("SUCCEEDED"), "{run}: {reports:?}");
    }
    assert!(endpoint.connections() > 1);
    requests.len()
}

#[test]
fn a_goaway_loses_no_report_and_repeats_none() {
    assert_eq!(over_short_connections("goaway", LastRequest::Goaway), 30 * 8);
}

#[test]
fn what_is_under_way_on_a_connection_that_is_cut_is_sent_again_under_the_same_key() {
    assert!(over_short_connections("cut", LastRequest::Cut) > 30 * 8);
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
