//! What a trigger may say, and the answer to one that says something else.

use host_test::composed::Program;
use host_test::composed::service::{Answered, Service};
use host_test::endpoint::{MockEndpoint, status};
use host_test::guest::{API_KEY, RUN_ID};

use crate::{line, lines};

/// A service that is given one trigger after the other, none of which starts a run.
fn nothing_is_started(variables: &[(&str, &str)], test: impl FnOnce(&Service)) {
    let endpoint = MockEndpoint::script([]);
    let url = endpoint.url();
    let defaults = [("ORCHESTRA_API_KEY", API_KEY), ("ORCHESTRA_WEBHOOK_URL", &url)];
    test(&Program::task().serve_with(&[&defaults, variables].concat()));
}

#[track_caller]
fn assert_error(response: &Answered, status: u16, error: &str) {
    assert_eq!(response.status, status, "{response:?}");
    let json = response.json();
    assert!(json["error"].as_str().is_some_and(|text| text.contains(error)), "{response:?}");
}

#[test]
fn the_run_id_may_be_in_the_body_and_the_rest_of_it_is_the_input() {
    for name in ["orchestra_task_run_id", "task_run_id", "correlation_id"] {
        let endpoint = MockEndpoint::script(vec![status(200); 3]);
        let service = Program::task().serve(&endpoint);
        let response = service.post(&[], &format!(r#"{{"do": "echo", "{name}": "{RUN_ID}", "rows": 3}}"#));
        assert_eq!(response.json()["task_run_id"], RUN_ID);
        service.wait_for_ends(1);
        assert_eq!(line(&endpoint.requests::<3>()[1]), r#"input = {"do":"echo","rows":3}"#);
    }
}

#[test]
fn the_run_id_of_the_header_wins() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let service = Program::task().serve(&endpoint);
    let other = r#"{"task_run_id": "00000000-0000-0000-0000-000000000001"}"#;
    assert_eq!(service.trigger(RUN_ID, other).json()["task_run_id"], RUN_ID);
    service.wait_for_ends(1);
    assert!(endpoint.requests::<2>().iter().all(|request| request.json()["task_run_id"] == RUN_ID));
}

#[test]
fn a_trigger_without_a_run_id_is_refused() {
    nothing_is_started(&[], |service| {
        assert_error(&service.post(&[], "{}"), 400, "no run id");
        assert_error(&service.post(&[], ""), 400, "no run id");
        assert_error(&service.trigger("7", "{}"), 400, "the run id is not a UUID");
        assert_error(&service.post(&[], r#"{"task_run_id": 7}"#), 400, "task_run_id is not a text");
    });
}

#[test]
fn a_body_that_is_not_json_is_refused() {
    nothing_is_started(&[], |service| {
        assert_error(&service.trigger(RUN_ID, "do=echo"), 400, "the body is not JSON");
    });
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let body = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    nothing_is_started(&[], |service| {
        assert_error(&service.trigger(RUN_ID, &body(1024 * 1024 + 1)), 413, "longer than 1048576 bytes");
    });
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let service = Program::task().serve(&endpoint);
    assert_eq!(service.trigger(RUN_ID, &body(1024 * 1024)).status, 202);
    service.wait_for_ends(1);
}

/// Within the 25 s that Orchestra leaves for it, and some to spare. They pass at once.
#[test]
fn a_body_that_does_not_arrive_is_not_waited_for() {
    let service = Program::task().serve_simulated(&[("ORCHESTRA_API_KEY", API_KEY)]);
    assert_error(&service.trigger_unfinished(RUN_ID, "{}"), 408, "did not arrive within 25 s");
}

#[test]
fn a_token_that_is_configured_must_be_shown() {
    nothing_is_started(&[("ORCHESTRA_TRIGGER_TOKEN", "secret")], |service| {
        let response = service.trigger(RUN_ID, "{}");
        assert_error(&response, 401, "absent or wrong");
        assert!(response.head.contains("www-authenticate: bearer"), "{}", response.head);
        let headers = [("orchestra_task_run_id", RUN_ID), ("authorization", "Bearer wrong!")];
        assert_error(&service.post(&headers, "{}"), 401, "absent or wrong");
    });

    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let url = endpoint.url();
    let variables =
        [("ORCHESTRA_API_KEY", API_KEY), ("ORCHESTRA_WEBHOOK_URL", &url), ("ORCHESTRA_TRIGGER_TOKEN", "secret")];
    let service = Program::task().serve_with(&variables);
    let headers = [("orchestra_task_run_id", RUN_ID), ("authorization", "Bearer secret")];
    assert_eq!(service.post(&headers, "{}").status, 202);
    service.wait_for_ends(1);
}

/// The key goes to no address that a caller chose.
#[test]
fn a_webhook_url_of_another_origin_is_refused() {
    let stranger = MockEndpoint::script([]);
    let allowed = [("ORCHESTRA_ALLOWED_ENDPOINTS", "https://a.example")];
    for variables in [&[][..], &allowed] {
        nothing_is_started(variables, |service| {
            for name in ["webhook_url", "orchestra_webhook_url"] {
                let body = format!(r#"{{"{name}": "{}"}}"#, stranger.url());
                assert_error(&service.trigger(RUN_ID, &body), 403, "ORCHESTRA_ALLOWED_ENDPOINTS");
            }
        });
    }
}

/// It is the trigger that is wrong, not the service.
#[test]
fn a_webhook_url_that_the_key_cannot_be_sent_to_is_refused() {
    nothing_is_started(&[("ORCHESTRA_ALLOWED_ENDPOINTS", "http://b.example")], |service| {
        assert_error(&service.trigger(RUN_ID, r#"{"webhook_url": "http://b.example"}"#), 400, "plain http");
    });
}

#[test]
fn a_webhook_url_of_an_allowed_origin_is_reported_to() {
    let default = MockEndpoint::script([]);
    let named = MockEndpoint::script(vec![status(200); 3]);
    let (default_url, named_url) = (default.url(), named.url());
    let service = Program::task().serve_with(&[
        ("ORCHESTRA_API_KEY", API_KEY),
        ("ORCHESTRA_WEBHOOK_URL", &default_url),
        ("ORCHESTRA_ALLOWED_ENDPOINTS", &format!("https://a.example, {named_url}")),
    ]);
    let body = format!(r#"{{"do": "echo", "webhook_url": "{named_url}/hook"}}"#);
    assert_eq!(service.trigger(RUN_ID, &body).status, 202);
    service.wait_for_ends(1);
    let requests = named.requests::<3>();
    assert!(requests.iter().all(|request| request.path == "/hook"));
    let expected = ["RUNNING task started.", r#"input = {"do":"echo"}"#, "SUCCEEDED task succeeded."];
    assert_eq!(lines(&requests), expected);
}
