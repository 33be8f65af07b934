//! Every way to end is reported, once.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use host_test::endpoint::{LiveEndpoint, MockEndpoint, Request, Respond, Response, hang, retry_after, status};
use host_test::guest::{API_KEY, RUN_ID};
use orchestra_host::{ApiKey, CancellationToken, End, Ended, FRAMES, Observer, Outcome, Reporting, Run, Task};

use crate::{block_on, command, host, line, lines, runtime, task, with_arguments, with_input};

const MIB: usize = 1024 * 1024;

/// For a run of which nothing more is expected.
const GRACE: Duration = Duration::from_millis(400);

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

/// Runs the task, and cancels it when a report of it is stuck at the endpoint: soon, since no wait between attempts is long.
fn cancelled_once_it_hangs(endpoint: &MockEndpoint, input: &str, grace: Duration) -> Ended {
    let cancellation = CancellationToken::new();
    let mut run = Run { cancellation: cancellation.clone(), grace, ..with_input(endpoint, input) };
    let delivery = vec![("ORCHESTRA_RETRY_LONGEST_WAIT".into(), "500ms".into())];
    run.reporting = run.reporting.map(|reporting| Reporting { delivery, ..reporting });
    let running = runtime().spawn(task().run(run));
    endpoint.wait_for_hanging(1);
    cancellation.cancel();
    runtime().block_on(running).expect("no run panics")
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
    // Rust's stack is in the component's own memory, and ends before the engine's does: as an access out of bounds.
    assert!(matches!(&ended.end, End::Trapped(crash) if crash.message.contains("out of bounds")), "{ended:?}");
    assert!(line(&endpoint.requests::<2>()[1]).starts_with("FAILED task failed. Error: "));
}

