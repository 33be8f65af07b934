//! Every way to end is reported, once.

use std::time::Duration;

use host_test::endpoint::{MockEndpoint, Request, hang, status};
use orchestra_host::{CancellationToken, End, Ended, Outcome, Run, Task};

use crate::{block_on, command, line, lines, runtime, task, with_arguments, with_input};

const MIB: usize = 1024 * 1024;

/// Runs it, and expects two reports: its start, and this ending.
#[track_caller]
fn ends_with(task: &Task, run: impl FnOnce(&MockEndpoint) -> Run, ending: &str) -> (Ended, Request) {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let ended = block_on(task, run(&endpoint));
    let [start, end] = endpoint.requests();
    assert_eq!([line(&start), line(&end)], ["RUNNING task started.", ending]);
    assert_eq!(ended.trouble, [""; 0]);
    (ended, end)
}

#[test]
fn a_return_is_a_success() {
    let (ended, _) = ends_with(task(), |endpoint| with_input(endpoint, "{}"), "SUCCEEDED task succeeded.");
    assert_eq!((ended.end, ended.outcome), (End::Returned, Outcome::Succeeded));
    ends_with(command(), |endpoint| with_arguments(endpoint, &["return", "0"]), "SUCCEEDED task succeeded.");
}

#[test]
fn what_a_task_reports_arrives_between_start_and_end() {
    let endpoint = MockEndpoint::script(vec![status(200); 5]);
    block_on(task(), with_input(&endpoint, r#"{"do": "report"}"#));
    let expected =
        ["RUNNING task started.", "RUNNING half", "rows = 12", "run.log: a line", "SUCCEEDED task succeeded."];
    assert_eq!(lines(&endpoint.requests::<5>()), expected);
}

#[test]
fn an_error_is_a_failure_with_its_text() {
    let run = |endpoint: &MockEndpoint| with_input(endpoint, r#"{"do": "fail", "text": "no such table"}"#);
    let (ended, _) = ends_with(task(), run, "FAILED task failed. Error: no such table");
    assert_eq!(ended.end, End::Failed(Some("no such table".into())));
}

#[test]
fn an_exit_is_reported_with_its_status() {
    let run = |endpoint: &MockEndpoint| with_input(endpoint, r#"{"do": "exit-with-code", "status": 3}"#);
    let (ended, _) = ends_with(task(), run, "FAILED task failed. Error: exited with status 3");
    assert_eq!(ended.end, End::Exited(3));
    // Rust 1.95 tells success or failure only.
    let run = |endpoint: &MockEndpoint| with_input(endpoint, r#"{"do": "exit", "status": 3}"#);
    ends_with(task(), run, "FAILED task failed. Error: exited with status 1");
    ends_with(command(), |endpoint| with_arguments(endpoint, &["exit", "0"]), "SUCCEEDED task succeeded.");
}

#[test]
fn a_trap_is_a_failure_with_its_frames() {
    let run = |endpoint: &MockEndpoint| with_input(endpoint, r#"{"do": "trap"}"#);
    let ending = "FAILED task failed. Error: trap: wasm `unreachable` instruction executed";
    let (_, end) = ends_with(task(), run, ending);
    let data = &end.json()["metadata"];
    assert_eq!(data["trap"], "wasm `unreachable` instruction executed");
    assert!(data["frames"].as_array().is_some_and(|frames| (1..=10).contains(&frames.len())), "{data}");
}

#[test]
fn a_stack_overflow_is_a_failure() {
    let run = |endpoint: &MockEndpoint| with_input(endpoint, r#"{"do": "recurse"}"#);
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let ended = block_on(task(), run(&endpoint));
    // A stack of the component's own may end before the engine's does, as memory out of bounds.
    assert!(matches!(ended.end, End::StackOverflow(_) | End::Trapped(_)), "{ended:?}");
    assert!(line(&endpoint.requests::<2>()[1]).starts_with("FAILED task failed. Error: "));
}

#[test]
fn the_memory_limit_is_named() {
    let run = |endpoint: &MockEndpoint| Run {
        memory_bytes: 16 * MIB,
        ..with_input(endpoint, r#"{"do": "allocate", "mib": 64}"#)
    };
    let (ended, _) = ends_with(task(), run, "FAILED task failed. Error: memory limit of 16 MiB");
    assert!(matches!(ended.end, End::MemoryLimit(bytes, _) if bytes == 16 * MIB));
}

#[test]
fn memory_within_the_limit_is_given() {
    let run = |endpoint: &MockEndpoint| Run {
        memory_bytes: 32 * MIB,
        ..with_input(endpoint, r#"{"do": "allocate", "mib": 16}"#)
    };
    ends_with(task(), run, "SUCCEEDED task succeeded.");
}

#[test]
fn a_deadline_ends_a_loop_without_calls() {
    let deadline = Some(Duration::from_millis(200));
    let run = |endpoint: &MockEndpoint| Run { deadline, ..with_input(endpoint, r#"{"do": "loop"}"#) };
    let (ended, _) = ends_with(task(), run, "FAILED task failed. Error: deadline of 200ms exceeded");
    assert_eq!(ended.end, End::Deadline(Duration::from_millis(200)));
}

/// The answer to it never comes.
#[test]
fn a_deadline_ends_a_call_that_waits() {
    let never = MockEndpoint::script([hang()]);
    let run = |endpoint: &MockEndpoint| Run {
        deadline: Some(Duration::from_millis(200)),
        allowed_hosts: vec![never.address().to_string()],
        ..with_input(endpoint, &format!(r#"{{"do": "get", "url": "{}"}}"#, never.url()))
    };
    ends_with(task(), run, "FAILED task failed. Error: deadline of 200ms exceeded");
    never.wait_for_hanging(0);
}

#[test]
fn a_cancelled_loop_is_reported_as_cancelled() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let cancellation = CancellationToken::new();
    let run = Run { cancellation: cancellation.clone(), ..with_input(&endpoint, r#"{"do": "loop"}"#) };
    let running = runtime().spawn(task().run(run));
    endpoint.wait_for_requests(1);
    cancellation.cancel();
    let ended = runtime().block_on(running).unwrap();
    assert_eq!((ended.end, ended.outcome), (End::Cancelled, Outcome::Cancelled));
    assert_eq!(lines(&endpoint.requests::<2>())[1], "CANCELLED ");
}

/// The start has no answer; the cancellation does not wait for it longer than its grace.
#[test]
fn a_cancellation_overtakes_a_report_that_is_stuck() {
    let endpoint = MockEndpoint::script([hang(), status(200)]);
    let cancellation = CancellationToken::new();
    let grace = Duration::from_secs(2);
    let run = Run { cancellation: cancellation.clone(), grace, ..with_input(&endpoint, r#"{"do": "loop"}"#) };
    let running = runtime().spawn(task().run(run));
    endpoint.wait_for_hanging(1);
    cancellation.cancel();
    let ended = runtime().block_on(running).unwrap();
    assert_eq!(ended.trouble, ["a report that was still under way was given up"]);
    assert_eq!(lines(&endpoint.requests::<2>())[1], "CANCELLED ");
}

#[test]
fn an_ending_that_the_task_has_reported_stands() {
    for (input, ending, outcome) in [
        (r#"{"do": "end", "outcome": "warning"}"#, "WARNING ", Outcome::Warning),
        (r#"{"do": "end", "outcome": "cancelled"}"#, "CANCELLED ", Outcome::Cancelled),
        (r#"{"do": "end", "outcome": "succeeded", "text": "late"}"#, "SUCCEEDED by itself", Outcome::Succeeded),
    ] {
        let (ended, _) = ends_with(task(), |endpoint| with_input(endpoint, input), ending);
        assert_eq!(ended.outcome, outcome);
    }
}

#[test]
fn an_input_that_is_not_json_fails_the_run() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let ended = block_on(task(), with_input(&endpoint, "{rows: 3}"));
    assert!(matches!(ended.end, End::NotStarted(_)));
    let end = line(&endpoint.requests::<2>()[1]);
    assert!(end.starts_with("FAILED task failed. Error: the input is not JSON: "), "{end}");
}
