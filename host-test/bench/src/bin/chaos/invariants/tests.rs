use orchestra_host::{DeliveryError, End, Shortfall};
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::*;

/// One step of progress, two outputs.
fn plan() -> Plan {
    let mut plan = Plan::random(0, &mut SmallRng::seed_from_u64(0));
    (plan.steps, plan.rows, plan.is_run_through) = (1, 2, true);
    plan
}

fn ended() -> Ended {
    Ended {
        end: End::Returned,
        outcome: Outcome::Succeeded,
        is_acknowledged: true,
        shortfall: Shortfall::default(),
        trouble: Vec::new(),
        output: String::new(),
    }
}

fn report(said: Said, statuses: &[u16]) -> Report {
    Report { body: format!("{said:?}"), said, run_id: String::new(), statuses: statuses.to_vec() }
}

fn succeeded() -> Said {
    Said::Ending("SUCCEEDED".into())
}

/// As it should be.
fn reports() -> Vec<Report> {
    let said = [Said::Start, Said::Step(0), Said::Row(0), Said::Row(1), succeeded()];
    said.into_iter().map(|said| report(said, &[503, 200])).collect()
}

fn lost(report: Kind, cause: Cause) -> Ended {
    let error = DeliveryError { report, cause, attempts: 1, kept: false, explanation: String::new() };
    Ended { shortfall: Shortfall { reports: vec![error], further: 0 }, ..ended() }
}

#[track_caller]
fn assert_broken(ended: &Ended, reports: &[Report], by: &str) {
    let broken = broken(&plan(), ended, reports, &mut vec![]);
    assert!(broken.iter().any(|what| what.contains(by)), "{broken:?}");
}

#[test]
fn a_run_whose_reports_all_arrived_once_and_in_order_breaks_nothing() {
    assert_eq!(broken(&plan(), &ended(), &reports(), &mut vec![]), [""; 0]);
}

#[test]
fn two_endings_are_noticed() {
    let mut reports = reports();
    reports.push(report(Said::Ending("FAILED".into()), &[200]));
    assert_broken(&ended(), &reports, "2 endings have arrived");
}

#[test]
fn an_ending_that_no_answer_acknowledged_is_noticed_whatever_the_host_says() {
    let mut reports = reports();
    reports[4].statuses = vec![503];
    assert_broken(&ended(), &reports, "takes an ending for acknowledged");
    assert_broken(&Ended { is_acknowledged: false, ..ended() }, &reports, "its ending is not acknowledged");
}

#[test]
fn an_ending_that_was_refused_need_not_be_acknowledged() {
    let mut reports = reports();
    reports[4].statuses = vec![400];
    let ended = Ended { is_acknowledged: false, ..lost(Kind::Ending(Outcome::Succeeded), Cause::Refused(400)) };
    assert_eq!(broken(&plan(), &ended, &reports, &mut vec![]), [""; 0]);
}

#[test]
fn an_outcome_that_the_host_does_not_know_is_noticed() {
    assert_broken(&Ended { outcome: Outcome::Failed, ..ended() }, &reports(), "the host says Failed");
}

#[test]
fn a_report_under_two_keys_is_noticed() {
    let mut reports = reports();
    reports.insert(4, report(Said::Row(1), &[200]));
    assert_broken(&ended(), &reports, "under two keys");
}

#[test]
fn reports_that_change_places_are_noticed() {
    let mut reports = reports();
    reports.swap(2, 3);
    assert_broken(&ended(), &reports, "has arrived after");
}

#[test]
fn a_report_that_is_neither_acknowledged_nor_listed_is_noticed() {
    let mut without = reports();
    without.remove(3);
    assert_broken(&ended(), &without, "2 outputs were made, 1 acknowledged, and 0 listed as lost");
    let mut unacknowledged = reports();
    unacknowledged[3].statuses = vec![503];
    assert_broken(&ended(), &unacknowledged, "2 outputs were made, 1 acknowledged, and 0 listed as lost");
    assert_eq!(
        broken(&plan(), &lost(Kind::Output("row".into()), Cause::Undelivered), &unacknowledged, &mut vec![]),
        [""; 0]
    );
}

#[test]
fn the_last_step_of_progress_does_not_fold() {
    let mut reports = reports();
    reports.remove(1);
    assert_broken(&ended(), &reports, "1 last steps were made");
}

#[test]
fn a_refusal_that_the_endpoint_never_sent_is_noticed() {
    assert_broken(&lost(Kind::Output("row".into()), Cause::Refused(400)), &reports(), "has never answered 400");
}

#[test]
fn a_report_that_nobody_made_is_noticed() {
    let mut reports = reports();
    reports.insert(4, report(Said::Row(2), &[200]));
    assert_broken(&ended(), &reports, "no run makes this report");
}

#[test]
fn trouble_other_than_a_loss_is_noticed() {
    assert_broken(
        &Ended { trouble: vec!["a call was given up".into()], ..ended() },
        &reports(),
        "the host says: a call",
    );
}

#[test]
fn a_report_that_is_listed_as_lost_and_has_arrived_is_doubtful() {
    assert_eq!(doubtful(&ended(), &reports()), 0);
    assert_eq!(doubtful(&lost(Kind::Output("row".into()), Cause::Undelivered), &reports()), 1);
}

#[test]
fn an_ending_that_was_refused_on_its_head_is_found_among_the_strays_once() {
    let ended = Ended { is_acknowledged: false, ..lost(Kind::Ending(Outcome::Succeeded), Cause::Refused(413)) };
    let reports = &reports()[..4];
    let mut strays = vec![413];
    assert_eq!(broken(&plan(), &ended, reports, &mut strays), [""; 0]);
    assert!(strays.is_empty());
    assert_broken(&ended, reports, "has never answered 413");
}