/// A stack that is the engine's own, not in the component's memory.
#[test]
fn a_stack_overflow_of_the_engine_is_named() {
    let text = r#"(component
        (core module $module (func $run (export "run") (result i32) call $run))
        (core instance $instance (instantiate $module))
        (func $run (result (result)) (canon lift (core func $instance "run")))
        (instance $command (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $command)))"#;
    let command = host().load(&wat::parse_str(text).unwrap()).unwrap();
    let run = |endpoint: &MockEndpoint| with_arguments(endpoint, &[]);
    let (ended, end) = ends_with(&command, run, "FAILED task failed. Error: stack overflow");
    assert!(matches!(ended.end, End::StackOverflow(_)), "{ended:?}");
    assert_eq!(end.json()["metadata"]["frames"].as_array().map(Vec::len), Some(FRAMES));
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
fn the_time_of_a_deadline_can_begin_before_the_call() {
    let began = Instant::now();
    let deadline = Duration::from_secs(60);
    let run = |endpoint: &MockEndpoint| Run {
        deadline: Some(deadline),
        deadline_from: began.checked_sub(deadline),
        ..with_input(endpoint, r#"{"do": "loop"}"#)
    };
    ends_with(task(), run, "FAILED task failed. Error: deadline of 60s exceeded");
    assert!(began.elapsed() < deadline);
}

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
    let ended = cancelled_once_it_hangs(&endpoint, r#"{"do": "loop"}"#, Duration::from_secs(2));
    assert_eq!(
        ended.trouble,
        ["not reported: start: after 1 attempt: the endpoint had not answered when the ending had to go first"]
    );
    assert_eq!(lines(&endpoint.requests::<2>())[1], "CANCELLED ");
}

/// It may have arrived: another would contradict it.
#[test]
fn a_cancellation_does_not_follow_an_ending_that_is_under_way() {
    let endpoint = MockEndpoint::script([status(200), hang()]);
    let ended = cancelled_once_it_hangs(&endpoint, r#"{"do": "end", "outcome": "succeeded"}"#, GRACE);
    assert_eq!((ended.end, ended.outcome), (End::Cancelled, Outcome::Succeeded));
    assert_eq!(ended.trouble, ["not reported: ending (succeeded): after 1 attempt: the endpoint has not answered yet"]);
    assert_eq!(lines(&endpoint.requests::<2>())[1], "SUCCEEDED by itself");
}

/// A share of the run is the run.
#[test]
fn an_ending_through_a_share_of_the_run_is_its_ending() {
    let endpoint = MockEndpoint::script([status(200), hang()]);
    let input = r#"{"do": "share", "then": {"do": "end", "outcome": "warning"}}"#;
    assert_eq!(cancelled_once_it_hangs(&endpoint, input, GRACE).outcome, Outcome::Warning);
    endpoint.requests::<2>();
}

/// The task has it tried again, which the contract says to do.
#[test]
fn a_cancellation_does_not_follow_an_ending_that_was_not_acknowledged_yet() {
    let mut script = vec![status(200)];
    script.extend(vec![retry_after(503, "0"); 3]);
    script.push(hang());
    let endpoint = MockEndpoint::script(script);
    let ended = cancelled_once_it_hangs(&endpoint, r#"{"do": "insist"}"#, GRACE);
    assert_eq!(ended.outcome, Outcome::Succeeded);
    let [_, endings @ ..] = &lines(&endpoint.requests::<5>())[..] else { unreachable!() };
    assert!(endings.iter().all(|ending| ending == "SUCCEEDED by itself"), "{endings:?}");
}

/// The endpoint takes everything but outputs, and the task leaves a handle to its run when it is gone.
#[test]
fn an_end_is_reported_past_a_report_that_cannot_be_delivered() {
    struct NoOutputs(Arc<Mutex<Vec<String>>>);
    impl Respond for NoOutputs {
        fn respond(&self, request: Request) -> Response {
            if request.json()["event_type"] == "SET_OUTPUT" {
                return Response::Answer(retry_after(503, "0"));
            }
            self.0.lock().unwrap().push(line(&request));
            Response::Answer(status(200))
        }
        fn trouble(&self, what: String) {
            panic!("{what}");
        }
    }
    let taken = Arc::<Mutex<Vec<String>>>::default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = LiveEndpoint::serve(listener, NoOutputs(Arc::clone(&taken))).unwrap();
    let input = r#"{"do": "share", "then": {"do": "echo", "then": {"do": "trap"}}}"#;
    let reporting = Reporting {
        run_id: RUN_ID.into(),
        api_key: ApiKey::new(API_KEY),
        endpoint: Some(format!("http://{}", endpoint.address())),
        delivery: vec![("ORCHESTRA_DELIVERY_TIMEOUT".into(), "1s".into())],
    };
    let ended = block_on(task(), Run { reporting: Some(reporting), input: input.into(), ..Run::default() });
    let [trouble] = &ended.trouble[..] else { panic!("{ended:?}") };
    assert!(trouble.starts_with("not reported: output input: after "), "{trouble}");
    let [start, end] = &taken.lock().unwrap()[..] else { panic!("{taken:?}") };
    assert_eq!(start, "RUNNING task started.");
    assert!(end.starts_with("FAILED task failed. Error: trap: "), "{end}");
}

/// It has answered everything else, and whoever waits at the terminal need not wait for a minute.
#[test]
fn a_cancellation_after_the_task_is_gone_makes_its_report_urgent() {
    let endpoint = MockEndpoint::script([status(200), hang()]);
    let ended = cancelled_once_it_hangs(&endpoint, "{}", GRACE);
    assert_eq!((ended.end, ended.outcome), (End::Returned, Outcome::Succeeded));
    assert_eq!(ended.trouble, ["not reported: ending (succeeded): after 1 attempt: the endpoint has not answered yet"]);
    endpoint.requests::<2>();
}

#[test]
fn a_log_that_is_stuck_does_not_make_the_ending_unreported() {
    let endpoint = MockEndpoint::script([status(200), status(200), hang()]);
    let cancellation = CancellationToken::new();
    let input = r#"{"do": "write", "text": "a line", "then": {"do": "loop"}}"#;
    let (grace, log) = (Duration::from_millis(400), Some("task.log".into()));
    let run = Run { cancellation: cancellation.clone(), grace, log, ..with_input(&endpoint, input) };
    let written = CancellationToken::new();
    let observer = {
        let written = written.clone();
        Observer::new(move |_, _| written.cancel())
    };
    let running = runtime().spawn(task().run(Run { observer: Some(observer), ..run }));
    endpoint.wait_for_requests(1);
    runtime().block_on(written.cancelled());
    cancellation.cancel();
    let ended = runtime().block_on(running).unwrap();
    assert_eq!(ended.outcome, Outcome::Cancelled);
    assert_eq!(ended.trouble, ["not reported: log task.log: after 1 attempt: the endpoint has not answered yet"]);
    assert_eq!(lines(&endpoint.requests::<3>())[1], "CANCELLED ");
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
    assert!(end.starts_with("FAILED task failed. Error: the input is not JSON, at line 1"), "{end}");
}
