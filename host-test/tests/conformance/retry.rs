use std::time::Duration;

use host_test::endpoint::{MockEndpoint, hang, redirect, retry_after, status};
use host_test::guest::{Cause, DeliveryError, EndingError, Guest, Outcome, Report, ReportError, Reporter, RetryPolicy};
use host_test::host::TestHost;

const EIGHT_ATTEMPTS: RetryPolicy =
    RetryPolicy { attempts: 8, first_wait: 1000, longest_wait: 5000, budget: 60_000, delivery_timeout: 60_000 };

/// A 503 says nothing about whether the report was recorded, so a retry must be recognisable as the same report.
#[test]
fn a_retry_carries_the_same_idempotency_key() {
    let endpoint = MockEndpoint::script([status(200), status(503), status(200)]);
    let process = Reporter::to(&endpoint).run();
    process.start(None, None).unwrap();
    process.complete(None, None).unwrap();
    let [start, first, second] = endpoint.requests();
    assert_eq!(first.header("idempotency-key"), second.header("idempotency-key"));
    assert_ne!(start.header("idempotency-key"), first.header("idempotency-key"));
    assert_eq!(first.body, second.body);
}

#[test]
fn passing_errors_are_tried_again() {
    for code in [408, 425, 429, 500, 502, 503, 504] {
        let endpoint = MockEndpoint::script([status(code), status(200)]);
        Reporter::to(&endpoint).run().complete(None, None).unwrap();
    }
}

#[test]
fn final_errors_are_refused_at_once() {
    for code in [400, 401, 403, 404, 409, 413, 422, 501] {
        let endpoint = MockEndpoint::script([status(code).body("no such run")]);
        let process = Reporter::to(&endpoint).run();
        let Err(EndingError::Delivery(refusal @ DeliveryError { cause: Cause::Refused(_), .. })) =
            process.complete(None, None)
        else {
            panic!("{code}")
        };
        assert_eq!((refusal.report, refusal.cause), (Report::Ending(Outcome::Succeeded), Cause::Refused(code)));
        assert_eq!(refusal.explanation, "no such run");
        assert_eq!(process.pending(), 0);
    }
}

/// The SDK follows it with a GET and takes the answer for a success.
#[test]
fn a_redirect_is_refused_and_says_where_it_pointed() {
    let endpoint = MockEndpoint::script([redirect(302, "/elsewhere")]);
    let result = Reporter::to(&endpoint).run().complete(None, None);
    let Err(EndingError::Delivery(refusal @ DeliveryError { cause: Cause::Refused(_), .. })) = result else { panic!() };
    assert_eq!(refusal.cause, Cause::Refused(302));
    assert!(refusal.explanation.contains("/elsewhere"), "{}", refusal.explanation);
}

/// A header may have 32 KiB and more, and an error's text is kept for as long as the run lasts.
#[test]
fn of_where_a_redirect_pointed_1024_bytes_are_told() {
    let endpoint = MockEndpoint::script([redirect(302, &format!("/{}", "x".repeat(8000)))]);
    let result = Reporter::to(&endpoint).run().complete(None, None);
    let Err(EndingError::Delivery(refusal)) = result else { panic!() };
    let told = refusal.explanation.matches('x').count();
    assert_eq!(told, 1024 - "/".len(), "{}", refusal.explanation);
}

#[test]
fn a_retry_after_in_seconds_is_waited_for() {
    let endpoint = MockEndpoint::script([retry_after(429, "7"), status(200)]);
    let guest = Guest::on(TestHost::simulated(&endpoint));
    guest.reporter(&endpoint).run().complete(None, None).unwrap();
    assert_eq!(guest.sent_at(), [0.0, 7.0]);
}

#[test]
fn a_retry_after_with_a_date_is_waited_for() {
    let endpoint = MockEndpoint::script([retry_after(503, "Mon, 23 Nov 2026 08:00:09 GMT"), status(200)]);
    let guest = Guest::on(TestHost::simulated(&endpoint));
    guest.pass(Duration::from_secs(2));
    guest.reporter(&endpoint).run().complete(None, None).unwrap();
    assert_eq!(guest.sent_at(), [2.0, 9.0]);
}

/// The endpoint asks for more than there is: the wait is capped, and not a reason to give up.
#[test]
fn a_retry_after_beyond_the_time_of_the_run_is_capped_by_it() {
    for wait in ["301", "86400", "Tue, 24 Nov 2026 08:00:00 GMT"] {
        let endpoint = MockEndpoint::script([retry_after(503, wait), status(200)]);
        let guest = Guest::on(TestHost::simulated(&endpoint));
        guest.reporter(&endpoint).run().complete(None, None).unwrap();
        assert_eq!(guest.sent_at(), [0.0, 225.0], "{wait}");
    }
}

