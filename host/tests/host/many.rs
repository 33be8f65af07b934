//! Many runs at once, and runs that do much.

use std::collections::HashMap;
use std::fs;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use host_test::endpoint::{LiveEndpoint, MockEndpoint, Request, Respond, Response, status};
use host_test::guest::{API_KEY, RUN_ID};
use orchestra_host::{ApiKey, Outcome, Reporting, Run};

use crate::{block_on, line, runtime, task, with_input};

const RUNS: usize = 1000;
/// More than the 4096 that a store may hold at once.
const REPORTS: u64 = 5000;
const REQUESTS: u64 = 100_000;

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
            let reporting = Reporting {
                run_id,
                api_key: ApiKey::new(API_KEY),
                endpoint: Some(endpoint.url()),
                delivery: Vec::new(),
            };
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

/// Acknowledges, and counts what it acknowledges: the requests are too many to keep.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicU64>);

impl Respond for Counting {
    fn respond(&self, _: Request) -> Response {
        self.0.fetch_add(1, Ordering::Relaxed);
        Response::Answer(status(200))
    }

    fn trouble(&self, what: String) {
        println!("{what}");
    }
}

impl Counting {
    fn serve(&self) -> LiveEndpoint {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback is free");
        LiveEndpoint::serve(listener, self.clone()).expect("it can be served")
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn reported_to(endpoint: &LiveEndpoint, input: String) -> Run {
    let endpoint = Some(format!("http://{}", endpoint.address()));
    let reporting = Reporting { run_id: RUN_ID.into(), api_key: ApiKey::new(API_KEY), endpoint, delivery: Vec::new() };
    Run { reporting: Some(reporting), input, ..Run::default() }
}

#[test]
fn a_run_may_report_more_often_than_its_store_has_handles() {
    let counting = Counting::default();
    let endpoint = counting.serve();
    let input = format!(r#"{{"do": "report-often", "times": {REPORTS}}}"#);
    let ended = block_on(task(), reported_to(&endpoint, input));
    assert_eq!((ended.outcome, ended.trouble), (Outcome::Succeeded, vec![]));
    // And the start, and the end.
    assert_eq!(counting.count(), REPORTS + 2);
}

/// To a place that it may not reach: they are requests all the same.
#[test]
fn a_task_may_make_a_hundred_thousand_requests_with_options() {
    let endpoint = MockEndpoint::script(vec![status(200); 3]);
    let input = format!(r#"{{"do": "get-often", "url": "http://127.0.0.1:9/", "times": {REQUESTS}}}"#);
    let ended = block_on(task(), with_input(&endpoint, &input));
    assert_eq!((ended.outcome, ended.trouble), (Outcome::Succeeded, vec![]));
    let [_start, got, _end] = endpoint.requests();
    assert!(got.json()["output_value"].as_str().is_some_and(|got| got.contains("HttpRequestDenied")), "{}", got.json());
}
