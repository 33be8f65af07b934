//! What `run` makes of its environment.

use host_test::component;
use host_test::endpoint::{MockEndpoint, status};
use host_test::guest::{API_KEY, RUN_ID};
use serde_json::{Value, json};

use crate::{file, orchestra, ran, reporting_to, statuses};

fn summary(stderr: &str) -> Value {
    serde_json::from_str(stderr.lines().last().expect("--json writes a line")).expect("the last line is JSON")
}

#[test]
fn a_variable_of_orchestras_that_is_blank_is_said_and_nothing_is_reported() {
    let task = file("blank", component::test_task());
    for variable in ["ORCHESTRA_API_KEY", "ORCHESTRA_TASK_RUN_ID", "ORCHESTRA_WEBHOOK_URL"] {
        let endpoint = MockEndpoint::script([]);
        let mut command = orchestra(&["run", &task]);
        let (code, _, stderr) = ran(reporting_to(&mut command, &endpoint).env(variable, " ").output());
        let why = format!("{variable} is set, but empty: give it a value, or unset it");
        assert_eq!((code, stderr), (Some(0), format!("orchestra: nothing is reported: {why}\n")));
    }
}

#[cfg(unix)]
#[test]
fn a_name_that_is_not_utf8_is_said_and_the_run_is_reported_under_that_of_its_program() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let task = file("loader", component::test_task());
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let mut command = orchestra(&["run", &task]);
    reporting_to(&mut command, &endpoint).env("ORCHESTRA_TASK_NAME", OsStr::from_bytes(b"n\xff"));
    let (code, _, stderr) = ran(command.output());
    let expected = "orchestra: ORCHESTRA_TASK_NAME is not UTF-8; the task's name is loader instead\n";
    assert_eq!((code, stderr.as_str()), (Some(0), expected));
    assert_eq!(endpoint.requests::<2>()[0].json()["message"], "loader started.");
}

/// A newline in the name of a file would keep its run from being reported.
#[cfg(unix)]
#[test]
fn a_program_whose_name_cannot_be_reported_is_reported_as_a_task() {
    let task = file("two\nlines", component::test_task());
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let (code, _, stderr) = ran(reporting_to(&mut orchestra(&["run", &task]), &endpoint).output());
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(endpoint.requests::<2>()[0].json()["message"], "task started.");
}

#[test]
fn the_summary_says_where_the_run_was_reported() {
    let task = file("reported-to", component::test_task());
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let mut command = orchestra(&["run", &task, "--json"]);
    let url = format!("{}/some/path?token=x", endpoint.url());
    let (_, _, stderr) = ran(reporting_to(&mut command, &endpoint).env("ORCHESTRA_WEBHOOK_URL", url).output());
    assert_eq!(summary(&stderr)["reporting"], json!({ "to": format!("http://{}", endpoint.address()) }));
}

#[test]
fn the_summary_says_why_nothing_was_reported() {
    let task = file("not-reported", component::test_task());
    for (variable, value, expected) in [
        ("ORCHESTRA_API_KEY", "", "ORCHESTRA_API_KEY is set, but empty"),
        ("ORCHESTRA_TASK_RUN_ID", "7", "the run id is "),
        ("ORCHESTRA_WEBHOOK_URL", "http://example.com", "http://example.com is plain http to another machine"),
        ("ORCHESTRA_WEBHOOK_URL", "here", "ORCHESTRA_WEBHOOK_URL: the endpoint is "),
    ] {
        let mut command = orchestra(&["run", &task, "--json", "--quiet"]);
        command.env("ORCHESTRA_API_KEY", API_KEY).env("ORCHESTRA_TASK_RUN_ID", RUN_ID).env(variable, value);
        let (code, _, stderr) = ran(command.output());
        let why = summary(&stderr)["reporting"]["not"].to_string();
        assert_eq!(code, Some(0));
        assert!(why.starts_with(&format!("\"{expected}")), "{why}");
    }
}

