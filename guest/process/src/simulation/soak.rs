//! Many runs out of seeds, on all cores. A seed that breaks an invariant is played again with its trace.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{env, thread};

use super::events::EVENTS;
use super::invariants::{hold_after_the_drop, hold_before_the_drop};
use super::task::{Broken, Host, Task};
use crate::contract::Delivery;
use crate::platform::Platform as _;
use crate::uuid::Uuid;

/// They take some tens of seconds of one core. `make soak` plays more of them.
const RUNS: u64 = 100_000;

/// Which of the events have happened.
type Happened = [bool; EVENTS.len()];

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{variable} is not a number")))
}

fn play(seed: u64, is_told: bool) -> Result<Happened, Broken> {
    let played = catch_unwind(AssertUnwindSafe(|| {
        let mut task = Task::new(seed, is_told);
        task.run()?;
        let shortfall = hold_before_the_drop(&task)?;
        task.drop_run()?;
        let wire = hold_after_the_drop(&task, &shortfall)?;
        Ok(EVENTS.map(|(_, has_happened)| has_happened(&task, &wire, &shortfall)))
    }));
    played.unwrap_or_else(|panic| Err(format!("no call panics: {}", said(&*panic))))
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

#[test]
fn whatever_a_task_calls_and_an_endpoint_does_the_invariants_hold() {
    if let Some(seed) = number("ORCHESTRA_SIMULATION_SEED") {
        play(seed, true).unwrap_or_else(|broken| panic!("{broken}"));
        return;
    }
    let runs = number("ORCHESTRA_SIMULATION_RUNS").unwrap_or(RUNS);
    let first = number("ORCHESTRA_SIMULATION_FIRST_SEED").unwrap_or(0);
    let (next, first_broken) = (AtomicU64::new(first), AtomicU64::new(u64::MAX));
    let tally = EVENTS.map(|_| AtomicU64::new(0));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= (first + runs).min(first_broken.load(Ordering::Relaxed)) {
                return;
            }
            match play(seed, false) {
                Ok(happened) => {
                    for (count, happened) in tally.iter().zip(happened) {
                        count.fetch_add(happened.into(), Ordering::Relaxed);
                    }
                }
                Err(_) => _ = first_broken.fetch_min(seed, Ordering::Relaxed),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let seed = first_broken.into_inner();
    if seed < u64::MAX {
        let Err(broken) = play(seed, true) else { panic!("seed {seed} is not the same every time") };
        println!("\nplay it alone: ORCHESTRA_SIMULATION_SEED={seed} cargo test --lib whatever_a_task -- --nocapture");
        panic!("seed {seed} broke an invariant: {broken}");
    }
    for ((event, _), count) in EVENTS.iter().zip(tally) {
        let count = count.into_inner();
        println!("{count:>9} of {runs} runs: {event}");
        assert!(count > 0 || runs < RUNS, "in none of {runs} runs: {event}");
    }
}

/// When each attempt began, under which key, and when it was over.
fn attempts(task: &Task) -> Vec<(Duration, Uuid, Option<Duration>)> {
    let attempts = task.world.attempts();
    let of =
        |attempt: &super::world::Attempt| (attempt.at, attempt.request.idempotency_key, attempt.end.map(|(at, _)| at));
    attempts.iter().map(of).collect()
}

#[test]
fn a_host_that_advances_when_it_is_told_does_what_one_does_that_always_advances() {
    let mut compared = 0;
    for seed in 0..8000 {
        let mut told = Task::new(seed, false);
        if (told.delivery, told.host) != (Delivery::NonBlocking, Host::Told) {
            continue;
        }
        told.run().unwrap();
        // The other one looks at every millisecond of it.
        if told.world.now() > Duration::from_secs(3) {
            continue;
        }
        let mut busy = Task::new(seed, false);
        busy.host = Host::Busy;
        busy.run().unwrap();
        assert_eq!(attempts(&told), attempts(&busy), "seed {seed}");
        compared += usize::from(attempts(&told).len() > 1);
    }
    assert!(compared > 300, "{compared} runs with more than one attempt were compared");
}