#[test]
fn a_retry_after_beyond_the_budget_of_a_report_is_capped_by_it() {
    let endpoint = MockEndpoint::script([retry_after(503, "61"), status(200)]);
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let process = guest.reporter(&endpoint).run();
    process.send_log("run.log", "x").unwrap();
    assert_eq!(guest.sent_at(), [0.0, 45.0]);
}

/// An endpoint that is overloaded and says so badly must not be asked at once.
#[test]
fn a_retry_after_of_nothing_does_not_replace_the_backoff() {
    let endpoint = MockEndpoint::script([retry_after(503, "0"), retry_after(503, "0"), status(200)]);
    let guest = Guest::on(TestHost::simulated(&endpoint));
    guest.reporter(&endpoint).run().complete(None, None).unwrap();
    assert_eq!(guest.sent_at(), [0.0, 0.5, 1.5]);
}

/// The simulated host's chance gives the longest waits: half a second doubled, until `longest-wait` of 15 s ends that.
#[test]
fn the_default_policy_is_the_documented_one() {
    let endpoint = MockEndpoint::always(status(503));
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let process = guest.reporter(&endpoint).run();

    process.start(None, None).unwrap_err();
    assert_eq!(guest.sent_at(), [0.0, 0.5, 1.5, 3.5, 7.5]);

    // From 7.5 s to 67.5 s: the fifth attempt would come at 75.5 s.
    process.flush().unwrap_err();
    assert_eq!(guest.sent_at()[5..], [15.5, 30.5, 45.5, 60.5]);
}

/// From the ending on everything is tried for the delivery timeout; in its last minute the ending goes first.
#[test]
fn the_default_delivery_timeout_is_the_documented_one() {
    let endpoint = MockEndpoint::always(status(503));
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let process = guest.reporter(&endpoint).run();
    process.start(None, None).unwrap_err();
    let Err(EndingError::Delivery(DeliveryError { cause: Cause::Undelivered, .. })) = process.complete(None, None)
    else {
        panic!()
    };
    let last = guest.sent_at().last().copied().unwrap();
    assert!((7.5 + 285.0..=7.5 + 300.0).contains(&last), "{last}");
    let ending = |request: &host_test::endpoint::Request| request.json()["status"] == "SUCCEEDED";
    let all = endpoint.all_requests();
    let first_ending = all.iter().position(ending).unwrap();
    assert!(all[first_ending..].iter().all(ending));
    assert!((7.5 + 240.0..7.5 + 256.0).contains(&guest.sent_at()[first_ending]));
    // Its time was over.
    let attempts = all.len();
    drop(process);
    assert_eq!(endpoint.all_requests().len(), attempts);
}

#[test]
fn waits_double_up_to_the_longest() {
    let endpoint = MockEndpoint::always(status(503));
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let reporter = guest.reporter(&endpoint);
    reporter.set_retry_policy(EIGHT_ATTEMPTS).unwrap();
    reporter.run().complete(None, None).unwrap_err();
    assert_eq!(guest.sent_at()[..8], [0.0, 1.0, 3.0, 7.0, 12.0, 17.0, 22.0, 27.0]);
}

#[test]
fn waits_have_jitter() {
    let endpoint = MockEndpoint::always(status(503));
    let guest = Guest::on(TestHost::simulated(&endpoint).with_jitter());
    let reporter = guest.reporter(&endpoint);
    reporter.set_retry_policy(EIGHT_ATTEMPTS).unwrap();

    reporter.run().complete(None, None).unwrap_err();

    let waits: Vec<_> = guest.sent()[..8].windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    let longest = [1, 2, 4, 5, 5, 5, 5].map(Duration::from_secs);
    assert!(waits.iter().zip(longest).all(|(wait, longest)| *wait <= longest), "{waits:?}");
    // All seven of them in the last hundredth would be a chance of 1 in 10^14.
    assert!(waits.iter().zip(longest).any(|(wait, longest)| *wait < longest.mul_f64(0.99)), "{waits:?}");
}

/// The answer may still come: the attempt that is under way when the budget ends is not given up, and not repeated.
#[test]
fn the_budget_ends_a_call() {
    let endpoint = MockEndpoint::always(hang());
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let process = guest.reporter(&endpoint).run();
    let result = process.start(None, None);
    assert!(
        matches!(result, Err(ReportError::Delivery(DeliveryError { cause: Cause::Undelivered, .. }))),
        "{result:?}"
    );
    assert_eq!(guest.sent_at(), [0.0, 15.5, 31.5, 48.5]);
    assert_eq!((guest.seconds(), process.pending()), (60.0, 1));
}
