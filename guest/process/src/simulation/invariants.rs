//! What holds in every run, whatever the task calls and the endpoint does. Each function is one invariant.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::account::everything_is_accounted_for;
use super::record::{Closing, Ending};
use super::task::{Broken, Host, PERIOD, TEXT, Task};
use super::waits::waits_are_kept;
use super::wire::{Name, Sent, Wire};
use super::world::End;
use crate::contract::{Delivery, DeliveryError, Outcome, Report, Shortfall};
use crate::platform::Platform as _;

const LISTED: usize = 256;

/// While the run can still be asked.
pub fn hold_before_the_drop(task: &Task) -> Result<Shortfall, Broken> {
    let shortfall = task.unacknowledged();
    if task.is_silent {
        return match shortfall.reports.is_empty() && shortfall.further == 0 {
            true => Ok(shortfall),
            false => Err("a silent run acknowledges everything".to_string()),
        };
    }
    let wire = Wire::new(&task.world.attempts(), &task.world.draws())?;
    the_record_is_limited(&shortfall)?;
    everything_is_accounted_for(task, &wire, &shortfall)?;
    nothing_is_lost_if_the_endpoint_recovers(task, &shortfall)?;
    Ok(shortfall)
}

/// Of all that was sent. `shortfall` is from before the drop.
pub fn hold_after_the_drop(task: &Task, shortfall: &Shortfall) -> Result<Wire, Broken> {
    let attempts = task.world.attempts();
    if task.is_silent && !attempts.is_empty() {
        return Err("a silent run sends nothing".to_string());
    }
    let wire = Wire::new(&attempts, &task.world.draws())?;
    a_report_has_one_key(&wire)?;
    at_most_one_ending_is_sent(task, &wire)?;
    the_ending_arrives_if_the_endpoint_recovers(task, &wire)?;
    reports_arrive_in_order(task, &wire)?;
    logs_arrive_whole(task, &wire, shortfall)?;
    waits_are_kept(task, &wire)?;
    Ok(wire)
}

fn the_record_is_limited(shortfall: &Shortfall) -> Result<(), Broken> {
    match shortfall.reports.len() <= LISTED && (shortfall.further == 0 || shortfall.reports.len() == LISTED) {
        true => Ok(()),
        false => Err(format!("limits: {} reports are listed, {} more", shortfall.reports.len(), shortfall.further)),
    }
}

/// How long the run has from the moment when its endpoint is well at the latest: when an attempt begins by then, and the
/// time of the run at its ending. `None` if nothing is promised.
fn recovery(task: &Task) -> Option<(Duration, Closing, &Ending)> {
    let (ending, closing) = (task.record.ending.as_ref()?, task.record.closing()?);
    let is_looked_after = task.delivery != Delivery::NonBlocking || task.host != Host::Lazy;
    if task.record.closings.len() > ending.closings || !is_looked_after || task.is_silent {
        return None;
    }
    let well_from = task.world.weather().proper_from()?.max(ending.at);
    // An attempt that began before may still hang, and a wait of the policy's follows it.
    let hangs_until = well_from + task.attempt;
    let wait = (closing.by.saturating_sub(hangs_until) / 4).max(Duration::from_millis(250));
    Some(((hangs_until + wait).max(closing.last_attempt), closing, ending))
}

/// If the endpoint is well long enough before the ending has to go first, everything arrives.
pub fn promised_everything(task: &Task) -> Option<&Ending> {
    let (begins_by, closing, ending) = recovery(task)?;
    let quick = task.world.weather().quick + Duration::from_millis(1);
    // Parts of logs that were held come on top of what waited.
    let takes = quick * u32::try_from(ending.waiting + task.record.logs.len() + 4).unwrap();
    (begins_by + takes < closing.ending_first_from).then_some(ending)
}

/// If it is well long enough before the run's time is over, the ending arrives.
pub fn promised_ending<'a>(task: &'a Task, wire: &Wire) -> Option<&'a Ending> {
    let (begins_by, closing, ending) = recovery(task)?;
    // It went with the run.
    let is_dropped = task.delivery == Delivery::NonBlocking && task.world.now() < closing.by;
    let is_refused = wire.ending().is_some_and(|sent| sent.is_refused);
    let quick = task.world.weather().quick + Duration::from_millis(1);
    let is_in_time = begins_by.max(closing.ending_first_from) + quick * 4 < closing.by;
    (is_in_time && !is_dropped && !is_refused).then_some(ending)
}

fn nothing_is_lost_if_the_endpoint_recovers(task: &Task, shortfall: &Shortfall) -> Result<(), Broken> {
    let Some(ending) = promised_everything(task) else { return Ok(()) };
    let is_told_already = |error: &&DeliveryError| {
        // Refused or denied; or lost for want of room, which is checked where it happens.
        !error.kept && (error.cause != crate::contract::Cause::Undelivered || error.explanation.contains("no room"))
    };
    let is_later = |error: &&DeliveryError| match &error.report {
        Report::Log(name) => match Name::of_a_name(name) {
            Name::Call(number) => number > ending.number,
            _ => error.kept,
        },
        _ => false,
    };
    match shortfall.reports.iter().find(|error| !is_told_already(error) && !is_later(error)) {
        None => Ok(()),
        Some(lost) => Err(format!("nothing is lost in vain: {lost:?}")),
    }
}

