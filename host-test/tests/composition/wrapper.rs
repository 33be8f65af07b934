//! A command that knows nothing of Orchestra, under the wrapper.

use host_test::composed::Program;
use host_test::composed::command::End;
use host_test::endpoint::{MockEndpoint, status};
use host_test::guest::RUN_ID;

use crate::{line, lines};

#[test]
fn how_a_command_ends_is_the_outcome() {
    let failed = "FAILED task failed. Error: exited with a failure status";
    for (arguments, end, ending) in [
        (["return", "0"], End::Returned(true), "SUCCEEDED task succeeded."),
        (["return", "3"], End::Returned(false), failed),
        (["exit", "0"], End::Exited(0), "SUCCEEDED task succeeded."),
        (["exit", "3"], End::Exited(1), failed),
    ] {
        let endpoint = MockEndpoint::script(vec![status(200); 2]);
        let ran = Program::command().invoke(&arguments).reporting_to(&endpoint).run();
        assert_eq!(ran.end, end, "{arguments:?}");
        assert_eq!(lines(&endpoint.requests::<2>()), ["RUNNING task started.", ending]);
    }
}

#[test]
fn a_trap_of_a_command_is_never_a_success() {
    let endpoint = MockEndpoint::script([status(200)]);
    let ran = Program::command().invoke(&["trap"]).reporting_to(&endpoint).run();
    assert!(matches!(ran.end, End::Trapped(_)), "{ran:?}");
    assert_eq!(line(&endpoint.requests::<1>()[0]), "RUNNING task started.");
}

#[test]
fn a_command_that_a_trigger_starts_has_its_input_in_a_variable() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let service = Program::command().serve(&endpoint);
    assert_eq!(service.trigger(RUN_ID, r#"{"rows": 3}"#).status, 202);
    let ends = service.wait_for_ends(1);
    assert_eq!(ends[0].stdout, "TASK_INPUT={\"rows\":3}\n");
    assert_eq!(lines(&endpoint.requests::<2>()), ["RUNNING task started.", "SUCCEEDED task succeeded."]);
}

/// The variable is the command's own there.
#[test]
fn on_a_command_line_the_environment_is_the_hosts() {
    let ran = Program::command().invoke(&[]).variable("TASK_INPUT", "mine").run();
    assert_eq!(ran.stdout, "TASK_INPUT=mine\n");
}