#[test]
fn dev_is_ignored_with_a_key_and_says_so() {
    let task = file("ignored-dev", component::test_task());
    let (code, _, stderr) = ran(orchestra(&["run", &task, "--dev"]).env("ORCHESTRA_API_KEY", API_KEY).output());
    let expected = "orchestra: --dev is ignored, because ORCHESTRA_API_KEY is set: unset it to report to a local endpoint\n\
                    orchestra: nothing is reported: ORCHESTRA_TASK_RUN_ID is not set\n";
    assert_eq!((code, stderr.as_str()), (Some(0), expected));
}

#[test]
fn a_run_that_must_be_reported_and_cannot_be_does_not_start() {
    let task = file("required", component::test_task());
    let arguments = ["run", &task, "--quiet", "--require-report", "--input", r#"{"do": "write", "text": "ran"}"#];
    for (run_id, why) in [(None, "ORCHESTRA_TASK_RUN_ID is not set"), (Some("7"), "the run id is ")] {
        let mut command = orchestra(&arguments);
        command.env("ORCHESTRA_API_KEY", API_KEY).envs(run_id.map(|id| ("ORCHESTRA_TASK_RUN_ID", id)));
        let (code, stdout, stderr) = ran(command.output());
        assert_eq!((code, stdout.as_str()), (Some(2), ""));
        let expected = "orchestra: the task was not started: the run cannot be reported, and --require-report is set: ";
        assert!(stderr.starts_with(&format!("{expected}{why}")), "{stderr}");
    }
}

#[test]
fn a_run_that_must_be_reported_and_can_be_starts() {
    let task = file("required-and-reported", component::test_task());
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let (code, ..) = ran(reporting_to(&mut orchestra(&["run", &task, "--require-report"]), &endpoint).output());
    assert_eq!(code, Some(0));
    assert_eq!(statuses(&endpoint), ["RUNNING", "SUCCEEDED"]);
}

/// The command prints the variable TASK_INPUT.
#[test]
fn a_pattern_passes_on_all_variables_that_match() {
    let program = file("pattern", component::test_command());
    for pattern in ["TASK_IN*", "TASK_INPUT*", "*"] {
        let mut command = orchestra(&["run", &program, "--quiet", "--env", pattern]);
        let (code, stdout, _) = ran(command.env("TASK_INPUT", "matched").env("ORCHESTRA_REGION", "eu").output());
        assert_eq!((code, stdout.as_str()), (Some(0), "TASK_INPUT=matched\n"), "{pattern}");
    }
}

#[test]
fn a_pattern_that_matches_nothing_is_an_error_that_names_it() {
    let task = file("no-match", component::test_task());
    for (pattern, why) in [
        ("SNOWFLAKE__*", "no variable that is set matches this pattern"),
        ("ORCH*", "no variable that is set matches this pattern"),
        ("ORCHESTRA_*", "a task is not given variables that begin with ORCHESTRA_"),
        ("SNOW*FLAKE", "a * may stand at the end only"),
        ("SNOW**", "a * may stand at the end only"),
    ] {
        let mut command = orchestra(&["run", &task, "--quiet", "--env", pattern]);
        let (code, _, stderr) = ran(command.env("ORCHESTRA_REGION", "eu").output());
        let expected = format!("orchestra: the task was not started: --env {pattern}: {why}\n");
        assert_eq!((code, stderr), (Some(2), expected));
    }
}

#[test]
fn a_variable_that_is_not_set_is_an_error() {
    let task = file("unset", component::test_task());
    for (name, shown) in [("TOKEN", "--env TOKEN"), ("token", "--env number 1")] {
        let (code, _, stderr) = ran(orchestra(&["run", &task, "--quiet", "--env", name]).output());
        let why = "this variable is not set: set it, or write NAME=VALUE";
        assert_eq!((code, stderr), (Some(2), format!("orchestra: the task was not started: {shown}: {why}\n")));
    }
}
