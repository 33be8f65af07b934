use host_test::endpoint::MockEndpoint;
use host_test::guest::Reporter;

use crate::acknowledged;

#[test]
fn a_log_is_sent_as_it_is() {
    let endpoint = MockEndpoint::script(acknowledged(3));
    let process = Reporter::to(&endpoint).run();
    let large = "0123456789abcde\n".repeat(64 * 1024);

    process.send_log("empty.log", "").unwrap();
    process.send_log("run.log", "a\r\nb\u{0}").unwrap();
    process.send_log("large.log", &large).unwrap();

    let [empty, log, sent] = endpoint.requests();
    assert_eq!(empty.json()["data"], "");
    assert_eq!(log.json()["data"], "a\r\nb\u{0}");
    assert_eq!(log.json()["log_name"], "run.log");
    assert_eq!(sent.json()["data"], large.as_str());
}

/// The SDK sends its log after the ending.
#[test]
fn a_log_may_follow_the_ending() {
    let endpoint = MockEndpoint::script(acknowledged(2));
    let process = Reporter::to(&endpoint).run();
    process.complete(None, None).unwrap();
    process.send_log("run.log", "x").unwrap();
}
