use host_test::endpoint::{MockEndpoint, redirect, retry_after, status};
use host_test::guest::{ReportError, Reporter};

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
        let Err(ReportError::Refused(refusal)) = process.complete(None, None) else { panic!("{code}") };
        assert_eq!((refusal.report.as_str(), refusal.status), ("succeeded", code));
        assert_eq!(refusal.answer, "no such run");
        assert_eq!(process.pending(), 0);
    }
}

/// The SDK follows it with a GET and takes the answer for a success.
#[test]
fn a_redirect_is_refused_and_says_where_it_pointed() {
    let endpoint = MockEndpoint::script([redirect(302, "/elsewhere")]);
    let Err(ReportError::Refused(refusal)) = Reporter::to(&endpoint).run().complete(None, None) else { panic!() };
    assert_eq!(refusal.status, 302);
    assert!(refusal.answer.contains("/elsewhere"), "{}", refusal.answer);
}

#[test]
fn retry_after_in_seconds_is_honoured() {
    let endpoint = MockEndpoint::script([retry_after(429, "0"), status(200)]);
    Reporter::to(&endpoint).run().complete(None, None).unwrap();
}

/// Waiting for longer than the budget cannot succeed: the call says so instead of waiting.
#[test]
fn a_retry_after_beyond_the_budget_gives_up_at_once() {
    let endpoint = MockEndpoint::script([retry_after(503, "86400"), status(200)]);
    let process = Reporter::to(&endpoint).run();
    assert!(matches!(process.start(None, None), Err(ReportError::Undelivered(_))));
    assert_eq!(process.pending(), 1);
    // Only the ending is worth an attempt on its own.
    drop(process);
    assert_eq!(endpoint.requests::<2>()[1].json()["status"], "FAILED");
}
