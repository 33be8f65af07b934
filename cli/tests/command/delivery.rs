//! What is left when the time for delivery is over.

use std::time::{Duration, Instant};

use host_test::component;
use host_test::endpoint::{MockEndpoint, dead_url, hang, status};
use host_test::guest::{API_KEY, RUN_ID};
use serde_json::{Value, json};

use crate::{file, orchestra, ran, reporting_to, statuses};

#[test]
fn a_run_that_must_be_reported_and_is_not_has_a_status_of_its_own_and_says_what_is_missing() {
    let task = file("unreported", component::test_task());
    let mut command = orchestra(&["run", &task, "--require-report", "--delivery-timeout", "300ms", "--json"]);
    command.env("ORCHESTRA_API_KEY", API_KEY).env("ORCHESTRA_TASK_RUN_ID", RUN_ID);
    let (code, _, stderr) = ran(command.env("ORCHESTRA_WEBHOOK_URL", dead_url()).output());
    assert_eq!(code, Some(3), "{stderr}");
    let lines: Vec<_> = stderr.lines().collect();
    let [start, ending, summary] = lines[..] else { panic!("{stderr}") };
    assert!(start.starts_with("orchestra: not reported: start: after "), "{start}");
    assert!(ending.starts_with("orchestra: not reported: ending (succeeded): after "), "{ending}");
    let summary: Value = serde_json::from_str(summary).unwrap();
    assert_eq!(summary["unacknowledged"], json!(["start", "ending (succeeded)"]));
    assert_eq!((&summary["acknowledged"], &summary["status"]), (&json!(false), &json!(3)));
}

#[test]
fn the_environment_says_how_long_delivery_may_take() {
    let task = file("environment-timeout", component::test_task());
    let began = Instant::now();
    let mut command = orchestra(&["run", &task]);
    command.env("ORCHESTRA_API_KEY", API_KEY).env("ORCHESTRA_TASK_RUN_ID", RUN_ID);
    command.env("ORCHESTRA_WEBHOOK_URL", dead_url()).env("ORCHESTRA_DELIVERY_TIMEOUT", "300ms");
    let (code, _, stderr) = ran(command.output());
    assert_eq!(code, Some(0), "what is not reported changes nothing else: {stderr}");
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert!(stderr.contains("not reported: ending (succeeded)"), "{stderr}");
}

/// Down for eight attempts, and then back.
#[test]
fn an_ending_that_arrives_late_is_not_called_missing() {
    let task = file("late", component::test_task());
    let endpoint = MockEndpoint::script([vec![status(503); 8], vec![status(200); 2]].concat());
    let mut command = orchestra(&["run", &task]);
    command.env("ORCHESTRA_RETRY_FIRST_WAIT", "5ms").env("ORCHESTRA_RETRY_LONGEST_WAIT", "5ms");
    let (code, _, stderr) = ran(reporting_to(&mut command, &endpoint).output());
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(statuses(&endpoint).last().map(String::as_str), Some("SUCCEEDED"));
}

/// The task has ended, and its ending hangs: a signal leaves the grace for it, and then says what is given up.
#[cfg(unix)]
#[test]
fn a_signal_while_only_delivering_ends_the_program_within_the_grace() {
    use crate::kill;

    let task = file("delivering", component::test_task());
    let endpoint = MockEndpoint::script([status(200), hang()]);
    let mut command = orchestra(&["run", &task, "--grace", "300ms"]);
    let child = reporting_to(&mut command, &endpoint).stderr(std::process::Stdio::piped()).spawn().unwrap();
    endpoint.wait_for_hanging(1);
    kill("TERM", &child);
    let (code, _, stderr) = ran(child.wait_with_output());
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("not reported: ending (succeeded): after 1 attempt: "), "{stderr}");
}
