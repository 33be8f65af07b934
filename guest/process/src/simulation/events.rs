//! What has to happen somewhere among many runs: invariants hold easily if nothing happens.

use super::invariants::{promised_ending, promised_everything};
use super::task::Task;
use super::wire::{Name, Wire};
use super::world::End;
use crate::contract::{Cause, Delivery, DeliveryError, Shortfall};

type Happened = fn(&Task, &Wire, &Shortfall) -> bool;

pub const EVENTS: [(&str, Happened); 18] = [
    ("an ending arrives", |_, wire, _| wire.ending().is_some_and(|sent| sent.acknowledged.is_some())),
    ("an ending was promised to arrive", |task, wire, _| promised_ending(task, wire).is_some()),
    ("everything was promised to arrive, of many reports", |task, _, _| {
        promised_everything(task).is_some_and(|ending| ending.waiting > 3)
    }),
    ("an ending has the key that it was given", |task, wire, _| {
        wire.ending().is_some() && task.record.ending.as_ref().is_some_and(|ending| ending.key.is_some())
    }),
    ("an ending is tried again", |_, wire, _| times(wire, |name| *name == Name::Ending) > 1),
    ("an ending overtakes other reports", |_, _, shortfall| {
        any(shortfall, |error| error.explanation.contains("go first"))
    }),
    ("a run is dropped while it is running", |task, wire, _| {
        wire.ending().is_some() && task.record.ending.as_ref().is_some_and(|ending| ending.number == task.record.calls)
    }),
    ("progress folds", |task, wire, shortfall| {
        let told = wire.sent.len() + shortfall.reports.iter().filter(|error| error.attempts == 0).count();
        task.record.logs.is_empty() && shortfall.further == 0 && task.record.made.len() > told
    }),
    ("a report is lost for want of room", |_, _, shortfall| {
        any(shortfall, |error| error.explanation.contains("no room"))
    }),
    ("a report is to be made again", |task, _, _| task.record.found_no_room.get()),
    ("a report is refused", |_, _, shortfall| any(shortfall, |error| matches!(error.cause, Cause::Refused(_)))),
    ("a report is denied", |_, _, shortfall| any(shortfall, |error| error.cause == Cause::Denied)),
    ("the record is full", |_, _, shortfall| shortfall.further > 0),
    ("a log arrives in parts", |_, wire, _| times(wire, |name| matches!(name, Name::Part(_, 3))) > 0),
    ("a log is sent after the ending", |task, wire, _| {
        let after = |number: usize| task.record.ending.as_ref().is_some_and(|ending| number > ending.number);
        times(wire, |name| matches!(name, Name::Call(number) if after(*number))) > 0
    }),
    ("the time of a run is set anew", |task, _, _| task.record.closings.len() > 1),
    ("an attempt is given up", |task, _, _| {
        task.world.attempts().iter().any(|attempt| matches!(attempt.end, Some((_, End::Dropped))))
    }),
    ("a host with an event loop delivers", |task, wire, _| {
        task.delivery == Delivery::NonBlocking && wire.sent.iter().any(|sent| sent.acknowledged.is_some())
    }),
];

fn any(shortfall: &Shortfall, is_meant: impl Fn(&DeliveryError) -> bool) -> bool {
    shortfall.reports.iter().any(is_meant)
}

fn times(wire: &Wire, is_meant: impl Fn(&Name) -> bool) -> usize {
    wire.attempts.iter().filter(|index| is_meant(&wire.sent[**index].name)).count()
}
