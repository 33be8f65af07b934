use super::*;
use crate::config::Config;
use crate::contract::Delivery::{Background, Blocking, NonBlocking};
use crate::contract::Outcome;
use crate::contract::Shortfall;
use crate::process::{Fault, Process};
use crate::simulation::{Simulation, answer, denied, never, retry_after, slow};
use std::format;
use std::string::ToString;
use std::vec;

type Run = Process<Simulation>;

fn say(run: &mut Run, message: &str) -> Result<(), Fault> {
    run.progress(Some(message.to_string()), None)
}

fn set(run: &mut Run, value: usize) -> Result<(), Fault> {
    run.output("a", value.to_string())
}

fn complete(run: &mut Run) -> Result<(), Fault> {
    run.end(Outcome::Succeeded, None, None)
}

fn pending(run: &mut Run) -> usize {
    run.advance(Duration::ZERO)
}

#[track_caller]
fn undelivered(result: Result<(), Fault>) -> DeliveryError {
    match result {
        Err(Fault::Delivery(delay @ DeliveryError { cause: Cause::Undelivered, .. })) => delay,
        other => panic!("{other:?}"),
    }
}

/// What was sent, as the message, the value of an output or the status of each request.
fn sent(simulation: &Simulation) -> Vec<String> {
    let word = |body: &String| {
        let after = |field: &str| body.split_once(field).map(|(_, rest)| rest.trim_matches(['"', '}']).to_string());
        after("\"message\":")
            .or_else(|| after("\"output_value\":"))
            .or_else(|| after("\"log_name\":"))
            .or_else(|| after("\"status\":"))
            .unwrap_or_default()
    };
    simulation.bodies().iter().map(word).collect()
}

/// A run that holds as many reports as it may, the first of them under way for as long as anybody waits.
fn full_run(
    simulation: &Simulation,
    delivery: crate::contract::Delivery,
    mut report: impl FnMut(&mut Run, usize),
) -> Run {
    let mut run = simulation.run(delivery);
    for number in 0..REPORTS_HELD {
        report(&mut run, number);
    }
    assert_eq!(pending(&mut run), REPORTS_HELD);
    run
}

#[test]
fn waits_double_between_attempts_and_none_follows_the_last() {
    let simulation = Simulation::script([answer(503), answer(503), answer(503), answer(503), answer(503)]);
    let mut run = simulation.run(Blocking);
    let delay = undelivered(say(&mut run, "x"));
    assert_eq!((delay.report, delay.attempts, delay.kept), (Report::Progress, 5, true));
    assert_eq!(delay.explanation, "the endpoint answered 503");
    assert_eq!(simulation.sent_at(), [0.0, 0.5, 1.5, 3.5, 7.5]);
    assert_eq!(simulation.seconds(), 7.5);
}

/// Five attempts are over in 8 s, and endpoints are often down for longer.
#[test]
fn an_ending_is_tried_for_the_whole_delivery_timeout() {
    let simulation = Simulation::script(vec![answer(503); 1000]);
    let mut run = simulation.run(Blocking);
    let delay = undelivered(complete(&mut run));
    assert_eq!(delay.report, Report::Ending(Outcome::Succeeded));
    assert!(simulation.seconds() > 285.0 && simulation.seconds() <= 300.0, "{}", simulation.seconds());
    assert_eq!(delay.attempts as usize, simulation.sent_at().len());
}

#[test]
fn what_was_reported_before_the_ending_is_tried_as_long_and_arrives_in_order() {
    for down_s in [10, 45, 60, 200] {
        let simulation = Simulation::down_for(down_s);
        let mut run = simulation.run(Background);
        run.start(None, None).unwrap();
        set(&mut run, 1).unwrap();
        say(&mut run, "2").unwrap();
        complete(&mut run).unwrap();
        assert_eq!(simulation.acknowledged().len(), 4, "down for {down_s} s");
        assert!(simulation.acknowledged()[3].contains("SUCCEEDED"));
        assert!(run.unacknowledged().reports.is_empty());
    }
}

