use std::time::Duration;

use host_test::endpoint::{MockEndpoint, dead_url, hang, retry_after, status};
use host_test::guest::{
    Cause, Delivery, DeliveryError, EndingError, Guest, Outcome, QUICK, Report, ReportError, Reporter, RetryPolicy,
    Timeouts,
};
use host_test::host::TestHost;

use crate::acknowledged;

#[test]
fn background_reports_arrive_in_order_before_the_ending() {
    let endpoint = MockEndpoint::script(acknowledged(22));
    let reporter = Reporter::to(&endpoint);
    reporter.set_delivery(Delivery::Background);
    let process = reporter.run();

    process.start(None, None).unwrap();
    for number in 0..20 {
        process.set_output("rows", &number.to_string()).unwrap();
    }
    process.complete(None, None).unwrap();

    let requests = endpoint.requests::<22>();
    for number in 0..20 {
        assert_eq!(requests[number + 1].json()["output_value"], number);
    }
    assert_eq!(requests[21].json()["status"], "SUCCEEDED");
}

#[test]
fn background_reports_do_not_wait_for_the_endpoint() {
    let endpoint = MockEndpoint::script([vec![hang()], acknowledged(2)].concat());
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let reporter = guest.reporter(&endpoint);
    reporter.set_delivery(Delivery::Background);
    let process = reporter.run();

    process.start(None, None).unwrap();
    assert_eq!((guest.seconds(), process.pending()), (0.0, 1));
    process.complete(None, None).unwrap();
    assert_eq!((guest.seconds(), process.pending()), (15.5, 0));
}

#[test]
fn what_was_not_delivered_goes_out_before_the_next_report() {
    let endpoint = MockEndpoint::script([vec![status(503); 5], acknowledged(2)].concat());
    let process = Reporter::to(&endpoint).run();
    assert!(matches!(
        process.start(None, None),
        Err(ReportError::Delivery(DeliveryError {
            cause: Cause::Undelivered,
            report: Report::Start,
            attempts: 5,
            kept: true,
            ..
        }))
    ));
    process.complete(None, None).unwrap();
    let requests = endpoint.requests::<7>();
    assert_eq!(requests[5].json()["status"], "RUNNING");
    assert_eq!(requests[6].json()["status"], "SUCCEEDED");
}

/// A task that reports often must not stand still for the sake of an endpoint that is down.
#[test]
fn after_giving_up_each_report_tries_once() {
    let endpoint = MockEndpoint::always(status(503));
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let reporter = guest.reporter(&endpoint);
    reporter.set_retry_policy(RetryPolicy { attempts: 3, first_wait: 0, longest_wait: 0, ..QUICK }).unwrap();
    let process = reporter.run();
    for _ in 0..4 {
        process.set_output("a", "1").unwrap_err();
        guest.pass(Duration::from_secs(1));
    }
    assert_eq!(guest.sent_at(), [0.0, 0.0, 0.0, 1.0, 2.0, 3.0]);
    assert_eq!(process.unacknowledged().reports.len(), 4);
}

#[test]
fn a_dead_endpoint_is_an_error_and_not_a_trap() {
    let endpoint = MockEndpoint::script([]);
    let reporter = Reporter::to(&endpoint);
    reporter.set_endpoint(&dead_url()).unwrap();
    reporter.set_retry_policy(RetryPolicy { delivery_timeout: 300, ..QUICK }).unwrap();
    let process = reporter.run();
    let Err(EndingError::Delivery(delay @ DeliveryError { cause: Cause::Undelivered, .. })) =
        process.complete(None, None)
    else {
        panic!()
    };
    assert_eq!((delay.report, delay.kept), (Report::Ending(Outcome::Succeeded), true));
    assert!(delay.attempts >= 5 && delay.explanation.contains("refused"), "{}", delay.explanation);
}

/// The endpoint hangs, so that the host has nothing but that time to go by.
#[test]
fn a_host_with_an_event_loop_learns_when_to_advance() {
    let endpoint = MockEndpoint::script([vec![hang()], acknowledged(1)].concat());
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let reporter = guest.reporter(&endpoint);
    reporter.set_delivery(Delivery::NonBlocking);
    reporter.set_timeouts(Timeouts { connect: 2000, first_byte: 3000, between_bytes: 3000 }).unwrap();
    let process = reporter.run();

    process.set_output("a", "1").unwrap();
    assert_eq!((guest.sent_at().len(), process.next_advance()), (0, Some(0)), "nothing is begun in the call");
    process.advance(0);
    assert_eq!((guest.sent_at().len(), process.next_advance()), (1, Some(5000)));
    while process.advance(1000) > 0 {}
    assert_eq!(process.next_advance(), None);
}

#[test]
fn an_ending_carries_the_key_that_it_was_given() {
    const KEY: &str = "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b";
    let endpoint = MockEndpoint::script(acknowledged(3));
    let reporter = Reporter::to(&endpoint);
    let [first, again] = [reporter.run(), reporter.run()];
    first.start(None, None).unwrap();
    for process in [&first, &again] {
        process.set_ending_key(KEY).unwrap();
        process.fail(Some("no"), Some(r#"{"a": 1}"#)).unwrap();
    }
    assert!(first.set_ending_key(KEY).is_err(), "the run has ended");

    let [start, ending, repeated] = endpoint.requests();
    assert_ne!(start.header("idempotency-key"), Some(KEY));
    assert_eq!(ending.header("idempotency-key"), Some(KEY));
    assert_eq!(repeated.header("idempotency-key"), Some(KEY));
    assert_eq!(ending.body, repeated.body);
}

/// A host that waits for more of a body has to be woken up once more.
#[test]
fn a_report_goes_to_the_host_along_with_its_request() {
    let endpoint = MockEndpoint::script([]);
    let guest = Guest::on(TestHost::new().denying());
    let process = guest.reporter(&endpoint).run();
    process.set_output("rows", "1").unwrap_err();
    let sent = guest.sent()[0];
    assert!(sent.content_length > 0);
    assert_eq!(sent.bytes_at_hand, sent.content_length);
}

#[test]
fn a_report_over_https_arrives() {
    let endpoint = MockEndpoint::script_tls(acknowledged(1));
    let guest = Guest::on(TestHost::new().trusting(&endpoint.certificate_authority()));
    guest.reporter(&endpoint).run().complete(None, None).unwrap();
    let [request] = endpoint.requests();
    assert_eq!(request.json()["status"], "SUCCEEDED");
}

/// In background delivery a report goes on with the task's next call, and waits for its time without the task.
#[test]
fn a_background_report_is_tried_again_by_a_later_call() {
    let endpoint = MockEndpoint::script([vec![retry_after(503, "5")], acknowledged(4)].concat());
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let reporter = guest.reporter(&endpoint);
    reporter.set_delivery(Delivery::Background);
    let process = reporter.run();

    process.start(None, None).unwrap();
    guest.pass(Duration::from_secs(3));
    process.progress(Some("3 s"), None).unwrap();
    assert_eq!(guest.sent_at(), [0.0], "it is not yet time");
    guest.pass(Duration::from_secs(5));
    process.progress(Some("8 s"), None).unwrap();
    assert_eq!(guest.sent_at(), [0.0, 8.0]);
    process.complete(None, None).unwrap();
}
