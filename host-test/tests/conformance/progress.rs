use host_test::endpoint::MockEndpoint;
use host_test::guest::{Reporter, State};
use serde_json::json;

use crate::acknowledged;

#[test]
fn progress_is_running_with_a_message_and_data() {
    let endpoint = MockEndpoint::script(acknowledged(3));
    let process = Reporter::to(&endpoint).run();

    process.start(None, None).unwrap();
    process.progress(Some("half"), Some(r#"{"rows": 12345678901234567890123}"#)).unwrap();
    process.complete(None, None).unwrap();

    let [_, progress, _] = endpoint.requests();
    assert_eq!(progress.json()["status"], json!("RUNNING"));
    assert_eq!(progress.json()["message"], json!("half"));
    assert!(progress.text().contains(r#""metadata":{"rows": 12345678901234567890123}"#));
}

#[test]
fn progress_without_a_start_starts_the_run() {
    let endpoint = MockEndpoint::script(acknowledged(2));
    let process = Reporter::to(&endpoint).run();
    process.progress(Some("going"), None).unwrap();
    assert!(matches!(process.state(), State::Running));
    process.complete(None, None).unwrap();
}
