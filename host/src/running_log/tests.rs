use futures_util::FutureExt;
use host_test::endpoint::{MockEndpoint, Request, hang, status};
use orchestra_policy::{Outcome, Shortfall};
use tokio::task::{JoinHandle, spawn_blocking};

use super::*;
use crate::end::Ending;
use crate::instance::tests::{delivered, lent_with, pass, recipe};
use crate::kept::{HEAD_BYTES, TAIL_BYTES};
use crate::lent::Lent;

/// Longer than the endpoint may be silent before what finds no room counts as lost.
const SILENCE: Duration = Duration::from_secs(30);

/// A run with the log `run.log`, and what moves it on.
fn started(endpoint: &MockEndpoint) -> (Arc<Lent>, Arc<RunningLog>, JoinHandle<()>) {
    let (lent, moving) = lent_with(&recipe(endpoint), Some("run.log".into()));
    let log = Arc::clone(lent.log.as_ref().unwrap());
    (lent, log, moving)
}

async fn arrived(endpoint: &Arc<MockEndpoint>, count: usize) -> Vec<Request> {
    let endpoint = Arc::clone(endpoint);
    spawn_blocking(move || endpoint.wait_for_requests(count)).await.unwrap()
}

/// Of each part that was answered, its name and its text.
fn parts(endpoint: &MockEndpoint) -> Vec<(String, String)> {
    let answered = endpoint.exchanges().into_iter().filter(|(_, status)| status.is_some());
    let text = |request: &Request, field: &str| request.json()[field].as_str().unwrap_or_default().to_string();
    answered.map(|(request, _)| (text(&request, "log_name"), text(&request, "data"))).collect()
}

fn log_alone() -> RunningLog {
    RunningLog::new("run.log".into(), Arc::default())
}

#[tokio::test]
async fn what_was_written_ten_seconds_ago_is_sent_while_the_task_runs() {
    let endpoint = Arc::new(MockEndpoint::script([status(200)]));
    let (_lent, log, moving) = started(&endpoint);
    log.write("a line\n");
    pass(Duration::from_secs(9)).await;
    log.write("another\n");
    assert!(log.due_in().is_some_and(|left| left <= Duration::from_secs(1)));
    pass(Duration::from_secs(1)).await;
    let requests = arrived(&endpoint, 1).await;
    assert_eq!(
        (&requests[0].json()["log_name"], &requests[0].json()["data"]),
        (&"run.log".into(), &"a line\nanother\n".into())
    );
    moving.abort();
}

/// Three MiB, of which never more is written than can be held. Each part ends within a character of three bytes.
#[tokio::test]
async fn what_a_slow_endpoint_keeps_up_with_arrives_whole() {
    let endpoint = Arc::new(MockEndpoint::always(status(200).delayed(Duration::from_millis(30))));
    let (lent, log, moving) = started(&endpoint);
    let (piece, mut written) = ("€uro ".repeat(HEAD_BYTES / 7 + 1), String::new());
    for count in 0..12 {
        arrived(&endpoint, count).await;
        log.write(&piece);
        written.push_str(&piece);
    }
    lent.enter(|instance| log.close(instance));
    assert_eq!(delivered(&lent).await, Shortfall::default());
    let parts = parts(&endpoint);
    assert!(parts.iter().map(|(_, text)| text.as_str()).collect::<String>() == written);
    assert!(parts.iter().all(|(_, text)| text.len() <= HEAD_BYTES));
    let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
    let expected: Vec<String> = (1..=parts.len()).map(|number| part_name("run.log", number as u32)).collect();
    assert_eq!(names, expected);
    moving.abort();
}

/// One part of it waits in the outbox. What comes then is not lost there, but held here, however long the endpoint is silent.
#[tokio::test]
async fn an_endpoint_that_was_down_gets_the_head_and_the_tail_with_the_gap_said() {
    let endpoint = Arc::new(MockEndpoint::first_then([hang(), hang()], status(200)));
    let (lent, log, moving) = started(&endpoint);
    log.write(&"a".repeat(HEAD_BYTES));
    arrived(&endpoint, 1).await;
    pass(SILENCE).await;
    arrived(&endpoint, 2).await;
    log.write(&"b".repeat(HEAD_BYTES));
    for piece in ["c", "d"] {
        log.write(&piece.repeat(TAIL_BYTES));
    }
    pass(SILENCE).await;
    arrived(&endpoint, 3).await;
    lent.enter(|instance| log.close(instance));
    assert_eq!(delivered(&lent).await, Shortfall::default());
    let text: String = parts(&endpoint).into_iter().map(|(_, text)| text).collect();
    let (one, two) = ("a".repeat(HEAD_BYTES), "b".repeat(HEAD_BYTES));
    let expected = format!("{one}{two}\n[{TAIL_BYTES} bytes are left out here]\n{}", "d".repeat(TAIL_BYTES));
    assert!(text == expected, "{}", text.replace(['a', 'b', 'c', 'd'], ""));
    moving.abort();
}

