//! A task under the runner, as an HTTP service.

use std::collections::BTreeMap;

use host_test::composed::Program;
use host_test::composed::service::read;
use host_test::endpoint::{MockEndpoint, hang, status};
use host_test::guest::{API_KEY, RUN_ID};

use crate::{line, lines};

#[test]
fn a_trigger_starts_a_run() {
    let endpoint = MockEndpoint::script(vec![status(200); 5]);
    let service = Program::task().serve(&endpoint);
    let response = service.trigger(&RUN_ID.to_uppercase(), r#"{"do": "report"}"#);
    assert_eq!(response.status, 202);
    assert!(response.head.contains("content-type: application/json"), "{}", response.head);
    assert_eq!(response.json(), serde_json::json!({ "task_run_id": RUN_ID }));
    let ends = service.wait_for_ends(1);
    assert_eq!((ends[0].error.as_ref(), ends[0].stderr.as_str()), (None, ""));
    let expected =
        ["RUNNING task started.", "RUNNING half", "rows = 12", "run.log: a line", "SUCCEEDED task succeeded."];
    assert_eq!(lines(&endpoint.requests::<5>()), expected);
}

/// The start is reported before the task runs, and here it never is.
#[test]
fn the_answer_is_out_before_the_task_runs() {
    let endpoint = MockEndpoint::script([hang()]);
    let service = Program::task().serve(&endpoint);
    assert_eq!(service.trigger(RUN_ID, "{}").status, 202);
    endpoint.wait_for_hanging(1);
}

/// What the task waits for exists only after the answer was read.
#[test]
fn the_task_goes_on_after_the_answer() {
    let endpoint = MockEndpoint::script(vec![status(200); 3]);
    let service = Program::task().serve(&endpoint);
    let response = service.trigger(RUN_ID, r#"{"do": "wait"}"#);
    service.end_inputs(&response.status.to_string());
    service.wait_for_ends(1);
    let expected = ["RUNNING task started.", "waited-for = \"202\"", "SUCCEEDED task succeeded."];
    assert_eq!(lines(&endpoint.requests::<3>()), expected);
}

#[test]
fn a_hundred_triggers_at_once_all_end() {
    let endpoint = MockEndpoint::always(status(200));
    let service = Program::task().serve(&endpoint);
    let id = |number: usize| format!("00000000-0000-0000-0000-{number:012}");
    let sent: Vec<_> = (0..100)
        .map(|number| service.send("POST", "/", &[("orchestra_task_run_id", &id(number))], r#"{"do": "wait"}"#))
        .collect();
    assert!(sent.into_iter().all(|stream| read(stream).status == 202));
    // All have started, and none can have ended.
    endpoint.wait_for_requests(100);
    service.end_inputs("");
    assert!(service.wait_for_ends(100).iter().all(|end| end.error.is_none() && end.stderr.is_empty()));

    let mut runs = BTreeMap::<String, Vec<String>>::new();
    for request in endpoint.all_requests() {
        let id = request.json()["task_run_id"].as_str().unwrap_or_default().to_string();
        runs.entry(id).or_default().push(line(&request));
    }
    let expected = ["RUNNING task started.", "waited-for = \"\"", "SUCCEEDED task succeeded."];
    assert_eq!(runs.len(), 100);
    assert!(runs.values().all(|lines| *lines == expected), "{runs:#?}");
}

/// Each trigger has an instance of its own, which knows of no other: both run, and both report.
#[test]
fn two_triggers_of_one_run_both_run_it() {
    let endpoint = MockEndpoint::script(vec![status(200); 6]);
    let service = Program::task().serve(&endpoint);
    let [first, second] = [(); 2].map(|()| service.trigger(RUN_ID, r#"{"do": "wait"}"#));
    assert_eq!((first.status, second.status), (202, 202));
    // Neither has ended when the other is answered.
    endpoint.wait_for_requests(2);
    service.end_inputs("");
    service.wait_for_ends(2);
    let mut lines = lines(&endpoint.requests::<6>());
    lines.sort();
    let expected = ["RUNNING task started.", "SUCCEEDED task succeeded.", "waited-for = \"\""];
    assert_eq!(lines, expected.map(|line| [line, line]).concat());
}

#[test]
fn a_service_says_that_it_is_alive() {
    let service = Program::task().serve_with(&[("ORCHESTRA_TRIGGER_TOKEN", "secret")]);
    let response = service.request("GET", "/healthz");
    assert_eq!((response.status, response.json()), (200, serde_json::json!({ "status": "ok" })));
}

#[test]
fn a_method_that_starts_nothing_is_told_which_does() {
    let service = Program::task().serve_with(&[("ORCHESTRA_API_KEY", API_KEY)]);
    for (method, path, allowed) in [("GET", "/", "post"), ("DELETE", "/x", "post"), ("POST", "/healthz", "get")] {
        let response = service.request(method, path);
        assert_eq!(response.status, 405);
        assert!(response.head.contains(&format!("allow: {allowed}")), "{}", response.head);
        assert!(response.json()["error"].is_string());
    }
}

/// A run that nobody hears of would be waited for in vain.
#[test]
fn a_service_without_a_usable_configuration_starts_nothing() {
    for (variables, expected) in [
        (&[][..], "ORCHESTRA_API_KEY: it is not set"),
        (&[("ORCHESTRA_API_KEY", "k"), ("ORCHESTRA_WEBHOOK_URL", "nonsense")], "ORCHESTRA_WEBHOOK_URL: "),
        (&[("ORCHESTRA_API_KEY", "k"), ("ORCHESTRA_WEBHOOK_URL", "http://example.com")], "plain http"),
        (&[("ORCHESTRA_API_KEY", "k"), ("ORCHESTRA_TRIGGER_TOKEN", "")], "ORCHESTRA_TRIGGER_TOKEN is set and empty"),
        (&[("ORCHESTRA_API_KEY", "k"), ("ORCHESTRA_ALLOWED_ENDPOINTS", "x")], "ORCHESTRA_ALLOWED_ENDPOINTS: "),
    ] {
        let service = Program::task().serve_with(variables);
        let response = service.trigger(RUN_ID, "{}");
        assert_eq!(response.status, 500, "{response:?}");
        assert!(response.body.contains(expected), "{response:?}");
        assert!(service.wait_for_ends(1)[0].stderr.contains(expected));
    }
}
