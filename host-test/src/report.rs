//! What a report says, for people.

use crate::endpoint::Request;

/// In one line: `RUNNING task started.`, `rows = 12`, `run.log: a line`.
///
/// # Panics
///
/// If it is not a request to the webhook.
#[track_caller]
pub fn line(request: &Request) -> String {
    let body = request.json();
    let text = |field: &str| body[field].as_str().unwrap_or_default().to_string();
    match text("event_type").as_str() {
        "SET_OUTPUT" => format!("{} = {}", text("output_name"), body["output_value"]),
        "LOG" => format!("{}: {}", text("log_name"), text("data")),
        _ => format!("{} {}", text("status"), text("message")),
    }
}

/// The lines of all reports, in the order of arrival.
///
/// # Panics
///
/// As [`line`](line()).
#[track_caller]
pub fn lines(requests: &[Request]) -> Vec<String> {
    requests.iter().map(line).collect()
}
