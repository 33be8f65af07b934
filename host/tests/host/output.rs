//! What a task writes.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use host_test::endpoint::{MockEndpoint, Request, hang, status};
use orchestra_host::{CancellationToken, HEAD_BYTES, Observer, Reporting, Run, Shortfall, Stream, TAIL_BYTES};

use crate::{block_on, block_on_quietly, lines, runtime, task, with_input};

const MIB: usize = 1024 * 1024;

/// That of a log, else nothing.
fn text(report: &Request) -> String {
    report.json()["data"].as_str().unwrap_or_default().into()
}

#[test]
fn what_a_task_has_just_written_is_sent_as_a_log_after_its_end() {
    let endpoint = MockEndpoint::script(vec![status(200); 3]);
    let run = with_input(&endpoint, r#"{"do": "write", "text": "a line"}"#);
    let ended = block_on(task(), Run { log: Some("task.log".into()), ..run });
    assert_eq!(ended.output, "a line\na line\n");
    let [_, end, log] = lines(&endpoint.requests::<3>()).try_into().unwrap();
    assert_eq!((end.as_str(), log.as_str()), ("SUCCEEDED task succeeded.", "task.log: a line\na line\n"));
}

#[test]
fn what_a_task_did_not_flush_is_not_lost_with_it() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let ended = block_on(task(), with_input(&endpoint, r#"{"do": "scribble", "text": "the last word"}"#));
    assert_eq!(ended.output, "the last word");
    endpoint.requests::<2>();
}

#[test]
fn a_log_arrives_in_parts_while_the_task_runs() {
    let endpoint = MockEndpoint::script(vec![status(200); 6]);
    let cancellation = CancellationToken::new();
    let input = r#"{"do": "write-much", "mib": 1, "then": {"do": "loop"}}"#;
    let log = Some("task.log".into());
    let run = Run { log, cancellation: cancellation.clone(), ..with_input(&endpoint, input) };
    let running = runtime().spawn(task().run(run));
    let parts = &endpoint.wait_for_requests(5)[1..];
    let names: Vec<_> = parts.iter().map(|part| part.json()["log_name"].as_str().unwrap().to_string()).collect();
    assert_eq!(names, ["task.log", "task.log.2", "task.log.3", "task.log.4"]);
    let text: String = parts.iter().map(text).collect();
    assert!(text.len() == MIB && text.starts_with("first") && text.ends_with("last\n"));
    cancellation.cancel();
    let ended = runtime().block_on(running).unwrap();
    assert_eq!(ended.trouble, [""; 0]);
    endpoint.requests::<6>();
}

#[test]
fn what_is_kept_of_a_long_output_says_how_much_is_left_out() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let ended = block_on_quietly(task(), with_input(&endpoint, r#"{"do": "write-much", "mib": 3}"#));
    let cut = 3 * MIB - HEAD_BYTES - TAIL_BYTES;
    assert!(ended.output.contains(&format!("\n[{cut} bytes are left out here]\n")));
    assert!(ended.output.starts_with("first") && ended.output.ends_with("last\n"));
    endpoint.requests::<2>();
}

/// The start is stuck while the task writes.
#[test]
fn a_log_for_which_the_endpoint_comes_too_late_says_how_much_is_left_out() {
    let endpoint = MockEndpoint::first_then([hang()], status(200));
    let run = with_input(&endpoint, r#"{"do": "write-much", "mib": 3}"#);
    let delivery = vec![("ORCHESTRA_FIRST_BYTE_TIMEOUT".into(), "2s".into())];
    let reporting = run.reporting.clone().map(|reporting| Reporting { delivery, ..reporting });
    let ended = block_on_quietly(task(), Run { log: Some("task.log".into()), reporting, ..run });
    assert_eq!(ended.trouble, [""; 0]);
    let log: String = endpoint.all_requests().iter().map(text).collect();
    assert!(log.starts_with("first") && log.ends_with("last\n"));
    let gaps = log.split('[').skip(1).map(|gap| gap.split(' ').next().unwrap());
    let (count, left_out) = gaps.fold((0, 0), |(count, sum), gap| (count + 1, sum + gap.parse::<usize>().unwrap()));
    assert!(count > 0 && log.matches('-').count() + left_out == 3 * MIB - "firstlast\n".len(), "{left_out} in {count}");
}

/// One attempt alone may take 15 seconds.
#[test]
fn a_task_that_writes_100_mib_does_not_wait_for_an_endpoint_that_hangs() {
    let endpoint = MockEndpoint::always(hang());
    let run = with_input(&endpoint, r#"{"do": "write-much", "mib": 100}"#);
    let delivery = vec![("ORCHESTRA_DELIVERY_TIMEOUT".into(), "100ms".into())];
    let reporting = run.reporting.clone().map(|reporting| Reporting { delivery, ..reporting });
    let began = Instant::now();
    let ended = block_on_quietly(task(), Run { log: Some("task.log".into()), reporting, ..run });
    println!("{:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(15));
    let Shortfall { reports, further } = ended.shortfall;
    let reports: Vec<String> = reports.iter().map(|error| error.report.to_string()).collect();
    assert!(reports.len() <= 9 && further == 0, "{reports:?}");
    assert!(reports.contains(&"log task.log".into()) && reports.contains(&"ending (succeeded)".into()), "{reports:?}");
    assert!(ended.output.len() <= HEAD_BYTES + TAIL_BYTES + 50);
}

#[test]
fn what_a_task_wrote_before_a_trap_is_sent() {
    let endpoint = MockEndpoint::script(vec![status(200); 3]);
    let run = with_input(&endpoint, r#"{"do": "trap"}"#);
    block_on(task(), Run { log: Some("task.log".into()), ..run });
    let log = &lines(&endpoint.requests::<3>())[2];
    assert!(log.contains("as the input says"), "{log}");
}

#[test]
fn what_a_task_writes_is_shown_as_it_comes() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let observer = {
        let seen = Arc::clone(&seen);
        Observer::new(move |stream, bytes| seen.lock().unwrap().push((stream, bytes.to_vec())))
    };
    let run = with_input(&endpoint, r#"{"do": "write", "text": "a line"}"#);
    block_on(task(), Run { observer: Some(observer), ..run });
    let seen = seen.lock().unwrap();
    for stream in [Stream::Stdout, Stream::Stderr] {
        let pieces = seen.iter().filter(|(from, _)| *from == stream).map(|(_, bytes)| &bytes[..]);
        assert_eq!(pieces.collect::<Vec<_>>().concat(), b"a line\n", "{stream:?}");
    }
    endpoint.requests::<2>();
}

#[test]
fn a_task_that_writes_nothing_has_no_log() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    block_on(task(), Run { log: Some("task.log".into()), ..with_input(&endpoint, "{}") });
    endpoint.requests::<2>();
}
