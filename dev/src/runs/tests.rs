use std::time::Duration;

use super::*;
use crate::breach::Breach::{AfterEnd, NoStart, OutputAfterEnd, UnknownStatus};
use crate::event::{ATTEMPTS_PER_EVENT, SHOWN_TEXT_BYTES, Text};
use crate::report::{Kind, Protocol};
use crate::run::State;

const RUN: &str = "6f9619ff-8b86-4d01-b42d-00c04fc964ff";

fn runs() -> Runs {
    Runs::new(json!({}))
}

fn report(kind: Kind, label: &str) -> ReceivedReport {
    ReceivedReport { run_id: RUN.to_owned(), kind, label: label.to_owned(), ..ReceivedReport::default() }
}

fn start() -> ReceivedReport {
    report(Kind::Running, "RUNNING")
}

fn end() -> ReceivedReport {
    report(Kind::Ending, "SUCCEEDED")
}

fn output(content: &str) -> ReceivedReport {
    ReceivedReport { content: content.to_owned(), ..report(Kind::Output, "SET_OUTPUT") }
}

fn arrival(idempotency_key: &str) -> Arrival {
    let idempotency_key = (!idempotency_key.is_empty()).then(|| idempotency_key.to_owned());
    let (at_ms, delay) = (1.0, Duration::ZERO);
    Arrival { protocol: Protocol::Webhook, at_ms, idempotency_key, body_hash: 1, failing: None, delay }
}

fn failing(idempotency_key: &str) -> Arrival {
    Arrival { failing: Some(503), ..arrival(idempotency_key) }
}

fn only(runs: &Runs) -> &ReceivedRun {
    assert_eq!(runs.runs.len(), 1);
    &runs.runs[0]
}

fn statuses(event: &Event) -> Vec<u16> {
    event.attempts.iter().map(|attempt| attempt.status).collect()
}

#[test]
fn a_run_goes_from_its_start_to_its_end() {
    let mut runs = runs();
    assert_eq!(runs.take(start(), arrival("1")).status, 200);
    assert_eq!(only(&runs).state, State::Running);
    assert_eq!(runs.take(end(), arrival("2")).status, 200);
    assert_eq!((only(&runs).state, only(&runs).warnings), (State::Succeeded, 0));
}

#[test]
fn a_retry_is_an_attempt_of_the_same_event() {
    let mut runs = runs();
    for arrival in [failing("1"), failing("1"), arrival("1")] {
        runs.take(start(), arrival);
    }
    let [event] = only(&runs).events.as_slice() else { panic!("one event") };
    assert_eq!((statuses(event), event.taken), (vec![503, 503, 200], true));
}

#[test]
fn what_the_endpoint_failed_was_not_taken() {
    let mut runs = runs();
    runs.take(start(), failing("1"));
    assert_eq!(only(&runs).state, State::Waiting);
    assert_eq!(runs.take(end(), arrival("2")).breaches, [NoStart]);
}

/// The client did not hear that its report was accepted, so it is not a second report.
#[test]
fn a_report_that_was_taken_already_breaks_no_rule() {
    let mut runs = runs();
    runs.take(start(), arrival("1"));
    runs.take(end(), arrival("2"));
    let again = runs.take(end(), arrival("2"));
    assert_eq!((again.status, again.breaches), (200, vec![]));
    assert_eq!(statuses(&only(&runs).events[1]), [200, 200]);
}

#[test]
fn a_second_ending_is_taken_with_a_warning_and_changes_nothing() {
    let mut runs = runs();
    runs.take(start(), arrival("1"));
    runs.take(report(Kind::Ending, "FAILED"), arrival("2"));
    let late = runs.take(end(), arrival("3"));
    assert_eq!((late.status, late.breaches), (200, vec![AfterEnd("FAILED".to_owned())]));
    assert_eq!((only(&runs).state, only(&runs).warnings), (State::Failed, 1));
}

#[test]
fn an_output_after_the_end_is_refused() {
    let mut runs = runs();
    runs.take(start(), arrival("1"));
    runs.take(end(), arrival("2"));
    let late = runs.take(output("1"), arrival("3"));
    assert_eq!((late.status, late.breaches), (409, vec![OutputAfterEnd("SUCCEEDED".to_owned())]));
    assert!(!only(&runs).events[2].taken);
}