fn the_ending_arrives_if_the_endpoint_recovers(task: &Task, wire: &Wire) -> Result<(), Broken> {
    let Some(ending) = promised_ending(task, wire) else { return Ok(()) };
    match wire.ending().and_then(|sent| sent.acknowledged) {
        Some(_) => Ok(()),
        None => Err(format!("the ending arrives: {:?}, made at {:?}, did not", ending.outcome, ending.at)),
    }
}

fn a_report_has_one_key(wire: &Wire) -> Result<(), Broken> {
    let mut names = BTreeSet::new();
    match wire.sent.iter().find(|sent| !names.insert(&sent.name)) {
        None => Ok(()),
        Some(sent) => Err(format!("one key, one report: {:?} has two keys", sent.name)),
    }
}

fn at_most_one_ending_is_sent(task: &Task, wire: &Wire) -> Result<(), Broken> {
    let Some(sent) = wire.ending() else { return Ok(()) };
    let Some(ending) = &task.record.ending else { return Err("one ending: none was reported".to_string()) };
    let body = String::from_utf8_lossy(&sent.request.body);
    let status = match (ending.outcome, task.is_jobs) {
        (Outcome::Succeeded | Outcome::Warning, true) => "Complete",
        (Outcome::Failed | Outcome::Cancelled, true) => "Failed",
        (Outcome::Succeeded, false) => "SUCCEEDED",
        (Outcome::Warning, false) => "WARNING",
        (Outcome::Failed, false) => "FAILED",
        (Outcome::Cancelled, false) => "CANCELLED",
    };
    if !body.contains(&format!("\"status\":\"{status}\"")) {
        return Err(format!("one ending: {:?} is the first, and this was sent: {body}", ending.outcome));
    }
    let attempts = task.world.attempts();
    let acknowledgements = wire.attempts.iter().zip(attempts.iter()).filter(|(index, attempt)| {
        wire.sent[**index].name == Name::Ending && matches!(attempt.end, Some((_, End::Acknowledged)))
    });
    if acknowledgements.count() > 1 {
        return Err("one ending: it was sent again after its acknowledgement".to_string());
    }
    let key = sent.request.idempotency_key.hyphenated();
    match ending.key.as_ref().is_none_or(|given| *given == key) {
        true => Ok(()),
        false => Err(format!("one ending: its key is {key}, and {:?} was given", ending.key)),
    }
}

/// In that of the calls, but for an ending that goes first when the time runs short; and only logs after the ending.
fn reports_arrive_in_order(task: &Task, wire: &Wire) -> Result<(), Broken> {
    let mut by_chance: Vec<(usize, usize)> = Vec::new();
    for sent in &wire.sent {
        if let (Name::Call(number), Some(drawn)) = (&sent.name, sent.drawn) {
            by_chance.push((drawn, *number));
        }
    }
    by_chance.sort_unstable();
    if !by_chance.is_sorted_by_key(|(_, number)| number) {
        return Err("order: reports were not taken in the order of their calls".to_string());
    }
    let (mut latest, mut before_the_ending, mut is_ended) = (0, 0, false);
    for (index, attempt) in wire.attempts.iter().zip(task.world.attempts().iter()) {
        let Sent { name, drawn, is_log, .. } = &wire.sent[*index];
        if *name == Name::Ending {
            let is_early = attempt.at < task.record.ending_first_from(attempt.at);
            if let (true, Some(ending)) = (is_early, &task.record.ending) {
                before_the_ending = ending.draws;
            }
            is_ended |= matches!(attempt.end, Some((_, End::Acknowledged)));
            continue;
        }
        let Some(drawn) = *drawn else {
            return Err(format!("one key, one report: the key of {name:?} is not chance's"));
        };
        if drawn < latest {
            return Err(format!("order: {name:?} is tried after a later report"));
        }
        if drawn < before_the_ending {
            return Err(format!("order: {name:?} is tried after the ending, whose time did not run short"));
        }
        if is_ended && !is_log {
            return Err(format!("order: {name:?} is tried after the ending was acknowledged"));
        }
        latest = drawn;
    }
    Ok(())
}

/// Every byte of a log is in one part, in its place.
fn logs_arrive_whole(task: &Task, wire: &Wire, shortfall: &Shortfall) -> Result<(), Broken> {
    for log in &task.record.logs {
        let mut parts = BTreeMap::new();
        for sent in &wire.sent {
            if let Name::Part(name, part) = &sent.name
                && *name == log.name
            {
                parts.insert(*part, sent);
            }
        }
        let mut offset = 0;
        for part in 1.. {
            let Some(sent) = parts.remove(&part) else { break };
            let body = std::str::from_utf8(&sent.request.body).unwrap();
            let text = body.split_once("\"data\":\"").map(|(_, rest)| rest.trim_end_matches("\"}")).unwrap_or_default();
            if text != &TEXT[offset % PERIOD..][..text.len()] {
                return Err(format!("logs: part {part} of {} is not what was written at {offset}", log.name));
            }
            offset += text.len();
        }
        let is_of_it = |error: &DeliveryError| matches!(&error.report, Report::Log(name) if name.split('.').next() == Some(log.name.as_str()));
        let is_complete =
            parts.is_empty() && shortfall.further == 0 && !shortfall.reports.iter().any(is_of_it) && !task.is_silent;
        if is_complete && offset != log.written {
            return Err(format!("logs: {offset} bytes of {} were sent, and {} written", log.name, log.written));
        }
    }
    Ok(())
}
