use std::time::Duration;

use host_test::endpoint::{
    Answer, Faulty as _, MockEndpoint, close_after_head, close_after_request, close_on_connect, endless_body, full_url,
    garbage, hang, hang_in_body, hang_on_connect, reset_after_request, reset_in_body, reset_on_connect, slow_body,
    status,
};
use host_test::guest::{
    Cause, DeliveryError, EndingError, Guest, LogError, OutputError, Reporter, RetryPolicy, Timeouts,
};
use host_test::host::TestHost;

const ONE_ATTEMPT: RetryPolicy =
    RetryPolicy { attempts: 1, first_wait: 0, longest_wait: 0, budget: 60_000, delivery_timeout: 60_000 };

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
fn an_answer_that_is_not_http() {
    passes(garbage("SSH-2.0-OpenSSH_9.2\r\n"));
}

#[test]
fn a_reset_inside_a_large_body() {
    let endpoint = MockEndpoint::script([reset_in_body(10_000), status(200)]);
    let process = Reporter::to(&endpoint).run();
    process.send_log("run.log", &"x".repeat(2 * 1024 * 1024)).unwrap();
}

#[test]
fn the_default_timeouts_are_the_documented_ones() {
    let endpoint = MockEndpoint::script([status(200)]);
    let guest = Guest::new();
    guest.reporter(&endpoint).run().complete(None, None).unwrap();
    let timeouts = guest.sent()[0].timeouts;
    assert_eq!(timeouts.connect_timeout, Some(Duration::from_secs(5)));
    assert_eq!(timeouts.first_byte_timeout, Some(Duration::from_secs(15)));
    assert_eq!(timeouts.between_bytes_timeout, Some(Duration::from_secs(15)));
}

/// Wasmtime's own timeout to the first byte covers the upload.
#[test]
fn a_host_is_asked_for_a_second_more_for_each_64_kib_of_a_report() {
    let endpoint = MockEndpoint::script([status(200)]);
    let guest = Guest::new();
    let reporter = guest.reporter(&endpoint);
    reporter.run().send_log("run.log", &"x".repeat(1024 * 1024)).unwrap();
    assert_eq!(guest.sent()[0].timeouts.first_byte_timeout, Some(Duration::from_secs(15 + 16)));
}

#[test]
fn the_connect_timeout_ends_an_attempt() {
    let guest = Guest::on(TestHost::simulated_alone());
    let reporter = guest.webhook("key").unwrap();
    reporter.set_endpoint(&full_url()).unwrap();
    reporter.set_retry_policy(ONE_ATTEMPT).unwrap();
    let result = reporter.run().set_output("a", "1");
    let Err(OutputError::Delivery(delay @ DeliveryError { cause: Cause::Undelivered, .. })) = result else { panic!() };
    assert!(delay.explanation.contains("connecting took too long"), "{}", delay.explanation);
    assert_eq!(guest.sent_at()[..2], [0.0, 6.0], "the second one is the drop's, at least a second later");
}

#[test]
fn the_first_byte_timeout_ends_an_attempt() {
    let endpoint = MockEndpoint::script([hang(), status(200)]);
    let guest = Guest::on(TestHost::simulated(&endpoint));
    guest.reporter(&endpoint).run().complete(None, None).unwrap();
    assert_eq!(guest.sent_at(), [0.0, 15.5]);
}

/// Wasmtime's HTTP client has no timeout for a TLS handshake: the component gives it up after those to connect and to
/// the first byte.
#[test]
fn a_handshake_that_hangs_is_given_up() {
    let endpoint = MockEndpoint::script_tls([hang_on_connect()]);
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let reporter = guest.reporter(&endpoint);
    reporter.set_retry_policy(RetryPolicy { delivery_timeout: 1, ..ONE_ATTEMPT }).unwrap();
    let process = reporter.run();
    process.set_output("a", "1").unwrap_err();
    assert_eq!((guest.sent_at(), guest.seconds()), (vec![0.0], 20.0));
}

/// `set-first-byte-timeout` may be without effect.
#[test]
fn a_host_without_timeouts_does_not_keep_the_task() {
    let endpoint = MockEndpoint::script_tls([hang(), status(200)]);
    let guest = Guest::on(TestHost::simulated(&endpoint).trusting(&endpoint.certificate_authority()));
    guest.reporter(&endpoint).run().complete(None, None).unwrap();
    assert_eq!(guest.sent_at(), [0.0, 20.5]);
}

