use std::fmt::Debug;

use host_test::endpoint::{MockEndpoint, hang, retry_after};
use host_test::guest::{
    Cause, Delivery, DeliveryError, EndingError, Guest, GuestProcess, LogError, OutputError, Report, ReportError,
    Reporter,
};
use host_test::host::TestHost;

use crate::acknowledged;

/// The text of an `invalid-argument`, of whatever call.
trait Invalid: Debug {
    fn text(&self) -> Option<&str>;
}

macro_rules! invalid {
    ($($error:ident)*) => {
        $(impl Invalid for $error {
            fn text(&self) -> Option<&str> {
                match self {
                    Self::InvalidArgument(text) => Some(text),
                    _ => None,
                }
            }
        })*
    };
}

invalid!(ReportError OutputError LogError);

#[track_caller]
fn invalid(result: Result<(), impl Invalid>, what: &str) {
    let error = result.expect_err("it is over a limit");
    assert!(error.text().is_some_and(|text| text.contains(what)), "{error:?}");
}

#[test]
fn what_is_over_a_limit_is_named_and_not_sent() {
    let endpoint = MockEndpoint::script([]);
    let process = Reporter::to(&endpoint).run();
    invalid(process.start(Some(&"x".repeat(64 * 1024 + 1)), None), "64 KiB");
    invalid(process.send_log("run.log", &"x".repeat(4 * 1024 * 1024 + 1)), "4 MiB");
    invalid(process.set_output("a", &format!("\"{}\"", "x".repeat(1024 * 1024))), "1 MiB");
    invalid(process.set_output("a", &format!("{}{}", "[".repeat(1000), "]".repeat(1000))), "128 levels");
    invalid(process.start(None, Some(&format!("{{\"a\":{}{}}}", "[".repeat(1000), "]".repeat(1000)))), "128 levels");
    invalid(process.set_output(&"a".repeat(257), "1"), "256 bytes");
    invalid(process.start(None, Some("[]")), "not a JSON object");
}

#[test]
fn what_is_at_a_limit_arrives() {
    let endpoint = MockEndpoint::script(acknowledged(3));
    let process = Reporter::to(&endpoint).run();
    process.send_log("run.log", &"x".repeat(4 * 1024 * 1024)).unwrap();
    process.set_output("a", &format!("\"{}\"", "x".repeat(1024 * 1024 - 2))).unwrap();
    process.complete(Some(&"x".repeat(64 * 1024)), None).unwrap();
    assert_eq!(endpoint.requests::<3>()[2].json()["message"].as_str().unwrap().len(), 64 * 1024);
}

/// A run in background delivery that holds as many reports as it may, while the endpoint asks it to wait.
fn full_run(guest: &Guest, endpoint: &MockEndpoint) -> GuestProcess {
    let reporter = guest.reporter(endpoint);
    reporter.set_delivery(Delivery::Background);
    let process = reporter.run();
    for number in 0..128 {
        process.set_output("rows", &number.to_string()).unwrap();
    }
    assert_eq!((guest.seconds(), process.pending()), (0.0, 128));
    process
}

/// No attempt is made for 30 s: longer than the endpoint may be silent, so that nothing is worth waiting for. Nothing fails,
/// and what found no room is told at the end.
#[test]
fn background_delivery_never_fails_a_report_that_finds_no_room() {
    let endpoint = MockEndpoint::script([vec![retry_after(503, "30")], acknowledged(129)].concat());
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let process = full_run(&guest, &endpoint);

    process.set_output("lost", "128").unwrap();
    process.set_output("lost", "129").unwrap();
    assert_eq!(guest.seconds(), 0.0);

    let Err(EndingError::Delivery(DeliveryError { cause: Cause::Undelivered, report, kept, .. })) =
        process.complete(None, None)
    else {
        panic!()
    };
    assert_eq!((report, kept), (Report::Output("lost".into()), false));
    assert_eq!(process.unacknowledged().reports.len(), 2);
    assert_eq!(endpoint.requests::<130>()[129].json()["status"], "SUCCEEDED");
}

#[test]
fn a_full_outbox_makes_the_next_report_wait_while_the_endpoint_acknowledges() {
    let endpoint = MockEndpoint::script([vec![retry_after(503, "15")], acknowledged(130)].concat());
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let process = full_run(&guest, &endpoint);

    process.set_output("rows", "128").unwrap();
    assert_eq!(guest.seconds(), 15.0);

    process.complete(None, None).unwrap();
    let requests = endpoint.requests::<131>();
    assert_eq!(requests[129].json()["output_value"], 128);
    assert_eq!(requests[130].json()["status"], "SUCCEEDED");
}

#[test]
fn an_ending_is_taken_beyond_the_limit() {
    let endpoint = MockEndpoint::script([vec![hang(); 1], vec![retry_after(503, "3600")], acknowledged(1)].concat());
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let process = full_run(&guest, &endpoint);
    process.deliver_within(20_000);
    // The outputs are lost with the time, the ending is not.
    assert!(matches!(
        process.complete(None, None),
        Err(EndingError::Delivery(DeliveryError { cause: Cause::Undelivered, .. }))
    ));
    assert_eq!(process.unacknowledged().reports.len(), 128);
    assert_eq!(endpoint.all_requests().last().unwrap().json()["status"], "SUCCEEDED");
}
