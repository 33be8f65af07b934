//! Many runs at once.

use std::collections::HashMap;
use std::time::Duration;

use host_test::endpoint::{MockEndpoint, status};
use host_test::guest::API_KEY;
use orchestra_host::{ApiKey, Outcome, Reporting, Run};

use crate::{line, runtime, task};

const RUNS: usize = 1000;

#[test]
fn a_thousand_runs_at_once_all_end_and_none_is_lost() {
    let endpoint = MockEndpoint::always(status(200).delayed(Duration::from_millis(50)));
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
