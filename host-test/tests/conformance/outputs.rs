use host_test::endpoint::MockEndpoint;
use host_test::guest::{Outcome, OutputError, RUN_ID, Reporter};

use crate::acknowledged;

#[test]
fn an_output_is_passed_on_as_it_stands() {
    let endpoint = MockEndpoint::script(acknowledged(1));
    let process = Reporter::to(&endpoint).run();

    process.set_output("rows", r#"{"b": 1.00, "a": 123456789012345678901234567890, "é": null}"#).unwrap();

    let [output] = endpoint.requests();
    assert_eq!(
        output.text(),
        format!(
            r#"{{"event_type":"SET_OUTPUT","metadata":{{}},"task_run_id":"{RUN_ID}","output_name":"rows","output_value":{{"b": 1.00, "a": 123456789012345678901234567890, "é": null}}}}"#
        )
    );
}

#[test]
fn an_output_after_the_ending_is_not_sent() {
    let endpoint = MockEndpoint::script(acknowledged(1));
    let process = Reporter::to(&endpoint).run();
    process.complete(None, None).unwrap();
    assert!(matches!(process.set_output("rows", "1"), Err(OutputError::Ended(Outcome::Succeeded))));
}

#[test]
fn a_wrong_output_is_an_invalid_argument_and_nothing_is_sent() {
    let endpoint = MockEndpoint::script([]);
    let process = Reporter::to(&endpoint).run();
    for (name, value) in [("a b", "1"), ("", "1"), ("é", "1"), ("a", ""), ("a", "{"), ("a", "NaN")] {
        assert!(matches!(process.set_output(name, value), Err(OutputError::InvalidArgument(_))), "{name} {value}");
    }
}