#[test]
fn the_ending_goes_first_when_the_time_runs_short_and_what_it_overtook_is_told_by_name() {
    let simulation = Simulation::down_for(250);
    let mut run = simulation.run(Background);
    run.start(None, None).unwrap();
    set(&mut run, 1).unwrap();
    run.log("run.log", "x".to_string()).unwrap();
    let Err(Fault::Delivery(_)) = complete(&mut run) else { panic!() };
    let acknowledged = simulation.acknowledged();
    assert_eq!(acknowledged.len(), 2, "{acknowledged:#?}");
    assert!(acknowledged[0].contains("SUCCEEDED") && acknowledged[1].contains("run.log"));
    let lost: Vec<_> = run
        .unacknowledged()
        .reports
        .into_iter()
        .map(|error| match error {
            DeliveryError { cause: Cause::Undelivered, report, kept: false, .. } => report,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lost, [Report::Start, Report::Output("a".to_string())]);
}

/// A signal, 10 s of grace, and an endpoint that takes 3 s for each answer.
#[test]
fn a_deadline_of_the_callers_own_sends_the_ending_first_in_its_second_half() {
    let simulation = Simulation::script(vec![slow(3); 100]);
    let mut run = simulation.run(NonBlocking);
    for number in 0..20 {
        set(&mut run, number).unwrap();
    }
    run.end(Outcome::Warning, None, None).unwrap();
    run.deliver_within(Duration::from_secs(10));
    while simulation.seconds() < 10.0 && run.advance(Duration::from_millis(200)) > 0 {}
    assert!(simulation.acknowledged().iter().any(|body| body.contains("WARNING")), "{:?}", sent(&simulation));
    assert!(simulation.seconds() <= 10.0);
}

#[test]
fn an_attempt_that_hangs_gives_way_to_the_ending() {
    let simulation = Simulation::script([slow(1000), slow(0)]);
    let mut run = simulation.run(Background);
    run.start(None, None).unwrap();
    let Err(Fault::Delivery(delay @ DeliveryError { cause: Cause::Undelivered, .. })) = complete(&mut run) else {
        panic!()
    };
    assert_eq!((delay.report, delay.kept), (Report::Start, false));
    assert_eq!(simulation.sent_at(), [0.0, 240.0]);
}

/// An endpoint that has failed for long has waits of 15 s, which would be all of the grace after a signal.
#[test]
fn a_short_time_has_short_waits() {
    let simulation = Simulation::script(vec![answer(503); 12]);
    let mut run = simulation.run(NonBlocking);
    run.start(None, None).unwrap();
    while simulation.bodies().len() < 11 {
        run.advance(Duration::from_secs(1));
    }
    run.deliver_within(Duration::from_secs(10));
    run.end(Outcome::Cancelled, None, None).unwrap();
    let began = simulation.seconds();
    while simulation.seconds() < began + 10.0 && run.advance(Duration::from_millis(200)) > 0 {}
    assert!(simulation.acknowledged().iter().any(|body| body.contains("CANCELLED")), "{:?}", simulation.sent_at());
}

#[test]
fn an_ending_is_tried_at_once_when_it_goes_first() {
    let simulation = Simulation::script(vec![retry_after("3600"); 100]);
    let mut run = simulation.run(Background);
    run.start(None, None).unwrap();
    run.deliver_within(Duration::from_millis(300));
    run.end(Outcome::Succeeded, None, None).unwrap_err();
    let ending = simulation.bodies().iter().position(|body| body.contains("SUCCEEDED")).unwrap();
    assert_eq!(simulation.sent_at()[ending], 0.15);
}

#[test]
fn retry_after_is_waited_for() {
    for value in ["7", "Mon, 23 Nov 2026 08:00:07 GMT"] {
        let simulation = Simulation::script([retry_after(value)]);
        complete(&mut simulation.run(Blocking)).unwrap();
        assert_eq!(simulation.sent_at(), [0.0, 7.0], "{value}");
    }
}

#[test]
fn a_retry_after_beyond_the_time_is_capped_by_it() {
    for value in ["65", "301", "86400", "99999999999999999999", "Mon, 23 Nov 2099 08:00:07 GMT"] {
        let simulation = Simulation::script([retry_after(value)]);
        complete(&mut simulation.run(Blocking)).unwrap();
        let [first, second] = simulation.sent_at()[..] else { panic!() };
        assert!(first == 0.0 && (65.0..=225.0).contains(&second), "{value}: {second}");
    }
}

#[test]
fn a_retry_after_on_the_start_loses_nothing() {
    let simulation = Simulation::script([retry_after("3600")]);
    let mut run = simulation.run(Background);
    run.start(None, None).unwrap();
    set(&mut run, 1).unwrap();
    complete(&mut run).unwrap();
    assert_eq!(simulation.acknowledged().len(), 3);
    assert_eq!(simulation.sent_at(), [0.0, 225.0, 225.0, 225.0]);
}

#[test]
fn a_retry_after_below_the_backoff_is_raised_to_it() {
    for value in ["0", "Sun, 06 Nov 1994 08:49:37 GMT"] {
        let simulation = Simulation::script(vec![retry_after(value); 100]);
        let mut run = simulation.run(Blocking);
        undelivered(say(&mut run, "x"));
        assert_eq!(simulation.sent_at(), [0.0, 0.5, 1.5, 3.5, 7.5], "{value}");
    }
}

/// No policy makes an ending hammer at an endpoint for five minutes.
#[test]
fn attempts_beyond_the_policys_are_a_second_apart() {
    let simulation = Simulation::script(vec![answer(503); 1000]);
    let policy = Policy { attempts: 3, first_wait: Duration::ZERO, longest_wait: Duration::ZERO, ..Policy::DEFAULT };
    let mut run = simulation.run_with(Blocking, policy);
    undelivered(complete(&mut run));
    assert_eq!(simulation.sent_at()[..5], [0.0, 0.0, 0.0, 1.0, 2.0]);
}

/// The answer may still come: a second request would only ask again what is being answered.
#[test]
fn an_attempt_that_outlasts_the_budget_stays_under_way() {
    let simulation = Simulation::script([slow(100)]);
    let mut run = simulation.run(Blocking);
    undelivered(say(&mut run, "x"));
    assert_eq!(simulation.seconds(), 60.0);
    run.flush().unwrap();
    assert_eq!((simulation.seconds(), simulation.sent_at()), (100.0, vec![0.0]));
}

#[test]
fn background_reports_never_wait() {
    let simulation = Simulation::script([slow(10), answer(503)]);
    let mut run = simulation.run(Background);
    set(&mut run, 1).unwrap();
    set(&mut run, 2).unwrap();
    assert_eq!((simulation.seconds(), pending(&mut run)), (0.0, 2));
    simulation.pass(10);
    set(&mut run, 3).unwrap();
    assert_eq!((simulation.seconds(), pending(&mut run)), (10.0, 2), "1 is acknowledged, 2 has failed once");
    complete(&mut run).unwrap();
    assert_eq!(simulation.sent_at(), [0.0, 10.0, 10.5, 10.5, 10.5]);
}

#[test]
fn advancing_moves_reports_on_for_as_long_as_is_asked() {
    let simulation = Simulation::script([slow(10), answer(503)]);
    let mut run = simulation.run(Background);
    set(&mut run, 1).unwrap();
    set(&mut run, 2).unwrap();
    assert_eq!((run.advance(Duration::ZERO), simulation.seconds()), (2, 0.0));
    assert_eq!((run.advance(Duration::from_secs(4)), simulation.seconds()), (2, 4.0));
    assert_eq!((run.advance(Duration::from_secs(60)), simulation.seconds()), (0, 10.5));
}

#[test]
fn after_giving_up_a_report_tries_once_and_only_when_its_time_has_come() {
    let simulation = Simulation::script(vec![answer(503); 6]);
    let mut run = simulation.run(Blocking);
    set(&mut run, 1).unwrap_err();
    set(&mut run, 2).unwrap_err();
    assert_eq!(simulation.sent_at().len(), 5, "no time has passed");
    simulation.pass(15);
    set(&mut run, 3).unwrap_err();
    assert_eq!(simulation.sent_at().len(), 6);
    complete(&mut run).unwrap();
    assert_eq!(pending(&mut run), 0);
}

#[test]
fn a_denial_is_not_repeated_and_not_kept() {
    let simulation = Simulation::script([denied()]);
    let mut run = simulation.run(Blocking);
    let Err(Fault::Delivery(denial @ DeliveryError { cause: Cause::Denied, .. })) = complete(&mut run) else {
        panic!()
    };
    assert_eq!((denial.report, denial.explanation.as_str()), (Report::Ending(Outcome::Succeeded), "no way out"));
    assert_eq!((simulation.sent_at().len(), pending(&mut run)), (1, 0));
}

#[test]
fn the_refusal_of_an_earlier_report_is_told_by_name() {
    let simulation = Simulation::script([(slow(1).0, answer(400).1)]);
    let mut run = simulation.run(Background);
    run.output("rows", "1".to_string()).unwrap();
    simulation.pass(1);
    say(&mut run, "x").unwrap();
    let Err(refusal @ DeliveryError { cause: Cause::Refused(_), .. }) = run.flush() else { panic!() };
    assert_eq!((refusal.report, refusal.cause), (Report::Output("rows".to_string()), Cause::Refused(400)));
    run.flush().unwrap();
    assert_eq!(run.unacknowledged().reports.len(), 1, "it stays in the record");
}

#[test]
fn the_first_errors_are_kept_and_the_others_counted() {
    let simulation = Simulation::script(vec![answer(400); 300]);
    let mut run = simulation.run(Background);
    for number in 0..300 {
        run.output(&format!("n{number}"), "1".to_string()).unwrap();
    }
    for number in 0..256 {
        let Err(refusal @ DeliveryError { cause: Cause::Refused(_), .. }) = run.flush() else { panic!() };
        assert_eq!(refusal.report, Report::Output(format!("n{number}")));
    }
    let Err(latest) = run.flush() else { panic!() };
    assert_eq!(latest.report, Report::Output("n299".to_string()));
    run.flush().unwrap();
    let Shortfall { reports, further } = run.unacknowledged();
    assert_eq!((reports.len(), further), (256, 44));
}

/// However many came before it.
#[test]
fn no_blocking_report_takes_its_own_refusal_for_a_success() {
    let simulation = Simulation::script(vec![answer(400); 300]);
    let mut run = simulation.run(Blocking);
    for number in 0..300 {
        assert!(set(&mut run, number).is_err(), "{number}");
    }
}

#[test]
fn a_full_outbox_makes_the_next_report_wait_while_the_endpoint_acknowledges() {
    let simulation = Simulation::script(vec![slow(5); 300]);
    let mut run = full_run(&simulation, Background, |run, number| set(run, number).unwrap());
    for number in 0..3 {
        set(&mut run, number).unwrap();
    }
    assert_eq!(simulation.seconds(), 15.0);
    assert!(
        run.unacknowledged()
            .reports
            .iter()
            .all(|error| matches!(error, DeliveryError { cause: Cause::Undelivered, kept: true, .. }))
    );
}

/// It costs a task one attempt's time, once, and no report fails.
#[test]
fn a_background_report_that_finds_no_room_at_a_dead_endpoint_is_lost_at_once() {
    let simulation = Simulation::script([slow(1000)]);
    let mut run = full_run(&simulation, Background, |run, number| set(run, number).unwrap());
    for number in 0..1000 {
        run.output("late", number.to_string()).unwrap();
    }
    assert_eq!((simulation.seconds(), pending(&mut run)), (20.0, REPORTS_HELD));
    let Shortfall { reports, further } = run.unacknowledged();
    let Some(DeliveryError { cause: Cause::Undelivered, report, kept: false, .. }) = reports.first() else { panic!() };
    assert_eq!((report, reports.len(), further), (&Report::Output("late".to_string()), 256, 1000 - 256 + 128));
}

#[test]
fn a_report_that_is_lost_for_want_of_room_counts_for_the_runs_state() {
    let simulation = Simulation::script([slow(1000)]);
    let mut run = full_run(&simulation, Background, |run, number| set(run, number).unwrap());
    run.start(None, None).unwrap();
    assert_eq!(run.state(), crate::contract::State::Running);
}

#[test]
fn a_non_blocking_report_that_finds_no_room_yet_is_to_be_made_again() {
    let simulation = Simulation::script(vec![slow(5); 300]);
    let mut run = full_run(&simulation, NonBlocking, |run, number| set(run, number).unwrap());
    assert_eq!(set(&mut run, 128), Err(Fault::OutboxFull));
    assert_eq!(simulation.seconds(), 0.0);
    simulation.pass(5);
    set(&mut run, 128).unwrap();
}

#[test]
fn no_non_blocking_call_ever_waits() {
    let simulation = Simulation::script([slow(1000)]);
    let mut run = full_run(&simulation, NonBlocking, |run, number| set(run, number).unwrap());
    complete(&mut run).unwrap();
    assert!(matches!(run.flush(), Err(DeliveryError { cause: Cause::Undelivered, .. })));
    drop(run);
    assert_eq!(simulation.seconds(), 0.0);
}

/// To begin one costs the task time, which the host has beside the task.
#[test]
fn a_non_blocking_call_only_takes_its_report_in() {
    let simulation = Simulation::script([]);
    let mut run = simulation.run(NonBlocking);
    run.start(None, None).unwrap();
    let log = run.open_log("run.log").unwrap();
    run.write_log(log, &"x".repeat(600 * 1024)).unwrap();
    run.close_log(log);
    complete(&mut run).unwrap();
    assert!(simulation.bodies().is_empty());
    assert_eq!((pending(&mut run), simulation.bodies().len()), (0, 5));
}

#[test]
fn a_non_blocking_report_that_finds_no_room_moves_others_on_to_make_some() {
    let simulation = Simulation::script([]);
    let mut run = simulation.run(NonBlocking);
    for number in 0..=REPORTS_HELD {
        set(&mut run, number).unwrap();
    }
    assert_eq!(simulation.bodies().len(), REPORTS_HELD);
}

/// What a run that waits for this long sees next.
fn next(run: &Run) -> Option<Duration> {
    run.next_advance()
}

#[test]
fn a_run_without_anything_to_deliver_is_never_to_be_advanced() {
    let simulation = Simulation::script([]);
    let mut run = simulation.run(NonBlocking);
    run.open_log("run.log").unwrap();
    assert_eq!(next(&run), None);
    run.start(None, None).unwrap();
    assert_eq!(pending(&mut run), 0);
    assert_eq!(next(&run), None);
}

#[test]
fn a_run_is_to_be_advanced_when_an_attempt_may_begin() {
    let simulation = Simulation::script([answer(503), retry_after("7")]);
    let mut run = simulation.run(NonBlocking);
    run.start(None, None).unwrap();
    assert_eq!(next(&run), Some(Duration::ZERO));
    run.advance(Duration::ZERO);
    assert_eq!(next(&run), Some(Duration::from_millis(500)));
    run.advance(Duration::from_millis(501));
    assert_eq!(next(&run), Some(Duration::from_millis(6999)));
}

#[test]
fn a_run_is_to_be_advanced_when_an_attempt_is_to_be_given_up() {
    let simulation = Simulation::script([never(20)]);
    let mut run = simulation.run(NonBlocking);
    run.start(None, None).unwrap();
    run.advance(Duration::ZERO);
    simulation.pass(3);
    assert_eq!(next(&run), Some(Duration::from_secs(17)));
}

#[test]
fn a_run_is_to_be_advanced_when_its_ending_is_to_go_first() {
    let simulation = Simulation::script([never(1000)]);
    let mut run = simulation.run(NonBlocking);
    run.start(None, None).unwrap();
    complete(&mut run).unwrap();
    run.advance(Duration::ZERO);
    assert_eq!(next(&run), Some(Duration::from_secs(240)));
    simulation.pass(240);
    assert_eq!(next(&run), Some(Duration::ZERO));
    run.advance(Duration::ZERO);
    assert_eq!(sent(&simulation), ["RUNNING", "SUCCEEDED"]);
}

/// The wait that the endpoint has asked for is cut at the end of the run's time, and whole after it.
#[test]
fn a_run_whose_time_is_over_is_to_be_advanced_when_the_endpoint_has_asked_for_it() {
    let simulation = Simulation::script(vec![retry_after("3600"); 100]);
    let mut run = simulation.run(NonBlocking);
    complete(&mut run).unwrap();
    run.advance(Duration::ZERO);
    assert_eq!(next(&run), Some(Duration::from_secs(225)));
    run.advance(Duration::from_secs(300));
    let since_the_last = 300.0 - simulation.sent_at().last().unwrap();
    assert_eq!(next(&run).unwrap().as_secs_f64(), 3600.0 - since_the_last);
}

#[test]
fn a_run_is_to_be_advanced_when_the_text_of_a_log_is_old_enough() {
    let simulation = Simulation::script([]);
    let mut run = simulation.run(NonBlocking);
    let log = run.open_log("run.log").unwrap();
    run.write_log(log, "a line\n").unwrap();
    simulation.pass(4);
    assert_eq!(next(&run), Some(Duration::from_secs(6)));
    run.close_log(log);
    assert_eq!(next(&run), Some(Duration::ZERO));
}

#[test]
fn text_behind_a_part_that_waits_is_not_waited_for() {
    let simulation = Simulation::script([never(1000)]);
    let mut run = simulation.run(NonBlocking);
    let log = run.open_log("run.log").unwrap();
    run.write_log(log, &"x".repeat(300 * 1024)).unwrap();
    run.advance(Duration::ZERO);
    assert_eq!(next(&run), Some(Duration::from_secs(1000)));
}

/// Under a key that is known, a fresh instance can send the same ending once more.
#[test]
fn an_ending_has_the_key_that_it_was_given_and_no_other_report_has() {
    let ending = |run: &mut Run| {
        run.start(None, None).unwrap();
        run.set_ending_key("{12345678-1234-5678-1234-567812345ABC}").unwrap();
        set(run, 1).unwrap();
        run.end(Outcome::Failed, Some("no".to_string()), Some("{\"a\": 1}".to_string())).unwrap();
    };
    let simulations = [Simulation::script([]), Simulation::script([])];
    simulations[1].pass(77);
    for simulation in &simulations {
        ending(&mut simulation.run(Background));
        let keys = simulation.keys();
        assert_eq!(keys[2], "12345678-1234-5678-1234-567812345abc");
        assert!(!keys[..2].contains(&keys[2]));
    }
    assert_eq!(simulations[0].bodies()[2], simulations[1].bodies()[2]);
}

#[test]
fn the_ending_of_a_dropped_run_has_the_key_that_it_was_given() {
    let simulation = Simulation::script([]);
    let mut run = simulation.run(Background);
    run.start(None, None).unwrap();
    run.set_ending_key("12345678-1234-5678-1234-567812345abc").unwrap();
    drop(run);
    assert_eq!(simulation.keys()[1], "12345678-1234-5678-1234-567812345abc");
}

#[test]
fn a_key_that_cannot_be_the_endings_is_refused() {
    let simulation = Simulation::script([]);
    let mut run = simulation.run(Background);
    assert!(run.set_ending_key("a key").unwrap_err().contains("not a UUID"));
    complete(&mut run).unwrap();
    assert!(run.set_ending_key("12345678-1234-5678-1234-567812345abc").unwrap_err().contains("has ended"));
}

#[test]
fn an_ending_is_taken_beyond_the_limit() {
    let simulation = Simulation::script(vec![slow(10_000); 10]);
    let mut run = full_run(&simulation, Background, |run, number| set(run, number).unwrap());
    undelivered(complete(&mut run));
    assert_eq!(pending(&mut run), REPORTS_HELD + 1);
}

#[test]
fn bytes_are_limited_too() {
    let simulation = Simulation::script([slow(1000)]);
    let mut run = simulation.run(NonBlocking);
    for _ in 0..3 {
        run.log("a", "x".repeat(4 * 1024 * 1024)).unwrap();
    }
    assert_eq!(run.log("a", "x".repeat(4 * 1024 * 1024)), Err(Fault::OutboxFull));
}

/// A hundred times a second, to an endpoint that takes a tenth of a second for each.
#[test]
fn progress_folds_so_that_a_run_does_not_end_late() {
    let simulation = Simulation::script(vec![(Duration::from_millis(100), answer(200).1); 200]);
    let mut run = simulation.run(Background);
    for number in 0..100 {
        say(&mut run, &number.to_string()).unwrap();
    }
    complete(&mut run).unwrap();
    assert!(simulation.seconds() <= 0.5, "{}", simulation.seconds());
    assert_eq!(sent(&simulation)[simulation.bodies().len() - 2], "99");
    assert!(run.unacknowledged().reports.is_empty(), "what was folded does not count as lost");
}

#[test]
fn only_progress_without_data_folds_and_never_one_that_was_tried() {
    let simulation = Simulation::script([slow(20)]);
    let mut run = simulation.run(Background);
    say(&mut run, "under way").unwrap();
    set(&mut run, 1).unwrap();
    run.progress(Some("with data".to_string()), Some("{}".to_string())).unwrap();
    for _ in 0..10 {
        say(&mut run, "overtaken").unwrap();
    }
    say(&mut run, "newest").unwrap();
    complete(&mut run).unwrap();
    assert_eq!(sent(&simulation), ["under way", "1", "with data", "newest", "SUCCEEDED"]);
}

#[test]
fn the_newest_progress_stays_if_something_else_needs_room() {
    let simulation = Simulation::script([slow(1000)]);
    let mut run = full_run(&simulation, NonBlocking, |run, number| match number {
        0 => set(run, 0).unwrap(),
        1 => say(run, "old").unwrap(),
        2 => say(run, "newest").unwrap(),
        _ => set(run, number).unwrap(),
    });
    set(&mut run, 128).unwrap();
    assert_eq!(pending(&mut run), REPORTS_HELD);
    let bodies: Vec<_> = run.unacknowledged().reports;
    assert_eq!(bodies.len(), REPORTS_HELD);
}

#[test]
fn a_run_that_is_dropped_has_the_delivery_timeout() {
    let simulation = Simulation::script([slow(1000), slow(1000)]);
    let mut run = simulation.run(Background);
    run.start(None, None).unwrap();
    drop(run);
    assert_eq!((simulation.seconds(), simulation.sent_at()), (300.0, vec![0.0, 240.0]));
    assert!(simulation.bodies()[1].contains("FAILED"));
}

#[test]
fn the_time_of_a_run_is_counted_from_its_ending() {
    let simulation = Simulation::script(vec![answer(503); 1000]);
    let mut run = simulation.run(Background);
    complete(&mut run).unwrap_err();
    let seconds = simulation.seconds();
    drop(run);
    assert_eq!(simulation.seconds(), seconds, "the time was over");
}

/// One attempt for each part, and one part at a time.
#[test]
fn an_open_log_arrives_in_parts_while_it_is_written() {
    let simulation = Simulation::script(vec![(Duration::from_millis(10), answer(200).1); 20]);
    let mut run = simulation.run(Background);
    let log = run.open_log("run.log").unwrap();
    for _ in 0..16 {
        run.write_log(log, &"x".repeat(64 * 1024)).unwrap();
    }
    assert!(simulation.seconds() > 0.0, "the writer waits for the part before");
    run.write_log(log, "last").unwrap();
    complete(&mut run).unwrap();
    assert_eq!(
        simulation
            .bodies()
            .iter()
            .map(|body| body.split("\"log_name\":\"").nth(1).map(|rest| rest
                .split('"')
                .next()
                .unwrap_or_default()
                .to_string()))
            .collect::<Vec<_>>(),
        ["run.log", "run.log.2", "run.log.3", "run.log.4", "run.log.5"]
            .map(|name| Some(name.to_string()))
            .into_iter()
            .chain([None])
            .collect::<Vec<_>>()
    );
}

#[test]
fn what_a_log_holds_goes_out_when_it_is_ten_seconds_old() {
    let simulation = Simulation::script([]);
    let mut run = simulation.run(NonBlocking);
    let log = run.open_log("run.log").unwrap();
    run.write_log(log, "a line\n").unwrap();
    simulation.pass(9);
    run.advance(Duration::ZERO);
    assert_eq!(simulation.bodies().len(), 0);
    simulation.pass(1);
    run.advance(Duration::ZERO);
    assert_eq!(simulation.bodies().len(), 1);
}

#[test]
fn a_non_blocking_write_takes_nothing_while_a_part_waits() {
    let simulation = Simulation::script([slow(5), slow(5)]);
    let mut run = simulation.run(NonBlocking);
    let log = run.open_log("run.log").unwrap();
    run.write_log(log, &"x".repeat(300 * 1024)).unwrap();
    assert_eq!(run.write_log(log, &"x".repeat(300 * 1024)), Err(Fault::OutboxFull));
    simulation.pass(5);
    run.write_log(log, &"x".repeat(300 * 1024)).unwrap();
}

/// What of a log arrived, in order.
fn logged(simulation: &Simulation) -> String {
    let text = |body: &String| Some(body.split_once("\"data\":\"")?.1.split('"').next()?.to_string());
    simulation.acknowledged().iter().filter_map(text).collect()
}

/// Whoever is told that the outbox is full writes the same text again.
#[test]
fn a_non_blocking_write_of_several_parts_is_taken_whole() {
    let simulation = Simulation::script(vec![slow(5); 10]);
    let mut run = simulation.run(NonBlocking);
    let log = run.open_log("run.log").unwrap();
    let text = ["a", "b", "c", "d"].map(|letter| letter.repeat(300 * 1024)).concat();
    run.write_log(log, &text).unwrap();
    assert_eq!(run.write_log(log, &text), Err(Fault::OutboxFull));
    complete(&mut run).unwrap();
    while pending(&mut run) > 0 {
        simulation.pass(5);
    }
    assert_eq!(logged(&simulation).len(), text.len());
    assert_eq!(logged(&simulation), text);
}

#[test]
fn a_non_blocking_write_at_a_dead_endpoint_is_lost_and_not_to_be_made_again() {
    let simulation = Simulation::script([slow(1000)]);
    let mut run = simulation.run(NonBlocking);
    let log = run.open_log("run.log").unwrap();
    run.write_log(log, &"x".repeat(256 * 1024)).unwrap();
    run.advance(Duration::ZERO);
    simulation.pass(20);
    run.write_log(log, &"x".repeat(512 * 1024)).unwrap();
    let lost = |error: &DeliveryError| (!error.kept).then(|| error.report.clone());
    let lost: Vec<_> = run.unacknowledged().reports.iter().filter_map(lost).collect();
    assert_eq!(lost, ["run.log.2", "run.log.3"].map(|name| Report::Log(name.to_string())));
}

#[test]
fn the_last_part_of_a_closed_log_goes_out_behind_one_that_waits() {
    let simulation = Simulation::script([slow(5), slow(5)]);
    let mut run = simulation.run(NonBlocking);
    let log = run.open_log("run.log").unwrap();
    run.write_log(log, &"x".repeat(300 * 1024)).unwrap();
    run.close_log(log);
    assert_eq!(pending(&mut run), 2);
}

#[test]
fn the_last_part_of_a_closed_log_that_finds_no_room_counts_as_lost() {
    let simulation = Simulation::script([slow(1000)]);
    let mut run = full_run(&simulation, NonBlocking, |run, number| set(run, number).unwrap());
    let log = run.open_log("run.log").unwrap();
    run.write_log(log, "x").unwrap();
    run.close_log(log);
    let lost = run.unacknowledged().reports.into_iter().find(|error| !error.kept).map(|error| error.report);
    assert_eq!(lost, Some(Report::Log("run.log".to_string())));
}

/// Nothing about reporting may stop a task, and a log may come after the ending.
#[test]
fn a_background_log_after_the_ending_does_not_wait() {
    let simulation = Simulation::script([slow(0), slow(10)]);
    let mut run = simulation.run(Background);
    complete(&mut run).unwrap();
    run.log("run.log", "x".to_string()).unwrap();
    assert_eq!((simulation.seconds(), pending(&mut run)), (0.0, 1));
}

#[test]
fn a_blocking_report_waits_for_room_and_for_its_acknowledgement_within_one_budget() {
    let simulation = Simulation::script([slow(1000)]);
    let policy = Policy { budget: Duration::from_millis(100), ..Policy::DEFAULT };
    let mut run = simulation.run_with(Blocking, policy);
    // An attempt may take 20 s: the endpoint is not silent yet when the outbox is full.
    for number in 0..REPORTS_HELD {
        set(&mut run, number).unwrap_err();
    }
    let before = simulation.seconds();
    set(&mut run, REPORTS_HELD).unwrap_err();
    assert!(simulation.seconds() - before <= 0.1001, "{}", simulation.seconds() - before);
}

/// It may acknowledge at once: nobody knows before it is asked.
#[test]
fn an_endpoint_that_was_not_asked_is_not_silent() {
    let simulation = Simulation::script([]);
    let mut run = simulation.run(NonBlocking);
    set(&mut run, 0).unwrap();
    assert_eq!(pending(&mut run), 0);
    simulation.pass(1000);
    for number in 0..2 * REPORTS_HELD {
        set(&mut run, number).unwrap();
    }
    run.flush().unwrap();
    assert_eq!(simulation.acknowledged().len(), 1 + 2 * REPORTS_HELD);
}

#[test]
fn an_acknowledgement_that_came_while_the_task_was_busy_makes_room() {
    let simulation = Simulation::script([slow(1)]);
    let mut run = full_run(&simulation, Background, |run, number| set(run, number).unwrap());
    simulation.pass(1000);
    set(&mut run, REPORTS_HELD).unwrap();
    run.flush().unwrap();
    assert_eq!(simulation.acknowledged().len(), REPORTS_HELD + 1);
}

#[test]
fn a_report_that_the_protocol_does_not_have_is_told_however_full_the_outbox_is() {
    let simulation = Simulation::script([slow(1000)]);
    let mut config = Config::jobs("key", "client", "https://example.com").unwrap();
    config.delivery = Background;
    let mut run = Process::open(Rc::new(config), simulation.clone(), "id", None).unwrap();
    for number in 0..REPORTS_HELD {
        run.stage(&number.to_string(), true, None, None).unwrap();
    }
    simulation.pass(20);
    assert!(matches!(set(&mut run, 0), Err(Fault::Unsupported(_))));
}

/// A control character has six bytes there.
#[test]
fn bytes_count_as_they_go_over_the_wire() {
    let simulation = Simulation::script([slow(1000)]);
    let mut run = simulation.run(NonBlocking);
    let control = "\u{1}".repeat(2 * 1024 * 1024);
    run.log("a", control.clone()).unwrap();
    assert_eq!(run.log("a", control), Err(Fault::OutboxFull));
}

#[test]
fn a_report_that_is_larger_than_the_outbox_is_taken_alone() {
    let simulation = Simulation::script([slow(1)]);
    let mut run = simulation.run(NonBlocking);
    run.log("a", "\u{1}".repeat(4 * 1024 * 1024)).unwrap();
    assert!(matches!(run.held(), (1, bytes) if bytes > BYTES_HELD));
    assert_eq!(set(&mut run, 1), Err(Fault::OutboxFull));
    simulation.pass(1);
    set(&mut run, 1).unwrap();
}

/// However many are opened and closed one after the other.
#[test]
fn old_text_of_logs_stays_where_it_is_while_the_outbox_is_full() {
    let simulation = Simulation::script([slow(100_000)]);
    let mut run = full_run(&simulation, NonBlocking, |run, number| set(run, number).unwrap());
    for _ in 0..100 {
        let log = run.open_log("run.log").unwrap();
        run.write_log(log, "x").unwrap();
        simulation.pass(10);
        assert_eq!(pending(&mut run), REPORTS_HELD);
        run.close_log(log);
    }
}

#[test]
fn old_text_of_a_log_goes_out_as_soon_as_there_is_room() {
    let simulation = Simulation::script([slow(50)]);
    let mut run = full_run(&simulation, NonBlocking, |run, number| set(run, number).unwrap());
    let log = run.open_log("run.log").unwrap();
    run.write_log(log, "x").unwrap();
    simulation.pass(50);
    assert_eq!(pending(&mut run), 0);
    assert_eq!(run.next_advance(), Some(Duration::ZERO));
    run.advance(Duration::ZERO);
    assert_eq!(sent(&simulation).len(), REPORTS_HELD + 1);
}

#[test]
fn more_time_does_not_give_up_an_ending_that_is_under_way() {
    let simulation = Simulation::script([slow(1000), slow(100)]);
    let mut run = simulation.run(Background);
    run.start(None, None).unwrap();
    undelivered(complete(&mut run));
    assert_eq!((simulation.seconds(), simulation.sent_at()), (300.0, vec![0.0, 240.0]));
    _ = run.flush();
    assert_eq!((simulation.sent_at(), simulation.acknowledged().len()), (vec![0.0, 240.0], 1));
}

/// Such a run may be moved on for hours.
#[test]
fn a_run_whose_time_is_over_asks_no_more_often_than_the_policy_has_it() {
    let simulation = Simulation::script(vec![answer(503); 2000]);
    let mut run = simulation.run(NonBlocking);
    complete(&mut run).unwrap();
    run.advance(Duration::from_secs(310));
    let before = simulation.sent_at().len();
    run.advance(Duration::from_secs(150));
    assert_eq!(simulation.sent_at().len() - before, 10);
}

#[test]
fn a_run_whose_time_is_over_waits_as_the_endpoint_asks() {
    let simulation = Simulation::script(vec![retry_after("3600"); 1000]);
    let mut run = simulation.run(NonBlocking);
    complete(&mut run).unwrap();
    run.advance(Duration::from_secs(301));
    let before = simulation.sent_at();
    run.advance(Duration::from_secs(1000));
    assert_eq!(simulation.sent_at(), before);
}

#[test]
fn a_blocking_report_that_is_refused_fails_however_many_were_before_it() {
    let simulation = Simulation::script(vec![answer(400); 300]);
    let mut run = simulation.run(Blocking);
    for number in 0..300 {
        assert!(matches!(set(&mut run, number), Err(Fault::Delivery(_))), "{number}");
    }
    let Shortfall { reports, further } = run.unacknowledged();
    assert_eq!((reports.len(), further), (256, 44));
}
