use host_test::endpoint::{MockEndpoint, status};
use host_test::guest::{Delivery, Reporter};

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

/// A gigabyte of it takes no more: see the run of it in `host/tests`.
#[test]
fn an_open_log_arrives_whole_in_numbered_parts_and_constant_memory() {
    const LINE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n";
    let endpoint = MockEndpoint::always(status(200));
    let reporter = Reporter::to(&endpoint);
    reporter.set_delivery(Delivery::Background);
    let process = reporter.run();
    let log = process.open_log("run.log").unwrap();
    for _ in 0..32 * 1024 * 1024 / (64 * 1024) {
        log.write(&LINE.repeat(1024)).unwrap();
    }
    drop(log);
    process.complete(None, None).unwrap();

    let requests = endpoint.all_requests();
    let (ending, parts) = requests.split_last().unwrap();
    assert_eq!(ending.json()["status"], "SUCCEEDED");
    for (number, part) in (1..).zip(parts) {
        let name = if number == 1 { "run.log".to_string() } else { format!("run.log.{number}") };
        assert_eq!(part.json()["log_name"], name);
    }
    let bytes: usize = parts.iter().map(|part| part.json()["data"].as_str().unwrap().len()).sum();
    assert_eq!((bytes, parts.len()), (32 * 1024 * 1024, 128));
    let memory = reporter.guest().memory_bytes();
    assert!(memory <= 4 * 1024 * 1024, "{memory} bytes");
}

#[test]
fn what_an_open_log_holds_goes_out_before_the_ending() {
    let endpoint = MockEndpoint::script(acknowledged(2));
    let process = Reporter::to(&endpoint).run();
    let log = process.open_log("run.log").unwrap();
    log.write("a line\n").unwrap();
    process.complete(None, None).unwrap();
    let [sent, ending] = endpoint.requests();
    assert_eq!((&sent.json()["data"], &ending.json()["status"]), (&"a line\n".into(), &"SUCCEEDED".into()));
}

#[test]
fn an_open_log_may_be_written_to_after_the_ending() {
    let endpoint = MockEndpoint::script(acknowledged(2));
    let process = Reporter::to(&endpoint).run();
    let log = process.open_log("run.log").unwrap();
    process.complete(None, None).unwrap();
    log.write("late").unwrap();
    drop(log);
    assert_eq!(endpoint.requests::<2>()[1].json()["data"], "late");
}