/// What the host has taken of it may still be on its way.
#[test]
fn an_attempt_with_a_large_report_waits_longer_for_its_answer() {
    let endpoint = MockEndpoint::script_tls([hang(), status(200)]);
    let guest = Guest::on(TestHost::simulated(&endpoint).trusting(&endpoint.certificate_authority()));
    let reporter = guest.reporter(&endpoint);
    reporter.run().send_log("run.log", &"x".repeat(1024 * 1024)).unwrap();
    assert_eq!(guest.sent_at(), [0.0, 36.5]);
}

/// Wasmtime's own client does not come so far: its timeout to the first byte covers the request's body as well.
#[test]
fn the_timeout_between_bytes_ends_an_attempt_that_is_stuck_in_its_body() {
    let endpoint = MockEndpoint::script_tls([hang_in_body(1), status(200)]);
    let guest = Guest::on(TestHost::simulated(&endpoint).trusting(&endpoint.certificate_authority()));
    let reporter = guest.reporter(&endpoint);
    reporter.set_timeouts(Timeouts { connect: 1000, first_byte: 1000, between_bytes: 9000 }).unwrap();
    // Six bytes each in JSON: more than the buffers on the way take.
    reporter.run().send_log("run.log", &"\u{1}".repeat(5 * 512 * 1024)).unwrap();
    assert_eq!(guest.sent_at(), [0.0, 9.5]);
}

/// A policy of the host does not pass.
#[test]
fn a_denial_is_told_and_neither_repeated_nor_kept() {
    let endpoint = MockEndpoint::script([]);
    let guest = Guest::on(TestHost::new().denying());
    let process = guest.reporter(&endpoint).run();
    let result = process.complete(None, None);
    assert!(matches!(result, Err(EndingError::Delivery(DeliveryError { cause: Cause::Denied, .. }))), "{result:?}");
    assert_eq!((guest.sent().len(), process.pending()), (1, 0));
}

/// Its status has said all. Its body is waited for a quarter of a second, for the sake of the connection.
#[test]
fn an_answer_that_hangs_in_its_body_acknowledges() {
    let endpoint = MockEndpoint::script([status(200).body("0123456789").hanging_inside()]);
    let guest = Guest::on(TestHost::simulated(&endpoint));
    guest.reporter(&endpoint).run().complete(None, None).unwrap();
    assert_eq!((guest.sent_at(), guest.seconds()), (vec![0.0], 0.25));
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
    assert!(matches!(&result, Err(LogError::Delivery(DeliveryError { cause: Cause::Refused(413), .. }))), "{result:?}");
}

/// If the connection ends right behind such an answer, wasmtime 48's client gives either the answer or a broken
/// exchange, as its reading and writing happen to meet. Neither may be taken for a success, and nothing is lost.
#[test]
fn an_early_refusal_that_the_host_may_lose_is_an_error_all_the_same() {
    let endpoint = MockEndpoint::always(status(413).body("too large").early());
    let process = Reporter::to(&endpoint).run();
    match process.send_log("run.log", &"x".repeat(4 * 1024 * 1024)) {
        Err(LogError::Delivery(DeliveryError { cause: Cause::Refused(413), .. })) => assert_eq!(process.pending(), 0),
        Err(LogError::Delivery(DeliveryError { cause: Cause::Undelivered, .. })) => assert_eq!(process.pending(), 1),
        other => panic!("{other:?}"),
    }
}

/// The key does not go to whom the host does not trust.
#[test]
fn an_unknown_certificate_is_not_trusted() {
    let endpoint = MockEndpoint::script_tls([]);
    let process = Reporter::to(&endpoint).run();
    let Err(OutputError::Delivery(delay @ DeliveryError { cause: Cause::Undelivered, .. })) =
        process.set_output("a", "1")
    else {
        panic!()
    };
    assert!(delay.explanation.contains("TLS"), "{}", delay.explanation);
    process.deliver_within(1);
}

#[test]
fn an_endpoint_without_tls_is_not_called_untrusted() {
    let endpoint = MockEndpoint::script([]);
    let reporter = Reporter::to(&endpoint);
    reporter.set_endpoint(&endpoint.url().replace("http://", "https://")).unwrap();
    reporter.set_retry_policy(RetryPolicy { delivery_timeout: 1, ..ONE_ATTEMPT }).unwrap();
    let Err(OutputError::Delivery(delay @ DeliveryError { cause: Cause::Undelivered, .. })) =
        reporter.run().set_output("a", "1")
    else {
        panic!()
    };
    let what = delay.explanation;
    assert!(what.contains("the TLS handshake failed") && !what.contains("certificate"), "{what}");
}
