//! What ends a program from inside: `wasi:cli/exit`, which the guard reports, and a trap, which nobody can.

use host_test::composed::Program;
use host_test::composed::command::End;
use host_test::endpoint::{MockEndpoint, status};

use crate::{line, lines};

#[test]
fn an_exit_is_reported_before_the_program_is_gone() {
    for (code, end, ending) in [
        (0, End::Exited(0), "SUCCEEDED task succeeded."),
        (3, End::Exited(1), "FAILED task failed. Error: exited with a failure status"),
    ] {
        let endpoint = MockEndpoint::script(vec![status(200); 2]);
        let input = format!(r#"{{"do": "exit", "status": {code}}}"#);
        let ran = Program::task().invoke(&[&input]).reporting_to(&endpoint).run();
        assert_eq!(ran.end, end);
        assert_eq!(lines(&endpoint.requests::<2>()), ["RUNNING task started.", ending]);
    }
}

/// Orchestra is told the code. The host is not: it may be one that lacks the function.
#[test]
fn an_exit_with_a_code_is_reported_with_it() {
    for (code, end, ending) in [
        (0, End::Exited(0), "SUCCEEDED task succeeded."),
        (3, End::Exited(1), "FAILED task failed. Error: exited with status 3"),
    ] {
        let endpoint = MockEndpoint::script(vec![status(200); 2]);
        let input = format!(r#"{{"do": "exit-with-code", "status": {code}}}"#);
        let ran = Program::task().invoke(&[&input]).reporting_to(&endpoint).run();
        assert_eq!(ran.end, end);
        assert_eq!(lines(&endpoint.requests::<2>()), ["RUNNING task started.", ending]);
    }
}

#[test]
fn an_exit_after_an_ending_of_the_tasks_own_has_its_status() {
    for (outcome, ending, status_of_exit) in
        [("failed", "FAILED", 1), ("cancelled", "CANCELLED", 1), ("warning", "WARNING", 0)]
    {
        let endpoint = MockEndpoint::script(vec![status(200); 2]);
        let input = format!(r#"{{"do": "end", "outcome": "{outcome}", "then": {{"do": "exit", "status": 0}}}}"#);
        let ran = Program::task().invoke(&[&input]).reporting_to(&endpoint).run();
        assert_eq!(ran.end, End::Exited(status_of_exit), "{outcome}");
        assert!(line(&endpoint.requests::<2>()[1]).starts_with(ending));
    }
}

#[test]
fn an_exit_without_a_key_is_an_exit() {
    assert_eq!(Program::task().invoke(&[r#"{"do": "exit", "status": 3}"#]).run().end, End::Exited(1));
}

#[test]
fn an_exit_whose_report_is_refused_is_said() {
    let endpoint = MockEndpoint::script([status(200), status(410)]);
    let ran = Program::task().invoke(&[r#"{"do": "exit", "status": 0}"#]).reporting_to(&endpoint).run();
    assert_eq!(ran.end, End::Exited(0));
    assert_eq!(ran.stderr, "orchestra: not reported: ending (succeeded): the endpoint answered 410\n");
}

/// No part of a trapped store can report; what must not be is a success.
#[test]
fn a_trap_is_never_a_success() {
    let endpoint = MockEndpoint::script([status(200)]);
    let ran = Program::task().invoke(&[r#"{"do": "trap"}"#]).reporting_to(&endpoint).run();
    assert!(matches!(ran.end, End::Trapped(_)), "{ran:?}");
    let [start] = endpoint.requests();
    assert_eq!(line(&start), "RUNNING task started.");
}

#[test]
fn a_trap_in_a_service_is_a_line_in_the_hosts_log() {
    let endpoint = MockEndpoint::script([status(200)]);
    let service = Program::task().serve(&endpoint);
    assert_eq!(service.trigger(host_test::guest::RUN_ID, r#"{"do": "trap"}"#).status, 202);
    let ends = service.wait_for_ends(1);
    assert!(ends[0].error.as_ref().is_some_and(|error| error.contains("unreachable")), "{ends:?}");
    assert_eq!(line(&endpoint.requests::<1>()[0]), "RUNNING task started.");
}

#[test]
fn an_exit_in_a_service_is_reported() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let service = Program::task().serve(&endpoint);
    assert_eq!(service.trigger(host_test::guest::RUN_ID, r#"{"do": "exit", "status": 3}"#).status, 202);
    service.wait_for_ends(1);
    assert_eq!(line(&endpoint.requests::<2>()[1]), "FAILED task failed. Error: exited with a failure status");
}
