//! What a task writes.

use host_test::endpoint::{MockEndpoint, status};
use orchestra_host::Run;

use crate::{block_on, lines, task, with_input};

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
fn what_a_task_wrote_before_a_trap_is_sent() {
    let endpoint = MockEndpoint::script(vec![status(200); 3]);
    let run = with_input(&endpoint, r#"{"do": "trap"}"#);
    block_on(task(), Run { log: Some("task.log".into()), ..run });
    let log = &lines(&endpoint.requests::<3>())[2];
    assert!(log.contains("as the input says"), "{log}");
}

#[test]
fn a_task_that_writes_nothing_has_no_log() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    block_on(task(), Run { log: Some("task.log".into()), ..with_input(&endpoint, "{}") });
    endpoint.requests::<2>();
}
