//! The account of a run: nothing that was reported is missing, and nothing is told twice.

use std::collections::{BTreeMap, BTreeSet};

use super::task::{Broken, Task};
use super::wire::{Name, Wire};
use crate::contract::{Report, Shortfall};

/// Acknowledged, folded, or in the record: every report is one of these, and only one.
pub fn everything_is_accounted_for(task: &Task, wire: &Wire, shortfall: &Shortfall) -> Result<(), Broken> {
    let tried: BTreeSet<_> = wire.sent.iter().map(|sent| &sent.name).collect();
    let arrived: BTreeSet<_> =
        wire.sent.iter().filter(|sent| sent.acknowledged.is_some()).map(|sent| &sent.name).collect();
    let made = &task.record.made;
    let newest = made.iter().rfind(|made| made.is_overtakable).map(|made| made.number);
    let may_fold = made
        .iter()
        .filter(|made| made.is_overtakable && Some(made.number) != newest && !tried.contains(&Name::Call(made.number)));
    let may_fold = may_fold.count();
    if shortfall.further > 0 {
        let parts = arrived.iter().any(|name| matches!(name, Name::Part(..))) || !task.record.logs.is_empty();
        let all = made.len() + usize::from(task.record.ending.is_some());
        let told = arrived.len() + shortfall.reports.len() + usize::try_from(shortfall.further).unwrap();
        return match parts || told <= all && all <= told + may_fold {
            true => Ok(()),
            false => Err(format!("the account: {told} of {all} reports are told, {may_fold} may have been folded")),
        };
    }

    let mut listed = BTreeMap::<Name, usize>::new();
    let (mut starts, mut progress) = (0, 0);
    for error in &shortfall.reports {
        let name = match &error.report {
            Report::Start => {
                starts += 1;
                continue;
            }
            Report::Progress => {
                progress += 1;
                continue;
            }
            Report::Stage(name) | Report::Output(name) | Report::Log(name) => Name::of_a_name(name),
            Report::Ending(_) => Name::Ending,
        };
        *listed.entry(name).or_default() += 1;
    }
    let mut once = |name: Name| {
        let times = usize::from(arrived.contains(&name)) + listed.remove(&name).unwrap_or_default();
        match times {
            1 => Ok(()),
            times => Err(format!("the account: {name:?} is told {times} times")),
        }
    };
    for made in made {
        match made.report {
            Report::Start if !arrived.contains(&Name::Call(made.number)) => starts -= 1,
            Report::Progress if !arrived.contains(&Name::Call(made.number)) => progress -= 1,
            Report::Start | Report::Progress => {}
            _ => once(Name::Call(made.number))?,
        }
    }
    if task.record.ending.is_some() {
        once(Name::Ending)?;
    }
    for log in &task.record.logs {
        let is_of_it = |name: &&Name| matches!(name, Name::Part(name, _) if *name == log.name);
        let parts: BTreeSet<Name> = arrived.iter().copied().chain(listed.keys()).filter(is_of_it).cloned().collect();
        for (number, part) in parts.into_iter().enumerate() {
            if !matches!(part, Name::Part(_, part) if part == number + 1) {
                return Err(format!("the account: {part:?} is told, and part {} is not", number + 1));
            }
            let times = usize::from(arrived.contains(&part)) + listed.remove(&part).unwrap_or_default();
            if times != 1 {
                return Err(format!("the account: {part:?} is told {times} times"));
            }
        }
    }
    if !listed.is_empty() || starts != 0 {
        return Err(format!("the account: {starts} starts too many are told, and {listed:?}"));
    }
    let folded = -progress;
    match (0..=i64::try_from(may_fold).unwrap()).contains(&folded) {
        true => Ok(()),
        false => Err(format!("the account: {folded} reports of progress are missing, {may_fold} may have been folded")),
    }
}
