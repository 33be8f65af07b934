//! What a task writes.

use std::sync::{Arc, Mutex};

use host_test::endpoint::{MockEndpoint, status};
use orchestra_host::{HEAD_BYTES, Observer, Run, Stream, TAIL_BYTES};

use crate::{block_on, block_on_quietly, lines, task, with_input};

#[test]
fn what_a_task_writes_is_sent_as_a_log_after_its_end() {
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

/// As Orchestra gets it: the head, how much was cut, and the tail.
#[test]
fn a_long_output_is_sent_without_its_middle() {
    let endpoint = MockEndpoint::script(vec![status(200); 3]);
    let input = r#"{"do": "write-much", "mib": 3}"#;
    let ended = block_on_quietly(task(), Run { log: Some("task.log".into()), ..with_input(&endpoint, input) });
    let log = endpoint.requests::<3>()[2].json()["data"].as_str().unwrap().to_string();
    assert_eq!(log, ended.output);
    let cut = 3 * 1024 * 1024 - HEAD_BYTES - TAIL_BYTES;
    assert!(log.contains(&format!("\n[{cut} bytes are left out here]\n")), "{}", log.replace('-', ""));
    assert!(log.starts_with("first") && log.ends_with("last\n"));
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
