//! `orchestra-wasm run`, as a shell calls it.

use std::io::Write;
use std::process::Stdio;

use host_test::component;
use host_test::endpoint::{MockEndpoint, status};
use host_test::report::lines;

use crate::{file, orchestra, ran, reporting_to, statuses};

#[test]
fn a_task_runs_and_is_reported() {
    let task = file("reported", component::test_task());
    let endpoint = MockEndpoint::script(vec![status(200); 3]);
    let mut command = orchestra(&["run", &task, "--input", r#"{"do": "write", "text": "hello"}"#, "--log", "task.log"]);
    command.arg("--json");
    let (code, stdout, stderr) = ran(reporting_to(&mut command, &endpoint).output());
    assert_eq!((code, stdout.as_str()), (Some(0), "hello\n"));
    let (written, summary) = stderr.split_once('\n').unwrap();
    assert_eq!(written, "hello");
    let summary: serde_json::Value = serde_json::from_str(summary).unwrap();
    let expected = serde_json::json!({
        "outcome": "succeeded",
        "end": "returned",
        "status": 0,
        "reporting": { "to": format!("http://{}", endpoint.address()) },
        "acknowledged": true,
        "unacknowledged": [],
        "trouble": [],
    });
    assert_eq!(summary, expected);
    assert_eq!(endpoint.requests::<3>()[2].json()["data"], "hello\nhello\n");
}

#[test]
fn the_exit_status_says_how_the_task_ended() {
    let task = file("statuses", component::test_task());
    for (arguments, expected) in [
        (&["--input", "{}"][..], 0),
        (&["--input", r#"{"do": "fail", "text": "x"}"#], 1),
        (&["--input", r#"{"do": "exit-with-code", "status": 3}"#], 3),
        (&["--input", r#"{"do": "trap"}"#], 134),
        (&["--input", r#"{"do": "loop"}"#, "--deadline", "100ms"], 124),
        (&["--input", r#"{"do": "allocate", "mib": 64}"#, "--memory", "16M"], 137),
        (&["--input", "{rows: 3}"], 2),
        (&["--input", "@no/such/file"], 2),
        (&["--deadline", "soon"], 2),
        (&["--log", ""], 2),
        (&["--env", "ORCHESTRA_REGION=eu"], 2),
        (&["--allow-host", "*.example.com"], 2),
        (&["--dir", "no/such/folder"], 2),
        (&["--input", r#"{"do": "end", "outcome": "failed", "then": {"do": "exit-with-code", "status": 0}}"#], 1),
    ] {
        let (code, ..) = ran(orchestra(&["run", "--quiet", &task]).args(arguments).output());
        assert_eq!(code, Some(expected), "{arguments:?}");
    }
}

#[test]
fn without_an_account_one_line_says_that_nothing_is_reported() {
    let task = file("silent", component::test_task());
    let (code, _, stderr) = ran(orchestra(&["run", &task]).output());
    assert_eq!(code, Some(0));
    let expected = "orchestra: nothing is reported: neither ORCHESTRA_API_KEY nor ORCHESTRA_TASK_RUN_ID is set\n";
    assert_eq!(stderr, expected);
}

#[test]
fn a_command_gets_its_arguments_and_is_reported() {
    let program = file("command", component::test_command());
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let mut command = orchestra(&["run", &program, "--env", "TASK_INPUT=seen", "--", "return", "0"]);
    let (code, ..) = ran(reporting_to(&mut command, &endpoint).output());
    assert_eq!(code, Some(0));
    assert_eq!(endpoint.requests::<2>()[0].json()["message"], "command started.");
}

#[test]
fn a_program_that_cannot_be_loaded_is_reported_as_failed() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let (code, _, stderr) = ran(reporting_to(&mut orchestra(&["run", "no/such.wasm"]), &endpoint).output());
    assert_eq!(code, Some(2));
    assert!(stderr.starts_with("orchestra: the task was not started: no/such.wasm: "), "{stderr}");
    assert_eq!(statuses(&endpoint), ["RUNNING", "FAILED"]);
}

#[test]
fn a_command_finds_its_input_in_a_variable() {
    let program = file("command-input", component::test_command());
    let (code, stdout, _) = ran(orchestra(&["run", &program, "--input", r#"{"rows": 3}"#]).output());
    assert_eq!((code, stdout.as_str()), (Some(0), "TASK_INPUT={\"rows\": 3}\n"));
}

/// Whoever sees that may stop it and set things right.
#[test]
fn what_is_wrong_with_the_configuration_is_said_before_the_task_runs() {
    let task = file("misconfigured", component::test_task());
    let endpoint = MockEndpoint::script([]);
    let mut command = orchestra(&["run", &task, "--input", r#"{"do": "write", "text": "from the task"}"#]);
    reporting_to(&mut command, &endpoint).env("ORCHESTRA_TASK_RUN_ID", "7");
    let (code, _, stderr) = ran(command.output());
    assert_eq!(code, Some(0));
    let lines: Vec<_> = stderr.lines().collect();
    assert!(lines[0].starts_with("orchestra: nothing is reported: the run id is not a UUID"), "{stderr}");
    assert_eq!(lines[1..], ["from the task"]);
}

#[test]
fn a_file_of_authorities_that_cannot_be_used_fails_the_run() {
    let task = file("authorities", component::test_task());
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let mut command = orchestra(&["run", &task, "--ca-file", "no/such.pem", "--json"]);
    let (code, _, stderr) = ran(reporting_to(&mut command, &endpoint).output());
    assert_eq!(code, Some(2));
    assert!(stderr.contains("the task was not started: the certificate authorities in no/such.pem"), "{stderr}");
    assert_eq!(statuses(&endpoint), ["RUNNING", "FAILED"]);
}

/// Standard error is a file on a disk that is full.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_said_changes_nothing() {
    let task = file("unheard", component::test_task());
    for (input, expected) in [("{}", 0), (r#"{"do": "fail", "text": "x"}"#, 1)] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let code = orchestra(&["run", &task, "--input", input, "--json"]).stderr(full).status().unwrap().code();
        assert_eq!(code, Some(expected));
    }
}

#[test]
fn the_summary_is_a_line_of_its_own() {
    let task = file("asking", component::test_task());
    let input = r#"{"do": "ask", "text": "Go on?"}"#;
    let (_, _, stderr) = ran(orchestra(&["run", &task, "--quiet", "--json", "--input", input]).output());
    let [asked, summary] = stderr.lines().collect::<Vec<_>>()[..] else { panic!("{stderr}") };
    assert_eq!(asked, "Go on?");
    assert!(summary.starts_with('{'), "{summary}");
}

/// Whoever reads the summary reads it in any case.
#[test]
fn a_program_that_cannot_be_loaded_has_a_summary() {
    let (code, _, stderr) = ran(orchestra(&["run", "no/such.wasm", "--json", "--quiet"]).output());
    assert_eq!(code, Some(2));
    let summary: serde_json::Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
    assert_eq!((&summary["outcome"], &summary["status"]), (&"failed".into(), &2.into()));
    assert!(summary["end"].as_str().unwrap().starts_with("no/such.wasm: "), "{summary}");
}

#[test]
fn standard_input_can_be_the_input() {
    let task = file("stdin", component::test_task());
    let endpoint = MockEndpoint::script(vec![status(200); 3]);
    let mut command = orchestra(&["run", &task, "--input", "-"]);
    let mut child = reporting_to(&mut command, &endpoint).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(br#"{"do": "echo", "rows": 3}"#).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(lines(&endpoint.requests::<3>())[1], r#"input = {"do":"echo","rows":3}"#);
}

#[test]
fn a_report_that_is_refused_is_said_once_and_changes_nothing() {
    let task = file("refused", component::test_task());
    let endpoint = MockEndpoint::script(vec![status(410); 2]);
    let (code, _, stderr) = ran(reporting_to(&mut orchestra(&["run", &task]), &endpoint).output());
    assert_eq!(code, Some(0));
    let expected = ["start", "ending (succeeded)"]
        .map(|report| format!("orchestra: not reported: {report}: the endpoint answered 410\n"));
    assert_eq!(stderr, expected.concat());
}
