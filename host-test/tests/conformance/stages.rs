use host_test::endpoint::MockEndpoint;
use host_test::guest::{Reporter, State};

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
