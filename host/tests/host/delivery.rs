//! Nothing is given up before its time is over, nothing is told that is not so, and no report stops a task.

use std::time::{Duration, Instant};

use host_test::endpoint::{Answer, MockEndpoint, dead_url, hang, reset_on_connect, status};
use host_test::guest::{API_KEY, RUN_ID};
use orchestra_host::{ApiKey, CancellationToken, Cause, DeliveryError, End, Outcome, Report, Reporting, Run};

use crate::{block_on_quietly, line, lines, runtime, task};

/// A run whose reports are delivered as these variables say.
fn delivered(url: &str, delivery: &[(&str, &str)], input: &str) -> Run {
    let delivery = delivery.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())).collect();
    let reporting =
        Reporting { run_id: RUN_ID.into(), api_key: ApiKey::new(API_KEY), endpoint: Some(url.into()), delivery };
    Run { reporting: Some(reporting), input: input.into(), ..Run::default() }
}

const QUICK: [(&str, &str); 2] = [("ORCHESTRA_RETRY_FIRST_WAIT", "5ms"), ("ORCHESTRA_RETRY_LONGEST_WAIT", "10ms")];

/// Eight attempts, of which one call makes five.
#[test]
fn an_endpoint_that_resets_connections_at_first_loses_no_report() {
    let runs: Vec<_> = (0..8)
        .map(|_| {
            let endpoint = MockEndpoint::script([vec![reset_on_connect(); 8], vec![status(200); 5]].concat());
            let run = delivered(&endpoint.url(), &QUICK, r#"{"do": "report"}"#);
            (endpoint, runtime().spawn(task().run(run)))
        })
        .collect();
    for (endpoint, running) in runs {
        let ended = runtime().block_on(running).unwrap();
        assert_eq!((ended.trouble, ended.is_acknowledged), (vec![], true));
        let arrived: Vec<String> = endpoint.all_requests().iter().map(line).collect();
        let expected =
            ["RUNNING task started.", "RUNNING half", "rows = 12", "run.log: a line", "SUCCEEDED task succeeded."];
        assert_eq!(arrived, expected);
    }
}

#[test]
fn what_is_undelivered_when_the_time_is_over_is_listed_by_name() {
    let delivery = [QUICK[0], QUICK[1], ("ORCHESTRA_DELIVERY_TIMEOUT", "500ms")];
    let ended = block_on_quietly(task(), delivered(&dead_url(), &delivery, r#"{"do": "report"}"#));
    assert_eq!((&ended.end, ended.is_acknowledged), (&End::Returned, false));
    let reports: Vec<_> = ended.shortfall.reports.iter().map(|error| error.report.clone()).collect();
    let expected = [
        Report::Start,
        Report::Progress,
        Report::Output("rows".into()),
        Report::Log("run.log".into()),
        Report::Ending(Outcome::Succeeded),
    ];
    assert_eq!(reports, expected);
    assert_eq!(ended.trouble.len(), 5, "{:?}", ended.trouble);
}

/// The endpoint takes a second for each of twenty reports, and the grace after the signal is three.
#[test]
fn an_ending_of_the_tasks_own_goes_first_when_a_signal_leaves_little_time() {
    let endpoint = MockEndpoint::always(status(200).delayed(Duration::from_secs(1)));
    let input = r#"{"do": "pour", "times": 20, "then": {"do": "end", "outcome": "warning"}}"#;
    let cancellation = CancellationToken::new();
    let grace = Duration::from_secs(3);
    let run = Run { cancellation: cancellation.clone(), grace, ..delivered(&endpoint.url(), &[], input) };
    let running = runtime().spawn(task().run(run));
    endpoint.wait_for_requests(2);
    cancellation.cancel();
    let ended = runtime().block_on(running).unwrap();

    assert_eq!((ended.outcome, ended.is_acknowledged), (Outcome::Warning, true), "{:?}", ended.trouble);
    let endings: Vec<String> = endpoint.all_requests().iter().map(line).filter(|line| line.contains("WARN")).collect();
    assert_eq!(endings, ["WARNING "]);
    assert!(ended.shortfall.reports.iter().all(|error| error.cause == Cause::Undelivered && !error.kept));
}

/// Each would have blocked for a minute, and then failed.
#[test]
fn no_report_stops_or_fails_a_task_however_long_the_endpoint_is_silent() {
    let endpoint = MockEndpoint::always(hang());
    let delivery = [
        ("ORCHESTRA_CONNECT_TIMEOUT", "200ms"),
        ("ORCHESTRA_FIRST_BYTE_TIMEOUT", "200ms"),
        ("ORCHESTRA_DELIVERY_TIMEOUT", "300ms"),
    ];
    let began = Instant::now();
    let ended = block_on_quietly(task(), delivered(&endpoint.url(), &delivery, r#"{"do": "pour", "times": 1000}"#));
    assert_eq!(ended.end, End::Returned);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(ended.shortfall.reports.len() as u64 + ended.shortfall.further, 1002);
}

/// What the task waits for is an acknowledgement of an earlier report, and nothing is lost.
#[test]
fn a_task_that_reports_faster_than_the_endpoint_acknowledges_loses_nothing() {
    let endpoint = MockEndpoint::always(status(200).delayed(Duration::from_millis(1)));
    let ended = block_on_quietly(task(), delivered(&endpoint.url(), &[], r#"{"do": "pour", "times": 500}"#));
    assert_eq!(ended.trouble, [""; 0]);
    let requests = endpoint.all_requests();
    let rows: Vec<_> = requests[1..501].iter().map(|request| request.json()["output_value"].as_u64()).collect();
    assert_eq!(rows, (0..500).map(Some).collect::<Vec<_>>());
}

#[test]
fn a_variable_that_cannot_be_used_is_named_and_the_task_runs() {
    let endpoint = MockEndpoint::script([]);
    let delivery = [("ORCHESTRA_DELIVERY_TIMEOUT", "secret")];
    let ended = block_on_quietly(task(), delivered(&endpoint.url(), &delivery, "{}"));
    assert_eq!(ended.end, End::Returned);
    let [trouble] = &ended.trouble[..] else { panic!("{:?}", ended.trouble) };
    assert!(trouble.starts_with("nothing is reported: ORCHESTRA_DELIVERY_TIMEOUT: "), "{trouble}");
    assert!(!trouble.contains("secret"), "{trouble}");
}

#[test]
fn an_open_log_of_a_task_arrives_in_parts() {
    let endpoint = MockEndpoint::always(status(200));
    let text = "0123456789abcdef".repeat(256);
    let input = serde_json::json!({"do": "write-log", "text": text, "times": 160}).to_string();
    let ended = block_on_quietly(task(), delivered(&endpoint.url(), &[], &input));
    assert_eq!((ended.end, ended.trouble), (End::Returned, vec![]));
    let requests = endpoint.all_requests();
    let names: Vec<_> =
        requests.iter().filter_map(|request| Some(request.json()["log_name"].as_str()?.to_string())).collect();
    assert_eq!(names, ["run.log", "run.log.2", "run.log.3"]);
}

/// A refusal is final, told once, and does not hide what arrived.
#[test]
fn only_what_did_not_arrive_is_told() {
    let answers: Vec<Answer> = vec![status(200), status(200), status(400).body("no"), status(200), status(200)];
    let endpoint = MockEndpoint::script(answers);
    let ended = block_on_quietly(task(), delivered(&endpoint.url(), &[], r#"{"do": "report"}"#));
    let [DeliveryError { report, cause, .. }] = &ended.shortfall.reports[..] else { panic!("{:?}", ended.shortfall) };
    assert_eq!((report, cause), (&Report::Output("rows".into()), &Cause::Refused(400)));
    assert_eq!(ended.trouble, ["not reported: output rows: the endpoint answered 400: no"]);
    assert!(ended.is_acknowledged);
    assert_eq!(lines(&endpoint.requests::<5>()).len(), 5);
}
