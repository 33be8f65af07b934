use host_test::endpoint::MockEndpoint;
use host_test::guest::{ReportError, Reporter, State};

use crate::acknowledged;

#[test]
fn a_stage_does_not_end_the_run() {
    let endpoint = MockEndpoint::script(acknowledged(3));
    let process = Reporter::to(&endpoint).run();

    process.complete_stage("Extract", None, None).unwrap();
    process.fail_stage("Load", Some("no space"), None).unwrap();
    assert!(matches!(process.state(), State::Running));
    process.warn(None, None).unwrap();

    let [extract, load, _] = endpoint.requests();
    assert_eq!(extract.json()["status"], "RUNNING");
    assert_eq!(extract.json()["message"], "Extract passed.");
    assert_eq!(load.json()["message"], "Load failed. no space");
}

#[test]
fn a_stage_has_data() {
    let endpoint = MockEndpoint::script(acknowledged(3));
    let process = Reporter::to(&endpoint).run();

    process.complete_stage("Extract", None, Some(r#"{"rows": 2}"#)).unwrap();
    process.fail_stage("Load", None, Some(r#"{"rows": 1}"#)).unwrap();
    process.warn(None, None).unwrap();

    let [extract, load, _] = endpoint.requests();
    assert_eq!(extract.json()["metadata"]["rows"], 2);
    assert_eq!(load.json()["metadata"]["rows"], 1);
}

#[test]
fn a_stages_data_is_an_object() {
    let endpoint = MockEndpoint::script([]);
    let process = Reporter::to(&endpoint).run();
    for result in [process.complete_stage("Load", None, Some("1")), process.fail_stage("Load", None, Some("[]"))] {
        assert!(matches!(result, Err(ReportError::InvalidArgument(_))));
    }
    assert!(matches!(process.state(), State::Open));
}
