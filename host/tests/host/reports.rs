//! Trouble with reporting is told, and changes nothing else.

use host_test::component;
use host_test::endpoint::{MockEndpoint, status};
use orchestra_host::{ApiKey, End, LoadError, Outcome, Reporting, Run};

use crate::{block_on, host, lines, reporting_to, runtime, task, with_input};

#[test]
fn without_an_account_nothing_is_reported() {
    let ended = block_on(task(), Run { input: r#"{"do": "report"}"#.into(), ..Run::default() });
    assert_eq!((ended.end, ended.outcome, ended.trouble), (End::Returned, Outcome::Succeeded, vec![]));
}

#[test]
fn what_is_wrong_with_the_configuration_is_told_and_the_task_runs() {
    let ours = |run_id: &str, key: &str, endpoint: &str| Reporting {
        run_id: run_id.into(),
        api_key: ApiKey::new(key),
        endpoint: Some(endpoint.into()),
    };
    let id = host_test::guest::RUN_ID;
    for (reporting, why) in [
        (ours("7", "key", "http://127.0.0.1:1"), "the run id is no UUID"),
        (ours(id, "k\u{1}y", "http://127.0.0.1:1"), "the API key holds"),
        (ours(id, "key", "http://example.com"), "http://example.com is plain http"),
    ] {
        let ended = block_on(task(), Run { reporting: Some(reporting), ..Run::default() });
        assert_eq!(ended.end, End::Returned);
        let [trouble] = &ended.trouble[..] else { panic!("{ended:?}") };
        assert!(trouble.starts_with(&format!("nothing is reported: {why}")), "{trouble}");
    }
}

#[test]
fn a_refused_report_is_told() {
    let endpoint = MockEndpoint::script(vec![status(403).body("no such run"); 2]);
    let ended = block_on(task(), with_input(&endpoint, "{}"));
    assert_eq!(ended.end, End::Returned);
    let expected = [
        "the start was not reported: `start` was answered 403: no such run",
        "the ending was not reported: `succeeded` was answered 403: no such run",
    ];
    assert_eq!(ended.trouble, expected);
    endpoint.requests::<2>();
}

#[test]
fn a_task_that_cannot_be_loaded_is_reported() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let reporting = reporting_to(&endpoint).unwrap();
    let trouble = runtime().block_on(host().report_failure(reporting, "load", "task.wasm: no such file"));
    assert_eq!(trouble, [""; 0]);
    let expected = ["RUNNING load started.", "FAILED load failed. Error: task.wasm: no such file"];
    assert_eq!(lines(&endpoint.requests::<2>()), expected);
}

#[test]
fn what_cannot_be_run_is_told_apart() {
    let load = |bytes: &[u8]| host().load(bytes).err();
    assert!(matches!(load(b"\0asm\x01\0\0\0"), Some(LoadError::CoreModule)));
    assert!(matches!(load(b"#!/bin/sh"), Some(LoadError::Invalid(_))));
    assert!(matches!(load(b"\0asm\x0d\0\x01\0"), Some(LoadError::NothingToRun)));
    assert!(matches!(load(&component::components().guard), Some(LoadError::NothingToRun)));
    assert!(matches!(load(&component::components().wrapper), Some(LoadError::Import(_))));
}
