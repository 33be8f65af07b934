//! The waits between attempts: the endpoint's patience is kept, and no policy makes a run hammer at it.

use std::time::Duration;

use super::task::{Broken, Task};
use super::wire::{Name, Wire};
use super::world::{Attempt, End};

/// Once a report had all attempts of the policy.
const LEAST_WAIT: Duration = Duration::from_millis(250);

pub fn waits_are_kept(task: &Task, wire: &Wire) -> Result<(), Broken> {
    let attempts = task.world.attempts();
    let mut tried = vec![0; wire.sent.len()];
    for (number, pair) in attempts.windows(2).enumerate() {
        let ([before, next], [index, next_index]) = (pair, &wire.attempts[number..number + 2]) else { continue };
        tried[*index] += 1;
        let &Attempt { end: Some((over_at, End::Failed)), asked_until, .. } = before else { continue };
        let is_the_ending = wire.sent[*next_index].name == Name::Ending && tried[*next_index] == 0;
        if is_the_ending && next.at >= task.record.ending_first_from(next.at) {
            // It waits for nothing.
            continue;
        }
        if tried[*index] >= task.policy.attempts && next.at < over_at + LEAST_WAIT {
            return Err(format!("waits: attempt {} comes {:?} after the last", number + 1, next.at - over_at));
        }
        let asked_until = asked_until.unwrap_or_default().min(task.record.last_attempt(next.at));
        if next.at < asked_until {
            return Err(format!("waits: the endpoint asked for patience until {asked_until:?}, not {:?}", next.at));
        }
    }
    Ok(())
}
