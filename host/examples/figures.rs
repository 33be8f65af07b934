//! Prints how soon a cached task reports, and how much memory a run takes: `cargo run -p orchestra-host --example figures`.
//!
//! On Linux; elsewhere the memory is not known. What is measured has the profile that it is built with.

use std::error::Error;
use std::fs;
use std::time::{Duration, Instant};

use host_test::component;
use host_test::endpoint::{MockEndpoint, status};
use orchestra_host::{ApiKey, Config, Host, Reporting, Run};
use tokio::runtime::Runtime;

const RUNS: u32 = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::new()?;
    let program = component::test_task();
    // The first host fills the cache.
    Host::new(&Config::default())?.load(program)?;

    let endpoint = MockEndpoint::always(status(200));
    let began = Instant::now();
    let host = Host::new(&Config::default())?;
    let task = host.load(program)?;
    let loaded = began.elapsed();
    let running = runtime.spawn({
        let (task, run) = (task.clone(), run(&endpoint, 0, "{}"));
        async move { task.run(run).await }
    });
    endpoint.wait_for_requests(1);
    println!("first report after {:?}, of which {loaded:?} to load from the cache", began.elapsed());
    runtime.block_on(running)?;

    let endpoint = MockEndpoint::always(status(200).delayed(Duration::from_millis(50)));
    let before = peak_kib();
    let began = Instant::now();
    let runs: Vec<_> = (0..RUNS)
        .map(|number| {
            let (task, run) = (task.clone(), run(&endpoint, number, r#"{"do": "echo"}"#));
            runtime.spawn(async move { task.run(run).await })
        })
        .collect();
    for run in runs {
        runtime.block_on(run)?;
    }
    println!("{RUNS} runs at once, of three reports each, in {:?}", began.elapsed());
    match before.zip(peak_kib()) {
        Some((before, after)) => println!("peak memory: {} KiB a run", after.saturating_sub(before) / u64::from(RUNS)),
        None => println!("peak memory: not known here"),
    }
    Ok(())
}

fn run(endpoint: &MockEndpoint, number: u32, input: &str) -> Run {
    let run_id = format!("12345678-1234-5678-1234-{number:012}");
    let reporting =
        Reporting { run_id, api_key: ApiKey::new("key"), endpoint: Some(endpoint.url()), delivery: Vec::new() };
    Run { reporting: Some(reporting), input: input.into(), ..Run::default() }
}

/// The most that this process has had in memory, the endpoint's share included.
fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
