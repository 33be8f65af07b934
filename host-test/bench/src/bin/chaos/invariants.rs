//! What must hold of every run, whatever the endpoint does.

use orchestra_host::{Cause, Ended, Outcome, Report as Kind};

use crate::faults::is_refusal;
use crate::history::{Report, Said};
use crate::plan::Plan;

/// What is wrong with this run, a sentence each. Its reports are in the order of their first arrival. Of the statuses whose
/// reports nobody knows, those that the host tells of are taken.
pub fn broken(plan: &Plan, ended: &Ended, reports: &[Report], strays: &mut Vec<u16>) -> Vec<String> {
    let mut broken = Vec::new();
    broken.extend(endings(ended, reports));
    broken.extend(keys(reports));
    broken.extend(order(ended, reports));
    broken.extend(unknown(plan, reports));
    broken.extend(refusals(ended, reports, strays));
    if plan.is_run_through {
        broken.extend(losses(plan, ended, reports));
    }
    let others = ended.trouble.iter().filter(|trouble| !trouble.starts_with("not reported: "));
    broken.extend(others.map(|trouble| format!("the host says: {trouble}")));
    broken.into_iter().map(|what| format!("run {}, {:?}: {what}", plan.number, ended.end)).collect()
}

/// Reports that the host takes for lost, and that were acknowledged all the same: the endpoint's word did not get through.
pub fn doubtful(ended: &Ended, reports: &[Report]) -> usize {
    let rows = reports.iter().filter(|report| matches!(report.said, Said::Row(_)));
    let lost = lost(ended, |kind| matches!(kind, Kind::Output(_)));
    (lost + rows.clone().filter(|report| report.is_acknowledged()).count()).saturating_sub(rows.count())
}

fn is_ending(report: &&Report) -> bool {
    matches!(report.said, Said::Ending(_))
}

/// One on the wire, which is acknowledged unless it was refused, and says what the host says.
fn endings(ended: &Ended, reports: &[Report]) -> Vec<String> {
    let endings: Vec<&Report> = reports.iter().filter(is_ending).collect();
    let is_listed_as_refused = ended
        .shortfall
        .reports
        .iter()
        .any(|error| matches!((&error.report, error.cause), (Kind::Ending(_), Cause::Refused(_))));
    let [ending] = endings[..] else {
        // One that was refused on its head has not arrived as a whole.
        let is_refused = endings.is_empty() && is_listed_as_refused;
        return if is_refused { vec![] } else { vec![format!("{} endings have arrived", endings.len())] };
    };
    let mut broken = Vec::new();
    let status = match ended.outcome {
        Outcome::Succeeded => "SUCCEEDED",
        Outcome::Warning => "WARNING",
        Outcome::Failed => "FAILED",
        Outcome::Cancelled => "CANCELLED",
    };
    if ending.said != Said::Ending(status.into()) {
        broken.push(format!("{:?} has arrived, and the host says {:?}", ending.said, ended.outcome));
    }
    let is_refused = is_listed_as_refused && ending.statuses.iter().any(|status| is_refusal(*status));
    match (ended.is_acknowledged, ending.is_acknowledged()) {
        (true, false) => broken.push("the host takes an ending for acknowledged that was not".into()),
        (false, _) if !is_refused => broken.push(format!("its ending is not acknowledged: {:?}", ended.trouble)),
        _ => {}
    }
    broken
}

/// Two reports of a run never say the same in these runs.
fn keys(reports: &[Report]) -> Vec<String> {
    let is_twice = |(index, report): &(usize, &Report)| reports[..*index].iter().any(|other| other.body == report.body);
    let twice = reports.iter().enumerate().filter(is_twice);
    twice.map(|(_, report)| format!("a report is under two keys: {}", report.body)).collect()
}

