//! Trouble with reporting is told, and changes nothing else.

use host_test::component;
use host_test::endpoint::{MockEndpoint, status};
use orchestra_host::{ApiKey, CancellationToken, End, LoadError, Outcome, Reporting, Run};

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
        delivery: Vec::new(),
    };
    let id = host_test::guest::RUN_ID;
    for (reporting, why) in [
        (ours("7", "key", "http://127.0.0.1:1"), "the run id is not a UUID"),
        (ours(id, "k\u{1}y", "http://127.0.0.1:1"), "ORCHESTRA_API_KEY: the API key has"),
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
        "not reported: start: the endpoint answered 403: no such run",
        "not reported: ending (succeeded): the endpoint answered 403: no such run",
    ];
    assert_eq!(ended.trouble, expected);
    endpoint.requests::<2>();
}

/// In many a language an error result is an exception: reporting must not be what a task fails of.
#[test]
fn a_task_does_not_fail_of_reports_that_are_refused() {
    let endpoint = MockEndpoint::script(vec![status(403); 5]);
    let ended = block_on(task(), with_input(&endpoint, r#"{"do": "report"}"#));
    assert_eq!((ended.end, ended.outcome, ended.trouble.len()), (End::Returned, Outcome::Succeeded, 5));
    endpoint.requests::<5>();
}

/// A task may work for hours between two reports.
#[test]
fn reports_go_out_while_the_task_works() {
    let endpoint = MockEndpoint::script(vec![status(200); 5]);
    let cancellation = CancellationToken::new();
    let input = r#"{"do": "report", "then": {"do": "loop"}}"#;
    let run = Run { cancellation: cancellation.clone(), ..with_input(&endpoint, input) };
    let running = runtime().spawn(task().run(run));
    let reported = endpoint.wait_for_requests(4);
    assert_eq!(lines(&reported)[3], "run.log: a line");
    cancellation.cancel();
    runtime().block_on(running).unwrap();
    endpoint.requests::<5>();
}

#[test]
fn a_report_is_tried_again_while_the_task_works() {
    let endpoint = MockEndpoint::script([status(503), status(200), status(200)]);
    let cancellation = CancellationToken::new();
    let run = Run { cancellation: cancellation.clone(), ..with_input(&endpoint, r#"{"do": "loop"}"#) };
    let running = runtime().spawn(task().run(run));
    let [first, second] = endpoint.wait_for_requests(2).try_into().unwrap();
    assert_eq!(first.header("idempotency-key"), second.header("idempotency-key"));
    cancellation.cancel();
    assert_eq!(runtime().block_on(running).unwrap().trouble, [""; 0]);
    endpoint.requests::<3>();
}

#[test]
fn what_an_open_log_holds_is_sent_though_the_task_has_ended_the_run_and_trapped() {
    let endpoint = MockEndpoint::script(vec![status(200); 3]);
    let input = r#"{"do": "end", "then": {"do": "write-log", "text": "late", "then": {"do": "trap"}}}"#;
    let ended = block_on(task(), with_input(&endpoint, input));
    assert_eq!(ended.trouble, [""; 0]);
    assert_eq!(lines(&endpoint.requests::<3>())[2], "run.log: late");
}

/// It would only fill the process component's memory.
#[test]
fn a_text_that_no_report_could_hold_is_an_invalid_argument() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    block_on(task(), with_input(&endpoint, r#"{"do": "oversize", "mib": 20}"#));
    let ending = &lines(&endpoint.requests::<2>())[1];
    assert!(ending.contains("InvalidArgument(\"the arguments of a call are longer than 8 MiB\")"), "{ending}");
}

#[test]
fn a_run_whose_name_cannot_be_used_is_reported_under_another() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let ended = block_on(task(), Run { name: "a\nb".into(), ..with_input(&endpoint, "{}") });
    let [trouble] = &ended.trouble[..] else { panic!("{ended:?}") };
    assert!(trouble.contains("name") && trouble.ends_with("the run is reported as `task`"), "{trouble}");
    assert_eq!(lines(&endpoint.requests::<2>()), ["RUNNING task started.", "SUCCEEDED task succeeded."]);
}

#[test]
fn what_is_wrong_with_the_configuration_can_be_told_beforehand() {
    let endpoint = MockEndpoint::script([]);
    let good = reporting_to(&endpoint).unwrap();
    assert_eq!(runtime().block_on(host().check(&good)), Ok(()));
    let bad = Reporting { run_id: "7".into(), ..good };
    let error = runtime().block_on(host().check(&bad)).unwrap_err();
    assert!(error.starts_with("the run id is not a UUID"), "{error}");
}

#[test]
fn a_task_that_cannot_be_loaded_is_reported() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let reporting = reporting_to(&endpoint).unwrap();
    let ended = runtime().block_on(host().report_end(
        Some(reporting),
        "load",
        End::NotStarted("task.wasm: no such file".into()),
    ));
    assert_eq!((ended.trouble, ended.is_acknowledged), (vec![], true));
    let expected = ["RUNNING load started.", "FAILED load failed. Error: task.wasm: no such file"];
    assert_eq!(lines(&endpoint.requests::<2>()), expected);
}

#[test]
fn what_cannot_be_run_is_told_apart() {
    let load = |bytes: &[u8]| host().load(bytes).err();
    assert!(matches!(load(b"\0asm\x01\0\0\0"), Some(LoadError::CoreModule)));
    assert!(matches!(load(b"#!/bin/sh"), Some(LoadError::NotWebAssembly)));
    assert!(matches!(load(b"\0asm\x0d\0\x01\0\x0b\xff"), Some(LoadError::Invalid(_))));
    assert!(matches!(load(b"\0asm\x0d\0\x01\0"), Some(LoadError::NothingToRun)));
    assert!(matches!(load(&component::components().guard), Some(LoadError::NothingToRun)));
    // A call in another shape would be the host's to stumble over.
    let text = r#"(component
        (type $lifecycle (instance
            (export "process" (type $process (sub resource)))
            (export "[method]process.flush" (func (param "self" (borrow $process))))))
        (import "orchestra:process/lifecycle@0.1.0" (instance (type $lifecycle)))
        (core module $module (func (export "run") (result i32) i32.const 0))
        (core instance $instance (instantiate $module))
        (func $run (result (result)) (canon lift (core func $instance "run")))
        (instance $command (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $command)))"#;
    let error = load(&wat::parse_str(text).unwrap()).unwrap();
    assert!(error.to_string().contains("[method]process.flush of orchestra:process/lifecycle@0.1.0"), "{error}");
    assert!(matches!(load(&component::components().wrapper), Some(LoadError::Import(_))));
}
