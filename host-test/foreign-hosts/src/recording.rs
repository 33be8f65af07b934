//! What arrived, in a form that two runs can be compared by.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use host_test::endpoint::{MockEndpoint, Request};
use serde_json::{Value, json};
use uuid::Uuid;

/// The headers that are the host's own business.
const HOST_HEADERS: [&str; 3] = ["host", "connection", "accept"];

/// More reports than any example makes.
const REPORTS: usize = 100;

/// Waits for the report of an ending, which is a run's last, and returns all requests.
///
/// # Panics
///
/// If there are no more reports, and none was an ending.
pub fn wait_for_ending(endpoint: &MockEndpoint) -> Vec<Request> {
    let mut requests = Vec::new();
    while !requests.iter().any(is_ending) {
        assert!(requests.len() < REPORTS, "there are {REPORTS} reports, and none of them is an ending");
        requests = endpoint.wait_for_requests(requests.len() + 1);
    }
    requests
}

fn is_ending(request: &Request) -> bool {
    let ended = |body: Value| {
        body["event_type"] == "UPDATE_STATUS" && body["status"].as_str().is_some_and(|status| status != "RUNNING")
    };
    serde_json::from_slice(&request.body).is_ok_and(ended)
}

/// The requests, with each idempotency key masked.
///
/// # Errors
///
/// If a request is incomplete, or its idempotency key is not a UUID or not its own.
pub fn record(requests: &[Request]) -> Result<Value, String> {
    let mut keys = HashSet::new();
    let mut recorded = Vec::new();
    for request in requests {
        let key = request.header("idempotency-key").ok_or("a request has no idempotency key")?;
        let key =
            Uuid::parse_str(key).map_err(|error| format!("the idempotency key {key:?} is not a UUID: {error}"))?;
        if !keys.insert(key) {
            return Err(format!("two reports have the idempotency key {key}"));
        }
        if !request.body_complete {
            return Err("a request broke off".to_owned());
        }
        let mut headers: Vec<_> =
            request.headers.iter().filter(|(name, _)| !HOST_HEADERS.contains(&name.as_str())).collect();
        headers.sort();
        let headers: Vec<_> = headers
            .into_iter()
            .map(|(name, value)| format!("{name}: {}", if name == "idempotency-key" { "UUID" } else { value }))
            .collect();
        recorded.push(json!({
            "request": format!("{} {}", request.method, request.path),
            "headers": headers,
            "body": request.text(),
        }));
    }
    Ok(recorded.into())
}

/// Compares a recording with `expected/NAME.json`; with `BLESS=1` in the environment, writes that file.
///
/// # Errors
///
/// If they differ, with both.
pub fn compare(name: &str, recording: &Value) -> Result<(), String> {
    let path = crate::root().join(format!("host-test/foreign-hosts/expected/{name}.json"));
    if std::env::var_os("BLESS").is_some() {
        return write(&path, recording).map_err(|error| format!("{}: {error}", path.display()));
    }
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let expected: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    if *recording == expected {
        Ok(())
    } else {
        Err(format!("expected {expected:#}\nbut these arrived: {recording:#}"))
    }
}

fn write(path: &Path, recording: &Value) -> std::io::Result<()> {
    fs::write(path, format!("{recording:#}\n"))
}