/// The start, then progress, then outputs, then the ending, and after that logs only.
fn order(ended: &Ended, reports: &[Report]) -> Vec<String> {
    let place = |report: &Report| match report.said {
        Said::Start => Some((0, 0)),
        Said::Step(number) => Some((1, number)),
        Said::Row(number) => Some((2, number)),
        Said::Ending(_) => Some((3, 0)),
        Said::Log(_) | Said::Other => None,
    };
    let ordered: Vec<&Report> = reports.iter().filter(|report| place(report).is_some()).collect();
    let mut broken = Vec::new();
    for pair in ordered.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        // When time is short an ending overtakes what then counts as lost.
        let has_overtaken = matches!(before.said, Said::Ending(_)) && !ended.shortfall.reports.is_empty();
        if place(before) > place(after) && !has_overtaken {
            broken.push(format!("{:?} has arrived after {:?}", after.said, before.said));
        }
    }
    // What was acknowledged is not sent again, so that a later report never arrives between two attempts of one.
    for pair in ordered.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        if after.is_acknowledged() && !before.is_acknowledged() && !is_known(ended, before) {
            broken.push(format!("{:?} is acknowledged before {:?}, which was not given up", after.said, before.said));
        }
    }
    broken
}

/// Whether the host lists a report of this kind.
fn is_known(ended: &Ended, report: &Report) -> bool {
    lost(ended, |kind| match (&report.said, kind) {
        (Said::Start, Kind::Start) | (Said::Step(_), Kind::Progress) | (Said::Row(_), Kind::Output(_)) => true,
        (Said::Ending(_), Kind::Ending(_)) => true,
        (Said::Log(name), Kind::Log(log)) => name == log,
        _ => false,
    }) > 0
}

fn unknown(plan: &Plan, reports: &[Report]) -> Vec<String> {
    let is_made = |report: &&Report| match &report.said {
        Said::Step(number) => *number < plan.steps,
        Said::Row(number) => *number < plan.rows,
        Said::Log(name) => name.starts_with("run.log") || name == "output.log",
        Said::Start | Said::Ending(_) => true,
        Said::Other => false,
    };
    let unknown = reports.iter().filter(|report| !is_made(report));
    unknown.map(|report| format!("no run makes this report: {}", report.body)).collect()
}

/// What the host says was refused, the endpoint has refused.
fn refusals(ended: &Ended, reports: &[Report], strays: &mut Vec<u16>) -> Vec<String> {
    let mut broken = Vec::new();
    for error in &ended.shortfall.reports {
        let Cause::Refused(status) = error.cause else { continue };
        if reports.iter().any(|report| report.statuses.contains(&status)) {
            continue;
        }
        match strays.iter().position(|stray| *stray == status) {
            Some(place) => _ = strays.swap_remove(place),
            None => broken.push(format!("the endpoint has never answered {status}, and yet: {error}")),
        }
    }
    broken
}

/// Each report has arrived and was acknowledged, or the host says that it was not.
fn losses(plan: &Plan, ended: &Ended, reports: &[Report]) -> Vec<String> {
    let acknowledged = |is: &dyn Fn(&Said) -> bool| {
        reports.iter().filter(|report| is(&report.said) && report.is_acknowledged()).count() as u64
    };
    let mut broken = Vec::new();
    let mut check = |what: &str, made: u64, arrived: u64, listed: usize| {
        if arrived + (listed as u64) < made {
            broken.push(format!("{made} {what} were made, {arrived} acknowledged, and {listed} listed as lost"));
        }
    };
    let rows = acknowledged(&|said| matches!(said, Said::Row(_)));
    check("outputs", plan.rows, rows, lost(ended, |kind| matches!(kind, Kind::Output(_))));
    let starts = acknowledged(&|said| *said == Said::Start);
    check("starts", 1, starts, lost(ended, |kind| *kind == Kind::Start));
    // Progress folds: the last step counts.
    if let Some(last) = plan.steps.checked_sub(1) {
        let steps = acknowledged(&|said| *said == Said::Step(last));
        check("last steps", 1, steps, lost(ended, |kind| *kind == Kind::Progress));
    }
    broken
}

/// How many reports of a kind the host lists.
fn lost(ended: &Ended, is: impl Fn(&Kind) -> bool) -> usize {
    ended.shortfall.reports.iter().filter(|error| is(&error.report)).count()
}

#[cfg(test)]
#[path = "invariants/tests.rs"]
mod tests;