#[test]
fn misbehaviour_goes_before_a_refusal() {
    let unknown =
        || ReceivedReport { breaches: vec![UnknownStatus("DONE".to_owned())], ..report(Kind::Unreadable, "DONE") };
    let mut runs = runs();
    assert_eq!(runs.take(unknown(), failing("1")).status, 503);
    assert_eq!(runs.take(unknown(), arrival("1")).status, 400);
}

/// orchestra-sdk sends no idempotency key, and tries again on every error.
#[test]
fn without_a_key_the_same_body_is_a_retry_until_it_was_taken() {
    let mut runs = runs();
    runs.take(start(), failing(""));
    runs.take(start(), arrival(""));
    runs.take(start(), arrival(""));
    let attempts: Vec<_> = only(&runs).events.iter().map(statuses).collect();
    assert_eq!(attempts, [vec![503, 200], vec![200]]);
}

#[test]
fn another_run_with_the_same_key_is_another_event() {
    let mut runs = runs();
    runs.take(start(), arrival("1"));
    runs.take(ReceivedReport { run_id: "other".to_owned(), ..start() }, arrival("1"));
    assert_eq!(runs.runs.iter().map(|run| run.events.len()).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn the_run_that_was_silent_for_longest_is_forgotten() {
    let mut runs = runs();
    let begin = |number: usize| ReceivedReport { run_id: number.to_string(), ..start() };
    for number in 0..RUNS {
        runs.take(begin(number), arrival("1"));
    }
    runs.take(begin(0), arrival("2"));
    let before = runs.feed.cursor();
    runs.take(begin(RUNS), arrival("1"));

    assert_eq!(runs.runs.len(), RUNS);
    assert!(runs.runs.iter().any(|run| run.id == "0") && runs.runs.iter().all(|run| run.id != "1"));
    let told = runs.after(Some(before)).0.concat();
    assert!(String::from_utf8_lossy(&told).contains("event: forget\ndata: {\"run\":\"1\"}"));
}

#[test]
fn events_beyond_the_limit_are_counted_and_still_count() {
    let mut runs = runs();
    for number in 0..EVENTS_PER_RUN {
        runs.take(start(), arrival(&number.to_string()));
    }
    runs.take(end(), arrival("the end"));
    let run = only(&runs);
    assert_eq!((run.events.len(), run.not_kept, run.state), (EVENTS_PER_RUN, 1, State::Succeeded));
}

#[test]
fn attempts_beyond_the_limit_are_counted() {
    let mut runs = runs();
    for _ in 0..ATTEMPTS_PER_EVENT + 2 {
        runs.take(start(), failing("1"));
    }
    let event = &only(&runs).events[0];
    assert_eq!((event.attempts.len(), event.attempts_not_kept), (ATTEMPTS_PER_EVENT, 2));
}

#[test]
fn a_long_text_is_cut_between_characters() {
    let text = Text::new(format!("{}ä", "x".repeat(SHOWN_TEXT_BYTES - 1)));
    assert_eq!((text.text.len(), text.cut_bytes), (SHOWN_TEXT_BYTES - 1, 2));
}

#[test]
fn the_texts_of_all_runs_have_a_limit() {
    let long = "x".repeat(SHOWN_TEXT_BYTES);
    let mut runs = runs();
    for number in 0..KEPT_BYTES / SHOWN_TEXT_BYTES + 20 {
        let run_id = (number / 8).to_string();
        runs.take(ReceivedReport { run_id, ..output(&long) }, arrival(&number.to_string()));
        assert!(runs.kept_bytes <= KEPT_BYTES);
    }
    let counted: usize = runs.runs.iter().flat_map(|run| &run.events).map(Event::bytes).sum();
    assert_eq!(runs.kept_bytes, counted);
    assert!(counted > KEPT_BYTES / 2, "no more is forgotten than has to be");
}

#[test]
fn a_page_that_begins_is_told_everything_and_where_it_is() {
    let mut runs = runs();
    runs.take(start(), arrival("1"));
    let (messages, cursor) = runs.after(None);
    let text = String::from_utf8(messages.concat()).expect("messages are text");
    let kinds: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(kinds, ["reset", "run", "event", "ready"]);
    assert!(text.contains(&format!("id: {cursor}\nevent: ready")) && text.matches("id: ").count() == 1);
    assert_eq!(runs.after(Some(cursor)).0.len(), 0);
}