#[tokio::test]
async fn the_log_goes_on_after_a_gap_while_the_task_runs() {
    let endpoint = Arc::new(MockEndpoint::first_then([hang()], status(200)));
    let (_lent, log, moving) = started(&endpoint);
    log.write(&"a".repeat(HEAD_BYTES));
    arrived(&endpoint, 1).await;
    log.write(&"b".repeat(HEAD_BYTES + 1 + TAIL_BYTES));
    pass(SILENCE).await;
    // The `a` twice, the `b` before the gap, and what is behind it in four parts, the marker among it.
    arrived(&endpoint, 7).await;
    log.write(&"c".repeat(HEAD_BYTES));
    arrived(&endpoint, 8).await;
    let text: String = parts(&endpoint).into_iter().map(|(_, text)| text).collect();
    assert!(text.contains("b\n[1 bytes are left out here]\nb") && text.contains("bc"));
    moving.abort();
}

#[tokio::test]
async fn no_part_is_in_the_way_of_the_ending() {
    let endpoint = Arc::new(MockEndpoint::always(status(200)));
    let (lent, log, moving) = started(&endpoint);
    log.write("a line");
    lent.enter(|instance| {
        instance.report_ending(&Ending::of(Outcome::Succeeded));
        log.close(instance);
    });
    assert_eq!(delivered(&lent).await, Shortfall::default());
    let requests = endpoint.requests::<2>();
    assert_eq!(host_test::report::lines(&requests), ["SUCCEEDED task succeeded.", "run.log: a line"]);
    moving.abort();
}

/// The task's own reports would count as lost for want of room.
#[tokio::test]
async fn a_part_stays_here_while_many_reports_wait() {
    let endpoint = Arc::new(MockEndpoint::always(hang()));
    let (lent, log, moving) = started(&endpoint);
    moving.abort();
    lent.enter(|instance| {
        for number in 0..MANY_REPORTS {
            instance.report_log(&format!("{number}.log"), "a line");
        }
        instance.advance();
        log.write(&"a".repeat(HEAD_BYTES));
        assert!(!log.send_due(instance));
        assert!(!instance.holds_log("run.log"));
    });
}

#[tokio::test]
async fn what_finds_no_room_when_the_task_is_gone_is_sent_once_there_is_some() {
    let endpoint = Arc::new(MockEndpoint::always(status(200)));
    let (lent, log, moving) = started(&endpoint);
    lent.enter(|instance| {
        while matches!(instance.report_log("other.log", "a line"), Logged::Taken) {}
        log.write(&"a".repeat(HEAD_BYTES + 1));
        log.close(instance);
    });
    assert!(log.left().is_some_and(|left| left.to_string().contains("262145 bytes of it were not sent")));
    assert_eq!(delivered(&lent).await, Shortfall::default());
    assert_eq!(log.left(), None);
    let text: String =
        parts(&endpoint).into_iter().filter(|(name, _)| name.starts_with("run.log")).map(|(_, text)| text).collect();
    assert_eq!(text.len(), HEAD_BYTES + 1);
    moving.abort();
}

#[tokio::test]
async fn a_log_that_the_contract_does_not_allow_is_told() {
    let endpoint = Arc::new(MockEndpoint::script([]));
    let (lent, moving) = lent_with(&recipe(&endpoint), Some("two\nlines".into()));
    let log = lent.log.as_ref().unwrap();
    log.write("a line");
    lent.enter(|instance| log.close(instance));
    let left = log.left().unwrap().to_string();
    assert_eq!(left, "not reported: log two\\nlines: the log's name has a control character in it");
    moving.abort();
}

#[tokio::test]
async fn a_thousand_small_writes_bring_whoever_moves_the_run_on_once() {
    let log = log_alone();
    let brings = |line: &str| {
        log.write(line);
        log.activity.notified().now_or_never().is_some()
    };
    let brought: Vec<bool> = (0..1000).map(|number| brings(&format!("line {number}\n"))).collect();
    assert_eq!(brought.iter().filter(|is_brought| **is_brought).count(), 1);
    assert!(brings(&"x".repeat(HEAD_BYTES)), "a part is full");
}

#[test]
fn what_is_left_of_a_full_part_is_ten_seconds_old_when_it_is() {
    let log = log_alone();
    log.write(&"a".repeat(HEAD_BYTES + 1));
    let filled = lock(&log.held).full_since;
    assert_eq!(lock(&log.held).take().map(|part| part.len()), Some(HEAD_BYTES));
    let held = lock(&log.held);
    assert_eq!((held.since, held.full_since), (filled, None));
}

#[test]
fn a_name_that_leaves_no_room_for_a_number_is_shortened() {
    assert_eq!([1, 2, 17].map(|number| part_name("run.log", number)), ["run.log", "run.log.2", "run.log.17"]);
    let long = format!("x{}", "é".repeat(127));
    assert_eq!(part_name(&long, 2), format!("x{}.2", "é".repeat(126)));
}
