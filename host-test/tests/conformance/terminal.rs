use host_test::endpoint::{MockEndpoint, hang};
use host_test::guest::{Cause, DeliveryError, EndingError, Guest, Outcome, RUN_ID, ReportError, Reporter, State};
use host_test::host::TestHost;

use crate::acknowledged;

#[test]
fn each_ending_has_its_status() {
    let endpoint = MockEndpoint::script(acknowledged(4));
    let reporter = Reporter::to(&endpoint);
    reporter.run().complete(None, None).unwrap();
    reporter.run().warn(None, None).unwrap();
    reporter.run().fail(None, None).unwrap();
    reporter.run().cancel(None, None).unwrap();
    let statuses = endpoint.requests::<4>().map(|request| request.json()["status"].as_str().unwrap().to_string());
    assert_eq!(statuses, ["SUCCEEDED", "WARNING", "FAILED", "CANCELLED"]);
}

/// The quick-start of orchestra-sdk 0.0.9 fails in `except` and completes in `finally`.
#[test]
fn the_first_ending_stands() {
    let endpoint = MockEndpoint::script(acknowledged(1));
    let process = Reporter::to(&endpoint).run();

    process.fail(Some("no"), None).unwrap();

    for later in [process.complete(None, None), process.fail(None, None)] {
        assert!(matches!(later, Err(EndingError::Ended(Outcome::Failed))));
    }
    for later in [process.start(None, None), process.progress(None, None), process.complete_stage("Load", None, None)] {
        assert!(matches!(later, Err(ReportError::Ended(Outcome::Failed))));
    }
    assert!(matches!(process.state(), State::Ended(Outcome::Failed)));
}

#[test]
fn an_error_is_cut_at_250_code_points() {
    let endpoint = MockEndpoint::script(acknowledged(1));
    let process = Reporter::to(&endpoint).open(RUN_ID, Some("etl")).unwrap();
    process.fail(Some(&"🎼".repeat(100_000)), None).unwrap();
    let [fail] = endpoint.requests();
    assert_eq!(fail.json()["message"], format!("etl failed. Error: {}", "🎼".repeat(250)));
}

/// An argument that was not accepted has not ended the run.
#[test]
fn an_ending_with_a_wrong_argument_changes_nothing() {
    let endpoint = MockEndpoint::script(acknowledged(1));
    let process = Reporter::to(&endpoint).run();
    assert!(matches!(process.complete(None, Some("[]")), Err(EndingError::InvalidArgument(_))));
    assert!(matches!(process.state(), State::Open));
    process.complete(None, Some("{}")).unwrap();
}

#[test]
fn an_ending_that_was_not_delivered_is_kept_for_flush() {
    let endpoint = MockEndpoint::script([vec![hang(); 2], acknowledged(1)].concat());
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let process = guest.reporter(&endpoint).run();
    process.deliver_within(20_000);

    let result = process.complete(None, None);
    assert!(matches!(result, Err(EndingError::Delivery(DeliveryError { cause: Cause::Undelivered, kept: true, .. }))));
    assert_eq!(guest.seconds(), 20.0);
    process.flush().unwrap();
    assert_eq!(process.pending(), 0);

    let requests = endpoint.requests::<3>();
    assert!(requests.iter().all(|request| request.header("idempotency-key") == requests[0].header("idempotency-key")));
}
