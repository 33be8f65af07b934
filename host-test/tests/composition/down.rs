//! An endpoint that is down: what was not delivered is said, and the work goes on as if it were.

use host_test::composed::Program;
use host_test::composed::command::End;
use host_test::endpoint::dead_url;

/// Each `orchestra: REPORT was not reported: …`, less its reason.
fn undelivered(stderr: &str) -> Vec<&str> {
    let lines = stderr.lines().filter_map(|line| line.strip_prefix("orchestra: "));
    lines.filter_map(|line| line.split_once(" was not reported: ").map(|(report, _)| report)).collect()
}

#[test]
fn a_task_ends_as_it_would() {
    for (input, succeeded) in
        [("{}", true), (r#"{"do": "report"}"#, true), (r#"{"do": "fail", "text": "no rows"}"#, false)]
    {
        let ran = Program::task().invoke(&[input]).reporting_to_url(&dead_url()).simulated_alone().run();
        assert_eq!(ran.end, End::Returned(succeeded));
        assert_eq!(undelivered(&ran.stderr), ["the ending"]);
        let before = if input.contains("report") { 4 } else { 1 };
        assert!(ran.stderr.contains(&format!("orchestra: nor were {before} reports before it\n")), "{}", ran.stderr);
    }
}

#[test]
fn a_task_that_exits_ends_as_it_would() {
    for status in [0, 1] {
        let input = format!(r#"{{"do": "exit", "status": {status}}}"#);
        let ran = Program::task().invoke(&[&input]).reporting_to_url(&dead_url()).simulated_alone().run();
        assert_eq!(ran.end, End::Exited(status));
        assert_eq!(undelivered(&ran.stderr), ["the ending"]);
    }
}

#[test]
fn a_command_ends_as_it_would() {
    for (arguments, end) in [
        (["return", "0"], End::Returned(true)),
        (["return", "3"], End::Returned(false)),
        (["exit", "0"], End::Exited(0)),
        (["exit", "3"], End::Exited(1)),
    ] {
        let ran = Program::command().invoke(&arguments).reporting_to_url(&dead_url()).simulated_alone().run();
        assert_eq!(ran.end, end, "{arguments:?}");
        assert_eq!(undelivered(&ran.stderr), ["the ending"], "{arguments:?}");
    }
}
