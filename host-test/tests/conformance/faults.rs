use std::time::Duration;

use host_test::endpoint::{
    Answer, MockEndpoint, close_after_head, close_after_request, close_on_connect, endless_body, garbage, hang,
    reset_after_request, reset_in_body, reset_on_connect, slow_body, status,
};
use host_test::guest::{ReportError, Reporter, Timeouts};

const SHORT: Timeouts = Timeouts { connect: 500, first_byte: 100, between_bytes: 100 };

/// The report arrives with the attempt after the fault.
fn passes(fault: Answer) {
    let endpoint = MockEndpoint::script([fault, status(200)]);
    let reporter = Reporter::to(&endpoint);
    reporter.run().complete(None, None).unwrap();
}

/// The status has said that the report was recorded.
fn acknowledges(answer: Answer) {
    let endpoint = MockEndpoint::script([answer]);
    Reporter::to(&endpoint).run().complete(None, None).unwrap();
}

#[test]
fn a_connection_that_is_closed_at_once() {
    passes(close_on_connect());
}

#[test]
fn a_connection_that_is_reset_at_once() {
    passes(reset_on_connect());
}

#[test]
fn a_connection_that_is_closed_after_the_head() {
    passes(close_after_head());
}

#[test]
fn a_connection_that_is_closed_instead_of_an_answer() {
    passes(close_after_request());
}

#[test]
fn a_connection_that_is_reset_instead_of_an_answer() {
    passes(reset_after_request());
}

#[test]
fn an_answer_that_is_no_http() {
    passes(garbage("SSH-2.0-OpenSSH_9.2\r\n"));
}

#[test]
fn a_reset_inside_a_large_body() {
    let endpoint = MockEndpoint::script([reset_in_body(10_000), status(200)]);
    let process = Reporter::to(&endpoint).run();
    process.send_log("run.log", &"x".repeat(2 * 1024 * 1024)).unwrap();
}

#[test]
fn an_endpoint_that_hangs_is_given_up() {
    let endpoint = MockEndpoint::script([hang(), status(200)]);
    let reporter = Reporter::to(&endpoint);
    reporter.set_timeouts(SHORT).unwrap();
    reporter.run().complete(None, None).unwrap();
}

#[test]
fn an_answer_that_hangs_in_its_body_acknowledges() {
    acknowledges(status(200).body("0123456789").hanging_inside());
}

#[test]
fn an_answer_with_too_short_a_body_acknowledges() {
    acknowledges(status(200).body("0123456789").truncated_after(3));
}

#[test]
fn an_answer_with_an_endless_body_acknowledges() {
    acknowledges(endless_body());
}

#[test]
fn an_answer_that_trickles_acknowledges() {
    acknowledges(slow_body("0123456789", Duration::from_millis(5)));
}

/// An endpoint that refuses a large body need not read it.
#[test]
fn an_early_refusal_is_heard() {
    let endpoint = MockEndpoint::script([status(413).body("too large").early().hanging_inside()]);
    let process = Reporter::to(&endpoint).run();
    let result = process.send_log("run.log", &"x".repeat(4 * 1024 * 1024));
    assert!(matches!(&result, Err(ReportError::Refused(refusal)) if refusal.status == 413), "{result:?}");
}

/// Where the connection ends right behind such an answer, wasmtime 48's client gives either the answer or a broken
/// exchange, as its reading and writing happen to meet. Neither may be taken for a success, and nothing is lost.
#[test]
fn an_early_refusal_that_the_host_may_lose_is_an_error_all_the_same() {
    let endpoint = MockEndpoint::always(status(413).body("too large").early());
    let process = Reporter::to(&endpoint).run();
    match process.send_log("run.log", &"x".repeat(4 * 1024 * 1024)) {
        Err(ReportError::Refused(refusal)) => assert_eq!((refusal.status, process.pending()), (413, 0)),
        Err(ReportError::Undelivered(_)) => assert_eq!(process.pending(), 1),
        other => panic!("{other:?}"),
    }
}

/// The key does not go to whom the host does not trust.
#[test]
fn an_unknown_certificate_is_no_endpoint() {
    let endpoint = MockEndpoint::script_tls([]);
    let process = Reporter::to(&endpoint).run();
    let Err(ReportError::Undelivered(what)) = process.complete(None, None) else { panic!() };
    assert!(what.contains("TLS"), "{what}");
}
