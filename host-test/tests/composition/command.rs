//! A task under the runner, on a command line.

use host_test::composed::Program;
use host_test::composed::command::End;
use host_test::endpoint::{MockEndpoint, status};

use crate::{line, lines};

#[test]
fn a_task_that_returns_has_succeeded() {
    let endpoint = MockEndpoint::script(vec![status(200); 5]);
    let ran = Program::task().invoke(&[r#"{"do": "report"}"#]).reporting_to(&endpoint).run();
    assert_eq!(ran.end, End::Returned(true));
    assert_eq!(ran.stderr, "");
    let expected =
        ["RUNNING task started.", "RUNNING half", "rows = 12", "run.log: a line", "SUCCEEDED task succeeded."];
    assert_eq!(lines(&endpoint.requests::<5>()), expected);
}

#[test]
fn a_task_that_returns_an_error_has_failed_with_its_text() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let text = "é".repeat(300);
    let input = format!(r#"{{"do": "fail", "text": "{text}"}}"#);
    let ran = Program::task().invoke(&[&input]).reporting_to(&endpoint).variable("ORCHESTRA_TASK_NAME", "load").run();
    assert_eq!(ran.end, End::Returned(false));
    assert!(ran.stderr.contains(&text), "the whole text is on standard error");
    let expected = ["RUNNING load started.".to_string(), format!("FAILED load failed. Error: {}", "é".repeat(250))];
    assert_eq!(lines(&endpoint.requests::<2>()), expected);
}

#[test]
fn an_error_of_any_length_is_reported() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let input = format!(r#"{{"do": "fail", "text": "{}"}}"#, "x".repeat(100_000));
    Program::task().invoke(&["-"]).input(&input).reporting_to(&endpoint).run();
    let [_, ending] = endpoint.requests();
    assert_eq!(line(&ending), format!("FAILED task failed. Error: {}", "x".repeat(250)));
}

#[test]
fn the_input_is_an_argument_or_standard_input_or_an_empty_object() {
    for (arguments, input, expected) in [
        (&[r#"{"do": "echo", "a": 1}"#][..], "", r#"input = {"a":1,"do":"echo"}"#),
        (&["-"], "{\"do\": \"echo\", \"a\": 2}\n", r#"input = {"a":2,"do":"echo"}"#),
    ] {
        let endpoint = MockEndpoint::script(vec![status(200); 3]);
        let ran = Program::task().invoke(arguments).input(input).reporting_to(&endpoint).run();
        assert_eq!(ran.end, End::Returned(true));
        assert_eq!(line(&endpoint.requests::<3>()[1]), expected);
    }
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    assert_eq!(Program::task().invoke(&[]).reporting_to(&endpoint).run().end, End::Returned(true));
}

#[test]
fn an_input_that_is_not_json_fails_the_run() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let ran = Program::task().invoke(&["{do: echo}"]).reporting_to(&endpoint).run();
    assert_eq!(ran.end, End::Returned(false));
    let [_, ending] = endpoint.requests();
    assert!(
        line(&ending).starts_with("FAILED task failed. Error: the input is not JSON, at line 1"),
        "{}",
        line(&ending)
    );
    assert!(ran.stderr.contains("the input is not JSON, at line 1"), "{}", ran.stderr);
}

/// So that a task runs on a laptop as it is.
#[test]
fn without_a_key_or_a_run_id_nothing_is_reported_and_the_task_runs() {
    let endpoint = MockEndpoint::script([]);
    for (variables, expected) in [
        (&[][..], "neither ORCHESTRA_API_KEY nor ORCHESTRA_TASK_RUN_ID is set"),
        (&[("ORCHESTRA_API_KEY", "key")], "ORCHESTRA_TASK_RUN_ID is not set"),
        (&[("ORCHESTRA_TASK_RUN_ID", "12345678-1234-5678-1234-567812345abc")], "ORCHESTRA_API_KEY is not set"),
    ] {
        let with = |input| {
            let invocation = Program::task().invoke(&[input]).variable("ORCHESTRA_WEBHOOK_URL", &endpoint.url());
            variables.iter().fold(invocation, |invocation, (name, value)| invocation.variable(name, value)).run()
        };
        let ran = with(r#"{"do": "report"}"#);
        assert_eq!(ran.end, End::Returned(true));
        assert_eq!(ran.stderr, format!("orchestra: nothing is reported: {expected}\n"));
        assert_eq!(with(r#"{"do": "fail", "text": "x"}"#).end, End::Returned(false));
    }
}

#[test]
fn what_is_wrong_with_the_configuration_is_said_and_the_task_runs() {
    for (name, value, expected) in [
        ("ORCHESTRA_API_KEY", "se\u{1}cret", "ORCHESTRA_API_KEY: the API key has"),
        ("ORCHESTRA_TASK_RUN_ID", "7", "ORCHESTRA_TASK_RUN_ID: the run id is not a UUID"),
        ("ORCHESTRA_WEBHOOK_URL", "example.com", "ORCHESTRA_WEBHOOK_URL: the endpoint is not an absolute URL"),
        ("ORCHESTRA_WEBHOOK_URL", "http://example.com", "http://example.com is plain http"),
    ] {
        let endpoint = MockEndpoint::script([]);
        let ran = Program::task().invoke(&[]).reporting_to(&endpoint).variable(name, value).run();
        assert_eq!(ran.end, End::Returned(true));
        assert!(ran.stderr.starts_with(&format!("orchestra: nothing is reported: {expected}")), "{}", ran.stderr);
        assert!(!ran.stderr.contains("cret"));
    }
}

#[test]
fn a_name_that_cannot_be_used_is_said_and_the_run_is_reported() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let ran = Program::task().invoke(&[]).reporting_to(&endpoint).variable("ORCHESTRA_TASK_NAME", "a\nb").run();
    assert!(ran.stderr.starts_with("orchestra: ORCHESTRA_TASK_NAME: "), "{}", ran.stderr);
    assert_eq!(line(&endpoint.requests::<2>()[0]), "RUNNING task started.");
}

#[test]
fn a_refused_report_is_said_and_changes_nothing() {
    let endpoint = MockEndpoint::script(vec![status(403).body("no such run"); 2]);
    let ran = Program::task().invoke(&[]).reporting_to(&endpoint).run();
    assert_eq!(ran.end, End::Returned(true));
    let expected = "orchestra: not reported: start: the endpoint answered 403: no such run\n\
                    orchestra: not reported: ending (succeeded): the endpoint answered 403: no such run\n";
    assert_eq!(ran.stderr, expected);
}

/// In many a language an error result is an exception: reporting must not be what a task fails of.
#[test]
fn a_task_does_not_fail_of_reports_that_are_refused() {
    let endpoint = MockEndpoint::script(vec![status(403); 5]);
    let ran = Program::task().invoke(&[r#"{"do": "report"}"#]).reporting_to(&endpoint).run();
    assert_eq!(ran.end, End::Returned(true));
    for report in ["start", "progress", "output rows", "log run.log", "ending (succeeded)"] {
        assert!(ran.stderr.contains(&format!("not reported: {report}: ")), "{report}: {}", ran.stderr);
    }
    let [.., ending] = endpoint.requests::<5>();
    assert_eq!(ending.json()["status"], "SUCCEEDED");
}

#[test]
fn a_run_that_the_task_has_ended_stands() {
    for (input, ending, succeeded) in [
        (r#"{"do": "end", "outcome": "warning"}"#, "WARNING ", true),
        (r#"{"do": "end", "outcome": "succeeded"}"#, "SUCCEEDED by itself", true),
        (r#"{"do": "end", "outcome": "failed"}"#, "FAILED task failed. Error: by itself", false),
        (r#"{"do": "end", "outcome": "cancelled"}"#, "CANCELLED ", false),
        (r#"{"do": "end", "outcome": "succeeded", "text": "too late"}"#, "SUCCEEDED by itself", false),
    ] {
        let endpoint = MockEndpoint::script(vec![status(200); 2]);
        let ran = Program::task().invoke(&[input]).reporting_to(&endpoint).run();
        assert_eq!(ran.end, End::Returned(succeeded), "{input}");
        assert!(!ran.stderr.contains("not reported"), "{}", ran.stderr);
        assert_eq!(line(&endpoint.requests::<2>()[1]), ending);
    }
}
