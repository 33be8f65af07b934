//! Reports many runs to an endpoint that fails in every way and stands still now and then, and counts from its records what
//! must hold of every run: `make soak`, and a short form of it `make soak-short`.

use std::collections::HashMap;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, thread};

use clap::Parser;
use delivery_bench::place;
use delivery_bench::runs::{self, run_id};
use delivery_bench::usage::Usage;
use orchestra_host::{Ended, Run, Task};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::runtime::Runtime;

mod endpoint;
mod faults;
mod history;
mod invariants;
mod pauses;
mod plan;

use endpoint::Endpoint;
use history::{History, Report};
use pauses::Pauses;
use plan::Plan;

/// More answers than a run needs, so that the endpoint fails to the end.
const ANSWERS_OF_A_RUN: usize = 60;
/// At most so many sentences are printed.
const PRINTED: usize = 30;
/// After all runs a host needs no more memory maps than before them, but for what the allocator keeps.
const MAPS_LEFT: usize = 100;
/// For so long what is given back may take its time.
const SETTLING: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(100);

/// Report many runs to an endpoint that fails.
#[derive(Parser)]
struct Arguments {
    /// How many runs.
    #[arg(long, default_value_t = 10_000)]
    runs: usize,
    /// How many of them at a time.
    #[arg(long, default_value_t = 300)]
    at_once: usize,
    /// What chance begins with, to see the same runs and the same answers again [default: the time].
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        [endpoint::ROLE, seed, answers] => be_the_endpoint(seed, answers),
        _ => soak(&Arguments::parse()),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("chaos: {error}");
            ExitCode::FAILURE
        }
    }
}

fn be_the_endpoint(seed: &str, answers: &str) -> io::Result<bool> {
    let number = |text: &str| text.parse().map_err(io::Error::other);
    endpoint::serve(number(seed)?, usize::try_from(number(answers)?).map_err(io::Error::other)?)?;
    Ok(true)
}

/// Whether everything held.
fn soak(arguments: &Arguments) -> io::Result<bool> {
    let Arguments { runs, at_once, seed } = *arguments;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seed = seed.unwrap_or(now.as_secs());
    println!("chaos: {runs} runs, {at_once} at once, seed {seed}");
    place::raise_descriptors();
    let mut random = SmallRng::seed_from_u64(seed);
    let plans: Arc<[Plan]> = (0..runs).map(|number| Plan::random(number, &mut random)).collect();

    // What is made once in a process is there, then.
    on_a_host(&plans[..runs.min(at_once)], at_once, &mut Endpoint::start(seed, 0)?)?;
    let mut endpoint = Endpoint::start(seed, runs * ANSWERS_OF_A_RUN)?;
    let before = Usage::now()?;
    let pauses = Pauses::start(endpoint.id(), seed);
    let began = Instant::now();
    let mut broken = Vec::new();
    let (ended, left) = on_a_host(&plans, at_once, &mut endpoint)?;
    let (took, pauses) = (began.elapsed(), pauses.end());
    broken.extend(left);
    let is_back = |now: &Usage| {
        now.descriptors <= before.descriptors && now.threads <= before.threads && now.maps <= before.maps + MAPS_LEFT
    };
    let after = settled(is_back)?;
    if !is_back(&after) {
        broken.push(format!("the host has not given everything back: {before:?} before it, {after:?} after it"));
    }

    let arrived = endpoint.arrived()?;
    let History { reports, mut stray_statuses, faults } = history::read(&arrived);
    broken.extend(faults);
    let mut of_run: HashMap<String, Vec<Report>> = HashMap::new();
    let count = reports.len();
    for report in reports {
        of_run.entry(report.run_id.clone()).or_default().push(report);
    }
    let mut doubtful = 0;
    for (plan, ended) in plans.iter().zip(&ended) {
        let reports = of_run.remove(&run_id(plan.number)).unwrap_or_default();
        broken.extend(invariants::broken(plan, ended, &reports, &mut stray_statuses));
        doubtful += invariants::doubtful(ended, &reports);
    }
    broken.extend(of_run.keys().map(|run| format!("no run has the id {run}, and reports of it have arrived")));

    let lost: usize = ended.iter().map(|ended| ended.shortfall.reports.len()).sum();
    println!(
        "chaos: {:.1} s, {} requests, {count} reports, {pauses} pauses; {lost} reports are listed as lost, and {doubtful} of \
         them may have arrived",
        took.as_secs_f64(),
        arrived.len(),
    );
    for what in broken.iter().take(PRINTED) {
        eprintln!("chaos: {what}");
    }
    if broken.is_empty() {
        return Ok(true);
    }
    eprintln!("chaos: {} thing(s) did not hold; see them again with --runs {runs} --seed {seed}", broken.len());
    Ok(false)
}

/// How these runs have ended, in their order, and what the host has not given back while it was still there.
fn on_a_host(plans: &[Plan], at_once: usize, endpoint: &mut Endpoint) -> io::Result<(Vec<Ended>, Vec<String>)> {
    let runtime = Runtime::new()?;
    let task = {
        let _context = runtime.enter();
        load().map_err(|error| io::Error::other(error.to_string()))?
    };
    let run = |plans: Arc<[Plan]>| {
        let url = endpoint.url.clone();
        let all = (plans.len(), at_once);
        let make = move |number: usize| plans[number].run(&url);
        runtime.block_on(runs::all(&task, all, make, |number, ended| (number, ended)))
    };
    // The host keeps the memory of as many runs as there are at once, for the next ones.
    let idle = |_| Run { input: r#"{"do": "step", "times": 1, "ms": 500}"#.into(), ..Run::default() };
    runtime.block_on(runs::all(&task, (at_once, at_once), idle, |_, _| ()));
    let before = Usage::now()?;
    let mut ended = run(plans.into()).results;
    ended.sort_by_key(|(number, _)| *number);
    let is_back = |now: &Usage| now.maps <= before.maps + MAPS_LEFT;
    let after = settled(is_back)?;
    let mut left = Vec::new();
    if !is_back(&after) {
        left.push(format!("memory maps are left after all runs: {before:?} before them, {after:?} after them"));
    }
    Ok((ended.into_iter().map(|(_, ended)| ended).collect(), left))
}

fn load() -> Result<Task, Box<dyn std::error::Error>> {
    Ok(place::host()?.load_file(&place::task()?)?)
}

/// As soon as it is so, or as it is when that has taken too long.
fn settled(is_so: impl Fn(&Usage) -> bool) -> io::Result<Usage> {
    let began = Instant::now();
    loop {
        let now = Usage::now()?;
        if is_so(&now) || began.elapsed() > SETTLING {
            return Ok(now);
        }
        thread::sleep(LOOK);
    }
}
