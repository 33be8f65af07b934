//! What a signal does.

use std::io::Write;
use std::process::Stdio;

use host_test::component;
use host_test::endpoint::{MockEndpoint, hang, status};

use crate::{file, kill, orchestra, reporting_to, statuses};

#[test]
fn a_signal_is_reported_as_a_cancellation() {
    let task = file("signals", component::test_task());
    for (signal, expected) in [("INT", 130), ("TERM", 143), ("HUP", 129), ("QUIT", 131)] {
        let endpoint = MockEndpoint::script(vec![status(200); 2]);
        let mut command = orchestra(&["run", "--quiet", &task, "--input", r#"{"do": "loop"}"#, "--deadline", "5m"]);
        let mut child = reporting_to(&mut command, &endpoint).stdout(Stdio::null()).spawn().unwrap();
        endpoint.wait_for_requests(1);
        kill(signal, &child);
        assert_eq!(child.wait().unwrap().code(), Some(expected));
        assert_eq!(statuses(&endpoint), ["RUNNING", "CANCELLED"]);
    }
}

/// There is nothing yet that could be stopped.
#[test]
fn a_signal_is_heard_while_the_input_is_waited_for() {
    let task = file("waiting", component::test_task());
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let mut command = orchestra(&["run", &task, "--input", "-"]);
    let command = reporting_to(&mut command, &endpoint).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // More than a pipe holds: once it is written, somebody reads.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&[b' '; 256 * 1024]).unwrap();
    kill("TERM", &child);
    assert_eq!(child.wait().unwrap().code(), Some(143));
    drop(stdin);
    assert_eq!(statuses(&endpoint), ["RUNNING", "CANCELLED"]);
}

/// The report of the first has no answer, and nobody waits a minute for it who says so.
#[test]
fn a_second_signal_ends_the_command_itself() {
    let task = file("impatient", component::test_task());
    let endpoint = MockEndpoint::script([status(200), hang()]);
    let mut command = orchestra(&["run", "--quiet", &task, "--input", r#"{"do": "loop"}"#, "--grace", "1m"]);
    let mut child = reporting_to(&mut command, &endpoint).stdout(Stdio::null()).spawn().unwrap();
    endpoint.wait_for_requests(1);
    kill("TERM", &child);
    endpoint.wait_for_hanging(1);
    kill("INT", &child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(statuses(&endpoint), ["RUNNING", "CANCELLED"]);
}
