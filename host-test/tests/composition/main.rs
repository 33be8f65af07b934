//! Tasks and commands composed with the components that report for them, in wasmtime, against a mock endpoint.

mod command;
mod compose;
mod down;
mod exit;
mod key;
mod service;
mod trigger;
mod wrapper;

use host_test::endpoint::Request;

/// What a report says, in one line: `RUNNING task started.`, `rows = 12`, `run.log: a line`.
fn line(request: &Request) -> String {
    let body = request.json();
    let text = |field: &str| body[field].as_str().unwrap_or_default().to_string();
    match text("event_type").as_str() {
        "SET_OUTPUT" => format!("{} = {}", text("output_name"), body["output_value"]),
        "LOG" => format!("{}: {}", text("log_name"), text("data")),
        _ => format!("{} {}", text("status"), text("message")),
    }
}

/// The lines of all reports, in the order of arrival.
fn lines(requests: &[Request]) -> Vec<String> {
    requests.iter().map(line).collect()
}
