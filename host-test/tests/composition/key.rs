//! No program gets at the API key.

use std::fs;

use host_test::composed::Program;
use host_test::endpoint::{MockEndpoint, status};
use host_test::guest::{API_KEY, RUN_ID};

use crate::line;

const TOKEN: &str = "trigger-token-55c1";

/// A folder with one file, to see that the search does look. It is the test's own, below the target folder.
fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(folder.join("inner")).unwrap();
    fs::write(folder.join("inner/file.txt"), "seen-in-a-file").unwrap();
    folder
}

fn assert_shows_all_but_secrets(found: &str) {
    for seen in ["seen-in-a-variable", "seen-in-a-file", "seen-on-input"] {
        assert!(found.contains(seen), "the search finds what is there: {found}");
    }
    for secret in [API_KEY, TOKEN, "ORCHESTRA_", "orchestra_"] {
        assert!(!found.contains(secret), "{found}");
    }
}

#[test]
fn a_task_does_not_find_the_key() {
    let endpoint = MockEndpoint::script(vec![status(200); 3]);
    Program::task()
        .invoke(&[r#"{"do": "search"}"#])
        .reporting_to(&endpoint)
        .variable("ORCHESTRA_TRIGGER_TOKEN", TOKEN)
        .variable("orchestra_api_key", API_KEY)
        .variable("SEEN", "seen-in-a-variable")
        .input("seen-on-input")
        .folder(folder("task"))
        .run();
    let found = &endpoint.requests::<3>()[1].json()["output_value"];
    assert_shows_all_but_secrets(&found["std"].to_string());
    assert_eq!(found["connections"], "[]");
    assert!(found["reporter"].as_str().unwrap().contains("ORCHESTRA_API_KEY"), "{found}");
}

#[test]
fn a_command_does_not_find_the_key() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let ran = Program::command()
        .invoke(&["search"])
        .reporting_to(&endpoint)
        .variable("ORCHESTRA_TRIGGER_TOKEN", TOKEN)
        .variable("SEEN", "seen-in-a-variable")
        .input("seen-on-input")
        .folder(folder("command"))
        .run();
    assert_shows_all_but_secrets(&ran.stdout);
}

/// Started by a trigger with a token, to its end.
fn serve_once(endpoint: &MockEndpoint, input: &str) {
    let url = endpoint.url();
    let service = Program::task().serve_with(&[
        ("ORCHESTRA_API_KEY", API_KEY),
        ("ORCHESTRA_WEBHOOK_URL", &url),
        ("ORCHESTRA_TRIGGER_TOKEN", TOKEN),
        ("SEEN", "seen-in-a-variable"),
    ]);
    let authorization = format!("Bearer {TOKEN}");
    let headers = [("orchestra_task_run_id", RUN_ID), ("authorization", &authorization)];
    assert_eq!(service.post(&headers, input).status, 202);
    service.end_inputs("seen-on-input");
    service.wait_for_ends(1);
}

#[test]
fn a_task_that_a_trigger_starts_does_not_find_the_key() {
    let endpoint = MockEndpoint::script(vec![status(200); 3]);
    serve_once(&endpoint, r#"{"do": "search"}"#);
    let requests = endpoint.requests::<3>();
    assert!(line(&requests[1]).contains("seen-in-a-variable"));
    for secret in [API_KEY, TOKEN] {
        assert!(requests.iter().all(|request| !request.text().contains(secret)));
    }
}

/// For three reports, and a request of the task's own, which sees all of the answer.
fn endpoint_for_four() -> MockEndpoint {
    MockEndpoint::script(vec![status(200).header("seen", "seen-in-a-header").body("seen-in-a-body"); 4])
}

/// With a request to where the reports go, and a connection to somebody else.
fn search_of_the_network(endpoint: &MockEndpoint, other: &MockEndpoint) -> String {
    format!(r#"{{"do": "search", "url": "{}/search", "address": "{}"}}"#, endpoint.url(), other.address())
}

fn assert_network_shows_no_secret(endpoint: &MockEndpoint, other: &MockEndpoint) {
    let (own, reports): (Vec<_>, Vec<_>) =
        endpoint.requests::<4>().into_iter().partition(|request| request.path == "/search");
    let [own] = own.try_into().expect("the task makes one request");
    assert_eq!(own.header("authorization"), None);
    let found = &reports[1].json()["output_value"];
    for seen in ["seen-in-a-header", "seen-in-a-body"] {
        assert!(line(&reports[1]).contains(seen), "the search finds what is there: {found}");
    }
    for secret in [API_KEY, TOKEN] {
        assert!(!format!("{own:?} {} {found}", own.text()).contains(secret), "{own:?} {found}");
    }
    // A host that is not told otherwise gives no sockets.
    assert!(found["connection"].as_str().unwrap().starts_with("no connection"), "{found}");
    assert_eq!(other.connections(), 0);
}

#[test]
fn a_task_does_not_find_the_key_on_the_network() {
    let (endpoint, other) = (endpoint_for_four(), MockEndpoint::script([]));
    Program::task()
        .invoke(&[&search_of_the_network(&endpoint, &other)])
        .reporting_to(&endpoint)
        .variable("ORCHESTRA_TRIGGER_TOKEN", TOKEN)
        .run();
    assert_network_shows_no_secret(&endpoint, &other);
}

#[test]
fn a_task_that_a_trigger_starts_does_not_find_the_key_on_the_network() {
    let (endpoint, other) = (endpoint_for_four(), MockEndpoint::script([]));
    serve_once(&endpoint, &search_of_the_network(&endpoint, &other));
    assert_network_shows_no_secret(&endpoint, &other);
}
