//! Many runs at once.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use host_test::endpoint::{MockEndpoint, status};
use host_test::guest::API_KEY;
use orchestra_host::{ApiKey, Outcome, Reporting, Run};

use crate::{line, runtime, task};

const RUNS: usize = 1000;

/// The most that this process has had in memory, the endpoint's and other tests' share included. Linux tells.
fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[test]
fn a_thousand_runs_at_once_all_end_none_is_lost_and_each_takes_less_than_a_mib() {
    let endpoint = MockEndpoint::always(status(200).delayed(Duration::from_millis(50)));
    let before_kib = peak_kib();
    let runs: Vec<_> = (0..RUNS)
        .map(|number| {
            let run_id = format!("12345678-1234-5678-1234-{number:012}");
            let reporting = Reporting { run_id, api_key: ApiKey::new(API_KEY), endpoint: Some(endpoint.url()) };
            let run = Run { reporting: Some(reporting), input: r#"{"do": "echo"}"#.into(), ..Run::default() };
            runtime().spawn(task().run(run))
        })
        .collect();
    for run in runs {
        let ended = runtime().block_on(run).expect("no run panics");
        assert_eq!((ended.outcome, ended.trouble), (Outcome::Succeeded, vec![]));
    }
    if let (Some(before), Some(after)) = (before_kib, peak_kib()) {
        assert!(after - before < 1024 * RUNS as u64, "{} KiB a run", (after - before) / RUNS as u64);
    }
    let mut reports: HashMap<String, Vec<String>> = HashMap::new();
    for request in endpoint.all_requests() {
        let run_id = request.json()["task_run_id"].as_str().unwrap_or_default().to_string();
        reports.entry(run_id).or_default().push(line(&request));
    }
    assert_eq!(reports.len(), RUNS);
    let expected = ["RUNNING task started.", r#"input = {"do":"echo"}"#, "SUCCEEDED task succeeded."];
    for (run_id, lines) in reports {
        assert_eq!(lines, expected, "{run_id}");
    }
}
