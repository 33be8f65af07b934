//! An endpoint that is down: what was not delivered is said, and the work goes on as if it were.

use host_test::composed::Program;
use host_test::composed::command::End;
use host_test::endpoint::{MockEndpoint, dead_url, reset_on_connect, retry_after, status};
use host_test::report::line;

/// Each `orchestra: not reported: REPORT: …`, less its reason.
fn undelivered(stderr: &str) -> Vec<&str> {
    let lines = stderr.lines().filter_map(|line| line.strip_prefix("orchestra: "));
    lines.filter_map(|line| line.strip_prefix("not reported: ")?.split_once(": ").map(|(report, _)| report)).collect()
}

#[test]
fn a_task_ends_as_it_would() {
    for (input, succeeded, reports) in [
        ("{}", true, &["start", "ending (succeeded)"][..]),
        (r#"{"do": "report"}"#, true, &["start", "progress", "output rows", "log run.log", "ending (succeeded)"]),
        (r#"{"do": "fail", "text": "no rows"}"#, false, &["start", "ending (failed)"]),
    ] {
        let ran = Program::task().invoke(&[input]).reporting_to_url(&dead_url()).simulated_alone().run();
        assert_eq!(ran.end, End::Returned(succeeded));
        assert_eq!(undelivered(&ran.stderr), reports);
    }
}

#[test]
fn a_task_that_exits_ends_as_it_would() {
    for (status, ending) in [(0, "ending (succeeded)"), (1, "ending (failed)")] {
        let input = format!(r#"{{"do": "exit", "status": {status}}}"#);
        let ran = Program::task().invoke(&[&input]).reporting_to_url(&dead_url()).simulated_alone().run();
        assert_eq!(ran.end, End::Exited(status));
        assert_eq!(undelivered(&ran.stderr), ["start", ending]);
    }
}

#[test]
fn a_command_ends_as_it_would() {
    for (arguments, end, ending) in [
        (["return", "0"], End::Returned(true), "ending (succeeded)"),
        (["return", "3"], End::Returned(false), "ending (failed)"),
        (["exit", "0"], End::Exited(0), "ending (succeeded)"),
        (["exit", "3"], End::Exited(1), "ending (failed)"),
    ] {
        let ran = Program::command().invoke(&arguments).reporting_to_url(&dead_url()).simulated_alone().run();
        assert_eq!(ran.end, end, "{arguments:?}");
        assert_eq!(undelivered(&ran.stderr), ["start", ending], "{arguments:?}");
    }
}

/// Ten attempts for the first report alone.
#[test]
fn an_endpoint_that_resets_connections_at_first_loses_no_report() {
    let endpoint = MockEndpoint::script([vec![reset_on_connect(); 10], vec![status(200); 5]].concat());
    let program = Program::task().invoke(&[r#"{"do": "report"}"#]).reporting_to(&endpoint);
    let program = program.variable("ORCHESTRA_RETRY_FIRST_WAIT", "5ms").variable("ORCHESTRA_RETRY_LONGEST_WAIT", "5ms");
    let ran = program.run();
    assert_eq!((ran.end, ran.stderr.as_str()), (End::Returned(true), ""));
    let arrived: Vec<String> = endpoint.all_requests().iter().map(line).collect();
    let expected =
        ["RUNNING task started.", "RUNNING half", "rows = 12", "run.log: a line", "SUCCEEDED task succeeded."];
    assert_eq!(arrived, expected);
}

/// An hour, on the start: it is waited for as long as the run's time allows, and nothing is given up for it.
#[test]
fn a_retry_after_beyond_all_time_loses_no_report() {
    let endpoint = MockEndpoint::script([vec![retry_after(503, "3600")], vec![status(200); 5]].concat());
    let program = Program::task().invoke(&[r#"{"do": "report"}"#]).reporting_to(&endpoint);
    let ran = program.variable("ORCHESTRA_DELIVERY_TIMEOUT", "2s").run();
    assert_eq!((ran.end, ran.stderr.as_str()), (End::Returned(true), ""));
    assert_eq!(endpoint.all_requests().len(), 6);
}

#[test]
fn the_environment_says_how_long_delivery_may_take() {
    let program = Program::task().invoke(&["{}"]).variable("ORCHESTRA_DELIVERY_TIMEOUT", "soon");
    let ran = program.reporting_to_url(&dead_url()).simulated_alone().run();
    assert!(ran.stderr.starts_with("orchestra: nothing is reported: ORCHESTRA_DELIVERY_TIMEOUT: "), "{}", ran.stderr);
    assert!(!ran.stderr.contains("soon"));
}
