use host_test::endpoint::MockEndpoint;
use host_test::guest::{Guest, JobsError, LogError, OutputError, QUICK};

use crate::acknowledged;

#[test]
fn a_run_over_the_jobs_protocol() {
    let endpoint = MockEndpoint::script(acknowledged(3));
    let reporter = Guest::new().jobs("my_api_key", "my client", &endpoint.url()).unwrap();
    reporter.set_retry_policy(QUICK).unwrap();
    let process = reporter.open("correlation_id", Some("run_example_process")).unwrap();

    process.start(None, None).unwrap();
    process.complete_stage("Load", Some("ok"), Some(r#"{"rows": 2}"#)).unwrap();
    process.fail(Some("no"), Some(r#"{"a": 1}"#)).unwrap();

    let [start, stage, fail] = endpoint.requests();
    assert_eq!(start.path, "/jobs/sdk/sdk_receive");
    assert_eq!(start.query.as_deref(), Some("clientid=my+client"));
    assert_eq!(start.header("authorization"), Some("Basic my_api_key"));
    assert_eq!(start.json()["message"], "Orc process with correlation id correlation_id started");
    assert_eq!(start.json()["stage"], "run_example_process");
    assert!(start.json().get("function").is_none());
    assert_eq!((&stage.json()["status"], &stage.json()["stage"]), (&"Stage passed".into(), &"Load".into()));
    assert_eq!(stage.json()["custom_data"]["rows"], 2);
    assert_eq!(fail.json()["status"], "Failed");
    assert_eq!(fail.json()["message"], "no");
    assert_eq!(fail.json()["function"], "run_example_process");
    assert_eq!(fail.json()["custom_data"]["a"], 1);
    assert_eq!(fail.json()["logid"].as_str(), fail.header("idempotency-key"));
}

#[test]
fn it_has_neither_outputs_nor_logs() {
    let endpoint = MockEndpoint::script([]);
    let process = Guest::new().jobs("key", "client", &endpoint.url()).unwrap().open("id", None).unwrap();
    assert!(matches!(process.set_output("a", "1"), Err(OutputError::Unsupported(_))));
    assert!(matches!(process.send_log("a", "1"), Err(LogError::Unsupported(_))));
}

#[test]
fn an_empty_client_id_is_refused() {
    assert!(matches!(Guest::new().jobs("key", "", "https://a"), Err(JobsError::ClientId(_))));
}
