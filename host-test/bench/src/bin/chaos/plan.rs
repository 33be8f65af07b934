//! What one run is to do, by chance.

use std::time::Duration;

use delivery_bench::runs;
use orchestra_host::{CancellationToken, Run};
use rand::RngExt;
use rand::rngs::SmallRng;
use serde_json::{Value, json};

/// Short times, so that much happens in a short time. There are so many attempts that none is ever the last.
pub const DELIVERY: [(&str, &str); 7] = [
    ("ORCHESTRA_RETRY_FIRST_WAIT", "5ms"),
    ("ORCHESTRA_RETRY_LONGEST_WAIT", "100ms"),
    ("ORCHESTRA_RETRY_ATTEMPTS", "100"),
    ("ORCHESTRA_RETRY_BUDGET", "60s"),
    ("ORCHESTRA_CONNECT_TIMEOUT", "1s"),
    ("ORCHESTRA_FIRST_BYTE_TIMEOUT", "1s"),
    ("ORCHESTRA_DELIVERY_TIMEOUT", "4m"),
];
/// From a cancellation on.
const GRACE: Duration = Duration::from_secs(60);
/// What a task may take of memory that wants more.
const LITTLE_MEMORY: usize = 16 * 1024 * 1024;
const MUCH_MEMORY_MIB: u64 = 64;

/// One run.
#[derive(Clone, Debug)]
pub struct Plan {
    pub number: usize,
    /// Progress, outputs, and logs that the task makes before it ends.
    pub steps: u64,
    pub rows: u64,
    /// Whether all of that is made in any case: nothing stops the task before.
    pub is_run_through: bool,
    input: Value,
    deadline: Option<Duration>,
    cancelled_after: Option<Duration>,
    memory_bytes: Option<usize>,
    log: Option<String>,
}

impl Plan {
    pub fn random(number: usize, random: &mut SmallRng) -> Self {
        let steps = if random.random_bool(0.4) { random.random_range(1..12) } else { 0 };
        let rows = if random.random_bool(0.1) { random.random_range(30..100) } else { random.random_range(0..6) };
        let Fate { mut input, is_endless, memory_bytes } = fate(random);
        let is_cancelled = random.random_bool(if is_endless { 0.5 } else { 0.03 });
        let soon = Duration::from_millis(random.random_range(10..200));
        // From the last to the first.
        if random.random_bool(0.2) {
            let times = random.random_range(1..40);
            input = json!({"do": "write-log", "text": "a line of an open log\n", "times": times, "then": input});
        }
        if random.random_bool(0.1) {
            input = json!({"do": "log", "kib": random.random_range(1..16), "then": input});
        }
        if random.random_bool(0.1) {
            input = json!({"do": "write", "text": "what a log at the end has", "then": input});
        }
        input = json!({"do": "pour", "times": rows, "then": input});
        input = json!({"do": "step", "times": steps, "then": input});
        Self {
            number,
            steps,
            rows,
            is_run_through: !is_cancelled && !is_endless,
            memory_bytes,
            input,
            deadline: (is_endless && !is_cancelled).then_some(soon),
            cancelled_after: is_cancelled.then_some(soon),
            log: random.random_bool(0.5).then(|| "output.log".into()),
        }
    }

    /// It cancels itself in time, in the runtime that this is called in.
    pub fn run(&self, url: &str) -> Run {
        let cancellation = CancellationToken::new();
        if let Some(after) = self.cancelled_after {
            let cancellation = cancellation.clone();
            tokio::spawn(async move {
                tokio::time::sleep(after).await;
                cancellation.cancel();
            });
        }
        let run = runs::delivered(runs::run(url, self.number, &self.input.to_string()), &DELIVERY);
        let memory_bytes = self.memory_bytes.unwrap_or(run.memory_bytes);
        Run { deadline: self.deadline, cancellation, memory_bytes, log: self.log.clone(), grace: GRACE, ..run }
    }
}

/// How a task ends.
struct Fate {
    input: Value,
    /// Something else must end it.
    is_endless: bool,
    memory_bytes: Option<usize>,
}

fn fate(random: &mut SmallRng) -> Fate {
    let fate = |input| Fate { input, is_endless: false, memory_bytes: None };
    let outcome = ["succeeded", "warning", "failed", "cancelled"][random.random_range(0..4)];
    match random.random_range(0..100) {
        0..10 => fate(json!({"do": "fail", "text": "as the plan says"})),
        10..18 => fate(json!({"do": "exit", "status": random.random_range(0..3)})),
        18..26 => fate(json!({"do": "trap"})),
        26..40 => fate(json!({"do": "end", "outcome": outcome})),
        40..46 => fate(json!({"do": "end", "outcome": outcome, "text": "too late"})),
        46..52 => fate(json!({"do": "insist"})),
        52..54 => fate(json!({"do": "recurse"})),
        54..56 => Fate { memory_bytes: Some(LITTLE_MEMORY), ..fate(json!({"do": "allocate", "mib": MUCH_MEMORY_MIB})) },
        56..60 => Fate { is_endless: true, ..fate(json!({"do": "loop"})) },
        _ => fate(json!({})),
    }
}
