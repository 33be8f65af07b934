//! Many runs at once on one host.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use orchestra_host::{ApiKey, Ended, Reporting, Run, Task};
use tokio::task::JoinSet;

/// What came of them.
#[derive(Debug)]
pub struct Runs<T> {
    /// From the first start to the last end.
    pub wall: Duration,
    /// What was kept of each, in no order.
    pub results: Vec<T>,
}

/// The run with this number, reported to this URL.
pub fn run(url: &str, number: usize, input: &str) -> Run {
    let reporting = Reporting {
        run_id: run_id(number),
        api_key: ApiKey::new("a-key-for-loopback"),
        endpoint: Some(url.into()),
        delivery: Vec::new(),
    };
    Run { reporting: Some(reporting), input: input.into(), ..Run::default() }
}

/// The id of the run with this number.
pub fn run_id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

/// The same run, delivered as these variables say.
pub fn delivered(run: Run, variables: &[(&str, &str)]) -> Run {
    let delivery: Vec<_> = variables.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())).collect();
    Run { reporting: run.reporting.map(|reporting| Reporting { delivery, ..reporting }), ..run }
}

/// Runs a task as often as the first number says, as many at a time as the second says.
pub async fn all<T: Send + 'static>(
    task: &Task,
    (runs, at_once): (usize, usize),
    make: impl Fn(usize) -> Run + Send + Sync + 'static,
    keep: impl Fn(usize, Ended) -> T + Send + Sync + 'static,
) -> Runs<T> {
    let began = Instant::now();
    let next = Arc::new(AtomicUsize::new(0));
    let (make, keep) = (Arc::new(make), Arc::new(keep));
    let mut running = JoinSet::new();
    for _ in 0..at_once.min(runs) {
        let (task, next, make, keep) = (task.clone(), Arc::clone(&next), Arc::clone(&make), Arc::clone(&keep));
        running.spawn(async move {
            let mut results = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= runs {
                    return results;
                }
                results.push(keep(number, task.run(make(number)).await));
            }
        });
    }
    let results: Vec<Vec<T>> = running.join_all().await;
    Runs { wall: began.elapsed(), results: results.into_iter().flatten().collect() }
}
