use host_test::endpoint::MockEndpoint;
use host_test::guest::{ReportError, Reporter};

use crate::acknowledged;

fn invalid(result: Result<(), ReportError>, what: &str) {
    let Err(ReportError::InvalidArgument(text)) = result else { panic!("{result:?}") };
    assert!(text.contains(what), "{text}");
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
    invalid(process.start(None, Some("[]")), "no JSON object");
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
